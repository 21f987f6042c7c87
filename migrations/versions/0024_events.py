"""Events: what is on, who comes, who was there; a session of the timebank may belong to one. And what the database refuses of them."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
TABLES = ("gathering_wrong_code", "gathering_guest", "gathering", "gathering_series")
GOING = "(SELECT coalesce(sum(party), 0) FROM gathering_guest WHERE gathering_id = {id} AND state = 'going')"
MOVED = "NEW.ref <> OLD.ref OR (OLD.status IN ('cancelled', 'refused') AND NEW.status <> OLD.status) OR (OLD.status = 'open' AND NEW.status = 'held')"
FULL = "NEW.state = 'going' AND {going} > (SELECT places FROM gathering WHERE id = NEW.gathering_id)".format(
    going=GOING.format(id="NEW.gathering_id")
)
NOT_ON = "(SELECT status FROM gathering WHERE id = NEW.gathering_id) <> 'open'"
GONE = "EXISTS (SELECT 1 FROM gathering WHERE id = OLD.gathering_id AND status = 'cancelled')"

SQLITE = (
    f"""CREATE TRIGGER gathering_fixed BEFORE UPDATE ON gathering WHEN {MOVED}
BEGIN SELECT RAISE(ABORT, 'gathering: what is over stays as it was'); END""",
    "CREATE TRIGGER gathering_kept BEFORE DELETE ON gathering BEGIN SELECT RAISE(ABORT, 'gathering: never deleted'); END",
    f"""CREATE TRIGGER gathering_places BEFORE UPDATE OF places ON gathering WHEN {GOING.format(id="NEW.id")} > NEW.places
BEGIN SELECT RAISE(ABORT, 'gathering: fewer places than were given'); END""",
    *(
        f"""CREATE TRIGGER gathering_guest_places_{what.split()[0].lower()} AFTER {what} ON gathering_guest WHEN {FULL}
BEGIN SELECT RAISE(ABORT, 'gathering_guest: there are not so many places'); END"""
        for what in ("INSERT", "UPDATE OF state, party")
    ),
    f"""CREATE TRIGGER gathering_guest_on BEFORE INSERT ON gathering_guest WHEN {NOT_ON}
BEGIN SELECT RAISE(ABORT, 'gathering_guest: the event is not on'); END""",
    f"""CREATE TRIGGER gathering_guest_here BEFORE UPDATE OF here_at ON gathering_guest
WHEN NEW.here_at IS NOT NULL AND OLD.here_at IS NULL AND {NOT_ON}
BEGIN SELECT RAISE(ABORT, 'gathering_guest: the event is not on'); END""",
    f"""CREATE TRIGGER gathering_guest_stays BEFORE UPDATE OF here_at ON gathering_guest
WHEN OLD.here_at IS NOT NULL AND NEW.here_at IS NULL AND {GONE}
BEGIN SELECT RAISE(ABORT, 'gathering_guest: who was there stays recorded'); END""",
    f"""CREATE TRIGGER gathering_guest_kept BEFORE DELETE ON gathering_guest WHEN OLD.here_at IS NOT NULL AND {GONE}
BEGIN SELECT RAISE(ABORT, 'gathering_guest: who was there stays recorded'); END""",
)


def _case(condition: str, sentence: str) -> str:
    return f"  IF {condition} THEN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'integrity_constraint_violation'; END IF;\n"


def _function(name: str, cases: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n{cases}  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n  RETURN NEW;\nEND $$"


FUNCTIONS = ("gathering_fixed", "gathering_places", "gathering_guest_places", "gathering_guest_on", "gathering_guest_kept")
POSTGRESQL = (
    _function("gathering_fixed", _case(MOVED, "gathering: what is over stays as it was")),
    _function("gathering_places", _case(f"{GOING.format(id='NEW.id')} > NEW.places", "gathering: fewer places than were given")),
    # the event is held while its places are counted, so that two who take the last one at once are counted one after the other
    _function(
        "gathering_guest_places",
        "  PERFORM 1 FROM gathering WHERE id = NEW.gathering_id FOR NO KEY UPDATE;\n"
        + _case(FULL, "gathering_guest: there are not so many places"),
    ),
    _function(
        "gathering_guest_on",
        "  IF TG_OP = 'INSERT' AND NEW.state = 'going' THEN\n    PERFORM 1 FROM gathering WHERE id = NEW.gathering_id FOR NO KEY UPDATE;\n"
        "  ELSE PERFORM 1 FROM gathering WHERE id = NEW.gathering_id FOR SHARE;\n  END IF;\n"
        + _case(NOT_ON, "gathering_guest: the event is not on"),
    ),
    _function("gathering_guest_kept", _case(GONE, "gathering_guest: who was there stays recorded")),
    "CREATE TRIGGER fixed BEFORE UPDATE ON gathering FOR EACH ROW EXECUTE FUNCTION gathering_fixed()",
    "CREATE TRIGGER kept BEFORE DELETE ON gathering FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER places AFTER UPDATE OF places ON gathering FOR EACH ROW EXECUTE FUNCTION gathering_places()",
    *(
        f"CREATE TRIGGER {name} AFTER {what} ON gathering_guest FOR EACH ROW WHEN (NEW.state = 'going') EXECUTE FUNCTION gathering_guest_places()"
        for name, what in (("places_insert", "INSERT"), ("places_update", "UPDATE OF state, party"))
    ),
    "CREATE TRIGGER comes BEFORE INSERT ON gathering_guest FOR EACH ROW EXECUTE FUNCTION gathering_guest_on()",
    "CREATE TRIGGER here BEFORE UPDATE OF here_at ON gathering_guest FOR EACH ROW WHEN (NEW.here_at IS NOT NULL AND OLD.here_at IS NULL) EXECUTE FUNCTION gathering_guest_on()",
    "CREATE TRIGGER stays BEFORE UPDATE OF here_at ON gathering_guest FOR EACH ROW WHEN (OLD.here_at IS NOT NULL AND NEW.here_at IS NULL) EXECUTE FUNCTION gathering_guest_kept()",
    "CREATE TRIGGER kept BEFORE DELETE ON gathering_guest FOR EACH ROW WHEN (OLD.here_at IS NOT NULL) EXECUTE FUNCTION gathering_guest_kept()",
    "CREATE TRIGGER emptied BEFORE TRUNCATE ON gathering FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def _tables() -> None:
    op.create_table(
        "gathering_series",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.CheckConstraint("every in ('week', 'fortnight', 'month')", name=op.f("ck_gathering_series_every")),
        sa.CheckConstraint("until >= first_day", name=op.f("ck_gathering_series_until")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gathering_series")),
        sa.UniqueConstraint("ref", name=op.f("uq_gathering_series_ref")),
    )
    op.create_table(
        "gathering",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("series_id", BIG, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("step_free", sa.Text(), nullable=False),
        sa.Column("hearing_loop", sa.Text(), nullable=False),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("food", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("places", BIG, nullable=True),
        sa.Column("friends", BIG, nullable=False),
        sa.Column("organiser_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("looked", BIG, nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("cancelled_at", AT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reminded_for", sa.Date(), nullable=True),
        sa.Column("followed_at", AT, nullable=True),
        sa.CheckConstraint("kind in ('fair', 'meeting', 'hub', 'celebration')", name=op.f("ck_gathering_kind")),
        sa.CheckConstraint("status in ('held', 'open', 'refused', 'cancelled')", name=op.f("ck_gathering_status")),
        sa.CheckConstraint("role in ('', 'connector', 'officer')", name=op.f("ck_gathering_role")),
        sa.CheckConstraint("role = '' or organisation_id is null", name=op.f("ck_gathering_one_capacity")),
        sa.CheckConstraint("ends > starts", name=op.f("ck_gathering_ends")),
        sa.CheckConstraint("places is null or (places > 0 and places <= 500)", name=op.f("ck_gathering_places")),
        sa.CheckConstraint("friends >= 0 and friends <= 9", name=op.f("ck_gathering_friends")),
        sa.CheckConstraint("step_free in ('', 'yes', 'no')", name=op.f("ck_gathering_step_free")),
        sa.CheckConstraint("hearing_loop in ('', 'yes', 'no')", name=op.f("ck_gathering_hearing_loop")),
        sa.CheckConstraint("(status = 'cancelled') = (cancelled_at is not null)", name=op.f("ck_gathering_cancelled")),
        sa.CheckConstraint("status not in ('refused', 'cancelled') or reason <> ''", name=op.f("ck_gathering_reason")),
        sa.CheckConstraint("status = 'held' or status = 'cancelled' or decided_at is not null", name=op.f("ck_gathering_decided")),
        sa.CheckConstraint("(decided_at is null) = (decided_by is null)", name=op.f("ck_gathering_decided_by")),
        sa.CheckConstraint("looked >= 0 and looked <= version", name=op.f("ck_gathering_looked")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_gathering_area_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_gathering_organisation_id")),
        sa.ForeignKeyConstraint(["organiser_id"], ["person.id"], name=op.f("fk_gathering_organiser_id")),
        sa.ForeignKeyConstraint(["series_id"], ["gathering_series.id"], name=op.f("fk_gathering_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gathering")),
        sa.UniqueConstraint("day", "code", name=op.f("uq_gathering_day_code")),
        sa.UniqueConstraint("ref", name=op.f("uq_gathering_ref")),
    )
    op.create_index("ix_gathering_area_id", "gathering", ["area_id", "day"])
    op.create_index("ix_gathering_organisation_id", "gathering", ["organisation_id", "day"])
    op.create_index("ix_gathering_organiser_id", "gathering", ["organiser_id", "day"])
    op.create_index("ix_gathering_series_id", "gathering", ["series_id", "day"])
    op.create_index("ix_gathering_status", "gathering", ["status", "day", "starts", "id"])
    where = sa.text("looked < version")
    op.create_index("ix_gathering_to_look_at", "gathering", ["day"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "gathering_guest",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("gathering_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("party", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("hear", sa.Boolean(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("here_at", AT, nullable=True),
        sa.Column("here_party", BIG, nullable=True),
        sa.Column("how", sa.Text(), nullable=True),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.CheckConstraint("state in ('going', 'waiting', 'off', 'none')", name=op.f("ck_gathering_guest_state")),
        sa.CheckConstraint("party > 0 and party <= 10", name=op.f("ck_gathering_guest_party")),
        sa.CheckConstraint("person_id is null or (name = '' and email is null)", name=op.f("ck_gathering_guest_person")),
        sa.CheckConstraint("email is null or name <> ''", name=op.f("ck_gathering_guest_named")),
        sa.CheckConstraint(
            "(here_at is null) = (here_party is null) and (here_at is null) = (how is null)", name=op.f("ck_gathering_guest_here")
        ),
        sa.CheckConstraint("here_party is null or (here_party > 0 and here_party <= 10)", name=op.f("ck_gathering_guest_here_party")),
        sa.CheckConstraint("state <> 'none' or here_at is not null", name=op.f("ck_gathering_guest_walked_in")),
        sa.CheckConstraint("how is null or how in ('phone', 'code', 'organiser', 'paper')", name=op.f("ck_gathering_guest_how")),
        sa.ForeignKeyConstraint(["gathering_id"], ["gathering.id"], name=op.f("fk_gathering_guest_gathering_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_gathering_guest_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gathering_guest")),
        sa.UniqueConstraint("gathering_id", "email", name=op.f("uq_gathering_guest_gathering_id_email")),
        sa.UniqueConstraint("gathering_id", "person_id", name=op.f("uq_gathering_guest_gathering_id_person_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_gathering_guest_ref")),
    )
    op.create_index("ix_gathering_guest_email", "gathering_guest", ["email"])
    op.create_index("ix_gathering_guest_gathering_id", "gathering_guest", ["gathering_id", "state", "asked_at"])
    where = sa.text("name <> ''")
    op.create_index("ix_gathering_guest_named", "gathering_guest", ["gathering_id"], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_gathering_guest_person_id", "gathering_guest", ["person_id"])
    op.create_table(
        "gathering_wrong_code",
        sa.Column("person_id", BIG, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("wrong", BIG, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_gathering_wrong_code_person_id")),
        sa.PrimaryKeyConstraint("person_id", "day", name=op.f("pk_gathering_wrong_code")),
    )


def upgrade() -> None:
    _tables()
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:  # which knows no ALTER TABLE ADD CONSTRAINT
        op.execute(
            "ALTER TABLE time_session ADD COLUMN gathering_id INTEGER CONSTRAINT fk_time_session_gathering_id REFERENCES gathering (id)"
        )
    else:
        op.add_column("time_session", sa.Column("gathering_id", BIG, nullable=True))
        op.create_foreign_key(op.f("fk_time_session_gathering_id"), "time_session", "gathering", ["gathering_id"], ["id"])
    op.create_index("uq_time_session_gathering_id", "time_session", ["gathering_id"], unique=True)
    for statement in SQLITE if sqlite else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("uq_time_session_gathering_id", "time_session")
    op.drop_column("time_session", "gathering_id")
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for function in FUNCTIONS:
            op.execute(f"DROP FUNCTION {function}()")
