"""Who links whom and who might lead, of people who said yes to it. Rows here are meant to be deleted, so no guard keeps them.

Gift boards of events, and numbers of sticky notes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "openness",
        sa.Column("person_id", BIG, autoincrement=False, nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("never_since", sa.Date(), nullable=True),
        sa.Column("rests_until", sa.Date(), nullable=True),
        sa.CheckConstraint("basis is null or basis in ('paper sheet', 'telephone', 'in person')", name=op.f("ck_openness_basis")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_openness_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_openness")),
    )
    op.create_table(
        "introduction",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("one_id", BIG, nullable=False),
        sa.Column("two_id", BIG, nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("led_to", sa.Text(), nullable=False),
        sa.Column("noted_at", AT, nullable=False),
        sa.CheckConstraint("one_id < two_id", name=op.f("ck_introduction_one_pair")),
        sa.CheckConstraint("by_id <> one_id and by_id <> two_id", name=op.f("ck_introduction_by_another")),
        sa.CheckConstraint("outcome in ('nothing', 'met', 'began')", name=op.f("ck_introduction_outcome")),
        sa.CheckConstraint("led_to = '' or outcome = 'began'", name=op.f("ck_introduction_led_to")),
        sa.CheckConstraint("words <> ''", name=op.f("ck_introduction_words")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_introduction_by_id")),
        sa.ForeignKeyConstraint(["one_id"], ["openness.person_id"], name=op.f("fk_introduction_one_id")),
        sa.ForeignKeyConstraint(["two_id"], ["openness.person_id"], name=op.f("fk_introduction_two_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introduction")),
        sa.UniqueConstraint("one_id", "two_id", "day", name=op.f("uq_introduction_one_id_two_id_day")),
        sa.UniqueConstraint("ref", name=op.f("uq_introduction_ref")),
    )
    op.create_index("ix_introduction_by_id", "introduction", ["by_id"])
    op.create_index("ix_introduction_day", "introduction", ["day", "id"])
    op.create_index("ix_introduction_two_id", "introduction", ["two_id"])
    op.create_table(
        "lead_ask",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.CheckConstraint("answer in ('', 'yes', 'not_now', 'never')", name=op.f("ck_lead_ask_answer")),
        sa.CheckConstraint("(answer = '') = (answered_on is null)", name=op.f("ck_lead_ask_answered")),
        sa.CheckConstraint("answered_on is null or answered_on >= asked_on", name=op.f("ck_lead_ask_order")),
        sa.CheckConstraint("by_id <> person_id", name=op.f("ck_lead_ask_by_another")),
        sa.CheckConstraint("words <> ''", name=op.f("ck_lead_ask_words")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_lead_ask_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["openness.person_id"], name=op.f("fk_lead_ask_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_ask")),
        sa.UniqueConstraint("ref", name=op.f("uq_lead_ask_ref")),
    )
    op.create_index("ix_lead_ask_asked_on", "lead_ask", ["asked_on"])
    op.create_index("ix_lead_ask_by_id", "lead_ask", ["by_id"])
    op.create_index("ix_lead_ask_person_id", "lead_ask", ["person_id", "asked_on"])
    where = sa.text("answer = ''")
    op.create_index("uq_lead_ask_open", "lead_ask", ["person_id"], unique=True, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "entry_look",
        sa.Column("person_id", BIG, autoincrement=False, nullable=False),
        sa.Column("by_id", BIG, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_entry_look_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["openness.person_id"], name=op.f("fk_entry_look_person_id")),
        sa.PrimaryKeyConstraint("person_id", "by_id", "day", name=op.f("pk_entry_look")),
    )
    op.create_index("ix_entry_look_by_id", "entry_look", ["by_id", "day"])
    op.create_index("ix_entry_look_day", "entry_look", ["day"])

    _notes()


def _notes() -> None:
    """Also gift boards of events."""
    op.create_table(
        "gift_sheet",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("hub_id", BIG, nullable=True),
        sa.Column("event_id", BIG, nullable=True),
        sa.Column("printed_at", AT, nullable=False),
        sa.Column("printed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_gift_sheet_area_id")),
        sa.ForeignKeyConstraint(["event_id"], ["gathering.id"], name=op.f("fk_gift_sheet_event_id")),
        sa.ForeignKeyConstraint(["hub_id"], ["organisation.id"], name=op.f("fk_gift_sheet_hub_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_sheet")),
        sa.UniqueConstraint("ref", name=op.f("uq_gift_sheet_ref")),
    )
    op.create_table(
        "gift_note",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("sheet_id", BIG, nullable=False),
        sa.Column("post_id", BIG, nullable=True),
        sa.CheckConstraint("number > 100", name=op.f("ck_gift_note_number")),
        sa.ForeignKeyConstraint(["post_id"], ["gift_post.id"], name=op.f("fk_gift_note_post_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["gift_sheet.id"], name=op.f("fk_gift_note_sheet_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_gift_note")),
        sa.UniqueConstraint("post_id", name=op.f("uq_gift_note_post_id")),
    )
    op.create_index(op.f("ix_gift_note_sheet_id"), "gift_note", ["sheet_id"])
    if op.get_bind().dialect.name == "sqlite":  # which knows no ALTER TABLE ADD CONSTRAINT
        op.execute("ALTER TABLE gift_post ADD COLUMN event_id INTEGER CONSTRAINT fk_gift_post_event_id REFERENCES gathering (id)")
    else:
        op.add_column("gift_post", sa.Column("event_id", BIG, nullable=True))
        op.create_foreign_key(op.f("fk_gift_post_event_id"), "gift_post", "gathering", ["event_id"], ["id"])
    op.add_column("gift_post", sa.Column("wall", sa.Text(), nullable=True))
    op.create_index("ix_gift_post_event_id", "gift_post", ["event_id", "status", "id"])
    op.create_index("ix_gift_post_wall", "gift_post", ["wall"])


def downgrade() -> None:
    op.drop_index("ix_gift_post_wall", "gift_post")
    op.drop_index("ix_gift_post_event_id", "gift_post")
    op.drop_column("gift_post", "wall")
    op.drop_column("gift_post", "event_id")
    op.drop_table("gift_note")
    op.drop_table("gift_sheet")
    for table in ("entry_look", "lead_ask", "introduction", "openness"):
        op.drop_table(table)
