"""E1 and E2 against the official schema, its codelists and our privacy rules; what is signed off, and what asks to be signed anew."""

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import flattentool
import openpyxl
import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError

from portal.clock import held_at
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.exports import filters, packs, register
from portal.exports.filters import Filter
from portal.exports.publish import giving, settings, summaries
from portal.exports.publish.model import Summary
from portal.gifts import parties
from portal.gifts.model import GiftParty
from portal.grants import pay
from portal.grants.model import Application, Award
from portal.history import SCHEME, Actor, events_of
from portal.ledger import queries as books
from portal.money import Pence
from portal.people import screening
from portal.people.actions import create_person, delete_me
from portal.people.known import known_as, known_names, plain
from portal.people.model import ActingFor, Organisation, Person
from portal.places.model import Area, Scheme
from tests.conftest import Store
from tests.exports.giving import HERE, faults
from tests.exports.small import TODAY, Small, at
from tests.grants.season import person

E1, E2, E3 = "360giving-organisations", "360giving-individuals", "vcse-grants-register"
SET = {
    "publisher_name": "Estuary Council", "publisher_prefix": "360G-Estuary", "publisher_id": "GB-LAE-EST", "licence": "cc-by", "every": "never",
}  # fmt: skip
NAMES = ("Rita", "Rob", "Rosa", "Olga", "Otto", "Fay", "Ada", "Ben", "Cleo", "Dan")

WRONG: list[tuple[str, object]] = [
    ("locationScope", "GLS061"),
    ("currency", "GBX"),
    ("awardDate", "2027-02-29"),
    ("awardDate", "2027-01-01"),
    ("amountAwarded", 0.0),
    ("description", "Ask Rita"),
    ("description", "Write to a@example.org"),
    ("title", "Call 07700 900123"),
    ("title", "At ZZ1 1AA"),
    ("description", "Into 20-12-34"),
    ("dateModified", "2026-06-02"),
    ("description", "-"),
    ("recipientOrganization", []),
    ("beneficiaryLocation", [{"name": "14 Marsh Lane", "geoCode": "E00000001", "geoCodeType": "OA"}]),
    ("toIndividualsDetails", {"primaryGrantReason": "GTIR040"}),
]
UNSIGNABLE = [
    ("", "For all.", "Write what everybody may read", "title"),
    ("A bench", "", "Write what everybody may read", "description"),
    ("A bench", "x" * 601, "601 characters long", "description"),
    ("=1+1", "For all.", "takes this for a formula", "title"),
    ("A bench", "-2", "takes this for a formula", "description"),
    ("A bench", "Ask rosa@example.org about it.", "Take out an e-mail address", "description"),
    ("Ring 07700 900123", "For all.", "Take out a telephone number", "title"),
    ("A bench", "It stands in ZZ1 1AA.", "Take out a postcode", "description"),
    ("A bench", "Pay into 20-12-34.", "Take out a sort code", "description"),
    ("A bench", "QQ 12 34 56 C does it.".replace("QQ", "AB"), "Take out a National Insurance number", "description"),
    ("A bench for Winnie Brook", "For all.", "Take out the name of a person: “Winnie Brook”", "title"),
    ("A bench", "winnie brook sits here.", "Take out the name of a person", "description"),
    ("A bench", "It stands at 14 Marsh Lane.", "Look at “14 Marsh Lane”", "description"),
    ("Rita's bench", "For all.", "Look at “Rita”", "title"),
]
IMPOSSIBLE = [
    "UPDATE public_summary SET title = ''",
    "UPDATE public_summary SET description = ''",
    "UPDATE public_summary SET taken_down_at = signed_at",
    "UPDATE public_summary SET taken_down_reason = 'x'",
    "UPDATE publishing SET licence = 'mine'",
    "UPDATE publishing SET every = 'hourly'",
    "UPDATE publishing SET id = 2",
]
CHANGES = [
    "UPDATE application SET title = 'Another garden' WHERE title like '%garden%'",
    "UPDATE application SET public_summary = 'Now something else.' WHERE title like '%garden%'",
    "UPDATE award SET last_day = '2027-01-31'",
    "UPDATE organisation SET name = 'Mossgate Growers' WHERE name = 'Mossgate Gardeners'",
    "UPDATE application SET organisation_id = NULL WHERE title like '%garden%'",
]


@pytest.fixture
def app(small: Small, store: Store) -> Flask:
    """The app of the small scheme; `small` has begun its context."""
    return store.app


@pytest.fixture
def ready(small: Small) -> Small:
    """Publisher and prefix are set."""
    settings.change(SET, small.season.actor("Olga"))
    return small


def signed(small: Small, *names: str) -> None:
    """Sign off these awards as proposed, the risky title of the hall put right."""
    for name in names or ("garden", "hall", "bench", "books", "lamps"):
        found = summaries.item(small.bids[name])
        title = found.title.removeprefix("=")
        summaries.sign_off(small.bids[name], title, found.description, found.stamp, True, small.season.actor("Olga"))


def made(name: str, form: str = "csv", chosen: Filter | None = None) -> bytes:
    db.session.rollback()
    return b"".join(packs.chunks(name, form, packs.fitting(name, form, chosen or filters.of_year("2026-27")), packs.Totals()))


def lines(name: str, chosen: Filter | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made(name, "csv", chosen).decode(), newline="")))


def package(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made(name, "json"))
    return found


# --- blocked until it is said who publishes ------------------------------------------------------------------------------


def test_nothing_goes_out_until_it_is_said_who_publishes(small: Small) -> None:
    olga = small.season.actor("Olga")
    for name in (E1, E2):
        with pytest.raises(Refused, match="Say first: the 360Giving prefix, its organisation identifier"):
            packs.fitting(name, "json", filters.of_year("2026-27"))
    for field, wrong in (
        ("publisher_prefix", "Estuary"),
        ("publisher_prefix", "360G-"),
        ("publisher_id", "Estuary"),
        ("publisher_id", "=1"),
    ):
        with pytest.raises(Refused) as why:
            settings.change(SET | {field: wrong}, olga)
        assert why.value.field == field
    settings.change(SET | {"publisher_id": ""}, olga)
    with pytest.raises(Refused, match=r"Say first: its organisation identifier\.$"):
        packs.fitting(E1, "json", filters.of_year("2026-27"))
    settings.change(SET, olga)
    settings.change(SET, olga)
    packs.fitting(E1, "json", filters.of_year("2026-27"))
    assert [event.data["changed"] for event in events_of("publishing")] == [{"publisher_id": ["", "GB-LAE-EST"]}], "old and new"
    with transaction():
        db.session.execute(update(Scheme).values(publisher_name=""))
    with pytest.raises(Refused, match="who makes the grants"):
        settings.ready()


# --- the files -----------------------------------------------------------------------------------------------------------


def test_the_columns_are_as_they_were_promised() -> None:
    assert ",".join(giving.ORGANISATIONS) == (
        "Identifier,Title,Description,Currency,Amount Applied For,Amount Awarded,Amount Disbursed,Award Date,Planned Dates:Start Date,"
        "Planned Dates:End Date,Recipient Org:Identifier,Recipient Org:Name,Recipient Org:Charity Number,Recipient Org:Company Number,"
        "Recipient Org:Location:Name,Recipient Org:Location:Geographic Code,Recipient Org:Location:Geographic Code Type,Beneficiary Location:Name,"
        "Beneficiary Location:Geographic Code,Beneficiary Location:Geographic Code Type,Beneficiary Location:Country Code,Funding Org:Identifier,"
        "Funding Org:Name,Funding Org:Department,Grant Programme:Code,Grant Programme:Title,From An Open Call?,Location Scope,Funding Type:Vocabulary,"
        "Funding Type:Code,Funding Type:Title,Last Modified,Data Source"
    )
    assert ",".join(giving.INDIVIDUALS) == (
        "Identifier,Title,Description,Currency,Amount Awarded,Award Date,Recipient Ind:Identifier,Recipient Ind:Name,"
        "To Individuals Details:Primary Grant Reason,To Individuals Details:Secondary Grant Reason,To Individuals Details:Grant Purpose,"
        "Beneficiary Location:Name,Beneficiary Location:Geographic Code,Beneficiary Location:Geographic Code Type,Funding Org:Identifier,"
        "Funding Org:Name,Grant Programme:Title,Last Modified,Data Source"
    )


def test_the_file_of_organisations(ready: Small) -> None:
    signed(ready)
    with transaction():
        area = db.session.scalars(select(Area.id).where(Area.code == "mossgate")).one()
        db.session.execute(update(Organisation).where(Organisation.name == "Mossgate Gardeners").values(area_id=area))
        db.session.execute(update(Organisation).where(Organisation.name == "Mill school").values(company_number="123456"))
    found = {row["Identifier"]: row for row in lines(E1)}
    assert list(found) == [f"360G-Estuary-{ready.bids[name]}" for name in ("garden", "hall", "books", "lamps")]
    garden, hall, books_, lamps = found.values()
    assert garden["Amount Applied For"] == garden["Amount Awarded"] == garden["Amount Disbursed"] == "250.00"
    assert (garden["Award Date"], garden["Planned Dates:Start Date"], garden["Planned Dates:End Date"]) == (
        "2026-06-02",
        "2026-07-02",
        "2026-08-31",
    )
    assert garden["Recipient Org:Identifier"] == f"360G-Estuary-{ready.organisations['Mossgate Gardeners']}"
    assert [garden[f"Recipient Org:Location:{part}"] for part in ("Name", "Geographic Code", "Geographic Code Type")] == [""] * 3, (
        "a group at home in the ward that it does it for: the ward is told once"
    )
    assert list(garden.values()).count("E05099001") == 1
    assert [garden[f"Beneficiary Location:{part}"] for part in ("Geographic Code", "Geographic Code Type", "Country Code")] == [
        "E05099001",
        "WD",
        "GB",
    ]
    assert (garden["Funding Org:Identifier"], garden["Funding Org:Department"]) == ("GB-LAE-EST", "Communities")
    assert garden["Last Modified"] == "2026-08-15T10:00:00+00:00", "the signature came last"
    assert (hall["Recipient Org:Identifier"], hall["Recipient Org:Charity Number"]) == ("GB-CHC-0123456", "0123456")
    assert hall["Title"] == "Chairs for the hall" and hall["Amount Disbursed"] == "120.00", "what came back is not taken off"
    assert (books_["Recipient Org:Identifier"], books_["Recipient Org:Company Number"]) == ("GB-COH-00123456", "00123456")
    assert lamps["Amount Disbursed"] == "", "empty means no value"


def test_the_file_of_individuals_names_nobody(ready: Small) -> None:
    signed(ready)
    (bench,) = lines(E2)
    assert bench["Recipient Ind:Name"] == "Individual Recipient"
    assert (bench["To Individuals Details:Primary Grant Reason"], bench["To Individuals Details:Grant Purpose"]) == ("GTIR120", "GTIP160")
    assert bench["To Individuals Details:Secondary Grant Reason"] == ""
    whole = made(E2, "json").decode() + made(E2).decode()
    assert "Rita" not in whole and "PER-" not in whole
    assert [row.code for row in db.session.scalars(select(Summary))] and bench["Recipient Ind:Identifier"].startswith("360G-Estuary-IND-")


@pytest.mark.parametrize("name", [E1, E2])
def test_the_official_schema_codelists_and_our_rules(ready: Small, name: str) -> None:
    signed(ready)
    assert faults(package(name), NAMES, TODAY.date()) == []


def test_our_judge_sees_what_the_schema_passes(ready: Small) -> None:
    """The rules above would be worth nothing if they never found a fault."""
    signed(ready, "garden")
    for where, wrong in WRONG:
        broken = package(E1)
        broken["grants"][0][where] = wrong
        assert faults(broken, NAMES, TODAY.date()) != [], (where, wrong)


@pytest.mark.parametrize("name", [E1, E2])
def test_there_and_back_again(ready: Small, tmp_path: Path, name: str) -> None:
    """The CSV, unflattened by 360Giving's own tool, is the JSON."""
    signed(ready)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "grants.csv").write_bytes(made(name))
    flattentool.unflatten(
        str(tmp_path / "in"), input_format="csv", root_list_path="grants", root_id="", schema=str(HERE / "360-giving-schema.json"),
        convert_titles=True, output_name=str(tmp_path / "out.json"), metatab_name=None,
    )  # fmt: skip
    assert json.loads((tmp_path / "out.json").read_text())["grants"] == package(name)["grants"]


def test_excel_holds_the_same(ready: Small) -> None:
    signed(ready)
    sheet = openpyxl.load_workbook(io.BytesIO(made(E1, "xlsx"))).worksheets[0]
    head, *rows = sheet.iter_rows(values_only=True)
    assert list(head) == list(giving.ORGANISATIONS)
    assert [row[0] for row in rows] == [row["Identifier"] for row in lines(E1)]
    assert rows[0][5] == 250 and rows[1][12] == "0123456", "leading zeros live"
    with pytest.raises(Refused, match="This file comes as json or csv"):
        packs.fitting(E2, "xlsx", filters.of_year("2026-27"))


# --- the same sums everywhere --------------------------------------------------------------------------------------------


def test_sums_agree_with_the_register_and_the_books(ready: Small) -> None:
    """E1 and E2 together are what was promised; less the individual and the school, the register of grants; paid, the books."""
    signed(ready)

    def pence(name: str, column: str) -> int:
        return sum(round(float(row[column] or 0) * 100) for row in lines(name))

    promised = sum(db.session.scalars(select(Award.amount).where(summaries.promised())))
    assert pence(E1, "Amount Awarded") + pence(E2, "Amount Awarded") == promised == 580_00
    assert pence(E1, "Amount Awarded") - 60_00 == pence(E3, "Amount"), "a school is no community body"
    back = 20_00
    paid = sum(line.balance for line in books.trial_balance("GBP", TODAY.date()) if line.code.startswith("payee:"))
    assert pence(E1, "Amount Disbursed") + 80_00 - back == paid, "what the bench cost is in no column of E2"
    totals = packs.Totals()
    for _piece in packs.chunks(E1, "csv", packs.fitting(E1, "csv", filters.of_year("2026-27")), totals):
        pass
    assert (totals.rows, totals.pence) == (4, 500_00)


def test_filters(ready: Small) -> None:
    signed(ready)
    assert len(lines(E1, filters.of_year("2026-27", part="q1"))) == 3
    assert len(lines(E1, filters.of_year("2026-27", area="pump"))) == 1
    assert len(lines(E1, filters.of_year("2025-26"))) == 0
    assert len(lines(E1, filters.of_year("2026-27", "paid", part="q2"))) == 1, "the garden was paid again in July"
    year = filters.of_year("2026-27")
    assert giving.left_out(year, individuals=False) == {"waiting": 0, "taken_down": 0}
    with held_at(at(8, 20)):
        pay.refund(
            ready.season.award(ready.bids["books"]).ref, Pence(10_00), date(2026, 8, 19), "One was not printed", ready.season.actor("Fay")
        )
        changed = lines(E1, Filter(year.first_day, year.last_day, changed_since=at(8, 17)))
    assert [row["Identifier"] for row in changed] == [f"360G-Estuary-{ready.bids['books']}"]
    assert changed[0]["Last Modified"].startswith("2026-08-20T")


# --- who is a person -----------------------------------------------------------------------------------------------------


def test_an_organisation_that_is_called_like_a_person_is_a_person(ready: Small) -> None:
    with transaction():
        db.session.execute(update(Organisation).where(Organisation.name == "Mill school").values(name="Rosa"))
    signed(ready)
    assert len(lines(E1)) == 3 and len(lines(E2)) == 2
    assert faults(package(E2), NAMES, TODAY.date()) == []


def test_no_page_names_an_organisation_that_is_called_like_a_person(ready: Small) -> None:
    """In the words of the register neither; the boards and the calendar say the first name alone, as of a person."""
    called("Mossgate Gardeners", "Petra Nightingale")
    with transaction():
        db.session.execute(update(Application).where(Application.ref == ready.bids["garden"]).values(title="A garden by Petra Nightingale"))
        group = db.session.scalars(select(Organisation).where(Organisation.name == "Petra Nightingale")).one()
        party = parties.enter(organisation_id=group.id)
        assert (parties.first_name(party), register.entry(ready.bids["garden"]).line.who) == ("Petra Nightingale", "Petra Nightingale")
    person("Petra Nightingale")
    db.session.rollback()
    db.session.expire_all()
    entry = register.entry(ready.bids["garden"])
    assert "Nightingale" not in str(entry) and "Nightingale" not in str(register.search(register.Asked()).lines)
    assert b"Nightingale" not in made(E3) + made("lga-spend")
    assert parties.first_name(db.session.scalars(select(GiftParty)).one()) == "Petra"


def called(organisation: str, name: str) -> None:
    with transaction():
        db.session.execute(update(Organisation).where(Organisation.name == organisation).values(name=name))


def test_however_it_is_typed(ready: Small) -> None:
    """And what E2 hides no other file names beside the same reference, nor does the register."""
    person("siobhan o’brien")
    called("St Chad", "Siobhan O'Brien")
    signed(ready)
    assert len(lines(E1)) == 2 and len(lines(E2)) == 3
    for name in (E1, E2, E3, "lga-spend"):
        assert b"Brien" not in made(name), name
    assert [row["Grant reference"] for row in lines(E3)] == [ready.bids["garden"]]
    assert register.entry(ready.bids["hall"]).line.who == "A resident of Mossgate"
    assert register.entry(ready.bids["garden"]).line.who == "Mossgate Gardeners"
    found = {line.ref: line.who for line in register.search(register.Asked()).lines}
    assert found[ready.bids["lamps"]] == "A resident of Mossgate"


def test_who_was_judged_a_person_stays_one_until_an_officer_says_otherwise(ready: Small) -> None:
    olga, hall = ready.season.actor("Olga"), ready.bids["hall"]
    jane = person("Jane Doe")
    called("St Chad", "Jane Doe")
    signed(ready, "hall")
    with transaction():
        db.session.get_one(Person, jane.id).name = "Somebody Else"
    assert summaries.item(hall).recipient == "" and len(lines(E2)) == 1, "another name"
    assert summaries.item(ready.bids["lamps"]).recipient == "", "also of another award that nobody signed yet"
    delete_me(jane.id, Actor(jane.id))
    assert summaries.item(hall).recipient == "" and len(lines(E2)) == 1, "gone"
    found = summaries.item(hall)
    summaries.sign_off(hall, "Chairs", "For all.", found.stamp, True, olga, vouched=True)
    assert summaries.item(hall).state == "signed" and [row["Recipient Org:Name"] for row in lines(E1)] == ["Jane Doe"] and lines(E2) == []
    called("Jane Doe", "John Doe")
    assert summaries.item(hall).recipient == "John Doe" and summaries.item(hall).state == "changed", "the word was for another name"


def test_who_leaves_is_named_by_no_organisation_afterwards(ready: Small) -> None:
    """It was published as a group; then somebody of its name came, and left."""
    signed(ready, "hall")
    called("St Chad", "Jane Doe")
    found = summaries.item(ready.bids["hall"])
    summaries.sign_off(found.bid, "Chairs", "For all.", found.stamp, True, ready.season.actor("Olga"))
    assert len(lines(E1)) == 1
    jane = person("jane doe")
    delete_me(jane.id, Actor(jane.id))
    assert summaries.item(ready.bids["hall"]).recipient == "" and lines(E1) == []


def test_an_organisation_whose_people_all_left_is_a_person_until_it_is_signed_off(ready: Small) -> None:
    jane = person("Jane Doe")
    with transaction():
        chad = db.session.scalars(select(Organisation.id).where(Organisation.name == "St Chad")).one()
        db.session.execute(delete(ActingFor).where(ActingFor.organisation_id == chad))
        db.session.add(ActingFor(person_id=jane.id, organisation_id=chad, since=date(2026, 6, 1)))
    assert summaries.item(ready.bids["hall"]).recipient == "St Chad"
    delete_me(jane.id, Actor(jane.id))
    found = summaries.item(ready.bids["hall"])
    assert found.recipient == "" and found.organisation == "St Chad"
    summaries.sign_off(found.bid, "Chairs", "For all.", found.stamp, True, ready.season.actor("Olga"), vouched=True)
    assert summaries.item(ready.bids["hall"]).recipient == "St Chad"


# --- signing off ---------------------------------------------------------------------------------------------------------


def test_only_what_was_signed_off_goes_out(ready: Small) -> None:
    assert lines(E1) == [] and summaries.counts() == {"waiting": 5, "signed": 0, "taken_down": 0}
    assert giving.left_out(filters.of_year("2026-27"), individuals=False)["waiting"] == 4
    signed(ready, "garden")
    assert len(lines(E1)) == 1 and summaries.counts() == {"waiting": 4, "signed": 1, "taken_down": 0}
    found = summaries.item(ready.bids["garden"])
    (event,) = events_of(f"public:{found.award_id}")
    assert (event.kind, event.actor_id, event.data["title"]) == ("signed_off", ready.season.who("Olga").id, "A garden for Mossgate")
    for ref in (ready.bids["herbs"], ready.bids["gnomes"], "SPK-2222-2222"):
        with pytest.raises(NotFound):
            summaries.item(ref)


def test_what_changed_asks_for_a_new_signature(ready: Small) -> None:
    for change in CHANGES:
        signed(ready, "garden")
        assert len(lines(E1) + lines(E2)) == 1
        stale = summaries.item(ready.bids["garden"]).stamp
        with transaction():
            db.session.execute(text(change))
        found = summaries.item(ready.bids["garden"])
        assert found.state == "changed" and lines(E1) == [] == lines(E2), change
        with pytest.raises(Refused, match="changed while you read"):
            summaries.sign_off(ready.bids["garden"], "A garden", "For all.", stale, True, ready.season.actor("Olga"))


def test_what_nobody_may_sign(ready: Small) -> None:
    person("Winnie Brook")
    for title, description, sentence, field in UNSIGNABLE:
        found = summaries.item(ready.bids["bench"])
        with pytest.raises(Refused, match=sentence) as why:
            summaries.sign_off(ready.bids["bench"], title, description, found.stamp, False, ready.season.actor("Olga"))
        assert why.value.field == field
        assert db.session.scalar(select(Summary)) is None
    for title, description, sentence, _field in UNSIGNABLE:
        if sentence.startswith("Look at"):
            found = summaries.item(ready.bids["bench"])
            summaries.sign_off(ready.bids["bench"], title, description, found.stamp, True, ready.season.actor("Olga"))


def test_many_are_signed_together_only_when_nothing_worries(ready: Small) -> None:
    found, further = summaries.items("waiting")
    assert [each.bid for each in found] == [ready.bids[name] for name in ("lamps", "books", "bench", "hall", "garden")] and further is None
    clear = {each.bid: each.stamp for each in found if each.clear}
    assert ready.bids["hall"] not in clear and len(clear) == 4, "the hall begins like a formula"
    olga = ready.season.actor("Olga")
    for wrong in ({}, clear | {ready.bids["hall"]: found[3].stamp}, clear | {ready.bids["lamps"]: "old"}, clear | {"SPK-2222-2222": "x"}):
        with pytest.raises(Refused):
            summaries.sign_off_all(wrong, olga)
    assert summaries.counts()["signed"] == 0, "all or none"
    assert summaries.sign_off_all(clear, olga) == 4
    with pytest.raises(Refused, match="changed while you read"):
        summaries.sign_off_all(clear, olga)
    page, further = summaries.items("signed", limit=3)
    rest, end = summaries.items("signed", further, limit=3)
    assert (len(page), len(rest), end) == (3, 1, None)


def test_words_of_the_idea_are_never_signed_unread(ready: Small) -> None:
    with transaction():
        bid = Application.ref == ready.bids["garden"]
        db.session.execute(update(Application).where(bid).values(public_summary="", idea="We dig. " * 100))
    found = summaries.item(ready.bids["garden"])
    assert found.not_written_for_it and not found.clear
    assert found.description.endswith("We dig.") and len(found.description) <= summaries.DESCRIPTION_MOST
    assert summaries.shortened("word " * 200).endswith("word…")


def test_worries_stand_where_they_are(app: Flask) -> None:
    near, known = ("Winnie Brook", "Mrs Khan"), frozenset({"rosa parks"})
    words = "Winnie Brook and Khan met Rosa  Parks at a@b.org by 14 Marsh Lane."
    found = screening.worries(words, near, known)
    assert [(words[one.begins : one.ends], one.must_go) for one in found] == [
        ("Winnie Brook", True), ("Khan", False), ("Rosa  Parks", True), ("a@b.org", True), ("14 Marsh Lane", False),
    ]  # fmt: skip
    assert "".join(piece.text for piece in screening.pieces(words, found)) == words
    assert screening.worries("Will you come? A mrs of nobody.", ("Mrs Will",), ())[0].must_go is False
    assert screening.worries("All of us plant trees.", near, known) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mary smith", "For Mary Smith."),
        ("Siobhan McDonald", "siobhan mcdonald sits here."),
        ("J. Smith", "Ask J Smith."),
        ("J.R. Smith", "Ask JR Smith, or her."),
        ("Pat O'Brien", "Pat O’Brien’s bench."),
        ("Pat OBrien", "PAT O'BRIEN has it"),
        ("Mary-Jane Bird", "By Mary Jane Bird"),
        ("Élodie Ünal", "Für Élodie Ünal"),
        ("Maria da Silva Santos", "It was Maria  da Silva, Santos"),
        ("Mary Smith", "We met.Mary Smith came."),
    ],
)
def test_names_however_they_are_typed(app: Flask, name: str, words: str) -> None:
    with transaction():
        create_person(name, email="somebody@example.org")
    known = known_names([words])
    assert known == {plain(name)}
    (worry,) = screening.worries(words, (), known)
    assert worry.must_go and screening.worries("A bench for all of us.", (), known) == []


def test_names_are_found_along_an_index(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        return
    query = select(Person.id).where(known_as(Person.ref)).compile(db.engine, compile_kwargs={"literal_binds": True})
    plan = " ".join(str(row) for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert "ix_person_plain_name" in plan


def test_the_database_says_no(ready: Small) -> None:
    signed(ready, "garden")
    for change in IMPOSSIBLE:
        with pytest.raises(DatabaseError), transaction():
            db.session.execute(text(change))


def test_worker_signs_nothing(ready: Small) -> None:
    found = summaries.item(ready.bids["garden"])
    with pytest.raises(AssertionError):
        summaries.sign_off(found.bid, found.title, found.description, found.stamp, True, SCHEME)
