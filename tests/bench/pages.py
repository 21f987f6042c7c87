"""What a page costs beside what the same web server, Flask and the templates cost without us; and a first visit's bytes.

Processor time of the serving process, over one connection, so that neither the network nor other work of the machine counts.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from statistics import median

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select

from portal.app import create_app
from portal.config import Settings
from portal.db import db, transaction
from portal.demo.story import DOMAIN, Story
from portal.grants.model import Application, Award
from portal.people import sessions
from portal.people.model import Person
from portal.serving import web_command
from tests.bench.measures import Ratio, in_turns
from tests.servers import end, free_port

TOP = Path(__file__).parents[2]
QUERIES = 8  # the design's budget for a page
SEED = 7
BROWSER = {"Accept-Encoding": "gzip, deflate, br", "Accept": "text/html"}


@dataclass
class Cost:
    """Of one request: microseconds of processor time, of these in templates, and queries."""

    processor: float
    rendering: float
    queries: float


def measure(database_url: str, home: Path, *, rounds: int, requests: int) -> list[Ratio]:
    """The ratios over the demo scheme, which is told into the empty database first: `rounds` turns of `requests` each."""
    env = {
        "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "KINDLING_DEMO": "1", "KINDLING_DATA": str(home),
        "DATABASE_URL": database_url.replace("+psycopg", ""), "TRUSTED_PROXIES": "1",
    }  # fmt: skip
    app = create_app(Settings.from_environment(env))
    with app.app_context():
        upgrade()
        Story(SEED, home, lambda _line: None).tell()
        pages = _pages(app)
        db.session.remove()
        db.engine.dispose()
    with _served(env) as server:
        sizes = {name: len(server.get(path, cookie, squeezed=False)) for name, (path, cookie) in pages.items()}
        ways = dict(pages)
        for name, (_path, cookie) in pages.items():
            ways[f"{name}, bare"] = (f"/bare/{sizes[name]}", "")
            ways[f"{name}, empty"] = ("/bench/empty", cookie)
        costs = server.costs(ways, rounds, requests)
        rows = []
        home_budget = 1 / 0.18 if "postgresql" in database_url else 1 / 0.30
        for name in pages:
            mine = costs[name]
            budget = round(home_budget, 2) if name.startswith("home") else 3.0
            kilobytes = f"{sizes[name] / 1000:.0f} kB"
            rows += [
                Ratio(
                    name, mine.processor, costs[f"{name}, bare"].processor, "µs", f"Flask alone renders {kilobytes}, same server", budget
                ),
                Ratio(
                    "    without its page", mine.processor, costs[f"{name}, empty"].processor, "µs", "an empty template through our stack"
                ),
                Ratio("    without all but rendering", mine.processor, mine.rendering, "µs", "its template alone"),
                Ratio("    queries", mine.queries, QUERIES, "", "the design's budget", 1.0),
            ]
        return rows + _first_visit(server)


def start_up(home: Path) -> Ratio:
    """How long the app takes to be there, beside Flask alone."""
    programs = {"ours": "from portal.app import create_app; create_app()", "bare": "import flask; flask.Flask('bare')"}
    env = {"PATH": os.environ["PATH"], "KINDLING_DEMO": "1", "KINDLING_DATA": str(home)}
    took = in_turns(
        {
            name: lambda program=program: subprocess.run([sys.executable, "-c", program], cwd=TOP, env=env, check=True)  # type: ignore[misc]
            for name, program in programs.items()
        },
        5,
    )
    return Ratio("start of the app", took["ours"], took["bare"], "µs", "Python imports Flask")


def _pages(app: Flask) -> dict[str, tuple[str, str]]:
    """What is measured: a path, and the cookie of who opens it."""
    award = db.session.scalars(select(Award).where(Award.status == "closed").order_by(Award.id)).first()
    assert award is not None
    bid = db.session.get_one(Application, award.application_id)
    public = db.session.scalars(select(Application.ref).where(Application.id == bid.id)).one()
    finance = db.session.scalars(select(Person.id).where(Person.email.like(f"finance-officer%@{DOMAIN}"))).one()
    resident, officer = _cookie(app, bid.person_id), _cookie(app, finance)
    return {
        "home, signed in": ("/", resident),
        "home, a visitor": ("/", ""),
        "register": ("/register/", ""),
        "register, a search": ("/register/?q=garden", ""),
        "register, one award": (f"/register/{public}", ""),
        "a bid, its applicant": (f"/grants/{bid.ref}", resident),
        "finance": ("/finance/", officer),
        "an award's statement": (f"/finance/awards/{award.ref}", officer),
    }


def _cookie(app: Flask, person_id: int) -> str:
    """Somebody's signed-in browser."""
    with transaction():
        token = sessions.begin(person_id, "Bench")
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = token, True
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    return f"{cookie.key}={cookie.value}"


class _Server:
    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.body = 0  # bytes of the last answer as it was served, compressed
        self.on_the_wire = 0  # the same with its headers
        self.asked = 0

    def get(self, path: str, cookie: str = "", *, squeezed: bool = True) -> bytes:
        self.asked += 1
        headers = {**BROWSER, "X-Forwarded-For": str(ip_address(self.asked))}  # somebody else each time: one address may not ask so often
        if not squeezed:
            headers["Accept-Encoding"] = "identity"
        if cookie:
            headers["Cookie"] = cookie
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body[:300])
        self.body = len(body)
        self.on_the_wire = len(body) + sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + 17
        return body

    def costs(self, ways: dict[str, tuple[str, str]], rounds: int, requests: int) -> dict[str, Cost]:
        """Medians over turns."""
        seen: dict[str, list[Cost]] = {name: [] for name in ways}
        for path, cookie in ways.values():
            self.get(path, cookie)
        for _round in range(rounds):
            for name, (path, cookie) in ways.items():
                spent, watched = (self._spent(path, cookie, requests, asked) for asked in ("/used/", "/used/?rendering"))
                spent["rendering"] = watched["rendering"]
                seen[name].append(Cost(1e6 * spent["processor"], 1e6 * spent["rendering"], spent["queries"]))
        return {
            name: Cost(*(median(getattr(each, key) for each in costs) for key in ("processor", "rendering", "queries")))
            for name, costs in seen.items()
        }

    def _spent(self, path: str, cookie: str, requests: int, asked: str) -> dict[str, float]:
        before = json.loads(self.get(asked))
        for _request in range(requests):
            self.get(path, cookie)
        after = json.loads(self.get("/used/"))
        return {key: (after[key] - before[key]) / requests for key in before}


@contextmanager
def _served(env: dict[str, str]) -> Iterator[_Server]:
    port = free_port()
    command = [*web_command("127.0.0.1", port, 1)[:-1], "tests.bench.served:app"]
    with (Path(env["KINDLING_DATA"]) / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=TOP, env={**env, "PORT": str(port)}, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                _Server(port).get("/healthz")
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, "the web server did not come up"
                time.sleep(0.1)
        yield _Server(port)
    finally:
        process.terminate()  # so that it takes its own child along
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        end(process)


def _first_visit(server: _Server) -> list[Ratio]:
    """Bytes on the wire, with headers, as a browser that takes brotli gets them; our own script as such, which the budget is about."""
    page = server.get("/", squeezed=False).decode()
    server.get("/")
    html = server.on_the_wire
    sizes: dict[str, int] = {}
    own = 0
    for path in dict.fromkeys(re.findall(r'<(?:link|script|img)\b[^>]*?(?:href|src)="(/(?:static|site)[^"]*)"', page)):
        server.get(path.replace("&amp;", "&"))
        sizes[path] = server.on_the_wire
        own += server.body if "kindling.js" in path else 0
    css = sum(size for path, size in sizes.items() if "kindling.css" in path)
    assert css and own
    return [
        Ratio("first visit: page and style", html + css, 14_000, "bytes", "the design's budget", 1.0),
        Ratio("first visit: own script, without headers", own, 3_000, "bytes", "the design's budget", 1.0),
        Ratio("first visit: everything", html + sum(sizes.values()), 40_000, "bytes", "the design's budget", 1.0),
        Ratio("repeat visit: the page alone", html, 5_000, "bytes", "the design's budget", 1.0),
    ]
