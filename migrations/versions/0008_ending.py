"""Ending an accepted award that came to nothing: who asked, and the second person who ended it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WAITING = sa.text("ended_at is null and cancelled_at is null")


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "ending",
        sa.Column("id", number, nullable=False),
        sa.Column("award_id", number, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", number, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by_id", number, nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ended_by_id is null or ended_by_id <> asked_by_id", name=op.f("ck_ending_two_people")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_ending_asked_by_id")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_ending_award_id")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["person.id"], name=op.f("fk_ending_ended_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ending")),
    )
    op.create_index(op.f("ix_ending_award_id"), "ending", ["award_id"], unique=False)
    op.create_index("uq_ending_waiting", "ending", ["award_id"], unique=True, sqlite_where=WAITING, postgresql_where=WAITING)


def downgrade() -> None:
    op.drop_table("ending")
