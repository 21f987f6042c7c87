"""The public register: found, filtered, sorted, paged both ways; every fact of an entry, and no individual."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text, update
from sqlalchemy.engine import Engine

from portal import clock
from portal.db import db, is_postgresql, transaction
from portal.exports import register
from portal.exports.register import Asked
from portal.grants import apply
from portal.grants.model import Application, Award, Photo, Pledge, Report
from portal.grants.shield import shielded
from portal.money import Minutes
from portal.panels import actions as panels
from portal.refs import new_ref
from tests.client import NS, Inspector
from tests.conftest import Store
from tests.exports.small import TODAY, Small, decline

BUDGET = 8  # queries a page (design 5)
ALL = ["lamps", "gnomes", "books", "bench", "hall", "garden"]  # newest first; herbs were turned down


@pytest.fixture
def app(small: Small, store: Store) -> Flask:
    """The app of the small scheme; `small` has begun its context."""
    return store.app


def titles(small: Small, found: register.Found) -> list[str]:
    names = {ref: name for name, ref in small.bids.items()}
    return [names[line.ref] for line in found.lines]


def looked_for(small: Small, **asked: str) -> list[str]:
    return titles(small, register.search(Asked(**asked)))


# --- what is shown -------------------------------------------------------------------------------------------------------


def test_what_was_decided_and_told_is_shown(small: Small) -> None:
    newest = looked_for(small)
    assert sorted(newest) == sorted(ALL)
    assert newest[2:] == ["books", "bench", "hall", "garden"]
    assert "herbs" not in newest, "an offer that was turned down is nobody's business"
    states = {line.ref: line.state for line in register.search(Asked()).lines}
    assert states[small.bids["gnomes"]] == "declined" and states[small.bids["garden"]] == "awarded"


def test_an_undecided_or_untold_bid_is_not_there(app: Flask, small: Small) -> None:
    sent = small.season.sent("Still thinking")
    decided = small.season.decided(small.season.sent("Not told yet"))
    public = Inspector(app, BUDGET)
    for ref in (sent, decided, small.bids["herbs"], "SPK-2222-2222", "x", "../../etc"):
        public.get(f"/register/{ref}", status=404)
        public.get(f"/register/{ref}.json", status=404)
    assert "Still thinking" not in public.get("/register/").text and "Not told yet" not in public.text


# --- looking for words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("garden", ["garden"]),
        ("GARDENS", ["garden"]),  # another form of the word
        ("gard", ["garden"]),  # its beginning
        ("gard moss", ["garden"]),
        ("the garden for Mossgate", ["garden"]),  # small words do not matter
        ("raised beds", ALL),
        ("bench garden", []),  # all of the words
        ("  bus\tSTOP  ", ["bench"]),
        ("Gardeners", ["garden"]),  # as a form of garden, not as the name of a group
        ("Rita", []),
        ("a", ALL),
        ("", ALL),
    ],
)
def test_words(small: Small, words: str, found: list[str]) -> None:
    assert sorted(looked_for(small, q=words)) == sorted(found)


def test_the_name_of_a_group_that_is_not_shown_finds_nothing(small: Small) -> None:
    with transaction():
        db.session.execute(update(Application).where(Application.ref == small.bids["bench"]).values(group_name="Zebedee and friends"))
    assert looked_for(small, q="zebedee") == []


HOSTILE = (
    '"', "'", "garden'", '"garden', "garden AND", "AND OR NOT", "NEAR(a b)", "title:garden", "garden*", "*", "^garden", "{x}", "-garden", "+", "(", ")))", "garden\\", "a:b:c",
    "& | !", "<->", "garden:*", "':*", "\x00", "gar\x00den", "%", "%%s", "%(x)s", "_", "___", "²", "🌱", "\u202egarden", "x" * 5000, "a " * 2000, "\ud800", "'; DROP TABLE application; --",
    "İ", "ß", "１２",
)  # fmt: skip


def test_hostile_words_never_hurt(app: Flask, small: Small) -> None:
    public = Inspector(app, BUDGET)
    for number, words in enumerate(HOSTILE):
        for name in ("q", ("area", "year", "fund", "state", "sort", "after", "before")[number % 7]):
            answer = public.client.get("/register/", query_string={name: words.encode("utf-8", "surrogatepass")})
            assert answer.status_code == 200, (name, words)
    public.get("/register/?q=%3Cscript%3Ealert(1)%3C/script%3E%22")
    assert "<script>alert" not in public.text and 'value="&lt;script&gt;' in public.text


def test_changed_words_are_found_and_old_ones_are_not(small: Small) -> None:
    with transaction():
        db.session.execute(update(Application).where(Application.ref == small.bids["bench"]).values(title="A trampoline"))
    assert looked_for(small, q="trampoline") == ["bench"] and looked_for(small, q="bench") == []


# --- filters, order, pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"area": "mossgate"}, ALL),  # the pump stands in Mossgate
        ({"area": "pump"}, ["lamps"]),
        ({"area": "moon"}, []),
        ({"fund": "small-sparks"}, ALL),
        ({"fund": "moon"}, []),
        ({"year": "2026-27"}, ALL),
        ({"year": "2025-26"}, []),
        ({"year": "26"}, []),
        ({"state": "declined"}, ["gnomes"]),
        ({"state": "awarded"}, ["lamps", "books", "bench", "hall", "garden"]),
        ({"state": "finished"}, []),
        ({"state": "returned"}, []),
        ({"state": "moon"}, []),
        ({"state": "declined", "q": "gnomes", "area": "mossgate", "year": "2026-27", "fund": "small-sparks", "sort": "oldest"}, ["gnomes"]),
        ({"state": "declined", "sort": "most"}, ["gnomes"]),
    ],
)
def test_filters(small: Small, asked: dict[str, str], found: list[str]) -> None:
    assert sorted(looked_for(small, **asked)) == sorted(found)


def test_finished_and_returned(small: Small) -> None:
    with transaction():
        for name, status in (("bench", "closed"), ("books", "returned")):
            ids = db.session.query(Application.id).filter(Application.ref == small.bids[name]).scalar_subquery()
            db.session.execute(update(Award).where(Award.application_id == ids).values(status=status))
    assert looked_for(small, state="finished") == ["bench"]
    assert looked_for(small, state="returned") == ["books"]
    assert looked_for(small, state="awarded") == ["lamps", "hall", "garden"]


def test_order(small: Small) -> None:
    assert looked_for(small, sort="oldest") == list(reversed(looked_for(small)))
    assert looked_for(small, sort="most") == ["garden", "hall", "bench", "lamps", "books"]


@pytest.mark.parametrize(
    "asked", [{}, {"sort": "oldest"}, {"sort": "most"}, {"state": "awarded"}, {"state": "awarded", "sort": "oldest"}, {"q": "raised"}]
)
@pytest.mark.parametrize("limit", [1, 2, 4])
def test_pages_both_ways(small: Small, asked: dict[str, str], limit: int) -> None:
    """Forwards to the end and back again: the same pages, nothing twice, nothing left out, also where moments or sums are equal."""
    with transaction():
        db.session.execute(update(Application).where(Application.released_at.is_not(None)).values(released_at=TODAY))
        db.session.execute(text("UPDATE award SET offered_at = (SELECT max(offered_at) FROM award)")) if not is_postgresql() else None
    question = Asked(**asked)
    whole = titles(small, register.search(question, limit=50))
    forwards, page = [], register.search(question, limit=limit)
    assert page.newer is None
    while True:
        forwards.append(titles(small, page))
        if page.older is None:
            break
        assert page.older == question.address(after=page.lines[-1].ref)
        page = register.search(question, after=page.lines[-1].ref, limit=limit)
    assert list(itertools.chain(*forwards)) == whole
    backwards = [titles(small, page)]
    while page.newer is not None:
        page = register.search(question, before=page.lines[0].ref, limit=limit)
        backwards.insert(0, titles(small, page))
    assert list(itertools.chain(*backwards)) == whole and len(backwards) == len(forwards)


def test_going_on_from_nowhere_begins_anew(small: Small) -> None:
    newest = looked_for(small)
    assert titles(small, register.search(Asked(), after="SPK-2222-2222")) == newest
    assert titles(small, register.search(Asked(), before=small.bids[newest[0]])) == newest
    end = register.search(Asked(), after=small.bids[newest[-1]])
    assert (end.lines, end.older, end.newer) == ([], None, "/register/")


def test_pages_have_links_and_keep_the_question(app: Flask, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = register.search.__kwdefaults__
    assert usual is not None
    monkeypatch.setitem(usual, "limit", 2)
    public = Inspector(app, BUDGET).get("/register/?q=raised&sort=oldest")
    links = [element.get("href") for element in public.tree.iter(f"{NS}link") if element.get("rel") in ("next", "prev")]
    assert len(links) == 1 and links[0].startswith("/register/?q=raised&sort=oldest&after=SPK-")
    public.get(links[0])
    links = [element.get("href") for element in public.tree.iter(f"{NS}a") if element.get("rel") in ("next", "prev")]
    assert [re.sub("SPK.*", "", link) for link in links] == [
        "/register/?q=raised&sort=oldest&before=",
        "/register/?q=raised&sort=oldest&after=",
    ]


# --- the page ------------------------------------------------------------------------------------------------------------


def test_nothing_yet_and_nothing_found(app: Flask, small: Small) -> None:
    public = Inspector(app, BUDGET)
    assert "Nothing found" in public.get("/register/?q=zzzz").text and "Show everything" in public.text
    end = small.bids[looked_for(small)[-1]]
    assert "That is all" in public.get(f"/register/?after={end}").text
    with transaction():
        db.session.execute(text("UPDATE application SET released_at = NULL"))
    assert "Nothing is decided yet" in public.get("/register/").text


def test_only_the_results_come_for_a_script(app: Flask, small: Small) -> None:
    public = Inspector(app, BUDGET).get("/register/?q=garden", headers={"HX-Request": "true"})
    assert public.text.startswith('<div id="results"') and "A garden for Mossgate" in public.text
    answer = public.client.get("/register/", headers={"HX-Request": "true"})
    assert {"HX-Request", "Cookie"} <= set(re.split(r",\s*", answer.headers["Vary"]))


def test_caches_ask_and_are_answered_shortly(app: Flask, small: Small) -> None:
    client = app.test_client()
    for path in ("/register/", f"/register/{small.bids['garden']}", f"/register/{small.bids['garden']}.json"):
        for encoding in ("identity", "br"):
            first = client.get(path, headers={"Accept-Encoding": encoding})
            assert first.status_code == 200 and first.headers["Cache-Control"] == "public, no-cache"
            again = client.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b"")
    tag = client.get("/register/").headers["ETag"]
    decline(small.season, small.season.sent("A swing"))
    answer = client.get("/register/", headers={"If-None-Match": tag})
    assert answer.status_code == 200 and b"A swing" in answer.data
    someone = Inspector(app).sign_in(small.season.who("Rita").id).get("/register/")
    assert someone.client.get("/register/").headers["Cache-Control"] == "no-store", "it says who has signed in"


def test_budget_of_queries(app: Flask, small: Small) -> None:
    """Eight, for a visitor and for an officer, with everything asked for at once."""
    for who in (None, "Rita", "Olga"):
        browser = Inspector(app, BUDGET)
        if who:
            browser.sign_in(small.season.who(who).id)
        browser.get("/register/")
        browser.get(f"/register/{small.bids['garden']}")
        browser.get(f"/register/{small.bids['gnomes']}")
        browser.get("/register/?q=raised&area=mossgate&year=2026-27&sort=oldest")
        browser.get(
            f"/register/?q=raised&area=mossgate&year=2026-27&fund=small-sparks&state=awarded&sort=most&after={small.bids['garden']}"
        )


# --- an entry ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(small: Small) -> Small:
    """Rita Moore's bench with everything that an entry can have: six neighbours, a tie, a report with a photo, hours."""
    season = small.season
    with transaction():
        db.session.execute(text("UPDATE person SET name = 'Rita Moore' WHERE name = 'Rita'"))
        bid = db.session.query(Application).filter(Application.ref == small.bids["bench"]).one()
        for number in range(6):
            db.session.add(
                Pledge(
                    ref=new_ref("PLG"), application_id=bid.id, name=f"Neighbour {number} Patel", kind="hours", status="confirmed", minutes=Minutes(75),
                    invited_at=clock.now(), contact=f"n{number}@example.org", channel="email",
                )
            )  # fmt: skip
        db.session.add(
            Pledge(
                ref=new_ref("PLG"),
                application_id=bid.id,
                name="Refused Patel",
                kind="hours",
                status="refused",
                minutes=Minutes(600),
                invited_at=clock.now(),
            )
        )
        bid.decision_reason = "Rita  Moore and Neighbour 3 Patel will be sitting there.\nRing 07700 900123."
        award = db.session.query(Award).filter(Award.application_id == bid.id).one()
        award.delivered = Minutes(450)
        told_of = db.session.query(Report).filter(Report.award_id == award.id).one()
        told_of.happened, told_of.changed, told_of.may_publish, told_of.status = (
            "We sat down with rita moore.",
            "We talk.",
            True,
            "accepted",
        )
        for about, public in (
            (f"bid:{bid.id}", True),
            (f"report:{told_of.id}", True),
            (f"report:{told_of.id}", False),
            ("receipt:1", True),
        ):
            db.session.add(
                Photo(
                    ref=new_ref("PIC"), about=about, file="x.jpg", width=40, height=30, alt=f"{about} by Rita Moore", public=public,
                    added_by=season.actor("Rita").code, added_at=clock.now(),
                )
            )  # fmt: skip
    return small


def test_an_entry_tells_everything_and_names_nobody(app: Flask, told: Small) -> None:
    page = Inspector(app, BUDGET).get(f"/register/{told.bids['bench']}")
    shown = " ".join("".join(page.tree.itertext()).split())
    for fact in (
        "A bench by the bus stop", "Under way", "A resident of Mossgate", "Small Sparks", "Tuesday 2 June 2026", "Raised beds that neighbours look after.",
        "Asked for £80.00", "Awarded £80.00", "Paid £80.00", "Hours promised 7 h 30 min", "Hours given 7 h 30 min", "6 neighbours promised to help.",
        "a neighbour and a neighbour will be sitting there.", "Ring [left out].", "We sat down with a neighbour.", "We talk.", "Yes3", "4 seats could vote.", "None.",
    ):  # fmt: skip
        assert fact.replace(" £", "£").replace(" 7 h", "7 h") in shown.replace(" £", "£").replace(" 7 h", "7 h"), (fact, shown)
    assert [image.get("src")[:11] for image in page.tree.iter(f"{NS}img") if "/photos/" in image.get("src", "")] == ["/photos/PIC"] * 2
    facts = Inspector(app, BUDGET).get(f"/register/{told.bids['bench']}.json").text
    for words in (page.text, facts, Inspector(app).get("/register/").text):
        assert not re.search(r"rita|patel|900123|@example.org|receipt:", words, re.IGNORECASE), words


def test_an_entry_for_programs(app: Flask, told: Small) -> None:
    public = Inspector(app, BUDGET)
    page = public.get(f"/register/{told.bids['bench']}")
    (link,) = [one.get("href") for one in page.tree.iter(f"{NS}link") if one.get("rel") == "alternate"]
    facts = json.loads(public.get(link).text)
    assert facts["reference"] == told.bids["bench"] and facts["decided_on"] == "2026-06-02"
    wanted = {
        "asked_pence": 80_00,
        "awarded_pence": 80_00,
        "paid_pence": 80_00,
        "pledged_minutes": 450,
        "delivered_minutes": 450,
        "neighbours": 6,
    }
    assert {name: facts[name] for name in wanted} == wanted
    assert facts["votes"] == {"able": 4, "tied": 0, "yes": 3, "no": 0, "not_yet": 0, "abstain": 0}
    declined = json.loads(public.get(f"/register/{told.bids['gnomes']}.json").text)
    assert "awarded_pence" not in declined and declined["recipient" if "recipient" in declined else "state"] == "declined"
    assert declined["reason"] == "We would rather have trees."


def test_few_neighbours_are_not_counted(app: Flask, told: Small) -> None:
    with transaction():
        db.session.execute(text("UPDATE pledge SET status = 'refused' WHERE contact IN ('n0@example.org', 'n1@example.org')"))
    page = Inspector(app, BUDGET).get(f"/register/{told.bids['bench']}")
    assert "Fewer than five neighbours promised to help." in page.text and "4 neighbours" not in page.text
    assert "neighbours" not in json.loads(Inspector(app).get(f"/register/{told.bids['bench']}.json").text)


@pytest.mark.parametrize("change", [{"may_publish": False}, {"status": "sent"}, {"status": "started"}])
def test_a_report_is_not_printed_before_it_may_be(told: Small, change: dict[str, Any]) -> None:
    with transaction():
        db.session.execute(update(Report).values(**change))
    found = register.entry(told.bids["bench"])
    assert (found.happened, found.changed, len(found.photos)) == ("", "", 1)


def test_declared_ties_are_said_without_names(app: Flask, small: Small) -> None:
    season = small.season
    ref = season.sent("A tree")
    matter = season.with_panel(ref)
    panels.declare(season.who("Dan"), season.panel_ref, matter, "family", "My brother's tree")
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, "no", "Too tall.")
    panels.close(season.who("Ada"), season.panel_ref, matter)
    from portal.grants import decide

    decide.write_letter(ref, "It is too tall.", (), None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
    page = Inspector(app, BUDGET).get(f"/register/{ref}")
    shown = " ".join("".join(page.tree.itertext()).split())
    assert "Seats that were tied took no part: family" in shown and "It is too tall." in shown
    for secret in ("Dan", "brother", "Too tall.", "Ada"):
        assert secret not in shown
    assert json.loads(Inspector(app).get(f"/register/{ref}.json").text)["declared_ties"] == ["family"]


def test_the_group_of_a_declined_bid_is_not_named(small: Small) -> None:
    with transaction():
        db.session.execute(
            text(f"UPDATE application SET organisation_id = (SELECT min(id) FROM organisation) WHERE ref = '{small.bids['gnomes']}'")
        )
    assert register.entry(small.bids["gnomes"]).line.who == ""
    assert register.entry(small.bids["garden"]).line.who == "Mossgate Gardeners"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Ring 07700 900123 now", "Ring [left out] now"),
        ("a@b.example, RM17 6SL, 20-12-34", "[left out], [left out], [left out]"),
        ("AB123456C", "[left out]"),
        ("Rita Moore and RITA\nMOORE, Rita's garden", "a neighbour and a neighbour, Rita's garden"),
        ("Moore's Rita Mooreland", "Moore's Rita Mooreland"),
        ("£250 for 12 h on 3 May 2026 (SPK-7F3K-9QXA)", "£250 for 12 h on 3 May 2026 (SPK-7F3K-9QXA)"),
        ("", ""),
    ],
)
def test_shield(typed: str, shown: str) -> None:
    assert shielded(typed, ["Rita Moore", "Ann"]) == shown


def test_a_name_is_refused_when_it_is_sent(small: Small) -> None:
    season = small.season
    with transaction():
        db.session.execute(text("UPDATE person SET name = 'Rita Moore' WHERE name = 'Rita'"))
    ref = apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita"))
    apply.save(ref, 1, "who", {"public_summary": "Rita  MOORE plants trees"}, season.actor("Rita"))
    (said,) = [each.sentence for each in apply.problems(season.bid(ref)) if "for everybody to read" in each.sentence]
    assert "the name of a person" in said


# --- open data -----------------------------------------------------------------------------------------------------------


def test_everybody_may_take_the_register_of_grants(app: Flask, small: Small) -> None:
    public = Inspector(app, BUDGET).get("/register/")
    links = [link for link in public.links() if "vcse-grants-register" in link]
    assert links == [f"/register/vcse-grants-register-2026-27.{form}" for form in ("csv", "xlsx", "json")]
    for link in links:
        answer = public.client.get(link)
        assert answer.status_code == 200 and len(answer.data) > 500
        assert "attachment" in answer.headers["Content-Disposition"] and b"Rita" not in answer.data
    for name in (
        "vcse-grants-register-2026.csv",
        "vcse-grants-register-2026-27.pdf",
        "vcse-grants-register-2026-27.hledger",
        "lga-spend-2026-27.csv",
    ):
        public.get(f"/register/{name}", status=404)


# --- how it is found -----------------------------------------------------------------------------------------------------


@pytest.fixture
def statements() -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", listen)
    yield seen
    event.remove(Engine, "before_cursor_execute", listen)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"sort": "oldest"},
        {"sort": "most"},
        {"area": "pump"},
        {"fund": "small-sparks"},
        {"state": "finished"},
        {"year": "2026-27"},
        {"q": "garden"},
    ],
)
def test_no_large_table_is_scanned(small: Small, statements: list[tuple[str, Any]], asked: dict[str, str]) -> None:
    """By SQLite's own word, which plans without statistics; PostgreSQL may well scan six rows."""
    if is_postgresql():
        db.session.execute(text("SET enable_seqscan = off"))
    register.search(Asked(**asked), after=small.bids["bench"])
    register.entry(small.bids["bench"])
    reads = [(statement, parameters) for statement, parameters in statements if statement.startswith(("SELECT", "WITH"))]
    assert len(reads) > 4
    for statement, parameters in reads:
        plan = (
            db.session.connection()
            .exec_driver_sql(("EXPLAIN " if is_postgresql() else "EXPLAIN QUERY PLAN ") + statement, parameters)
            .all()
        )
        steps = [str(row[-1]) for row in plan]
        large = [
            step
            for step in steps
            if re.search(r"(?:SCAN|Seq Scan on) (?:application|award|pledge|person|matter|report|photo|event)\b(?!.*INDEX)", step)
        ]
        assert not large, (statement, steps)
        if "LIMIT" in statement and "q" not in asked and not is_postgresql():
            assert not [step for step in steps if "TEMP B-TREE" in step], (statement, steps)


def test_the_list_hides_a_neighbour_as_the_entry_does(app: Flask, small: Small) -> None:
    with transaction():
        bid = db.session.query(Application).filter(Application.ref == small.bids["bench"]).one()
        bid.title = "A bench with Nora Quill"
        db.session.add(Pledge(ref="PLG-2222-3333", application_id=bid.id, name="Nora Quill", invited_at=clock.now(), status="confirmed"))
    for path in ("/register/", f"/register/{small.bids['bench']}"):
        page = Inspector(app).get(path).text
        assert "A bench with" in page and "Quill" not in page
