"""The scheme, its areas, and the ONS codes that wards had from one day to another."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base


class Scheme(Base):
    """The programme that this deployment serves: one row."""

    __tablename__ = "scheme"
    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        CheckConstraint("brand = '' or length(brand) = 7", name="brand"),
        CheckConstraint("action = '' or length(action) = 7", name="action"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    name: Mapped[str]
    short_name: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    email: Mapped[str]
    telephone: Mapped[str]
    postal_address: Mapped[str] = mapped_column(default="")
    publisher_name: Mapped[str] = mapped_column(default="")  # the council or charity that makes the grants
    publisher_prefix: Mapped[str] = mapped_column(default="")  # 360Giving prefix; publishing is blocked while empty
    department: Mapped[str] = mapped_column(default="")
    spend_threshold: Mapped[int] = mapped_column(default=0)  # pence; E4 lists what exceeds it: 0, 25000 or 50000
    brand: Mapped[str] = mapped_column(default="")  # "#6b2145", of header and links; empty: as it ships
    action: Mapped[str] = mapped_column(default="")  # of the button
    photo_ref: Mapped[str | None]  # the logo: as `photos.Pictured`
    photo_file: Mapped[str | None]
    photo_width: Mapped[int] = mapped_column(default=0)
    photo_height: Mapped[int] = mapped_column(default=0)
    photo_alt: Mapped[str] = mapped_column(default="")


class Area(Base):
    """A ward, estate or hub patch, inside another area or at the top."""

    __tablename__ = "area"
    __table_args__ = (CheckConstraint("kind in ('scheme', 'ward', 'estate', 'hub')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)  # short, ours, in URLs and ledger accounts: "mossgate"
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    archived_at: Mapped[datetime | None]

    ward_codes: Mapped[list["WardCode"]] = relationship(order_by="WardCode.valid_from", viewonly=True)


class WardCode(Base):
    """The ONS code of a ward between two days; boundaries change, and a new code is a new row."""

    __tablename__ = "ward_code"
    __table_args__ = (UniqueConstraint("area_id", "valid_from"), UniqueConstraint("ons_code", "valid_from"))

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    ons_code: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # last day, inclusive; None while in force
