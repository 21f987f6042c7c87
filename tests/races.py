"""Many at once: real processes, let go together, on a real database."""

import multiprocessing
from pathlib import Path
from typing import Any

from tests.conftest import VAULT_KEY, Store, make_app


def race(store: Store, calls: list[str]) -> list[tuple[str, Any]]:
    """Run each call in a process of its own, all let go at once; ("done", result) or ("refused", sentence) each, in the order of the calls.

    A call is an expression, because it is read in the other process: see `_run` for the names that it knows.
    """
    context = multiprocessing.get_context("forkserver")  # clean processes, which share the cost of importing the app
    context.set_forkserver_preload(["tests.conftest"])
    gate, results = context.Barrier(len(calls)), context.Queue()
    here = (store.url, str(store.home), VAULT_KEY)
    racers = [context.Process(target=_run, args=(*here, turn, call, gate, results)) for turn, call in enumerate(calls)]
    for racer in racers:
        racer.start()
    came = sorted(results.get(timeout=120) for _ in racers)
    for racer in racers:
        racer.join(30)
    assert all(what != "broken" for _turn, what, _said in came), came
    return [(what, said) for _turn, what, said in came]


def ways(results: list[tuple[str, Any]]) -> list[str]:
    """How often it was done and refused: all of them, sorted."""
    return sorted(what for what, _said in results)


def _run(url: str, home: str, key: str, turn: int, call: str, gate: Any, results: Any) -> None:
    from datetime import date

    from portal.books import closing as books_closing
    from portal.books import journal
    from portal.clock import today
    from portal.db import db
    from portal.errors import Problem
    from portal.grants import apply, award, bank_lines, closing, decide, match_offers, pay, rounds, runs, withdrawals
    from portal.history import Actor
    from portal.panels import actions as panels
    from portal.people import second
    from portal.people.access import Who

    names = {each.__name__: each for each in (today, date, Actor, Who)} | {
        "apply": apply, "award": award, "bank_lines": bank_lines, "closing": closing, "decide": decide, "match_offers": match_offers, "pay": pay, "rounds": rounds, "runs": runs, "withdrawals": withdrawals,
        "panels": panels, "second": second, "Path": Path, "journal": journal, "books_closing": books_closing,
    }  # fmt: skip
    app = make_app(url, Path(home), vault_keys=(key,))
    with app.app_context():
        db.session.execute(db.text("select 1"))  # the connection is up before the start
        db.session.rollback()
        gate.wait(60)
        try:
            results.put((turn, "done", eval(call, names)))
        except Problem as why:
            results.put((turn, "refused", why.sentence))
        except BaseException as why:
            results.put((turn, "broken", repr(why)))
            raise
