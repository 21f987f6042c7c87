"""The search over offers and requests: what it finds, on both engines the same, and how it finds what was meant."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import clock
from portal.db import db, is_postgresql, transaction
from portal.finding import Found, distance, in_fts5, words_of
from portal.history import Actor
from portal.places.actions import add_area
from portal.places.model import Area
from portal.timebank import members, posts, search
from portal.timebank.model import Category
from portal.timebank.posts_model import KnownWord, Post
from portal.timebank.search import Filters, Viewer
from tests.client import _seen
from tests.timebank.bank import Bank, open_bank
from tests.timebank.market import put_up

ANY = Filters()


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def viewer(bank: Bank, name: str) -> Viewer:
    db.session.rollback()
    return search.viewer_of(bank.who(name))


def find(bank: Bank, typed: str, name: str = "Idris", filters: Filters = ANY) -> Found[Post]:
    return search.search(typed, viewer(bank, name), filters)


def titles(found: Found[Post]) -> list[str]:
    return [post.title for post in found.rows]


class TestWords:
    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ("I can mend Bicycles!", ["i", "can", "mend", "bicycles"]),
            ("Tŷ bach, caffè, Łódź, naïve", ["ty", "bach", "caffe", "łodz", "naive"]),
            ("Don't, children’s", ["dont", "childrens"]),
            ("a-b_c/d", ["a", "b", "c", "d"]),
            ("Straße STRASSE", ["strasse"]),
            ("🚲🚲 ... '\"*()", []),
            ("قهوة कॉफी", ["قهوة", "कफ"]),
            ("\x00\ud800 ok", ["ok"]),
        ],
    )
    def test_folding(self, typed: str, words: list[str]) -> None:
        assert words_of(typed)[: len(words) or 1] == words

    @pytest.mark.parametrize(
        ("one", "other", "far"),
        [
            ("bicycle", "bicycle", 0), ("bycicle", "bicycle", 2), ("bicylce", "bicycle", 1), ("bicycl", "bicycle", 1), ("biicycle", "bicycle", 1),
            ("garden", "gradne", 2), ("", "ab", 2), ("abc", "xyz", 3), ("ca", "abc", 3), ("lift", "gift", 1),
        ],
    )  # fmt: skip
    def test_distance(self, one: str, other: str, far: int) -> None:
        for most in range(4):
            assert distance(one, other, most) == distance(other, one, most) == min(far, most + 1), most

    @settings(max_examples=200, deadline=None)
    @given(st.text(alphabet="abc", max_size=7), st.text(alphabet="abc", max_size=7))
    def test_distance_as_the_book_says(self, one: str, other: str) -> None:
        """Against the whole table, without any shortcut."""
        table = [[0] * (len(other) + 1) for _row in range(len(one) + 1)]
        for i in range(len(one) + 1):
            for j in range(len(other) + 1):
                if not i or not j:
                    table[i][j] = i + j
                    continue
                same = one[i - 1] == other[j - 1]
                table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (not same))
                if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                    table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
        for most in (1, 2):
            assert distance(one, other, most) == min(table[-1][-1], most + 1)

    def test_fts5_gets_quoted_words_only(self) -> None:
        assert in_fts5([["or", "near"], ["and"]]) == '("or" OR "near") AND ("and")'


class TestFinding:
    def test_title_text_tags_and_kind_of_help(self, bank: Bank) -> None:
        put_up(bank, "Maya", "I can mend bicycles", text="Also punctures.", tags="tandem, gears", category="repairs")
        put_up(bank, "Walter", "I need a lift to the clinic", "request", category="lifts")
        for typed in ("mend", "bicycles", "bicycle", "PUNCTURE", "tandem", "repairs", "mend tandem", "  gears,  mend "):
            assert titles(find(bank, typed)) == ["I can mend bicycles"], typed
        assert titles(find(bank, "the lift")) == ["I need a lift to the clinic"]
        assert titles(find(bank, "mend lift")) == []

    def test_what_was_meant(self, bank: Bank) -> None:
        put_up(bank, "Maya", "I can mend bicycles")
        put_up(bank, "Maya", "A bicycle for a child", "request")
        for typed in ("bycicle", "bicylce", "bicyle", "ibcycle", "bicycel", "bicyc"):
            found = find(bank, typed)
            assert "A bicycle for a child" in titles(found), typed
            assert "bicycle" in next(iter(found.instead.values())), typed
        posts.end(posts.of_members([bank.member("Maya").id])[0].ref, "met", bank.who("Maya"))
        for typed in ("bycicle", "bycicles", "ibcycle"):
            assert titles(find(bank, typed)) == ["I can mend bicycles"], "the one is as near as the many"
        assert titles(find(bank, "mend bycicles")) == ["I can mend bicycles"]
        assert find(bank, "bicycle").instead == {}, "nothing stands in for a word that is there"
        assert titles(find(bank, "mnd")) == [] and titles(find(bank, "bycyclurs")) == []

    def test_the_nearest_stand_in_and_no_others(self, bank: Bank) -> None:
        put_up(bank, "Maya", "I can drive you to town")
        put_up(bank, "Maya", "I can drill holes in walls")
        found = find(bank, "drice")
        assert titles(found) == ["I can drive you to town"] and found.instead == {"drice": ["drive"]}

    def test_words_as_they_are_heard(self, bank: Bank) -> None:
        put_up(bank, "Maya", "One hour of reading")
        assert find(bank, "fone").instead == {}, "a short word stands in for none that begins otherwise"
        put_up(bank, "Maya", "Help with your phone")
        assert find(bank, "fone").instead == {"fone": ["phone"]}

    def test_accents(self, bank: Bank) -> None:
        put_up(bank, "Maya", "Dysgu Cymraeg yn y tŷ cymuned")
        put_up(bank, "Maya", "Crème brûlée for a café morning")
        for typed, title in (
            ("ty", "Dysgu"),
            ("tŷ", "Dysgu"),
            ("CYMRÂEG", "Dysgu"),
            ("cafe", "Crème"),
            ("brulee", "Crème"),
            ("cafe\u0301", "Crème"),
        ):
            assert [each[: len(title)] for each in titles(find(bank, typed))] == [title], typed

    @pytest.mark.parametrize(
        "typed",
        ['"', "'", "*", "()", "AND", "NOT OR", "a NEAR b", "title:mend", "mend*", '"mend', "mend OR", "-mend", "^mend", "mend)(", "{mend}", "\\", "%", "_", ";--", "&|!<->", "mend:*", "\x00", "x" * 5000, "a " * 3000, "🚲", "👩‍👧", "\u202emend\u202c", "²³", "mend AND (lift", "mend + lift", "''mend''", "\ud800"],
    )  # fmt: skip
    def test_nothing_that_is_typed_breaks_it(self, bank: Bank, typed: str) -> None:
        put_up(bank, "Maya", "I can mend bicycles")
        assert find(bank, typed).rows is not None

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(max_size=60))
    def test_nothing_at_all_breaks_it(self, app: Flask, typed: str) -> None:
        search.search(typed, Viewer(), ANY)
        db.session.rollback()

    def test_signs_alone_are_no_question(self, bank: Bank) -> None:
        put_up(bank, "Maya", "I can mend bicycles")
        for typed in ("🚲", "!!!", "the", "'"):
            found = find(bank, typed)
            assert found.wordless and not found.rows, typed
        assert titles(find(bank, "   ")) == ["I can mend bicycles"]

    def test_changes_are_found_and_what_was_there_is_not(self, bank: Bank) -> None:
        ref = put_up(bank, "Maya", "I can mend bicycles")
        post = posts.by_ref(ref)
        draft = posts.Draft("offer", "I can sew curtains", "crafts", post.area_id, "scheme")
        posts.edit(ref, draft, bank.who("Maya"), shown=1)
        assert titles(find(bank, "curtains crafts")) == ["I can sew curtains"] and titles(find(bank, "bicycles")) == []
        assert titles(find(bank, "repairs")) == []
        assert {"bicycles", "mend"}.isdisjoint(db.session.scalars(sa.select(KnownWord.word)))

    def test_another_name_of_a_kind_of_help(self, bank: Bank) -> None:
        put_up(bank, "Maya", "I can mend bicycles")
        with transaction():
            db.session.scalars(sa.select(Category).where(Category.code == "repairs")).one().name = "Fixing"
            assert search.keep_all() == 1
        assert titles(find(bank, "fixing")) == ["I can mend bicycles"] and titles(find(bank, "repairs")) == []


class TestWhoSeesWhat:
    def test_what_has_left_the_lists_is_found_by_nobody(self, bank: Bank) -> None:
        refs = {
            how: put_up(bank, "Maya", f"I can mend bicycles {how}", "request")
            for how in ("stays", "paused", "met", "ended", "down", "late")
        }
        maya = bank.who("Maya")
        posts.pause(refs["paused"], maya)
        posts.end(refs["met"], "met", maya)
        posts.end(refs["ended"], "ended", maya)
        posts.take_down(refs["down"], "Not kind.", bank.who("Cass"))
        with transaction():
            db.session.execute(sa.update(Post).where(Post.ref == refs["late"]).values(ends_on=clock.today() - timedelta(days=1)))
        for typed in ("", "bicycles"):
            assert titles(find(bank, typed)) == ["I can mend bicycles stays"], typed
        words = db.session.scalars(sa.select(KnownWord.word).where(KnownWord.word.in_(("paused", "met", "ended", "down"))))
        assert list(words) == [], "nor does the search know their words"

    @pytest.mark.parametrize("paused", [True, False])
    def test_a_member_who_takes_a_break_or_left(self, bank: Bank, paused: bool) -> None:
        put_up(bank, "Maya", "I can mend bicycles")
        with transaction():
            members.locked(bank.cards["Maya"]).status = "paused" if paused else "left"
        assert titles(find(bank, "")) == titles(find(bank, "bicycles")) == []

    def test_how_far_it_reaches(self, bank: Bank) -> None:
        add_area("Estuary", "scheme", "", "test", Actor(None))
        add_area("North", "ward", "estuary", "test", Actor(None))
        with transaction():
            db.session.execute(
                sa.text("UPDATE area SET parent_id = (SELECT id FROM area WHERE code = 'north') WHERE code IN ('mossgate', 'riverside')")
            )
            db.session.execute(
                sa.text(
                    "INSERT INTO area (code, name, kind, parent_id) SELECT 'south', 'South', 'ward', id FROM area WHERE code = 'estuary'"
                )
            )
            bank.areas["south"] = db.session.scalars(sa.select(Area.id).where(Area.code == "south")).one()
        bank.join("Sue", "south")
        for reach in ("area", "linked", "scheme"):
            put_up(bank, "Maya", f"I can mend bicycles {reach}", reach=reach)
        seen = {name: {title.split()[-1] for title in titles(find(bank, "bicycles", name))} for name in ("Idris", "Walter", "Sue", "Maya")}
        assert seen == {
            "Idris": {"area", "linked", "scheme"},
            "Walter": {"linked", "scheme"},
            "Sue": {"scheme"},
            "Maya": {"area", "linked", "scheme"},
        }
        assert {title.split()[-1] for title in titles(search.search("bicycles", Viewer(), ANY))} == {"scheme"}

    def test_chips(self, bank: Bank) -> None:
        put_up(bank, "Maya", "I can mend bicycles")
        put_up(bank, "Walter", "Who mends my bicycle?", "request", category="other")
        assert titles(find(bank, "mend", filters=Filters("offer"))) == ["I can mend bicycles"]
        assert titles(find(bank, "mend", filters=Filters("request"))) == ["Who mends my bicycle?"]
        assert titles(find(bank, "", filters=Filters(category="other"))) == ["Who mends my bicycle?"]
        assert titles(find(bank, "", filters=Filters(near=True))) == ["I can mend bicycles"]
        assert titles(find(bank, "mend", "Walter", Filters(near=True))) == ["Who mends my bicycle?"]


def many(bank: Bank, number: int) -> None:
    """Posts by the thousand, as the actions leave them; every second hundredth can do something rare."""
    maya, category = bank.member("Maya").id, members.category("repairs").id
    now, today = clock.now(), clock.today()
    rows = [
        {
            "ref": f"POS-{n:08}", "member_id": maya, "kind": "offer" if n % 2 else "request", "title": f"I can help {n}", "category_id": category,
            "area_id": bank.areas["mossgate"], "reach": "scheme", "status": "open", "words": f"i can help neighbours {'thatching' if n % 200 == 0 else 'cooking'} n{n}",
            "ends_on": today + timedelta(days=30), "posted_at": now, "entered_by": "person:1", "text": "", "when_words": "", "tags": "", "photo_width": 0,
            "photo_height": 0, "photo_alt": "", "version": 1,
        }
        for n in range(number)
    ]  # fmt: skip
    with transaction():
        db.session.execute(sa.insert(Post), rows)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def plan(statement: str, parameters: Any) -> str:
    with db.engine.connect() as connection:
        explain = "EXPLAIN " if is_postgresql() else "EXPLAIN QUERY PLAN "
        return "\n".join(" ".join(map(str, row)) for row in connection.exec_driver_sql(explain + statement, parameters))


@pytest.mark.slow
def test_a_common_word_in_ten_thousand_posts(bank: Bank) -> None:
    many(bank, 10_000)
    someone = viewer(bank, "Idris")
    asked: list[tuple[str, Any]] = []

    def listen(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if "FROM post" in statement:
            asked.append((statement, parameters))

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        for typed, number, more in (
            ("", search.PAGE, True),
            ("help", search.PAGE, True),
            ("thatching", search.PAGE, True),
            ("help thatching n200", 1, False),
        ):
            db.session.rollback()
            _seen.clear()
            asked.clear()
            found = search.search(typed, someone, ANY)
            assert (len(found.rows), found.more) == (number, more), typed
            assert len([one for one in _seen if one.startswith("SELECT")]) == 1, "one query, and nothing asked for each row"
            assert found.rows == sorted(found.rows, key=lambda post: -post.id)
            said = plan(*asked[0])
            if is_postgresql():
                assert "Seq Scan on post" not in said, said
                assert typed in ("", "help") or "ix_post_words" in said, said
            else:
                which = re.split(r"SCAN anon_\d", said)[0]  # what finds the page; only the page itself is put in order after it
                assert "TEMP B-TREE" not in which and "SCAN post " not in which, said
                assert ("ix_post_status_id" if not typed else "VIRTUAL TABLE INDEX") in which, said
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)
    second = search.search("help", someone, ANY, before=found.rows[-1].id)
    assert all(post.id < found.rows[-1].id for post in second.rows)
