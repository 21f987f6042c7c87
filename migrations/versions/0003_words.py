"""Full-text search of the register: the database's own index over what everybody may read, titles and summaries."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE VIRTUAL TABLE application_words USING fts5(title, public_summary, content='application', content_rowid='id', tokenize='porter unicode61')",
    "CREATE TRIGGER application_words_in AFTER INSERT ON application BEGIN INSERT INTO application_words(rowid, title, public_summary) VALUES (NEW.id, NEW.title, NEW.public_summary); END",
    "CREATE TRIGGER application_words_out AFTER DELETE ON application BEGIN INSERT INTO application_words(application_words, rowid, title, public_summary) VALUES ('delete', OLD.id, OLD.title, OLD.public_summary); END",
    "CREATE TRIGGER application_words_on AFTER UPDATE OF title, public_summary ON application BEGIN INSERT INTO application_words(application_words, rowid, title, public_summary) VALUES ('delete', OLD.id, OLD.title, OLD.public_summary); INSERT INTO application_words(rowid, title, public_summary) VALUES (NEW.id, NEW.title, NEW.public_summary); END",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_application_words ON application USING gin (to_tsvector('english', title || ' ' || public_summary))")
        return
    for statement in SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_application_words")
        return
    for name in ("in", "out", "on"):
        op.execute(f"DROP TRIGGER application_words_{name}")
    op.execute("DROP TABLE application_words")
