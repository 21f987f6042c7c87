"""A small timebank for tests: real actions, so that a story reads like a week in the neighbourhood."""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta

from portal import clock
from portal.db import db, transaction
from portal.history import Actor
from portal.ledger import checks
from portal.ledger import queries as books
from portal.money import Minutes
from portal.people.access import Who
from portal.people.actions import act_for, create_organisation, create_person
from portal.people.model import Role
from portal.places.model import Area, Scheme
from portal.timebank import exchange, members
from portal.timebank.model import Exchange, Member
from portal.timebank.rules import TimeRules
from portal.worker import CACHES


@dataclass
class Bank:
    """The people by name, and the number on each one's card."""

    people: dict[str, Who] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    areas: dict[str, int] = field(default_factory=dict)

    def who(self, name: str) -> Who:
        return self.people[name]

    def actor(self, name: str) -> Actor:
        return Actor(self.people[name].id)

    def member(self, name: str) -> Member:
        db.session.rollback()
        return members.by_ref(self.cards[name])

    def join(
        self, name: str, area: str = "mossgate", *roles: str, email: str | None = "", phone: str | None = None, postal: str = ""
    ) -> Who:
        """Somebody new who joins; `email` "" gives them one, None none."""
        with transaction():
            made = create_person(
                name, email=f"{name.lower().replace(' ', '.')}@example.org" if email == "" else email, phone=phone, area_id=self.areas[area],
                postal_address=postal,
            )  # fmt: skip
            for role in roles:
                db.session.add(Role(person_id=made.id, name=role, since=clock.today() - timedelta(days=1), reason="test"))
            who = Who(made.id, made.ref, name, made.area_id, frozenset((role, None) for role in roles))
        self.people[name] = who
        self.cards[name] = members.join(who.id, self.areas[area], True, Actor(who.id))
        return who

    def group(self, name: str, *people: str, area: str = "mossgate") -> str:
        """An organisation that is a member, and who acts for it; returns its number."""
        with transaction():
            made = create_organisation(name, "group", self.areas[area], self.actor(people[0]))
            for each in people:
                act_for(self.who(each).id, made.id, self.actor(each))
            id_ = made.id
        for each in people:
            before = self.people[each]
            self.people[each] = Who(before.id, before.ref, before.name, before.area_id, before.roles, before.acts_for | {id_})
        self.cards[name] = members.join_organisation(id_, self.areas[area], self.actor(people[0]))
        return self.cards[name]

    def log(
        self, mine: str, way: str, other: str, minutes: int = 60, *, day: date | None = None, kind: str = "garden", actor: Actor | None = None,
        again: bool = False, key: str = "",
    ) -> str:  # fmt: skip
        return exchange.log(
            self.cards[mine], self.cards[other], way, minutes, kind, day or clock.today(), "", actor or self.actor(mine),
            once_key=key or uuid.uuid4().hex, again=again,
        )  # fmt: skip

    def settled(self, giver: str, receiver: str, minutes: int = 60, **how: object) -> str:
        """Written down by the giver, a yes from the receiver."""
        ref = self.log(giver, "gave", receiver, minutes, again=True, **how)  # type: ignore[arg-type]
        exchange.answer(ref, minutes, "", self.who(receiver), shown=minutes)
        return ref

    def entry(self, ref: str) -> Exchange:
        db.session.rollback()
        return exchange.by_ref(ref)

    def waits(self, here: frozenset[int] | None) -> list[Exchange]:
        """What waits for a coordinator of these areas; None: of all."""
        return list(db.session.scalars(exchange.waiting_query(here).order_by(Exchange.id)))

    def has(self, name: str) -> int:
        """A balance in minutes."""
        return books.balance(f"member:{self.cards[name]}")


def open_bank(rules: TimeRules | None = None) -> Bank:
    """Two areas; Maya and Idris in Mossgate, Walter in Riverside, Olga the officer, Cass the connector (both members)."""
    bank = Bank()
    with transaction():
        db.session.add(Scheme(id=1, name="Estuary Together", short_name="Estuary", email="hello@estuary.example", telephone="01375 000000"))
        for code, name in (("mossgate", "Mossgate"), ("riverside", "Riverside")):
            area = Area(code=code, name=name, kind="ward")
            db.session.add(area)
            db.session.flush()
            bank.areas[code] = area.id
    members.open_timebank(rules or TimeRules(), Actor(None))
    bank.join("Olga", "mossgate", "officer")
    bank.join("Cass", "mossgate", "connector")
    bank.join("Maya")
    bank.join("Idris")
    bank.join("Walter", "riverside")
    return bank


def lend(bank: Bank, name: str, minutes: int) -> None:
    """Give somebody hours out of nowhere that a test does not tell about."""
    from portal.ledger.posting import Line, post

    with transaction():
        post(
            [Line(members.ISSUE, f"member:{bank.cards[name]}", Minutes(minutes))], key=f"form:{uuid.uuid4()}", kind="starting credit", about="test",
            sentence="Starting credit", actor="scheme",
        )  # fmt: skip


def assert_books_are_right() -> None:
    """The whole ledger check, with every cache; and the whole book of time is zero."""
    report = checks.check(full=True, caches=CACHES)
    assert report.ok, report.broken
    assert sum(line.balance for line in books.trial_balance("MIN")) == 0
