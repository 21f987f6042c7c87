"""Minutes of a panel: what a draft holds and hides, what everybody reads, and that page and PDF say the same."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.exports import minutes, minutes_words
from portal.exports.minutes import Minutes
from portal.grants import appeals, apply, award, decide
from portal.grants.model import Application
from portal.grants.rules import RoundRules
from portal.money import Pence
from portal.panels import actions, conduct, marking, polling, queries, seats, sittings
from portal.panels.views.matters import titles_of
from portal.people.access import Nobody
from portal.people.model import Person
from portal.web.documents import Heading, Points, Text
from portal.web.limits import limiter
from tests.client import NS, Inspector
from tests.conftest import Store, make_app
from tests.grants.season import Season, begin, person
from tests.panels.test_ballots import Poll
from tests.panels.test_sittings import SEATS, Table
from tests.tagged import Tagged

VOTES = {"Ada": "yyyn", "Ben": "yyyn", "Cleo": "yynn", "Dan": "ynyn"}


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    """A dated round of £600, most votes first, with marks."""
    yield begin(600_00, rolling=False, rules=RoundRules(marking=True, decision="most_votes", most=Pence(250_00)))


@pytest.fixture
def table(season: Season) -> Table:
    """Four ideas with their votes: three pass, two are paid."""
    found = Table(season, 250_00, 200_00, 250_00, 100_00)
    found.all(VOTES)
    return found


def reader(app: Flask, season: Season, name: str | None) -> Inspector:
    found = Inspector(app, budget=30)
    return found.sign_in(season.who(name).id) if name else found


def path(table: Table) -> str:
    return f"/panels/{table.panel}/sittings/{table.ref}/minutes"


def page_and_pdf(app: Flask, season: Season, name: str | None, at: str, query: str = "") -> str:
    """What somebody reads, on the page and then in the PDF: all that is on the page must be in the PDF too."""
    somebody = reader(app, season, name)
    shown = somebody.get(at + query).text
    answer = somebody.client.get(at + ".pdf" + query)
    assert answer.status_code == 200 and answer.mimetype == "application/pdf"
    told = Tagged(answer.data)
    main = next(somebody.tree.iter(f"{NS}main"))
    headings = [" ".join("".join(one.itertext()).split()) for one in main.iter() if one.tag in (f"{NS}h1", f"{NS}h2", f"{NS}h3")]
    assert [text for _tag, text in told.headings()] == headings
    assert [len(told.elements(tag)) for tag in ("Table", "TR")] == [len(list(main.iter(f"{NS}{tag}"))) for tag in ("table", "tr")]
    heard = "".join(told.text().split())
    beside = {id(inner) for one in main.iter() if "no-print" in one.get("class", "") for inner in one.iter()}
    for one in main.iter():
        if (
            one.tag.removeprefix(NS) in ("h1", "h2", "h3", "p", "li", "th", "td")
            and id(one) not in beside
            and "muted" not in "".join(each.get("class", "") for each in one)
        ):
            assert "".join("".join(one.itertext()).split()) in heard, f"in the page and not in the PDF: {''.join(one.itertext())}"
    return shown + told.text()


def letters(table: Table, reason: str = "A reason", conditions: tuple[str, ...] = ()) -> None:
    """All letters go out; `reason` is that of the first."""
    season = table.season
    with clock.held_at(table.now):
        for number, ref in enumerate(table.bids):
            decide.write_letter(
                ref,
                "Because of that." if number else reason,
                conditions if season.bid(ref).decided == "yes" else [],
                None,
                season.actor("Olga"),
            )
        decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))


class TestDraft:
    def test_none_before_the_count(self, table: Table, app: Flask) -> None:
        for name in (None, "Rita", "Olga", "Ben"):
            reader(app, table.season, name).get(path(table), status=404)
            reader(app, table.season, name).get(path(table) + ".pdf", status=404)

    def test_seats_and_officers_read_who_sat_what_was_said_and_by_which_steps(self, table: Table, app: Flask) -> None:
        season = table.season
        table.count()
        with clock.held_at(table.now):
            for name in (None, "Rita", "Fay"):
                reader(app, season, name).get(path(table), status=404)
                reader(app, season, name).get(path(table) + ".pdf", status=404)
            ben = reader(app, season, "Ben")
            assert path(table) in list(ben.get(f"/panels/{table.panel}/sittings/{table.ref}").links())
            text = page_and_pdf(app, season, "Ben", path(table))
            steps = ben.get(f"/panels/{table.panel}/sittings/{table.ref}/result").text
        assert text.count("DRAFT") == 1 and text.count("Letters are still to go out") == 2
        for said in (
            "Mossgate panel", table.ref, "by Olga", "Chair", "None was published", "4 of 4", "4 on the phone", "Idea 0", "£250.00",
            "3 yes, 1 no, 0 not yet, 0 abstained, of 4 who could vote", "2.0 of 3, from 4 marks", "Did not pass the panel",
            "Passed the panel, but not paid", "The letter is not written yet.", "Nobody",
        ):  # fmt: skip
            assert text.count(said) >= 2, said
        for name in SEATS:
            assert name in text
        for said in (
            "Most votes first. Of the ideas that passed the panel, the one with the most yes votes was paid first",
            "Left in the pot: £350.00", "was left in the pot when its turn came.", "What another rule would have done",
        ):  # fmt: skip
            assert said in steps and text.count(said) >= 2, f"the same words as on the result's page: {said}"

    def test_a_tied_seat_reads_nothing_of_what_it_is_tied_to(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00, 100_00)
        table.all(dict.fromkeys(SEATS, "yy"))
        with clock.held_at(table.now):
            actions.declare(season.who("Ben"), table.panel, table.matters[1], "friend", "My cousin's shed")
            table.count()
            sittings.propose(season.who("Olga"), table.panel, table.ref, table.matters[1], False, "The shed burnt down")
            hidden = ("Idea 1", table.matters[1], "The pot", "Left over", "£600", "shed burnt", "reserve", "Step by step", "friend")
            text = page_and_pdf(app, season, "Ben", path(table))
            assert (
                text.count("Idea 0") >= 2
                and text.count("Not every idea of this sitting was yours to decide") == 2
                and text.count("1 of 1") >= 8
            )
            for said in hidden:
                assert said not in text, said
            whole = page_and_pdf(app, season, "Cleo", path(table))
            for said in hidden:
                assert (said in whole) == (said != "My cousin's shed"), said
            assert "cousin" not in whole and whole.count("friend") == 2
            with pytest.raises(Refused, match="waits for a second person"):
                letters(table)
            change = sittings.overrides_of(table.sitting())[0]
            sittings.drop(season.who("Olga"), table.panel, table.ref, change.ref)
            letters(table)
            assert page_and_pdf(app, season, "Ben", path(table)).count("Idea 1") >= 2, "what everybody reads, Ben reads too"
            assert "Names of individuals are left out" in reader(app, season, "Ben").get(path(table)).text

    def test_nor_does_an_officer_whose_own_idea_it_is(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00, 100_00, by=("Rita", "Otto"))
        table.all(dict.fromkeys(SEATS, "yy"))
        table.count()
        with clock.held_at(table.now):
            text = page_and_pdf(app, season, "Otto", path(table))
            assert "Idea 0" in text and "Idea 1" not in text and table.matters[1] not in text and "The pot" not in text

    def test_a_substitute_reads_what_it_was_called_to(self, app: Flask) -> None:
        season = begin(600_00, rolling=False, rules=RoundRules(decision="most_votes", quorum=4, most=Pence(250_00)))
        seats.add_seat(
            season.who("Olga"), season.panel_ref, season.ref("Rosa"), kind="substitute", term_start=clock.today() - timedelta(days=5), term_end=None,
            reason="Drawn",
        )  # fmt: skip
        table = Table(season, 100_00, 100_00, by=("Rita",))
        with clock.held_at(table.now):
            actions.declare(season.who("Ben"), table.panel, table.matters[1], "friend")
            for number, names in enumerate((SEATS, ("Ada", "Cleo", "Dan", "Rosa"))):
                for name in names:
                    actions.declare(season.who(name), table.panel, table.matters[number], "none")
                    table.vote(name, number)
            table.count()
            rosa = page_and_pdf(app, season, "Rosa", path(table))
            assert "Idea 1" in rosa and rosa.count("Substitute, called") == 2
            found = minutes.read(season.who("Rosa"), table.panel, table.ref, titles_of)
            assert [each.title for each in found.decided] == ["Idea 1"]
            assert {each.name: (each.kind, each.voted, each.of) for each in found.sat} == {
                "Ada": ("member", 1, 1), "Cleo": ("member", 1, 1), "Dan": ("member", 1, 1), "Rosa": ("substitute", 1, 1),
            }  # fmt: skip

    def test_a_seat_accepts_the_code_of_conduct_first(self, table: Table, app: Flask) -> None:
        season = table.season
        table.count()
        with clock.held_at(table.now):
            conduct.publish(season.who("Olga"), table.panel, "Be kind.", "First", 0)
            ben = reader(app, season, "Ben")
            for ending in ("", ".pdf"):
                ben.get(path(table) + ending, status=303)
                assert ben.location == f"/panels/{table.panel}/conduct"
            assert path(table) not in list(ben.get(f"/panels/{table.panel}/sittings/{table.ref}").links())
            letters(table)
            assert "Names of individuals are left out" in ben.get(path(table)).text, "what everybody reads needs no promise"

    def test_who_decided_none_of_it_reads_it_with_everybody(self, table: Table, season: Season, app: Flask) -> None:
        """A substitute who was not called: the minutes say nothing, and nothing that is not so."""
        olga, later = season.who("Olga"), person("Gus")
        with clock.held_at(table.now):
            seats.add_seat(olga, table.panel, later.ref, kind="substitute", term_start=clock.today(), term_end=None, reason="Drawn")
        table.count()
        with clock.held_at(table.now):
            change = sittings.propose(olga, table.panel, table.ref, table.matters[0], False, "The shed burnt down")
            sittings.second(season.who("Otto"), table.panel, table.ref, change)
            gus = Inspector(app, budget=30).sign_in(later.id)
            result = f"/panels/{table.panel}/sittings/{table.ref}/result"
            for ending in ("", ".json", ".pb"):
                gus.get(result + ending, status=404)
                reader(app, season, "Ben").get(result + ending)
            text = gus.get(path(table)).text
            assert "Nothing that you may read was decided" in text
            for never in ("Nobody had the chair", "None was published", "Nobody’s vote", "Idea 0", "shed burnt", "The pot"):
                assert never not in text, never
            assert "Not all of these ideas were yours to decide" in gus.get(f"/panels/{table.panel}/sittings/{table.ref}").text
            letters(table)
            assert "The shed burnt down" in gus.get(path(table)).text and "For everybody." in gus.text
            gus.get(result)


class TestFinal:
    def test_the_panel_reads_names_reasons_and_conditions(self, table: Table, app: Flask) -> None:
        table.count()
        letters(table, "It brings neighbours together.", ("The owner agrees",))
        with clock.held_at(table.now):
            text = page_and_pdf(app, table.season, "Ada", path(table))
        assert "DRAFT" not in text and text.count("The letters have gone out.") == 2
        for said in ("It brings neighbours together.", "The owner agrees", "Offered £250.00", "On the reserve list, place 1", "Ada"):
            assert text.count(said) >= 2, said

    def test_everybody_reads_it_shielded(self, table: Table, app: Flask) -> None:
        season = table.season
        with transaction():
            db.session.execute(update(Person).where(Person.id == season.who("Rita").id).values(name="Rita Moss"))
            db.session.execute(update(Application).where(Application.ref == table.bids[0]).values(title="A garden by Rita Moss"))
        table.count()
        letters(table, "Rita Moss answers at rita@example.org or 07700 900123.", ("Ask Rita Moss first",))
        with clock.held_at(table.now):
            for name, query in ((None, ""), ("Rob", ""), ("Olga", "?for=everybody"), ("Ada", "?for=everybody")):
                text = page_and_pdf(app, season, name, path(table), query)
                assert text.count("A garden by a neighbour") >= 2 and text.count("[left out]") == 4
                for said in (
                    "Rita",
                    "Moss,",
                    "rita@",
                    "07700",
                    "Before the money is paid",
                    "DRAFT",
                    *(name_ for name_ in SEATS if name_ != name),
                ):
                    assert said not in text.replace("Mossgate", ""), f"{said} to {name}"
                assert (
                    text.count("Members:</strong> 4") == 1
                    and "Members:\n4" in text
                    and text.count("16 on the phone") == 2
                    and "2.0 of 3, from 4 marks" in text
                )
            assert "A garden by Rita Moss" in page_and_pdf(app, season, "Ada", path(table)), "the panel knows it as it was brought"

    def test_what_is_not_in_the_register_has_no_reason_there(self, table: Table, app: Flask) -> None:
        """The page of the result names all ideas of a pot; reasons are public where the register prints them."""
        table.count()
        letters(table, "Because of the swings.")
        with clock.held_at(table.now):
            found = minutes.read(Nobody(), table.panel, table.ref, titles_of)
            said = [block.text for block in minutes_words.document(found).blocks if isinstance(block, Text) and block.lead == "Why:"]
        assert len(found.decided) == 4 and len(said) == 3, "two offers and a no; nothing of the one on the reserve list"

    def test_private_remarks_are_in_neither(self, table: Table, app: Flask) -> None:
        season = table.season
        with clock.held_at(table.now):
            marking.say(season.who("Ben"), table.panel, table.matters[0], "I never liked swings")
        table.count()
        letters(table)
        with clock.held_at(table.now):
            for name, query in (("Olga", ""), ("Ada", ""), ("Olga", "?for=everybody"), (None, "")):
                text = page_and_pdf(app, season, name, path(table), query)
                for said in ("Because.", "They know everybody", "never liked swings"):
                    assert said not in text, f"{said} to {name}"

    def test_what_two_people_changed(self, table: Table, app: Flask) -> None:
        season = table.season
        table.count()
        funded = table.funded()
        with clock.held_at(table.now):
            change = sittings.propose(season.who("Olga"), table.panel, table.ref, table.matters[funded[0]], False, "The hall burnt down")
            assert page_and_pdf(app, season, "Ben", path(table)).count("Waits for a second person.") == 2
            sittings.second(season.who("Otto"), table.panel, table.ref, change)
        letters(table)
        with clock.held_at(table.now):
            for name in ("Ben", None):
                text = page_and_pdf(app, season, name, path(table))
                for said in (
                    "The hall burnt down",
                    "Proposed by Olga.",
                    "Agreed by Otto",
                    "goes to the reserve list",
                    "So the reserve list is",
                ):
                    assert text.count(said) == 2, said
                blocks = minutes_words.document(minutes.read(season.who("Olga"), table.panel, table.ref, titles_of)).blocks
                at = next(number for number, block in enumerate(blocks) if block == Heading("So the reserve list is", 3))
                waiting = blocks[at + 1]
                assert isinstance(waiting, Points) and waiting.numbered and waiting.points[-1][0].startswith(f"Idea {funded[0]}, £2")

    def test_votes_from_paper_and_hall(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00)
        for name in SEATS:
            table.mark(name, 0)
        with clock.held_at(table.now):
            table.vote("Ada", 0)
            for name, source, sheet in (("Ben", "paper", "41"), ("Cleo", "hall", "")):
                actions.enter_vote(season.who("Olga"), table.panel, table.matters[0], season.ref(name), "yes", "", source, sheet)
            table.count()
            text = page_and_pdf(app, season, "Ada", path(table))
            assert text.count("1 on the phone, 1 on paper, 1 in the hall") == 2 and text.count("No vote") == 2 and "0 of 1" in text

    def test_they_say_who_had_the_chair_then_also_when_it_has_gone_on_since(self, table: Table, app: Flask) -> None:
        season = table.season
        table.count()
        before = read(table, "Olga")
        with clock.held_at(table.now):
            olga = season.who("Olga")
            seats.set_chair(olga, table.panel, season.ref("Ada"), False, "Enough")
            seats.set_chair(olga, table.panel, season.ref("Ben"), True, "Ben's turn")
            seats.end_seat(olga, table.panel, season.ref("Cleo"), clock.today() - timedelta(days=1), "Moved")
            seats.add_seat(olga, table.panel, season.ref("Rosa"), term_start=clock.today(), term_end=None, reason="New")
        after = read(table, "Olga")
        assert after.sat == before.sat and [each.name for each in after.sat if each.chair] == ["Ada"]

    def test_what_was_counted_before_seats_were_kept(self, table: Table) -> None:
        """After an upgrade: who voted stands for who could vote."""
        table.count()
        before = read(table, "Olga")
        with transaction():
            for number in range(4):
                matter = table.matter(number)
                assert matter.tally is not None
                matter.tally = {name: value for name, value in matter.tally.items() if name != "seats"}
        after = read(table, "Olga")
        assert [(each.name, each.voted) for each in after.sat] == [(each.name, each.voted) for each in before.sat]

    def test_the_same_minutes_give_the_same_bytes(self, table: Table, app: Flask) -> None:
        table.count()
        letters(table)
        first = reader(app, table.season, None).client.get(path(table) + ".pdf").data
        with clock.held_at(table.now + timedelta(days=90)):
            assert reader(app, table.season, None).client.get(path(table) + ".pdf").data == first
            assert reader(app, table.season, "Rob").client.get(path(table) + ".pdf").data == first

    def test_hostile_titles(self, season: Season, app: Flask) -> None:
        titles = ['<svg onload=1>#eval("1")*b*', "\u202egpj.exe \u05d0\u05d1\u05d2", "🎉🎉", "=1+1\n\n= Heading"]
        table = Table(season, 100_00, 100_00, 100_00, 100_00)
        with transaction():
            for ref, title in zip(table.bids, titles, strict=True):
                db.session.execute(update(Application).where(Application.ref == ref).values(title=title))
        table.all(dict.fromkeys(SEATS, "yyyy"))
        table.count()
        with clock.held_at(table.now):
            ada = reader(app, season, "Ada")
            shown = ada.get(path(table)).text
            assert "<svg onload" not in shown and "&lt;svg onload=1&gt;#eval" in shown and "\u202e" not in shown
            told = Tagged(ada.client.get(path(table) + ".pdf").data)
            assert ("H3", titles[0]) in told.headings() and ("H3", "□") in told.headings() and not told.elements("Figure")

    @pytest.mark.parametrize("number", [2, 8])
    def test_as_many_queries_for_eight_ideas_as_for_two(self, season: Season, app: Flask, number: int) -> None:
        table = Table(season, *[100_00] * number)
        table.all(dict.fromkeys(SEATS, "y" * number))
        table.count()
        with clock.held_at(table.now):
            for name, queries_ in (("Olga", 21), ("Ada", 23)):
                somebody = reader(app, season, name)
                somebody.get(path(table))
                assert somebody.queries == queries_, name


def read(table: Table, name: str) -> Minutes:
    db.session.rollback()
    with clock.held_at(table.now):
        return minutes.read(table.season.who(name), table.panel, table.ref, titles_of)


# --- a month of what is decided one by one -------------------------------------------------------------------------------

JUNE = datetime(2026, 6, 3, 11, tzinfo=UTC)


@pytest.fixture
def rolling(app: Flask) -> Iterator[Season]:
    """A rolling round, in June."""
    with clock.held_at(JUNE):
        yield begin(5000_00)


def tell(season: Season, ref: str, reason: str, conditions: tuple[str, ...] = ()) -> None:
    decide.write_letter(ref, reason, conditions, None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))


def month(season: Season, name: str | None, text: str = "2026-06", *, for_everybody: bool = False) -> Minutes:
    db.session.rollback()
    who = season.who(name) if name else Nobody()
    return minutes.read(who, season.panel_ref, text, titles_of, for_everybody=for_everybody)


def titles(found: Minutes) -> list[str]:
    return [each.title for each in found.decided]


def said_of(found: Minutes, title: str) -> str:
    """All that is said of one idea."""
    one = next(each for each in found.decided if each.title == title)
    said = minutes_words.document(found).blocks
    at = next(number for number, block in enumerate(said) if getattr(block, "anchor", "") == one.matter.ref)
    end = next((number for number in range(at + 1, len(said)) if said[number].kind == "heading"), len(said))
    return " ".join(str(block) for block in said[at:end])


class TestMonth:
    def test_it_leads_to_the_months_beside_it(self, rolling: Season, app: Flask) -> None:
        season, path = rolling, f"/panels/{rolling.panel_ref}/sittings/%s/minutes"
        for days in (0, 70, 100):  # June, August, September
            with clock.held_at(JUNE + timedelta(days=days)):
                ref = season.sent(f"After {days} days")
                season.decided(ref, "yes")
                tell(season, ref, "Good.")

        def beside(name: str | None, at: str) -> list[str]:
            return [link for link in reader(app, season, name).get(path % at).links() if re.search(r"/sittings/\d{4}-\d{2}/minutes$", link)]

        with clock.held_at(JUNE + timedelta(days=200)):
            assert beside("Ada", "2026-08") == [path % "2026-09", path % "2026-06"]
            assert beside("Ada", "2026-06") == [path % "2026-08"] and beside("Olga", "2026-09") == [path % "2026-08"]
            assert beside(None, "2026-08") == []

    def test_the_panel_reads_all_of_it_and_everybody_what_the_register_tells(self, rolling: Season, app: Flask) -> None:
        season, at = rolling, f"/panels/{rolling.panel_ref}/sittings/2026-06/minutes"
        with pytest.raises(NotFound):
            month(season, "Olga")  # nothing yet
        yes, no, later, waits = (season.sent(title) for title in ("Swings", "Gnomes", "Bench", "Secret"))
        for ref, choice in ((yes, "yes"), (no, "no"), (later, "not_yet"), (waits, "yes")):
            season.decided(ref, choice)
        assert titles(month(season, "Ada")) == ["Swings", "Gnomes", "Bench", "Secret"] and month(season, "Ada").draft
        for name in (None, "Rita"):
            with pytest.raises(NotFound):
                month(season, name)
        for ref, reason in ((yes, "All will swing."), (no, "Too many."), (later, "Ask the owner.")):
            tell(season, ref, reason)
        text = page_and_pdf(app, season, "Ada", at)
        assert "DRAFT" in text and text.count("The letter is not written yet.") == 2
        assert text.count("Not yet: they may bring it again") == 2 and text.count("Ask the owner.") == 2
        assert f"{at}" in list(reader(app, season, "Ada").get(f"/panels/{season.panel_ref}").links())
        public = page_and_pdf(app, season, None, at)
        assert public.count("All will swing.") == 2 and public.count("Too many.") == 2 and "Offered £250.00" in public
        for said in ("Bench", "Secret", "Ask the owner", "Ada", "DRAFT"):
            assert said not in public, said
        assert public.count("1 more was looked at. Nothing about it is public.") == 2, "that of which no letter is out is not even counted"
        assert public.count("The month is not over.") == 2
        tell(season, waits, "Good.")
        assert month(season, "Ada").draft and "The month is not over." in page_and_pdf(app, season, "Ada", at)
        with clock.held_at(JUNE + timedelta(days=40)):
            assert not month(season, "Ada").draft

    def test_what_leaves_the_register_leaves_what_everybody_reads(self, rolling: Season) -> None:
        made = rolling.offered(rolling.sent("Swings"))
        rolling.offered(rolling.sent("Bench"))
        assert titles(month(rolling, None)) == ["Swings", "Bench"]
        award.decline(made.ref, rolling.actor("Rita"), "We moved")
        assert titles(month(rolling, None)) == ["Bench"] and titles(month(rolling, "Ben")) == ["Swings", "Bench"]

    def test_a_tied_seat_reads_nothing_of_it_also_when_the_letter_is_out(self, rolling: Season) -> None:
        season, swings, bench = rolling, rolling.sent("Swings"), rolling.sent("Bench")
        for ref in (swings, bench):
            matter = season.with_panel(ref)
            for name in SEATS[1:]:
                if actions.declare(season.who(name), season.panel_ref, matter, "friend" if (name, ref) == ("Ben", bench) else "none"):
                    actions.vote(season.who(name), season.panel_ref, matter, "yes")
            actions.declare(season.who("Ada"), season.panel_ref, matter, "none")
            actions.vote(season.who("Ada"), season.panel_ref, matter, "yes")
            actions.close(season.who("Ada"), season.panel_ref, matter)
        assert titles(month(season, "Ben")) == ["Swings"] and titles(month(season, "Ada")) == ["Swings", "Bench"]
        assert {each.of for each in month(season, "Ben").sat} == {1}
        tell(season, bench, "Sit down.")
        assert titles(month(season, "Ben")) == ["Swings"]
        assert titles(month(season, "Ben", for_everybody=True)) == ["Bench"], "the register tells that, and not the other"

    def test_a_bid_that_came_back_keeps_each_decision_its_own(self, rolling: Season) -> None:
        """A "not yet" in June, a yes in July whose letter is not out: June says what June's letter said."""
        season, ref = rolling, rolling.sent("Swings")
        season.decided(ref, "not_yet")
        tell(season, ref, "Ask the owner first.")
        with clock.held_at(JUNE + timedelta(days=35)):
            bid = season.bid(ref)
            if bid.status != "sent":
                apply.send(ref, bid.version, season.actor("Rita"), sure=True)
            season.decided(ref, "yes")
            decide.write_letter(ref, "Now it is right.", ["Mind the trees"], None, season.actor("Olga"))
            june, july = month(season, "Ada"), month(season, "Ada", "2026-07")
            assert "Ask the owner first." in said_of(june, "Swings") and "Now it is right" not in str(minutes_words.document(june))
            assert "Mind the trees" not in str(minutes_words.document(june)) and not june.draft
            assert "Now it is right." in said_of(july, "Swings") and "Mind the trees" in said_of(july, "Swings") and july.draft
            for text in ("2026-06", "2026-07"):
                with pytest.raises(NotFound):
                    month(season, None, text)

    def test_a_decision_that_was_undone_is_not_told(self, rolling: Season) -> None:
        season, ref = rolling, rolling.sent("Swings")
        season.decided(ref, "no")
        decide.write_letter(ref, "Wrongly counted.", [], None, season.actor("Olga"))
        decide.undo_decision(ref, "A sheet was forgotten", season.actor("Olga"))
        assert "Undone before any letter went out" in said_of(month(season, "Ada"), "Swings")
        assert "Wrongly" not in str(minutes_words.document(month(season, "Ada")))
        with pytest.raises(NotFound):
            month(season, None)

    def test_a_no_that_was_appealed_rightly(self, rolling: Season) -> None:
        """What is decided anew stays private: neither version says anything of the new decision where the old one stands."""
        season, ref = rolling, rolling.sent("Swings")
        season.people["Hana"] = person("Hana", "officer")
        season.decided(ref, "no")
        tell(season, ref, "Too many swings.")
        appeal = appeals.make(ref, "unseen", "Nobody saw the photos.", season.actor("Rita"))
        assert "Something we sent was not looked at" in said_of(month(season, None), "Swings")
        assert "Not answered yet." in said_of(month(season, None), "Swings")
        appeals.answer(appeal, "open", True, "I read everything.", (), True, season.actor("Hana"))
        text = said_of(month(season, "Ada"), "Swings")
        assert "Decided anew after an appeal." in text and "The appeal was right." in text and "Too many swings." in text
        assert "photos" not in text and "read everything" not in text, "never what anybody wrote"
        with pytest.raises(NotFound):
            month(season, None)
        with clock.held_at(JUNE + timedelta(days=1)):
            season.decided(ref, "yes")
            decide.write_letter(ref, "Good after all.", [], None, season.actor("Olga"))
        old, new = month(season, "Ada").decided
        assert (old.followed.reason, new.followed.reason) == ("Too many swings.", "Good after all.")

    def test_too_few_votes(self, rolling: Season) -> None:
        season, ref = rolling, rolling.sent("Swings")
        matter = season.with_panel(ref)
        with clock.held_at(JUNE + timedelta(days=200)):
            actions.close(season.who("Ada"), season.panel_ref, matter)
            text = said_of(month(season, "Ada", "2026-12"), "Swings")
        assert "Too few votes" in text and "not written" not in text

    @pytest.mark.parametrize("text", ["2026-13", "2026-00", "0000-01", "9999-12", "2026-05", "SIT-2222-2222", "2026-6", "x"])
    def test_other_months(self, rolling: Season, app: Flask, text: str) -> None:
        rolling.offered(rolling.sent("Swings"))
        for name in (None, "Olga"):
            for ending in ("", ".pdf"):
                reader(app, rolling, name).get(f"/panels/{rolling.panel_ref}/sittings/{text}/minutes{ending}", status=404)

    def test_a_month_begins_and_ends_in_london(self, rolling: Season) -> None:
        with clock.held_at(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)):  # half past midnight on 1 July
            rolling.decided(rolling.sent("Swings"))
            assert (
                titles(month(rolling, "Ada", "2026-07")) == ["Swings"] and minutes.months(queries.panel(rolling.panel_ref).id)[0].month == 7
            )


def test_where_residents_voted_they_are_who_decided(app: Flask) -> None:
    poll = Poll(ideas=4)
    poll.open()
    for voter, line in zip(poll.voters, ((0, 1), (0, 1), (1,), (2,)), strict=False):
        poll.cast(voter, *line)
    serial, spoilt = poll.papers(2)
    poll.take(poll.voters[5])
    poll.enter(serial, 1)
    with poll.at():
        polling.spoil(poll.who("Olga"), poll.panel, poll.ref, spoilt, "Blank")
    poll.close()
    poll.count()
    address = f"/panels/{poll.panel}/sittings/{poll.ref}/minutes"
    with poll.at():
        draft = page_and_pdf(app, poll.season, "Olga", address)
        assert "4 of 5 residents who voted" in draft and "Nobody had the chair" not in draft
    poll.release()
    with poll.at():
        text = page_and_pdf(app, poll.season, None, address)
    for said in (
        "5 residents voted. 4 on the phone and 1 on paper. 1 paper was spoilt and does not count.", "Residents said", "4 of 5 residents who voted",
        "What nobody ticks is a no", "Each resident ticked every idea", "Wanted, but not paid", "Nobody ticked it",
    ):  # fmt: skip
        assert text.count(said) >= 2, said
    for never in ("Nobody’s vote is recorded", "How votes came", "who could vote", "The panel said", "at least 3 seats vote", "Voter"):
        assert never not in text, never


def test_who_asks_for_too_many_waits(season: Season, store: Store) -> None:
    app = make_app(store.url, store.home, testing=False)
    limiter.reset()
    try:
        at = "/panels/PNL-2222-2222/sittings/2026-06/minutes.pdf"
        assert [app.test_client().get(at).status_code for _try in range(13)] == [404] * 12 + [429]
    finally:
        limiter.reset()
        with app.app_context():
            db.engine.dispose()


def test_the_register_leads_to_them(season: Season, app: Flask) -> None:
    """From an entry to the minutes in which its decision stands: of the sitting, or, for one that was decided alone, of the month."""
    table = Table(season, 100_00)
    table.all(dict.fromkeys(SEATS, "y"))
    table.count()
    letters(table)
    with clock.held_at(table.now):
        visitor = reader(app, season, None).get(f"/register/{table.bids[0]}")
        assert path(table) in list(visitor.links())
        assert f'id="{table.matters[0]}"' in visitor.get(path(table)).text


def test_the_register_leads_to_the_month(rolling: Season, app: Flask) -> None:
    ref = rolling.offered(rolling.sent("Swings")).application.ref
    at = f"/panels/{rolling.panel_ref}/sittings/2026-06/minutes"
    assert at in list(reader(app, rolling, None).get(f"/register/{ref}").links())
