"""A run's files for the bank, which lock it; a run called back by two people; lines of bank statements; the scheme's own account."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
STANDS = sa.text("taken_back_at is null")
MATCHED = sa.text("payment_id is not null")
APPENDED = ("paying_account", "run_file")

SQLITE = (
    """CREATE TRIGGER payment_run_locked BEFORE UPDATE OF run_id, status ON payment
WHEN (NEW.run_id IS NOT OLD.run_id AND EXISTS (SELECT 1 FROM run_file WHERE run_id IN (NEW.run_id, OLD.run_id)))
  OR (NEW.status = 'cancelled' AND OLD.status <> 'cancelled' AND EXISTS (SELECT 1 FROM run_file WHERE run_id = OLD.run_id))
BEGIN SELECT RAISE(ABORT, 'payment: its run is locked'); END""",
    """CREATE TRIGGER payment_run_locked_new BEFORE INSERT ON payment WHEN EXISTS (SELECT 1 FROM run_file WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'payment: its run is locked'); END""",
    """CREATE TRIGGER run_file_stands BEFORE INSERT ON run_file
WHEN EXISTS (SELECT 1 FROM calling_back WHERE run_id = NEW.run_id AND taken_back_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'run_file: the run is called back'); END""",
    """CREATE TRIGGER calling_back_open BEFORE INSERT ON calling_back WHEN EXISTS (SELECT 1 FROM run_file WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'calling_back: the run is locked'); END""",
    """CREATE TRIGGER calling_back_fixed BEFORE UPDATE ON calling_back
WHEN OLD.done_at IS NOT NULL OR NEW.run_id <> OLD.run_id OR NEW.asked_by_id <> OLD.asked_by_id OR NEW.reason <> OLD.reason
  OR (NEW.done_at IS NOT NULL AND EXISTS (SELECT 1 FROM run_file WHERE run_id = NEW.run_id))
BEGIN SELECT RAISE(ABORT, 'calling_back: what was asked stays as it was'); END""",
    """CREATE TRIGGER calling_back_kept BEFORE DELETE ON calling_back
BEGIN SELECT RAISE(ABORT, 'calling_back: never deleted'); END""",
    """CREATE TRIGGER bank_line_fixed BEFORE UPDATE ON bank_line
WHEN OLD.outcome <> 'waiting' OR NEW.mark <> OLD.mark OR NEW.day <> OLD.day OR NEW.pence <> OLD.pence
BEGIN SELECT RAISE(ABORT, 'bank_line: what the bank said, and what came of it, stays as it was'); END""",
    """CREATE TRIGGER bank_line_kept BEFORE DELETE ON bank_line WHEN OLD.outcome <> 'waiting'
BEGIN SELECT RAISE(ABORT, 'bank_line: never deleted'); END""",
)
POSTGRESQL = """
CREATE FUNCTION payment_run_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF EXISTS (SELECT 1 FROM run_file WHERE run_id = NEW.run_id) THEN
      RAISE EXCEPTION 'payment: its run is locked' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  ELSIF (NEW.run_id IS DISTINCT FROM OLD.run_id AND EXISTS (SELECT 1 FROM run_file WHERE run_id IN (NEW.run_id, OLD.run_id)))
     OR (NEW.status = 'cancelled' AND OLD.status <> 'cancelled' AND EXISTS (SELECT 1 FROM run_file WHERE run_id = OLD.run_id)) THEN
    RAISE EXCEPTION 'payment: its run is locked' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION run_file_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM calling_back WHERE run_id = NEW.run_id AND taken_back_at IS NULL) THEN
    RAISE EXCEPTION 'run_file: the run is called back' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION calling_back_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF EXISTS (SELECT 1 FROM run_file WHERE run_id = NEW.run_id) THEN
      RAISE EXCEPTION 'calling_back: the run is locked' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  ELSIF OLD.done_at IS NOT NULL OR (NEW.run_id, NEW.asked_by_id, NEW.reason) IS DISTINCT FROM (OLD.run_id, OLD.asked_by_id, OLD.reason)
     OR (NEW.done_at IS NOT NULL AND EXISTS (SELECT 1 FROM run_file WHERE run_id = NEW.run_id)) THEN
    RAISE EXCEPTION 'calling_back: what was asked stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION bank_line_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.outcome <> 'waiting' THEN
      RAISE EXCEPTION 'bank_line: never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF OLD.outcome <> 'waiting' OR (NEW.mark, NEW.day, NEW.pence) IS DISTINCT FROM (OLD.mark, OLD.day, OLD.pence) THEN
    RAISE EXCEPTION 'bank_line: what the bank said, and what came of it, stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER run_locked BEFORE INSERT OR UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION payment_run_locked();
CREATE TRIGGER stands BEFORE INSERT ON run_file FOR EACH ROW EXECUTE FUNCTION run_file_stands();
CREATE TRIGGER fixed BEFORE INSERT OR UPDATE ON calling_back FOR EACH ROW EXECUTE FUNCTION calling_back_fixed();
CREATE TRIGGER kept BEFORE DELETE ON calling_back FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emptied BEFORE TRUNCATE ON calling_back FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON bank_line FOR EACH ROW EXECUTE FUNCTION bank_line_fixed();
CREATE TRIGGER emptied BEFORE TRUNCATE ON bank_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    _accounts_and_files()
    _calling_back()
    _bank_lines()
    _guards()


def _accounts_and_files() -> None:
    op.create_table(
        "paying_account",
        sa.Column("id", BIG, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("masked", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("given_by_id", BIG, nullable=False),
        sa.Column("given_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["given_by_id"], ["person.id"], name=op.f("fk_paying_account_given_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paying_account")),
    )
    op.create_table(
        "run_file",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("payments", BIG, nullable=False),
        sa.Column("pence", BIG, nullable=False),
        sa.Column("bank_payments", BIG, nullable=False),
        sa.Column("bank_pence", BIG, nullable=False),
        sa.Column("pays_on", sa.Date(), nullable=False),
        sa.Column("from_sealed", sa.Text(), nullable=False),
        sa.Column("from_masked", sa.Text(), nullable=False),
        sa.Column("csv_sha256", sa.Text(), nullable=False),
        sa.Column("standard_sha256", sa.Text(), nullable=False),
        sa.Column("taken_by_id", BIG, nullable=False),
        sa.Column("taken_at", AT, nullable=False),
        sa.CheckConstraint("bank_payments between 1 and payments", name=op.f("ck_run_file_payments")),
        sa.CheckConstraint("bank_pence between 1 and pence", name=op.f("ck_run_file_pence")),
        sa.ForeignKeyConstraint(["run_id"], ["payment_run.id"], name=op.f("fk_run_file_run_id")),
        sa.ForeignKeyConstraint(["taken_by_id"], ["person.id"], name=op.f("fk_run_file_taken_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_file")),
        sa.UniqueConstraint("run_id", name=op.f("uq_run_file_run_id")),
    )


def _calling_back() -> None:
    op.create_table(
        "calling_back",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("done_by_id", BIG, nullable=True),
        sa.Column("done_at", AT, nullable=True),
        sa.Column("taken_back_at", AT, nullable=True),
        sa.CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name=op.f("ck_calling_back_two_people")),
        sa.CheckConstraint("(done_at is null) = (done_by_id is null)", name=op.f("ck_calling_back_done")),
        sa.CheckConstraint("done_at is null or taken_back_at is null", name=op.f("ck_calling_back_one_end")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_calling_back_asked_by_id")),
        sa.ForeignKeyConstraint(["done_by_id"], ["person.id"], name=op.f("fk_calling_back_done_by_id")),
        sa.ForeignKeyConstraint(["run_id"], ["payment_run.id"], name=op.f("fk_calling_back_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calling_back")),
    )
    op.create_index(op.f("ix_calling_back_run_id"), "calling_back", ["run_id"])
    op.create_index("uq_calling_back_stands", "calling_back", ["run_id"], unique=True, sqlite_where=STANDS, postgresql_where=STANDS)


def _bank_lines() -> None:
    op.create_table(
        "bank_line",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pence", BIG, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("payment_id", BIG, nullable=True),
        sa.Column("award_id", BIG, nullable=True),
        sa.Column("read_by_id", BIG, nullable=False),
        sa.Column("read_at", AT, nullable=False),
        sa.Column("decided_by_id", BIG, nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.CheckConstraint("pence <> 0", name=op.f("ck_bank_line_pence")),
        sa.CheckConstraint("outcome in ('waiting', 'arrived', 'came_back', 'refund', 'not_ours')", name=op.f("ck_bank_line_outcome")),
        sa.CheckConstraint("(outcome = 'waiting') = (decided_at is null)", name=op.f("ck_bank_line_decided")),
        sa.CheckConstraint("(decided_at is null) = (decided_by_id is null)", name=op.f("ck_bank_line_decided_by")),
        sa.CheckConstraint("outcome = 'waiting' or sealed = ''", name=op.f("ck_bank_line_forgotten")),
        sa.CheckConstraint("(outcome in ('arrived', 'came_back')) = (payment_id is not null)", name=op.f("ck_bank_line_payment")),
        sa.CheckConstraint("(outcome = 'refund') = (award_id is not null)", name=op.f("ck_bank_line_award")),
        sa.CheckConstraint("outcome <> 'arrived' or pence < 0", name=op.f("ck_bank_line_arrived")),
        sa.CheckConstraint("outcome not in ('came_back', 'refund') or pence > 0", name=op.f("ck_bank_line_came_in")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_bank_line_award_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_bank_line_decided_by_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_bank_line_payment_id")),
        sa.ForeignKeyConstraint(["read_by_id"], ["person.id"], name=op.f("fk_bank_line_read_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_line")),
        sa.UniqueConstraint("mark", name=op.f("uq_bank_line_mark")),
        sa.UniqueConstraint("ref", name=op.f("uq_bank_line_ref")),
    )
    op.create_index("ix_bank_line_outcome", "bank_line", ["outcome", "id"])
    op.create_index(
        "uq_bank_line_payment", "bank_line", ["payment_id", "outcome"], unique=True, sqlite_where=MATCHED, postgresql_where=MATCHED
    )


def _guards() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        for table in APPENDED:
            op.execute(f"CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
            op.execute(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
        return
    for statement in SQLITE:
        op.execute(statement)
    for table in APPENDED:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
            )
    for table, same in (("paying_account", "id = NEW.id"), ("run_file", "id = NEW.id OR run_id = NEW.run_id"), ("calling_back", "id = NEW.id"),
                        ("bank_line", "id = NEW.id OR mark = NEW.mark")):  # fmt: skip
        # SQLite's REPLACE deletes silently where a connection has not switched recursive triggers on
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, '{table}: never replaced'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER run_locked ON payment")
    else:
        op.execute("DROP TRIGGER payment_run_locked")
        op.execute("DROP TRIGGER payment_run_locked_new")
    for table in ("bank_line", "calling_back", "run_file", "paying_account"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for function in ("payment_run_locked", "run_file_stands", "calling_back_fixed", "bank_line_fixed"):
            op.execute(f"DROP FUNCTION {function}()")
