"""Three short questions to neighbours, and questions about oneself: whether we ask, who was asked, answers that name nobody, tallies.

On SQLite the tables with answers are without row ids, which would number them as they come.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIVE = "('', 'most', 'some', 'few', 'none', 'rather_not')"


def upgrade() -> None:
    op.create_table(
        "survey_switch",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", BIG, nullable=False),
        sa.CheckConstraint("name in ('neighbours', 'about_you')", name=op.f("ck_survey_switch_name")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["person.id"], name=op.f("fk_survey_switch_changed_by_id")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_survey_switch")),
    )
    op.create_table(
        "survey_asked",
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.CheckConstraint("what <> ''", name=op.f("ck_survey_asked_what")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_survey_asked_person_id")),
        sa.PrimaryKeyConstraint("person_id", "what", name=op.f("pk_survey_asked")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "survey_answer",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("moment", sa.Text(), nullable=False),
        sa.Column("wording", BIG, nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("area_id", BIG, nullable=True),
        sa.Column("trust", sa.Text(), nullable=False),
        sa.Column("know", sa.Text(), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.CheckConstraint("moment in ('start', 'later')", name=op.f("ck_survey_answer_moment")),
        sa.CheckConstraint("wording > 0", name=op.f("ck_survey_answer_wording")),
        sa.CheckConstraint("month like '____-__'", name=op.f("ck_survey_answer_month")),
        sa.CheckConstraint(f"trust in {FIVE}", name=op.f("ck_survey_answer_trust")),
        sa.CheckConstraint(f"know in {FIVE}", name=op.f("ck_survey_answer_know")),
        sa.CheckConstraint("help in ('', 'surely', 'probably', 'hardly', 'no', 'rather_not')", name=op.f("ck_survey_answer_help")),
        sa.CheckConstraint("trust <> '' or know <> '' or help <> ''", name=op.f("ck_survey_answer_something")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_survey_answer_area_id")),
        sa.PrimaryKeyConstraint("token", "moment", name=op.f("pk_survey_answer")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "equality_tally",
        sa.Column("year", sa.Text(), nullable=False),
        sa.Column("pot", sa.Text(), nullable=False),
        sa.Column("wording", BIG, autoincrement=False, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.CheckConstraint("number >= 0", name=op.f("ck_equality_tally_number")),
        sa.CheckConstraint("wording > 0", name=op.f("ck_equality_tally_wording")),
        sa.CheckConstraint("year like '____-__'", name=op.f("ck_equality_tally_year")),
        sa.CheckConstraint("pot <> '' and question <> '' and answer <> ''", name=op.f("ck_equality_tally_said")),
        sa.PrimaryKeyConstraint("year", "pot", "wording", "question", "answer", name=op.f("pk_equality_tally")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("equality_tally", "survey_answer", "survey_asked", "survey_switch"):
        op.drop_table(table)
