"""The word that opens the set-up of an empty database."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class SetupToken(Base):
    """One row while nobody has begun the scheme: whoever runs the server has read the word; we keep its hash."""

    __tablename__ = "setup_token"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    token_hash: Mapped[str]
    made_at: Mapped[datetime]
