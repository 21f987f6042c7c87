"""A neighbourhood with events for tests: the people of the timebank's tests, and a day for each of them by real actions."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from portal.db import db
from portal.events import checkin, coming, planning, queries
from portal.events.coming import Asked
from portal.events.model import Gathering, Guest
from portal.events.rules import Plan
from portal.outbox import Message, messages_about
from portal.people.access import Nobody, Who
from portal.people.model import Organisation
from tests.timebank.bank import Bank, open_bank

MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)  # ten in the morning in London
SATURDAY = date(2026, 6, 6)
ON_SATURDAY = datetime(2026, 6, 6, 9, 30, tzinfo=UTC)
PLAN = Plan(
    kind="fair", title="Ideas fair", what="Bring an idea, or borrow one.", area_id=None, place="The hub, Mill Lane", day=SATURDAY, starts=time(10),
    ends=time(13), places=None, friends=0, step_free="yes", food="Tea and cake",
)  # fmt: skip


@dataclass
class Fair:
    bank: Bank
    tries: int = 0

    def who(self, name: str) -> Who:
        return self.bank.who(name)

    def key(self) -> str:
        self.tries += 1
        return f"try {self.tries}"

    def plan(self, **changes: Any) -> Plan:
        return replace(PLAN, **{"area_id": self.bank.areas["mossgate"], **changes})

    def opened(self, by: str = "Cass", organisation: str = "", every: str = "", until: date | None = None, **changes: Any) -> str:
        """An event; by the connector unless somebody else is named."""
        return planning.plan_event(self.plan(**changes), organisation, self.who(by), once_key=self.key(), every=every, until=until)

    def group(self, name: str, *people: str) -> str:
        """An organisation's reference."""
        self.bank.group(name, *people)
        found = db.session.query(Organisation).filter_by(name=name).one()
        return found.ref

    def event(self, ref: str) -> Gathering:
        db.session.rollback()
        return queries.by_ref(ref)

    def come(self, ref: str, name: str, party: int = 1, *, hear: bool = False) -> str:
        return coming.come(ref, Asked(party, hear), self.who(name), once_key=self.key()).state

    def by_name(self, ref: str, name: str, email: str | None = None, party: int = 1, *, hear: bool = False) -> coming.Came:
        return coming.come(ref, Asked(party, hear, name, email), Nobody(), once_key=self.key())

    def here(self, ref: str, name: str) -> str:
        token = queries.token_of(self.event(ref))
        return checkin.here_by_token(token, checkin.Here(), self.who(name), once_key=self.key())

    def rows(self, ref: str) -> dict[str, Guest]:
        return {queries.name_of(row): row for row in queries.guests(self.event(ref))}

    def states(self, ref: str) -> dict[str, str]:
        return {name: row.state for name, row in self.rows(ref).items()}

    def there(self, ref: str) -> dict[str, int]:
        """Who was there, with how many."""
        return {name: row.here_party for name, row in self.rows(ref).items() if row.here_party}

    def told(self, ref: str, part: str = "") -> list[Message]:
        """Messages of an event whose key has `part`, oldest first."""
        found = messages_about(f"gathering:{self.event(ref).id}")
        return [each for each in reversed(found) if part in each.key]


def open_fair() -> Fair:
    return Fair(open_bank())
