"""Sessions: rotas, places, who was there, what was put right; and what the database refuses of them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
TABLES = ("attendance_correction", "sign_up", "attendance", "time_session", "code_try", "rota")
OVER = (
    "payer_id",
    "pot_id",
    "day",
    "starts",
    "ends",
    "minutes",
    "area_id",
    "entry_key",
    "closed_at",
    "closed_by",
    "organiser_id",
    "entered_by",
)
SAID = ("session_id", "member_id", "guest", "said", "minutes", "why", "sheet", "how", "entered_by")
STATUS = "(SELECT status FROM time_session WHERE id = {row}.session_id)"
PLACES = "(SELECT places FROM time_session WHERE id = NEW.session_id)"
STANDS = """coalesce(
  (SELECT after FROM attendance_correction WHERE attendance_id = NEW.attendance_id ORDER BY number DESC LIMIT 1),
  (SELECT minutes FROM attendance WHERE id = NEW.attendance_id), -1)"""
NEXT = "(SELECT count(*) FROM attendance_correction WHERE attendance_id = NEW.attendance_id) + 1"


def changed(columns: tuple[str, ...], differs: str) -> str:
    return " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in columns)


def late(row: str) -> str:
    """A row comes too late: the session is over, and what is put in is not somebody forgotten, with nothing yet."""
    return f"{STATUS.format(row=row)} <> 'open' AND NOT ({STATUS.format(row=row)} = 'closed' AND NEW.minutes IS NOT NULL AND NEW.minutes = 0 AND NEW.why = 'added')"


SQLITE = (
    f"""CREATE TRIGGER time_session_fixed BEFORE UPDATE ON time_session
WHEN NEW.ref <> OLD.ref OR (OLD.status <> 'open' AND NEW.status <> OLD.status) OR (OLD.status = 'closed' AND ({changed(OVER, "IS NOT")}))
BEGIN SELECT RAISE(ABORT, 'time_session: what is over stays as it was'); END""",
    "CREATE TRIGGER time_session_kept BEFORE DELETE ON time_session BEGIN SELECT RAISE(ABORT, 'time_session: never deleted'); END",
    """CREATE TRIGGER time_session_places BEFORE UPDATE OF places ON time_session
WHEN EXISTS (SELECT 1 FROM sign_up WHERE session_id = NEW.id AND number > NEW.places)
BEGIN SELECT RAISE(ABORT, 'time_session: fewer places than were given'); END""",
    f"""CREATE TRIGGER sign_up_places_insert BEFORE INSERT ON sign_up WHEN NEW.number > {PLACES}
BEGIN SELECT RAISE(ABORT, 'sign_up: there are not so many places'); END""",
    f"""CREATE TRIGGER sign_up_places BEFORE UPDATE ON sign_up WHEN NEW.number > {PLACES}
BEGIN SELECT RAISE(ABORT, 'sign_up: there are not so many places'); END""",
    f"""CREATE TRIGGER attendance_open BEFORE INSERT ON attendance WHEN {late("NEW")}
BEGIN SELECT RAISE(ABORT, 'attendance: the session is over'); END""",
    f"""CREATE TRIGGER attendance_fixed BEFORE UPDATE ON attendance
WHEN {STATUS.format(row="OLD")} = 'closed' AND ({changed(SAID, "IS NOT")})
BEGIN SELECT RAISE(ABORT, 'attendance: closed, so it is put right beside it'); END""",
    f"""CREATE TRIGGER attendance_kept BEFORE DELETE ON attendance WHEN {STATUS.format(row="OLD")} = 'closed'
BEGIN SELECT RAISE(ABORT, 'attendance: closed, so it is put right beside it'); END""",
    f"""CREATE TRIGGER attendance_correction_follows BEFORE INSERT ON attendance_correction
WHEN NEW.before <> {STANDS} OR NEW.number <> {NEXT}
BEGIN SELECT RAISE(ABORT, 'attendance_correction: it does not follow from what stands'); END""",
    """CREATE TRIGGER attendance_correction_fixed BEFORE UPDATE ON attendance_correction
BEGIN SELECT RAISE(ABORT, 'attendance_correction: only ever appended'); END""",
    """CREATE TRIGGER attendance_correction_kept BEFORE DELETE ON attendance_correction
BEGIN SELECT RAISE(ABORT, 'attendance_correction: only ever appended'); END""",
)


def _refusing(name: str, table: str, when: str, cases: str) -> tuple[str, str]:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n{cases}\n  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n  RETURN NEW;\nEND $$",
        f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


def _case(condition: str, sentence: str) -> str:
    return f"  IF {condition} THEN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"


FUNCTIONS = (
    _refusing(
        "time_session_guard",
        "time_session",
        "UPDATE",
        _case(
            f"NEW.ref <> OLD.ref OR (OLD.status <> 'open' AND NEW.status <> OLD.status) OR (OLD.status = 'closed' AND ({changed(OVER, 'IS DISTINCT FROM')}))",
            "time_session: what is over stays as it was",
        )
        + "\n"
        + _case(
            "EXISTS (SELECT 1 FROM sign_up WHERE session_id = NEW.id AND number > NEW.places)", "time_session: fewer places than were given"
        ),
    ),
    _refusing("sign_up_guard", "sign_up", "INSERT OR UPDATE", _case(f"NEW.number > {PLACES}", "sign_up: there are not so many places")),
    _refusing("attendance_open", "attendance", "INSERT", _case(late("NEW"), "attendance: the session is over")),
    _refusing(
        "attendance_fixed",
        "attendance",
        "UPDATE",
        _case(
            f"{STATUS.format(row='OLD')} = 'closed' AND ({changed(SAID, 'IS DISTINCT FROM')})",
            "attendance: closed, so it is put right beside it",
        ),
    ),
    _refusing(
        "attendance_kept",
        "attendance",
        "DELETE",
        _case(f"{STATUS.format(row='OLD')} = 'closed'", "attendance: closed, so it is put right beside it"),
    ),
    _refusing(
        "attendance_correction_follows",
        "attendance_correction",
        "INSERT",
        _case(f"NEW.before <> {STANDS} OR NEW.number <> {NEXT}", "attendance_correction: it does not follow from what stands"),
    ),
)
POSTGRESQL = (
    *(statement for pair in FUNCTIONS for statement in pair),
    "CREATE TRIGGER kept BEFORE DELETE ON time_session FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON attendance_correction FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    *(
        f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in ("time_session", "attendance", "attendance_correction")
    ),
)


def upgrade() -> None:
    op.create_table(
        "rota",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.CheckConstraint("every in ('week', 'fortnight', 'month')", name=op.f("ck_rota_every")),
        sa.CheckConstraint("until >= first_day", name=op.f("ck_rota_until")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rota")),
        sa.UniqueConstraint("ref", name=op.f("uq_rota_ref")),
    )
    op.create_table(
        "code_try",
        sa.Column("person_id", BIG, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("wrong", BIG, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_code_try_person_id")),
        sa.PrimaryKeyConstraint("person_id", "day", name=op.f("pk_code_try")),
    )
    op.create_table(
        "time_session",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("rota_id", BIG, nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("category_id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("places", BIG, nullable=True),
        sa.Column("payer_id", BIG, nullable=True),
        sa.Column("pot_id", BIG, nullable=True),
        sa.Column("organiser_id", BIG, nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cancelled_at", AT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", AT, nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("entry_key", sa.Text(), nullable=True),
        sa.Column("reversed_at", AT, nullable=True),
        sa.CheckConstraint("(status = 'cancelled') = (cancelled_at is not null)", name=op.f("ck_time_session_cancelled")),
        sa.CheckConstraint("(status = 'closed') = (closed_at is not null)", name=op.f("ck_time_session_closed")),
        sa.CheckConstraint("status in ('open', 'closed', 'cancelled')", name=op.f("ck_time_session_status")),
        sa.CheckConstraint("(closed_at is null) = (closed_by is null)", name=op.f("ck_time_session_closed_by")),
        sa.CheckConstraint("(payer_id is null) <> (pot_id is null)", name=op.f("ck_time_session_one_payer")),
        sa.CheckConstraint("ends > starts", name=op.f("ck_time_session_ends")),
        sa.CheckConstraint("minutes > 0 and minutes <= 960 and minutes % 15 = 0", name=op.f("ck_time_session_minutes")),
        sa.CheckConstraint("places is null or (places > 0 and places <= 500)", name=op.f("ck_time_session_places")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_time_session_area_id")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_time_session_category_id")),
        sa.ForeignKeyConstraint(["organiser_id"], ["person.id"], name=op.f("fk_time_session_organiser_id")),
        sa.ForeignKeyConstraint(["payer_id"], ["member.id"], name=op.f("fk_time_session_payer_id")),
        sa.ForeignKeyConstraint(["pot_id"], ["area.id"], name=op.f("fk_time_session_pot_id")),
        sa.ForeignKeyConstraint(["rota_id"], ["rota.id"], name=op.f("fk_time_session_rota_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_session")),
        sa.UniqueConstraint("day", "code", name=op.f("uq_time_session_day_code")),
        sa.UniqueConstraint("entry_key", name=op.f("uq_time_session_entry_key")),
        sa.UniqueConstraint("ref", name=op.f("uq_time_session_ref")),
    )
    op.create_index("ix_time_session_area_id", "time_session", ["area_id", "day"])
    op.create_index("ix_time_session_day", "time_session", ["day", "starts"])
    op.create_index("ix_time_session_organiser_id", "time_session", ["organiser_id", "day"])
    op.create_index("ix_time_session_rota_id", "time_session", ["rota_id", "day"])
    op.create_table(
        "attendance",
        sa.Column("id", BIG, nullable=False),
        sa.Column("session_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=True),
        sa.Column("guest", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", AT, nullable=False),
        sa.Column("said", BIG, nullable=True),
        sa.Column("minutes", BIG, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("questioned_by", sa.Text(), nullable=True),
        sa.Column("questioned_at", AT, nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.CheckConstraint("how in ('phone', 'code', 'organiser', 'paper')", name=op.f("ck_attendance_how")),
        sa.CheckConstraint("minutes is null or (minutes = 0) = (why <> '')", name=op.f("ck_attendance_reason")),
        sa.CheckConstraint("why in ('', 'none', 'own', 'payer', 'left', 'guest', 'added')", name=op.f("ck_attendance_why")),
        sa.CheckConstraint("member_id is not null or minutes is null or minutes = 0", name=op.f("ck_attendance_guest")),
        sa.CheckConstraint("minutes is null or (minutes >= 0 and minutes <= 960 and minutes % 15 = 0)", name=op.f("ck_attendance_minutes")),
        sa.CheckConstraint("said is null or (said >= 0 and said <= 960 and said % 15 = 0)", name=op.f("ck_attendance_said")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_attendance_member_id")),
        sa.ForeignKeyConstraint(["session_id"], ["time_session.id"], name=op.f("fk_attendance_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
        sa.UniqueConstraint("session_id", "member_id", name=op.f("uq_attendance_session_id_member_id")),
    )
    op.create_index("ix_attendance_member_id", "attendance", ["member_id"])
    op.create_index("ix_attendance_questioned_at", "attendance", ["questioned_at"])
    op.create_table(
        "sign_up",
        sa.Column("id", BIG, nullable=False),
        sa.Column("session_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", BIG, nullable=True),
        sa.Column("asked_at", AT, nullable=False),
        sa.CheckConstraint("(state = 'going') = (number is not null)", name=op.f("ck_sign_up_number")),
        sa.CheckConstraint("state in ('going', 'waiting', 'off')", name=op.f("ck_sign_up_state")),
        sa.CheckConstraint("number is null or number > 0", name=op.f("ck_sign_up_positive")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_sign_up_member_id")),
        sa.ForeignKeyConstraint(["session_id"], ["time_session.id"], name=op.f("fk_sign_up_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up")),
        sa.UniqueConstraint("session_id", "member_id", name=op.f("uq_sign_up_session_id_member_id")),
        sa.UniqueConstraint("session_id", "number", name=op.f("uq_sign_up_session_id_number")),
    )
    op.create_index("ix_sign_up_member_id", "sign_up", ["member_id"])
    op.create_table(
        "attendance_correction",
        sa.Column("id", BIG, nullable=False),
        sa.Column("attendance_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("before", BIG, nullable=False),
        sa.Column("after", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("entry_key", sa.Text(), nullable=False),
        sa.CheckConstraint("after >= 0 and after <= 960 and after % 15 = 0", name=op.f("ck_attendance_correction_after")),
        sa.CheckConstraint("before <> after and before >= 0", name=op.f("ck_attendance_correction_changes")),
        sa.CheckConstraint("number > 0", name=op.f("ck_attendance_correction_number")),
        sa.ForeignKeyConstraint(["attendance_id"], ["attendance.id"], name=op.f("fk_attendance_correction_attendance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_correction")),
        sa.UniqueConstraint("attendance_id", "number", name=op.f("uq_attendance_correction_attendance_id_number")),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        for function, _trigger in FUNCTIONS:
            op.execute(f"DROP FUNCTION {function.split()[2]}")
