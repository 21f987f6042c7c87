"""Quick sparks: floats, what was asked of panels, small sums given on the spot, the monthly look; and what the database refuses of them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


APPEND_ONLY = ("quick_read", "quick_remark")
FIXED = "float_id, amount, spent_on, area_id, ward_code, ward_name, payee_kind, entered_on, entered_at, entered_by_id"
SQLITE = (
    f"""CREATE TRIGGER quick_spark_fixed BEFORE UPDATE OF {FIXED} ON quick_spark
WHEN {" OR ".join(f"NEW.{column} <> OLD.{column}" for column in FIXED.split(", "))}
BEGIN SELECT RAISE(ABORT, 'quick_spark: what was given stays as it was'); END""",
    """CREATE TRIGGER quick_spark_put_right BEFORE UPDATE OF reversed_on, reversed_at, reversed_by_id ON quick_spark
WHEN OLD.reversed_at IS NOT NULL AND (NEW.reversed_on IS NOT OLD.reversed_on OR NEW.reversed_at IS NOT OLD.reversed_at OR NEW.reversed_by_id IS NOT OLD.reversed_by_id)
BEGIN SELECT RAISE(ABORT, 'quick_spark: put right once'); END""",
    "CREATE TRIGGER quick_spark_kept BEFORE DELETE ON quick_spark BEGIN SELECT RAISE(ABORT, 'quick_spark: never deleted'); END",
    """CREATE TRIGGER quick_spark_no_replace BEFORE INSERT ON quick_spark WHEN EXISTS (SELECT 1 FROM quick_spark WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'quick_spark: never deleted'); END""",
    """CREATE TRIGGER quick_float_fixed BEFORE UPDATE OF fund_id, person_id, panel_id ON quick_float
WHEN NEW.fund_id <> OLD.fund_id OR NEW.person_id <> OLD.person_id OR NEW.panel_id <> OLD.panel_id
BEGIN SELECT RAISE(ABORT, 'quick_float: stays in the hand that it was given into'); END""",
    "CREATE TRIGGER quick_float_kept BEFORE DELETE ON quick_float BEGIN SELECT RAISE(ABORT, 'quick_float: never deleted'); END",
)
POSTGRESQL = f"""
CREATE FUNCTION quick_spark_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF ({", ".join(f"NEW.{column}" for column in FIXED.split(", "))}) IS DISTINCT FROM ({", ".join(f"OLD.{column}" for column in FIXED.split(", "))}) THEN
    RAISE EXCEPTION 'quick_spark: what was given stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.reversed_at IS NOT NULL AND (NEW.reversed_on, NEW.reversed_at, NEW.reversed_by_id) IS DISTINCT FROM (OLD.reversed_on, OLD.reversed_at, OLD.reversed_by_id) THEN
    RAISE EXCEPTION 'quick_spark: put right once' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION quick_float_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.fund_id, NEW.person_id, NEW.panel_id) IS DISTINCT FROM (OLD.fund_id, OLD.person_id, OLD.panel_id) THEN
    RAISE EXCEPTION 'quick_float: stays in the hand that it was given into' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER fixed BEFORE UPDATE ON quick_spark FOR EACH ROW EXECUTE FUNCTION quick_spark_fixed();
CREATE TRIGGER kept BEFORE DELETE ON quick_spark FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emptied BEFORE TRUNCATE ON quick_spark FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fixed BEFORE UPDATE ON quick_float FOR EACH ROW EXECUTE FUNCTION quick_float_fixed();
CREATE TRIGGER kept BEFORE DELETE ON quick_float FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emptied BEFORE TRUNCATE ON quick_float FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "quick_float",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("fund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("panel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("balance", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("spent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("status <> 'closed' or balance = 0", name=op.f("ck_quick_float_closed")),
        sa.CheckConstraint("status in ('open', 'closed')", name=op.f("ck_quick_float_status")),
        sa.CheckConstraint("balance >= 0 and spent >= 0", name=op.f("ck_quick_float_balance")),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_quick_float_fund_id")),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_quick_float_panel_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_quick_float_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quick_float")),
        sa.UniqueConstraint("ref", name=op.f("uq_quick_float_ref")),
    )
    op.create_index("ix_quick_float_fund_id", "quick_float", ["fund_id"], unique=False)
    op.create_index("ix_quick_float_panel_id", "quick_float", ["panel_id"], unique=False)
    op.create_index("ix_quick_float_status", "quick_float", ["status", "person_id"], unique=False)
    op.create_index(
        "uq_quick_float_open",
        "quick_float",
        ["person_id", "fund_id"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "quick_review",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("panel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["closed_by_id"], ["person.id"], name=op.f("fk_quick_review_closed_by_id")),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_quick_review_panel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quick_review")),
        sa.UniqueConstraint("panel_id", "month", name=op.f("uq_quick_review_panel_id_month")),
    )
    op.create_table(
        "float_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("panel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("float_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind = 'float' or float_id is not null", name=op.f("ck_float_request_float")),
        sa.CheckConstraint("kind in ('float', 'topup')", name=op.f("ck_float_request_kind")),
        sa.CheckConstraint(
            "status in ('with_panel', 'granted', 'no', 'not_yet', 'no_quorum', 'withdrawn')", name=op.f("ck_float_request_status")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_float_request_amount")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_float_request_asked_by_id")),
        sa.ForeignKeyConstraint(["float_id"], ["quick_float.id"], name=op.f("fk_float_request_float_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_float_request_fund_id")),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_float_request_panel_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_float_request_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_float_request")),
        sa.UniqueConstraint("ref", name=op.f("uq_float_request_ref")),
    )
    op.create_index("ix_float_request_float_id", "float_request", ["float_id"], unique=False)
    op.create_index("ix_float_request_status", "float_request", ["status", "id"], unique=False)
    op.create_index(
        "uq_float_request_open",
        "float_request",
        ["person_id", "fund_id"],
        unique=True,
        sqlite_where=sa.text("status = 'with_panel'"),
        postgresql_where=sa.text("status = 'with_panel'"),
    )
    op.create_table(
        "quick_read",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("review_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["quick_review.id"], name=op.f("fk_quick_read_review_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_quick_read_seat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quick_read")),
        sa.UniqueConstraint("review_id", "seat_id", name=op.f("uq_quick_read_review_id_seat_id")),
    )
    op.create_table(
        "quick_spark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("float_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("spent_on", sa.Date(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("helps", sa.Text(), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ward_code", sa.Text(), nullable=False),
        sa.Column("ward_name", sa.Text(), nullable=False),
        sa.Column("payee_kind", sa.Text(), nullable=False),
        sa.Column("payee_name", sa.Text(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("receipt_by", sa.Date(), nullable=False),
        sa.Column("receipt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waived_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("waived_reason", sa.Text(), nullable=False),
        sa.Column("reversed_on", sa.Date(), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reversed_reason", sa.Text(), nullable=False),
        sa.Column("review_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("payee_kind in ('person', 'shop', 'group')", name=op.f("ck_quick_spark_payee_kind")),
        sa.CheckConstraint("(reversed_at is null) = (reversed_by_id is null)", name=op.f("ck_quick_spark_reversed")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_quick_spark_amount")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_quick_spark_area_id")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["person.id"], name=op.f("fk_quick_spark_entered_by_id")),
        sa.ForeignKeyConstraint(["float_id"], ["quick_float.id"], name=op.f("fk_quick_spark_float_id")),
        sa.ForeignKeyConstraint(["reversed_by_id"], ["person.id"], name=op.f("fk_quick_spark_reversed_by_id")),
        sa.ForeignKeyConstraint(["review_id"], ["quick_review.id"], name=op.f("fk_quick_spark_review_id")),
        sa.ForeignKeyConstraint(["waived_by_id"], ["person.id"], name=op.f("fk_quick_spark_waived_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quick_spark")),
        sa.UniqueConstraint("ref", name=op.f("uq_quick_spark_ref")),
    )
    op.create_index("ix_quick_spark_area_id", "quick_spark", ["area_id", "spent_on", "id"], unique=False)
    op.create_index("ix_quick_spark_float_id", "quick_spark", ["float_id", "id"], unique=False)
    op.create_index(
        "ix_quick_spark_receipt",
        "quick_spark",
        ["receipt_by", "float_id"],
        unique=False,
        sqlite_where=sa.text("receipt_at is null and waived_at is null and reversed_at is null"),
        postgresql_where=sa.text("receipt_at is null and waived_at is null and reversed_at is null"),
    )
    op.create_index("ix_quick_spark_reversed_on", "quick_spark", ["reversed_on"], unique=False)
    op.create_index("ix_quick_spark_review_id", "quick_spark", ["review_id", "entered_on"], unique=False)
    op.create_index("ix_quick_spark_spent_on", "quick_spark", ["spent_on", "id"], unique=False)
    op.create_table(
        "quick_remark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("spark_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("said_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["said_by_id"], ["person.id"], name=op.f("fk_quick_remark_said_by_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_quick_remark_seat_id")),
        sa.ForeignKeyConstraint(["spark_id"], ["quick_spark.id"], name=op.f("fk_quick_remark_spark_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quick_remark")),
    )
    op.create_index("ix_quick_remark_spark_id", "quick_remark", ["spark_id", "id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        for table in APPEND_ONLY:
            op.execute(f"CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
            op.execute(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
        return
    for statement in SQLITE:
        op.execute(statement)
    for table in APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TABLE quick_remark, quick_read, quick_spark, quick_review, float_request, quick_float")
        op.execute("DROP FUNCTION quick_spark_fixed, quick_float_fixed")
        return
    for table in ("quick_remark", "quick_read", "quick_spark", "quick_review", "float_request", "quick_float"):
        op.drop_table(table)
