"""Offers and requests from other timebanks: to whom they belong, by kinds that somebody matched, each once, and nobody is told."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.history import Actor, Event
from portal.outbox import Message
from portal.timebank import foreign, imports, members, posts, search
from portal.timebank.imports import Plan
from portal.timebank.model import Member
from portal.timebank.paper_model import ImportedPost
from portal.timebank.posts_model import Post
from tests.client import Inspector
from tests.timebank.bank import Bank, assert_books_are_right, open_bank

USERS = """N,Name,Email,Phone,Balance
1,Rosa Martí,rosa@example.org,,5400
2,Joan Puig,joan@example.org,,-1800
"""
OFFERS = """,Offer,Tags,User,Created
,Cuina,,,
41,Paella,"food, rice",Rosa Martí (1),2021-01-01
,-,,,
42,Bikes,,Nobody (99),2021-01-01
"""
COMPLETE = """Id,Title,Description,Category,Type,User,N,Created,Updated,Tags
7,A ride,To the doctor,Transport,Inquiry,Joan Puig,2,2021-01-01 10:00:00,2021-01-01 10:00:00,"[""car"", ""doctor""]"
41,Paella,For six,Cuina,Offer,Rosa Martí,1,2021-01-01 10:00:00,2021-01-01 10:00:00,[]
"""
KOMUNITIN = {
    "members.csv": """code,name,type,status,access,description,adminUsers,account.balance,createdAt,contact.phone,contact.email
EXMP0001,Alice Example,personal,active,public,Home baker,alice@example.org,1,2025-01-01T09:10:00Z,,
EXMP0002,Bob Example,personal,suspended,public,,bob@example.org,2,2025-01-01T09:15:00Z,07700 900123,
""",
    "posts.csv": """code,type,memberCode,categoryCode,title,description,status,access,value,fulfilledAt,expiresAt,createdAt,updatedAt
fresh-bread,offer,EXMP0001,help,Fresh bread,I bake.,published,public,3 EXMP,,2026-12-24T00:00:00Z,2025-01-02T10:00:00Z,2025-01-02T10:00:00Z
moving,want,EXMP0002,help,,Looking for help moving.,published,public,,,,2025-01-02T10:00:00Z,2025-01-02T10:00:00Z
old,offer,EXMP0001,help,Old offer,It was.,published,public,,,2025-06-01T00:00:00Z,2025-01-02T10:00:00Z,2025-01-02T10:00:00Z
drafted,offer,EXMP0001,help,A draft,Not yet.,draft,public,,,,2025-01-02T10:00:00Z,2025-01-02T10:00:00Z
done,want,EXMP0001,help,,Somebody to talk to.,published,public,,2025-03-01T10:00:00Z,,2025-01-02T10:00:00Z,2025-01-02T10:00:00Z
""",
    "categories.csv": "code,name,description,access\nhelp,Community help,Together.,public\n",
}
PLAIN_MEMBERS = "id,name,email,area,balance,offers\n12,Ann Bell,ann@example.org,mossgate,1,Sewing on buttons\n"
PLAIN_POSTS = """post,member,kind,title,text,category,until
1,12,offer,Lifts to town,On Mondays,Lifts and getting about,
2,12,request,A hand with my hedge,,GARDEN,%(until)s
"""
KINDS = {"Cuina": "cooking", "Transport": "lifts", "Community help": "other"}


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def files(**texts: str) -> list[tuple[str, bytes]]:
    return [(name.replace("_", "."), words.encode()) for name, words in texts.items()]


OVERFLOW = files(users_csv=USERS, offers_csv=OFFERS, complete_csv=COMPLETE)


def take(some: list[tuple[str, bytes]], source: str, kinds: Mapping[str, str] | None = None) -> Plan:
    return imports.take_over(some, source, "mossgate", Actor(None), 60, kinds)


def all_posts() -> list[Post]:
    db.session.rollback()
    return list(db.session.scalars(select(Post).order_by(Post.id)))


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_they_belong_to_their_member(bank: Bank) -> None:
    before = count(Message)
    made = take(OVERFLOW, "timeoverflow", KINDS)
    paella, ride = all_posts()
    assert (members.name_of(paella.member), paella.kind, paella.title, paella.text, paella.category.code) == (
        "Rosa Martí", "offer", "Paella", "For six", "cooking",
    )  # fmt: skip
    assert (members.name_of(ride.member), ride.kind, ride.title, ride.text, ride.tags) == (
        "Joan Puig", "request", "A ride", "To the doctor", "car, doctor",
    )  # fmt: skip
    assert paella.ends_on == clock.today() + timedelta(days=90) and ride.ends_on == clock.today() + timedelta(days=30)
    assert {post.area_id for post in (paella, ride)} == {bank.areas["mossgate"]} and {paella.reach, ride.reach} == {"area"}
    event = db.session.scalars(select(Event).where(Event.about == posts.about(paella))).one()
    assert (event.kind, event.basis, event.on_behalf_id) == ("posted", "import", paella.member.person_id)
    assert [(problem.file, problem.line) for problem in made.problems] == [("offers.csv", 5)], "who is in no list of members"
    found = search.search("paella", search.viewer_of(bank.who("Maya")), search.Filters())
    assert [post.ref for post in found.rows] == [paella.ref]
    assert count(Message) == before, "nobody is told"
    assert_books_are_right()


def test_the_second_run_makes_nothing_and_a_corrected_file_what_is_new(bank: Bank) -> None:
    take(OVERFLOW, "timeoverflow", KINDS)
    posts.end(all_posts()[1].ref, "met", bank_person("Joan Puig"))
    again = take(OVERFLOW, "timeoverflow", KINDS)
    assert (again.idle, again.posts.done, len(again.posts.coming)) == (True, 2, 0)
    assert len(all_posts()) == 2 and all_posts()[1].status == "met", "what became of it here stays"
    more = OFFERS.replace("42,Bikes,,Nobody (99)", "42,Bikes,,Joan Puig (2)")
    made = take(files(users_csv=USERS, offers_csv=more, complete_csv=COMPLETE), "timeoverflow", {**KINDS, "": "repairs"})
    assert [one.post.title for one in made.posts.coming] == ["Bikes"] and not made.fresh and not made.idle
    assert [post.title for post in all_posts()] == ["Paella", "A ride", "Bikes"]


def bank_person(name: str) -> Any:
    from portal.people.access import Who
    from portal.people.model import Person

    found = db.session.scalars(select(Person).where(Person.name == name)).one()
    return Who(found.id, found.ref, found.name, found.area_id, frozenset())


def test_kinds_that_nobody_matched_are_listed_and_can_come_later(bank: Bank) -> None:
    first = take(OVERFLOW, "timeoverflow", {"Transport": "lifts"})
    assert [(kind.name, kind.number, kind.ours) for kind in first.posts.kinds] == [("Cuina", 1, ""), ("Transport", 1, "lifts")]
    assert ["Cuina" in problem.sentence and not problem.stops for problem in first.posts.problems] == [True]
    assert [post.title for post in all_posts()] == ["A ride"] and first.posts.behind == 1
    take(OVERFLOW, "timeoverflow", {"cuina ": "cooking"})
    assert [post.title for post in all_posts()] == ["A ride", "Paella"]
    with pytest.raises(Refused, match="no kind of help"):
        take(OVERFLOW, "timeoverflow", {"Cuina": "cuina"})


def test_komunitin(bank: Bank) -> None:
    made = take([(name, text.encode()) for name, text in KOMUNITIN.items()], "komunitin", KINDS)
    bread, moving = all_posts()
    assert (bread.title, bread.ends_on.isoformat(), bread.status) == ("Fresh bread", "2026-12-24", "open")
    assert (moving.title, moving.kind, moving.status) == ("Looking for help moving.", "request", "paused"), "its member takes a break"
    assert [(problem.file, problem.line) for problem in made.problems if problem.file == "posts.csv"] == [
        ("posts.csv", 4), ("posts.csv", 5), ("posts.csv", 6),
    ]  # fmt: skip
    assert not any("nothing in this file" in problem.sentence for problem in made.problems)


def test_the_plain_template(bank: Bank) -> None:
    both = [("m.csv", foreign.template().encode()), ("p.csv", foreign.posts_template().encode())]
    assert [one.post.key for one in imports.plan(both, "template").posts.coming] == ["1", "2"], "our own examples can be read"
    until = clock.today() + timedelta(days=50)
    sent = files(members_csv=PLAIN_MEMBERS, posts_csv=PLAIN_POSTS % {"until": until.isoformat()})
    take(sent, "template", {"": "crafts"})
    assert [(post.title, post.category.code, post.ends_on) for post in all_posts()] == [
        ("Sewing on buttons", "crafts", clock.today() + timedelta(days=90)),
        ("Lifts to town", "lifts", clock.today() + timedelta(days=90)),
        ("A hand with my hedge", "garden", until),
    ]


WRONG = """post,member,kind,title,text,category,until
1,12,offer,Ring me,My number is 07700 900456,Garden,
2,12,offer,,Nothing said,Garden,
3,99,offer,Nobody has this,,Garden,
4,12,offer,Ask for Ann Bell,,Garden,
5,12,request,Long over,,Garden,2020-01-01
6,12,request,What day,,Garden,some day
7,12,offer,<script>alert(1)</script> & "quotes",%(long)s,Garden,
"""


def test_what_cannot_come_is_told_by_its_line(bank: Bank) -> None:
    made = take(files(members_csv=PLAIN_MEMBERS.replace(",Sewing on buttons", ","), posts_csv=WRONG % {"long": "x" * 900}), "template")
    assert [(problem.line, problem.stops) for problem in made.problems] == [(line, False) for line in (2, 3, 4, 5, 6, 7, 8)]
    assert [post.title for post in all_posts()] == ["What day", '<script>alert(1)</script> & "quotes"']
    assert len(all_posts()[1].text) == 800
    with pytest.raises(imports.NotReady):
        take(files(members_csv=PLAIN_MEMBERS, posts_csv="post,member,kind,title\n1,12,wish,A wish\n"), "template")


def test_nobody_gets_more_than_they_may_have(bank: Bank) -> None:
    lines = "".join(f"{number},12,offer,Offer number {number},,Garden,\n" for number in range(1, 24))
    made = take(
        files(members_csv=PLAIN_MEMBERS, posts_csv="post,member,kind,title,text,category,until\n" + lines), "template", {"": "crafts"}
    )
    assert (len(made.posts.coming), made.posts.behind, count(Post)) == (20, 4, 20)


def test_who_left_here_gets_nothing_new(bank: Bank) -> None:
    take(files(members_csv=PLAIN_MEMBERS), "template")
    with transaction():
        ann = db.session.scalars(select(Member).order_by(Member.id.desc()).limit(1)).one()
        ann.status = "left"
    made = take(files(members_csv=PLAIN_MEMBERS), "template", {"": "crafts"})
    assert made.posts.behind == 1 and not made.posts.coming and "has left" in made.problems[-1].sentence


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE imported_post SET their_id = 'x'", "DELETE FROM imported_post",
        "INSERT INTO imported_post (source, their_id, post_id, imported_at) SELECT 'x', 'y', post_id, imported_at FROM imported_post",
        "INSERT INTO imported_post (source, their_id, post_id, imported_at) SELECT source, their_id, 0, imported_at FROM imported_post",
    ],
)  # fmt: skip
def test_the_database_refuses(bank: Bank, what: str) -> None:
    take(files(members_csv=PLAIN_MEMBERS), "template", {"": "crafts"})
    assert count(ImportedPost) == 1
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text(what))
    db.session.rollback()


def test_on_the_page(app: Flask, bank: Bank) -> None:
    from io import BytesIO

    page = Inspector(app, budget=100).sign_in(bank.who("Olga").id)
    page.get("/timebank/desk/import")
    sent = [(BytesIO(data), name) for name, data in OVERFLOW]
    page.submit("See what would be done", status=200, source="timeoverflow", area="mossgate", unit="60", files=sent)
    assert "We have no kind of help called “Cuina”" in page.text and not all_posts()
    page.submit("Look again with these kinds", status=200, theirs=["Cuina", "Transport"], ours=["cooking", "lifts"])
    assert "We have no kind of help called" not in page.text and not all_posts()
    page.submit("Import", theirs=["Cuina", "Transport"], ours=["cooking", "lifts"])
    assert [(post.title, post.category.code) for post in all_posts()] == [("Paella", "cooking"), ("A ride", "lifts")]
    page.get("/timebank/desk/")
    assert "Offers and requests: 2 come along, 0 came before, 0 stay behind." in page.text
    page.get("/timebank/desk/import/posts.csv")


def test_on_the_machine(app: Flask, bank: Bank, tmp_path: Path) -> None:
    names = []
    for name, data in OVERFLOW:
        (tmp_path / name).write_bytes(data)
        names.append(str(tmp_path / name))
    run = app.test_cli_runner()
    words = ["timebank", "import", *names, "--from", "timeoverflow", "--area", "mossgate", "--kind", "Cuina=cooking"]
    dry = run.invoke(args=[*words, "--dry-run"])
    assert dry.exit_code == 0 and "Offers and requests: 1 come along, 0 came before, 1 stay behind." in dry.output and not all_posts()
    assert "complete.csv, line 2: We have no kind of help called “Transport”" in dry.output
    done = run.invoke(args=[*words, "--kind", "Transport=lifts"])
    assert done.exit_code == 0 and len(all_posts()) == 2
    assert run.invoke(args=[*words, "--kind", "Transport"]).exit_code != 0
