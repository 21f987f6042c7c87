"""Area ballots in the demo: one whose result is out, with papers among its ballots, and one that is under way for everybody."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.db import db
from portal.demo import one_bid
from portal.grants import award, decide, match, queries, rounds
from portal.grants.rules import RoundRules
from portal.history import Actor
from portal.money import Pence
from portal.panels import ballots, polling, sittings
from portal.panels.model import Sitting
from portal.people.access import Who
from portal.people.model import Person

if TYPE_CHECKING:
    from portal.demo.story import Story

WARDS = 5  # of the ballot that is over


class AreaBallots:
    """Told after the rest of the story, so that nothing before it changes."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.officer, self.second = story.staff["council-officer"], story.staff["second-officer"]

    def tell(self) -> None:
        self._told()
        self._under_way()

    def _told(self) -> None:
        """Five wards share £700 in equal shares; six papers among the ballots, one of them entered wrongly at first, one blank."""
        areas = self.story.areas[:WARDS]
        rules = RoundRules(
            voters="area", areas=tuple(area.code for area in areas), least_ballots=20, decision="equal_shares", pot=Pence(700_00)
        )  # fmt: skip
        round_ref, refs = self._round("Neighbours choose, in five wards", 110, 88, 60, 70, rules, 130, 6)
        one = self._opened(round_ref, 86)
        people = self._residents([area.id for area in areas])
        self._vote(one, people[:-6], 84, 71)
        self._papers(one, people[-6:], 80, 70)
        with self.story.at(self.story.ago(69)):
            sittings.count(self.officer, self.story.panel_ref, one.ref)
        with self.story.at(self.story.ago(62)):
            for ref in refs:
                came = ballots.turnout(one).voted
                bid = queries.bid(ref)
                reason = (
                    f"{came} neighbours voted, and it was paid."
                    if bid.funded
                    else f"{came} neighbours voted. The money went to ideas before it."
                )
                decide.write_letter(ref, reason, [], None, Actor(self.officer.id))
            decide.release(decide.prepare_release(round_ref, [], Actor(self.officer.id)), Actor(self.second.id))
            match.expire()
        with self.story.at(self.story.ago(60)):
            for ref in refs:
                bid = queries.bid(ref)
                if bid.status == "offered":
                    found = queries.award_of(bid.id)
                    assert found is not None
                    award.accept(found.ref, Actor(bid.person_id))

    def _under_way(self) -> None:
        """Everybody may vote for nine days more. None of those whom the demo lets one be has done so."""
        rules = RoundRules(voters="area", areas=("estuary",), decision="most_votes", least_ballots=30, pot=Pence(800_00))
        round_ref, _refs = self._round("Neighbours choose this winter", 45, 14, -20, -9, rules, 140, 9)
        one = self._opened(round_ref, 12)
        people = self._residents([area.id for area in self.story.areas])[:40]
        self._vote(one, people[:34], 11, 1)
        self._papers(one, people[34:], 6, 2)

    def _round(
        self, name: str, opens: float, closes: float, decide_by: float, vote_until: float, rules: RoundRules, number: int, ideas: int
    ) -> tuple[str, Sequence[str]]:
        """A round that has closed, with its ideas before the panel. Days are counted back from now."""
        story = self.story
        ref = story.round(name, story.fund, opens, closes, decide_by, rules, vote_until=vote_until)
        with story.at(story.ago(opens)):
            rounds.open_round(ref, Actor(self.officer.id))
        where = [area for area in story.areas if area.code in rules.areas] or story.areas
        refs = [one_bid.bid(story, ref, number + place, opens - 10 - place, "sent", where=where) for place in range(ideas)]
        with story.at(story.ago(closes - 1)):
            rounds.move_rounds()
            match.expire()
            decide.put_round_to_panel(ref, Actor(self.officer.id))
        return ref, refs

    def _opened(self, round_ref: str, days: float) -> Sitting:
        one = sittings.by_about(f"round:{queries.round_by_ref(round_ref).id}")
        assert one is not None
        with self.story.at(self.story.ago(days)):
            polling.open_ballot(self.officer, self.story.panel_ref, one.ref)
        return one

    def _residents(self, area_ids: Sequence[int]) -> Sequence[Who]:
        """Residents of these areas whom the demo does not let one be."""
        mine = select(Person).where(Person.id.in_(self.story.residents[3:]), Person.area_id.in_(area_ids)).order_by(Person.id)
        return [Who(each.id, each.ref, each.name, each.area_id) for each in db.session.scalars(mine)]

    def _ticks(self, one: Sitting) -> list[str]:
        """Some like what is for the old, some what is for the young, and most a little of both."""
        refs = [each.ref for each in sittings.open_matters(one)]
        half = len(refs) // 2
        liked = self.story.random.choices((refs[:half], refs[half:], refs), (5, 3, 2))[0]
        return self.story.random.sample(liked, self.story.random.randint(1, min(3, len(liked))))

    def _vote(self, one: Sitting, people: Sequence[Who], first: float, last: float) -> None:
        for number, who in enumerate(people):
            with self.story.at(self.story.ago(first - (first - last) * number / len(people))):
                ballots.cast(who, one.ref, self._ticks(one))

    def _papers(self, one: Sitting, people: Sequence[Who], taken: float, back: float) -> None:
        """One more is printed than is taken; of those taken one is blank, and one has not come back."""
        panel = self.story.panel_ref
        with self.story.at(self.story.ago(taken)):
            batch = polling.print_papers(self.officer, panel, one.ref, len(people) + 1)
            serials = [paper.serial for paper in polling.batch(one, batch)]
            for who in people:
                polling.take(self.officer, panel, one.ref, who.ref)
        with self.story.at(self.story.ago(back)):
            polling.enter(self.officer, panel, one.ref, serials[0], self._ticks(one))
            polling.strike(self.officer, panel, one.ref, serials[0], "The wrong box")
            for serial in serials[: len(people) - 2]:
                polling.enter(self.second, panel, one.ref, serial, self._ticks(one))
            polling.spoil(self.officer, panel, one.ref, serials[len(people) - 2], "Blank")
