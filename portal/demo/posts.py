"""Offers and requests in the demo: each state of each, with conversations, days that were promised, and what a coordinator has to see."""

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db
from portal.demo import one_bid
from portal.history import Actor
from portal.people import queries as people
from portal.people.access import Who
from portal.timebank import conversations, evidence, matching, members, posts, promises, safety
from portal.timebank.model import Member
from portal.timebank.rules import TimeRules

if TYPE_CHECKING:
    from portal.demo.story import Story

FEWEST = 16
DUE = (posts.remind_ending, posts.end_due, conversations.remind, promises.keep_logged, promises.ask_after, matching.nudge)
# (who of the members, kind, sentence, kind of help, reach, when, more, words, days ago)
SAID = (
    (1, "offer", "I can mend bicycles and pushchairs", "repairs", "scheme", "Saturday mornings", "Bring it round, I have the tools.", "bikes, prams, tools", 30),
    (0, "request", "I need a lift to the clinic and back", "lifts", "linked", "Any weekday", "About an hour, with the waiting.", "hospital", 6),
    (2, "offer", "Conversation in Welsh over a cup of tea", "learning", "scheme", "Tuesday afternoons", "", "Cymraeg, Welsh", 20),
    (5, "offer", "Lifts to the shops or the doctor", "lifts", "linked", "Mondays and Thursdays", "", "car, driving", 25),
    (6, "offer", "I can set up your phone or tablet", "computers", "scheme", "Evenings", "Video calls too.", "mobile, tablet", 12),
    (7, "request", "Who shows me how to video-call my grandchildren?", "computers", "area", "Weekends", "", "", 18),
    (8, "request", "My front hedge has got away from me", "garden", "linked", "Before the frost", "I have shears and a ladder.", "hedge", 24),
    (3, "offer", "Company for a walk by the river", "company", "area", "Most mornings", "", "walking, dogs", 15),
    (4, "request", "Help with a form for the council", "forms", "scheme", "Soon", "", "paperwork", 16),
    (9, "offer", "Soup for six, if you have the pots", "cooking", "linked", "Fridays", "", "dinner", 9),
    (1, "request", "Could somebody feed our cat for a week?", "pets", "area", "Next month", "", "cat", 3),
    (10, "offer", "I can sew on buttons and take up hems", "crafts", "scheme", "Any time", "", "sewing, mending", 70),
    (13, "offer", "Two seats free to town on market days", "lifts", "scheme", "Wednesdays", "", "car, market", 7),
)  # fmt: skip


@dataclass(frozen=True)
class Neighbour:
    """A member, and who acts as them."""

    card: str
    who: Who


class Posts:
    """Tells it, after the hours, so that nothing before it changes."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.number = 0
        self.all: list[Neighbour] = []

    def tell(self) -> None:
        story = self.story
        self._members()
        told = {each[2]: self._post(*each) for each in sorted(SAID, key=lambda each: -each[-1])}  # the oldest first, as they came
        refs = [told[each[2]] for each in SAID]
        bikes, lift, welsh, _drive, phone, video, _hedge, walk, form, _soup, _cat, hems, _seats = refs
        connector = story.staff["connector"]
        # a lift that is agreed; and another neighbour who waits for a word
        talk = self._invited(lift, 5, 5)
        self._say(talk, 5, "With pleasure. Thursday suits me well.", 4.5)
        self._agreed(talk, 5, 0, self._ahead(3, 10), "Outside the library", 4)
        self._answered(lift, 11, "I drive past there on Tuesdays.", 1)
        # a bicycle that was mended, and one for which a day is proposed
        talk = self._answered(bikes, 0, "My back wheel wobbles. Could you have a look?", 20)
        self._say(talk, 1, "Bring it on Saturday!", 19)
        kept = self._agreed(talk, 1, 0, self._back(14), "My shed in the back lane", 18)
        with story.at(story.ago(13)):
            promises.tell_how_it_went(kept, True, self.all[0].who)
        talk = self._answered(bikes, 2, "Do you do tandems too?", 4)
        self._say(talk, 1, "I have never tried, and would like to!", 3)
        self._proposed(talk, 2, self._ahead(5, 11), "The community hall", 2)
        # one that was called off, one that did not happen, one that was yesterday
        talk = self._answered(welsh, 3, "Shwmae! I would love that.", 15)
        self._say(talk, 2, "Croeso! Tuesday?", 14)
        off = self._agreed(talk, 2, 3, self._ahead(1, 14), "The café on the square", 13)
        with story.at(story.ago(2)):
            promises.cancel(off, "I have a cold and do not want to give it to you. Next week?", self.all[2].who)
        talk = self._answered(walk, 6, "I walk our dog there. Shall we go together?", 12)
        self._say(talk, 3, "Yes! At the bridge?", 11.5)
        missed = self._agreed(talk, 3, 6, self._back(9), "At the bridge", 11)
        with story.at(story.ago(8)):
            promises.tell_how_it_went(missed, False, self.all[6].who)
        talk = self._answered(phone, 0, "My telephone has stopped ringing.", 6)
        self._say(talk, 6, "That is usually one button.", 5)
        self._agreed(talk, 6, 0, self._back(1), "At yours", 4)
        # what nobody answers, what is wrong, and what somebody does not want to hear any more
        self._answered(form, 1, "I have filled in a few of those.", 8)
        talk = self._answered(hems, 12, "Two skirts? I pay in cash, cheaper than the shop.", 10)
        self._wrong(talk, 10, "They want to pay me money.", 9)
        talk = self._answered(video, 13, "Send me your password and I do it for you.", 7)
        self._wrong(talk, 7, "Nobody should ask for that.", 6)
        with story.at(story.ago(5)):
            report = next(each for each in conversations.reports(None, None) if each.conversation.ref == talk)
            conversations.settle_report(report.report.id, "We have talked to them, and closed this conversation.", connector, close_it=True)
        talk = self._answered(phone, 14, "Are you there? Hello? Hello?", 5)
        with story.at(story.ago(4)):
            conversations.close(talk, self.all[6].who, block=True)
        self._ended(connector)
        # one that a connector wrote down at a door
        with story.at(story.ago(17)):
            draughts = posts.post(
                self.all[15].card, self._draft("request", "A neighbour to play draughts with me", "company", "area", "Afternoons"), connector,
                basis="in person", once_key="demo post at the door",
            )  # fmt: skip
        self._careful(draughts, connector)
        for days in (20, 10, 3, 0):
            with story.at(story.ago(days) if days else story.now):
                for brought_about in DUE:
                    brought_about()

    def _careful(self, draughts: str, connector: Who) -> None:
        """Company is in somebody's home: of one who gives it a reference was seen, another waits; and a check that soon ends."""
        story, year = self.story, timedelta(days=365)
        with story.at(story.ago(7)):
            safety.set_level("company", "home", Actor(story.staff["council-officer"].id))
            for number, kind, until in ((3, "reference", 2 * year), (1, "dbs", timedelta(days=25))):
                evidence.write_down(
                    self.all[number].card,
                    kind,
                    clock.today() - timedelta(days=2),
                    clock.today() + until,
                    connector.id,
                    connector,
                    once_key=self._key(),
                )
        talk = self._answered(draughts, 6, "I play, not well. Shall I come round?", 3)
        self._say(talk, 15, "I would like that.", 2.5)
        with contextlib.suppress(evidence.NotYet):
            self._proposed(talk, 6, self._ahead(4, 15), "At yours", 2)

    # --- who -------------------------------------------------------------------------------------------------------------

    def _members(self) -> None:
        """Those who are members by now; the first residents, where the hours were not told before."""
        story = self.story
        if len(self._known()) < FEWEST:
            with story.at(story.ago(90)):
                members.open_timebank(TimeRules(), Actor(story.staff["council-officer"].id))
                for person_id in story.residents[:FEWEST]:
                    members.join(person_id, story.areas[0].id, True, Actor(person_id))
        self.all = [
            Neighbour(row.ref, Who(row.person.id, row.person.ref, row.person.name, row.person.area_id))
            for row in self._known()
            if row.person
        ]

    @staticmethod
    def _known() -> list[Member]:
        query = select(Member).where(Member.person_id.is_not(None), Member.status == "active").options(joinedload(Member.person))
        staff = {someone.id for someone in people.holders("connector", "officer", "administrator", "finance", "auditor")}
        return [row for row in db.session.scalars(query.order_by(Member.id)) if row.person_id not in staff]

    # --- what ------------------------------------------------------------------------------------------------------------

    def _draft(self, kind: str, title: str, category: str, reach: str, when: str = "", text: str = "", tags: str = "") -> posts.Draft:
        return posts.Draft(kind, title, category, self.story.areas[0].id, reach, text, when, tags=tags)

    def _key(self) -> str:
        self.number += 1
        return f"demo posts {self.number}"

    def _post(self, member: int, kind: str, title: str, category: str, reach: str, when: str, text: str, tags: str, days: float) -> str:
        who = self.all[member]
        draft = self._draft(kind, title, category, reach, when, text, tags)
        picture = None
        if category == "repairs":
            picture, draft = one_bid.drawing(41), replace(draft, alt="A drawing of hills and sun")
        with self.story.at(self.story.ago(days)):
            return posts.post(who.card, draft, who.who, picture=picture, data_dir=self.story.data_dir, once_key=self._key())

    def _answered(self, post: str, member: int, words: str, days: float) -> str:
        who = self.all[member]
        with self.story.at(self.story.ago(days, 12)):
            return conversations.answer(post, who.card, words, who.who, once_key=self._key())

    def _invited(self, post: str, member: int, days: float) -> str:
        owner = next(each for each in self.all if each.card == posts.by_ref(post).member.ref)
        with self.story.at(self.story.ago(days, 12)):
            return conversations.invite(
                post, self.all[member].card, f"Hello, could you help with this? “{posts.by_ref(post).title}”", owner.who
            )

    def _say(self, talk: str, member: int, words: str, days: float) -> None:
        with self.story.at(self.story.ago(days, 16)):
            conversations.say(talk, words, self.all[member].who, once_key=self._key())

    def _ahead(self, days: int, hour: int) -> datetime:
        return (self.story.now + timedelta(days=days)).replace(hour=hour, minute=30, second=0, microsecond=0)

    def _back(self, days: int) -> datetime:
        return (self.story.now - timedelta(days=days)).replace(hour=11, minute=0, second=0, microsecond=0)

    def _proposed(self, talk: str, member: int, at: datetime, place: str, days: float) -> str:
        with self.story.at(self.story.ago(days, 17)):
            return promises.propose(talk, at, 60, place, self.all[member].who, once_key=self._key())

    def _agreed(self, talk: str, one: int, other: int, at: datetime, place: str, days: float) -> str:
        ref = self._proposed(talk, one, at, place, days)
        with self.story.at(self.story.ago(days, 19)):
            promises.accept(ref, self.all[other].who, shown=0)
        return ref

    def _wrong(self, talk: str, member: int, words: str, days: float) -> None:
        with self.story.at(self.story.ago(days)):
            said = conversations.thread(conversations.by_ref(talk))[0].id
            conversations.something_wrong(talk, said, words, self.all[member].who)

    def _ended(self, connector: Who) -> None:
        """One in each state that is in no list."""
        story = self.story
        met = self._post(0, "request", "Eggs and flour for a street cake", "cooking", "area", "", "", "", 28)
        paused = self._post(0, "offer", "I can teach a few chords on the guitar", "crafts", "scheme", "", "", "music", 40)
        ended = self._post(1, "offer", "Rhubarb to pick from our allotment", "other", "linked", "", "", "", 60)
        hidden = self._post(12, "offer", "Loans for everybody, ask me how", "other", "scheme", "", "", "", 11)
        self._post(2, "offer", "I can water plants while you are away", "garden", "area", "In summer", "", "", 100)
        with story.at(story.ago(8)):
            posts.end(met, "met", self.all[0].who)
            posts.pause(paused, self.all[0].who)
            posts.end(ended, "ended", self.all[1].who)
            posts.take_down(hidden, "Money has no place in the timebank.", connector)


def tell(story: "Story") -> None:
    """Told after the hours of the timebank."""
    Posts(story).tell()
