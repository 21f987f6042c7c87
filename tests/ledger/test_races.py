"""Sixteen real processes at the same books."""

import multiprocessing
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from portal.db import db, transaction
from portal.errors import Conflict, Refused
from portal.ledger import checks, queries
from portal.ledger.posting import Line, open_account, post
from tests.conftest import Store, make_app

CLIENTS = 16


def _client(url: str, home: str, number: int, story: str, gate: Barrier, results: "Queue[str]") -> None:
    app = make_app(url, Path(home))
    with app.app_context():
        queries.balance("fund")  # the connection is up before the start
        db.session.remove()
        gate.wait(60)
        try:
            with transaction():
                if story == "spend":
                    posted = post(
                        [Line("fund", f"award:{number}", 40)],
                        key=f"award:{number}",
                        kind="offer",
                        about="x:1",
                        sentence="s",
                        actor="scheme",
                    )
                elif story == "same key":
                    posted = post([Line("in", "fund", 7)], key="one fact", kind="test", about="x:1", sentence="s", actor=f"person:{number}")
                elif story == "same key, other figures":
                    posted = post([Line("in", "fund", 7 + number)], key="one fact", kind="test", about="x:1", sentence="s", actor="scheme")
                else:  # both directions at once: whoever locks in another order waits for ever
                    ends = ("in", "out") if number % 2 else ("out", "in")
                    posted = post(
                        [Line(ends[0], "fund", 1), Line("fund", ends[1], 1)],
                        key=f"x:{number}",
                        kind="test",
                        about="x:1",
                        sentence="s",
                        actor="scheme",
                    )
            results.put("fresh" if posted.fresh else "again")
        except Refused:
            results.put("refused")
        except Conflict:
            results.put("conflict")
        except BaseException as why:
            results.put(repr(why))
            raise


def race(store: Store, story: str) -> list[str]:
    context = multiprocessing.get_context("forkserver")  # clean processes, which share the cost of importing the app
    context.set_forkserver_preload(["tests.conftest"])
    gate, results = context.Barrier(CLIENTS), context.Queue()
    clients = [context.Process(target=_client, args=(store.url, str(store.home), n, story, gate, results)) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    answers = sorted(results.get(timeout=120) for _ in clients)
    for client in clients:
        client.join(30)
    return answers


@pytest.mark.slow
def test_sixteen_clients(store: Store) -> None:
    with store.app.app_context():
        with transaction():
            for code in ("in", "out", *(f"award:{n}" for n in range(CLIENTS))):
                open_account(code, "GBP", "asset", code)
            open_account("fund", "GBP", "asset", "Fund", floor=0)
            post([Line("in", "fund", 100)], key="start", kind="test", about="x:1", sentence="s", actor="scheme")
        assert race(store, "spend") == ["fresh"] * 2 + ["refused"] * 14
        db.session.rollback()
        assert queries.balance("fund") == 20
        assert race(store, "same key") == ["again"] * 15 + ["fresh"]
        db.session.rollback()
        assert queries.balance("fund") == 27
        assert race(store, "both directions") == ["fresh"] * 16
        db.session.rollback()
        answers = race(store, "same key, other figures")
        assert answers == ["again"] + ["conflict"] * 15  # number 0 asks for what stands already
        report = checks.check()
        assert report.broken == []
