"""Ideas on the wall: cards, who is in, which are one idea, what a connector looks at; and which bid began as one."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
FIXED = {
    "idea": ("ref, number, posted_at, entered_by", "stays the card that it is"),
    "idea_pledge": ("ref, idea_id, said_at", "stays on its card"),
    "idea_join": ("ref, idea_id, into_id, asked_by_id, asked_at", "stays between these two"),
    "begun_from_idea": ("application_id, idea_id, begun_at", "stays what it began as"),
}
KEPT = ("idea", "idea_pledge", "idea_join", "idea_look", "begun_from_idea", "carried_pledge")
SEARCHED = "to_tsvector('english', words)"
OUT = "INSERT INTO idea_words(idea_words, rowid, words) VALUES ('delete', OLD.id, OLD.words);"
IN = "INSERT INTO idea_words(rowid, words) VALUES (NEW.id, NEW.words);"


def differs(columns: str, sqlite: bool) -> str:
    return " OR ".join(f"NEW.{each} {'IS NOT' if sqlite else 'IS DISTINCT FROM'} OLD.{each}" for each in columns.split(", "))


SQLITE = (
    # a row for each idea that is on the wall, which is when it has words
    "CREATE VIRTUAL TABLE idea_words USING fts5(words, content='idea', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')",
    f"CREATE TRIGGER idea_words_in AFTER INSERT ON idea WHEN NEW.words <> '' BEGIN {IN} END",
    f"CREATE TRIGGER idea_words_off AFTER UPDATE OF words ON idea WHEN OLD.words <> '' AND NEW.words = '' BEGIN {OUT} END",
    f"CREATE TRIGGER idea_words_on AFTER UPDATE OF words ON idea WHEN OLD.words = '' AND NEW.words <> '' BEGIN {IN} END",
    f"CREATE TRIGGER idea_words_new AFTER UPDATE OF words ON idea WHEN OLD.words <> '' AND NEW.words <> '' AND OLD.words <> NEW.words BEGIN {OUT} {IN} END",
    *(
        f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} WHEN {differs(columns, True)} BEGIN SELECT RAISE(ABORT, '{table}: {says}'); END"
        for table, (columns, says) in FIXED.items()
    ),
    *(f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table}: never deleted'); END" for table in KEPT),
    *(
        f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, '{table}: never deleted'); END"""
        for table in KEPT
    ),
)
POSTGRESQL = (
    f"CREATE INDEX ix_idea_words ON idea USING gin ({SEARCHED}) WHERE words <> ''",
    *(
        f"""CREATE FUNCTION {table}_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF {differs(columns, False)} THEN
    RAISE EXCEPTION '{table}: {says}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$"""
        for table, (columns, says) in FIXED.items()
    ),
    *(f"CREATE TRIGGER fixed BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_fixed()" for table in FIXED),
    *(f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()" for table in KEPT),
    *(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()" for table in KEPT),
)


def upgrade() -> None:
    op.create_table(
        "idea",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("owner_channel", sa.Text(), nullable=False),
        sa.Column("owner_contact", sa.Text(), nullable=False),
        sa.Column("photo_ref", sa.Text(), nullable=True),
        sa.Column("photo_file", sa.Text(), nullable=True),
        sa.Column("photo_width", BIG, nullable=False),
        sa.Column("photo_height", BIG, nullable=False),
        sa.Column("photo_alt", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("event_id", BIG, nullable=True),
        sa.Column("wall", sa.Text(), nullable=True),
        sa.Column("posted_at", AT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("into_id", BIG, nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reminded_at", AT, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("people", BIG, nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("people >= 0 and minutes >= 0", name=op.f("ck_idea_counted")),
        sa.CheckConstraint("status = 'open' or words = ''", name=op.f("ck_idea_found_while_open")),
        sa.CheckConstraint("(status = 'joined') = (into_id is not null)", name=op.f("ck_idea_joined")),
        sa.CheckConstraint("into_id is null or into_id <> id", name=op.f("ck_idea_not_into_itself")),
        sa.CheckConstraint("owner_id is null or (owner_name = '' and owner_contact = '')", name=op.f("ck_idea_owner")),
        sa.CheckConstraint("owner_channel in ('none', 'email', 'sms')", name=op.f("ck_idea_owner_channel")),
        sa.CheckConstraint("(owner_channel = 'none') = (owner_contact = '')", name=op.f("ck_idea_owner_contact")),
        sa.CheckConstraint("(photo_file is null) = (photo_ref is null)", name=op.f("ck_idea_photo")),
        sa.CheckConstraint(
            "status in ('held', 'open', 'joined', 'taken', 'done', 'archived', 'expired', 'withdrawn', 'hidden')",
            name=op.f("ck_idea_status"),
        ),
        sa.CheckConstraint("status <> 'taken' or taken_by is not null", name=op.f("ck_idea_taken")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_idea_area_id")),
        sa.ForeignKeyConstraint(["event_id"], ["gathering.id"], name=op.f("fk_idea_event_id")),
        sa.ForeignKeyConstraint(["into_id"], ["idea.id"], name=op.f("fk_idea_into_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_idea_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea")),
        sa.UniqueConstraint("number", name=op.f("uq_idea_number")),
        sa.UniqueConstraint("photo_ref", name=op.f("uq_idea_photo_ref")),
        sa.UniqueConstraint("ref", name=op.f("uq_idea_ref")),
    )
    op.create_index("ix_idea_area_id", "idea", ["area_id", "status", "id"])
    op.create_index("ix_idea_event_id", "idea", ["event_id", "id"])
    op.create_index("ix_idea_into_id", "idea", ["into_id"])
    op.create_index(
        "ix_idea_owner_contact",
        "idea",
        ["owner_contact"],
        sqlite_where=sa.text("owner_contact <> ''"),
        postgresql_where=sa.text("owner_contact <> ''"),
    )
    op.create_index("ix_idea_owner_id_id", "idea", ["owner_id", "id"])
    op.create_index("ix_idea_status_id", "idea", ["status", "id"])
    op.create_index("ix_idea_wall", "idea", ["wall"])
    op.create_table(
        "idea_pledge",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("idea_id", BIG, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proved_at", AT, nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("link_number", BIG, nullable=False),
        sa.Column("said_at", AT, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.CheckConstraint("channel in ('none', 'email', 'sms')", name=op.f("ck_idea_pledge_channel")),
        sa.CheckConstraint("(channel = 'none') = (contact = '')", name=op.f("ck_idea_pledge_contact")),
        sa.CheckConstraint("minutes >= 15 and minutes <= 960 and minutes % 15 = 0", name=op.f("ck_idea_pledge_minutes")),
        sa.CheckConstraint("status in ('in', 'out')", name=op.f("ck_idea_pledge_status")),
        sa.ForeignKeyConstraint(["idea_id"], ["idea.id"], name=op.f("fk_idea_pledge_idea_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_idea_pledge_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_pledge")),
        sa.UniqueConstraint("ref", name=op.f("uq_idea_pledge_ref")),
    )
    op.create_index(
        "ix_idea_pledge_contact",
        "idea_pledge",
        ["contact"],
        sqlite_where=sa.text("contact <> ''"),
        postgresql_where=sa.text("contact <> ''"),
    )
    op.create_index("ix_idea_pledge_idea_id", "idea_pledge", ["idea_id", "id"])
    op.create_index("ix_idea_pledge_person_id", "idea_pledge", ["person_id", "id"])
    op.create_index(
        "uq_idea_pledge_contact",
        "idea_pledge",
        ["idea_id", "contact"],
        unique=True,
        sqlite_where=sa.text("contact <> ''"),
        postgresql_where=sa.text("contact <> ''"),
    )
    op.create_index(
        "uq_idea_pledge_person",
        "idea_pledge",
        ["idea_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("person_id is not null"),
        postgresql_where=sa.text("person_id is not null"),
    )
    op.create_table(
        "idea_join",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("idea_id", BIG, nullable=False),
        sa.Column("into_id", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("idea_yes_at", AT, nullable=True),
        sa.Column("into_yes_at", AT, nullable=True),
        sa.Column("joined_at", AT, nullable=True),
        sa.Column("undone_at", AT, nullable=True),
        sa.CheckConstraint(
            "status <> 'joined' or (idea_yes_at is not null and into_yes_at is not null and joined_at is not null)",
            name=op.f("ck_idea_join_both"),
        ),
        sa.CheckConstraint("status in ('asked', 'joined', 'declined', 'lapsed', 'undone')", name=op.f("ck_idea_join_status")),
        sa.CheckConstraint("idea_id <> into_id", name=op.f("ck_idea_join_two_ideas")),
        sa.CheckConstraint("(status = 'undone') = (undone_at is not null)", name=op.f("ck_idea_join_undone")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_idea_join_asked_by_id")),
        sa.ForeignKeyConstraint(["idea_id"], ["idea.id"], name=op.f("fk_idea_join_idea_id")),
        sa.ForeignKeyConstraint(["into_id"], ["idea.id"], name=op.f("fk_idea_join_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_join")),
        sa.UniqueConstraint("ref", name=op.f("uq_idea_join_ref")),
    )
    op.create_index("ix_idea_join_into_id", "idea_join", ["into_id", "status"])
    op.create_index("ix_idea_join_status", "idea_join", ["status", "asked_at"])
    op.create_index(
        "uq_idea_join_asked",
        "idea_join",
        ["idea_id", "into_id"],
        unique=True,
        sqlite_where=sa.text("status = 'asked'"),
        postgresql_where=sa.text("status = 'asked'"),
    )
    op.create_index(
        "uq_idea_join_joined",
        "idea_join",
        ["idea_id"],
        unique=True,
        sqlite_where=sa.text("status = 'joined'"),
        postgresql_where=sa.text("status = 'joined'"),
    )
    op.create_table(
        "idea_look",
        sa.Column("id", BIG, nullable=False),
        sa.Column("idea_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by_id", BIG, nullable=True),
        sa.Column("keeper_id", BIG, nullable=True),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("settled_by_id", BIG, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('words', 'new', 'reported', 'held')", name=op.f("ck_idea_look_kind")),
        sa.CheckConstraint("outcome in ('', 'stands', 'taken_down')", name=op.f("ck_idea_look_outcome")),
        sa.CheckConstraint("(settled_at is null) = (outcome = '')", name=op.f("ck_idea_look_settled")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_idea_look_by_id")),
        sa.ForeignKeyConstraint(["idea_id"], ["idea.id"], name=op.f("fk_idea_look_idea_id")),
        sa.ForeignKeyConstraint(["keeper_id"], ["person.id"], name=op.f("fk_idea_look_keeper_id")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["person.id"], name=op.f("fk_idea_look_settled_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_look")),
    )
    op.create_index("ix_idea_look_idea_id", "idea_look", ["idea_id"])
    op.create_index("ix_idea_look_settled_at", "idea_look", ["settled_at", "due_on", "id"])
    op.create_index(
        "uq_idea_look_open",
        "idea_look",
        ["idea_id", "kind"],
        unique=True,
        sqlite_where=sa.text("settled_at is null and kind <> 'reported'"),
        postgresql_where=sa.text("settled_at is null and kind <> 'reported'"),
    )
    op.create_index(
        "uq_idea_look_reported",
        "idea_look",
        ["idea_id", "by_id"],
        unique=True,
        sqlite_where=sa.text("settled_at is null and kind = 'reported' and by_id is not null"),
        postgresql_where=sa.text("settled_at is null and kind = 'reported' and by_id is not null"),
    )
    op.create_table(
        "idea_known_word",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("uses", BIG, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.CheckConstraint("uses >= 0", name=op.f("ck_idea_known_word_uses")),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_idea_known_word")),
    )
    op.create_index("ix_idea_known_word_head", "idea_known_word", ["head", "size"])
    op.create_index("ix_idea_known_word_tail", "idea_known_word", ["tail", "size"])
    op.create_table(
        "begun_from_idea",
        sa.Column("id", BIG, nullable=False),
        sa.Column("application_id", BIG, nullable=False),
        sa.Column("idea_id", BIG, nullable=False),
        sa.Column("begun_at", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.CheckConstraint("ended_at is null or ended_at >= begun_at", name=op.f("ck_begun_from_idea_ended")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_begun_from_idea_application_id")),
        sa.ForeignKeyConstraint(["idea_id"], ["idea.id"], name=op.f("fk_begun_from_idea_idea_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_begun_from_idea")),
        sa.UniqueConstraint("application_id", name=op.f("uq_begun_from_idea_application_id")),
    )
    op.create_index("ix_begun_from_idea_idea_id", "begun_from_idea", ["idea_id", "id"])
    op.create_index(
        "uq_begun_from_idea_open",
        "begun_from_idea",
        ["idea_id"],
        unique=True,
        sqlite_where=sa.text("ended_at is null"),
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "carried_pledge",
        sa.Column("id", BIG, nullable=False),
        sa.Column("begun_id", BIG, nullable=False),
        sa.Column("idea_pledge_id", BIG, nullable=False),
        sa.Column("pledge_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["begun_id"], ["begun_from_idea.id"], name=op.f("fk_carried_pledge_begun_id")),
        sa.ForeignKeyConstraint(["idea_pledge_id"], ["idea_pledge.id"], name=op.f("fk_carried_pledge_idea_pledge_id")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_carried_pledge_pledge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carried_pledge")),
        sa.UniqueConstraint("begun_id", "idea_pledge_id", name=op.f("uq_carried_pledge_begun_id_idea_pledge_id")),
    )
    op.create_index("ix_carried_pledge_idea_pledge_id", "carried_pledge", ["idea_pledge_id"])
    op.create_index("ix_carried_pledge_pledge_id", "carried_pledge", ["pledge_id"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("DROP TABLE idea_words")
    for table in reversed(KEPT):
        op.drop_table(table)
    op.drop_table("idea_known_word")
    if not sqlite:
        for table in FIXED:
            op.execute(f"DROP FUNCTION {table}_fixed()")
