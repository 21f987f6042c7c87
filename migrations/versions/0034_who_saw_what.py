"""Who of the programme was shown whose record: only ever appended. For how many days what is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = "record_look"
SENTENCE = f"{TABLE}: only ever appended"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("whom_id", BIG, nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.CheckConstraint("by_id <> whom_id", name=op.f("ck_record_look_by_another")),
        sa.CheckConstraint("page <> '' and role <> ''", name=op.f("ck_record_look_said")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_record_look_by_id")),
        sa.ForeignKeyConstraint(["whom_id"], ["person.id"], name=op.f("fk_record_look_whom_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_look")),
    )
    op.create_index("ix_record_look_at", TABLE, ["at"])
    op.create_index("ix_record_look_by_id", TABLE, ["by_id", "id"])
    op.create_index("ix_record_look_whom_id", TABLE, ["whom_id", "id"])
    op.create_table(
        "keeping_rule",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("days", BIG, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", BIG, nullable=False),
        sa.CheckConstraint("days between 1 and 3650", name=op.f("ck_keeping_rule_days")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["person.id"], name=op.f("fk_keeping_rule_changed_by_id")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keeping_rule")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        op.execute(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {TABLE}_no_{change.lower()} BEFORE {change} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END")
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    )


def downgrade() -> None:
    op.drop_table("keeping_rule")
    op.drop_table(TABLE)
