"""Four digits on every card that a till asks for, because a number and a name are no secret."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

FOUR = "length(digits) = 4"


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:  # which knows no ALTER TABLE ADD CONSTRAINT
        op.execute(f"ALTER TABLE member ADD COLUMN digits TEXT NOT NULL DEFAULT '0000' CONSTRAINT ck_member_digits CHECK ({FOUR})")
    else:
        op.add_column("member", sa.Column("digits", sa.Text(), nullable=False, server_default="0000"))
        op.create_check_constraint(op.f("ck_member_digits"), "member", FOUR)
    member = sa.table("member", sa.column("id", sa.BigInteger()), sa.column("digits", sa.Text()))
    for id_ in op.get_bind().scalars(sa.select(member.c.id)).all():
        op.execute(member.update().where(member.c.id == id_).values(digits=f"{secrets.randbelow(10_000):04}"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_member_digits"), "member")
    op.drop_column("member", "digits")
