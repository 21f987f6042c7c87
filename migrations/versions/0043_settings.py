"""First-run set-up: the word that opens it. Settings: the scheme's own words of its letters, its colours and its logo, and its rates."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLOURS = ("brand", "action")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "setup_token",
        sa.Column("id", BIG, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_setup_token_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup_token")),
    )
    op.create_table(
        "wording",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.CheckConstraint("subject <> '' and body <> '' and short <> ''", name=op.f("ck_wording_words")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_wording")),
    )
    op.create_table(
        "hour_rate",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("pence", BIG, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("year", sa.Text(), nullable=False),
        sa.CheckConstraint("purpose in ('match', 'figures')", name=op.f("ck_hour_rate_purpose")),
        sa.CheckConstraint("pence between 1 and 10000", name=op.f("ck_hour_rate_pence")),
        sa.CheckConstraint("source <> '' and year <> ''", name=op.f("ck_hour_rate_source")),
        sa.PrimaryKeyConstraint("purpose", "valid_from", name=op.f("pk_hour_rate")),
    )
    for name in COLOURS:
        check = f"{name} = '' or length({name}) = 7"
        op.execute(f"ALTER TABLE scheme ADD COLUMN {name} TEXT DEFAULT '' NOT NULL CONSTRAINT ck_scheme_{name} CHECK ({check})")
    for name in ("photo_ref", "photo_file"):
        op.add_column("scheme", sa.Column(name, sa.Text(), nullable=True))
    for name in ("photo_width", "photo_height"):
        op.add_column("scheme", sa.Column(name, BIG, nullable=False, server_default="0"))
    op.add_column("scheme", sa.Column("photo_alt", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    for name in ("photo_alt", "photo_height", "photo_width", "photo_file", "photo_ref", *COLOURS):
        op.drop_column("scheme", name)
    op.drop_table("hour_rate")
    op.drop_table("wording")
    op.drop_table("setup_token")
