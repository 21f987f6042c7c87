"""An event that is on may be held again when a neighbour changes what it says, as long as nobody was checked in.

Wrong codes at the door are counted for people without an account too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

SENTENCE = "gathering: what is over stays as it was"
STAYS = "NEW.ref <> OLD.ref OR (OLD.status IN ('cancelled', 'refused') AND NEW.status <> OLD.status) OR (OLD.status = 'open' AND NEW.status = 'held'{unless})"
BEFORE = STAYS.format(unless="")
SINCE = STAYS.format(unless=" AND EXISTS (SELECT 1 FROM gathering_guest WHERE gathering_id = NEW.id AND here_at IS NOT NULL)")


def _guard(moved: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE OR REPLACE FUNCTION gathering_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  IF {moved} THEN "
            f"RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;\n  RETURN NEW;\nEND $$"
        )
        return
    op.execute("DROP TRIGGER gathering_fixed")
    op.execute(
        f"CREATE TRIGGER gathering_fixed BEFORE UPDATE ON gathering WHEN {moved}\nBEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    )  # fmt: skip


def upgrade() -> None:
    _guard(SINCE)
    op.create_table(
        "gathering_wrong_from",
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("wrong", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("mark", "day", name=op.f("pk_gathering_wrong_from")),
    )


def downgrade() -> None:
    op.drop_table("gathering_wrong_from")
    _guard(BEFORE)
