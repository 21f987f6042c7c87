"""How migrations run: on the app's own engine, with short lock timeouts, so that a waiting migration never blocks the portal."""

from typing import Any

from alembic import context
from sqlalchemy import Column, text
from sqlalchemy.types import TypeEngine

import portal.books.model
import portal.connecting.model
import portal.events.model
import portal.exports.publish.model
import portal.gifts.matching_model
import portal.gifts.model
import portal.gifts.notes_model
import portal.gifts.talks_model
import portal.grants.bank_model
import portal.grants.by_hand_model
import portal.grants.idea_model
import portal.grants.model
import portal.grants.pooled_model
import portal.grants.wish_model
import portal.history
import portal.ideas.model
import portal.ledger.model
import portal.once
import portal.outbox
import portal.outcomes.model
import portal.panels.model
import portal.people.model
import portal.places.model
import portal.settings.model
import portal.setup.model
import portal.strengths.model
import portal.surveys.equality
import portal.surveys.model
import portal.timebank.evidence_model
import portal.timebank.lines_model
import portal.timebank.merged_model
import portal.timebank.model
import portal.timebank.neighbours_model
import portal.timebank.paper_model
import portal.timebank.posts_model
import portal.timebank.sessions_model
import portal.timebank.spend_model
import portal.timebank.tariff_model
import portal.turns
import portal.work.model  # noqa: F401
from portal.db import Base, Instant, db


def same_type(_context: Any, _inspected: Column[Any], _ours: Column[Any], _theirs: TypeEngine[Any], ours: TypeEngine[Any]) -> bool | None:
    """Our Instant is the database's timestamp; anything else is compared as usual."""
    return False if isinstance(ours, Instant) else None


def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """Leave out what the database makes for itself, and the indexes of words, which a migration by hand makes for each engine."""
    return not (
        name is not None
        and (
            name.startswith(("sqlite_", "application_words", "post_words", "idea_words", "strength_words", "gift_post_words"))
            or name
            in ("ix_application_words", "ix_post_words", "ix_idea_words", "ix_strength_words", "ix_gift_post_words", "ix_person_plain_name")
        )
    )


def plain_type(kind: str, value: Any, _context: Any) -> Any:
    """A migration outlives the code: it names the database's type, not ours."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(value, Instant) else False


def run() -> None:
    # the write lock from the start: of two that migrate at once, the second waits and finds it done
    with db.engine.connect().execution_options(writes=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.detach()  # disconnects at the end, which lets the lock go and forgets the timeouts
            connection.execute(text("SET lock_timeout = '60s'"))
            connection.execute(text("SELECT pg_advisory_lock(hashtext('kindling migrations'))"))
            connection.execute(text("SET lock_timeout = '4s'"))
            connection.execute(text("SET statement_timeout = '300s'"))
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=same_type,
            include_object=ours,
            render_item=plain_type,
            # SQLite's lock ends with a transaction, and between two of them another that migrates would come in
            transaction_per_migration=connection.dialect.name == "postgresql",
            transactional_ddl=True,  # on SQLite too, where db.py says BEGIN: a migration happens whole or not at all
        )
        with context.begin_transaction():
            context.run_migrations()


run()
