"""A month of 5,000 exchanges: every page of the timebank keeps within its queries, its rows and its weight, for everybody who may open it."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from flask import Flask

from portal.ledger import checks
from portal.worker import CACHES
from tests.client import Inspector
from tests.timebank.bank import open_bank
from tests.timebank.month import Month

QUERIES, ROWS, BYTES = 8, 60, 100_000
EACH = 1  # page of one kind that one person opens
# everybody who comes to one session, and every session of one month, are on one page: they are read and printed as one list
WHOLE = re.compile(r"/sessions/(REF(/register|/close|/check-in)?|calendar)(\?|$)")


class Fast(Inspector):
    """Counts queries, rows and bytes; the whole judging of a page is for other tests, with fewer pages."""

    def _judge_page(self, path: str) -> None:
        main = self.text.partition("<main")[2].partition("</main")[0]
        rows = max(
            main.count(f"<{tag}")
            for tag in ("tr>", "tr ", "article", *(('li class="card',) if '<li class="card' in main else ("li>", "li ")))
        )
        rows = 0 if WHOLE.search(kind_of(path)) else rows
        assert rows <= ROWS, f"{path}: {rows} rows on one page"
        assert len(self.text.encode()) <= BYTES, f"{path}: {len(self.text.encode())} bytes"

    def links(self) -> Iterator[str]:
        return (each.replace("&amp;", "&") for each in re.findall(r'href="(/[^"#]*)', self.text))


@pytest.fixture
def month(app: Flask) -> Month:
    bank = open_bank()
    bank.group("Pool", "Idris")
    return Month(bank).load()


SIGNED_IN = re.compile(r"^/timebank/(join|areas|statement|spend/mine|log|sessions/new|.*/answer)")


def kind_of(path: str) -> str:
    """A page's address without what tells one of a kind from another; its paging is a kind of its own."""
    bare, _mark, query = path.partition("?")
    named = re.sub(r"[A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}(-[0-9a-f]+)?", "REF", bare)
    keys = sorted({each.partition("=")[0] for each in query.split("&") if each})
    return re.sub(r"\d+", "N", named) + ("?" + "&".join(keys) if keys else "")


def walk(browser: Inspector, faults: list[str], *starts: str, public: bool = False) -> Counter[str]:
    seen: Counter[str] = Counter()
    opened: set[str] = set()
    todo = list(starts)
    while todo:
        path = todo.pop(0)
        if (
            path in opened
            or seen[kind_of(path)] >= EACH
            or not path.startswith("/timebank/")
            or path.partition("?")[0].endswith((".pdf", ".ics", ".csv", ".jpg"))
        ):
            continue
        opened.add(path)
        seen[kind_of(path)] += 1
        try:
            browser.get(path, status=303 if public and SIGNED_IN.search(path) else 200)
        except AssertionError as why:
            faults.append(str(why).partition("\nassert")[0])
        todo += list(browser.links()) if browser.path == path else []
    return seen


@pytest.mark.slow
def test_every_page_keeps_within_its_means(app: Flask, month: Month) -> None:
    report = checks.check(full=True, caches=CACHES)
    assert report.ok, report.broken
    starts = ["/timebank/", "/timebank/figures", "/timebank/posts", "/timebank/posts?q=bicycle", "/timebank/posts?q=bicicle", "/timebank/spend/",
              "/timebank/sessions/", "/timebank/sessions/calendar"]  # fmt: skip
    own = [
        *starts,
        "/timebank/statement",
        "/timebank/areas",
        "/timebank/spend/mine",
        "/timebank/spend/partner",
        "/timebank/posts/mine",
        "/timebank/conversations",
    ]
    desk = [
        *own,
        "/timebank/desk/",
        "/timebank/desk/?q=Neighbour",
        f"/timebank/desk/members/{month.bank.cards['Maya']}",
        "/timebank/desk/sheets",
    ]
    faults: list[str] = []
    kinds = walk(Fast(app, QUERIES), faults, *starts, public=True)
    for name, some in (("Maya", [*own, f"/timebank/sessions/{month.big}"]), ("Cass", desk), ("Olga", desk)):
        kinds += walk(Fast(app, QUERIES).sign_in(month.bank.who(name).id), faults, *some)
    assert not faults, "\n".join(sorted(set(faults)))
    assert len(kinds) > 60, sorted(kinds)
