"""Offers and requests that an import brought, each once; what was brought stays written down."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
SQLITE = (
    *(
        f"CREATE TRIGGER imported_post_no_{what.lower()} BEFORE {what} ON imported_post BEGIN SELECT RAISE(ABORT, 'imported_post: only ever appended'); END"
        for what in ("UPDATE", "DELETE")
    ),
    """CREATE TRIGGER imported_post_no_replace BEFORE INSERT ON imported_post
WHEN EXISTS (SELECT 1 FROM imported_post WHERE id = NEW.id OR post_id = NEW.post_id OR (source = NEW.source AND their_id = NEW.their_id))
BEGIN SELECT RAISE(ABORT, 'imported_post: only ever appended'); END""",
)
POSTGRESQL = (
    "CREATE TRIGGER appended BEFORE UPDATE OR DELETE ON imported_post FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER emptied BEFORE TRUNCATE ON imported_post FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    op.create_table(
        "imported_post",
        sa.Column("id", BIG, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("their_id", sa.Text(), nullable=False),
        sa.Column("post_id", BIG, nullable=False),
        sa.Column("imported_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_imported_post_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_post")),
        sa.UniqueConstraint("source", "their_id", name=op.f("uq_imported_post_source_their_id")),
        sa.UniqueConstraint("post_id", name=op.f("uq_imported_post_post_id")),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("imported_post")
