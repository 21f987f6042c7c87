"""Gift boards: parties, posts with their search, talks, promises, blocks, looks; and what the database refuses of them."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
POST_FIXED = "ref, party_id, kind, posted_at, entered_by"
SAID_FIXED = "talk_id, post_id, owner_id, other_id, from_id, by_person_id, kind, at"
PROMISE_FIXED = "ref, talk_id, giver_id, quantity, promised_at"
LOOK_FIXED = "kind, post_id, said_id, by_id, at"
SEARCHED = "to_tsvector('english', words)"
OUT = "INSERT INTO gift_post_words(gift_post_words, rowid, words) VALUES ('delete', OLD.id, OLD.words);"
IN = "INSERT INTO gift_post_words(rowid, words) VALUES (NEW.id, NEW.words);"
SAID_CHANGED = "(NEW.words <> OLD.words AND NEW.words <> '')"
LOOK_CHANGED = "(OLD.decided_at IS NOT NULL AND NEW.decision <> OLD.decision)"
KEPT = ("gift_post", "gift_said", "gift_promise", "gift_look")


def differs(columns: str, sqlite: bool) -> str:
    return " OR ".join(f"NEW.{each} {'IS NOT' if sqlite else 'IS DISTINCT FROM'} OLD.{each}" for each in columns.split(", "))


def fixed(sqlite: bool) -> dict[str, str]:
    """By table: what must not change."""
    return {
        "gift_post": differs(POST_FIXED, sqlite),
        "gift_said": f"{differs(SAID_FIXED, sqlite)} OR {SAID_CHANGED}",
        "gift_promise": differs(PROMISE_FIXED, sqlite),
        "gift_look": f"{differs(LOOK_FIXED, sqlite)} OR {LOOK_CHANGED}",
    }


SQLITE = (
    # a row for each post that is open, which is when it has words
    "CREATE VIRTUAL TABLE gift_post_words USING fts5(words, content='gift_post', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')",
    f"CREATE TRIGGER gift_post_words_in AFTER INSERT ON gift_post WHEN NEW.words <> '' BEGIN {IN} END",
    f"CREATE TRIGGER gift_post_words_off AFTER UPDATE OF words ON gift_post WHEN OLD.words <> '' AND NEW.words = '' BEGIN {OUT} END",
    f"CREATE TRIGGER gift_post_words_on AFTER UPDATE OF words ON gift_post WHEN OLD.words = '' AND NEW.words <> '' BEGIN {IN} END",
    f"CREATE TRIGGER gift_post_words_new AFTER UPDATE OF words ON gift_post WHEN OLD.words <> '' AND NEW.words <> '' AND OLD.words <> NEW.words BEGIN {OUT} {IN} END",
    *(
        f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} WHEN {what} BEGIN SELECT RAISE(ABORT, '{table}: stays as it was'); END"
        for table, what in fixed(True).items()
    ),
    *(f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table}: never deleted'); END" for table in KEPT),
    *(
        f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, '{table}: never deleted'); END"""
        for table in KEPT
    ),
)
POSTGRESQL = (
    f"CREATE INDEX ix_gift_post_words ON gift_post USING gin ({SEARCHED}) WHERE words <> ''",
    *(
        f"""CREATE FUNCTION {table}_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '{table}: never deleted' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF {what} THEN
    RAISE EXCEPTION '{table}: stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$"""
        for table, what in fixed(False).items()
    ),
    *(f"CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_fixed()" for table in KEPT),
    *(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()" for table in KEPT),
)


def upgrade() -> None:
    op.create_table(
        "gift_draft",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("typed", sa.JSON(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=True),
        sa.Column("width", BIG, nullable=False),
        sa.Column("height", BIG, nullable=False),
        sa.Column("typed_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_draft")),
        sa.UniqueConstraint("ref", name=op.f("uq_gift_draft_ref")),
    )
    op.create_index(op.f("ix_gift_draft_typed_at"), "gift_draft", ["typed_at"])
    op.create_table(
        "gift_word",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("uses", BIG, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.CheckConstraint("uses >= 0", name=op.f("ck_gift_word_uses")),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_gift_word")),
    )
    op.create_index("ix_gift_word_head", "gift_word", ["head", "size"])
    op.create_index("ix_gift_word_tail", "gift_word", ["tail", "size"])
    op.create_table(
        "gift_party",
        sa.Column("id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("known_at", AT, nullable=True),
        sa.Column("grown_at", AT, nullable=True),
        sa.Column("stopped_at", AT, nullable=True),
        sa.Column("stopped_by_id", BIG, nullable=True),
        sa.CheckConstraint("(person_id is null) <> (organisation_id is null)", name=op.f("ck_gift_party_one_of_two")),
        sa.CheckConstraint("(stopped_at is null) = (stopped_by_id is null)", name=op.f("ck_gift_party_stopped")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_gift_party_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_gift_party_person_id")),
        sa.ForeignKeyConstraint(["stopped_by_id"], ["person.id"], name=op.f("fk_gift_party_stopped_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_party")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_gift_party_organisation_id")),
        sa.UniqueConstraint("person_id", name=op.f("uq_gift_party_person_id")),
    )
    op.create_table(
        "gift_block",
        sa.Column("id", BIG, nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("against_id", BIG, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.CheckConstraint("by_id <> against_id", name=op.f("ck_gift_block_two_parties")),
        sa.ForeignKeyConstraint(["against_id"], ["gift_party.id"], name=op.f("fk_gift_block_against_id")),
        sa.ForeignKeyConstraint(["by_id"], ["gift_party.id"], name=op.f("fk_gift_block_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_block")),
        sa.UniqueConstraint("by_id", "against_id", name=op.f("uq_gift_block_by_id_against_id")),
    )
    op.create_index(op.f("ix_gift_block_against_id"), "gift_block", ["against_id"])
    op.create_table(
        "gift_post",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("same", sa.Text(), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("hub_id", BIG, nullable=True),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("quantity", BIG, nullable=False),
        sa.Column("promised", BIG, nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reminded_at", AT, nullable=True),
        sa.Column("photo_ref", sa.Text(), nullable=True),
        sa.Column("photo_file", sa.Text(), nullable=True),
        sa.Column("photo_width", BIG, nullable=False),
        sa.Column("photo_height", BIG, nullable=False),
        sa.Column("photo_alt", sa.Text(), nullable=False),
        sa.Column("posted_at", AT, nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("note_number", sa.Text(), nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("kind in ('gift', 'wish')", name=op.f("ck_gift_post_kind")),
        sa.CheckConstraint("reach in ('area', 'linked', 'scheme')", name=op.f("ck_gift_post_reach")),
        sa.CheckConstraint("sort in ('head', 'hands', 'heart', 'give', 'lend')", name=op.f("ck_gift_post_sort")),
        sa.CheckConstraint("status <> 'gone' or promised = quantity", name=op.f("ck_gift_post_gone")),
        sa.CheckConstraint("status = 'open' or words = ''", name=op.f("ck_gift_post_found_while_open")),
        sa.CheckConstraint("status in ('held', 'open', 'paused', 'ended', 'expired', 'gone', 'hidden')", name=op.f("ck_gift_post_status")),
        sa.CheckConstraint("(photo_file is null) = (photo_ref is null)", name=op.f("ck_gift_post_photo")),
        sa.CheckConstraint("promised between 0 and quantity", name=op.f("ck_gift_post_promised")),
        sa.CheckConstraint("quantity between 1 and 99", name=op.f("ck_gift_post_quantity")),
        sa.CheckConstraint("until_day is null or ends_on <= until_day", name=op.f("ck_gift_post_days")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_gift_post_area_id")),
        sa.ForeignKeyConstraint(["hub_id"], ["organisation.id"], name=op.f("fk_gift_post_hub_id")),
        sa.ForeignKeyConstraint(["party_id"], ["gift_party.id"], name=op.f("fk_gift_post_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_post")),
        sa.UniqueConstraint("id", "party_id", name=op.f("uq_gift_post_id_party_id")),
        sa.UniqueConstraint("photo_ref", name=op.f("uq_gift_post_photo_ref")),
        sa.UniqueConstraint("ref", name=op.f("uq_gift_post_ref")),
    )
    op.create_index("ix_gift_post_area_id", "gift_post", ["area_id", "status", "id"])
    op.create_index("ix_gift_post_hub_id", "gift_post", ["hub_id", "status", "id"])
    op.create_index("ix_gift_post_party_id_id", "gift_post", ["party_id", "id"])
    op.create_index("ix_gift_post_status_id", "gift_post", ["status", "id"])
    op.create_index(
        "uq_gift_post_same",
        "gift_post",
        ["party_id", "kind", "same"],
        unique=True,
        sqlite_where=sa.text("status in ('held', 'open', 'paused')"),
        postgresql_where=sa.text("status in ('held', 'open', 'paused')"),
    )
    op.create_table(
        "gift_talk",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("post_id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=False),
        sa.Column("other_id", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("last_at", AT, nullable=False),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("nudged_at", AT, nullable=True),
        sa.Column("closed_by_id", BIG, nullable=True),
        sa.CheckConstraint("status in ('open', 'closed')", name=op.f("ck_gift_talk_status")),
        sa.CheckConstraint("closed_by_id is null or closed_by_id in (owner_id, other_id)", name=op.f("ck_gift_talk_closed_by")),
        sa.CheckConstraint("owner_id <> other_id", name=op.f("ck_gift_talk_two_parties")),
        sa.ForeignKeyConstraint(["other_id"], ["gift_party.id"], name=op.f("fk_gift_talk_other_id")),
        sa.ForeignKeyConstraint(
            ["post_id", "owner_id"], ["gift_post.id", "gift_post.party_id"], name=op.f("fk_gift_talk_post_id_owner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_talk")),
        sa.UniqueConstraint("id", "post_id", "owner_id", "other_id", name=op.f("uq_gift_talk_id_post_id_owner_id_other_id")),
        sa.UniqueConstraint("post_id", "other_id", name=op.f("uq_gift_talk_post_id_other_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_gift_talk_ref")),
    )
    op.create_index("ix_gift_talk_other_id", "gift_talk", ["other_id", "last_at"])
    op.create_index("ix_gift_talk_owner_id", "gift_talk", ["owner_id", "last_at"])
    op.create_table(
        "gift_promise",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("talk_id", BIG, nullable=False),
        sa.Column("post_id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=False),
        sa.Column("other_id", BIG, nullable=False),
        sa.Column("giver_id", BIG, nullable=False),
        sa.Column("quantity", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("starts_at", AT, nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("promised_at", AT, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("reminded_at", AT, nullable=True),
        sa.Column("asked_at", AT, nullable=True),
        sa.Column("done_at", AT, nullable=True),
        sa.Column("thanked_at", AT, nullable=True),
        sa.Column("back_on", sa.Date(), nullable=True),
        sa.Column("back_told", BIG, nullable=False),
        sa.Column("returned_at", AT, nullable=True),
        sa.CheckConstraint("(starts_at is null) = (place = '')", name=op.f("ck_gift_promise_meeting")),
        sa.CheckConstraint("(status in ('handed', 'missed')) = (done_at is not null)", name=op.f("ck_gift_promise_done")),
        sa.CheckConstraint("address = '' or status in ('promised', 'handed')", name=op.f("ck_gift_promise_address")),
        sa.CheckConstraint("returned_at is null or (back_on is not null and status = 'handed')", name=op.f("ck_gift_promise_returned")),
        sa.CheckConstraint("status in ('promised', 'handed', 'missed', 'let_go')", name=op.f("ck_gift_promise_status")),
        sa.CheckConstraint("giver_id in (owner_id, other_id)", name=op.f("ck_gift_promise_giver")),
        sa.CheckConstraint("quantity between 1 and 99", name=op.f("ck_gift_promise_quantity")),
        sa.ForeignKeyConstraint(
            ["talk_id", "post_id", "owner_id", "other_id"],
            ["gift_talk.id", "gift_talk.post_id", "gift_talk.owner_id", "gift_talk.other_id"],
            name=op.f("fk_gift_promise_talk_id_post_id_owner_id_other_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_promise")),
        sa.UniqueConstraint("ref", name=op.f("uq_gift_promise_ref")),
    )
    op.create_index(
        "ix_gift_promise_back_on",
        "gift_promise",
        ["back_on"],
        sqlite_where=sa.text("returned_at is null"),
        postgresql_where=sa.text("returned_at is null"),
    )
    op.create_index("ix_gift_promise_post_id", "gift_promise", ["post_id", "status"])
    op.create_index("ix_gift_promise_status", "gift_promise", ["status", "starts_at"])
    op.create_index("ix_gift_promise_talk_id", "gift_promise", ["talk_id", "id"])
    op.create_index(
        "uq_gift_promise_open",
        "gift_promise",
        ["talk_id"],
        unique=True,
        sqlite_where=sa.text("status = 'promised'"),
        postgresql_where=sa.text("status = 'promised'"),
    )
    op.create_table(
        "gift_said",
        sa.Column("id", BIG, nullable=False),
        sa.Column("talk_id", BIG, nullable=False),
        sa.Column("post_id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=False),
        sa.Column("other_id", BIG, nullable=False),
        sa.Column("from_id", BIG, nullable=False),
        sa.Column("by_person_id", BIG, nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.CheckConstraint(
            "kind in ('words', 'promised', 'meeting', 'let_go', 'handed', 'missed', 'undone', 'thanks', 'back')",
            name=op.f("ck_gift_said_kind"),
        ),
        sa.CheckConstraint("from_id in (owner_id, other_id)", name=op.f("ck_gift_said_of_the_two")),
        sa.ForeignKeyConstraint(["by_person_id"], ["person.id"], name=op.f("fk_gift_said_by_person_id")),
        sa.ForeignKeyConstraint(
            ["talk_id", "post_id", "owner_id", "other_id"],
            ["gift_talk.id", "gift_talk.post_id", "gift_talk.owner_id", "gift_talk.other_id"],
            name=op.f("fk_gift_said_talk_id_post_id_owner_id_other_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_said")),
    )
    op.create_index("ix_gift_said_by_person_id", "gift_said", ["by_person_id", "at"])
    op.create_index("ix_gift_said_talk_id", "gift_said", ["talk_id", "id"])
    op.create_table(
        "gift_look",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("post_id", BIG, nullable=False),
        sa.Column("said_id", BIG, nullable=True),
        sa.Column("by_id", BIG, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("answerable_id", BIG, nullable=True),
        sa.Column("look_by", sa.Date(), nullable=False),
        sa.Column("chased_at", AT, nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("decided_by_id", BIG, nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("(kind = 'message') = (said_id is not null)", name=op.f("ck_gift_look_said")),
        sa.CheckConstraint("(kind in ('report', 'message')) = (by_id is not null)", name=op.f("ck_gift_look_by")),
        sa.CheckConstraint("decision is null or decision in ('shown', 'taken_down', 'settled')", name=op.f("ck_gift_look_decision")),
        sa.CheckConstraint("kind in ('new', 'worry', 'report', 'message')", name=op.f("ck_gift_look_kind")),
        sa.CheckConstraint("(decided_at is null) = (decision is null)", name=op.f("ck_gift_look_decided")),
        sa.ForeignKeyConstraint(["answerable_id"], ["person.id"], name=op.f("fk_gift_look_answerable_id")),
        sa.ForeignKeyConstraint(["by_id"], ["gift_party.id"], name=op.f("fk_gift_look_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_gift_look_decided_by_id")),
        sa.ForeignKeyConstraint(["post_id"], ["gift_post.id"], name=op.f("fk_gift_look_post_id")),
        sa.ForeignKeyConstraint(["said_id"], ["gift_said.id"], name=op.f("fk_gift_look_said_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_look")),
    )
    op.create_index("ix_gift_look_decided_at", "gift_look", ["decided_at", "look_by", "id"])
    op.create_index("ix_gift_look_post_id", "gift_look", ["post_id", "id"])
    op.create_index(
        "uq_gift_look_held",
        "gift_look",
        ["post_id"],
        unique=True,
        sqlite_where=sa.text("decided_at is null and kind in ('new', 'worry')"),
        postgresql_where=sa.text("decided_at is null and kind in ('new', 'worry')"),
    )
    op.create_index(
        "uq_gift_look_message",
        "gift_look",
        ["said_id", "by_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'message'"),
        postgresql_where=sa.text("kind = 'message'"),
    )
    op.create_index(
        "uq_gift_look_report",
        "gift_look",
        ["post_id", "by_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'report'"),
        postgresql_where=sa.text("kind = 'report'"),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("DROP TABLE gift_post_words")
    for table in (
        "gift_look",
        "gift_block",
        "gift_promise",
        "gift_said",
        "gift_talk",
        "gift_draft",
        "gift_word",
        "gift_post",
        "gift_party",
    ):
        op.drop_table(table)
    if not sqlite:
        for table in KEPT:
            op.execute(f"DROP FUNCTION {table}_fixed()")
