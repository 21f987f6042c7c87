"""How careful a kind of help must be, what was seen of who gives it, and who is stopped until it was."""

import uuid
from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.money import Minutes
from portal.people import actions as people
from portal.people import queries as persons
from portal.timebank import checkin, conversations, evidence, evidence_lists, kinds, leaving, matching, members, promises, safety, sessions
from portal.timebank.evidence_model import Evidence, EvidenceWanted
from portal.timebank.posts_model import Conversation, Promise
from portal.timebank.rules import usual_evidence
from tests.timebank.bank import Bank, open_bank
from tests.timebank.market import Pages, propose, put_up, the_post, told, write

WAITS = "Somebody would like to help, and needs you first"
GO_ON = "Thank you, you can go on now"


@pytest.fixture
def bank(app: Flask) -> Bank:
    made = open_bank()
    safety.set_level("garden", "home", made.actor("Olga"))
    return made


def see(
    bank: Bank, name: str, kind: str = "reference", by: str = "Cass", *, until: date | None = None, key: str = "", given_by: str = ""
) -> None:
    evidence.write_down(
        bank.cards[name], kind, clock.today(), until or clock.today() + timedelta(days=365), bank.who(by).id, bank.who(by), given_by=given_by,
        once_key=key or uuid.uuid4().hex,
    )  # fmt: skip


def held(bank: Bank, name: str) -> dict[str, int]:
    return dict(safety.held_by(bank.member(name)))


def a_request(bank: Bank) -> str:
    return put_up(bank, "Maya", "Who cuts my hedge, please?", "request", category="garden")


class TestLevels:
    def test_children_are_careful_as_it_ships_and_an_officer_says_the_rest(self, bank: Bank) -> None:
        levels = {each.code: each.risk for each in kinds.everything()}
        assert levels.pop("children") == "at_risk" and levels.pop("garden") == "home" and set(levels.values()) == {"ordinary"}
        with pytest.raises(Refused, match="how careful"):
            safety.set_level("garden", "very", bank.actor("Olga"))
        with pytest.raises(NotFound):
            safety.set_level("magic", "home", bank.actor("Olga"))
        safety.set_level("garden", "home", bank.actor("Olga"))
        about = f"category:{next(each.id for each in kinds.everything() if each.code == 'garden')}"
        assert [event.kind for event, _by in persons.story_of(about)] == ["level_set"], "the same again leaves no trace"

    def test_the_table_of_what_is_asked(self, bank: Bank) -> None:
        table = usual_evidence()
        rules = members.open_rules()
        assert safety.asks("ordinary", rules) == {} and safety.asks("home", rules) == {"reference": 1}
        assert safety.asks("at_risk", rules) == {"reference": 2, "dbs": 1}
        for level, kind, number, why in (
            ("home", "dbs", 2, "0 to 1"),
            ("at_risk", "reference", 0, "at least as much"),
            ("home", "identity", -1, "0 to 1"),
        ):
            wrong = {each: dict(row) for each, row in table.items()} | {level: {**table[level], kind: number}}
            with pytest.raises(Refused, match=why) as refused:
                safety.set_rules(wrong, least_age=18, quiet_days=90, actor=bank.actor("Olga"))
            assert refused.value.field == f"{level}_{kind}"
        for age, days in ((17, 90), (18, 13), (18, 731)):
            with pytest.raises(Refused):
                safety.set_rules(table, least_age=age, quiet_days=days, actor=bank.actor("Olga"))
        table["home"]["identity"] = table["at_risk"]["identity"] = 1
        safety.set_rules(table, least_age=16, quiet_days=30, actor=bank.actor("Olga"))
        stands = members.open_rules()
        assert (stands.evidence, stands.least_age, stands.quiet_days) == (table, 16, 30)
        assert safety.in_words("home", stands) == "a look at who you are and one reference"


class TestWritingDown:
    def test_seen_counts_until_its_day_and_is_seen_anew(self, bank: Bank) -> None:
        see(bank, "Idris", "dbs", until=clock.today() + timedelta(days=10), key="one tap")
        see(bank, "Idris", "dbs", until=clock.today() + timedelta(days=10), key="one tap")
        assert held(bank, "Idris") == {"dbs": 1} and len(evidence.of_member(bank.member("Idris"))) == 1
        with clock.held_at(clock.now() + timedelta(days=10)):
            assert held(bank, "Idris") == {"dbs": 1}, "its last day counts"
        with clock.held_at(clock.now() + timedelta(days=11)):
            assert held(bank, "Idris") == {}
            assert [row.kind for row in evidence_lists.to_review(None)] == ["dbs"], "it is to be looked at until somebody does"
            see(bank, "Idris", "dbs")
            assert held(bank, "Idris") == {"dbs": 1} and not evidence_lists.to_review(None)
        see(bank, "Idris")
        see(bank, "Idris")
        assert held(bank, "Idris") == {"dbs": 1, "reference": 2}, "a second reference does not end the first"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"kind": "policy"}, "kind"),
            ({"kind": "consent"}, "kind"),
            ({"seen_on": date(2999, 1, 1)}, "seen_on"),
            ({"seen_on": date(2001, 1, 1)}, "seen_on"),
            ({"seen_on": None}, "seen_on"),
            ({"review_on": None}, "review_on"),
            ({"review_on": date(2020, 1, 1)}, "review_on"),
            ({"review_on": date(2999, 1, 1)}, "review_on"),
        ],
    )
    def test_what_cannot_be(self, bank: Bank, changes: dict[str, object], field: str) -> None:
        given = {"kind": "dbs", "seen_on": clock.today(), "review_on": clock.today() + timedelta(days=9)} | changes
        with pytest.raises(Refused) as refused:
            evidence.write_down(
                bank.cards["Idris"], given["kind"], given["seen_on"], given["review_on"], bank.who("Cass").id, bank.who("Cass"), once_key="k"  # type: ignore[arg-type]
            )  # fmt: skip
        assert refused.value.field == field

    def test_by_somebody_else_who_looks_after_that_place(self, bank: Bank) -> None:
        with pytest.raises(Refused, match="their own"):
            see(bank, "Cass")
        with pytest.raises(NotYours):
            see(bank, "Idris", by="Maya")
        with pytest.raises(Refused, match="who saw it"):
            evidence.write_down(
                bank.cards["Idris"],
                "dbs",
                clock.today(),
                clock.today() + timedelta(days=9),
                bank.who("Maya").id,
                bank.who("Cass"),
                once_key="k",
            )
        see(bank, "Cass", by="Olga")
        row = evidence.of_member(bank.member("Cass"))[0]
        with pytest.raises(Refused, match="their own"):
            evidence.end(row.id, bank.cards["Cass"], bank.who("Cass"))
        with pytest.raises(NotFound):
            evidence.end(row.id, bank.cards["Idris"], bank.who("Olga"))
        evidence.end(row.id, bank.cards["Cass"], bank.who("Olga"))
        evidence.end(row.id, bank.cards["Cass"], bank.who("Olga"))
        assert held(bank, "Cass") == {}

    @pytest.mark.parametrize(
        "what",
        [
            "UPDATE evidence SET review_on = '2999-01-01'",
            "UPDATE evidence SET kind = 'reference'",
            "UPDATE evidence SET seen_by_id = recorded_by_id + 1",
            "UPDATE evidence SET given_by = 'DBS 001122'",
            "UPDATE evidence SET ended_at = NULL, ended_by_id = NULL WHERE ended_at IS NOT NULL",
            "UPDATE evidence SET ended_by_id = 1",
            "DELETE FROM evidence",
            "UPDATE category SET risk = 'none'",
            "UPDATE evidence_wanted SET level = 'all'",
            "INSERT INTO evidence (member_id, kind, seen_on, seen_by_id, review_on, given_by, recorded_by_id, recorded_at) "
            "SELECT member_id, kind, seen_on, seen_by_id, review_on, '', recorded_by_id, recorded_at FROM evidence WHERE ended_at IS NULL",
            "INSERT INTO evidence (member_id, kind, seen_on, seen_by_id, review_on, given_by, recorded_by_id, recorded_at) "
            "SELECT id, 'dbs', '2026-01-01', person_id, '2028-01-01', '', person_id, '2026-01-01' FROM member",
        ],
    )
    def test_the_database_refuses(self, bank: Bank, what: str) -> None:
        see(bank, "Idris", "dbs")
        see(bank, "Idris", "dbs")
        write_about = write(bank, "Walter", a_request(bank))
        with pytest.raises(evidence.NotYet):
            propose(bank, "Walter", write_about, clock.now() + timedelta(days=3))
        with pytest.raises(DBAPIError), transaction():
            done: Any = db.session.execute(text(what))
            assert done.rowcount != 0, "the statement met no row: this test proves nothing"
        db.session.rollback()
        assert held(bank, "Idris") == {"dbs": 1}


class TestStopped:
    def test_a_promise_waits_for_what_must_be_seen(self, bank: Bank) -> None:
        talk = write(bank, "Idris", a_request(bank))
        for _again in range(2):
            with pytest.raises(evidence.NotYet, match=r"one reference.*Your coordinator knows"):
                propose(bank, "Idris", talk, clock.now() + timedelta(days=3))
        with pytest.raises(evidence.NotYet, match="Idris needs a word"):
            propose(bank, "Maya", talk, clock.now() + timedelta(days=3))
        assert told("Cass").count(WAITS) == 1 and WAITS not in told("Olga"), "the coordinator hears of it once"
        assert [row.level for row in evidence_lists.waiting(None)] == ["home"]
        assert db.session.scalar(select(func.count()).select_from(Promise)) == 0
        see(bank, "Idris")
        assert told("Idris").count(GO_ON) == 1 and not evidence_lists.waiting(None)
        promise = propose(bank, "Idris", talk, clock.now() + timedelta(days=3))
        evidence.end(evidence.of_member(bank.member("Idris"))[0].id, bank.cards["Idris"], bank.who("Cass"))
        with pytest.raises(evidence.NotYet):
            promises.accept(promise, bank.who("Maya"), shown=0)
        assert told("Cass").count(WAITS) == 2, "it is another time, and told anew"
        assert [each.id for each in evidence_lists.helping(None)] == []
        see(bank, "Idris")
        promises.accept(promise, bank.who("Maya"), shown=0)
        evidence.end(evidence.of_member(bank.member("Idris"))[0].id, bank.cards["Idris"], bank.who("Cass"))
        assert [each.ref for each in evidence_lists.helping(None)] == [bank.cards["Idris"]], "promised, and not in force any more"
        assert [each.ref for each in evidence_lists.helping(frozenset({bank.areas["riverside"]}))] == []

    def test_a_key_of_a_form_is_not_used_up(self, bank: Bank) -> None:
        talk = write(bank, "Idris", a_request(bank))
        at = clock.now() + timedelta(days=3)
        with pytest.raises(evidence.NotYet):
            promises.propose(talk, at, 60, "Here", bank.who("Idris"), once_key="the form")
        see(bank, "Idris")
        assert promises.propose(talk, at, 60, "Here", bank.who("Idris"), once_key="the form").startswith("PRM-")

    def test_who_asks_in_a_careful_kind_is_not_asked_for_anything(self, bank: Bank) -> None:
        talk = write(bank, "Idris", put_up(bank, "Maya", "I cut your hedge gladly", category="garden"))
        with pytest.raises(evidence.NotYet, match="Maya needs a word"):
            propose(bank, "Idris", talk, clock.now() + timedelta(days=3))
        see(bank, "Maya")
        propose(bank, "Idris", talk, clock.now() + timedelta(days=3))

    def test_matching_and_invitations(self, bank: Bank) -> None:
        put_up(bank, "Idris", "I cut hedges and mow", category="garden")
        bank.settled("Walter", "Maya", 60)
        request = a_request(bank)
        assert matching.helpers_for(the_post(request)) == []
        with pytest.raises(evidence.NotYet, match="Idris needs a word with their coordinator"):
            conversations.invite(request, bank.cards["Idris"], "Could you?", bank.who("Maya"))
        assert db.session.scalar(select(func.count()).select_from(Conversation)) == 0
        see(bank, "Idris")
        assert [each.member.ref for each in matching.helpers_for(the_post(request))] == [bank.cards["Idris"]]
        conversations.invite(request, bank.cards["Idris"], "Could you?", bank.who("Maya"))
        assert [each.ref for each in evidence_lists.helping(None)] == [bank.cards["Walter"]], "given, and counted"
        assert bank.has("Walter") == 60

    def test_an_organisation_needs_its_policy(self, bank: Bank) -> None:
        bank.group("Hub", "Maya")
        with pytest.raises(Refused, match="what you saw"):
            see(bank, "Hub", "dbs")
        talk = write(bank, "Idris", put_up(bank, "Hub", "We cut your hedge gladly", category="garden", by=bank.who("Maya")))
        with pytest.raises(evidence.NotYet):
            propose(bank, "Idris", talk, clock.now() + timedelta(days=3))
        see(bank, "Hub", "policy")
        propose(bank, "Idris", talk, clock.now() + timedelta(days=3))

    def test_off_the_list_and_on_it_again(self, bank: Bank) -> None:
        talk = write(bank, "Idris", a_request(bank))
        with pytest.raises(evidence.NotYet):
            propose(bank, "Idris", talk, clock.now() + timedelta(days=3))
        row = evidence.wanted_by(bank.member("Idris"))[0]
        with pytest.raises(NotYours):
            evidence.not_needed(row.id, bank.who("Maya"))
        evidence.not_needed(row.id, bank.who("Cass"))
        evidence.not_needed(row.id, bank.who("Cass"))
        assert not evidence_lists.waiting(None)
        with pytest.raises(evidence.NotYet):
            propose(bank, "Idris", talk, clock.now() + timedelta(days=3))
        assert len(evidence_lists.waiting(None)) == 1 and told("Cass").count(WAITS) == 2
        safety.set_level("garden", "ordinary", bank.actor("Olga"))
        propose(bank, "Idris", talk, clock.now() + timedelta(days=3))


class TestYoung:
    def young(self, bank: Bank, name: str, adult_on: date) -> None:
        with transaction():
            someone = people.create_person(name, email=f"{name.lower()}@example.org", area_id=bank.areas["mossgate"])
            id_, ref = someone.id, someone.ref
        bank.cards[name] = members.join(id_, bank.areas["mossgate"], True, bank.actor("Cass"), adult_on=adult_on)
        bank.people[name] = type(bank.who("Cass"))(id_, ref, name, bank.areas["mossgate"])

    def test_only_where_the_scheme_allows_it_and_not_younger(self, bank: Bank) -> None:
        in_a_year = clock.today() + timedelta(days=365)
        with pytest.raises(Refused, match="18 or over"):
            self.young(bank, "Zoe", in_a_year)
        safety.set_rules(usual_evidence(), least_age=16, quiet_days=90, actor=bank.actor("Olga"))
        with pytest.raises(Refused, match="16 or over"):
            self.young(bank, "Zara", clock.today() + timedelta(days=2 * 365 + 3))
        self.young(bank, "Zed", in_a_year)
        assert "16 or over" in bank.member("Zed").agreement and "18 or over" in bank.member("Idris").agreement
        assert told("Cass").count(WAITS) == 1 and [row.level for row in evidence_lists.waiting(None)] == ["consent"]

    def test_nobody_young_takes_part_before_somebody_consents(self, bank: Bank) -> None:
        safety.set_rules(usual_evidence(), least_age=16, quiet_days=90, actor=bank.actor("Olga"))
        self.young(bank, "Zed", clock.today() + timedelta(days=300))
        give = write(bank, "Zed", put_up(bank, "Maya", "Who tidies my shelves?", "request", category="repairs"))
        get = write(bank, "Zed", put_up(bank, "Idris", "I mend your bicycle", category="repairs"))
        for talk in (give, get):
            with pytest.raises(evidence.NotYet, match="consent of a parent"):
                propose(bank, "Zed", talk, clock.now() + timedelta(days=3))
        with pytest.raises(Refused, match="who says yes"):
            see(bank, "Zed", "consent")
        see(bank, "Zed", "consent", given_by="Ann Hill, mother")
        assert told("Zed").count(GO_ON) == 1
        for talk in (give, get):
            propose(bank, "Zed", talk, clock.now() + timedelta(days=3))
        assert evidence.of_member(bank.member("Zed"))[0].given_by == "Ann Hill, mother"
        with clock.held_at(clock.now() + timedelta(days=301)):
            assert "consent" not in evidence.kinds_for(bank.member("Zed")), "now they say yes themselves"


class TestSessions:
    def open(self, bank: Bank, places: int | None = None) -> str:
        plan = sessions.Plan(
            title="Hedges", what="", kind="garden", area_id=bank.areas["mossgate"], place="The green", day=clock.today() + timedelta(days=1),
            starts=time(10), ends=time(12), minutes=Minutes(120), places=places,
        )  # fmt: skip
        return sessions.open_session(plan, f"member:{bank.cards['Maya']}", bank.who("Maya"), once_key=uuid.uuid4().hex)

    def test_a_place_needs_it_and_being_there_does_not(self, bank: Bank) -> None:
        ref = self.open(bank)
        with pytest.raises(evidence.NotYet, match="one reference"):
            sessions.sign_up(ref, bank.cards["Idris"], bank.who("Idris"))
        with pytest.raises(evidence.NotYet, match="Idris needs a word"):
            sessions.sign_up(ref, bank.cards["Idris"], bank.who("Maya"))
        assert not sessions.sign_ups(sessions.by_ref(ref)) and len(evidence_lists.waiting(None)) == 1
        see(bank, "Idris")
        assert sessions.sign_up(ref, bank.cards["Idris"], bank.who("Idris")) == "going"
        assert not evidence_lists.helping(None)
        with clock.held_at(clock.now() + timedelta(days=1)):
            checkin.tap(bank.who("Maya"), ref, checkin.Tap("here", bank.cards["Walter"]), once_key="tap")
            assert [each.ref for each in evidence_lists.helping(None)] == [bank.cards["Walter"]], "there, and not sent away"

    def test_who_waits_moves_up_only_with_it(self, bank: Bank) -> None:
        ref = self.open(bank, places=1)
        for name in ("Idris", "Walter", "Cass"):
            see(bank, name, by="Olga")
            sessions.sign_up(ref, bank.cards[name], bank.who(name))
        evidence.end(evidence.of_member(bank.member("Walter"))[0].id, bank.cards["Walter"], bank.who("Olga"))
        sessions.take_off(ref, bank.cards["Idris"], bank.who("Idris"))
        states = {members.name_of(row.member): row.state for row in sessions.sign_ups(sessions.by_ref(ref))}
        assert states == {"Cass": "going", "Walter": "waiting"}


class TestLeaving:
    def test_it_goes_along_and_goes_away(self, bank: Bank) -> None:
        see(bank, "Idris", "dbs")
        talk = write(bank, "Walter", a_request(bank))
        with pytest.raises(evidence.NotYet):
            propose(bank, "Walter", talk, clock.now() + timedelta(days=3))
        taken = persons.all_about(bank.who("Idris").id)["what we have seen"]
        assert [(row["seen by"], row["ended"]) for row in taken["seen"]] == [("Cass", None)]
        assert persons.all_about(bank.who("Walter").id)["what we have seen"]["waited for"][0]["for"] == "home"
        leaving.leave(bank.cards["Idris"], leaving.POT, "", bank.who("Idris"))
        rows = db.session.scalars(select(Evidence)).all()
        assert len(rows) == 1 and rows[0].ended_at is not None, "nothing counts of who has left"
        for name in ("Idris", "Walter"):
            people.delete_me(bank.who(name).id, bank.actor(name))
        assert not db.session.scalars(select(Evidence)).all() and not db.session.scalars(select(EvidenceWanted)).all()


class TestPages:
    def test_an_officer_says_how_careful(self, bank: Bank, app: Flask) -> None:
        olga = Pages(app, 8).sign_in(bank.who("Olga").id).get("/timebank/desk/kinds/repairs/care")
        assert "Asks for 2 references and a DBS check" in olga.text and "Asks for nothing" in olga.text
        olga.submit("Save", status=422, risk="very")
        olga.get("/timebank/desk/kinds/repairs/care").submit("Save", risk="home")
        assert "In somebody’s home" in olga.follow().text
        olga.get("/timebank/desk/kinds/none/care", status=404)
        olga.get("/timebank/desk/safety").submit("Save", status=422, home_reference="3")
        assert "Ask at least as much" in olga.text and 'value="3"' in olga.text
        olga.submit("Save", home_reference="2", quiet_days="60", least_age="16")
        assert members.open_rules().quiet_days == 60
        for name in ("Cass", "Maya"):
            Pages(app, 8).sign_in(bank.who(name).id).get("/timebank/desk/safety", status=404).get(
                "/timebank/desk/kinds/garden/care", status=404
            )

    def test_a_coordinator_writes_down_and_ends(self, bank: Bank, app: Flask) -> None:
        talk = write(bank, "Idris", a_request(bank))
        idris = Pages(app, 8).sign_in(bank.who("Idris").id).get(f"/timebank/conversations/{talk}/day")
        soon = clock.today() + timedelta(days=3)
        idris.submit(
            "Propose it",
            status=422,
            day_day=str(soon.day),
            day_month=str(soon.month),
            day_year=str(soon.year),
            at="10:00",
            place="My house",
            minutes="1",
        )
        assert "we must have seen one reference" in idris.text and "My house" in idris.text
        cass = Pages(app, 8).sign_in(bank.who("Cass").id).get("/timebank/desk/evidence")
        assert "Idris" in cass.text
        page = f"/timebank/desk/members/{bank.cards['Idris']}/evidence"
        cass.get(page)
        assert "help in somebody’s home" in cass.text
        cass.submit("Write it down", status=422, kind="reference", review_on_year="1999")
        assert "Check the year" in cass.text
        cass.get(page).submit("Write it down", kind="reference")
        assert "Counts until" in cass.follow().text and "waits" not in cass.text
        assert "Seen on" in Pages(app, 8).sign_in(bank.who("Idris").id).get("/timebank/me").text
        cass.submit("End it")
        assert "Nothing was written down yet" in cass.follow().text
        for which in ("waiting", "helping", "review"):
            cass.get(f"/timebank/desk/evidence?list={which}")
        cass.get("/timebank/desk/evidence?list=none", status=404)
        assert "nobody looks at their own" in cass.get(f"/timebank/desk/members/{bank.cards['Cass']}/evidence").text
        Pages(app, 8).sign_in(bank.who("Maya").id).get(page, status=404).get("/timebank/desk/evidence", status=404)

    def test_joining_says_an_age_where_the_scheme_asks(self, bank: Bank, app: Flask) -> None:
        with transaction():
            zoe = people.create_person("Zoe", email="zoe@example.org").id
        page = Pages(app, 8).sign_in(zoe).get("/timebank/join")
        assert "How old are you?" not in page.text
        safety.set_rules(usual_evidence(), least_age=16, quiet_days=90, actor=bank.actor("Olga"))
        page.get("/timebank/join").submit("Join", status=422, area="mossgate", agreed="y")
        page.submit("Join", status=422, age="young")
        assert "Write the day on which you will be 18" in page.text
        soon = clock.today() + timedelta(days=200)
        page.submit("Join", age="young", adult_on_day=str(soon.day), adult_on_month=str(soon.month), adult_on_year=str(soon.year))
        assert "Until then a parent or carer says yes for you" in page.get("/timebank/me").text
        cass = Pages(app, 8).sign_in(bank.who("Cass").id).get("/timebank/desk/members/new")
        cass.submit(
            "Make them a member", name="Kit", area="mossgate", basis="in person", agreed="y", adult_on_day=str(soon.day),
            adult_on_month=str(soon.month), adult_on_year=str(soon.year),
        )  # fmt: skip
        cass.get(cass.location.split("#")[0] + "/evidence")
        assert "Consent of a parent or carer" in cass.text
