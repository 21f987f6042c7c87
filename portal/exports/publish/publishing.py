"""Editions of the open data: made from what was signed off, kept as they were, found at addresses that stay.

All files of an edition are read as of one moment. When nothing changed there is no new edition. When an award is taken down, the bytes of
every file that holds it go at once, also of old editions; what those files were (rows, sums, sha256) stays known.
"""

import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import IO, Any

from sqlalchemy import delete, exists, func, insert, select

from portal import clock
from portal.db import db, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.exports import packs
from portal.exports.filters import Filter
from portal.exports.grants import code
from portal.exports.publish import settings, summaries
from portal.exports.publish.model import Publication, PublishedFile, PublishedPiece, Publishing, Summary
from portal.grants import apply
from portal.grants.model import Application, Award
from portal.history import SCHEME, Actor, Event, record
from portal.money import financial_year, year_bounds
from portal.outbox import address_of
from portal.outcomes import stories
from portal.people.known import spans
from portal.people.model import Organisation
from portal.refs import new_ref
from portal.words import N_, _

EXPORTS = ("360giving-organisations", "360giving-individuals")
HOME = "/register/data/"
PIECE = 256 * 1024  # bytes
LOCK = "publishing"
MOVES = ("taken_down", "put_back", "name_gone")  # what must not fall between the reading and the edition
TITLES = {
    EXPORTS[0]: N_("Grants to groups and organisations"),
    EXPORTS[1]: N_("Grants to individuals, who are not named"),
}


@dataclass(frozen=True)
class Made:
    """A file that was read to its end and waits to be kept."""

    name: str
    export: str
    year: str
    form: str
    body: IO[bytes]
    size: int
    about: Mapping[str, Any]


def publish(actor: Actor, *, why: str = "officer") -> str | None:
    """Make an edition of what is signed off now; returns its reference, or None when all files are as they were.

    Refused: the settings are not complete, nothing was ever signed off. Conflict: awards are taken down faster than we read.
    """
    who = settings.ready()
    for _attempt in range(3):
        with ExitStack() as stack:
            began = clock.now()
            packs.hold_still()
            seen = _last_move()
            made = list(_made(who, stack))
            if not made and current() is None:
                raise Refused(_("Nothing is signed off yet. Look at the list, and sign off what is right."))
            packages = package(who, made, clock.now())
            with transaction():
                one_at_a_time(LOCK)
                if _last_move() == seen:
                    return _kept(made, packages, actor, why, began)
    raise Conflict(_("Awards are being taken down just now. Try again in a minute."))


def _last_move() -> int:
    return db.session.scalar(select(func.max(Event.id)).where(Event.kind.in_(MOVES), Event.about.like("publi%"))) or 0


def _made(who: settings.Publisher, stack: ExitStack) -> Iterator[Made]:
    """Each file that has a row: of all years, and of each financial year."""
    ends: Any = db.session.execute(
        select(func.min(Award.decided_on), func.max(Award.decided_on))
        .join(Application, Application.id == Award.application_id)
        .join(Summary, Summary.award_id == Award.id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .where(summaries.promised(), summaries.in_state("signed"))
    ).one()
    if ends[0] is None:
        return
    begin, end = (int(financial_year(day)[:4]) for day in ends)
    years = [f"{year}-{(year + 1) % 100:02d}" for year in range(end, begin - 1, -1)]
    for export in EXPORTS:
        for year in ("", *years):
            days = year_bounds(year) if year else (year_bounds(years[-1])[0], year_bounds(years[0])[1])
            for form in packs.formats(export):
                made = _file(export, year, form, days, who, stack)
                if made is None:
                    break
                yield made


def _file(export: str, year: str, form: str, days: tuple[date, date], who: settings.Publisher, stack: ExitStack) -> Made | None:
    chosen, totals = packs.fitting(export, form, Filter(*days)), packs.Totals()
    body = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  the stack closes it
    for piece in packs.pieces(export, form, chosen, totals):
        body.write(piece)
    if not totals.rows:
        return None
    name = f"{export}{'-' + year if year else ''}.{form}"
    about = packs.manifest(export, form, chosen, totals, who.name, clock.now()) | {"file": name, "address": address_of(HOME + name)}
    return Made(name, export, year, form, body, body.tell(), about)


def _kept(made: Sequence[Made], about: Mapping[str, Any], actor: Actor, why: str, began: datetime) -> str | None:
    """The edition, unless it is the one that stands. Part of an action that holds LOCK."""
    own = db.session.get(Publishing, 1, with_for_update=True)
    if own is not None:
        own.looked_at = began
    stands = {file.name: file.sha256 for file in current_files() if file.gone_at is None}
    if stands == {each.name: each.about["sha256"] for each in made} and current() is not None and not _current_has_gaps():
        return None
    edition = Publication(ref=new_ref("PUB"), at=clock.now(), by_id=actor.person_id, why=why, package=dict(about))
    db.session.add(edition)
    db.session.flush()
    for each in made:
        _keep_bytes(each)
        db.session.add(
            PublishedFile(
                publication_id=edition.id, name=each.name, export=each.export, year=each.year, form=each.form, rows=each.about["rows"],
                pence=each.about["total_pence"], size=each.size, sha256=each.about["sha256"], about=dict(each.about),
            )
        )  # fmt: skip
    record("publishing", "published", actor, reason=why, ref=edition.ref, files=[each.name for each in made])
    return edition.ref


def _keep_bytes(made: Made) -> None:
    sha256 = made.about["sha256"]
    if db.session.scalar(select(PublishedPiece.number).where(PublishedPiece.sha256 == sha256).limit(1)) is not None:
        return
    made.body.seek(0)
    number = 0
    while data := made.body.read(PIECE):
        db.session.execute(insert(PublishedPiece).values(sha256=sha256, number=number, data=data))
        number += 1


# --- asking for it -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asking:
    """The last time that somebody asked for an edition. `ref`: the edition that came of it, if anything had changed; `problem`: a sentence
    that says why none could be made.
    """

    id: int
    at: datetime
    by_id: int | None
    why: str
    before: str | None  # the edition that stood then
    waits: bool
    ref: str | None = None
    problem: str = ""


def ask(actor: Actor) -> None:
    """Ask the worker for an edition of what is signed off now; while one waits, that is the one.

    Refused: the settings are not complete, nothing was ever signed off.
    """
    settings.ready()
    if current() is None and not summaries.counts()["signed"]:
        raise Refused(_("Nothing is signed off yet. Look at the list, and sign off what is right."))
    with transaction():
        one_at_a_time(LOCK)
        before = asked()
        if before is None or not before.waits:
            _record_asked("officer", actor)


def _record_asked(why: str, actor: Actor) -> None:
    edition = current()
    record("publishing", "asked", actor, why=why, before=edition.ref if edition is not None else None)


def asked() -> Asking | None:
    """What was asked for last, and what came of it. Two queries."""
    query = select(Event).where(Event.about == "publishing").order_by(Event.id.desc()).limit(1)
    last = db.session.scalar(query.where(Event.kind == "asked"))
    if last is None:
        return None
    answer = db.session.scalar(query.where(Event.kind == "answered"))
    found = Asking(last.id, last.at, last.actor_id, last.data["why"], last.data["before"], waits=True)
    if answer is None or answer.data["asked"] < last.id:
        return found
    return replace(found, waits=False, ref=answer.data["ref"], problem=answer.reason or "")


def _publish_asked(one: Asking) -> int:
    """Make what was asked for, and say so. Whoever is stopped between the two makes nothing twice: all files are as they were then."""
    ref, problem = None, ""
    try:
        ref = publish(Actor(one.by_id), why=one.why)
    except Refused as why:
        problem = why.sentence
    with transaction():
        one_at_a_time(LOCK)
        now = asked()
        if now is None or not now.waits:
            return 0  # another worker was quicker
        edition = current()
        came = edition.ref if edition is not None and edition.ref != one.before else None  # made before somebody stopped us
        record("publishing", "answered", SCHEME, reason=problem or None, asked=one.id, ref=ref or came)
    return 1


def publish_due() -> int:
    """The worker's: an edition that was asked for; at the beginning of each month or quarter; and again when a file had to go or a grant is
    none any more. Once for each.
    """
    if (one := asked()) is not None and one.waits:
        return _publish_asked(one)
    own = db.session.get(Publishing, 1)
    if own is None or settings.publisher().missing:
        return 0
    due = own.every != "never" and (own.looked_at is None or own.looked_at < period_begins(own.every))
    if not due and not _current_has_gaps() and not _one_is_over(own.looked_at):
        return 0
    if current() is None and not summaries.counts()["signed"]:
        return 0
    return int(publish(SCHEME, why="schedule") is not None)


def period_begins(every: str) -> datetime:
    """The instant at which this month, or this quarter, began in London."""
    today = clock.today()
    month = today.month if every == "monthly" else (today.month - 1) // 3 * 3 + 1
    return clock.start_of_day(date(today.year, month, 1))


# --- taking down ---------------------------------------------------------------------------------------------------------


def take_down(bid: str, reason: str, actor: Actor) -> None:
    """Take an award out of the open data, every file that holds it, and its story; the worker publishes without it.

    Refused: no reason, not signed off yet, taken down already.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        application = apply.locked(bid)
        one_at_a_time(LOCK)
        row = _locked(bid)
        if row.taken_down_at is not None:
            raise Refused(_("This award is taken down already."))
        stories.take_down_with(application, reason, actor)
        row.taken_down_at, row.taken_down_by_id, row.taken_down_reason = clock.now(), actor.person_id, reason
        record(f"public:{row.award_id}", "taken_down", actor, reason=reason)
        forget(bid)
        before = asked()
        if current() is not None and not settings.publisher().missing and (before is None or not before.waits):
            _record_asked("taken_down", actor)


def _withheld(application: Application) -> str:
    taken = select(Summary.award_id).join(Award, Award.id == Summary.award_id)
    if db.session.scalar(taken.where(Award.application_id == application.id, Summary.taken_down_at.is_not(None)).limit(1)) is None:
        return ""
    return _(
        "The words of this grant were taken down, so its story cannot be published either. Do not publish it, or put the grant back first."
    )


stories.WITHHELD.append(_withheld)


def put_back(bid: str, reason: str, actor: Actor) -> None:
    """An award that was taken down may be published again, as it was signed off. Refused: no reason, it is not taken down."""
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        one_at_a_time(LOCK)
        row = _locked(bid)
        if row.taken_down_at is None:
            raise Refused(_("This award is not taken down."))
        row.taken_down_at, row.taken_down_by_id, row.taken_down_reason = None, None, ""
        record(f"public:{row.award_id}", "put_back", actor, reason=reason)


def _locked(bid: str) -> Summary:
    query = (
        select(Summary)
        .join(Award, Award.id == Summary.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(Application.ref == bid)
        .with_for_update(of=Summary)
    )
    found = db.session.scalar(query)
    if found is None:
        raise Refused(_("This award was not signed off, so it is not published."))
    return found


def forget(bid: str) -> int:
    """The bytes of every file that holds a bid's reference go; returns how many files. Part of an action."""
    return _forget(lambda sha256: _holds(sha256, bid.encode()))


def forget_name(name: str) -> int:
    """The bytes of every file that holds a full name, plain, go, whatever was signed off since; returns how many. Part of an action."""
    return _forget(lambda sha256: any(any(spans({name}, cell)) for row in csv.reader(_lines(sha256)) for cell in row))


def _forget(holds: Callable[[str], bool]) -> int:
    """By the sha256 of a table: its words stand in the other forms of the same file too."""
    standing = db.session.scalars(select(PublishedFile).where(PublishedFile.gone_at.is_(None)).order_by(PublishedFile.id)).all()
    held = {sha256 for sha256 in {file.sha256 for file in standing if file.form == "csv"} if holds(sha256)}
    told = {(file.publication_id, file.export, file.year) for file in standing if file.sha256 in held}
    bytes_of = {file.sha256 for file in standing if (file.publication_id, file.export, file.year) in told}
    gone = [file for file in standing if file.sha256 in bytes_of]
    for file in gone:
        file.gone_at = clock.now()
    if gone:
        db.session.execute(delete(PublishedPiece).where(PublishedPiece.sha256.in_(bytes_of)))
    return len(gone)


def _lines(sha256: str) -> Iterator[str]:
    rest = b""
    for data in pieces(sha256):
        *lines, rest = (rest + data).split(b"\n")
        yield from (line.decode() for line in lines)
    yield rest.decode()


def _holds(sha256: str, words: bytes) -> bool:
    rest = b""
    for data in pieces(sha256):
        if words in rest + data:
            return True
        rest = data[-len(words) :]
    return False


# --- reading -------------------------------------------------------------------------------------------------------------


def _current_has_gaps() -> bool:
    """Whether a file of the edition that stands had to go."""
    newest = select(func.max(Publication.id)).scalar_subquery()
    query = select(PublishedFile.id).where(PublishedFile.publication_id == newest, PublishedFile.gone_at.is_not(None))
    return db.session.scalar(query.limit(1)) is not None


def _one_is_over(since: datetime | None) -> bool:
    """Whether an award that was signed off stopped being a grant since the files were made last."""
    if since is None or current() is None:
        return False
    told = exists().where(Event.about == code("award", Award.id), Event.at >= since)
    query = select(Award.id).join(Summary, Summary.award_id == Award.id).where(Summary.taken_down_at.is_(None), ~summaries.promised(), told)
    return db.session.scalar(query.limit(1)) is not None


def current() -> Publication | None:
    """The edition that stands. One query."""
    return db.session.scalar(select(Publication).order_by(Publication.id.desc()).limit(1))


def current_files() -> Sequence[PublishedFile]:
    """Its files, by export, all years first and then the newest, in the order of their forms. One query."""
    newest = select(func.max(Publication.id)).scalar_subquery()
    rows = db.session.scalars(select(PublishedFile).where(PublishedFile.publication_id == newest)).all()
    return sorted(rows, key=lambda file: (EXPORTS.index(file.export), file.year != "", -int(file.year[:4] or 0), file.id))


def file(name: str) -> PublishedFile:
    """A file of the edition that stands, by its stable name. NotFound: none of that name, or it had to go. One query."""
    newest = select(func.max(Publication.id)).scalar_subquery()
    found = db.session.scalar(
        select(PublishedFile).where(PublishedFile.publication_id == newest, PublishedFile.name == name, PublishedFile.gone_at.is_(None))
    )
    if found is None:
        raise NotFound(_("There is no such file."))
    return found


def pieces(sha256: str) -> Iterator[bytes]:
    """The bytes of a file, one piece in memory at a time."""
    number = 0
    one = select(PublishedPiece.data).where(PublishedPiece.sha256 == sha256)
    while (data := db.session.scalar(one.where(PublishedPiece.number == number))) is not None:
        yield data
        number += 1


def manifest() -> Mapping[str, Any]:
    """What manifest.json says of the edition that stands. NotFound before the first. Two queries."""
    edition = current()
    if edition is None:
        raise NotFound(_("Nothing is published yet."))
    files = [file.about for file in current_files() if file.gone_at is None]
    return {"edition": edition.ref, "published_at": _instant(edition.at), "files": files}


def package(who: settings.Publisher, made: Sequence[Made], at: datetime) -> Mapping[str, Any]:
    """360giving.json: the publisher and its datasets, as the 360Giving registry asks for them."""
    return {
        "publisher": {"name": who.name, "org_id": who.identifier, "prefix": who.prefix, "website": address_of("/")},
        "standard_version": "1.4",
        "datasets": [_dataset(who, export, [each for each in made if each.export == export], at) for export in EXPORTS if any(each.export == export for each in made)],
    }  # fmt: skip


def _dataset(who: settings.Publisher, export: str, made: Sequence[Made], at: datetime) -> Mapping[str, Any]:
    whole = [each for each in made if not each.year]
    return {
        "title": f"{who.name}: {_(TITLES[export])}", "identifier": f"{who.prefix}-{export}",
        "description": _("Small grants of a neighbourhood programme. Each text was signed off by a person before it was published."),
        "license": who.licence_address, "license_name": who.licence_name, "modified": _instant(at), "accessURL": address_of(HOME),
        "distribution": [
            {"downloadURL": each.about["address"], "title": each.form, "rows": each.about["rows"], "total_pence": each.about["total_pence"], "sha256": each.about["sha256"]}
            for each in whole
        ],
    }  # fmt: skip


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
