"""How careful a kind of help must be, what was seen about members, who waits for it; and what the database refuses of it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
FIXED = "member_id, kind, seen_on, seen_by_id, review_on, recorded_by_id, recorded_at"
OWN = "EXISTS (SELECT 1 FROM member WHERE id = NEW.member_id AND person_id IN (NEW.seen_by_id, NEW.recorded_by_id))"
STAYS = "EXISTS (SELECT 1 FROM member WHERE id = OLD.member_id AND status <> 'left')"
NOT_ONES_OWN = "evidence: nobody looks at their own"
APPENDED = "evidence: what was seen stays as it was; it may end, once"
GOES = "evidence: goes only with a member who has left"


def changed(sqlite: bool) -> str:
    other = "IS NOT" if sqlite else "IS DISTINCT FROM"
    columns = " OR ".join(f"NEW.{each} {other} OLD.{each}" for each in FIXED.split(", "))
    ended = f"OLD.ended_at IS NOT NULL AND (NEW.ended_at {other} OLD.ended_at OR NEW.ended_by_id {other} OLD.ended_by_id)"
    return f"{columns} OR ({ended}) OR (NEW.given_by <> OLD.given_by AND NEW.given_by <> '')"


SQLITE = (
    f"CREATE TRIGGER evidence_own BEFORE INSERT ON evidence WHEN {OWN} BEGIN SELECT RAISE(ABORT, '{NOT_ONES_OWN}'); END",
    f"""CREATE TRIGGER evidence_no_replace BEFORE INSERT ON evidence WHEN EXISTS (SELECT 1 FROM evidence WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, '{APPENDED}'); END""",
    f"CREATE TRIGGER evidence_fixed BEFORE UPDATE ON evidence WHEN {changed(True)} BEGIN SELECT RAISE(ABORT, '{APPENDED}'); END",
    f"CREATE TRIGGER evidence_kept BEFORE DELETE ON evidence WHEN {STAYS} BEGIN SELECT RAISE(ABORT, '{GOES}'); END",
)
POSTGRESQL = (
    f"""CREATE FUNCTION evidence_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    IF {STAYS} THEN
      RAISE EXCEPTION '{GOES}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF {OWN} THEN
      RAISE EXCEPTION '{NOT_ONES_OWN}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF {changed(False)} THEN
    RAISE EXCEPTION '{APPENDED}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER guarded BEFORE INSERT OR UPDATE OR DELETE ON evidence FOR EACH ROW EXECUTE FUNCTION evidence_guard()",
    "CREATE TRIGGER emptied BEFORE TRUNCATE ON evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    # as SQL, because SQLite takes a check with a new column and not after it
    op.execute(
        "ALTER TABLE category ADD COLUMN risk TEXT DEFAULT 'ordinary' NOT NULL "
        "CONSTRAINT ck_category_risk CHECK (risk in ('ordinary', 'home', 'at_risk'))"
    )
    op.execute("UPDATE category SET risk = 'at_risk' WHERE code = 'children'")
    op.add_column("member", sa.Column("adult_on", sa.Date(), nullable=True))
    op.create_table(
        "evidence",
        sa.Column("id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("seen_by_id", BIG, nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("recorded_by_id", BIG, nullable=False),
        sa.Column("recorded_at", AT, nullable=False),
        sa.Column("ended_by_id", BIG, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.CheckConstraint("kind in ('identity', 'reference', 'dbs', 'policy', 'consent')", name=op.f("ck_evidence_kind")),
        sa.CheckConstraint("review_on > seen_on", name=op.f("ck_evidence_review")),
        sa.CheckConstraint("kind = 'consent' or given_by = ''", name=op.f("ck_evidence_given_by")),
        sa.CheckConstraint("(ended_at is null) = (ended_by_id is null)", name=op.f("ck_evidence_ended")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_evidence_member_id")),
        sa.ForeignKeyConstraint(["seen_by_id"], ["person.id"], name=op.f("fk_evidence_seen_by_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["person.id"], name=op.f("fk_evidence_recorded_by_id")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["person.id"], name=op.f("fk_evidence_ended_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index("ix_evidence_member_id_kind", "evidence", ["member_id", "kind"])
    stands = sa.text("ended_at is null")
    op.create_index("ix_evidence_review_on", "evidence", ["review_on"], sqlite_where=stands, postgresql_where=stands)
    one = sa.text("ended_at is null and kind <> 'reference'")
    op.create_index("uq_evidence_standing", "evidence", ["member_id", "kind"], unique=True, sqlite_where=one, postgresql_where=one)
    op.create_table(
        "evidence_wanted",
        sa.Column("id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("times", BIG, nullable=False),
        sa.Column("settled_at", AT, nullable=True),
        sa.CheckConstraint("level in ('home', 'at_risk', 'consent')", name=op.f("ck_evidence_wanted_level")),
        sa.CheckConstraint("times > 0", name=op.f("ck_evidence_wanted_times")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_evidence_wanted_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_wanted")),
        sa.UniqueConstraint("member_id", "level", name=op.f("uq_evidence_wanted_member_id_level")),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("evidence_wanted")
    op.drop_table("evidence")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION evidence_guard()")
    op.drop_column("member", "adult_on")
    op.drop_column("category", "risk")
