"""What reviewers found: an award moves only to where its newest correction says, names of funds and funders are theirs, a large sum needs two."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
SENTENCE = "award: what was decided stays as it was"
FOR_EVER = ("application_id", "fund_id", "amount", "decided_on", "released_by_id", "seconded_by_id")
PLACE = ("area_id", "ward_code", "ward_name")
NAMED = (("fund", "closed_at IS NULL"), ("funder", "1 = 1"))


def _changed(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"NEW.{name} <> OLD.{name}" for name in columns)


CORRECTIONS = "FROM event WHERE about = 'bid:' || OLD.application_id AND kind = 'area_corrected'"
ANY = f"EXISTS (SELECT 1 {CORRECTIONS})"
NEWEST = f"coalesce((SELECT {{area}} {CORRECTIONS} ORDER BY id DESC LIMIT 1), 0) = NEW.area_id"


def _when(on_record: str) -> str:
    return f"{_changed(FOR_EVER)} OR (({_changed(PLACE)}) AND (NEW.area_id = OLD.area_id OR NOT ({on_record})))"


def _is_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == "postgresql")


def _guard(on_record: str) -> None:
    if _is_postgresql():
        op.execute(
            f"CREATE OR REPLACE FUNCTION award_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  IF {_when(on_record)} THEN "
            f"RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;\n  RETURN NEW;\nEND $$"
        )
        return
    op.execute("DROP TRIGGER award_fixed")
    op.execute(
        f"CREATE TRIGGER award_fixed BEFORE UPDATE OF {', '.join((*FOR_EVER, *PLACE))} ON award WHEN {_when(on_record)}\n"
        f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    )


def _name_the_first(table: str, where: str) -> None:
    """Of those that have the same name already the oldest has it; the others stay as they are, and no new one comes beside them."""
    bind, taken = op.get_bind(), set()
    for id_, name in bind.execute(sa.text(f"SELECT id, name FROM {table} WHERE {where} ORDER BY id")).all():
        plain = " ".join(name.casefold().split())
        if plain not in taken:
            taken.add(plain)
            bind.execute(sa.text(f"UPDATE {table} SET plain_name = :plain WHERE id = :id"), {"plain": plain, "id": id_})


SAID = "bank_line: what the bank said, and what came of it, stays as it was"
DECIDED = "OLD.outcome <> 'waiting'"
NOT_TAKEN_BACK = "(OLD.outcome <> 'waiting' AND NOT (OLD.outcome = 'not_ours' AND NEW.outcome = 'waiting'))"


def _guard_lines(decided: str) -> None:
    if _is_postgresql():
        op.execute(
            f"""CREATE OR REPLACE FUNCTION bank_line_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.outcome <> 'waiting' THEN
      RAISE EXCEPTION 'bank_line: never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF {decided} OR (NEW.mark, NEW.day, NEW.pence) IS DISTINCT FROM (OLD.mark, OLD.day, OLD.pence) THEN
    RAISE EXCEPTION '{SAID}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$"""
        )
        return
    op.execute("DROP TRIGGER bank_line_fixed")
    op.execute(
        f"""CREATE TRIGGER bank_line_fixed BEFORE UPDATE ON bank_line
WHEN {decided} OR NEW.mark <> OLD.mark OR NEW.day <> OLD.day OR NEW.pence <> OLD.pence
BEGIN SELECT RAISE(ABORT, '{SAID}'); END"""
    )


def upgrade() -> None:
    _guard_lines(NOT_TAKEN_BACK)
    _guard(NEWEST.format(area="(data->>'area')::bigint" if _is_postgresql() else "json_extract(data, '$.area')"))
    for table, where in NAMED:
        op.add_column(table, sa.Column("plain_name", sa.Text(), nullable=True))
        _name_the_first(table, where)
        op.create_index(f"uq_{table}_plain_name", table, ["plain_name"], unique=True)
    op.create_table(
        "large_contribution",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("fund_id", BIG, nullable=False),
        sa.Column("funder_id", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("done_by_id", BIG, nullable=True),
        sa.Column("done_at", AT, nullable=True),
        sa.Column("dropped_at", AT, nullable=True),
        sa.Column("contribution_id", BIG, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_large_contribution_amount")),
        sa.CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name=op.f("ck_large_contribution_two_people")),
        sa.CheckConstraint("(done_at is null) = (done_by_id is null)", name=op.f("ck_large_contribution_done")),
        sa.CheckConstraint("done_at is null or dropped_at is null", name=op.f("ck_large_contribution_one_end")),
        sa.CheckConstraint("contribution_id is null or done_at is not null", name=op.f("ck_large_contribution_in_the_books")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_large_contribution_{column}"))
            for column, table in (
                ("fund_id", "fund"), ("funder_id", "funder"), ("asked_by_id", "person"), ("done_by_id", "person"), ("contribution_id", "contribution"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_large_contribution")),
        sa.UniqueConstraint("ref", name=op.f("uq_large_contribution_ref")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_large_contribution_contribution_id")),
    )  # fmt: skip
    op.create_index("ix_large_contribution_fund_id", "large_contribution", ["fund_id"])

    _fresh_files()


def _fresh_files() -> None:
    waits = sa.text("done_at is null and dropped_at is null")
    op.create_table(
        "fresh_file",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("pays_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("from_sealed", "from_masked", "csv_sha256", "standard_sha256")),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("done_by_id", BIG, nullable=True),
        sa.Column("done_at", AT, nullable=True),
        sa.Column("dropped_at", AT, nullable=True),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_fresh_file_reason")),
        sa.CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name=op.f("ck_fresh_file_two_people")),
        sa.CheckConstraint("(done_at is null) = (done_by_id is null)", name=op.f("ck_fresh_file_done")),
        sa.CheckConstraint(
            "done_at is null or (csv_sha256 <> '' and standard_sha256 <> '' and from_sealed <> '')", name=op.f("ck_fresh_file_made")
        ),
        sa.CheckConstraint("done_at is null or dropped_at is null", name=op.f("ck_fresh_file_one_end")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_fresh_file_{column}"))
            for column, table in (("run_id", "payment_run"), ("asked_by_id", "person"), ("done_by_id", "person"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fresh_file")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_fresh_file_run_id_number")),
    )
    op.create_index("uq_fresh_file_waits", "fresh_file", ["run_id"], unique=True, sqlite_where=waits, postgresql_where=waits)
    stays = "fresh_file: what was made stays"
    if _is_postgresql():
        op.execute(
            f"""CREATE FUNCTION fresh_file_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.done_at IS NOT NULL THEN RAISE EXCEPTION '{stays}' USING ERRCODE = 'integrity_constraint_violation'; END IF;
  RETURN NEW;
END $$"""
        )
        op.execute("CREATE TRIGGER fixed BEFORE UPDATE ON fresh_file FOR EACH ROW EXECUTE FUNCTION fresh_file_fixed()")
        op.execute("CREATE TRIGGER kept BEFORE DELETE ON fresh_file FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        op.execute("CREATE TRIGGER emptied BEFORE TRUNCATE ON fresh_file FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
        return
    op.execute(
        f"CREATE TRIGGER fresh_file_fixed BEFORE UPDATE ON fresh_file WHEN OLD.done_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{stays}'); END"
    )
    op.execute(f"CREATE TRIGGER fresh_file_kept BEFORE DELETE ON fresh_file BEGIN SELECT RAISE(ABORT, '{stays}'); END")


def downgrade() -> None:
    op.drop_table("fresh_file")
    if _is_postgresql():
        op.execute("DROP FUNCTION fresh_file_fixed()")
    op.drop_table("large_contribution")
    for table, _where in NAMED:
        op.drop_index(f"uq_{table}_plain_name", table_name=table)
        op.drop_column(table, "plain_name")
    _guard(ANY)
    _guard_lines(DECIDED)
