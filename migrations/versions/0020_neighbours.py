"""Questions to three neighbours, what is wrong with a line, memberships that became one; and what the database refuses of them."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
FIXED = "ref, kind, panel_id, least, most, asked_by, asked_at, decide_by"
OPEN = "'logged', 'disputed', 'held'"
MOVED = "EXISTS (SELECT 1 FROM merged_member WHERE old_id = OLD.{side} AND new_id = NEW.{side}) AND OLD.status IN (" + OPEN + ")"
WRITTEN = "day, minutes, logged_by, entered_by, entered_at"  # of an exchange
ANOTHER = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in WRITTEN.split(", ")) + "".join(
    f" OR (NEW.{side} <> OLD.{side} AND NOT ({MOVED.format(side=side)}))" for side in ("giver_id", "receiver_id")
)
BEFORE = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in f"giver_id, receiver_id, {WRITTEN}".split(", "))
QUESTION = (
    " OR ".join(f"NEW.{column} <> OLD.{column}" for column in FIXED.split(", "))
    + " OR NEW.exchange_id {distinct} OLD.exchange_id OR NEW.stands {distinct} OLD.stands"
    + " OR (OLD.figure IS NOT NULL AND NEW.figure {distinct} OLD.figure) OR (OLD.closed_at IS NOT NULL AND NEW.status <> OLD.status)"
)
SAID = "OLD.said_at IS NOT NULL AND (NEW.minutes {distinct} OLD.minutes OR NEW.said_at {distinct} OLD.said_at)"
OUTSIDE = "NEW.minutes IS NOT NULL AND NOT EXISTS (SELECT 1 FROM neighbour_question WHERE id = NEW.question_id AND NEW.minutes BETWEEN least AND most)"
ANSWERED = "NEW.member_id <> OLD.member_id OR NEW.entry_id <> OLD.entry_id OR (OLD.answered_at IS NOT NULL AND (NEW.outcome <> OLD.outcome OR NEW.answered_at {distinct} OLD.answered_at))"


def _sqlite_exchange(columns: str, when: str) -> str:
    return f"""CREATE TRIGGER exchange_fixed BEFORE UPDATE OF {columns} ON exchange WHEN {when}
BEGIN SELECT RAISE(ABORT, 'exchange: what was written down stays as it was'); END"""


def _postgresql_exchange(when: str) -> str:
    return f"""CREATE OR REPLACE FUNCTION exchange_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'exchange: never deleted' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF {when} THEN
    RAISE EXCEPTION 'exchange: what was written down stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$"""


KEPT = {"neighbour_question": "id = NEW.id OR ref = NEW.ref", "line_question": "id = NEW.id", "merged_member": "old_id = NEW.old_id"}
SQLITE = (
    f"""CREATE TRIGGER neighbour_question_fixed BEFORE UPDATE ON neighbour_question WHEN {QUESTION.format(distinct="IS NOT")}
BEGIN SELECT RAISE(ABORT, 'neighbour_question: what was asked and decided stays'); END""",
    f"""CREATE TRIGGER neighbour_seat_fixed BEFORE UPDATE ON neighbour_seat WHEN ({SAID.format(distinct="IS NOT")}) OR ({OUTSIDE})
BEGIN SELECT RAISE(ABORT, 'neighbour_seat: between the two, and what was said stays'); END""",
    f"""CREATE TRIGGER neighbour_seat_new BEFORE INSERT ON neighbour_seat
WHEN ({OUTSIDE}) OR EXISTS (SELECT 1 FROM neighbour_seat WHERE question_id = NEW.question_id AND seat_id = NEW.seat_id)
BEGIN SELECT RAISE(ABORT, 'neighbour_seat: between the two, and never replaced'); END""",
    f"""CREATE TRIGGER line_question_fixed BEFORE UPDATE ON line_question WHEN {ANSWERED.format(distinct="IS NOT")}
BEGIN SELECT RAISE(ABORT, 'line_question: what was answered stays'); END""",
    "CREATE TRIGGER merged_member_fixed BEFORE UPDATE ON merged_member BEGIN SELECT RAISE(ABORT, 'merged_member: only ever appended'); END",
    *(
        f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table}: never deleted'); END"
        for table in (*KEPT, "neighbour_seat")
    ),
    *(
        f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
BEGIN SELECT RAISE(ABORT, '{table}: never replaced'); END"""
        for table, same in KEPT.items()
    ),
)


def _function(name: str, when: str, words: str) -> str:
    return f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF {when} THEN
    RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$"""


POSTGRESQL = (
    _function(
        "neighbour_question_fixed", QUESTION.format(distinct="IS DISTINCT FROM"), "neighbour_question: what was asked and decided stays"
    ),
    _function("neighbour_seat_said", SAID.format(distinct="IS DISTINCT FROM"), "neighbour_seat: what was said stays"),
    _function("neighbour_seat_between", OUTSIDE, "neighbour_seat: between the two"),
    _function("line_question_fixed", ANSWERED.format(distinct="IS DISTINCT FROM"), "line_question: what was answered stays"),
    "CREATE TRIGGER fixed BEFORE UPDATE ON neighbour_question FOR EACH ROW EXECUTE FUNCTION neighbour_question_fixed()",
    "CREATE TRIGGER said BEFORE UPDATE ON neighbour_seat FOR EACH ROW EXECUTE FUNCTION neighbour_seat_said()",
    "CREATE TRIGGER between_the_two BEFORE INSERT OR UPDATE ON neighbour_seat FOR EACH ROW EXECUTE FUNCTION neighbour_seat_between()",
    "CREATE TRIGGER fixed BEFORE UPDATE ON line_question FOR EACH ROW EXECUTE FUNCTION line_question_fixed()",
    "CREATE TRIGGER fixed BEFORE UPDATE ON merged_member FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    *(f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()" for table in (*KEPT, "neighbour_seat")),
    *(
        f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in (*KEPT, "neighbour_seat")
    ),
)
FUNCTIONS = ("neighbour_question_fixed", "neighbour_seat_said", "neighbour_seat_between", "line_question_fixed")


def upgrade() -> None:
    op.create_table(
        "neighbour_question",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("panel_id", BIG, nullable=False),
        sa.Column("exchange_id", BIG, nullable=True),
        sa.Column("taker_id", BIG, nullable=True),
        sa.Column("pot_id", BIG, nullable=True),
        sa.Column("least", BIG, nullable=False),
        sa.Column("most", BIG, nullable=False),
        sa.Column("stands", BIG, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("decide_by", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("figure", BIG, nullable=True),
        sa.Column("waits", sa.Text(), nullable=False),
        sa.Column("closed_at", AT, nullable=True),
        sa.CheckConstraint("kind in ('hours', 'grant')", name=op.f("ck_neighbour_question_kind")),
        sa.CheckConstraint("status in ('open', 'decided', 'done', 'lapsed', 'overtaken')", name=op.f("ck_neighbour_question_status")),
        sa.CheckConstraint("(kind = 'hours') = (exchange_id is not null)", name=op.f("ck_neighbour_question_hours")),
        sa.CheckConstraint(
            "(kind = 'grant') = (taker_id is not null) and (kind = 'grant') = (pot_id is not null)",
            name=op.f("ck_neighbour_question_grant"),
        ),
        sa.CheckConstraint("least >= 0 and least < most and least % 15 = 0 and most % 15 = 0", name=op.f("ck_neighbour_question_between")),
        sa.CheckConstraint(
            "figure is null or (figure >= least and figure <= most and figure % 15 = 0)", name=op.f("ck_neighbour_question_figure")
        ),
        sa.CheckConstraint(
            "kind = 'hours' or (least = 0 and (figure is null or figure in (0, most)))", name=op.f("ck_neighbour_question_yes_or_no")
        ),
        sa.CheckConstraint(
            "(status in ('decided', 'done')) = (figure is not null) or status = 'overtaken'", name=op.f("ck_neighbour_question_decided")
        ),
        sa.CheckConstraint("(status in ('open', 'decided')) = (closed_at is null)", name=op.f("ck_neighbour_question_closed")),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_neighbour_question_panel_id")),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchange.id"], name=op.f("fk_neighbour_question_exchange_id")),
        sa.ForeignKeyConstraint(["taker_id"], ["member.id"], name=op.f("fk_neighbour_question_taker_id")),
        sa.ForeignKeyConstraint(["pot_id"], ["area.id"], name=op.f("fk_neighbour_question_pot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_neighbour_question")),
        sa.UniqueConstraint("ref", name=op.f("uq_neighbour_question_ref")),
        sa.UniqueConstraint("exchange_id", name=op.f("uq_neighbour_question_exchange_id")),
    )
    op.create_index("ix_neighbour_question_status", "neighbour_question", ["status", "decide_by"])
    op.create_index("ix_neighbour_question_taker_id", "neighbour_question", ["taker_id"])
    op.create_table(
        "neighbour_seat",
        sa.Column("question_id", BIG, nullable=False),
        sa.Column("seat_id", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("reminded_at", AT, nullable=True),
        sa.Column("tied_at", AT, nullable=True),
        sa.Column("minutes", BIG, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("said_at", AT, nullable=True),
        sa.CheckConstraint("(minutes is null) = (said_at is null)", name=op.f("ck_neighbour_seat_said")),
        sa.CheckConstraint("tied_at is null or said_at is null", name=op.f("ck_neighbour_seat_tied")),
        sa.CheckConstraint("minutes is null or (minutes >= 0 and minutes % 15 = 0)", name=op.f("ck_neighbour_seat_minutes")),
        sa.ForeignKeyConstraint(["question_id"], ["neighbour_question.id"], name=op.f("fk_neighbour_seat_question_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_neighbour_seat_seat_id")),
        sa.PrimaryKeyConstraint("question_id", "seat_id", name=op.f("pk_neighbour_seat")),
    )
    op.create_index("ix_neighbour_seat_seat_id", "neighbour_seat", ["seat_id"])
    op.create_table(
        "line_question",
        sa.Column("id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome in ('', 'stands', 'reversed')", name=op.f("ck_line_question_outcome")),
        sa.CheckConstraint(
            "(outcome = '') = (answered_at is null) and (answered_at is null) = (answered_by is null)",
            name=op.f("ck_line_question_answered"),
        ),
        sa.CheckConstraint("answered_by is null or answered_by <> asked_by", name=op.f("ck_line_question_second_person")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_line_question_member_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_line_question_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_question")),
        sa.UniqueConstraint("member_id", "entry_id", name=op.f("uq_line_question_member_id_entry_id")),
    )
    op.create_index("ix_line_question_answered_at", "line_question", ["answered_at", "id"])
    op.create_table(
        "merged_member",
        sa.Column("old_id", BIG, nullable=False),
        sa.Column("new_id", BIG, nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("merged_by", sa.Text(), nullable=False),
        sa.Column("merged_at", AT, nullable=False),
        sa.CheckConstraint("old_id <> new_id", name=op.f("ck_merged_member_two_members")),
        sa.ForeignKeyConstraint(["old_id"], ["member.id"], name=op.f("fk_merged_member_old_id")),
        sa.ForeignKeyConstraint(["new_id"], ["member.id"], name=op.f("fk_merged_member_new_id")),
        sa.PrimaryKeyConstraint("old_id", name=op.f("pk_merged_member")),
    )
    op.create_index("ix_merged_member_new_id", "merged_member", ["new_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER exchange_fixed")
        op.execute(_sqlite_exchange(f"giver_id, receiver_id, {WRITTEN}", ANOTHER))
    else:
        op.execute(_postgresql_exchange(ANOTHER))
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER exchange_fixed")
        op.execute(_sqlite_exchange(f"giver_id, receiver_id, {WRITTEN}", BEFORE))
    else:
        op.execute(_postgresql_exchange(BEFORE))
    for table in ("merged_member", "line_question", "neighbour_seat", "neighbour_question"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        for function in FUNCTIONS:
            op.execute(f"DROP FUNCTION {function}()")
