"""Gift boards: the weekly letter, what it told already, and what somebody does not want to have suggested."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "gift_weekly",
        sa.Column("person_id", BIG, autoincrement=False, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("stopped_at", AT, nullable=True),
        sa.Column("seen_to", AT, nullable=False),
        sa.Column("week", sa.Date(), nullable=True),
        sa.CheckConstraint("what in ('all', 'mine')", name=op.f("ck_gift_weekly_what")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_gift_weekly_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_gift_weekly")),
        sa.UniqueConstraint("ref", name=op.f("uq_gift_weekly_ref")),
    )
    op.create_index("ix_gift_weekly_week", "gift_weekly", ["stopped_at", "week"])
    op.create_table(
        "gift_told",
        sa.Column("person_id", BIG, autoincrement=False, nullable=False),
        sa.Column("post_id", BIG, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_gift_told_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["gift_post.id"], name=op.f("fk_gift_told_post_id")),
        sa.PrimaryKeyConstraint("person_id", "post_id", name=op.f("pk_gift_told")),
    )
    op.create_index(op.f("ix_gift_told_post_id"), "gift_told", ["post_id"])
    op.create_table(
        "gift_not_this",
        sa.Column("id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("post_id", BIG, nullable=True),
        sa.Column("entry_ref", sa.Text(), nullable=True),
        sa.CheckConstraint("(post_id is null) <> (entry_ref is null)", name=op.f("ck_gift_not_this_one_of_two")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_gift_not_this_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["gift_post.id"], name=op.f("fk_gift_not_this_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_not_this")),
        sa.UniqueConstraint("person_id", "post_id", name=op.f("uq_gift_not_this_person_id_post_id")),
    )
    op.create_index(op.f("ix_gift_not_this_post_id"), "gift_not_this", ["post_id"])
    op.create_index(
        "uq_gift_not_this_entry",
        "gift_not_this",
        ["person_id", "entry_ref"],
        unique=True,
        sqlite_where=sa.text("entry_ref is not null"),
        postgresql_where=sa.text("entry_ref is not null"),
    )


def downgrade() -> None:
    for table in ("gift_not_this", "gift_told", "gift_weekly"):
        op.drop_table(table)
