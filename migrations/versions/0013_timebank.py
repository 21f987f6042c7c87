"""The timebank: its rules, kinds of help, members, exchanges; and what the database refuses of them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
FIXED = "giver_id, receiver_id, day, minutes, logged_by, entered_by, entered_at"
SQLITE = (
    f"""CREATE TRIGGER exchange_fixed BEFORE UPDATE OF {FIXED} ON exchange
WHEN {" OR ".join(f"NEW.{column} <> OLD.{column}" for column in FIXED.split(", "))}
BEGIN SELECT RAISE(ABORT, 'exchange: what was written down stays as it was'); END""",
    "CREATE TRIGGER exchange_kept BEFORE DELETE ON exchange BEGIN SELECT RAISE(ABORT, 'exchange: never deleted'); END",
    """CREATE TRIGGER exchange_no_replace BEFORE INSERT ON exchange WHEN EXISTS (SELECT 1 FROM exchange WHERE id = NEW.id OR ref = NEW.ref)
BEGIN SELECT RAISE(ABORT, 'exchange: never replaced'); END""",
    """CREATE TRIGGER member_fixed BEFORE UPDATE OF ref, person_id, organisation_id ON member
WHEN NEW.ref <> OLD.ref OR NEW.person_id IS NOT OLD.person_id OR NEW.organisation_id IS NOT OLD.organisation_id
BEGIN SELECT RAISE(ABORT, 'member: an account stays whose it is'); END""",
    "CREATE TRIGGER member_kept BEFORE DELETE ON member BEGIN SELECT RAISE(ABORT, 'member: never deleted'); END",
)
POSTGRESQL = (
    f"""CREATE FUNCTION exchange_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'exchange: never deleted' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF {" OR ".join(f"NEW.{column} <> OLD.{column}" for column in FIXED.split(", "))} THEN
    RAISE EXCEPTION 'exchange: what was written down stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON exchange FOR EACH ROW EXECUTE FUNCTION exchange_fixed()",
    """CREATE FUNCTION member_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'member: never deleted' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.ref <> OLD.ref OR NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.organisation_id IS DISTINCT FROM OLD.organisation_id THEN
    RAISE EXCEPTION 'member: an account stays whose it is' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON member FOR EACH ROW EXECUTE FUNCTION member_fixed()",
    "CREATE TRIGGER emptied BEFORE TRUNCATE ON exchange FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER emptied BEFORE TRUNCATE ON member FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    op.create_table(
        "timebank",
        sa.Column("id", BIG, nullable=False),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_timebank_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timebank")),
    )
    op.create_table(
        "category",
        sa.Column("id", BIG, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("archived_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint("code", name=op.f("uq_category_code")),
        sa.UniqueConstraint("name", name=op.f("uq_category_name")),
    )
    op.create_table(
        "member",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("seen_outside", sa.Boolean(), nullable=False),
        sa.Column("hard_floor", BIG, nullable=True),
        sa.Column("joined_at", AT, nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.CheckConstraint("status in ('active', 'paused', 'left')", name=op.f("ck_member_status")),
        sa.CheckConstraint("(person_id is null) <> (organisation_id is null)", name=op.f("ck_member_one_of_two")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_member_area_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_member_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_member_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("ref", name=op.f("uq_member_ref")),
        sa.UniqueConstraint("person_id", name=op.f("uq_member_person_id")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_member_organisation_id")),
    )
    op.create_index("ix_member_area_id", "member", ["area_id"])
    op.create_table(
        "exchange",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("giver_id", BIG, nullable=False),
        sa.Column("receiver_id", BIG, nullable=False),
        sa.Column("category_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("logged_by", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("entered_at", AT, nullable=False),
        sa.Column("settle_on", sa.Date(), nullable=False),
        sa.Column("link_number", BIG, nullable=False),
        sa.Column("wrong_codes", BIG, nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("answered_minutes", BIG, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("settled_minutes", BIG, nullable=True),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("entry_key", sa.Text(), nullable=True),
        sa.Column("questioned_by", sa.Text(), nullable=True),
        sa.Column("questioned_at", AT, nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("work_id", BIG, nullable=True),
        sa.Column("giver_area_id", BIG, nullable=True),
        sa.Column("receiver_area_id", BIG, nullable=True),
        sa.CheckConstraint(
            "status in ('logged', 'disputed', 'held', 'settled', 'withdrawn', 'refused', 'reversed')", name=op.f("ck_exchange_status")
        ),
        sa.CheckConstraint("giver_id <> receiver_id", name=op.f("ck_exchange_two_members")),
        sa.CheckConstraint("logged_by in ('giver', 'receiver')", name=op.f("ck_exchange_logged_by")),
        sa.CheckConstraint("minutes > 0 and minutes <= 960 and minutes % 15 = 0", name=op.f("ck_exchange_minutes")),
        sa.CheckConstraint(
            "answered_minutes is null or (answered_minutes >= 0 and answered_minutes % 15 = 0)", name=op.f("ck_exchange_answered_minutes")
        ),
        sa.CheckConstraint(
            "settled_minutes is null or (settled_minutes > 0 and settled_minutes % 15 = 0)", name=op.f("ck_exchange_settled_minutes")
        ),
        sa.CheckConstraint("answered_by is null or answered_by <> entered_by", name=op.f("ck_exchange_second_person")),
        sa.CheckConstraint("(status in ('settled', 'reversed')) = (settled_minutes is not null)", name=op.f("ck_exchange_settled")),
        sa.ForeignKeyConstraint(["giver_id"], ["member.id"], name=op.f("fk_exchange_giver_id")),
        sa.ForeignKeyConstraint(["receiver_id"], ["member.id"], name=op.f("fk_exchange_receiver_id")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_exchange_category_id")),
        sa.ForeignKeyConstraint(["work_id"], ["work_record.id"], name=op.f("fk_exchange_work_id")),
        sa.ForeignKeyConstraint(["giver_area_id"], ["area.id"], name=op.f("fk_exchange_giver_area_id")),
        sa.ForeignKeyConstraint(["receiver_area_id"], ["area.id"], name=op.f("fk_exchange_receiver_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange")),
        sa.UniqueConstraint("ref", name=op.f("uq_exchange_ref")),
        sa.UniqueConstraint("entry_key", name=op.f("uq_exchange_entry_key")),
        sa.UniqueConstraint("work_id", name=op.f("uq_exchange_work_id")),
    )
    op.create_index("ix_exchange_giver_id", "exchange", ["giver_id", "day"])
    op.create_index("ix_exchange_receiver_id", "exchange", ["receiver_id", "day"])
    op.create_index("ix_exchange_status", "exchange", ["status", "settle_on"])
    op.create_index("ix_exchange_day", "exchange", ["day"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for table in ("exchange", "member", "category", "timebank"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        for function in ("exchange_fixed", "member_fixed"):
            op.execute(f"DROP FUNCTION {function}()")
