"""Sessions as work on a funded idea, one who gives to many, and what organisations agreed that things count."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
SPLIT = "split in ('', 'shared', 'each', 'pot')"
GIVER = "(split = '') = (giver_id is null) and (split not in ('shared', 'each') or payer_id = giver_id) and (split <> 'pot' or pot_id is not null)"
OVER_BEFORE = (
    "payer_id", "pot_id", "day", "starts", "ends", "minutes", "area_id", "entry_key", "closed_at", "closed_by", "organiser_id", "entered_by",
)  # fmt: skip
OVER = (*OVER_BEFORE, "purpose_id", "split", "giver_id")
TARIFF = ("ref", "giver_id", "receiver_id", "category_id", "what", "unit", "minutes", "side", "entered_by", "proposed_at")
USED = """EXISTS (SELECT 1 FROM tariff JOIN exchange ON exchange.id = NEW.exchange_id
  WHERE tariff.id = NEW.tariff_id AND tariff.status = 'agreed' AND tariff.minutes = NEW.minutes AND exchange.minutes = NEW.minutes * NEW.quantity
  AND exchange.giver_id = tariff.giver_id AND exchange.receiver_id = tariff.receiver_id)"""


def _changed(columns: tuple[str, ...], differs: str) -> str:
    return " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in columns)


def _tariff_wrong(differs: str) -> str:
    return (
        f"{_changed(TARIFF, differs)} OR (OLD.agreed_at IS NOT NULL AND ({_changed(('agreed_at', 'agreed_by'), differs)}))"
        f" OR (OLD.over_at IS NOT NULL AND ({_changed(('status', 'over_at', 'over_by'), differs)}))"
    )


def _session_fixed(over: tuple[str, ...], sqlite: bool) -> tuple[str, ...]:
    wrong = (
        "NEW.ref <> OLD.ref OR (OLD.status <> 'open' AND NEW.status <> OLD.status) OR (OLD.status = 'closed' AND "
        f"({_changed(over, 'IS NOT' if sqlite else 'IS DISTINCT FROM')}))"
    )
    if sqlite:
        return (
            "DROP TRIGGER time_session_fixed",
            f"""CREATE TRIGGER time_session_fixed BEFORE UPDATE ON time_session WHEN {wrong}
BEGIN SELECT RAISE(ABORT, 'time_session: what is over stays as it was'); END""",
        )
    return (
        f"""CREATE OR REPLACE FUNCTION time_session_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF {wrong} THEN
    RAISE EXCEPTION 'time_session: what is over stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM sign_up WHERE session_id = NEW.id AND number > NEW.places) THEN
    RAISE EXCEPTION 'time_session: fewer places than were given' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    )


SQLITE = (
    f"""CREATE TRIGGER tariff_fixed BEFORE UPDATE ON tariff WHEN {_tariff_wrong("IS NOT")}
BEGIN SELECT RAISE(ABORT, 'tariff: what was agreed stays as it was'); END""",
    "CREATE TRIGGER tariff_kept BEFORE DELETE ON tariff BEGIN SELECT RAISE(ABORT, 'tariff: never deleted'); END",
    """CREATE TRIGGER tariff_no_replace BEFORE INSERT ON tariff WHEN EXISTS (SELECT 1 FROM tariff WHERE id = NEW.id OR ref = NEW.ref)
BEGIN SELECT RAISE(ABORT, 'tariff: never replaced'); END""",
    f"""CREATE TRIGGER tariff_use_right BEFORE INSERT ON tariff_use WHEN NOT {USED}
BEGIN SELECT RAISE(ABORT, 'tariff_use: not what was agreed'); END""",
    """CREATE TRIGGER tariff_use_no_replace BEFORE INSERT ON tariff_use WHEN EXISTS (SELECT 1 FROM tariff_use WHERE exchange_id = NEW.exchange_id)
BEGIN SELECT RAISE(ABORT, 'tariff_use: only ever appended'); END""",
    *(
        f"CREATE TRIGGER tariff_use_no_{what.lower()} BEFORE {what} ON tariff_use BEGIN SELECT RAISE(ABORT, 'tariff_use: only ever appended'); END"
        for what in ("UPDATE", "DELETE")
    ),
)
POSTGRESQL = (
    f"""CREATE FUNCTION tariff_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF {_tariff_wrong("IS DISTINCT FROM")} THEN
    RAISE EXCEPTION 'tariff: what was agreed stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    f"""CREATE FUNCTION tariff_use_right() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NOT {USED} THEN
    RAISE EXCEPTION 'tariff_use: not what was agreed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE UPDATE ON tariff FOR EACH ROW EXECUTE FUNCTION tariff_fixed()",
    "CREATE TRIGGER kept BEFORE DELETE ON tariff FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER used BEFORE INSERT ON tariff_use FOR EACH ROW EXECUTE FUNCTION tariff_use_right()",
    "CREATE TRIGGER appended BEFORE UPDATE OR DELETE ON tariff_use FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    *(
        f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in ("tariff", "tariff_use")
    ),
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:  # which knows no ALTER TABLE ADD CONSTRAINT
        for table, column, other in (("time_session", "purpose_id", "purpose"), ("attendance", "work_id", "work_record")):
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER CONSTRAINT fk_{table}_{column} REFERENCES {other} (id)")
        op.execute(f"ALTER TABLE time_session ADD COLUMN split TEXT NOT NULL DEFAULT '' CONSTRAINT ck_time_session_split CHECK ({SPLIT})")
        op.execute(
            "ALTER TABLE time_session ADD COLUMN giver_id INTEGER CONSTRAINT fk_time_session_giver_id REFERENCES member (id) "
            f"CONSTRAINT ck_time_session_giver CHECK ({GIVER})"
        )
    else:
        op.add_column("time_session", sa.Column("purpose_id", BIG, nullable=True))
        op.add_column("attendance", sa.Column("work_id", BIG, nullable=True))
        op.add_column("time_session", sa.Column("split", sa.Text(), nullable=False, server_default=""))
        op.add_column("time_session", sa.Column("giver_id", BIG, nullable=True))
        op.create_foreign_key(op.f("fk_time_session_purpose_id"), "time_session", "purpose", ["purpose_id"], ["id"])
        op.create_foreign_key(op.f("fk_attendance_work_id"), "attendance", "work_record", ["work_id"], ["id"])
        op.create_foreign_key(op.f("fk_time_session_giver_id"), "time_session", "member", ["giver_id"], ["id"])
        op.create_check_constraint(op.f("ck_time_session_split"), "time_session", SPLIT)
        op.create_check_constraint(op.f("ck_time_session_giver"), "time_session", GIVER)
    op.create_index("uq_attendance_work_id", "attendance", ["work_id"], unique=True)
    op.create_table(
        "tariff",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("giver_id", BIG, nullable=False),
        sa.Column("receiver_id", BIG, nullable=False),
        sa.Column("category_id", BIG, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("same", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("proposed_at", AT, nullable=False),
        sa.Column("agreed_by", sa.Text(), nullable=True),
        sa.Column("agreed_at", AT, nullable=True),
        sa.Column("over_by", sa.Text(), nullable=True),
        sa.Column("over_at", AT, nullable=True),
        sa.CheckConstraint("status in ('proposed', 'agreed', 'declined', 'withdrawn', 'ended')", name=op.f("ck_tariff_status")),
        sa.CheckConstraint("side in ('giver', 'receiver')", name=op.f("ck_tariff_side")),
        sa.CheckConstraint("giver_id <> receiver_id", name=op.f("ck_tariff_two_members")),
        sa.CheckConstraint("minutes > 0 and minutes <= 960 and minutes % 15 = 0", name=op.f("ck_tariff_minutes")),
        sa.CheckConstraint("agreed_by is null or agreed_by <> entered_by", name=op.f("ck_tariff_second_person")),
        sa.CheckConstraint("(agreed_at is null) = (agreed_by is null)", name=op.f("ck_tariff_agreed_by")),
        sa.CheckConstraint("(status in ('agreed', 'ended')) = (agreed_at is not null)", name=op.f("ck_tariff_agreed")),
        sa.CheckConstraint("(status in ('proposed', 'agreed')) = (over_at is null)", name=op.f("ck_tariff_over")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_tariff_category_id")),
        sa.ForeignKeyConstraint(["giver_id"], ["member.id"], name=op.f("fk_tariff_giver_id")),
        sa.ForeignKeyConstraint(["receiver_id"], ["member.id"], name=op.f("fk_tariff_receiver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff")),
        sa.UniqueConstraint("ref", name=op.f("uq_tariff_ref")),
    )
    for status in ("agreed", "proposed"):
        where = sa.text(f"status = '{status}'")
        op.create_index(
            f"uq_tariff_{status}", "tariff", ["giver_id", "receiver_id", "same"], unique=True, sqlite_where=where, postgresql_where=where
        )
    op.create_index("ix_tariff_receiver_id", "tariff", ["receiver_id"])
    op.create_table(
        "tariff_use",
        sa.Column("exchange_id", BIG, autoincrement=False, nullable=False),
        sa.Column("tariff_id", BIG, nullable=False),
        sa.Column("quantity", BIG, nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_tariff_use_quantity")),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchange.id"], name=op.f("fk_tariff_use_exchange_id")),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariff.id"], name=op.f("fk_tariff_use_tariff_id")),
        sa.PrimaryKeyConstraint("exchange_id", name=op.f("pk_tariff_use")),
    )
    op.create_index("ix_tariff_use_tariff_id", "tariff_use", ["tariff_id"])
    for statement in (*_session_fixed(OVER, sqlite), *(SQLITE if sqlite else POSTGRESQL)):
        op.execute(statement)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in ("tariff_use", "tariff"):
        op.drop_table(table)
    for statement in _session_fixed(OVER_BEFORE, sqlite):
        op.execute(statement)
    op.drop_index("uq_attendance_work_id", "attendance")
    for table, column in (
        ("attendance", "work_id"),
        ("time_session", "giver_id"),
        ("time_session", "split"),
        ("time_session", "purpose_id"),
    ):
        op.drop_column(table, column)
    if not sqlite:
        for function in ("tariff_fixed", "tariff_use_right"):
            op.execute(f"DROP FUNCTION {function}()")
