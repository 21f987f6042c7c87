"""Files of other timebanks, as plain rows: the CSV exports of TimeOverflow and Komunitin, and a template of our own. Reads no database.

What is relied on (both read as they stood in autumn 2026):

TimeOverflow (github.com/coopdevs/timeoverflow): the report of members, `app/decorators/report/member_decorator.rb`, with the columns N (the
member's number in its bank), username, email, phone, alt_phone, created_at, last_sign_in_at, locale, balance, headed in the language of who
took it (`config/locales/*.yml`: "Name" or "Nombre", "Balance" or "Balanç"). A balance there is in seconds (a transfer is shown as amount /
3600). The other list of members (`member_complete_report_decorator.rb`) has no balance. Offers and requests are in
`report/post_decorator.rb` (a number, the title, tags, "Name (number)", a day; a category stands on a line of its own) and in
`post_complete_report_decorator.rb` (a title, a description, a category, a type, N).

Komunitin (github.com/community-exchange-network/komunitin): `accounting/src/server/csv-mappers.ts` exports accounts (id, created, code, status,
balance) without names; the bundle of `shared/migration/FORMAT.md` and its example has members.csv (code, name, type, status, adminUsers,
contact.email, contact.phone, createdAt, in its first form account.balance too), accounts.csv (code, balance) and posts.csv (code, type, memberCode,
categoryCode, title, description, status, fulfilledAt, expiresAt) and categories.csv (code, name). A member and its account share a code. A balance
is a decimal number of the community's currency. Only posts that are published there come along, until the day on which they end there.

Tolerated: any order of columns and columns that we do not need, a byte order mark, UTF-8, UTF-16 with its mark, or else Windows-1252; commas,
semicolons or tabs; line breaks within quotes.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from portal import clock
from portal.money import parse_hours
from portal.tables import plain as plain_name
from portal.tables import rows as rows_of
from portal.timebank.days import typed_day
from portal.web.forms import one_line, parse_email, parse_phone, tidy
from portal.words import _

SOURCES = ("timeoverflow", "komunitin", "template")
MOST_BYTES = 1024 * 1024  # of all files together
MOST_ROWS = 3000  # of one file
LONGEST = 120
LONGEST_TEXT = 800  # of an offer or a request, as on our own form
MOST_MINUTES = 60 * 10_000  # a balance beyond it is a slip, or in another unit
POSTS_TEMPLATE = ("post", "member", "kind", "title", "text", "category", "until")
TEMPLATE = ("id", "name", "kind", "email", "phone", "address", "area", "joined", "balance", "acts_for", "offers", "requests")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")

# what a column may be called, as `tables.plain` writes it
NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "timeoverflow": {
        "id": ("n",), "name": ("name", "username", "nombre", "nom", "izena", "nome"), "email": ("email", "e mail", "correo", "correu", "emaila", "posta"),
        "phone": ("phone", "telefono", "telefon", "telefonoa", "telefone"),
        "phone2": ("alternative phone", "telefono alternativo", "telefon alternatiu", "alt phone"),
        "joined": ("created", "created at", "creado", "creat", "sortua"), "balance": ("balance", "balanc", "saldo", "saldoa"),
        "title": ("title", "titulo", "titol"), "text": ("description", "descripcion", "descripcio"), "type": ("type", "tipo", "tipus"),
        "post": ("", "id"), "tags": ("tags", "etiquetas", "etiquetes"),
        "category": ("category", "categoria"), "offer": ("offer", "oferta"), "request": ("inquiry", "demanda", "petition"), "user": ("user", "usuario", "usuari"),
    },
    "komunitin": {
        "id": ("code",), "name": ("name",), "type": ("type",), "status": ("status",), "admins": ("adminusers",), "email": ("contact email",),
        "phone": ("contact phone",), "joined": ("createdat", "created"), "balance": ("balance", "account balance"), "member": ("membercode",),
        "category": ("categorycode",), "title": ("title",), "text": ("description",), "street": ("address streetaddress",),
        "town": ("address locality",), "postcode": ("address postalcode",), "until": ("expiresat",), "met": ("fulfilledat",),
    },
    "template": {name: (name.replace("_", " "),) for name in dict.fromkeys((*TEMPLATE, *POSTS_TEMPLATE))},
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Something at a line of a file, in a sentence; `stops`: nothing can be taken over until it is put right."""

    file: str
    line: int
    sentence: str
    stops: bool = True


@dataclass(frozen=True)
class ForeignPost:
    """An offer or a request as another timebank knows it. `key`: its number there, or one made of whose it is and what it says;
    `category`: the kind of help as it was called there, or "".
    """

    file: str
    line: int
    key: str
    kind: str
    title: str
    text: str = ""
    category: str = ""
    tags: str = ""
    until: date | None = None


@dataclass
class Foreign:
    """A member as another timebank knows them. `minutes`: their balance there."""

    file: str
    line: int
    id: str
    name: str
    email: str | None = None
    phone: str | None = None
    address: str = ""
    area: str = ""
    joined: date | None = None
    minutes: int = 0
    paused: bool = False
    organisation: str = ""  # its kind, for one that is none of a person
    acting: Sequence[str] = ()  # e-mail addresses of who acts for it
    offers: list[ForeignPost] = field(default_factory=list)


@dataclass
class Read:
    """What files hold, and everything that is odd about them."""

    members: list[Foreign] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def offers(self) -> int:
        return sum(len(member.offers) for member in self.members)


Row = tuple[int, Mapping[str, str]]  # (line, cells by our names)


def read(files: Sequence[tuple[str, bytes]], source: str, unit_minutes: int = 60) -> Read:
    """Members with their balances from the files of one source, each as (name, bytes). `unit_minutes`: what one unit of Komunitin's
    currency is worth. Whatever cannot be read is a Problem with its line; nothing is raised.
    """
    found = Read()
    if sum(len(data) for _name, data in files) > MOST_BYTES:
        found.problems.append(Problem("", 0, _("The files are larger than 1 megabyte together. Are they the right ones?")))
        return found
    tables = [(name, *table) for name, data in files if (table := _table(name, data, source, found)) is not None]
    {"timeoverflow": _timeoverflow, "komunitin": _komunitin, "template": _template}[source](tables, found, unit_minutes)
    _twice(found)
    if not found.members and not any(problem.stops for problem in found.problems):
        found.problems.append(Problem(files[0][0] if files else "", 1, _("There are no members in it.")))
    return found


# --- tables --------------------------------------------------------------------------------------------------------------

Table = tuple[str, frozenset[str], list[Row]]  # file, columns that we know, rows


def _table(file: str, data: bytes, source: str, found: Read) -> tuple[frozenset[str], list[Row]] | None:
    """The rows of a file by our names of columns; None, with its problem noted, when it is no table."""
    rows = rows_of(data)
    try:
        _line, names = next(rows)
    except (StopIteration, csv.Error):
        found.problems.append(Problem(file, 1, _("The file is empty, or is no table. Save it as CSV.")))
        return None
    known = {name: ours for ours, theirs in NAMES[source].items() for name in theirs}
    columns = [known.get(plain_name(name)) if name.strip() or not place else None for place, name in enumerate(names)]
    twice = next((name for place, name in enumerate(columns) if name and name in columns[:place]), None)
    if twice:
        found.problems.append(Problem(file, 1, _("The column %(name)s stands there twice.", name=twice)))
        return None
    table: list[Row] = []
    try:
        for line, cells in rows:
            if len(table) >= MOST_ROWS:
                found.problems.append(Problem(file, line, _("There are more than %(most)d lines. Send them in parts.", most=MOST_ROWS)))
                return None
            table.append((line, {name: tidy(cell) for name, cell in zip(columns, cells, strict=False) if name}))
    except csv.Error:
        found.problems.append(Problem(file, len(table) + 2, _("This line cannot be read as CSV.")))
        return None
    return frozenset(name for name in columns if name), table


# --- the three sources ---------------------------------------------------------------------------------------------------


def _timeoverflow(tables: Sequence[Table], found: Read, _unit: int) -> None:
    posts: list[tuple[str, Row, str]] = []
    for file, columns, rows in tables:
        if {"title", "id", "type"} <= columns:
            posts += [(file, row, "") for row in rows]
        elif {"id", "name"} <= columns:
            if _has_balance(file, columns, found, _("Take the list “Users” with balances, under Reports.")):
                found.members += [member for row in rows if (member := _timeoverflow_member(file, row, found)) is not None]
        elif columns & {"offer", "request"}:
            posts += list(_grouped(file, rows, "offer" if "offer" in columns else "request"))
        else:
            _unknown(file, found)
    known = {member.id: member for member in found.members}
    for file, (line, cells), category in posts:
        member = known.get(cells.get("id") or _number_behind(cells.get("user", "")))
        kind = "request" if cells.get("request") or plain_name(cells.get("type", "")) in NAMES["timeoverflow"]["request"] else "offer"
        title = cells.get("title") or cells.get(kind) or ""
        tags = re.sub(r"[\[\]\"]", "", cells.get("tags", ""))
        _offer(file, (line, {**cells, "tags": tags}), member, kind, title, cells.get("category") or category, found)


def _timeoverflow_member(file: str, row: Row, found: Read) -> Foreign | None:
    line, cells = row
    made = _begun(file, row, found)
    if made is None:
        return None
    seconds = _number(cells.get("balance", ""))
    if seconds is None or seconds != seconds.to_integral_value():
        found.problems.append(
            Problem(
                file, line, _("“%(text)s” is no number of seconds, as TimeOverflow writes a balance.", text=cells.get("balance", "")[:40])
            )
        )
        return None
    return _with_balance(made, seconds / 60, found)


def _grouped(file: str, rows: Sequence[Row], kind: str) -> Iterator[tuple[str, Row, str]]:
    """The short list of posts: a line with a title and nobody's name is the category of those below it."""
    category = ""
    for line, cells in rows:
        if not cells.get("user"):
            category = one_line(cells.get(kind, "")).strip("-")
        else:
            yield file, (line, cells), category


def _number_behind(user: str) -> str:
    """ "Ann Bell (12)" gives "12"."""
    behind = re.search(r"\(([^()]{1,40})\)\s*$", user)
    return behind[1].strip() if behind else ""


def _komunitin(tables: Sequence[Table], found: Read, unit: int) -> None:
    people = [table for table in tables if {"id", "name"} <= table[1] and "member" not in table[1]]
    accounts = [table for table in tables if {"id", "balance"} <= table[1] and "name" not in table[1]]
    posts = [table for table in tables if "member" in table[1]]
    kinds = [
        table for table in tables if {"id", "name", "text"} <= table[1] and not table[1] & {"type", "balance", "admins", "email", "phone"}
    ]
    people = [table for table in people if table not in kinds]
    called = {cells["id"]: cells.get("name", "") for _file, _columns, rows in kinds for _line, cells in rows if cells.get("id")}
    for table in tables:
        if table not in people and table not in accounts and table not in posts and table not in kinds:
            found.problems.append(Problem(table[0], 1, _("There is nothing in this file that we take over."), stops=False))
    balances = {
        cells["id"]: (file, line, cells.get("balance", "")) for file, _columns, rows in accounts for line, cells in rows if cells.get("id")
    }
    if accounts and not people:
        found.problems.append(Problem(accounts[0][0], 1, _("This file has no names. Send members.csv of the same community with it.")))
    for file, columns, rows in people:
        if not accounts and not _has_balance(file, columns, found, _("Send accounts.csv with it.")):
            continue
        found.members += [member for row in rows if (member := _komunitin_member(file, row, balances, unit, found)) is not None]
    known = {member.id: member for member in found.members}
    if people:
        for id_, (file, line, text) in balances.items():
            if id_ not in {cells.get("id") for _file, _columns, rows in people for _line, cells in rows}:
                found.problems.append(
                    Problem(
                        file, line, _("The account %(id)s (%(balance)s) belongs to nobody in members.csv.", id=id_[:40], balance=text[:20])
                    )
                )
    for file, _columns, rows in posts:
        for line, cells in rows:
            kind = "offer" if cells.get("type") == "offer" else "request"
            title = cells.get("title") or cells.get("text", "").split("\n")[0][:80]
            state = "met" if cells.get("met") else cells.get("status") or "published"
            if state != "published":
                sentence = _("“%(title)s” is “%(state)s” there, so it stays behind.", title=one_line(title)[:60], state=state[:20])
                found.problems.append(Problem(file, line, sentence, stops=False))
                continue
            category = called.get(cells.get("category", ""), cells.get("category", ""))
            row = (line, {**cells, "post": cells.get("id", ""), "until": cells.get("until", "")[:10]})
            _offer(file, row, known.get(cells.get("member", "")), kind, title, category, found)


GONE = ("draft", "pending", "deleted")
KINDS = {"business": "business", "organization": "group", "organisation": "group", "public": "group"}


def _komunitin_member(file: str, row: Row, balances: Mapping[str, tuple[str, int, str]], unit: int, found: Read) -> Foreign | None:
    line, cells = row
    status = cells.get("status", "active") or "active"
    said = balances[cells["id"]][2] if cells.get("id") in balances else cells.get("balance", "")
    if status in GONE and not (_number(said or "0") or 0):
        found.problems.append(
            Problem(
                file,
                line,
                _("%(name)s is “%(status)s” there, so they are left out.", name=cells.get("name", "")[:60], status=status),
                stops=False,
            )
        )
        return None
    admins = [one_line(each).lower() for each in cells.get("admins", "").split(";") if each.strip()]
    organisation = KINDS.get(cells.get("type", "personal"), "")
    if not organisation and not cells.get("email") and admins:
        cells = {**cells, "email": admins[0]}
    made = _begun(file, (line, {**cells, "address": _address(cells)}), found)
    if made is None:
        return None
    made.organisation, made.acting, made.paused = organisation, admins if organisation else (), status not in ("active", *GONE)
    amount = _number(said)
    if amount is None:
        found.problems.append(Problem(file, line, _("“%(text)s” is no balance. Write a number like -3.5.", text=said[:40])))
        return None
    return _with_balance(made, amount * unit, found)


def _address(cells: Mapping[str, str]) -> str:
    return "\n".join(part for name in ("street", "town", "postcode") if (part := one_line(cells.get(name, ""))))


def _template(tables: Sequence[Table], found: Read, _unit: int) -> None:
    posts = [table for table in tables if {"member", "title"} <= table[1]]
    for file, columns, rows in tables:
        if (file, columns, rows) in posts:
            continue
        missing = [name for name in ("id", "name", "balance") if name not in columns]
        if missing:
            found.problems.append(
                Problem(
                    file, 1, _("The column %(name)s is missing. The first line reads: %(all)s", name=missing[0], all=",".join(TEMPLATE))
                )
            )
            continue
        found.members += [member for row in rows if (member := _template_member(file, row, found)) is not None]
    known = {member.id: member for member in found.members}
    for file, _columns, rows in posts:
        for row in rows:
            _template_post(file, row, known, found)


def _template_post(file: str, row: Row, known: Mapping[str, Foreign], found: Read) -> None:
    line, cells = row
    kind = cells.get("kind", "").lower()
    if kind not in ("offer", "request"):
        found.problems.append(Problem(file, line, _("“%(kind)s” is neither offer nor request.", kind=kind[:40])))
        return
    _offer(file, row, known.get(cells.get("member", "")), kind, cells.get("title", ""), cells.get("category", ""), found)


def _template_member(file: str, row: Row, found: Read) -> Foreign | None:
    line, cells = row
    made = _begun(file, row, found)
    if made is None:
        return None
    kind = cells.get("kind", "").lower()
    if kind not in ("", "person", "group", "school", "hub", "business", "charity", "council"):
        found.problems.append(
            Problem(file, line, _("“%(kind)s” is none of person, group, school, hub, business, charity, council.", kind=kind[:40]))
        )
        return None
    made.organisation = "" if kind == "person" else kind
    made.acting = [one_line(each).lower() for each in re.split(r"[;\s]+", cells.get("acts_for", "")) if each]
    for word, column in (("offer", "offers"), ("request", "requests")):
        for title in re.split(r"[;\n]", cells.get(column, "")):
            if title.strip():
                _offer(file, (line, {}), made, word, title, "", found)
    minutes = _signed_hours(cells.get("balance", ""))
    if not one_line(cells.get("balance", "")):
        found.problems.append(Problem(file, line, _("%(name)s has no balance here, so it is nothing.", name=made.name), stops=False))
    if minutes is None:
        found.problems.append(
            Problem(file, line, _("“%(text)s” is no balance. Write hours, like 2 or -1.5 or 1:30.", text=cells.get("balance", "")[:40]))
        )
        return None
    return _with_balance(made, Decimal(minutes), found)


def _signed_hours(text: str) -> int | None:
    """ "-1:30" in minutes; an empty cell is nothing."""
    bare = one_line(text).replace("−", "-")
    if not bare:
        return 0
    number = _number(bare)
    if number is not None:  # 120.25 hours are more than `parse_hours` lets anybody give
        return int((number * 60).to_integral_value(ROUND_HALF_UP))
    sign = -1 if bare.startswith("-") else 1
    try:
        return sign * parse_hours(bare.lstrip("+-"))
    except ValueError:
        return None


# --- one member ----------------------------------------------------------------------------------------------------------


def _begun(file: str, row: Row, found: Read) -> Foreign | None:
    """Who a row is about: number, name, how they are reached. What cannot be read of an address is left out, and said."""
    line, cells = row
    id_, name = one_line(cells.get("id", "")), one_line(cells.get("name", ""))
    if not _ID.fullmatch(id_):
        sentence = _("A number or code of at most 40 letters, digits, dots and dashes is missing; it is never a name.")
        found.problems.append(Problem(file, line, sentence))
        return None
    if not name or len(name) > LONGEST:
        found.problems.append(Problem(file, line, _("The name is missing, or longer than %(most)d letters.", most=LONGEST)))
        return None
    made = Foreign(file, line, id_, name, area=one_line(cells.get("area", "")), address=cells.get("address", "")[:300])
    made.email = _contact(made, cells.get("email", ""), parse_email, found)
    made.phone = _contact(made, cells.get("phone", "") or cells.get("phone2", ""), parse_phone, found)
    if joined := cells.get("joined", ""):
        try:
            made.joined = typed_day(one_line(joined), years_back=60)
            if made.joined > clock.today():
                made.joined = None
                found.problems.append(
                    Problem(file, line, _("The day on which they joined is still ahead, so it is left out."), stops=False)
                )
        except ValueError:
            found.problems.append(
                Problem(file, line, _("“%(day)s” is no day, so when they joined is left out.", day=one_line(joined)[:40]), stops=False)
            )
    return made


def _contact(made: Foreign, text: str, understand: object, found: Read) -> str | None:
    text = one_line(text)
    if not text:
        return None
    try:
        return str(understand(text))  # type: ignore[operator]
    except ValueError:
        found.problems.append(
            Problem(made.file, made.line, _("We cannot write to “%(text)s”, so it is left out.", text=text[:60]), stops=False)
        )
        return None


def _number(text: str) -> Decimal | None:
    """A decimal number, with a point or a comma; None for anything else."""
    bare = one_line(text).replace("−", "-").replace(",", ".")
    if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,12})?", bare):
        return None
    try:
        return Decimal(bare)
    except InvalidOperation:
        return None


def _with_balance(made: Foreign, minutes: Decimal, found: Read) -> Foreign | None:
    """Their balance, to the nearest minute (half a minute away from zero): it need not be quarters of an hour."""
    whole = int(minutes.to_integral_value(ROUND_HALF_UP))
    if abs(whole) > MOST_MINUTES:
        found.problems.append(
            Problem(made.file, made.line, _("A balance of more than 10,000 hours is a slip. Check the figure, and its unit."))
        )
        return None
    if whole != minutes:
        found.problems.append(
            Problem(made.file, made.line, _("The balance of %(name)s is rounded to the nearest minute.", name=made.name), stops=False)
        )
    made.minutes = whole
    return made


def _offer(file: str, row: Row, member: Foreign | None, kind: str, title: str, category: str, found: Read) -> None:
    """One offer or request to whose it is; the same one in a second list is the same one, and what that list says more is taken."""
    line, cells = row
    title = one_line(title)[:LONGEST]
    if member is None or not title:
        sentence = (
            _("This offer or request has no title.") if member else _("This offer or request belongs to nobody in the list of members.")
        )
        found.problems.append(Problem(file, line, sentence, stops=False))
        return
    number = one_line(cells.get("post", ""))
    key = number if _ID.fullmatch(number) else f"{member.id}/{kind}/{hashlib.sha256(title.casefold().encode()).hexdigest()[:16]}"
    text = tidy(cells.get("text", ""))
    if len(text) > LONGEST_TEXT:
        sentence = _("What is written about “%(title)s” is cut after %(most)d letters.", title=title[:60], most=LONGEST_TEXT)
        found.problems.append(Problem(file, line, sentence, stops=False))
        text = text[: LONGEST_TEXT - 1] + "…"
    made = ForeignPost(
        file, line, key, kind, title, text, one_line(category)[:LONGEST], one_line(cells.get("tags", ""))[:LONGEST],
        _until(file, line, cells.get("until", ""), found),
    )  # fmt: skip
    same = next((place for place, other in enumerate(member.offers) if other.key == key), None)
    if same is None:
        member.offers.append(made)
    elif made.text and not member.offers[same].text:
        member.offers[same] = made


def _until(file: str, line: int, typed: str, found: Read) -> date | None:
    """The last day that was written at an offer or request; None: none, or one that cannot be read, which is said."""
    if not typed:
        return None
    try:
        return typed_day(one_line(typed), years_back=60)
    except ValueError:
        found.problems.append(Problem(file, line, _("“%(day)s” is no day, so it is left out.", day=one_line(typed)[:40]), stops=False))
        return None


def _has_balance(file: str, columns: frozenset[str], found: Read, advice: str) -> bool:
    if "balance" in columns:
        return True
    found.problems.append(Problem(file, 1, _("There is no column with balances. %(advice)s", advice=advice)))
    return False


def _unknown(file: str, found: Read) -> None:
    found.problems.append(Problem(file, 1, _("We do not know this file: the first line has none of the names of columns that we expect.")))


def _twice(found: Read) -> None:
    """Two lines with one number, or one address: nobody can say whose hours they are."""
    for attribute, sentence in (
        ("id", _("This number stands on line %(line)d too.")),
        ("email", _("This e-mail address stands on line %(line)d too. Take it out of one of them.")),
        ("phone", _("This telephone number stands on line %(line)d too. Take it out of one of them.")),
    ):
        seen: dict[str, int] = {}
        for member in found.members:
            value = getattr(member, attribute)
            if value and (attribute == "id" or not member.organisation):
                if value in seen:
                    found.problems.append(Problem(member.file, member.line, sentence % {"line": seen[value]}))
                seen.setdefault(value, member.line)


def template() -> str:
    """The plain template: its heading, and two lines to show how; as CSV."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(TEMPLATE)
    writer.writerow(
        (
            "12",
            "Ann Bell",
            "person",
            "ann@example.org",
            "07700 900123",
            "3 Larch Court\nMossgate",
            "mossgate",
            "27/3/2024",
            "-1.5",
            "",
            "Sewing; Lifts to town",
            "Help with a phone",
        )
    )
    writer.writerow(("13", "Wednesday Friends", "group", "", "", "", "mossgate", "2024-05-01", "12:15", "ann@example.org", "", ""))
    return made.getvalue()


def posts_template() -> str:
    """The plain template for offers and requests, sent together with the one for members: its heading and two lines; as CSV."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(POSTS_TEMPLATE)
    writer.writerow(("1", "12", "offer", "I can sew on buttons and turn up hems", "Bring your own thread.", "Crafts, music and art", ""))
    writer.writerow(("2", "13", "request", "A hand with chairs on Wednesdays", "", "Events and hubs", "2027-03-31"))
    return made.getvalue()
