"""What a scheme sets beside its name: the words of its letters."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Wording(Base):
    """The scheme's own words of one letter, in place of those that ship. No row: as it ships."""

    __tablename__ = "wording"
    __table_args__ = (CheckConstraint("subject <> '' and body <> '' and short <> ''", name="words"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    body: Mapped[str]
    short: Mapped[str]
