"""Members from other timebanks: each format as it is exported, every problem by its line, a dry run that changes nothing, twice once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import Base, db, transaction
from portal.errors import Refused
from portal.history import Actor
from portal.ledger import queries as books
from portal.ledger.model import Entry
from portal.people import queries as people
from portal.people.model import Organisation, Person
from portal.people.queries import all_about
from portal.timebank import foreign, imports, matching, members, quiet
from portal.timebank.imports import NotReady, Plan
from portal.timebank.model import Member
from portal.timebank.paper_model import Imported
from portal.timebank.rules import TimeRules
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank
from tests.timebank.market import told

Files = Sequence[tuple[str, bytes]]


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank(TimeRules(starting_credit=60))  # type: ignore[arg-type]


def stand() -> dict[str, int]:
    """Every table and how many rows it has."""
    db.session.rollback()
    return {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in Base.metadata.sorted_tables}


def take(files: Files, source: str, area: str = "mossgate", unit: int = 60) -> Plan:
    return imports.take_over(files, source, area, Actor(None), unit)


def said(made: Plan) -> list[tuple[int, bool, str]]:
    return [(problem.line, problem.stops, problem.sentence) for problem in made.problems]


def balance_of(name: str) -> int:
    db.session.rollback()
    query = (
        select(Member).outerjoin(Person, Person.id == Member.person_id).outerjoin(Organisation, Organisation.id == Member.organisation_id)
    )
    return members.balance(db.session.scalars(query.where((Person.name == name) | (Organisation.name == name))).one())


TIMEOVERFLOW = """N,Name,Email,Phone,Alternative Phone,Created,Last login,Locale,Balance
1,Rosa Martí,rosa@example.org,,,2019-03-27 10:12:00 UTC,2026-01-01 10:00:00 UTC,ca,5400
2,"Joan
Puig",,+34 971 123 456,,2020-05-01 09:00:00 UTC,,ca,-81000
3,Sense Adreça,,,,2021-01-01 09:00:00 UTC,,ca,0
"""
POSTS = """,Offer,Tags,User,Created
,Cuina,,,
41,Paella,"food, rice",Rosa Martí (1),2021-01-01
,-,,,
42,Bikes,,Nobody (99),2021-01-01
"""
COMPLETE = """Id,Title,Description,Category,Type,User,N,Created,Updated,Tags
7,A ride,To the doctor,Transport,Inquiry,Joan Puig,2,2021-01-01 10:00:00,2021-01-01 10:00:00,
"""
KOMUNITIN_MEMBERS = """code,name,type,status,access,description,adminUsers,createdAt,contact.phone,contact.email
EXMP0001,Alice Example,personal,active,public,Home baker,alice@example.org,2025-01-01T09:10:00Z,,
EXMP0002,Bob Example,personal,suspended,public,,bob@example.org,2025-01-01T09:15:00Z,07700 900123,
EXMP0003,The Co-op,business,active,public,Shop,alice@example.org;nobody@example.org,2025-01-01T09:15:00Z,,shop@example.org
EXMP0004,Left Long Ago,personal,deleted,public,,,2025-01-01T09:15:00Z,,
"""
KOMUNITIN_ACCOUNTS = """id,code,balance,creditLimit,createdAt,updatedAt
5955353b-5da9-5e96-94bb-191f7849b0fa,EXMP0001,-5.00,100.00,2025-01-01T09:10:00Z,2025-02-01T12:00:00Z
,EXMP0002,5.255,100.00,2025-01-01T09:10:00Z,2025-02-01T12:00:00Z
,EXMP0003,0.00,100.00,2025-01-01T09:10:00Z,2025-02-01T12:00:00Z
,EXMP0004,0.00,100.00,2025-01-01T09:10:00Z,2025-02-01T12:00:00Z
"""
KOMUNITIN_POSTS = """code,type,memberCode,categoryCode,title,description,status,access
fresh-bread,offer,EXMP0001,help,Fresh bread,I bake.,published,public
moving,want,EXMP0002,help,,Looking for help moving.,published,public
"""


def test_timeoverflow(bank: Bank) -> None:
    made = take([("users.csv", TIMEOVERFLOW.encode())], "timeoverflow")
    assert [step.what for step in made.steps] == ["new"] * 3 and not [line for line in said(made) if line[1]]
    assert (balance_of("Rosa Martí"), balance_of("Joan Puig"), balance_of("Sense Adreça")) == (90, -1350, 0), "seconds there, minutes here"
    rosa = people.person_at("email", "rosa@example.org")
    assert rosa and rosa.phone is None and rosa.area_id == bank.areas["mossgate"]
    member = members.member_of(rosa.id)
    assert member and member.joined_at == datetime(2019, 3, 27, 12, tzinfo=UTC) and member.agreement == ""
    joan = people.person_at("sms", "+34971123456")
    assert joan and joan.name == "Joan Puig"
    low = members.member_of(joan.id)
    assert low and low.hard_floor == -1350 and books.bounds(members.account(low))[0] == -1350, (
        "a floor of their own, no lower than they came with"
    )
    entries = db.session.scalars(select(Entry).where(Entry.kind == "opening").order_by(Entry.key)).all()
    assert [entry.key for entry in entries] == ["import:timeoverflow/mossgate:1:opening", "import:timeoverflow/mossgate:2:opening"]
    assert books.balance(members.ISSUE) == -90 + 1350 - 60 * 5, "and no starting credit on top: the five of the test have theirs"
    assert not [entry for entry in entries if "Rosa" in entry.sentence]
    assert_books_are_right()


FORMS: dict[str, Callable[[str], bytes]] = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "windows": lambda text: text.encode("cp1252"),
    "utf-16": lambda text: text.encode("utf-16"),
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "spanish": lambda text: text.replace(
        "Name,Email,Phone,Alternative Phone,Created", "Nombre,Correo,Teléfono,Teléfono alternativo,Creado"
    ).encode(),
    "catalan": lambda text: (
        text.replace("Name,Email,Phone", "Nom,Correu,Telèfon").replace("Created", "Creat").replace("Balance", "Balanç").encode()
    ),
    "empty lines": lambda text: text.replace("\n3,", "\n\n,,,,,,,,\n3,").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_files_as_programs_save_them(form: str) -> None:
    found = foreign.read([("users.csv", FORMS[form](TIMEOVERFLOW))], "timeoverflow")
    assert not found.problems
    assert [(member.id, member.name, member.minutes) for member in found.members] == [
        ("1", "Rosa Martí", 90),
        ("2", "Joan Puig", -1350),
        ("3", "Sense Adreça", 0),
    ]
    assert [member.line for member in found.members] == ([2, 3, 5] if form != "empty lines" else [2, 3, 7])


def test_columns_in_any_order() -> None:
    lines = [line.split(",") for line in ("N,Name,Email,Balance", "1,Ann,ann@example.org,3600")]
    turned = "\n".join(",".join(reversed(line)) for line in lines)
    [member] = foreign.read([("users.csv", turned.encode())], "timeoverflow").members
    assert (member.id, member.name, member.email, member.minutes) == ("1", "Ann", "ann@example.org", 60)


def test_komunitin(bank: Bank) -> None:
    files = [("members.csv", KOMUNITIN_MEMBERS.encode()), ("accounts.csv", KOMUNITIN_ACCOUNTS.encode())]
    made = take(files, "komunitin")
    assert (balance_of("Alice Example"), balance_of("Bob Example"), balance_of("The Co-op")) == (-300, 315, 0)
    notes = said(made)
    assert (3, False, "The balance of Bob Example is rounded to the nearest minute.") in notes
    assert any(line == 5 and "left out" in sentence for line, _stops, sentence in notes)
    alice, bob = people.person_at("email", "alice@example.org"), people.person_at("sms", "+447700900123")
    assert alice and bob and bob.email == "bob@example.org"
    member = members.member_of(bob.id)
    assert member and member.status == "paused"
    shop = db.session.scalars(select(Organisation).where(Organisation.name == "The Co-op")).one()
    assert shop.kind == "business" and [someone.id for _row, someone in people.acting_for(shop.id)] == [alice.id]
    assert_books_are_right()


def test_komunitins_older_bundle_and_other_units() -> None:
    older = KOMUNITIN_MEMBERS.replace("createdAt", "account.balance,createdAt").replace(",2025-", ",1.5,2025-").replace("deleted", "active")
    found = foreign.read([("members.csv", older.encode())], "komunitin", unit_minutes=10)
    assert [member.minutes for member in found.members] == [15, 15, 15, 15]
    alone = foreign.read([("accounts.csv", KOMUNITIN_ACCOUNTS.encode())], "komunitin")
    assert [problem.sentence for problem in alone.problems if problem.stops] == [
        "This file has no names. Send members.csv of the same community with it."
    ]
    without = foreign.read([("members.csv", KOMUNITIN_MEMBERS.encode())], "komunitin")
    assert "no column with balances" in without.problems[0].sentence and without.problems[0].stops
    stray = KOMUNITIN_ACCOUNTS + ",EXMP0009,7.00,,,\n"
    both = foreign.read([("members.csv", KOMUNITIN_MEMBERS.encode()), ("accounts.csv", stray.encode())], "komunitin")
    assert [(problem.file, problem.line) for problem in both.problems if problem.stops] == [("accounts.csv", 6)]


def test_the_plain_template(bank: Bank) -> None:
    made = take([("members.csv", ("\ufeff" + foreign.template()).encode())], "template", "")
    assert (balance_of("Ann Bell"), balance_of("Wednesday Friends")) == (-90, 735)
    ann = people.person_at("email", "ann@example.org")
    assert ann and ann.phone == "+447700900123" and ann.postal_address == "3 Larch Court\nMossgate"
    group = db.session.scalars(select(Organisation).where(Organisation.name == "Wednesday Friends")).one()
    assert [someone.name for _row, someone in people.acting_for(group.id)] == ["Ann Bell"]
    assert [(kind.name, kind.number, kind.ours) for kind in made.posts.kinds] == [("", 3, "")] and made.posts.behind == 3
    assert_books_are_right()


def test_a_dry_run_changes_nothing(bank: Bank) -> None:
    before = stand()
    made = imports.plan([("users.csv", TIMEOVERFLOW.encode())], "timeoverflow", "mossgate")
    assert (made.owed, made.owing, len(made.fresh)) == (90, -1350, 3) and not made.stops
    assert stand() == before
    assert imports.told(made, dry_run=True).endswith("Balances: 1 h 30 min and -22 h 30 min, together -21 h. Nothing was changed.")


def test_twice_takes_over_once(bank: Bank) -> None:
    files = [("users.csv", TIMEOVERFLOW.encode())]
    take(files, "timeoverflow")
    before = stand()
    again = take(files, "timeoverflow")
    assert stand() == before and [step.what for step in again.steps] == ["done"] * 3
    later = TIMEOVERFLOW.replace("5400", "9000") + "4,New One,new@example.org,,,2026-01-01,,ca,900\n"
    made = take([("users.csv", later.encode())], "timeoverflow")
    assert [step.what for step in made.steps] == ["done", "done", "done", "new"]
    assert any(line == 2 and "put it right by hand" in sentence for line, _stops, sentence in said(made))
    assert balance_of("Rosa Martí") == 90 and balance_of("New One") == 15
    assert_books_are_right()


def test_two_banks_both_count_from_one(bank: Bank) -> None:
    take([("users.csv", b"N,Name,Balance\n1,Ann,3600\n")], "timeoverflow", "mossgate")
    take([("users.csv", b"N,Name,Balance\n1,Ben,7200\n")], "timeoverflow", "riverside")
    assert (balance_of("Ann"), balance_of("Ben")) == (60, 120)
    take([("users.csv", b"N,Name,Email,Balance\n2,Eve,eve@example.org,3600\n")], "timeoverflow", "mossgate")
    with pytest.raises(NotReady) as caught:  # the same person, by another number: hours are not taken over twice
        take([("users.csv", b"N,Name,Email,Balance\n2,Eve,eve@example.org,3600\n")], "timeoverflow", "riverside")
    assert "for another area" in said(caught.value.plan)[0][2]
    with pytest.raises(NotReady) as caught:
        take([("users.csv", b"N,Name,Email,Balance\n3,Eve,eve@example.org,3600\n")], "timeoverflow", "riverside")
    assert "came with an import before" in said(caught.value.plan)[0][2]


def test_the_same_file_for_another_area_brings_nobody_twice(bank: Bank) -> None:
    text = b"id,name,email,phone,balance\n1,Harold,,,2\n"
    take([("members.csv", text)], "template", "mossgate")
    made = imports.plan([("members.csv", text)], "template", "riverside")
    assert made.stops and "for another area" in said(made)[0][2] and made.idle


def test_what_is_odd_is_said(bank: Bank) -> None:
    """A name that a member has, an address that is somebody else's, a day that is still ahead, no balance."""
    bank.join("Dora Field", phone="+447700900005", email=None)
    bank.join("Elsie Gill")
    ahead = clock.today() + timedelta(days=1)
    text = f"id,name,email,phone,joined,balance\n1,Maya,,,,1\n2,Ann Bell,,07700900005,,1\n3,Elsie Hall,elsie.gill@example.org,,,1\n4,New,,,{ahead},\n"
    problems = said(imports.plan([("members.csv", text.encode())], "template", "mossgate"))
    assert [(line, stops) for line, stops, _sentence in problems] == [(2, False), (3, True), (4, False), (5, False), (5, False)]
    assert bank.cards["Maya"] in problems[0][2] and "is that of Dora Field" in problems[1][2] and "these hours go to them" in problems[2][2]
    assert {"still ahead" in problems[3][2], "no balance" in problems[4][2]} == {True}


def test_who_came_with_hours_is_not_told_that_they_never_asked(bank: Bank) -> None:
    take([("members.csv", b"id,name,email,joined,balance\n1,Harold,h@example.org,2020-01-01,30\n")], "template", "mossgate")
    bank.join("Ella")
    lend(bank, "Ella", 1_800)
    assert matching.nudge() == 1 and told("Harold") == []
    assert [each.member.person.name for each in quiet.quiet(None) if each.member.person] == []
    with clock.held_at(clock.now() + timedelta(days=91)):
        assert matching.nudge() == 2
        assert "Harold" in [each.member.person.name for each in quiet.quiet(None) if each.member.person]


def test_whom_we_know_gets_the_hours(bank: Bank) -> None:
    with transaction():
        people_known = Person(ref="PER-2222-2222", name="Nia", email="nia@example.org", joined_at=datetime(2026, 1, 1, tzinfo=UTC))
        db.session.add(people_known)
    text = "N,Name,Email,Balance\n1,Maya,maya@example.org,3600\n2,Nia,NIA@example.org,1800\n3,Idris K.,idris@example.org,0\n"
    made = take([("users.csv", text.encode())], "timeoverflow")
    assert [step.what for step in made.steps] == ["member", "joins", "member"]
    assert bank.has("Maya") == 60 + 60 and balance_of("Nia") == 30, "what she had by joining here stays"
    assert bank.member("Maya").agreement != ""
    assert [(line, stops) for line, stops, _sentence in said(made)] == [(4, False)]
    assert "At this address we know Idris" in said(made)[0][2]
    assert_books_are_right()


WRONG = """id,name,kind,email,phone,address,area,joined,balance
1,Right,,right@example.org,,,mossgate,,1
2,,,,,,mossgate,,1
,No Number,,,,,mossgate,,1
1,Twice,,,,,mossgate,,1
5,Strange Mail,,not-an-address,12,,mossgate,31/2/2020,1
6,Nowhere,,,,,atlantis,,1
7,Much,,,,,mossgate,,99999
8,Words,,,,,mossgate,,plenty
9,Same Mail,,right@example.org,,,mossgate,,1
10,Odd Kind,spaceship,,,,mossgate,,1
ann@example.org,An Address,,,,,mossgate,,1
12,No Area,,,,,,,1
"""


def test_every_problem_is_told_by_its_line(bank: Bank) -> None:
    before = stand()
    with pytest.raises(NotReady) as caught:
        take([("members.csv", WRONG.encode())], "template", "")
    assert stand() == before
    assert [(line, stops) for line, stops, _sentence in said(caught.value.plan)] == [
        (3, True), (4, True), (5, True), (6, False), (6, False), (6, False), (7, True), (8, True), (9, True), (10, True), (11, True), (12, True), (13, True),
    ]  # fmt: skip
    assert {problem.file for problem in caught.value.plan.problems} == {"members.csv"}
    assert imports.in_words(caught.value.plan.problems[0]).startswith("members.csv, line 3: The name is missing")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n\n", b"\x00\x01\x02", b"a,b\n1,2\n", b"id,name,balance\n", b"id;name;balance\n\n", b"PK\x03\x04" + bytes(range(256)) * 4,
        b'id,name,balance\n"1', b"id,id,name,balance\n1,2,x,1\n", b"id,name,balance\n1," + b"x" * 200_000 + b",1\n", b"\xff\xfe\x00", b"\xff" * 50,
        b"id,name,balance\n" + b"1,x,1\n" * 3001, b"x" * (1024 * 1024 + 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("source", foreign.SOURCES)
def test_files_that_are_none(bank: Bank, data: bytes, source: str) -> None:
    before = stand()
    with pytest.raises(NotReady) as caught:
        take([("odd.csv", data)], source)
    assert caught.value.plan.problems and stand() == before


HOSTILE = [
    "' OR 1=1 --",
    "<script>",
    "=cmd|' /C calc'!A0",
    "{{7*7}}",
    "%(name)s",
    "../../etc/passwd",
    "🎉",
    "\u202eevil",
    "9" * 40,
    "1e309",
    "NaN",
    "-",
    "٣",
    "\x07",
]


@pytest.mark.parametrize("column", foreign.TEMPLATE)
def test_hostile_cells(bank: Bank, column: str) -> None:
    good = {"id": "", "name": "Somebody", "area": "mossgate", "balance": "1"}
    lines = [",".join(foreign.TEMPLATE)]
    for number, hostile in enumerate(HOSTILE, 1):
        cells = {**good, "id": str(number), column: hostile.replace('"', '""')}
        lines.append(",".join(f'"{cells.get(name, "")}"' for name in foreign.TEMPLATE))
    made = imports.plan([("members.csv", "\n".join(lines).encode())], "template", "")
    if not made.stops:
        take([("members.csv", "\n".join(lines).encode())], "template", "")
        assert len(db.session.scalars(select(Imported)).all()) == len(made.steps)
    else:
        assert column in ("id", "area", "kind", "balance", "name")
    assert all(1 < problem.line <= len(HOSTILE) + 1 for problem in made.problems if problem.line)
    assert_books_are_right()


def test_what_is_asked_must_be_right(bank: Bank) -> None:
    with pytest.raises(Refused, match="where the files come from"):
        imports.plan([], "cyclos", "mossgate")
    with pytest.raises(Refused, match="from 1 to 600"):
        imports.plan([], "komunitin", "mossgate", 0)
    assert imports.plan([], "template", "mossgate").stops


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE imported_member SET minutes = 0", "DELETE FROM imported_member",
        "INSERT INTO imported_member (source, their_id, member_id, minutes, imported_at) SELECT 'x', 'y', member_id, 0, imported_at FROM imported_member",
        "INSERT INTO imported_member (source, their_id, member_id, minutes, imported_at) SELECT source, their_id, member_id - 1, 0, imported_at FROM imported_member",
    ],
)  # fmt: skip
def test_the_database_refuses(bank: Bank, what: str) -> None:
    take([("users.csv", b"N,Name,Balance\n1,Ann,3600\n")], "timeoverflow")
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text(what))
    db.session.rollback()


def test_a_person_gets_what_is_kept(bank: Bank) -> None:
    take([("users.csv", TIMEOVERFLOW.encode())], "timeoverflow")
    rosa = people.person_at("email", "rosa@example.org")
    assert rosa
    about = all_about(rosa.id)["time brought along"]
    assert (about["from"], about["number there"], about["brought"]) == ("timeoverflow/mossgate", "1", "1 h 30 min")


def test_the_command(app: Flask, bank: Bank, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text(TIMEOVERFLOW)
    run = app.test_cli_runner()
    words = ["timebank", "import", str(file), "--from", "timeoverflow", "--area", "mossgate"]
    before = stand()
    dry = run.invoke(args=[*words, "--dry-run"])
    assert dry.exit_code == 0 and dry.output.startswith("Would take over 3 members: 3 new") and stand() == before
    done = run.invoke(args=words)
    assert done.exit_code == 0 and done.output.startswith("Taken over: 3 members"), done.output
    assert balance_of("Rosa Martí") == 90
    again = run.invoke(args=words)
    assert "0 members" in again.output and "3 came before" in again.output
    file.write_text(WRONG)
    wrong = run.invoke(args=["timebank", "import", str(file), "--from", "template"])
    assert wrong.exit_code == 1 and "users.csv, line 3: The name is missing" in wrong.output
    assert_books_are_right()
