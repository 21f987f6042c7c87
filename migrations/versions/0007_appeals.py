"""Appeals: somebody says that a decision was not made by the rules."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "appeal",
        sa.Column("id", number, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("application_id", number, nullable=False),
        sa.Column("against", sa.Text(), nullable=False),
        sa.Column("letter_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("letter_reason", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("helper_id", number, nullable=True),
        sa.Column("helper_basis", sa.Text(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=True),
        sa.Column("reminded", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by_id", number, nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_by", sa.Date(), nullable=True),
        sa.Column("second_words", sa.Text(), nullable=False),
        sa.Column("second_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_answer", sa.Text(), nullable=False),
        sa.Column("second_answered_by_id", number, nullable=True),
        sa.Column("second_answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status in ('open', 'answered', 'second_stage', 'closed')", name=op.f("ck_appeal_status")),
        sa.CheckConstraint("ground in ('rules', 'tie', 'unseen', 'fact')", name=op.f("ck_appeal_ground")),
        sa.CheckConstraint("against in ('no', 'reserve', 'ineligible', 'conditions')", name=op.f("ck_appeal_against")),
        sa.CheckConstraint("outcome is null or outcome in ('upheld', 'not_upheld', 'withdrawn')", name=op.f("ck_appeal_outcome")),
        sa.CheckConstraint("remedy is null or remedy in ('anew', 'conditions', 'words')", name=op.f("ck_appeal_remedy")),
        sa.CheckConstraint("(status in ('open', 'second_stage')) = (answer_by is not null)", name=op.f("ck_appeal_answer_by")),
        sa.CheckConstraint("(status = 'closed') = (closed_at is not null)", name=op.f("ck_appeal_closed")),
        sa.CheckConstraint("second_answered_by_id is null or second_answered_by_id <> answered_by_id", name=op.f("ck_appeal_two_people")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_appeal_application_id")),
        sa.ForeignKeyConstraint(["helper_id"], ["person.id"], name=op.f("fk_appeal_helper_id")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["person.id"], name=op.f("fk_appeal_answered_by_id")),
        sa.ForeignKeyConstraint(["second_answered_by_id"], ["person.id"], name=op.f("fk_appeal_second_answered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
        sa.UniqueConstraint("ref", name=op.f("uq_appeal_ref")),
        sa.UniqueConstraint("application_id", "letter_at", name=op.f("uq_appeal_application_id_letter_at")),
    )
    op.create_index("ix_appeal_status", "appeal", ["status", "answer_by", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_appeal_status", table_name="appeal")
    op.drop_table("appeal")
