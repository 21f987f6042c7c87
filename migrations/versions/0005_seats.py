"""Panels with several areas, guests and a code of conduct; substitutes; offers to sit; ties declared by others."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
APPEND_ONLY = ("conduct", "called")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def upgrade() -> None:
    op.create_table(
        "panel_area",
        sa.Column("panel_id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_panel_area_panel_id")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_panel_area_area_id")),
        sa.PrimaryKeyConstraint("panel_id", "area_id", name=op.f("pk_panel_area")),
    )
    op.create_index(op.f("ix_panel_area_area_id"), "panel_area", ["area_id"])
    op.execute("INSERT INTO panel_area (panel_id, area_id) SELECT id, area_id FROM panel WHERE area_id IS NOT NULL")
    if _is_postgresql():
        op.drop_column("panel", "area_id")
    else:
        _panel_without_area()
    op.add_column("panel", sa.Column("takes_guests", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("panel", sa.Column("conduct", BIG, nullable=False, server_default="0"))
    op.create_table(
        "conduct",
        sa.Column("id", BIG, nullable=False),
        sa.Column("panel_id", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("published_at", AT, nullable=False),
        sa.Column("published_by_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_conduct_panel_id")),
        sa.ForeignKeyConstraint(["published_by_id"], ["person.id"], name=op.f("fk_conduct_published_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conduct")),
        sa.UniqueConstraint("panel_id", "version", name=op.f("uq_conduct_panel_id_version")),
    )
    op.execute(
        "ALTER TABLE seat ADD COLUMN kind TEXT NOT NULL DEFAULT 'member' "
        "CONSTRAINT ck_seat_kind CHECK (kind in ('member', 'substitute', 'guest'))"
    )
    # who sat before this was kept sat since the first day of the term
    op.add_column("seat", sa.Column("given_at", AT, nullable=False, server_default="2000-01-01 00:00:00.000000"))
    op.execute("UPDATE seat SET given_at = " + ("term_start" if _is_postgresql() else "term_start || ' 00:00:00.000000'"))
    op.add_column("seat", sa.Column("conduct", BIG, nullable=False, server_default="0"))
    op.add_column("seat", sa.Column("conduct_at", AT, nullable=True))
    op.create_index("ix_seat_term_end", "seat", ["term_end"])
    op.create_table(
        "seat_offer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("panel_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("offered_at", AT, nullable=False),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("answered_by_id", BIG, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint("status in ('open', 'accepted', 'declined', 'withdrawn')", name=op.f("ck_seat_offer_status")),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_seat_offer_panel_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_seat_offer_person_id")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["person.id"], name=op.f("fk_seat_offer_answered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_offer")),
        sa.UniqueConstraint("ref", name=op.f("uq_seat_offer_ref")),
    )
    op.create_index(
        "uq_seat_offer_open", "seat_offer", ["panel_id", "person_id"], unique=True, sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'")
    )  # fmt: skip
    op.create_index("ix_seat_offer_person_id", "seat_offer", ["person_id"])
    op.add_column("matter", sa.Column("short", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_matter_short", "matter", ["panel_id"], sqlite_where=sa.text("short = 1"), postgresql_where=sa.text("short"))
    op.create_table(
        "called",
        sa.Column("id", BIG, nullable=False),
        sa.Column("matter_id", BIG, nullable=False),
        sa.Column("seat_id", BIG, nullable=False),
        sa.Column("called_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_called_matter_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_called_seat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_called")),
        sa.UniqueConstraint("matter_id", "seat_id", name=op.f("uq_called_matter_id_seat_id")),
    )
    op.create_index("ix_called_seat_id", "called", ["seat_id"])
    op.create_table(
        "objection",
        sa.Column("id", BIG, nullable=False),
        sa.Column("interest_id", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["interest_id"], ["interest.id"], name=op.f("fk_objection_interest_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        sa.UniqueConstraint("interest_id", name=op.f("uq_objection_interest_id")),
    )
    for table in APPEND_ONLY:
        _only_appended(table)


def _panel_without_area() -> None:
    """SQLite drops no column that a foreign key stands on. The table is made anew, and its rows come back before the transaction ends."""
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TEMPORARY TABLE panel_kept AS SELECT id, ref, name, purpose, created_at FROM panel")
    op.execute("DROP TABLE panel")
    op.create_table(
        "panel",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel")),
        sa.UniqueConstraint("ref", name=op.f("uq_panel_ref")),
    )
    op.execute("INSERT INTO panel (id, ref, name, purpose, created_at) SELECT id, ref, name, purpose, created_at FROM panel_kept")
    op.execute("DROP TABLE panel_kept")


def _only_appended(table: str) -> None:
    if _is_postgresql():
        op.execute(f"CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        op.execute(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
        )
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
    )


def downgrade() -> None:
    for table in ("objection", "called", "seat_offer", "conduct"):
        op.drop_table(table)
    op.drop_index("ix_matter_short", table_name="matter")
    op.drop_column("matter", "short")
    op.drop_index("ix_seat_term_end", table_name="seat")
    # the older code knows members only: substitutes and guests would vote on everything
    yesterday = "current_date - 1" if _is_postgresql() else "date('now', '-1 day')"
    op.execute(f"UPDATE seat SET term_end = {yesterday} WHERE kind <> 'member' AND (term_end IS NULL OR term_end > {yesterday})")
    for column in ("kind", "given_at", "conduct", "conduct_at"):
        op.drop_column("seat", column)
    for column in ("takes_guests", "conduct"):
        op.drop_column("panel", column)
    op.execute("ALTER TABLE panel ADD COLUMN area_id BIGINT CONSTRAINT fk_panel_area_id REFERENCES area (id)" if _is_postgresql() else
               "ALTER TABLE panel ADD COLUMN area_id INTEGER CONSTRAINT fk_panel_area_id REFERENCES area (id)")  # fmt: skip
    # a panel of several areas goes back to the first of them
    op.execute("UPDATE panel SET area_id = (SELECT min(area_id) FROM panel_area WHERE panel_id = panel.id)")
    op.drop_table("panel_area")
