"""Quick sparks: up to £25 given on the spot by a connector, from a float that a panel granted.

Each is one entry in the books, float → payee; put right by a reversal that everybody can see, never deleted. The receipt
may come two weeks later; until a late one is there, its connector gives no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, String, func, select
from sqlalchemy.orm import joinedload

from portal import clock, once, photos
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.grants import floats
from portal.grants.apply import attach
from portal.grants.model import FloatRequest, Fund, Photo, QuickFloat, QuickRemark, QuickSpark
from portal.history import Actor, record
from portal.ledger.model import Account, State
from portal.ledger.posting import Line, open_account, post, reverse
from portal.money import Pence, pounds
from portal.outbox import Text, address_of, queue
from portal.people.model import Person, Role
from portal.people.queries import addressee_of, holds, in_force, person
from portal.people.shield import not_for_the_public
from portal.places.model import Area
from portal.places.queries import ward_on
from portal.refs import new_ref
from portal.settings import limits
from portal.web.filters import day as day_words
from portal.words import _

OLDEST = timedelta(days=31)  # what is older is told to an officer
REMINDERS = (timedelta(days=-7), timedelta(days=0), timedelta(days=1))  # before the day a receipt is due, on it, and when it is late
PAYEE_KINDS = ("shop", "group", "person")


@dataclass(frozen=True)
class Given:
    """A quick spark as typed. `what` is for everybody to read, `helps` for the panel; a person's name for neither."""

    what: str
    helps: str
    area_id: int | None
    amount: Pence
    spent_on: date
    payee_kind: str
    payee_name: str
    not_ours: bool  # they say that it is for nobody of their own household


def about(spark: QuickSpark) -> str:
    """How events, messages and photos name it."""
    return f"quick:{spark.id}"


def receipts_about(spark: QuickSpark) -> str:
    """How the photos of its receipt name it."""
    return f"quick-receipt:{spark.id}"


def paid_to(spark: QuickSpark) -> str:
    """The ledger account of what was given."""
    return f"payee:{spark.ref}:paid"


def posted(spark: QuickSpark) -> str:
    """The key of its entry in the books."""
    return f"quick:{spark.id}:given"


# --- giving --------------------------------------------------------------------------------------------------------------


def spend(
    float_ref: str, given: Given, receipt: photos.Picture | None, photo: photos.Picture | None, alt: str, data_dir: Path, actor: Actor,
    *, once_key: str,
) -> str:  # fmt: skip
    """Give it: one entry in the books; returns the reference. A second tap gives the first one again.

    By the connector, or by an officer on their behalf who says on what basis. Refused: what `in_the_way` says, what `_judge`
    says, and what the books say.
    """
    kept = {name: photos.keep(picture, data_dir) for name, picture in (("receipt", receipt), ("photo", photo)) if picture}
    done: str | None = None
    try:
        with transaction():
            if (done := once.claim(once_key)) is None:
                return _spend(float_ref, given, {"receipt": receipt, "photo": photo}, kept, alt, actor, once_key)
    except BaseException:
        _drop(kept, data_dir)
        raise
    _drop(kept, data_dir)  # a second tap brought the same photos again
    return done


def _spend(
    float_ref: str, given: Given, pictures: Mapping[str, photos.Picture | None], kept: Mapping[str, str], alt: str, actor: Actor, once_key: str
) -> str:  # fmt: skip
    float_ = floats.locked(floats.by_ref(float_ref).id)
    whose = actor.on_behalf_id or actor.person_id
    if whose != float_.person_id:
        raise NotYours(_("We cannot find that float."))
    if actor.on_behalf_id and not actor.basis:
        raise Refused(_("Write which slip you type from, or how you know."), "basis")
    if (why := in_the_way(float_)) is not None:
        raise Refused(why)
    area = _judge(float_, given)
    now, today = clock.now(), clock.today()
    ward_code, ward_name = ward_on(area, given.spent_on)
    spark = QuickSpark(
        ref=new_ref("QSP"), float_id=float_.id, amount=given.amount, spent_on=given.spent_on, what=given.what, helps=given.helps, area_id=area.id,
        ward_code=ward_code, ward_name=ward_name, payee_kind=given.payee_kind, payee_name=given.payee_name, entered_on=today, entered_at=now,
        entered_by_id=actor.person_id, basis=actor.basis or "", receipt_by=today + timedelta(days=limits.of(limits.RECEIPT)),
    )  # fmt: skip
    db.session.add(spark)
    db.session.flush()
    open_account(paid_to(spark), "GBP", "expense", _("Quick spark %(ref)s", ref=spark.ref), floor=0)
    post(
        [Line(floats.account(float_), paid_to(spark), spark.amount)], key=posted(spark), kind="quick spark", about=about(spark),
        sentence=_("Quick spark %(ref)s", ref=spark.ref), actor=actor.code, effective_on=spark.spent_on, on_behalf=actor.on_behalf_code,
        basis=actor.basis, refusals={floats.account(float_): _too_little(float_)},
    )  # fmt: skip
    float_.balance, float_.spent = Pence(float_.balance - spark.amount), Pence(float_.spent + spark.amount)
    record(about(spark), "given", actor, amount=spark.amount, float=float_.ref)
    for name, file in kept.items():
        picture = pictures[name]
        assert picture is not None
        if name == "receipt":
            attach(receipts_about(spark), file, picture, _("Receipt"), actor, public=False)
            spark.receipt_at = now
        else:
            attach(about(spark), file, picture, alt, actor, public=True)
    once.keep(once_key, spark.ref)
    return spark.ref


def _drop(files: Mapping[str, str], data_dir: Path) -> None:
    for file in files.values():
        photos.drop(file, data_dir)


def in_the_way(float_: QuickFloat) -> str | None:
    """Why nothing can be given from this float now, in a sentence; None when something can. Two queries."""
    if float_.status != "open":
        return _("This float has gone back to the fund. Ask the panel for a new one.")
    if not floats.is_connector(float_.person_id):
        return _("Your time as a connector has ended, so nothing can be given from this float. An officer takes it back.")
    late = overdue(float_.person_id)
    if late is not None:
        return _(
            "The receipt for “%(what)s” is missing since %(day)s. Add it, or ask an officer, and go on.",
            what=late.what,
            day=day_words(late.receipt_by),
        )
    return None


def _judge(float_: QuickFloat, given: Given) -> Area:
    """The area that it is for. Refused, with a kind sentence at its field, for whatever does not fit."""
    most, today = floats.most_of(float_.fund), clock.today()
    if not given.what:
        raise Refused(_("Write in a line what it is for."), "what")
    names = [person(float_.person_id).name, given.payee_name if given.payee_kind == "person" else ""]
    private = not_for_the_public(given.what, [name for name in names if name])
    if private is not None:
        raise Refused(_("Everybody can read this line, so take out %(what)s.", what=private), "what")
    if given.amount < 1:
        raise Refused(_("Write how much it was."), "amount")
    if given.amount > most:
        raise Refused(
            _("A quick spark is up to %(most)s. For more, write down an idea for the panel: it takes ten minutes.", most=pounds(most)),
            "amount",
        )
    if given.amount > float_.balance:
        raise Refused(_too_little(float_), "amount")
    if given.spent_on > today:
        raise Refused(_("That day is still ahead."), "spent_on")
    if given.spent_on < today - OLDEST:
        raise Refused(_("That is more than 31 days ago. Tell an officer, who looks at it with you."), "spent_on")
    if given.spent_on < clock.london_day(float_.opened_at):
        raise Refused(
            _("You have this float since %(day)s. What was before cannot come from it.", day=day_words(float_.opened_at)), "spent_on"
        )
    if given.payee_kind not in PAYEE_KINDS:
        raise Refused(_("Say who was paid: a shop, a group or a person."), "payee_kind")
    if not given.payee_name:
        raise Refused(_("Write who was paid."), "payee_name")
    if not given.not_ours:
        raise Refused(_("A quick spark is for a neighbour. Tick the box if it is not for you or anybody you live with."), "not_ours")
    if given.payee_kind == "person" and _alike(given.payee_name, person(float_.person_id).name):
        raise Refused(
            _("A quick spark is for a neighbour, not for you or anybody you live with. Write down an idea for the panel instead."),
            "payee_name",
        )
    area = db.session.get(Area, given.area_id) if given.area_id is not None else None
    if area is None:
        raise Refused(_("Choose where it helps."), "area")
    if not holds(float_.person_id, "connector", area.id):
        raise Refused(_("This connector is for another area. Ask the connector there, or an officer."), "area")
    return area


def _alike(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()


def _too_little(float_: QuickFloat) -> str:
    return _("Your float holds %(left)s. Give less, or ask the panel to top it up.", left=pounds(float_.balance))


# --- receipts ------------------------------------------------------------------------------------------------------------


def add_receipt(ref: str, picture: photos.Picture | None, data_dir: Path, actor: Actor, *, once_key: str) -> None:
    """The photo of a receipt, by the connector or an officer. Refused: no photo, taken back, three of them already."""
    if picture is None:
        raise Refused(_("Take a photo of the receipt, or choose one."), "receipt")
    file = photos.keep(picture, data_dir)
    again = False
    try:
        with transaction():
            again = once.claim(once_key) is not None
            if not again:
                spark = _locked(ref)
                _stands(spark)
                attach(receipts_about(spark), file, picture, _("Receipt"), actor, public=False)
                spark.receipt_at = spark.receipt_at or clock.now()
                record(about(spark), "receipt_added", actor)
    except BaseException:
        photos.drop(file, data_dir)
        raise
    if again:
        photos.drop(file, data_dir)


def waive(ref: str, reason: str, actor: Actor) -> None:
    """An officer lets a receipt go, for a reason that is kept. A second tap changes nothing.

    Refused: no reason, one's own, the receipt is there, taken back.
    """
    with transaction():
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept."), "reason")
        spark = _locked(ref)
        _not_their_own(spark, actor)
        _stands(spark)
        if spark.waived_at is not None:
            return
        if spark.receipt_at is not None:
            raise Refused(_("The receipt is there already."))
        spark.waived_at, spark.waived_by_id, spark.waived_reason = clock.now(), actor.person_id, reason
        record(about(spark), "receipt_waived", actor, reason=reason)


def remind_of_receipts() -> int:
    """Remind a week before a receipt is due, on the day, and when it is late (the worker's work). Each message once."""
    today = clock.today()
    told = 0
    waiting = select(QuickSpark.ref).where(*_awaited(), QuickSpark.receipt_by <= today - REMINDERS[0])
    for ref in db.session.scalars(waiting.order_by(QuickSpark.receipt_by).limit(500)).all():
        with transaction():
            spark = _locked(ref)
            if spark.receipt_at is None and spark.waived_at is None and spark.reversed_at is None:
                told += _remind(spark, today)
    return told


def _remind(spark: QuickSpark, today: date) -> bool:
    number = max(number for number, gap in enumerate(REMINDERS) if spark.receipt_by + gap <= today)
    values = {
        "what": spark.what, "sum": pounds(spark.amount), "day": day_words(spark.receipt_by), "link": address_of(f"/grants/quick/{spark.ref}")
    }  # fmt: skip
    late = number == len(REMINDERS) - 1
    text = Text(
        subject=_("The receipt for “%(what)s”", **values),
        body=_(
            "The receipt for “%(what)s” (%(sum)s) is late. Until it is there you cannot give more. No receipt? Call us.\n\n%(link)s",
            **values,
        )
        if late
        else _("Please take a photo of the receipt for “%(what)s” (%(sum)s), by %(day)s.\n\n%(link)s", **values),
        short=_("The receipt for “%(what)s” is late. No receipt? Call us. %(link)s", **values)
        if late
        else _("A photo of the receipt for “%(what)s”, please, by %(day)s: %(link)s", **values),
    )
    return queue(f"{about(spark)}:receipt:{number}", addressee_of(person(spark.float.person_id)), text, about=about(spark))


def _awaited() -> tuple[ColumnElement[bool], ...]:
    return (QuickSpark.receipt_at.is_(None), QuickSpark.waived_at.is_(None), QuickSpark.reversed_at.is_(None))


# --- putting right -------------------------------------------------------------------------------------------------------


def put_right(ref: str, reason: str, actor: Actor) -> None:
    """An officer takes a quick spark back: its money is in the float again (in the fund, where the float has ended), and both
    lines stay. A second tap changes nothing. Refused: no reason, one's own."""
    with transaction():
        if not reason:
            raise Refused(_("Write why, in a few words. Everybody can read it."), "reason")
        float_ = floats.locked(by_ref(ref).float_id)
        spark = _locked(ref)
        _not_their_own(spark, actor)
        if spark.reversed_at is not None:
            return
        private = not_for_the_public(reason, [person(float_.person_id).name, spark.payee_name])
        if private is not None:
            raise Refused(_("Everybody can read why, so take out %(what)s.", what=private), "reason")
        reverse(posted(spark), reason=reason, actor=actor.code)
        spark.reversed_on, spark.reversed_at = clock.today(), clock.now()
        spark.reversed_by_id, spark.reversed_reason = actor.person_id, reason
        float_.spent = Pence(float_.spent - spark.amount)
        if float_.status == "open":
            float_.balance = Pence(float_.balance + spark.amount)
        else:
            floats.to_fund(float_, spark.amount, f"quick:{spark.id}:to-fund", reason, actor)
        record(about(spark), "put_right", actor, reason=reason)
        values = {"what": spark.what, "sum": pounds(spark.amount), "reason": reason}
        text = Text(
            subject=_("“%(what)s” was taken back", **values),
            body=_("An officer took back the quick spark “%(what)s” (%(sum)s).\n\nWhy: %(reason)s", **values),
            short=_("An officer took back the quick spark “%(what)s” (%(sum)s). Why: %(reason)s", **values)[:306],
        )
        queue(f"{about(spark)}:put-right", addressee_of(person(float_.person_id)), text, about=about(spark))


def _not_their_own(spark: QuickSpark, actor: Actor) -> None:
    if actor.person_id == spark.float.person_id:
        raise Refused(_("Nobody does this with a quick spark of their own. Ask a colleague."))


def _stands(spark: QuickSpark) -> None:
    if spark.reversed_at is not None:
        raise Refused(_("This quick spark was taken back, so it needs no receipt."))


# --- reading -------------------------------------------------------------------------------------------------------------


def by_ref(ref: str) -> QuickSpark:
    """One quick spark with its float, fund and area. NotFound."""
    found = db.session.scalar(select(QuickSpark).where(QuickSpark.ref == ref).options(*_whole()))
    if found is None:
        raise NotFound(_("We cannot find that quick spark."))
    return found


def by_id(id_: int) -> QuickSpark:
    """One quick spark with its float, fund and area. NotFound."""
    found = db.session.scalar(select(QuickSpark).where(QuickSpark.id == id_).options(*_whole()))
    if found is None:
        raise NotFound(_("We cannot find that quick spark."))
    return found


def _whole() -> tuple[Any, ...]:
    return (joinedload(QuickSpark.float).joinedload(QuickFloat.fund), joinedload(QuickSpark.area))


def _locked(ref: str) -> QuickSpark:
    query = select(QuickSpark).where(QuickSpark.ref == ref).options(*_whole()).with_for_update(of=QuickSpark)
    found = db.session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that quick spark."))
    return found


def floats_of(person_id: int) -> Sequence[QuickFloat]:
    """The floats that somebody holds, with their funds; the oldest first. One query."""
    query = select(QuickFloat).where(QuickFloat.person_id == person_id, QuickFloat.status == "open").options(joinedload(QuickFloat.fund))
    return db.session.scalars(query.order_by(QuickFloat.id)).all()


def in_hand(person_id: int) -> int | None:
    """Pence that somebody may still give; None when they hold no float. One query."""
    total = db.session.scalar(select(func.sum(QuickFloat.balance)).where(QuickFloat.person_id == person_id, QuickFloat.status == "open"))
    return None if total is None else int(total)


def overdue(person_id: int) -> QuickSpark | None:
    """The quick spark of a person whose receipt is late the longest, in whichever of their floats."""
    return db.session.scalar(
        select(QuickSpark)
        .join(QuickFloat, QuickFloat.id == QuickSpark.float_id)
        .where(QuickFloat.person_id == person_id, *_awaited(), QuickSpark.receipt_by < clock.today())
        .order_by(QuickSpark.receipt_by, QuickSpark.id)
        .limit(1)
    )


def sparks_of(
    person_id: int | None = None, float_id: int | None = None, before: int | None = None, limit: int = 30
) -> Sequence[QuickSpark]:
    """Quick sparks of a person or of one float, newest first, paged by id. One query."""
    query = select(QuickSpark).options(*_whole()).order_by(QuickSpark.id.desc()).limit(limit)
    if person_id is not None:
        query = query.where(QuickSpark.float_id.in_(select(QuickFloat.id).where(QuickFloat.person_id == person_id)))
    if float_id is not None:
        query = query.where(QuickSpark.float_id == float_id)
    return db.session.scalars(query.where(QuickSpark.id < before) if before is not None else query).all()


def remarks_of(spark_ids: Sequence[int]) -> Mapping[int, list[tuple[QuickRemark, str]]]:
    """What was asked and answered about each, with who said it, in order. One query."""
    found: dict[int, list[tuple[QuickRemark, str]]] = {id_: [] for id_ in spark_ids}
    rows = db.session.execute(
        select(QuickRemark, Person.name)
        .join(Person, Person.id == QuickRemark.said_by_id)
        .where(QuickRemark.spark_id.in_(spark_ids))
        .order_by(QuickRemark.id)
    )
    for remark, name in rows:
        found[remark.spark_id].append((remark, name))
    return found


def requests_of(person_id: int, limit: int = 5) -> Sequence[FloatRequest]:
    """What was asked of panels for somebody, newest first."""
    query = select(FloatRequest).where(FloatRequest.person_id == person_id).options(joinedload(FloatRequest.fund))
    return db.session.scalars(query.order_by(FloatRequest.id.desc()).limit(limit)).all()


@dataclass(frozen=True)
class Held:
    """A float as the desk's list shows it."""

    float: QuickFloat
    fund: str
    name: str
    connector: bool  # whether they still are one
    last: date | None  # of the last quick spark
    missing: int  # receipts that are late


def desk_list(*statuses: str, limit: int = 100) -> Sequence[Held]:
    """Floats for officers and finance: those that need a hand first, then by name. One query."""
    role = select(Role.id).where(Role.person_id == QuickFloat.person_id, Role.name == "connector", in_force(Role, clock.today())).exists()
    mine = QuickSpark.float_id == QuickFloat.id
    last = select(func.max(QuickSpark.spent_on)).where(mine, QuickSpark.reversed_at.is_(None)).scalar_subquery()
    late = select(func.count()).select_from(QuickSpark).where(mine, *_awaited(), QuickSpark.receipt_by < clock.today()).scalar_subquery()
    rows = db.session.execute(
        select(QuickFloat, Fund.name, Person.name, role, last, late)
        .join(Fund, Fund.id == QuickFloat.fund_id)
        .join(Person, Person.id == QuickFloat.person_id)
        .where(QuickFloat.status.in_(statuses or ("open",)))
        .order_by(QuickFloat.closed_at.desc(), role, late.desc(), Person.name, QuickFloat.id)
        .limit(limit)
    ).all()
    return [Held(float_, fund, name, bool(still), spent_on, missing) for float_, fund, name, still, spent_on, missing in rows]


def requests_waiting(limit: int = 100) -> Sequence[tuple[FloatRequest, str]]:
    """What panels have not answered yet, with whose float it would be; the oldest first."""
    rows = db.session.execute(
        select(FloatRequest, Person.name)
        .join(Person, Person.id == FloatRequest.person_id)
        .where(FloatRequest.status == "with_panel")
        .options(joinedload(FloatRequest.fund))
        .order_by(FloatRequest.id)
        .limit(limit)
    )
    return [(request, name) for request, name in rows]


def to_take_back() -> Select[int]:
    """A select of the ids of floats in the hand of somebody who is not a connector any more: for the desk."""
    role = select(Role.id).where(Role.person_id == QuickFloat.person_id, Role.name == "connector", in_force(Role, clock.today())).exists()
    return select(QuickFloat.id).where(QuickFloat.status == "open", ~role)


def receipts_late() -> Select[int]:
    """A select of the ids of quick sparks whose receipt is late: for the desk."""
    return select(QuickSpark.id).where(*_awaited(), QuickSpark.receipt_by < clock.today())


def photo_of(photo: Photo) -> QuickSpark:
    """What a photo of this room belongs to. NotFound."""
    return by_id(int(photo.about.partition(":")[2]))


# --- the ledger check ----------------------------------------------------------------------------------------------------


def broken_caches() -> Iterator[str]:
    """Lines in words about floats and quick sparks whose sums disagree with the books. Two passes, streamed."""
    held = State.credits - State.debits
    given = select(func.coalesce(func.sum(QuickSpark.amount), 0)).where(
        QuickSpark.float_id == QuickFloat.id, QuickSpark.reversed_at.is_(None)
    )
    query = (
        select(QuickFloat.ref, QuickFloat.balance, QuickFloat.spent, func.coalesce(held, 0), given.scalar_subquery())
        .outerjoin(Account, Account.code == "float:" + func.cast(QuickFloat.id, String))
        .outerjoin(State, State.account_id == Account.id)
    )
    for ref, balance, spent, in_books, together in db.session.execute(query.execution_options(yield_per=1000)):
        if balance != in_books:
            yield f"float {ref} says it holds {pounds(balance)}, the books say {pounds(int(in_books))}"
        if spent != together:
            yield f"float {ref} says {pounds(spent)} were given, its quick sparks say {pounds(int(together))}"
    query_of_sparks = (
        select(QuickSpark.ref, QuickSpark.amount, QuickSpark.reversed_at, func.coalesce(held, 0))
        .outerjoin(Account, Account.code == "payee:" + QuickSpark.ref + ":paid")
        .outerjoin(State, State.account_id == Account.id)
    )
    for ref, amount, reversed_at, in_books in db.session.execute(query_of_sparks.execution_options(yield_per=1000)):
        stands = 0 if reversed_at is not None else amount
        if stands != in_books:
            yield f"quick spark {ref} stands at {pounds(stands)}, the books say {pounds(int(in_books))}"
