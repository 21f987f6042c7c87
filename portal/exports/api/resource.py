"""A resource of the read interface: what it holds, what it can be narrowed by, how a page of it is read; and understanding a question.

A cursor says where a page begins: the key of the last thing of the page before, with a mark that only we can make. So nobody writes one
by hand, and one of another question is known as such.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from portal import vault
from portal.errors import Refused
from portal.exports.api.shape import Schema, Shape
from portal.outbox import address_of
from portal.web.forms import one_line, whole_number
from portal.web.interface import ROOT
from portal.words import _

USUAL, MOST = 20, 100  # things on a page
Key = Sequence[Any]  # what of JSON is one value: where a thing stands in the order


@dataclass(frozen=True)
class Filter:
    """One way to narrow a resource. `codes`: all there are, when they are known; `pattern`: of the whole text; `judge`: raises ValueError
    for what only looks like one.
    """

    about: str  # marked for translation
    codes: Sequence[str] = ()
    pattern: str = ""
    example: str = ""
    most: int = 80
    judge: Callable[[str], object] | None = None

    def schema(self) -> Schema:
        if self.codes:
            return {"type": "string", "enum": list(self.codes)}
        return {"type": "string", "maxLength": self.most} | ({"pattern": f"^{self.pattern}$"} if self.pattern else {})


@dataclass(frozen=True)
class Question:
    """What is asked of a resource: its filters by name, "" where not narrowed; where the page begins; how many things at most."""

    values: Mapping[str, str]
    after: Key | None = None
    limit: int = USUAL

    def __getitem__(self, name: str) -> str:
        return self.values[name]


@dataclass(frozen=True)
class Page:
    """Things of one page, and the key of the last of them when there are more."""

    items: Sequence[Mapping[str, Any]]
    last: Key | None = None


@dataclass(frozen=True)
class Resource:
    """`read`: a page of it, in at most four queries; `one`: a single thing by its reference, or None when it is not public."""

    name: str
    title: str  # marked for translation, as `about` is
    about: str
    shape: Shape
    read: Callable[[Question], Page]
    filters: Mapping[str, Filter] = field(default_factory=dict)
    one: Callable[[str], Mapping[str, Any] | None] | None = None
    whole: Shape | None = None  # of `one`, where that tells more

    @property
    def path(self) -> str:
        return f"{ROOT}/{self.name}"

    @property
    def of_one(self) -> Shape:
        return self.whole or self.shape


def cut(rows: Iterable[tuple[Key, Mapping[str, Any]]], asked: Question) -> Page:
    """A page of a short list that is read whole, sorted by its keys."""
    left = [(key, item) for key, item in sorted(rows, key=lambda row: list(row[0])) if asked.after is None or list(key) > list(asked.after)]
    page = left[: asked.limit]
    return Page([item for _key, item in page], page[-1][0] if len(left) > len(page) else None)


# --- understanding a question ---------------------------------------------------------------------------------------------


def question(resource: Resource, sent: Sequence[tuple[str, str]]) -> Question:
    """What an address asks for, name and value in turn. Refused, with the parameter, for whatever is not understood."""
    known = (*resource.filters, "limit", "cursor")
    given: dict[str, str] = {}
    for name, value in sent:
        if name not in known:
            raise Refused(_("There is no parameter of that name. There are: %(names)s.", names=", ".join(known)), one_line(name)[:80])
        if name in given:
            raise Refused(_("%(name)s stands there twice.", name=name), name)
        given[name] = one_line(value)
    values = {name: _understood(name, filter_, given.get(name, "")) for name, filter_ in resource.filters.items()}
    limit = whole_number(given.get("limit") or str(USUAL))
    if not 1 <= limit <= MOST:
        raise Refused(_("Write a number from 1 to %(most)d.", most=MOST), "limit")
    return Question(values, _opened(resource, values, given["cursor"]) if given.get("cursor") else None, limit)


def _understood(name: str, filter_: Filter, value: str) -> str:
    if not value or (filter_.codes and value in filter_.codes):
        return value
    if filter_.codes:
        raise Refused(_("%(name)s is one of: %(codes)s.", name=name, codes=", ".join(filter_.codes)), name)
    if len(value) > filter_.most:
        raise Refused(_("That is too long. Write at most %(most)d characters.", most=filter_.most), name)
    if not _fits(filter_, value):
        raise Refused(_("Write it like %(example)s.", example=filter_.example), name)
    return value


def _fits(filter_: Filter, value: str) -> bool:
    if filter_.pattern and not re.fullmatch(filter_.pattern, value):
        return False
    try:
        return filter_.judge is None or filter_.judge(value) is not None
    except ValueError:
        return False


# --- where the next page begins ------------------------------------------------------------------------------------------


def next_address(resource: Resource, asked: Question, last: Key | None) -> str | None:
    """The whole address of the page after the key `last`; None when there is none."""
    if last is None:
        return None
    values = {name: value for name, value in asked.values.items() if value} | ({"limit": str(asked.limit)} if asked.limit != USUAL else {})
    return address_of(f"{resource.path}?{urlencode(values | {'cursor': _sealed(resource, asked.values, last)})}")


def _sealed(resource: Resource, values: Mapping[str, str], key: Key) -> str:
    text = json.dumps(list(key), ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode((_marks(resource, values, text)[0] + text).encode()).decode().rstrip("=")


def _opened(resource: Resource, values: Mapping[str, str], cursor: str) -> Key:
    try:
        inside = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (ValueError, binascii.Error):
        inside = ""
    mark, text = inside[:SHORT], inside[SHORT:]
    if not any(hmac.compare_digest(mark.encode(), each.encode()) for each in _marks(resource, values, text)):
        raise Refused(_("This is no cursor of this question. Take the whole address from “next”, or begin without a cursor."), "cursor")
    found: list[Any] = json.loads(text)
    return found


SHORT = 12  # hex digits of a mark: a wrong cursor does no harm, it shall only be known as such


def _marks(resource: Resource, values: Mapping[str, str], text: str) -> list[str]:
    about = "\n".join((resource.name, urlencode(sorted(values.items())), text))
    return [mark[:SHORT] for mark in vault.marks("cursor", about)]
