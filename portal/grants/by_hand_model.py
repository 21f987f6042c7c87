"""What stands beside a payment that does not go through the bank's file: its cheque, or what the council bought with it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Cheque(Base):
    """A cheque that was written for a payment. One number is on one cheque, and one payment has one cheque, unless it was written wrongly.

    That it was paid in is said by its payment, which settles. The name and the address stand with the payee.
    """

    __tablename__ = "cheque"
    __table_args__ = (
        CheckConstraint("number <> ''", name="number"),
        CheckConstraint("ended in ('', 'stopped', 'returned')", name="ended"),
        CheckConstraint("(cancelled_at is null) = (cancelled_by_id is null)", name="cancelled"),
        CheckConstraint("cancelled_at is null or (cancelled_why <> '' and ended = '')", name="cancelled_why"),
        Index(
            "uq_cheque_number",
            "number",
            unique=True,
            sqlite_where=text("cancelled_at is null"),
            postgresql_where=text("cancelled_at is null"),
        ),
        Index(
            "uq_cheque_payment_id",
            "payment_id",
            unique=True,
            sqlite_where=text("cancelled_at is null"),
            postgresql_where=text("cancelled_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    number: Mapped[str]  # digits without the noughts in front
    dated: Mapped[date]  # the day on the cheque: banks take it for six months
    written_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[datetime]
    ended: Mapped[str] = mapped_column(default="")  # why it was never paid in
    cancelled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # another number is on it
    cancelled_at: Mapped[datetime | None]
    cancelled_why: Mapped[str] = mapped_column(default="")


class Purchase(Base):
    """What the council buys with a payment, for an idea that has no money in its own hands."""

    __tablename__ = "purchase"
    __table_args__ = (
        CheckConstraint("what <> ''", name="what"),
        CheckConstraint("(delivered_on is null) = (received_by = '')", name="delivered"),
        CheckConstraint("(delivered_on is null) = (told_by_id is null)", name="told"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), unique=True)
    what: Mapped[str]
    order_ref: Mapped[str] = mapped_column(default="")  # of the council's own order, or the shop's
    receipt_id: Mapped[int | None] = mapped_column(ForeignKey("photo.id"))
    delivered_on: Mapped[date | None]
    received_by: Mapped[str] = mapped_column(default="")
    told_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # who wrote down that it came
