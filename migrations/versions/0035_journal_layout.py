"""Closing the books by two people, and journals for the council's ledger: its codes, what went out, and that nothing goes out twice."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
WAITING = sa.text("closed_at is null and cancelled_at is null")
CLOSED = sa.text("closed_at is not null")
KEPT = ("journal", "journal_line")  # what went out has gone out
SENTENCE = "journal: what went out stays as it was"


def upgrade() -> None:
    op.create_table(
        "period_closing",
        sa.Column("id", BIG, nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("waits", BIG, nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("closed_by_id", BIG, nullable=True),
        sa.Column("closed_at", AT, nullable=True),
        sa.Column("cancelled_at", AT, nullable=True),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.CheckConstraint("closed_by_id is null or closed_by_id <> asked_by_id", name=op.f("ck_period_closing_two_people")),
        sa.CheckConstraint("(closed_at is null) = (closed_by_id is null)", name=op.f("ck_period_closing_closed")),
        sa.CheckConstraint("closed_at is null or cancelled_at is null", name=op.f("ck_period_closing_one_end")),
        sa.CheckConstraint("closed_at is null or heads <> ''", name=op.f("ck_period_closing_heads")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_period_closing_asked_by_id")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["person.id"], name=op.f("fk_period_closing_closed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period_closing")),
    )
    op.create_index("uq_period_closing_closed", "period_closing", ["last_day"], unique=True, sqlite_where=CLOSED, postgresql_where=CLOSED)
    op.create_index("uq_period_closing_waiting", "period_closing", ["waits"], unique=True, sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_table(
        "journal_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("fund_id", BIG, nullable=False),
        sa.Column("movement", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("cost_centre", sa.Text(), nullable=False),
        sa.Column("subjective", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("vat", sa.Text(), nullable=False),
        sa.CheckConstraint("side in ('debit', 'credit')", name=op.f("ck_journal_code_side")),
        sa.CheckConstraint("movement in ('contribution', 'given_back', 'paid', 'refund', 'quick')", name=op.f("ck_journal_code_movement")),
        sa.CheckConstraint("subjective <> ''", name=op.f("ck_journal_code_subjective")),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_journal_code_fund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_code")),
        sa.UniqueConstraint("fund_id", "movement", "side", name=op.f("uq_journal_code_fund_id_movement_side")),
    )
    op.create_table(
        "journal",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_by_id", BIG, nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("pence", BIG, nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_journal_number")),
        sa.CheckConstraint("kind in ('month', 'run')", name=op.f("ck_journal_kind")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_journal_sha256")),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_journal_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("kind", "of", "number", name=op.f("uq_journal_kind_of_number")),
        sa.UniqueConstraint("ref", name=op.f("uq_journal_ref")),
    )
    op.create_table(
        "journal_line",
        sa.Column("transfer_id", BIG, autoincrement=False, nullable=False),
        sa.Column("journal_id", BIG, nullable=False),
        sa.Column("fund_id", BIG, nullable=False),
        sa.Column("movement", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_journal_line_fund_id")),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name=op.f("fk_journal_line_journal_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["ledger_transfer.id"], name=op.f("fk_journal_line_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_journal_line")),
    )
    op.create_index(op.f("ix_journal_line_journal_id"), "journal_line", ["journal_id"])
    _keep()


def _keep() -> None:
    """The database refuses to change what went out, or to take it away."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION journal_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
            f"  RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation';\nEND $$"
        )
        for table in KEPT:
            op.execute(f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION journal_kept()")
        return
    for table in KEPT:
        for act in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
            )  # fmt: skip


def downgrade() -> None:
    op.drop_table("journal_line")
    op.drop_table("journal")
    op.drop_table("journal_code")
    op.drop_table("period_closing")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION journal_kept()")
