"""A list in a CSV file, line by line, as drafts of entries; whatever cannot be understood is a sentence with its line. Reads no database."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal import tables
from portal.errors import Refused
from portal.places.model import Area
from portal.strengths import rules
from portal.strengths.model import KINDS
from portal.strengths.queries import key_of
from portal.strengths.rules import KIND_WORDS, ONE_OF_KIND, Draft
from portal.web.forms import one_line, parse_email, parse_phone, tidy
from portal.words import _

COLUMNS = (
    "id", "name", "kind", "offers", "area", "contact", "email", "phone", "public", "place", "open_door", "access", "access_words", "when", "ways",
    "tags", "links", "latitude", "longitude", "initiative",
)  # fmt: skip
NEEDED = ("name", "kind", "offers")
MOST_BYTES = 2 * 1024 * 1024
MOST_ROWS = 3000
YES = frozenset(("yes", "y", "true", "1", "x", "ja"))
NO = frozenset(("", "no", "n", "false", "0", "nein"))
FORMULA = ("=", "@", "+", "-", "\t", "\r")  # how a spreadsheet recognises a formula; our own exports put an apostrophe before it


@dataclass(frozen=True)
class Problem:
    """Something at a line, in a sentence; `stops`: nothing is taken over until it is put right."""

    line: int
    sentence: str
    stops: bool = True


class NoTable(Exception):
    """A file that cannot be read as a list of ours at all."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = Problem(line, sentence)


@dataclass(frozen=True)
class Coming:
    """A line that becomes an entry."""

    line: int
    key: str
    draft: Draft
    area: str  # its name
    initiative: bool


Row = tuple[int, Mapping[str, str]]  # (line, cells by our names)


def rows(data: bytes) -> tuple[list[Row], list[Problem]]:
    """The rows of a file by our names of columns, and what is odd about some lines. NoTable."""
    if not data.strip():
        raise NoTable(1, _("The file is empty."))
    if len(data) > MOST_BYTES:
        raise NoTable(1, _("The file is larger than 2 megabytes. Send it in parts."))
    reader = tables.rows(data)
    found: list[Row] = []
    problems: list[Problem] = []
    line = 1
    try:
        line, head = next(reader, (1, []))
        names = [tables.plain(name).replace(" ", "_") for name in head]
        if wrong := _wrong_columns(names, head):
            raise NoTable(line, wrong)
        for line, cells in reader:
            if len(found) >= MOST_ROWS:
                raise NoTable(line, _("There are more than %(most)d lines. Send them in parts.", most=MOST_ROWS))
            if any(cell.strip() for cell in cells[len(names) :]):
                problems.append(Problem(line, _("There is something in a column without a name. Are there marks missing around a text?")))
                continue
            found.append((line, {name: _cell(name, cell) for name, cell in zip(names, cells, strict=False) if name}))
    except csv.Error as why:
        raise NoTable(line, _("This line cannot be read as CSV.")) from why
    if not found and not problems:
        raise NoTable(1, _("There are no lines below the first one."))
    return found, problems


def _wrong_columns(names: Sequence[str], head: Sequence[str]) -> str | None:
    if not names or not set(names) & set(COLUMNS):
        return _("The first line must name the columns: %(all)s", all=", ".join(COLUMNS))
    if missing := [name for name in NEEDED if name not in names]:
        return _("The column %(name)s is missing. The first line must name the columns: %(all)s", name=missing[0], all=", ".join(COLUMNS))
    if others := [head[place] for place, name in enumerate(names) if name and name not in COLUMNS]:
        return _("These columns are not known: %(names)s. Take them out.", names=", ".join(name[:40] for name in others[:10]))
    twice = next((name for place, name in enumerate(names) if name and name in names[:place]), None)
    return _("The column %(name)s stands there twice.", name=twice) if twice else None


def _cell(name: str, text: str) -> str:
    return text.strip() if name in ("offers", "links") else one_line(text)


def _without_formulas(cells: Mapping[str, str]) -> Mapping[str, str]:
    """The cells as they are meant: an apostrophe before what only looks like a formula goes. Refused: one that is a formula."""
    meant = {}
    for name, text in cells.items():
        number = name in ("phone", "latitude", "longitude") and text[:1] in ("+", "-")
        if text.startswith(FORMULA) and not number:
            raise Refused(_("“%(text)s” begins like a formula of a spreadsheet. Write it in another way.", text=text[:40]))
        meant[name] = text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text
    return meant


def coming(line: int, cells: Mapping[str, str], source: str, areas: Mapping[str, Area], area_code: str) -> Coming:
    """What a line says, of the list `source`; `areas` by code and by name in small letters, `area_code` where a line names none.

    Refused or ValueError, with a sentence: what cannot be understood.
    """
    cells = _without_formulas(cells)
    area = areas.get(cells.get("area", "").casefold() or area_code)
    if area is None:
        said = cells.get("area", "")
        raise Refused(_("We do not know the area “%(area)s”.", area=said[:40]) if said else _("Say in which area it is."))
    latitude, longitude = _position(cells.get("latitude", ""), cells.get("longitude", ""))
    draft = Draft(
        kind=_kind(cells.get("kind", "")), name=cells.get("name", ""), offers=tidy(cells.get("offers", "")), area_id=area.id, contact=cells.get("contact", ""),
        email=parse_email(cells["email"]) if cells.get("email") else "", phone=parse_phone(cells["phone"]) if cells.get("phone") else "",
        contact_public=_yes(cells.get("public", "")), ways=cells.get("ways", "").lower().replace(";", ","), place=cells.get("place", ""),
        open_door=_yes(cells.get("open_door", "")), access=cells.get("access", "").lower().replace(";", ","), access_words=cells.get("access_words", ""),
        when_words=cells.get("when", ""), tags=cells.get("tags", "").replace(";", ","), links="\n".join(cells.get("links", "").split()),
        latitude=latitude, longitude=longitude,
    )  # fmt: skip
    number = cells.get("id", "")[:60]
    key = f"{source}:{number}" if number else f"{source}:{area.code}:{key_of(draft.name)}"
    return Coming(line, key, draft, area.name, _yes(cells.get("initiative", "")))


def _kind(text: str) -> str:
    plain = text.casefold()
    for code in KINDS:
        if plain in (code, KIND_WORDS[code].casefold(), ONE_OF_KIND[code].casefold()):
            return code
    raise Refused(_("“%(kind)s” is none of %(all)s.", kind=text[:40], all=", ".join(KINDS)))


def _yes(text: str) -> bool:
    plain = text.casefold()
    if plain not in YES | NO:
        raise Refused(_("“%(text)s” is neither yes nor no.", text=text[:40]))
    return plain in YES


def _position(latitude: str, longitude: str) -> tuple[int | None, int | None]:
    if not latitude and not longitude:
        return None, None
    return rules.position(f"{latitude.replace(',', '.')}, {longitude.replace(',', '.')}")


def template() -> str:
    """The columns, with two lines to show how."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(COLUMNS)
    writer.writerow(
        ["17", "Mossgate Choir", "people", "Sings on Tuesdays. Everybody may join, no notes needed.", "Mossgate", "Come to the hall at seven", "", "", "", "Mossgate Hall", "no", "step-free", "", "Tuesdays at 7 pm", "", "singing, music", "", "", "", "no"]
    )  # fmt: skip
    writer.writerow(
        ["18", "Listening ear", "support", "Somebody who has been there listens, for an hour.", "Mossgate", "", "hello@listening.example", "01632 960999", "yes", "", "no", "", "", "", "one-to-one, telephone", "company", "https://listening.example/", "", "", "yes"]
    )  # fmt: skip
    return made.getvalue()
