"""Funds, rounds, bids, match, awards, payments, reports.

Status columns are caches of the events in `history` (`rules.py` recomputes them; the ledger check compares). Sums of
money move only in the ledger; a sum kept here is what was asked or promised.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.money import Minutes, Pence
from portal.places.model import Area

ROUND_STATES = ("planned", "open", "closed", "deciding", "released", "finished")
BID_STATES = (
    "draft",
    "sent",
    "more_asked",
    "with_panel",
    "decided",
    "offered",
    "accepted",
    "declined",
    "lapsed",
    "withdrawn",
    "ineligible",
)
PLEDGE_STATES = ("invited", "confirmed", "delivered", "checked", "refused", "expired")
AWARD_STATES = ("reserved", "conditions_open", "ready_to_pay", "paid", "reporting", "closed", "returned", "lapsed", "declined")
PAYMENT_STATES = ("prepared", "approved", "released", "settled", "bounced", "cancelled")
APPEAL_STATES = ("open", "answered", "second_stage", "closed")
APPEAL_GROUNDS = ("rules", "tie", "unseen", "fact")
APPEAL_AGAINST = ("no", "reserve", "ineligible", "conditions")
APPEAL_OUTCOMES = ("upheld", "not_upheld", "withdrawn")
APPEAL_REMEDIES = ("anew", "conditions", "words")
REPORT_STATES = ("due", "started", "sent", "more_asked", "accepted", "late", "waived")
FLOAT_STATES = ("open", "closed")
FLOAT_REQUEST_STATES = ("with_panel", "granted", "no", "not_yet", "no_quorum", "withdrawn")
PAY_ROUTES = ("group", "host", "council_buys", "receipts", "cheque")
PLEDGE_KINDS = ("hours", "goods", "room", "cash")
DELIVERY_STATES = ("delivered", "checked", "withdrawn", "turned_down", "taken_back")
DELIVERY_KINDS = ("goods", "room", "cash")  # hours are kept in portal.work


def _one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} in ({', '.join(repr(word) for word in words)})"


class Funder(Base):
    """Who puts money into funds. Ledger account `funder:<code>`."""

    __tablename__ = "funder"
    __table_args__ = (Index("uq_funder_plain_name", "plain_name", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    plain_name: Mapped[str | None]  # as names are compared; None where two had the same before


class Fund(Base):
    """A pot of money with rules. Ledger account `fund:<code>:available`."""

    __tablename__ = "fund"
    __table_args__ = (Index("uq_fund_plain_name", "plain_name", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="")
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)  # the defaults its rounds start from: see rules.RoundRules
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]  # cache of its events; empty again when it is reopened
    plain_name: Mapped[str | None]  # as names are compared, while it is open; None where two had the same before


class Contribution(Base):
    """Money received from a funder; posted `funder:X` to `fund:F:available` under key `contribution:<id>`."""

    __tablename__ = "contribution"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # CON-....-....
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"), index=True)
    funder_id: Mapped[int] = mapped_column(ForeignKey("funder.id"))
    amount: Mapped[Pence]
    received_on: Mapped[date]
    reference: Mapped[str] = mapped_column(default="")
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Round(Base):
    """A window in which a fund takes bids. Its rules freeze when it opens."""

    __tablename__ = "round"
    __table_args__ = (CheckConstraint(_one_of("status", ROUND_STATES), name="status"), Index("ix_round_status", "status", "opens_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # RND-....-....
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"), index=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    name: Mapped[str]
    rolling: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(default="planned")
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]  # None only for a rolling round without an end
    decide_by: Mapped[date | None]  # dated rounds; a rolling one promises rules.decide_within_days after sending
    vote_until: Mapped[date | None]  # where residents vote (rules.voters): the last day on which they can
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    frozen_at: Mapped[datetime | None]

    fund: Mapped[Fund] = relationship()

    @property
    def together(self) -> bool:
        """Whether its bids hear on one day: a dated round until its letters have gone out. What comes back later hears by itself."""
        return not self.rolling and self.status not in ("released", "finished")


class Extension(Base):
    """More time for everybody (application_id None) or for one applicant, with its reason."""

    __tablename__ = "extension"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    application_id: Mapped[int | None] = mapped_column(ForeignKey("application.id"), index=True)
    until: Mapped[datetime]
    reason: Mapped[str]
    given_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]


class Application(Base):
    """A request to a round: "your idea" to the applicant, "bid" to the panel. A draft is never judged for completeness."""

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint(_one_of("status", BID_STATES), name="status"),
        CheckConstraint("pay_route in ('', 'group', 'host', 'council_buys', 'receipts', 'cheque')", name="pay_route"),
        CheckConstraint("asked >= 0", name="asked"),
        Index("ix_application_round_id_status", "round_id", "status"),
        Index("ix_application_status", "status", "sent_at", "id"),
        Index("ix_application_person_id", "person_id"),
        Index("ix_application_helper_id", "helper_id"),
        Index("ix_application_organisation_id", "organisation_id"),
        Index("ix_application_sent", "sent_at", "id"),
        Index("ix_application_released", "released_at", "id"),
        Index("ix_application_round_id_released", "round_id", "released_at", "id"),
        Index("ix_application_area_id_released", "area_id", "released_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # SPK-....-....: also the payment reference
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # the applicant, also when a helper typed
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    helper_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    helper_basis: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="draft")
    version: Mapped[int] = mapped_column(default=1)  # lost-update guard: a page left with an old version is a Conflict
    # 1 what is the idea, and where
    title: Mapped[str] = mapped_column(default="")
    idea: Mapped[str] = mapped_column(default="")
    place: Mapped[str] = mapped_column(default="")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    # 2 who is it for, and what will be better
    who_for: Mapped[str] = mapped_column(default="")
    better: Mapped[str] = mapped_column(default="")
    # 3 what will you buy: budget_line; `asked` is their sum, kept for lists
    asked: Mapped[Pence] = mapped_column(default=0)
    # 4 who will help: pledge; `group_name` is what neighbours call themselves
    group_name: Mapped[str] = mapped_column(default="")
    # 5 when
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    # 6 how should the money reach you
    pay_route: Mapped[str] = mapped_column(default="")
    pay_to: Mapped[str] = mapped_column(default="")  # whose account: the group's or the host's name; never the number
    public_summary: Mapped[str] = mapped_column(default="")  # what the register and 360Giving print; screened at entry
    created_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    hear_by: Mapped[date | None]  # promised when sent
    decided: Mapped[str | None]  # private until release: yes, no, not_yet
    decision_reason: Mapped[str] = mapped_column(default="")  # as the letter says it
    conditions: Mapped[list[str]] = mapped_column(JSON, default=list)  # of a yes, as the letter says them
    reserve_place: Mapped[int | None]  # in line for the money of a dated round
    funded: Mapped[bool | None]  # what the sharing of a pot gave; None: it was decided on its own
    released_at: Mapped[datetime | None]  # of the last letter: see `told`
    appeal_by: Mapped[date | None]  # what that letter said, or the one that it cannot be taken in the round

    lines: Mapped[list["BudgetLine"]] = relationship(order_by="BudgetLine.position", cascade="all, delete-orphan")
    round: Mapped[Round] = relationship()
    area: Mapped[Area | None] = relationship(viewonly=True)
    award: Mapped["Award | None"] = relationship(viewonly=True)

    @property
    def told(self) -> bool:
        """Whether the applicant knows the decision that stands here. After a "not yet" the panel may be at it anew, in private."""
        return self.released_at is not None and self.status not in ("with_panel", "decided")


class BudgetLine(Base):
    """One thing to buy."""

    __tablename__ = "budget_line"
    __table_args__ = (CheckConstraint("amount is null or amount >= 0", name="amount"), UniqueConstraint("application_id", "position"))

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    position: Mapped[int]
    what: Mapped[str] = mapped_column(default="")
    amount: Mapped[Pence | None]
    typed: Mapped[str] = mapped_column(default="")  # what stood in the amount box of a draft when it was no number


class Photo(Base):
    """A picture: re-encoded, without EXIF, under a name made by us."""

    __tablename__ = "photo"
    __table_args__ = (Index("ix_photo_about", "about"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # PIC-....-....
    about: Mapped[str]  # "bid:17", "report:4", "receipt:9", "delivery:5"
    file: Mapped[str]  # under Settings.data_dir / "photos"
    width: Mapped[int]
    height: Mapped[int]
    alt: Mapped[str] = mapped_column(default="")
    public: Mapped[bool] = mapped_column(default=False)  # receipts never are
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class Snapshot(Base):
    """What a bid said at the moment it was sent, and sent again: the diff after "more asked"."""

    __tablename__ = "snapshot"
    __table_args__ = (UniqueConstraint("application_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    number: Mapped[int]
    taken_at: Mapped[datetime]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class MoreAsked(Base):
    """An officer (or the panel) asks for named sections again, by a day."""

    __tablename__ = "more_asked"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    sections: Mapped[list[str]] = mapped_column(JSON)  # "idea", "who", "money", "help", "when", "pay"
    note: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    answer_by: Mapped[date]
    answered_at: Mapped[datetime | None]


class Pledge(Base):
    """What a neighbour puts in: hours first, also goods, room, cash. Its link is made from `ref` and `link_number`."""

    __tablename__ = "pledge"
    __table_args__ = (
        CheckConstraint(_one_of("status", PLEDGE_STATES), name="status"),
        CheckConstraint(_one_of("kind", PLEDGE_KINDS), name="kind"),
        CheckConstraint("minutes >= 0 and minutes <= 44640", name="minutes"),
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint("channel in ('email', 'sms', 'letter', 'none')", name="channel"),
        Index("ix_pledge_application_id", "application_id"),
        Index("ix_pledge_contact", "contact", "id", sqlite_where=text("contact <> ''"), postgresql_where=text("contact <> ''")),
        # a neighbour once a bid: by address, or by account
        Index(
            "uq_pledge_contact",
            "application_id",
            "contact",
            "kind",
            unique=True,
            sqlite_where=text("contact <> ''"),
            postgresql_where=text("contact <> ''"),
        ),
        Index(
            "uq_pledge_person",
            "application_id",
            "person_id",
            "kind",
            unique=True,
            sqlite_where=text("person_id is not null"),
            postgresql_where=text("person_id is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # PLG-....-....
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    link_number: Mapped[int] = mapped_column(default=1)  # a higher one makes the old link dead
    name: Mapped[str]
    channel: Mapped[str] = mapped_column(default="none")  # how the link goes out; none: shown as QR on the doorstep
    contact: Mapped[str] = mapped_column(default="")  # e-mail lower case, or E.164
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    worker: Mapped[str] = mapped_column(default="", index=True)  # one neighbour on all ideas: see queries.worker_of
    kind: Mapped[str] = mapped_column(default="hours")
    status: Mapped[str] = mapped_column(default="invited")
    minutes: Mapped[Minutes] = mapped_column(default=0)  # hours pledged
    planning_minutes: Mapped[Minutes] = mapped_column(default=0)  # of these, planning meetings (at most 20 % of the match)
    value: Mapped[Pence] = mapped_column(default=0)  # goods, room or cash, at cost
    what: Mapped[str] = mapped_column(default="")
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    invited_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class Delivery(Base):
    """Things, the use of a room, or money that a neighbour gave to an idea: written down by one, checked by another.

    Its value is a memo in pence for the match meter and the report, never money of ours: nothing of it is in the ledger (decision 13).
    """

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint(_one_of("status", DELIVERY_STATES), name="status"),
        CheckConstraint(_one_of("kind", DELIVERY_KINDS), name="kind"),
        CheckConstraint("value > 0", name="value"),
        CheckConstraint("checked_by is null or checked_by <> entered_by", name="second_person"),
        CheckConstraint("status not in ('checked', 'taken_back') or checked_by is not null", name="checked"),
        Index("ix_delivery_award_id", "award_id"),
        # the same thing twice
        Index(
            "uq_delivery_standing",
            "pledge_id",
            "day",
            "kind",
            "what",
            unique=True,
            sqlite_where=text("status in ('delivered', 'checked')"),
            postgresql_where=text("status in ('delivered', 'checked')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # DLV-....-....
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"))
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"))  # of whom gave it, whatever they had promised
    kind: Mapped[str]
    what: Mapped[str]
    value: Mapped[Pence]  # at cost: what it would take to buy or rent it; of money, the sum
    day: Mapped[date]
    status: Mapped[str] = mapped_column(default="delivered")
    version: Mapped[int] = mapped_column(default=1)  # whoever checks says yes to what they were shown
    entered_by: Mapped[str]  # "person:12", or as queries.worker_of names a neighbour
    basis: Mapped[str | None]
    entered_at: Mapped[datetime]
    checked_by: Mapped[str | None]
    checked_at: Mapped[datetime | None]


class Award(Base):
    """The promise of money after a decision. Ledger accounts `award:<id>:reserved`, `:payable`, `:delivered`."""

    __tablename__ = "award"
    __table_args__ = (
        CheckConstraint(_one_of("status", AWARD_STATES), name="status"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("seconded_by_id <> released_by_id", name="two_people"),
        Index("ix_award_status", "status", "offered_at", "application_id"),
        Index("ix_award_decided_on", "decided_on", "id"),
        Index("ix_award_amount", "amount", "application_id"),
        Index("ix_award_area_id_decided_on", "area_id", "decided_on"),
        Index("ix_award_fund_id_decided_on", "fund_id", "decided_on"),
        Index("uq_award_fund_amount", "id", "fund_id", "amount", unique=True),  # what its shares add up to
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # AWD-....-....
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    amount: Mapped[Pence]
    status: Mapped[str] = mapped_column(default="reserved")
    conditions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # {"text", "met_at", "met_by"}
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    ward_code: Mapped[str] = mapped_column(default="")  # frozen at the decision: boundaries change
    ward_name: Mapped[str] = mapped_column(default="")
    decided_on: Mapped[date]
    offered_at: Mapped[datetime]
    accept_by: Mapped[date]
    accepted_at: Mapped[datetime | None]
    first_day: Mapped[date]
    last_day: Mapped[date]
    report_due: Mapped[date]
    released_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    seconded_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    paid: Mapped[Pence] = mapped_column(default=0)  # cache of settled less refunded; the ledger check compares
    delivered: Mapped[Minutes] = mapped_column(default=0)  # cache of checked hours
    given: Mapped[Pence] = mapped_column(default=0)  # cache of checked deliveries; the ledger check compares
    closed_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship()
    fund: Mapped[Fund] = relationship()


class Payee(Base):
    """Where an award's money goes: an account, the name and address of a cheque, or whom the council bought from. Numbers and addresses are
    sealed in the vault, shown masked, purged after settlement.
    """

    __tablename__ = "payee"
    __table_args__ = (
        Index(
            "uq_payee_award_current",
            "award_id",
            unique=True,
            sqlite_where=text("replaced_at is null"),
            postgresql_where=text("replaced_at is null"),
        ),
        CheckConstraint("not individual or company_number = ''", name="individual"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # PAY-....-....: ledger account payee:<ref>:paid
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"))
    route: Mapped[str]
    name: Mapped[
        str
    ]  # on the account or the cheque, or of whom the council bought from; empty where that was not asked yet (before migration 0012)
    company_number: Mapped[str] = mapped_column(default="")  # of whom the council bought from
    individual: Mapped[bool] = mapped_column(default=False)  # the council bought from a person, whom no file names
    sealed: Mapped[str] = mapped_column(
        default=""
    )  # sort code and account number, or the address for a cheque, encrypted; empty for council_buys, and when purged
    masked: Mapped[str] = mapped_column(default="")  # "••-••-56 ••••5678"
    fingerprint: Mapped[str] = mapped_column(default="", index=True)  # keyed hash: the same account on two payees is seen
    given_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]
    usable_from: Mapped[datetime]  # changed details start a waiting period
    replaced_at: Mapped[datetime | None]
    purged_at: Mapped[datetime | None]


class PaymentRun(Base):
    """Payments released together. Ledger account `run:<id>:in-transit`."""

    __tablename__ = "payment_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # RUN-....-....
    released_at: Mapped[datetime]
    released_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class Payment(Base):
    """Money leaving. Three people where the scheme has them, never fewer than two: the database says so."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint(_one_of("status", PAYMENT_STATES), name="status"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("approved_by_id is null or approved_by_id <> prepared_by_id", name="approver"),
        CheckConstraint(
            "released_by_id is null or (released_by_id <> prepared_by_id and (released_by_id <> approved_by_id or two_hands))",
            name="releaser",
        ),
        CheckConstraint("status in ('prepared', 'cancelled') or approved_by_id is not null", name="approved"),
        CheckConstraint(
            "status not in ('released', 'settled', 'bounced') or (released_by_id is not null and run_id is not null)", name="released"
        ),
        Index(
            "uq_payment_live",
            "award_id",
            "instalment",
            unique=True,
            sqlite_where=text("status not in ('bounced', 'cancelled')"),
            postgresql_where=text("status not in ('bounced', 'cancelled')"),
        ),
        Index("ix_payment_status", "status", "id"),
        Index("ix_payment_settled_on", "settled_on", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # TXN-....-....: the public transaction number of E4
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    payee_id: Mapped[int] = mapped_column(ForeignKey("payee.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("payment_run.id"), index=True)
    instalment: Mapped[int] = mapped_column(default=1)
    amount: Mapped[Pence]
    status: Mapped[str] = mapped_column(default="prepared")
    two_hands: Mapped[bool] = mapped_column(default=False)  # the scheme had only two people who may: approver releases
    prepared_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    prepared_at: Mapped[datetime]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    approved_at: Mapped[datetime | None]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    released_at: Mapped[datetime | None]
    settled_on: Mapped[date | None]
    bounced_on: Mapped[date | None]
    bounced_reason: Mapped[str | None]


class Refund(Base):
    """Unspent money that came back: `payee:P:paid` to `fund:F:available`."""

    __tablename__ = "refund"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # RFD-....-....
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    payee_id: Mapped[int] = mapped_column(ForeignKey("payee.id"))
    amount: Mapped[Pence]
    received_on: Mapped[date]
    reason: Mapped[str] = mapped_column(default="")
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class QuickFloat(Base):
    """Money of a fund that a panel put into a connector's hand for quick sparks. Ledger account `float:<id>`, floor 0."""

    __tablename__ = "quick_float"
    __table_args__ = (
        CheckConstraint(_one_of("status", FLOAT_STATES), name="status"),
        CheckConstraint("balance >= 0 and spent >= 0", name="balance"),
        CheckConstraint("status <> 'closed' or balance = 0", name="closed"),
        Index("ix_quick_float_panel_id", "panel_id"),
        Index("ix_quick_float_fund_id", "fund_id"),
        Index("ix_quick_float_status", "status", "person_id"),
        # one float a fund in one person's hand
        Index(
            "uq_quick_float_open",
            "person_id",
            "fund_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # FLT-....-....
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # the connector
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))  # granted it, tops it up, reads the list
    status: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    balance: Mapped[Pence] = mapped_column(default=0)  # cache of `float:<id>`; the ledger check compares
    spent: Mapped[Pence] = mapped_column(default=0)  # cache of its quick sparks that stand

    fund: Mapped[Fund] = relationship()


class FloatRequest(Base):
    """Somebody asks a panel for a float, or for more of one. The matter is about "float:<id>" or "topup:<id>"."""

    __tablename__ = "float_request"
    __table_args__ = (
        CheckConstraint("kind in ('float', 'topup')", name="kind"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("kind = 'float' or float_id is not null", name="float"),
        CheckConstraint(_one_of("status", FLOAT_REQUEST_STATES), name="status"),
        Index("ix_float_request_float_id", "float_id"),
        Index("ix_float_request_status", "status", "id"),
        Index("uq_float_request_fund_amount", "id", "fund_id", "amount", unique=True),  # what its shares add up to
        # the panel has one question about one person's float at a time
        Index(
            "uq_float_request_open",
            "person_id",
            "fund_id",
            unique=True,
            sqlite_where=text("status = 'with_panel'"),
            postgresql_where=text("status = 'with_panel'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # FRQ-....-....
    kind: Mapped[str]
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # in whose hand the money would be
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    float_id: Mapped[int | None] = mapped_column(ForeignKey("quick_float.id"))  # of a first request: once it is granted
    amount: Mapped[Pence]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(default="with_panel")
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    fund: Mapped[Fund] = relationship()


class QuickReview(Base):
    """A panel's look at the quick sparks of a month. Its chair closes it with a sentence."""

    __tablename__ = "quick_review"
    __table_args__ = (UniqueConstraint("panel_id", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    month: Mapped[date]  # its first day
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(default="")  # what the chair noted


class QuickSpark(Base):
    """Up to £25, given on the spot. Posted `float:F` to `payee:<ref>:paid`. Never deleted: put right by a reversal."""

    __tablename__ = "quick_spark"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("payee_kind in ('person', 'shop', 'group')", name="payee_kind"),
        CheckConstraint("(reversed_at is null) = (reversed_by_id is null)", name="reversed"),
        Index("ix_quick_spark_float_id", "float_id", "id"),
        Index("ix_quick_spark_spent_on", "spent_on", "id"),
        Index("ix_quick_spark_area_id", "area_id", "spent_on", "id"),
        Index("ix_quick_spark_reversed_on", "reversed_on"),
        Index("ix_quick_spark_review_id", "review_id", "entered_on"),
        # whose receipt is still awaited
        Index(
            "ix_quick_spark_receipt",
            "receipt_by",
            "float_id",
            sqlite_where=text("receipt_at is null and waived_at is null and reversed_at is null"),
            postgresql_where=text("receipt_at is null and waived_at is null and reversed_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # QSP-....-....: ledger account payee:<ref>:paid
    float_id: Mapped[int] = mapped_column(ForeignKey("quick_float.id"))
    amount: Mapped[Pence]
    spent_on: Mapped[date]
    what: Mapped[str]  # one line, for everybody to read; screened at entry
    helps: Mapped[str] = mapped_column(default="")  # whom it helps: for the panel and officers only
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    ward_code: Mapped[str] = mapped_column(default="")  # frozen on the day: boundaries change
    ward_name: Mapped[str] = mapped_column(default="")
    payee_kind: Mapped[str]  # who was paid: a person is never named to anybody but officers, finance and the connector
    payee_name: Mapped[str]
    entered_on: Mapped[date]  # the day in London: its month's review
    entered_at: Mapped[datetime]
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # the connector, or who typed for them
    basis: Mapped[str] = mapped_column(default="")  # how it was asked for, or the slip it was typed from
    receipt_by: Mapped[date]
    receipt_at: Mapped[datetime | None]
    waived_at: Mapped[datetime | None]
    waived_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    waived_reason: Mapped[str] = mapped_column(default="")
    reversed_on: Mapped[date | None]
    reversed_at: Mapped[datetime | None]
    reversed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reversed_reason: Mapped[str] = mapped_column(default="")
    review_id: Mapped[int | None] = mapped_column(ForeignKey("quick_review.id"))
    reviewed_on: Mapped[date | None]  # when its review was closed: what the register says

    float: Mapped[QuickFloat] = relationship()
    area: Mapped[Area] = relationship(viewonly=True)


class QuickRead(Base):
    """A seat has read a month's list. Appended."""

    __tablename__ = "quick_read"
    __table_args__ = (UniqueConstraint("review_id", "seat_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("quick_review.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    read_at: Mapped[datetime]


class QuickRemark(Base):
    """A question of a seat about a quick spark, or an answer to it. Appended."""

    __tablename__ = "quick_remark"
    __table_args__ = (Index("ix_quick_remark_spark_id", "spark_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    spark_id: Mapped[int] = mapped_column(ForeignKey("quick_spark.id"))
    seat_id: Mapped[int | None] = mapped_column(ForeignKey("seat.id"))  # of a question; an answer has none
    said_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    words: Mapped[str]
    said_at: Mapped[datetime]


class Report(Base):
    """What happened: receipts, delivered hours, photos, a few sentences."""

    __tablename__ = "report"
    __table_args__ = (CheckConstraint(_one_of("status", REPORT_STATES), name="status"), Index("ix_report_status_due", "status", "due"))

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # RPT-....-....
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), unique=True)
    status: Mapped[str] = mapped_column(default="due")
    due: Mapped[date]
    version: Mapped[int] = mapped_column(default=1)
    happened: Mapped[str] = mapped_column(default="")  # what happened
    changed: Mapped[str] = mapped_column(default="")  # what is better now
    may_publish: Mapped[bool] = mapped_column(default=False)  # consent to print the two sentences and photos
    unspent: Mapped[Pence] = mapped_column(default=0)
    officer_note: Mapped[str] = mapped_column(default="")  # when more is asked, or waived
    sent_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    receipts: Mapped[list["Receipt"]] = relationship(order_by="Receipt.id")


class Receipt(Base):
    """One receipt: what, how much, when, and its photo (never public)."""

    __tablename__ = "receipt"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    what: Mapped[str]
    amount: Mapped[Pence]
    bought_on: Mapped[date | None]
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("photo.id"))
    added_at: Mapped[datetime]


class Release(Base):
    """All decisions of a round (or of one rolling bid) told at once: one officer prepares, a second person releases."""

    __tablename__ = "release"
    __table_args__ = (CheckConstraint("released_by_id is null or released_by_id <> prepared_by_id", name="two_people"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # REL-....-....
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    application_ids: Mapped[list[int]] = mapped_column(JSON)
    prepared_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    prepared_at: Mapped[datetime]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    released_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class Appeal(Base):
    """An applicant says that a decision was not made by the rules; somebody who had no part in it answers, at most twice.

    One for each letter: `letter_at` is the moment at which the letter that it is about went out, `letter_reason` what it said.
    """

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint(_one_of("status", APPEAL_STATES), name="status"),
        CheckConstraint(_one_of("ground", APPEAL_GROUNDS), name="ground"),
        CheckConstraint(_one_of("against", APPEAL_AGAINST), name="against"),
        CheckConstraint("outcome is null or " + _one_of("outcome", APPEAL_OUTCOMES), name="outcome"),
        CheckConstraint("remedy is null or " + _one_of("remedy", APPEAL_REMEDIES), name="remedy"),
        CheckConstraint("(status in ('open', 'second_stage')) = (answer_by is not null)", name="answer_by"),
        CheckConstraint("(status = 'closed') = (closed_at is not null)", name="closed"),
        CheckConstraint("second_answered_by_id is null or second_answered_by_id <> answered_by_id", name="two_people"),
        UniqueConstraint("application_id", "letter_at"),
        Index("ix_appeal_status", "status", "answer_by", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # APL-....-....
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    against: Mapped[str]
    letter_at: Mapped[datetime]
    letter_reason: Mapped[str] = mapped_column(default="")
    ground: Mapped[str]
    words: Mapped[str] = mapped_column(default="")  # the applicant's; forgotten when they leave
    status: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    helper_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    helper_basis: Mapped[str] = mapped_column(default="")
    answer_by: Mapped[date | None]  # of the stage that waits for an answer
    reminded: Mapped[str] = mapped_column(default="")  # the officers, of this stage: "soon", then "late"
    answer: Mapped[str] = mapped_column(default="")
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None]
    second_by: Mapped[date | None]  # until then a second look can be asked for
    second_words: Mapped[str] = mapped_column(default="")
    second_asked_at: Mapped[datetime | None]
    second_answer: Mapped[str] = mapped_column(default="")
    second_answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    second_answered_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # of the last answer
    remedy: Mapped[str | None]  # of an upheld one: the panel looks anew, conditions fall away, or a word is all that is left
    closed_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship()


class Ending(Base):
    """An accepted award of which nothing came is ended before it is paid: one asks, a second person ends it."""

    __tablename__ = "ending"
    __table_args__ = (
        CheckConstraint("ended_by_id is null or ended_by_id <> asked_by_id", name="two_people"),
        Index(
            "uq_ending_waiting",
            "award_id",
            unique=True,
            sqlite_where=text("ended_at is null and cancelled_at is null"),
            postgresql_where=text("ended_at is null and cancelled_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class Closing(Base):
    """A fund is closed, or what came back after it was closed is given back: one asks; where money moves a second person does it.

    Posted `fund:F:available` to `funder:X`, each its share, under key `closing:<id>`.
    """

    __tablename__ = "closing"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("amount = 0 or (closed_by_id is not null and closed_by_id <> asked_by_id)", name="two_people"),
        CheckConstraint("(closed_at is null) = (closed_by_id is null)", name="closed"),
        Index(
            "uq_closing_waiting",
            "fund_id",
            unique=True,
            sqlite_where=text("closed_at is null and cancelled_at is null"),
            postgresql_where=text("closed_at is null and cancelled_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"), index=True)
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    amount: Mapped[Pence] = mapped_column(default=0)  # what went back to the funders
