"""A key of the second factor is shown to the browser that asked for it, and to no other."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

NAME = "fk_second_factor_session_id"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # which knows no ALTER TABLE ADD CONSTRAINT
        op.execute(f"ALTER TABLE second_factor ADD COLUMN session_id INTEGER CONSTRAINT {NAME} REFERENCES sign_in_session (id)")
    else:
        op.add_column("second_factor", sa.Column("session_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(op.f(NAME), "second_factor", "sign_in_session", ["session_id"], ["id"])


def downgrade() -> None:
    op.drop_column("second_factor", "session_id")
