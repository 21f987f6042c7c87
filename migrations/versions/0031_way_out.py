"""Messages that come again and again carry the address that ends them, for the button of the mail program."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("way_out", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("message", "way_out")
