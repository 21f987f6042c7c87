"""Open data about grants: summaries that somebody signed off, and editions as they were published.

What an edition was is fixed; only the bytes of a file may go, when an award in it is taken down.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
FIXED = "published: an edition stays what it was"
FILE = ("publication_id", "name", "export", "year", "form", "rows", "pence", "size", "sha256", "about")
GUARDS = {  # table → what may not be done to it
    "publication": "UPDATE OR DELETE",
    "published_file": f"UPDATE OF {', '.join(FILE)} OR DELETE",
    "published_piece": "UPDATE",
}


def upgrade() -> None:
    op.create_table(
        "public_summary",
        sa.Column("award_id", BIG, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("from_title", sa.Text(), nullable=False),
        sa.Column("from_words", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("signed_by_id", BIG, nullable=False),
        sa.Column("signed_at", AT, nullable=False),
        sa.Column("taken_down_at", AT, nullable=True),
        sa.Column("taken_down_by_id", BIG, nullable=True),
        sa.Column("taken_down_reason", sa.Text(), nullable=False),
        sa.CheckConstraint("title <> '' and description <> ''", name=op.f("ck_public_summary_words")),
        sa.CheckConstraint("(taken_down_at is null) = (taken_down_reason = '')", name=op.f("ck_public_summary_taken_down")),
        sa.CheckConstraint("(taken_down_at is null) = (taken_down_by_id is null)", name=op.f("ck_public_summary_taken_down_by")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_public_summary_award_id")),
        sa.ForeignKeyConstraint(["signed_by_id"], ["person.id"], name=op.f("fk_public_summary_signed_by_id")),
        sa.ForeignKeyConstraint(["taken_down_by_id"], ["person.id"], name=op.f("fk_public_summary_taken_down_by_id")),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_public_summary")),
        sa.UniqueConstraint("code", name=op.f("uq_public_summary_code")),
    )
    op.create_index("ix_public_summary_taken_down_at", "public_summary", ["taken_down_at", "award_id"])
    op.create_table(
        "publishing",
        sa.Column("id", BIG, nullable=False),
        sa.Column("publisher_id", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("looked_at", AT, nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_publishing_one")),
        sa.CheckConstraint("licence in ('cc-by', 'ogl')", name=op.f("ck_publishing_licence")),
        sa.CheckConstraint("every in ('never', 'monthly', 'quarterly')", name=op.f("ck_publishing_every")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publishing")),
    )
    _editions()
    for table, acts in GUARDS.items():
        _guard(table, acts)


def _editions() -> None:
    op.create_table(
        "publication",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("by_id", BIG, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("package", sa.JSON(), nullable=False),
        sa.CheckConstraint("why in ('officer', 'schedule', 'taken_down')", name=op.f("ck_publication_why")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_publication_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint("ref", name=op.f("uq_publication_ref")),
    )
    op.create_table(
        "published_file",
        sa.Column("id", BIG, nullable=False),
        sa.Column("publication_id", BIG, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("export", sa.Text(), nullable=False),
        sa.Column("year", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("rows", BIG, nullable=False),
        sa.Column("pence", BIG, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("gone_at", AT, nullable=True),
        sa.CheckConstraint("rows > 0", name=op.f("ck_published_file_rows")),
        sa.ForeignKeyConstraint(["publication_id"], ["publication.id"], name=op.f("fk_published_file_publication_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_file")),
        sa.UniqueConstraint("publication_id", "name", name=op.f("uq_published_file_publication_id_name")),
    )
    op.create_index("ix_published_file_sha256", "published_file", ["sha256"])
    op.create_table(
        "published_piece",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "number", name=op.f("pk_published_piece")),
    )


def _guard(table: str, acts: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE TRIGGER fixed BEFORE {acts} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        return
    for act in acts.split(" OR "):
        op.execute(
            f"CREATE TRIGGER {table}_{act.split()[0].lower()} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, '{FIXED}'); END"
        )  # fmt: skip


def downgrade() -> None:
    for table in ("published_piece", "published_file", "publication", "publishing", "public_summary"):
        op.drop_table(table)
