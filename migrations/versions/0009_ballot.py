"""Area ballots: until when residents vote, in which areas, who is on the roll, and the papers that were printed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
BALLOT = "votes_from is null or votes_until is not null"


def upgrade() -> None:
    op.add_column("round", sa.Column("vote_until", sa.Date(), nullable=True))
    for column in ("votes_until", "fell_short_at"):
        op.add_column("sitting", sa.Column(column, AT, nullable=True))
    if op.get_bind().dialect.name == "sqlite":  # which knows no ALTER TABLE ADD CONSTRAINT
        op.execute(f"ALTER TABLE sitting ADD COLUMN votes_from DATETIME CONSTRAINT ck_sitting_ballot CHECK ({BALLOT})")
    else:
        op.add_column("sitting", sa.Column("votes_from", AT, nullable=True))
        op.create_check_constraint(op.f("ck_sitting_ballot"), "sitting", BALLOT)
    op.create_table(
        "sitting_area",
        sa.Column("sitting_id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_sitting_area_sitting_id")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_sitting_area_area_id")),
        sa.PrimaryKeyConstraint("sitting_id", "area_id", name=op.f("pk_sitting_area")),
    )
    op.create_index(op.f("ix_sitting_area_area_id"), "sitting_area", ["area_id"])
    op.create_table(
        "ballot",
        sa.Column("id", BIG, nullable=False),
        sa.Column("sitting_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("ticks", sa.JSON(), nullable=True),
        sa.Column("at", AT, nullable=False),
        sa.Column("entered_by_id", BIG, nullable=True),
        sa.CheckConstraint("way in ('phone', 'paper')", name=op.f("ck_ballot_way")),
        sa.CheckConstraint("way = 'phone' or ticks is null", name=op.f("ck_ballot_paper_apart")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_ballot_sitting_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ballot_person_id")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["person.id"], name=op.f("fk_ballot_entered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballot")),
        sa.UniqueConstraint("sitting_id", "person_id", name=op.f("uq_ballot_sitting_id_person_id")),
    )
    op.create_index("ix_ballot_person_id", "ballot", ["person_id"])
    op.create_table(
        "ballot_paper",
        sa.Column("id", BIG, nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("sitting_id", BIG, nullable=False),
        sa.Column("batch", BIG, nullable=False),
        sa.Column("printed_at", AT, nullable=False),
        sa.Column("printed_by_id", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ticks", sa.JSON(), nullable=True),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("settled_by_id", BIG, nullable=True),
        sa.CheckConstraint("status in ('printed', 'entered', 'spoilt')", name=op.f("ck_ballot_paper_status")),
        sa.CheckConstraint("status = 'entered' or ticks is null", name=op.f("ck_ballot_paper_ticks")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_ballot_paper_sitting_id")),
        sa.ForeignKeyConstraint(["printed_by_id"], ["person.id"], name=op.f("fk_ballot_paper_printed_by_id")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["person.id"], name=op.f("fk_ballot_paper_settled_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballot_paper")),
        sa.UniqueConstraint("serial", name=op.f("uq_ballot_paper_serial")),
    )
    op.create_index("ix_ballot_paper_sitting_id", "ballot_paper", ["sitting_id", "batch"])


def downgrade() -> None:
    for table in ("ballot_paper", "ballot", "sitting_area"):
        op.drop_table(table)
    # the older code counts the votes of seats: what residents were asked is counted by nobody any more
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_sitting_ballot"), "sitting")
    for column in ("votes_from", "votes_until", "fell_short_at"):
        op.drop_column("sitting", column)
    op.drop_column("round", "vote_until")
