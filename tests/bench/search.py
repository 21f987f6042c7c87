"""What a search of the gift boards costs when they are full, beside the same query by the bare driver, and beside a word that hardly anybody wrote."""

from collections.abc import Callable
from pathlib import Path

from flask_migrate import upgrade

from portal.db import db
from portal.gifts import lists
from portal.gifts.lists import Board, Filters
from tests.bench.ledger import asked, driver
from tests.bench.measures import Ratio, in_turns
from tests.conftest import make_app
from tests.gifts.crowd import crowd
from tests.gifts.street import open_street

COMMON, RARE, MISTYPED = "ladder", "17", "bycicle"


def measure(database_url: str, home: Path, *, rounds: int, posts: int) -> list[Ratio]:
    """The ratios, in an empty database of no use afterwards, with `posts` live ones on the boards."""
    app = make_app(database_url, home)
    with app.app_context():
        upgrade()
        street = open_street()
        crowd(street, posts)
        board = Board(homes=lists.homes_of(street.who("Maya")))
        ways: dict[str, Callable[[], object]] = {word: lambda word=word: _search(board, word) for word in (COMMON, RARE, MISTYPED)}  # type: ignore[misc]
        with driver(database_url) as run:
            run("ANALYZE", ())
            heard = asked(ways[COMMON])
            took = in_turns({**ways, "bare": lambda: [run(statement, values) for statement, values in heard]}, rounds)
            held = run("SELECT count(*) FROM gift_post WHERE title LIKE ?", (f"%{COMMON}%",))[0][0]
        db.session.remove()
        db.engine.dispose()
    return [
        Ratio(f"search of {posts:,} live gifts", took[COMMON], took["bare"], "µs", "the same query by the driver"),
        Ratio(f"    a word that {held:,} hold", took[COMMON], took[RARE], "µs", "one that one holds", 2.0),
        Ratio("    a word with a slip", took[MISTYPED], took[COMMON], "µs", "one without"),
    ]


def _search(board: Board, word: str) -> None:
    found = lists.search(word, board, Filters())
    assert found.rows and bool(found.instead) is (word == MISTYPED), word
    db.session.rollback()  # as between two requests: what was loaded is forgotten
