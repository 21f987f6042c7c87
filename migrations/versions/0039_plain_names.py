"""Names are compared plain, by an index; and an officer may say that a name which is a person's too is a group's."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

PLAIN_NAME = "lower(replace(replace(replace(replace(replace(replace(name, '’', ''), '‘', ''), '''', ''), '.', ''), ',', ''), '-', ' '))"


def upgrade() -> None:
    op.create_index("ix_person_plain_name", "person", [sa.text(PLAIN_NAME)])
    op.add_column("public_summary", sa.Column("vouched", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("public_summary", "vouched")
    op.drop_index("ix_person_plain_name", table_name="person")
