"""Two records of one person or group become one; and the database lets their card of the timebank go along such a row alone."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
STANDS = sa.text("status <> 'dropped'")
SENTENCE = "member: an account stays whose it is"
ALONG = "EXISTS (SELECT 1 FROM merger WHERE status = 'done' AND folded{group}_id = OLD.{column} AND kept{group}_id = NEW.{column})"
MOVED = " OR ".join(
    f"(NEW.{column} {{distinct}} OLD.{column} AND NOT {ALONG.format(group=group, column=column)})"
    for column, group in (("person_id", ""), ("organisation_id", "_group"))
)
BEFORE = "NEW.person_id {distinct} OLD.person_id OR NEW.organisation_id {distinct} OLD.organisation_id"
SQLITE = (
    """CREATE TRIGGER merger_fixed BEFORE UPDATE ON merger
WHEN OLD.status <> 'asked' AND (NEW.status <> OLD.status OR NEW.done_by_id IS NOT OLD.done_by_id OR NEW.folded_id IS NOT OLD.folded_id
  OR NEW.folded_group_id IS NOT OLD.folded_group_id OR NEW.asked_by_id <> OLD.asked_by_id OR NEW.reason <> OLD.reason)
BEGIN SELECT RAISE(ABORT, 'merger: what was done stays'); END""",
    "CREATE TRIGGER merger_kept BEFORE DELETE ON merger BEGIN SELECT RAISE(ABORT, 'merger: never deleted'); END",
)
POSTGRESQL = (
    """CREATE FUNCTION merger_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.status <> 'asked' AND (NEW.status <> OLD.status OR NEW.done_by_id IS DISTINCT FROM OLD.done_by_id
    OR NEW.folded_id IS DISTINCT FROM OLD.folded_id OR NEW.folded_group_id IS DISTINCT FROM OLD.folded_group_id
    OR NEW.asked_by_id <> OLD.asked_by_id OR NEW.reason <> OLD.reason) THEN
    RAISE EXCEPTION 'merger: what was done stays' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE UPDATE ON merger FOR EACH ROW EXECUTE FUNCTION merger_fixed()",
    "CREATE TRIGGER kept BEFORE DELETE ON merger FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER emptied BEFORE TRUNCATE ON merger FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def _is_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == "postgresql")


def _guard_member(when: str) -> None:
    if _is_postgresql():
        op.execute(
            f"""CREATE OR REPLACE FUNCTION member_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'member: never deleted' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.ref <> OLD.ref OR {when.format(distinct="IS DISTINCT FROM")} THEN
    RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$"""
        )
        return
    op.execute("DROP TRIGGER member_fixed")
    op.execute(
        f"""CREATE TRIGGER member_fixed BEFORE UPDATE OF ref, person_id, organisation_id ON member
WHEN NEW.ref <> OLD.ref OR {when.format(distinct="IS NOT")}
BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"""
    )


def upgrade() -> None:
    op.create_table(
        "merger",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kept_id", BIG, nullable=True),
        sa.Column("folded_id", BIG, nullable=True),
        sa.Column("kept_group_id", BIG, nullable=True),
        sa.Column("folded_group_id", BIG, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("done_by_id", BIG, nullable=True),
        sa.Column("done_at", AT, nullable=True),
        sa.CheckConstraint("status in ('asked', 'done', 'dropped')", name=op.f("ck_merger_status")),
        sa.CheckConstraint(
            "(kept_id is null) = (folded_id is null) and (kept_group_id is null) = (folded_group_id is null)", name=op.f("ck_merger_pair")
        ),
        sa.CheckConstraint("(kept_id is null) <> (kept_group_id is null)", name=op.f("ck_merger_one_of_two")),
        sa.CheckConstraint("kept_id <> folded_id and kept_group_id <> folded_group_id", name=op.f("ck_merger_two_records")),
        sa.CheckConstraint("(status = 'done') = (done_at is not null)", name=op.f("ck_merger_done")),
        sa.CheckConstraint("(done_at is null) = (done_by_id is null)", name=op.f("ck_merger_done_by")),
        sa.CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name=op.f("ck_merger_two_people")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_merger_reason")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_merger_{column}"))
            for column, table in (
                ("kept_id", "person"), ("folded_id", "person"), ("kept_group_id", "organisation"), ("folded_group_id", "organisation"),
                ("asked_by_id", "person"), ("done_by_id", "person"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merger")),
        sa.UniqueConstraint("ref", name=op.f("uq_merger_ref")),
    )  # fmt: skip
    for name, column in (("uq_merger_folded", "folded_id"), ("uq_merger_folded_group", "folded_group_id")):
        op.create_index(name, "merger", [column], unique=True, sqlite_where=STANDS, postgresql_where=STANDS)
    op.create_index("ix_merger_kept_id", "merger", ["kept_id"])
    op.create_index("ix_merger_kept_group_id", "merger", ["kept_group_id"])
    op.create_index("ix_merger_status", "merger", ["status", "id"])
    for statement in POSTGRESQL if _is_postgresql() else SQLITE:
        op.execute(statement)
    _guard_member(MOVED)


def downgrade() -> None:
    _guard_member(BEFORE)
    op.drop_table("merger")
    if _is_postgresql():
        op.execute("DROP FUNCTION merger_fixed()")
