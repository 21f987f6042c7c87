"""Offers and requests with their search, conversations, promises; and what the database refuses of them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
POST_FIXED = "ref, member_id, kind, posted_at, entered_by"
RELAYED_FIXED = "conversation_id, owner_id, other_id, from_id, by_person_id, kind, at"
SEARCHED = "to_tsvector('english', words)"
OUT = "INSERT INTO post_words(post_words, rowid, words) VALUES ('delete', OLD.id, OLD.words);"
IN = "INSERT INTO post_words(rowid, words) VALUES (NEW.id, NEW.words);"


def differs(columns: str, sqlite: bool) -> str:
    return " OR ".join(f"NEW.{each} {'IS NOT' if sqlite else 'IS DISTINCT FROM'} OLD.{each}" for each in columns.split(", "))


def never(table: str, what: str) -> tuple[str, ...]:
    """SQLite's word for a table that loses no row, neither by DELETE nor by REPLACE."""
    return (
        f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table}: {what}'); END",
        f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, '{table}: {what}'); END""",
    )


SQLITE = (
    # a row for each post that is open, which is when it has words
    "CREATE VIRTUAL TABLE post_words USING fts5(words, content='post', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')",
    f"CREATE TRIGGER post_words_in AFTER INSERT ON post WHEN NEW.words <> '' BEGIN {IN} END",
    f"CREATE TRIGGER post_words_off AFTER UPDATE OF words ON post WHEN OLD.words <> '' AND NEW.words = '' BEGIN {OUT} END",
    f"CREATE TRIGGER post_words_on AFTER UPDATE OF words ON post WHEN OLD.words = '' AND NEW.words <> '' BEGIN {IN} END",
    f"CREATE TRIGGER post_words_new AFTER UPDATE OF words ON post WHEN OLD.words <> '' AND NEW.words <> '' AND OLD.words <> NEW.words BEGIN {OUT} {IN} END",
    f"CREATE TRIGGER post_fixed BEFORE UPDATE ON post WHEN {differs(POST_FIXED, True)} BEGIN SELECT RAISE(ABORT, 'post: stays whose it is'); END",
    *never("post", "never deleted"),
    f"""CREATE TRIGGER relayed_fixed BEFORE UPDATE ON relayed WHEN {differs(RELAYED_FIXED, True)} OR (NEW.words <> OLD.words AND NEW.words <> '')
BEGIN SELECT RAISE(ABORT, 'relayed: only ever appended'); END""",
    *never("relayed", "only ever appended"),
    *never("promise", "never deleted"),
)
POSTGRESQL = (
    f"CREATE INDEX ix_post_words ON post USING gin ({SEARCHED}) WHERE words <> ''",
    f"""CREATE FUNCTION post_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'post: never deleted' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF {differs(POST_FIXED, False)} THEN
    RAISE EXCEPTION 'post: stays whose it is' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    f"""CREATE FUNCTION relayed_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' OR {differs(RELAYED_FIXED, False)} OR (NEW.words <> OLD.words AND NEW.words <> '') THEN
    RAISE EXCEPTION 'relayed: only ever appended' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON post FOR EACH ROW EXECUTE FUNCTION post_fixed()",
    "CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON relayed FOR EACH ROW EXECUTE FUNCTION relayed_fixed()",
    "CREATE TRIGGER kept BEFORE DELETE ON promise FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    *(
        f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in ("post", "relayed", "promise")
    ),
)


def upgrade() -> None:
    op.create_table(
        "post",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("category_id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("when_words", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=True),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reminded_at", AT, nullable=True),
        sa.Column("photo_ref", sa.Text(), nullable=True),
        sa.Column("photo_file", sa.Text(), nullable=True),
        sa.Column("photo_width", BIG, nullable=False),
        sa.Column("photo_height", BIG, nullable=False),
        sa.Column("photo_alt", sa.Text(), nullable=False),
        sa.Column("posted_at", AT, nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("met_at", AT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("kind in ('offer', 'request')", name=op.f("ck_post_kind")),
        sa.CheckConstraint("reach in ('area', 'linked', 'scheme')", name=op.f("ck_post_reach")),
        sa.CheckConstraint("status in ('open', 'paused', 'met', 'ended', 'expired', 'hidden')", name=op.f("ck_post_status")),
        sa.CheckConstraint("status <> 'met' or kind = 'request'", name=op.f("ck_post_met")),
        sa.CheckConstraint("from_day is null or until_day is null or from_day <= until_day", name=op.f("ck_post_days")),
        sa.CheckConstraint("(photo_file is null) = (photo_ref is null)", name=op.f("ck_post_photo")),
        sa.CheckConstraint("status = 'open' or words = ''", name=op.f("ck_post_found_while_open")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_post_member_id")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_post_category_id")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_post_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint("ref", name=op.f("uq_post_ref")),
        sa.UniqueConstraint("photo_ref", name=op.f("uq_post_photo_ref")),
    )
    op.create_index("ix_post_status_id", "post", ["status", "id"])
    op.create_index("ix_post_member_id_id", "post", ["member_id", "id"])
    op.create_index("ix_post_category_id", "post", ["category_id", "status", "id"])
    op.create_table(
        "known_word",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("uses", BIG, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.CheckConstraint("uses >= 0", name=op.f("ck_known_word_uses")),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_known_word")),
    )
    op.create_index("ix_known_word_head", "known_word", ["head", "size"])
    op.create_index("ix_known_word_tail", "known_word", ["tail", "size"])
    op.create_table(
        "conversation",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("post_id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=False),
        sa.Column("other_id", BIG, nullable=False),
        sa.Column("begun_by_id", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("last_at", AT, nullable=False),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("nudges", BIG, nullable=False),
        sa.Column("closed_by_id", BIG, nullable=True),
        sa.Column("blocked_by_id", BIG, nullable=True),
        sa.CheckConstraint("status in ('open', 'closed')", name=op.f("ck_conversation_status")),
        sa.CheckConstraint("owner_id <> other_id", name=op.f("ck_conversation_two_members")),
        sa.CheckConstraint("begun_by_id in (owner_id, other_id)", name=op.f("ck_conversation_begun_by")),
        sa.CheckConstraint("closed_by_id is null or closed_by_id in (owner_id, other_id)", name=op.f("ck_conversation_closed_by")),
        sa.CheckConstraint("blocked_by_id is null or blocked_by_id in (owner_id, other_id)", name=op.f("ck_conversation_blocked_by")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_conversation_post_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["member.id"], name=op.f("fk_conversation_owner_id")),
        sa.ForeignKeyConstraint(["other_id"], ["member.id"], name=op.f("fk_conversation_other_id")),
        sa.ForeignKeyConstraint(["begun_by_id"], ["member.id"], name=op.f("fk_conversation_begun_by_id")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["member.id"], name=op.f("fk_conversation_closed_by_id")),
        sa.ForeignKeyConstraint(["blocked_by_id"], ["member.id"], name=op.f("fk_conversation_blocked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("ref", name=op.f("uq_conversation_ref")),
        sa.UniqueConstraint("post_id", "other_id", name=op.f("uq_conversation_post_id_other_id")),
        sa.UniqueConstraint("id", "owner_id", "other_id", name=op.f("uq_conversation_id_owner_id_other_id")),
    )
    op.create_index("ix_conversation_owner_id", "conversation", ["owner_id", "last_at"])
    op.create_index("ix_conversation_other_id", "conversation", ["other_id", "last_at"])
    waiting = sa.text("answered_at is null")
    op.create_index("ix_conversation_waiting", "conversation", ["opened_at"], sqlite_where=waiting, postgresql_where=waiting)
    two = ["conversation_id", "owner_id", "other_id"]
    of_it = ["conversation.id", "conversation.owner_id", "conversation.other_id"]
    op.create_table(
        "relayed",
        sa.Column("id", BIG, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=False),
        sa.Column("other_id", BIG, nullable=False),
        sa.Column("from_id", BIG, nullable=False),
        sa.Column("by_person_id", BIG, nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.CheckConstraint("from_id in (owner_id, other_id)", name=op.f("ck_relayed_of_the_two")),
        sa.CheckConstraint(
            "kind in ('words', 'proposed', 'changed', 'agreed', 'cancelled', 'kept', 'missed')", name=op.f("ck_relayed_kind")
        ),
        sa.ForeignKeyConstraint(two, of_it, name=op.f("fk_relayed_conversation_id_owner_id_other_id")),
        sa.ForeignKeyConstraint(["from_id"], ["member.id"], name=op.f("fk_relayed_from_id")),
        sa.ForeignKeyConstraint(["by_person_id"], ["person.id"], name=op.f("fk_relayed_by_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relayed")),
    )
    op.create_index("ix_relayed_conversation_id", "relayed", ["conversation_id", "id"])
    op.create_index("ix_relayed_by_person_id", "relayed", ["by_person_id", "at"])
    op.create_table(
        "reported",
        sa.Column("id", BIG, nullable=False),
        sa.Column("relayed_id", BIG, nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("settled_by_id", BIG, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.CheckConstraint("(settled_at is null) = (settled_by_id is null)", name=op.f("ck_reported_settled")),
        sa.ForeignKeyConstraint(["relayed_id"], ["relayed.id"], name=op.f("fk_reported_relayed_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_reported_by_id")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["person.id"], name=op.f("fk_reported_settled_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reported")),
        sa.UniqueConstraint("relayed_id", "by_id", name=op.f("uq_reported_relayed_id_by_id")),
    )
    op.create_index("ix_reported_settled_at", "reported", ["settled_at", "id"])
    op.create_table(
        "promise",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=False),
        sa.Column("other_id", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("starts_at", AT, nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", BIG, nullable=False),
        sa.Column("accepted_by_id", BIG, nullable=True),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("asked_at", AT, nullable=True),
        sa.CheckConstraint("status in ('proposed', 'agreed', 'cancelled', 'kept', 'missed')", name=op.f("ck_promise_status")),
        sa.CheckConstraint("minutes > 0 and minutes <= 960", name=op.f("ck_promise_minutes")),
        sa.CheckConstraint("proposed_by_id in (owner_id, other_id)", name=op.f("ck_promise_of_the_two")),
        sa.CheckConstraint("accepted_by_id is null or accepted_by_id in (owner_id, other_id)", name=op.f("ck_promise_accepted_by")),
        sa.CheckConstraint("accepted_by_id is null or accepted_by_id <> proposed_by_id", name=op.f("ck_promise_both")),
        sa.CheckConstraint("status not in ('agreed', 'kept', 'missed') or accepted_by_id is not null", name=op.f("ck_promise_agreed")),
        sa.ForeignKeyConstraint(two, of_it, name=op.f("fk_promise_conversation_id_owner_id_other_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["member.id"], name=op.f("fk_promise_proposed_by_id")),
        sa.ForeignKeyConstraint(["accepted_by_id"], ["member.id"], name=op.f("fk_promise_accepted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
        sa.UniqueConstraint("ref", name=op.f("uq_promise_ref")),
    )
    stands = sa.text("status in ('proposed', 'agreed')")
    op.create_index("uq_promise_open", "promise", ["conversation_id"], unique=True, sqlite_where=stands, postgresql_where=stands)
    op.create_index("ix_promise_conversation_id", "promise", ["conversation_id", "id"])
    op.create_index("ix_promise_status", "promise", ["status", "starts_at"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("DROP TABLE post_words")
    for table in ("promise", "reported", "relayed", "conversation", "known_word", "post"):
        op.drop_table(table)
    if not sqlite:
        for function in ("post_fixed", "relayed_fixed"):
            op.execute(f"DROP FUNCTION {function}()")
