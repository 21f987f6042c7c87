"""A panel in a hall: what is on the table, who is there, the timer, and hands that were written down by mistake."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
WITHOUT_SITTING = sa.text("sitting_id is null")


def upgrade() -> None:
    op.create_table(
        "struck",
        sa.Column("id", BIG, nullable=False),
        sa.Column("vote_id", BIG, nullable=False),
        sa.Column("struck_at", AT, nullable=False),
        sa.Column("struck_by_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["struck_by_id"], ["person.id"], name=op.f("fk_struck_struck_by_id")),
        sa.ForeignKeyConstraint(["vote_id"], ["vote.id"], name=op.f("fk_struck_vote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_struck")),
        sa.UniqueConstraint("vote_id", name=op.f("uq_struck_vote_id")),
    )
    op.create_table(
        "hall",
        sa.Column("id", BIG, nullable=False),
        sa.Column("panel_id", BIG, nullable=False),
        sa.Column("sitting_id", BIG, nullable=True),
        sa.Column("matter_id", BIG, nullable=True),
        sa.Column("stand_in_id", BIG, nullable=True),
        sa.Column("length", BIG, nullable=False),
        sa.Column("ends_at", AT, nullable=True),
        sa.Column("time_left", BIG, nullable=True),
        sa.CheckConstraint("length between 60 and 3600", name=op.f("ck_hall_length")),
        sa.CheckConstraint("time_left is null or ends_at is null", name=op.f("ck_hall_runs_or_stands")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_hall_matter_id")),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_hall_panel_id")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_hall_sitting_id")),
        sa.ForeignKeyConstraint(["stand_in_id"], ["seat.id"], name=op.f("fk_hall_stand_in_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall")),
        sa.UniqueConstraint("sitting_id", name=op.f("uq_hall_sitting_id")),
    )
    op.create_index("uq_hall_panel", "hall", ["panel_id"], unique=True, sqlite_where=WITHOUT_SITTING, postgresql_where=WITHOUT_SITTING)
    op.create_index(op.f("ix_hall_matter_id"), "hall", ["matter_id"])
    op.create_table(
        "in_hall",
        sa.Column("hall_id", BIG, nullable=False),
        sa.Column("seat_id", BIG, nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.ForeignKeyConstraint(["hall_id"], ["hall.id"], name=op.f("fk_in_hall_hall_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_in_hall_seat_id")),
        sa.PrimaryKeyConstraint("hall_id", "seat_id", name=op.f("pk_in_hall")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON struck FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        op.execute("CREATE TRIGGER emptied BEFORE TRUNCATE ON struck FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER struck_no_{change.lower()} BEFORE {change} ON struck BEGIN SELECT RAISE(ABORT, 'struck: only ever appended'); END"
        )
    op.execute(
        "CREATE TRIGGER struck_no_replace BEFORE INSERT ON struck WHEN EXISTS (SELECT 1 FROM struck WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'struck: only ever appended'); END"
    )


def downgrade() -> None:
    raise NotImplementedError("hands that were struck would count again; restore a backup instead")
