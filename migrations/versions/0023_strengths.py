"""The map of strengths: entries with their search, what they said before, files that brought some, and how areas are drawn."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
OUT = "INSERT INTO strength_words(strength_words, rowid, words) VALUES ('delete', OLD.id, OLD.words);"
IN = "INSERT INTO strength_words(rowid, words) VALUES (NEW.id, NEW.words);"
KEPT = "strength: never deleted"
FIXED = "strength: its address stays"

SQLITE = (
    "CREATE VIRTUAL TABLE strength_words USING fts5(words, content='strength', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')",
    f"CREATE TRIGGER strength_words_in AFTER INSERT ON strength WHEN NEW.words <> '' BEGIN {IN} END",
    f"CREATE TRIGGER strength_words_off AFTER UPDATE OF words ON strength WHEN OLD.words <> '' AND NEW.words = '' BEGIN {OUT} END",
    f"CREATE TRIGGER strength_words_on AFTER UPDATE OF words ON strength WHEN OLD.words = '' AND NEW.words <> '' BEGIN {IN} END",
    f"CREATE TRIGGER strength_words_new AFTER UPDATE OF words ON strength WHEN OLD.words <> '' AND NEW.words <> '' AND OLD.words <> NEW.words BEGIN {OUT} {IN} END",
    f"CREATE TRIGGER strength_fixed BEFORE UPDATE ON strength WHEN NEW.id IS NOT OLD.id OR NEW.ref IS NOT OLD.ref BEGIN SELECT RAISE(ABORT, '{FIXED}'); END",
    f"CREATE TRIGGER strength_kept BEFORE DELETE ON strength BEGIN SELECT RAISE(ABORT, '{KEPT}'); END",
    f"""CREATE TRIGGER strength_no_replace BEFORE INSERT ON strength WHEN EXISTS (SELECT 1 FROM strength WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, '{KEPT}'); END""",
)
POSTGRESQL = (
    "CREATE INDEX ix_strength_words ON strength USING gin (to_tsvector('english', words)) WHERE words <> ''",
    f"""CREATE FUNCTION strength_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '{KEPT}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.ref IS DISTINCT FROM OLD.ref THEN
    RAISE EXCEPTION '{FIXED}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON strength FOR EACH ROW EXECUTE FUNCTION strength_fixed()",
    "CREATE TRIGGER emptied BEFORE TRUNCATE ON strength FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    op.create_table(
        "strength_import",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("made", BIG, nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("undone_at", AT, nullable=True),
        sa.Column("undone_by_id", BIG, nullable=True),
        sa.CheckConstraint("(undone_at is null) = (undone_by_id is null)", name=op.f("ck_strength_import_undone")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_strength_import_by_id")),
        sa.ForeignKeyConstraint(["undone_by_id"], ["person.id"], name=op.f("fk_strength_import_undone_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strength_import")),
        sa.UniqueConstraint("ref", name=op.f("uq_strength_import_ref")),
    )
    op.create_table(
        "strength",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("offers", sa.Text(), nullable=False),
        sa.Column("ways", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("contact_public", sa.Boolean(), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("open_door", sa.Boolean(), nullable=False),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("access_words", sa.Text(), nullable=False),
        sa.Column("when_words", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("latitude", BIG, nullable=True),
        sa.Column("longitude", BIG, nullable=True),
        sa.Column("initiative", sa.Boolean(), nullable=False),
        sa.Column("keeper_id", BIG, nullable=True),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("keeper_wanted_at", AT, nullable=True),
        sa.Column("offer_by_id", BIG, nullable=True),
        sa.Column("offer_at", AT, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("suggested_by_id", BIG, nullable=True),
        sa.Column("suggested_at", AT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_at", AT, nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("nudges", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=True),
        sa.Column("archived_at", AT, nullable=True),
        sa.Column("merged_into_id", BIG, nullable=True),
        sa.Column("import_id", BIG, nullable=True),
        sa.Column("import_key", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.CheckConstraint("kind in ('people', 'place', 'culture', 'support', 'enterprise')", name=op.f("ck_strength_kind")),
        sa.CheckConstraint(
            "status in ('suggested', 'published', 'turned_down', 'archived', 'merged', 'undone')", name=op.f("ck_strength_status")
        ),
        sa.CheckConstraint("kind = 'support' or ways = ''", name=op.f("ck_strength_ways")),
        sa.CheckConstraint("contact_public or (email = '' and phone = '')", name=op.f("ck_strength_contact")),
        sa.CheckConstraint("(latitude is null) = (longitude is null)", name=op.f("ck_strength_position")),
        sa.CheckConstraint(
            "latitude is null or (open_door and latitude between -90000 and 90000 and longitude between -180000 and 180000)",
            name=op.f("ck_strength_on_earth"),
        ),
        sa.CheckConstraint("(status = 'merged') = (merged_into_id is not null)", name=op.f("ck_strength_merged")),
        sa.CheckConstraint("merged_into_id is null or merged_into_id <> id", name=op.f("ck_strength_merged_elsewhere")),
        sa.CheckConstraint(
            "status <> 'published' or (review_on is not null and published_at is not null)", name=op.f("ck_strength_review")
        ),
        sa.CheckConstraint("(status = 'archived') = (archived_at is not null)", name=op.f("ck_strength_archived")),
        sa.CheckConstraint("status = 'published' or words = ''", name=op.f("ck_strength_found_while_published")),
        sa.CheckConstraint("(offer_by_id is null) = (offer_at is null)", name=op.f("ck_strength_offer")),
        sa.CheckConstraint("(import_id is null) = (import_key is null)", name=op.f("ck_strength_import")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_strength_area_id")),
        sa.ForeignKeyConstraint(["keeper_id"], ["person.id"], name=op.f("fk_strength_keeper_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_strength_organisation_id")),
        sa.ForeignKeyConstraint(["offer_by_id"], ["person.id"], name=op.f("fk_strength_offer_by_id")),
        sa.ForeignKeyConstraint(["suggested_by_id"], ["person.id"], name=op.f("fk_strength_suggested_by_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["strength.id"], name=op.f("fk_strength_merged_into_id")),
        sa.ForeignKeyConstraint(["import_id"], ["strength_import.id"], name=op.f("fk_strength_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strength")),
        sa.UniqueConstraint("ref", name=op.f("uq_strength_ref")),
    )
    op.create_index("ix_strength_status_area", "strength", ["status", "area_id", "id"])
    op.create_index("ix_strength_review_on", "strength", ["status", "review_on"])
    op.create_index("ix_strength_name_key", "strength", ["name_key", "area_id"])
    for column in ("keeper_id", "organisation_id", "suggested_by_id", "merged_into_id", "import_id"):
        op.create_index(f"ix_strength_{column}", "strength", [column])
    came = sa.text("import_key is not null and status <> 'undone'")
    op.create_index("uq_strength_import_key", "strength", ["import_key"], unique=True, sqlite_where=came, postgresql_where=came)
    op.create_table(
        "strength_known",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("uses", BIG, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.CheckConstraint("uses >= 0", name=op.f("ck_strength_known_uses")),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_strength_known")),
    )
    op.create_index("ix_strength_known_head", "strength_known", ["head", "size"])
    op.create_index("ix_strength_known_tail", "strength_known", ["tail", "size"])
    op.create_table(
        "strength_version",
        sa.Column("id", BIG, nullable=False),
        sa.Column("strength_id", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("by_id", BIG, nullable=True),
        sa.Column("at", AT, nullable=False),
        sa.ForeignKeyConstraint(["strength_id"], ["strength.id"], name=op.f("fk_strength_version_strength_id")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_strength_version_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strength_version")),
        sa.UniqueConstraint("strength_id", "version", name=op.f("uq_strength_version_strength_id_version")),
    )
    op.create_table(
        "area_shape",
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("tile_column", BIG, nullable=True),
        sa.Column("tile_row", BIG, nullable=True),
        sa.Column("outline", sa.JSON(), nullable=True),
        sa.Column("changed_at", AT, nullable=False),
        sa.CheckConstraint("(tile_column is null) = (tile_row is null)", name=op.f("ck_area_shape_tile")),
        sa.CheckConstraint(
            "tile_column is null or (tile_column between 1 and 30 and tile_row between 1 and 30)", name=op.f("ck_area_shape_grid")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_area_shape_area_id")),
        sa.PrimaryKeyConstraint("area_id", name=op.f("pk_area_shape")),
        sa.UniqueConstraint("tile_column", "tile_row", name=op.f("uq_area_shape_tile_column_tile_row")),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("DROP TABLE strength_words")
    for table in ("area_shape", "strength_version", "strength_known", "strength", "strength_import"):
        op.drop_table(table)
    if not sqlite:
        op.execute("DROP FUNCTION strength_fixed()")
