"""Paper sheets and their rows, and whom an import brought; what was typed or brought stays as it was."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
FIXED = "ref, area_id, number, part, batch, entered_by, entered_at"
APPENDED = {
    "paper_sheet_row": ("sheet_id = NEW.sheet_id AND line = NEW.line", "exchange_id = NEW.exchange_id"),
    "imported_member": ("id = NEW.id", "member_id = NEW.member_id"),
}
CHANGED = (
    " OR ".join(f"NEW.{column} <> OLD.{column}" for column in FIXED.split(", "))
    + " OR (OLD.undone_at IS NOT NULL AND NEW.undone_at IS {distinct} OLD.undone_at)"
)
SQLITE = (
    f"""CREATE TRIGGER paper_sheet_fixed BEFORE UPDATE ON paper_sheet WHEN {CHANGED.format(distinct="NOT")}
BEGIN SELECT RAISE(ABORT, 'paper_sheet: what was typed stays as it was'); END""",
    "CREATE TRIGGER paper_sheet_kept BEFORE DELETE ON paper_sheet BEGIN SELECT RAISE(ABORT, 'paper_sheet: never deleted'); END",
    """CREATE TRIGGER paper_sheet_no_replace BEFORE INSERT ON paper_sheet WHEN EXISTS (SELECT 1 FROM paper_sheet WHERE id = NEW.id OR ref = NEW.ref)
BEGIN SELECT RAISE(ABORT, 'paper_sheet: never replaced'); END""",
    *(
        f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
        for table in APPENDED
        for what in ("UPDATE", "DELETE")
    ),
    *(
        f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE ({one}) OR {other})
BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"""
        for table, (one, other) in APPENDED.items()
    ),
)
POSTGRESQL = (
    f"""CREATE FUNCTION paper_sheet_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'paper_sheet: never deleted' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF {CHANGED.format(distinct="DISTINCT FROM")} THEN
    RAISE EXCEPTION 'paper_sheet: what was typed stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON paper_sheet FOR EACH ROW EXECUTE FUNCTION paper_sheet_fixed()",
    "CREATE TRIGGER emptied BEFORE TRUNCATE ON paper_sheet FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    *(f"CREATE TRIGGER appended BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()" for table in APPENDED),
    *(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()" for table in APPENDED),
)


def upgrade() -> None:
    op.create_table(
        "paper_sheet",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("part", BIG, nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", AT, nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", AT, nullable=True),
        sa.CheckConstraint("number <> '' and part > 0", name=op.f("ck_paper_sheet_numbered")),
        sa.CheckConstraint("(undone_at is null) = (undone_by is null)", name=op.f("ck_paper_sheet_undone")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_paper_sheet_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_sheet")),
        sa.UniqueConstraint("ref", name=op.f("uq_paper_sheet_ref")),
        sa.UniqueConstraint("area_id", "number", "part", name=op.f("uq_paper_sheet_area_id_number_part")),
    )
    op.create_index("ix_paper_sheet_batch", "paper_sheet", ["batch"])
    op.create_table(
        "paper_sheet_row",
        sa.Column("sheet_id", BIG, nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("exchange_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["sheet_id"], ["paper_sheet.id"], name=op.f("fk_paper_sheet_row_sheet_id")),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchange.id"], name=op.f("fk_paper_sheet_row_exchange_id")),
        sa.PrimaryKeyConstraint("sheet_id", "line", name=op.f("pk_paper_sheet_row")),
        sa.UniqueConstraint("exchange_id", name=op.f("uq_paper_sheet_row_exchange_id")),
    )
    op.create_table(
        "imported_member",
        sa.Column("id", BIG, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("their_id", sa.Text(), nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("imported_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_imported_member_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_member")),
        sa.UniqueConstraint("source", "their_id", name=op.f("uq_imported_member_source_their_id")),
        sa.UniqueConstraint("member_id", name=op.f("uq_imported_member_member_id")),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for table in ("imported_member", "paper_sheet_row", "paper_sheet"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION paper_sheet_fixed()")
