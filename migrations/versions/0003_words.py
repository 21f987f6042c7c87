"""Full-text search of the register: the database's own index over titles, summaries and group names."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE VIRTUAL TABLE application_words USING fts5(title, public_summary, group_name, content='application', content_rowid='id', tokenize='porter unicode61')",
    "CREATE TRIGGER application_words_in AFTER INSERT ON application BEGIN INSERT INTO application_words(rowid, title, public_summary, group_name) VALUES (NEW.id, NEW.title, NEW.public_summary, NEW.group_name); END",
    "CREATE TRIGGER application_words_out AFTER DELETE ON application BEGIN INSERT INTO application_words(application_words, rowid, title, public_summary, group_name) VALUES ('delete', OLD.id, OLD.title, OLD.public_summary, OLD.group_name); END",
    "CREATE TRIGGER application_words_on AFTER UPDATE OF title, public_summary, group_name ON application BEGIN INSERT INTO application_words(application_words, rowid, title, public_summary, group_name) VALUES ('delete', OLD.id, OLD.title, OLD.public_summary, OLD.group_name); INSERT INTO application_words(rowid, title, public_summary, group_name) VALUES (NEW.id, NEW.title, NEW.public_summary, NEW.group_name); END",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX ix_application_words ON application USING gin (to_tsvector('english', title || ' ' || public_summary || ' ' || group_name))"
        )
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
