"""Sittings, marks, the talk and overrides: what a panel needs to decide many bids together."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
APPEND_ONLY = ("mark",)


def upgrade() -> None:
    op.create_table(
        "sitting",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("panel_id", BIG, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("pot", BIG, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("decide_by", sa.Date(), nullable=False),
        sa.Column("counted_at", AT, nullable=True),
        sa.Column("counted_by_id", BIG, nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("published_at", AT, nullable=True),
        sa.CheckConstraint("status in ('open', 'counted')", name=op.f("ck_sitting_status")),
        sa.CheckConstraint("pot is null or pot >= 0", name=op.f("ck_sitting_pot")),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_sitting_panel_id")),
        sa.ForeignKeyConstraint(["counted_by_id"], ["person.id"], name=op.f("fk_sitting_counted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitting")),
        sa.UniqueConstraint("ref", name=op.f("uq_sitting_ref")),
        sa.UniqueConstraint("about", name=op.f("uq_sitting_about")),
    )
    op.create_index(op.f("ix_sitting_panel_id"), "sitting", ["panel_id"])
    if op.get_bind().dialect.name == "sqlite":  # which knows no ALTER TABLE ADD CONSTRAINT
        op.execute("ALTER TABLE matter ADD COLUMN sitting_id INTEGER CONSTRAINT fk_matter_sitting_id REFERENCES sitting (id)")
    else:
        op.add_column("matter", sa.Column("sitting_id", BIG, nullable=True))
        op.create_foreign_key(op.f("fk_matter_sitting_id"), "matter", "sitting", ["sitting_id"], ["id"])
    op.create_index(op.f("ix_matter_sitting_id"), "matter", ["sitting_id"])
    op.add_column("matter", sa.Column("cost", BIG, nullable=True))
    op.add_column("matter", sa.Column("revealed_at", AT, nullable=True))
    op.add_column("vote", sa.Column("sheet", sa.Text(), nullable=False, server_default=""))
    op.add_column("application", sa.Column("funded", sa.Boolean(), nullable=True))
    op.create_table(
        "mark",
        sa.Column("id", BIG, nullable=False),
        sa.Column("matter_id", BIG, nullable=False),
        sa.Column("seat_id", BIG, nullable=False),
        sa.Column("criterion", BIG, nullable=False),
        sa.Column("mark", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("marked_at", AT, nullable=False),
        sa.Column("entered_by_id", BIG, nullable=False),
        sa.CheckConstraint("mark between 0 and 3", name=op.f("ck_mark_mark")),
        sa.CheckConstraint("criterion >= 0", name=op.f("ck_mark_criterion")),
        sa.CheckConstraint("source in ('phone', 'paper', 'hall')", name=op.f("ck_mark_source")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_mark_matter_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_mark_seat_id")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["person.id"], name=op.f("fk_mark_entered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
    )
    op.create_index("ix_mark_matter_id_seat_id", "mark", ["matter_id", "seat_id"])
    op.create_table(
        "remark",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("matter_id", BIG, nullable=False),
        sa.Column("seat_id", BIG, nullable=True),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("said_at", AT, nullable=False),
        sa.Column("struck_at", AT, nullable=True),
        sa.Column("struck_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_remark_matter_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_remark_seat_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_remark_person_id")),
        sa.ForeignKeyConstraint(["struck_by_id"], ["person.id"], name=op.f("fk_remark_struck_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark")),
        sa.UniqueConstraint("ref", name=op.f("uq_remark_ref")),
    )
    op.create_index("ix_remark_matter_id", "remark", ["matter_id", "id"])
    op.create_table(
        "override",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sitting_id", BIG, nullable=False),
        sa.Column("matter_id", BIG, nullable=False),
        sa.Column("funded", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", BIG, nullable=False),
        sa.Column("proposed_at", AT, nullable=False),
        sa.Column("seconded_by_id", BIG, nullable=True),
        sa.Column("seconded_at", AT, nullable=True),
        sa.Column("dropped_at", AT, nullable=True),
        sa.CheckConstraint("seconded_by_id is null or seconded_by_id <> proposed_by_id", name=op.f("ck_override_two_people")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_override_sitting_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_override_matter_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["person.id"], name=op.f("fk_override_proposed_by_id")),
        sa.ForeignKeyConstraint(["seconded_by_id"], ["person.id"], name=op.f("fk_override_seconded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_override")),
        sa.UniqueConstraint("ref", name=op.f("uq_override_ref")),
    )
    op.create_index("ix_override_sitting_id", "override", ["sitting_id"])
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
            op.execute(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
        )


def downgrade() -> None:
    raise NotImplementedError("what was marked and shared stays; restore a backup instead")
