"""Outcomes that applicants hope for and what came of them, stories with consent, and the table of progress."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
HEADING = "heading in ('support', 'connections', 'inclusion', 'ownership', 'services')"


def upgrade() -> None:
    _outcomes()
    _stories()
    _progress()


def _outcomes() -> None:
    op.create_table(
        "outcome",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("added_at", AT, nullable=False),
        sa.Column("retired_at", AT, nullable=True),
        sa.Column("retired_reason", sa.Text(), nullable=False),
        sa.CheckConstraint(HEADING, name=op.f("ck_outcome_heading")),
        sa.CheckConstraint("words <> ''", name=op.f("ck_outcome_words")),
        sa.CheckConstraint("(retired_at is null) = (retired_reason = '')", name=op.f("ck_outcome_retired")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome")),
        sa.UniqueConstraint("ref", name=op.f("uq_outcome_ref")),
    )
    op.create_index("ix_outcome_position", "outcome", ["position", "id"])
    _unique_where("uq_outcome_words", "outcome", ["words"], "retired_at is null")
    op.create_table(
        "hope",
        sa.Column("id", BIG, nullable=False),
        sa.Column("application_id", BIG, nullable=False),
        sa.Column("outcome_id", BIG, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("how_far", sa.Text(), nullable=False),
        sa.Column("happened", sa.Text(), nullable=False),
        sa.CheckConstraint("position between 1 and 3", name=op.f("ck_hope_position")),
        sa.CheckConstraint(HEADING, name=op.f("ck_hope_heading")),
        sa.CheckConstraint("how_far = '' or how_far in ('a_lot', 'a_little', 'not_yet')", name=op.f("ck_hope_how_far")),
        sa.CheckConstraint("words <> ''", name=op.f("ck_hope_words")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_hope_application_id")),
        sa.ForeignKeyConstraint(["outcome_id"], ["outcome.id"], name=op.f("fk_hope_outcome_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hope")),
        sa.UniqueConstraint("application_id", "position", name=op.f("uq_hope_application_id_position")),
        sa.UniqueConstraint("application_id", "outcome_id", name=op.f("uq_hope_application_id_outcome_id")),
    )
    op.create_index("ix_hope_heading", "hope", ["heading", "application_id"])
    op.create_index("ix_hope_outcome_id", "hope", ["outcome_id"])


def _stories() -> None:
    op.create_table(
        "story",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("application_id", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("photo_id", BIG, nullable=True),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("consent_at", AT, nullable=False),
        sa.Column("consent_by_id", BIG, nullable=False),
        sa.Column("typed_by_id", BIG, nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("taken_back_at", AT, nullable=True),
        sa.Column("judged_by_id", BIG, nullable=True),
        sa.Column("published_at", AT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("status in ('waiting', 'published', 'declined', 'taken_back', 'taken_down')", name=op.f("ck_story_status")),
        sa.CheckConstraint("words <> '' and consent <> ''", name=op.f("ck_story_words")),
        sa.CheckConstraint("(status = 'taken_back') = (taken_back_at is not null)", name=op.f("ck_story_taken_back")),
        sa.CheckConstraint(
            "status <> 'published' or (published_at is not null and judged_by_id is not null)", name=op.f("ck_story_published")
        ),
        sa.CheckConstraint("(status in ('declined', 'taken_down')) = (reason <> '')", name=op.f("ck_story_reason")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_story_application_id")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_story_photo_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["consent_by_id"], ["person.id"], name=op.f("fk_story_consent_by_id")),
        sa.ForeignKeyConstraint(["typed_by_id"], ["person.id"], name=op.f("fk_story_typed_by_id")),
        sa.ForeignKeyConstraint(["judged_by_id"], ["person.id"], name=op.f("fk_story_judged_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        sa.UniqueConstraint("ref", name=op.f("uq_story_ref")),
        sa.UniqueConstraint("application_id", name=op.f("uq_story_application_id")),
    )
    op.create_index("ix_story_status", "story", ["status", "published_at", "id"])
    op.create_index("ix_story_photo_id", "story", ["photo_id"])
    op.create_index("ix_story_consent_by_id", "story", ["consent_by_id"])


def _progress() -> None:
    op.create_table(
        "progress",
        sa.Column("id", BIG, nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("area_id", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.Column("doing", sa.Text(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("by", sa.Date(), nullable=True),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("changed_by_id", BIG, nullable=False),
        sa.CheckConstraint(HEADING, name=op.f("ck_progress_heading")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_progress_area_id")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["person.id"], name=op.f("fk_progress_changed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress")),
    )
    _unique_where("uq_progress_scheme", "progress", ["heading"], "area_id is null")
    _unique_where("uq_progress_area", "progress", ["area_id", "heading"], "area_id is not null")


def _unique_where(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for table in ("progress", "story", "hope", "outcome"):
        op.drop_table(table)
