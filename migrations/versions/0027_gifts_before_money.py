"""Gifts before money: lines of bids that are asked of neighbours first, and what came of it; and what the database refuses of them."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
FIXED = {
    "wished_line": "application_id, post_id, kind, price, still, pieces, asked_at, asked_by_id",
    "kept_gift": "promise_id, wished_line_id, application_id, pieces, value, lowered, day, kept_at",
}
# what has ended, or was taken back, stays so
OVER = {"wished_line": "ended_at", "kept_gift": "taken_back_at"}


def changed(table: str, sqlite: bool) -> str:
    differs = "IS NOT" if sqlite else "IS DISTINCT FROM"
    columns = " OR ".join(f"NEW.{each} {differs} OLD.{each}" for each in FIXED[table].split(", "))
    over = OVER[table]
    return f"{columns} OR (OLD.{over} IS NOT NULL AND NEW.{over} {differs} OLD.{over})"


SQLITE = tuple(
    statement
    for table in FIXED
    for statement in (
        f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} WHEN {changed(table, True)} BEGIN SELECT RAISE(ABORT, '{table}: stays as it was'); END",
        f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table}: never deleted'); END",
        f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, '{table}: never deleted'); END""",
    )
)
POSTGRESQL = tuple(
    statement
    for table in FIXED
    for statement in (
        f"""CREATE FUNCTION {table}_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '{table}: never deleted' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF {changed(table, False)} THEN
    RAISE EXCEPTION '{table}: stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
        f"CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_fixed()",
        f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    )
)


def only(where: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


def upgrade() -> None:
    op.create_table(
        "wished_line",
        sa.Column("id", BIG, nullable=False),
        sa.Column("application_id", BIG, nullable=False),
        sa.Column("line_id", BIG, nullable=True),
        sa.Column("post_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("price", BIG, nullable=False),
        sa.Column("still", BIG, nullable=False),
        sa.Column("pieces", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('wish', 'gift')", name=op.f("ck_wished_line_kind")),
        sa.CheckConstraint("price > 0", name=op.f("ck_wished_line_price")),
        sa.CheckConstraint("still >= 0 and still < price", name=op.f("ck_wished_line_still")),
        sa.CheckConstraint("pieces between 1 and 99", name=op.f("ck_wished_line_pieces")),
        sa.CheckConstraint("(ended_at is null) = (ended_why is null)", name=op.f("ck_wished_line_ended")),
        sa.CheckConstraint("ended_why is null or ended_why in ('stopped', 'again', 'line', 'over')", name=op.f("ck_wished_line_ended_why")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_wished_line_application_id")),
        sa.ForeignKeyConstraint(["line_id"], ["budget_line.id"], name=op.f("fk_wished_line_line_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["post_id"], ["gift_post.id"], name=op.f("fk_wished_line_post_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_wished_line_asked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wished_line")),
        sa.UniqueConstraint("id", "application_id", name=op.f("uq_wished_line_id_application_id")),
    )
    op.create_index("uq_wished_line_open", "wished_line", ["line_id"], unique=True, **only("ended_at is null"))
    op.create_index("uq_wished_line_wish", "wished_line", ["post_id"], unique=True, **only("kind = 'wish'"))
    op.create_index("uq_wished_line_gift", "wished_line", ["application_id", "post_id"], unique=True, **only("ended_at is null"))
    op.create_index("ix_wished_line_application_id", "wished_line", ["application_id", "id"])
    op.create_index("ix_wished_line_post_id", "wished_line", ["post_id"])
    op.create_table(
        "kept_gift",
        sa.Column("id", BIG, nullable=False),
        sa.Column("promise_id", BIG, nullable=False),
        sa.Column("wished_line_id", BIG, nullable=False),
        sa.Column("application_id", BIG, nullable=False),
        sa.Column("pieces", BIG, nullable=False),
        sa.Column("value", BIG, nullable=False),
        sa.Column("lowered", BIG, nullable=False),
        sa.Column("left_to_ask", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kept_at", AT, nullable=False),
        sa.Column("taken_back_at", AT, nullable=True),
        sa.CheckConstraint("pieces between 1 and 99", name=op.f("ck_kept_gift_pieces")),
        sa.CheckConstraint("value > 0", name=op.f("ck_kept_gift_value")),
        sa.CheckConstraint("lowered between 0 and value", name=op.f("ck_kept_gift_lowered")),
        sa.CheckConstraint("left_to_ask >= 0", name=op.f("ck_kept_gift_left_to_ask")),
        sa.CheckConstraint("taken_back_at is null or taken_back_at >= kept_at", name=op.f("ck_kept_gift_taken_back")),
        sa.ForeignKeyConstraint(["promise_id"], ["gift_promise.id"], name=op.f("fk_kept_gift_promise_id")),
        sa.ForeignKeyConstraint(
            ["wished_line_id", "application_id"],
            ["wished_line.id", "wished_line.application_id"],
            name=op.f("fk_kept_gift_wished_line_id_application_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_gift")),
        sa.UniqueConstraint("promise_id", name=op.f("uq_kept_gift_promise_id")),
    )
    op.create_index("ix_kept_gift_wished_line_id", "kept_gift", ["wished_line_id"])
    op.create_index("ix_kept_gift_application_id", "kept_gift", ["application_id", "id"])
    op.create_index("ix_kept_gift_day", "kept_gift", ["day"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for table in ("kept_gift", "wished_line"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        for table in FIXED:
            op.execute(f"DROP FUNCTION {table}_fixed()")
