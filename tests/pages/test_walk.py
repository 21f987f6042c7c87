"""The whole demo scheme, walked by everybody in it: every page that can be reached answers, and is judged by the inspecting client."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal import worker
from portal.db import db
from portal.demo.story import Story
from portal.ledger import checks
from portal.people import queries as people
from tests.client import NS, Inspector
from tests.conftest import Store

EACH = 3  # pages of one kind that one person opens
NOBODY = "visitor"
SIGN_IN_FIRST = {
    "/people/me/data",
    "/panels/",
    "/timebank/join",
    "/timebank/posts/REF/answer",
    "/events/new",
    "/strengths/new",
    "/gifts/REF/interested",
    "/gifts/REF/report",
}  # linked from public pages, and answered with the way to sign in
# what each kind of person is not let into by address (they never see a link to it)
CLOSED = {
    "/desk/": {"visitor": 303, "resident": 404, "panel": 404, "finance": 200, "auditor": 404, "connector": 200, "officer": 200, "administrator": 200, "area": 200},
    "/desk/bids": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 200},
    "/desk/funds": {"visitor": 303, "resident": 404, "panel": 404, "finance": 200, "auditor": 200, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/desk/people": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 200, "area": 200},
    "/desk/privacy/": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 200, "area": 404},
    "/desk/privacy/keeping": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 200, "area": 404},
    "/desk/privacy/seen": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 200, "area": 404},
    "/desk/reports": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 200},
    "/desk/seats": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/desk/appeals": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 200},
    "/desk/settings": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 200, "area": 404},
    "/desk/appeals/new": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 200, "officer": 200, "administrator": 404, "area": 200},
    "/events/desk": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 200, "officer": 200, "administrator": 404, "area": 200},
    "/timebank/desk/": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 200, "officer": 200, "administrator": 404, "area": 200},
    "/strengths/desk/": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 200, "officer": 200, "administrator": 404, "area": 200},
    "/strengths/desk/imports": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 200, "area": 404},
    "/gifts/desk/": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 200, "officer": 200, "administrator": 404, "area": 200},
    "/connecting/desk/": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 200, "officer": 200, "administrator": 404, "area": 200},
    "/timebank/desk/kinds": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/timebank/desk/rules": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/finance/": {"visitor": 303, "resident": 404, "panel": 404, "finance": 200, "auditor": 200, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/finance/books/": {"visitor": 303, "resident": 404, "panel": 404, "finance": 200, "auditor": 200, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/desk/rounds": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/desk/decisions": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/desk/publish": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/desk/surveys/": {"visitor": 303, "resident": 404, "panel": 404, "finance": 404, "auditor": 404, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
    "/finance/exports": {"visitor": 303, "resident": 404, "panel": 404, "finance": 200, "auditor": 200, "connector": 404, "officer": 200, "administrator": 404, "area": 404},
}  # fmt: skip


@pytest.fixture
def scheme(store: Store) -> Iterator[Flask]:
    """The demo of `make run`, in this test's own database."""
    with store.app.app_context():
        Story(7, Path(store.home), lambda _line: None).tell()
        yield store.app
        db.session.remove()


def kind_of(path: str) -> str:
    return re.sub(r"\d+", "N", re.sub(r"[A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}(-[0-9a-f]+)?", "REF", path.split("?")[0]))


# queries that one page may take, who asks included (design 5): the pages that everybody opens, then all others
BUDGET, OFTEN = 15, 8
BUDGETS = dict.fromkeys(
    (
        "/", "/register/", "/register/REF", "/grants/", "/people/me", "/finance/", "/desk/", "/desk/bids", "/desk/reports", "/desk/people", "/panels/",
        "/desk/funds", "/events/", "/events/past", "/events/month",
    ),
    OFTEN,
)  # fmt: skip
# what a panel reads and judges is put together from many rooms: ideas, their hopes and floats, hours, ties and votes, seats and sittings
BUDGETS |= {
    "/": 9,  # for who screens ideas and also lives there, with a vote and a strip of hours
    "/finance/": 11, "/desk/people": 9, "/panels/": 11, "/panels/REF": 23, "/panels/REF/bids/REF": 23, "/panels/REF/bids/REF/ties": 16,
    "/panels/REF/sittings/REF": 17, "/grants/REF": 15,  # whose it is takes 9; who works with it asks whether they are tied; what began as a card says so, and what neighbours gave
}  # fmt: skip
# each source adds up on its own, and nothing is kept
BUDGETS |= {"/finance/books/agree": 24, "/finance/books/year-end": 41, "/finance/figures": 16, "/finance/figures.pdf": 17}
BUDGETS |= {f"/panels/REF/sittings/{which}/minutes{ending}": 26 for which in ("REF", "N-N") for ending in ("", ".pdf")}


def walk(browser: Inspector, starts: list[str], *, browser_is_nobody: bool = False) -> Counter[str]:
    seen: Counter[str] = Counter()
    opened: set[str] = set()
    todo = list(starts)
    while todo:
        path = todo.pop(0)
        if path in opened or seen[kind_of(path)] >= EACH or path.startswith(("/static/", "/dev/", "/people/me/data.json")):
            continue
        opened.add(path)
        seen[kind_of(path)] += 1
        browser.budget = BUDGETS.get(kind_of(path), BUDGET)
        browser.get(path, status=303 if browser_is_nobody and kind_of(path) in SIGN_IN_FIRST else 200)
        if browser.tree is not None:
            todo += list(browser.links())
            for image in browser.tree.iter(f"{NS}img"):
                todo.append(image.get("src"))
            for part in {one.get("hx-get") for one in browser.tree.iter() if one.get("hx-get")}:
                browser.get(part, headers={"HX-Request": "true"})
    return seen


@pytest.mark.slow
def test_everybody_walks_everywhere(scheme: Flask) -> None:
    kinds: Counter[str] = Counter()
    kinds += walk(Inspector(scheme), ["/", "/register/", "/status", "/offline"], browser_is_nobody=True)
    for person in people.demo_persons():
        role = (person.email or "").split(".")[0]
        browser = Inspector(scheme).sign_in(person.id)
        starts = ["/", "/grants/", "/people/me", "/panels/"]
        starts += [path for path, answers in CLOSED.items() if answers[_kind(role)] == 200]
        kinds += walk(browser, starts)
        for path, answers in CLOSED.items():
            browser.get(path, status=answers[_kind(role)])
    for path, answers in CLOSED.items():
        Inspector(scheme).get(path, status=answers[NOBODY])
    assert len(kinds) > 60, sorted(kinds)  # kinds of pages; a walk that finds a locked door at the start proves nothing
    report = checks.check(caches=worker.CACHES)
    assert report.broken == []


def _kind(role: str) -> str:
    if role == "area-officer":
        return "area"
    for word in ("officer", "connector", "auditor", "administrator"):
        if role in (f"council-{word}", f"second-{word}", f"third-{word}", word):
            return word
    return "finance" if role.startswith("finance") else "panel" if role.startswith("panel") else "resident"


HOSTILE = (
    "", "x" * 50_000, "\x00\x01", "\u202eevil\u202c", "\U0001f469\u200d\U0001f467" * 50, "e\u0301" * 100, "<script>alert(1)</script><svg onload=1>\"'{{7*7}}", "'; DROP TABLE person; --", "=1+1",
    "../../../etc/passwd", "-1", "1.5", "NaN", "1e999", "99999999999999999999", "²", "31/12/9999", "\ud800".encode("utf-8", "surrogatepass"), "%(x)s %s {0}",
)  # fmt: skip


@pytest.mark.slow
def test_hostile_text_in_every_field(scheme: Flask) -> None:
    """Every form of every kind of page, as everybody: never a 500; text that comes back is escaped."""
    tried: set[str] = set()
    for person in [None, *people.demo_persons()[:13:2], *people.demo_persons()[-3:]]:
        browser = Inspector(scheme, budget=400)
        browser.typed = ("{{7*7}}", HOSTILE[-1])  # a panel that is called so is no leftover of ours
        if person is not None:
            browser.sign_in(person.id)
        opened: Counter[str] = Counter()
        todo = [
            "/",
            "/grants/",
            "/people/me",
            "/people/sign-in",
            "/register/",
            "/panels/",
            "/desk/",
            "/finance/",
            "/desk/funds",
            "/desk/apply",
        ]
        while todo:
            path = todo.pop(0)
            key = kind_of(path)
            if opened[key] or path.startswith(("/static/", "/dev/", "/photos/")) or "data.json" in path:
                continue
            opened[key] += 1
            answer = browser.client.get(path)
            if answer.status_code != 200 or answer.mimetype != "text/html":
                continue
            browser.get(path)
            todo += list(browser.links())
            for form in browser.forms():
                action = form.get("action") or path
                mark = f"{kind_of(action)} {sorted(browser._names(form))}"
                if mark in tried or any(word in action for word in ("sign-out", "/end", "data")) or form.get("method", "get") != "post":
                    continue
                tried.add(mark)
                values = browser._values(form)
                for number, text in enumerate(HOSTILE):
                    typed = {
                        name: value if name == "csrf_token" or (name == "version" and number % 2) else text
                        for name, value in values.items()
                    }
                    typed["once"] = f"{mark}{number}"
                    response = browser.client.post(action, data=typed)
                    assert response.status_code < 500, (action, text[:30], response.status_code)
                    assert b"<svg onload" not in response.data, action
                    if response.status_code == 422 and text == HOSTILE[6] and "<textarea" in response.text:
                        assert "&lt;svg onload=1&gt;" in response.text, f"{action}: what was typed is gone"
    assert len(tried) > 25, tried
    db.session.rollback()
    assert checks.check(caches=worker.CACHES).broken == []
