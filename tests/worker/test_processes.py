"""Real worker processes against real servers: two at once, stopped in the middle, killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from portal import clock, turns
from portal.db import db, transaction
from portal.outbox import Addressee, Message, Text, queue
from tests.conftest import Store
from tests.servers import NOTIFY_KEY, end, mail_server, notify_server

TOP = Path(__file__).parents[2]


def put(store: Store, count: int) -> None:
    with store.app.app_context(), transaction():
        for number in range(count):
            queue(f"m{number:02}", Addressee("Maya", "email", f"m{number}@example.org"), Text("a", "b", "c"), about="award:1")


def waiting(store: Store) -> int:
    with store.app.app_context():
        return db.session.scalar(select(func.count()).where(Message.sent_at.is_(None))) or 0


@contextmanager
def worker(store: Store, *options: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    here = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and name != "FLASK_RUN_FROM_CLI"}
    here |= {"KINDLING_DEMO": "1", "KINDLING_DATA": str(store.home), "DATABASE_URL": store.url, **env}
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker", *options], cwd=TOP, env=here, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        end(process)
        assert process.stderr is not None
        process.stderr.close()


def begun(process: subprocess.Popen[bytes]) -> None:
    """Wait until it works, and hears when it is told to stop."""
    assert process.stderr is not None
    while b"worker begins" not in (line := process.stderr.readline()):
        assert line, "it ended before it began"


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def lease_runs_out(store: Store) -> None:
    """As if the ten minutes had gone by."""
    with store.app.app_context(), transaction():
        db.session.execute(
            update(Message).where(Message.claimed_until.is_not(None)).values(claimed_until=clock.now() - timedelta(seconds=1))
        )


def test_two_workers_send_each_message_once_and_stop_when_told(store: Store) -> None:
    with mail_server() as box:
        mail = {"SENDER": "smtp", "SMTP_URL": f"smtp://127.0.0.1:{box.port}"}
        with worker(store, **mail) as first, worker(store, **mail) as second:
            for process in (first, second):
                begun(process)
            put(store, 40)
            until(lambda: waiting(store) == 0)
            for process in (first, second):
                process.send_signal(signal.SIGTERM)
            assert (first.wait(30), second.wait(30)) == (0, 0)
    assert len(box.mails) == 40 and len(set(box.ids())) == 40
    with store.app.app_context():
        assert turns.worker_is_alive()


def test_killed_between_sending_and_marking_notify_gets_it_once(store: Store) -> None:
    put(store, 3)
    with notify_server() as world:
        notify = {
            "SENDER": "notify", "NOTIFY_API_KEY": NOTIFY_KEY, "NOTIFY_URL": world.url, "NOTIFY_EMAIL_TEMPLATE": "E", "NOTIFY_SMS_TEMPLATE": "S",
        }  # fmt: skip
        taken, killed = threading.Event(), threading.Event()

        def hold() -> None:
            taken.set()
            killed.wait(30)  # our answer never reaches the worker

        world.after_taking = hold
        with worker(store, **notify) as victim:
            assert taken.wait(60)
            victim.kill()
            victim.wait()
            killed.set()
        world.after_taking = lambda: None
        assert waiting(store) == 3, "sent, and not marked"
        lease_runs_out(store)
        with worker(store, "--once", **notify) as heir:
            assert heir.wait(60) == 0
    assert waiting(store) == 0
    assert sorted(one["reference"] for one in world.taken) == ["m00", "m01", "m02"]
    with store.app.app_context():
        marked = {message.key: message.sender_ref for message in db.session.scalars(select(Message))}
    assert marked == {one["reference"]: one["id"] for one in world.taken}


def test_killed_between_sending_and_marking_a_second_mail_is_known_as_a_copy(store: Store) -> None:
    put(store, 3)
    with mail_server() as box:
        mail = {"SENDER": "smtp", "SMTP_URL": f"smtp://127.0.0.1:{box.port}"}
        with worker(store, **mail) as victim:
            box.taken = victim.kill  # in our hands; the worker will never hear of it
            victim.wait(60)
        box.taken = lambda: None
        assert waiting(store) == 3
        lease_runs_out(store)
        with worker(store, "--once", **mail) as heir:
            assert heir.wait(60) == 0
    assert waiting(store) == 0
    assert len(box.mails) == 4, "the one in hand came twice, the others once"
    assert len(set(box.ids())) == 3, "and the copy is known by its Message-ID"


def test_a_worker_killed_in_its_nightly_check_is_followed_by_another(store: Store) -> None:
    with store.app.app_context():
        assert turns.take(turns.LEDGER_CHECK, unless_done_since=clock.now(), patience=timedelta(minutes=10))  # and then kill -9
        with transaction():
            db.session.execute(update(turns.Turn).values(begun_at=clock.now() - timedelta(minutes=11)))
    with worker(store, "--once") as heir:
        assert heir.wait(60) == 0
    with store.app.app_context():
        check = turns.last(turns.LEDGER_CHECK)
        assert check is not None and check.result["ok"] is True
