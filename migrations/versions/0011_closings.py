"""Closing a fund: who asked, the second person who closed it, and what went back to the funders."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WAITING = sa.text("closed_at is null and cancelled_at is null")


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "closing",
        sa.Column("id", number, nullable=False),
        sa.Column("fund_id", number, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", number, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by_id", number, nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("amount", number, nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_closing_amount")),
        sa.CheckConstraint("amount = 0 or (closed_by_id is not null and closed_by_id <> asked_by_id)", name=op.f("ck_closing_two_people")),
        sa.CheckConstraint("(closed_at is null) = (closed_by_id is null)", name=op.f("ck_closing_closed")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_closing_asked_by_id")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["person.id"], name=op.f("fk_closing_closed_by_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_closing_fund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing")),
    )
    op.create_index(op.f("ix_closing_fund_id"), "closing", ["fund_id"], unique=False)
    op.create_index("uq_closing_waiting", "closing", ["fund_id"], unique=True, sqlite_where=WAITING, postgresql_where=WAITING)


def downgrade() -> None:
    op.drop_table("closing")
