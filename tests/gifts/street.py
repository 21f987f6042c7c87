"""A street with a gift board for tests: real actions, so that a story reads like a week in the neighbourhood."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.gifts import care, parties, posts, promises, rules, talks
from portal.gifts.model import GiftParty, GiftPost
from portal.gifts.talks_model import GiftLook, GiftPromise, GiftSaid, GiftTalk
from portal.history import Actor
from portal.outbox import Message
from portal.people.access import Who
from portal.people.actions import act_for, create_organisation, create_person
from portal.people.model import Role
from portal.places.model import Area, Scheme

PLAIN = rules.Draft(kind="gift", sort="give", title="A child’s bike, blue", area_id=None)


@dataclass
class Street:
    """People and organisations by name, areas by code."""

    people: dict[str, Who] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    areas: dict[str, int] = field(default_factory=dict)

    def who(self, name: str) -> Who:
        return self.people[name]

    def move_in(self, name: str, area: str = "mossgate", *roles: str, known: bool = True, at: str | None = None) -> Who:
        """Somebody new; `known`: a person let something of theirs onto the board before; `at`: where the roles are for."""
        place = self.areas[at] if at else None
        with transaction():
            made = create_person(name, email=f"{name.lower().replace(' ', '.')}@example.org", area_id=self.areas[area])
            for role in roles:
                db.session.add(Role(person_id=made.id, name=role, area_id=place, since=clock.today() - timedelta(days=1), reason="test"))
            if known:
                party = parties.enter(person_id=made.id)
                party.known_at = party.grown_at = clock.now()
            self.people[name] = Who(made.id, made.ref, name, made.area_id, frozenset((role, place) for role in roles))
        return self.people[name]

    def found(self, group: str, *people: str, kind: str = "group") -> int:
        """An organisation, known at the boards, and who acts for it; returns its id."""
        with transaction():
            made = create_organisation(group, kind, self.areas["mossgate"], Actor(self.who(people[0]).id))
            for each in people:
                act_for(self.who(each).id, made.id, Actor(self.who(each).id))
            party = parties.enter(organisation_id=made.id)
            party.known_at = clock.now()
            self.groups[group] = made.id
        for each in people:
            self.people[each] = replace(self.people[each], acts_for=self.people[each].acts_for | {self.groups[group]})
        return self.groups[group]

    def put_up(self, name: str, title: str = "A child’s bike, blue", *, area: str = "mossgate", group: str = "", **changes: object) -> str:
        """Somebody posts; returns the reference. `changes`: what the draft says otherwise."""
        draft = replace(PLAIN, title=title, area_id=self.areas[area], **changes)  # type: ignore[arg-type]
        return posts.post(draft, self.who(name), organisation_id=self.groups.get(group), grown=True, once_key=uuid.uuid4().hex)

    def write(self, name: str, post: str, words: str = "I would love that.", *, group: str = "") -> str:
        """Somebody is interested; returns the talk's reference."""
        return talks.interested(post, words, self.who(name), organisation_id=self.groups.get(group), grown=True, once_key=uuid.uuid4().hex)

    def promise(self, name: str, talk: str, pieces: int = 1, **how: object) -> str:
        return promises.promise(talk, pieces, self.who(name), once_key=uuid.uuid4().hex, **how)  # type: ignore[arg-type]

    def handed(self, owner: str, other: str, post: str = "") -> str:
        """From interest to handover; returns the promise's reference."""
        ref = self.promise(owner, self.write(other, post or self.put_up(owner)))
        promises.handed(ref, self.who(owner))
        return ref

    def party(self, name: str) -> GiftParty:
        db.session.rollback()
        mine = GiftParty.organisation_id == self.groups[name] if name in self.groups else GiftParty.person_id == self.who(name).id
        return db.session.scalars(select(GiftParty).where(mine)).one()


def open_street() -> Street:
    """Mossgate and Riverside in Estuary; Maya and Idris in Mossgate, Walter in Riverside, Olga the officer, Cass the connector."""
    street = Street()
    with transaction():
        db.session.add(Scheme(id=1, name="Estuary Together", short_name="Estuary", email="hello@estuary.example", telephone="01375 000000"))
        top = None
        for code, name in (("estuary", "Estuary"), ("mossgate", "Mossgate"), ("riverside", "Riverside")):
            area = Area(code=code, name=name, kind="ward" if top else "scheme", parent_id=top)
            db.session.add(area)
            db.session.flush()
            top = top or area.id
            street.areas[code] = area.id
    street.move_in("Olga", "mossgate", "officer")
    street.move_in("Cass", "mossgate", "connector")
    for name, home in (("Maya", "mossgate"), ("Idris", "mossgate"), ("Walter", "riverside")):
        street.move_in(name, home)
    return street


def the_post(ref: str) -> GiftPost:
    """As it stands now."""
    db.session.rollback()
    return db.session.scalars(select(GiftPost).where(GiftPost.ref == ref)).one()


def the_promise(ref: str) -> GiftPromise:
    db.session.rollback()
    return db.session.scalars(select(GiftPromise).where(GiftPromise.ref == ref)).one()


def looks() -> list[GiftLook]:
    """What waits for a look, the oldest first."""
    db.session.rollback()
    return sorted(care.waiting(None), key=lambda each: each.id)


def said(talk: str) -> list[tuple[str, str]]:
    """(kind, words) of a talk, oldest first."""
    db.session.rollback()
    query = select(GiftSaid).join(GiftTalk, GiftTalk.id == GiftSaid.talk_id).where(GiftTalk.ref == talk)
    return [(each.kind, each.words) for each in db.session.scalars(query.order_by(GiftSaid.id))]


def told(name: str) -> list[str]:
    """Subjects of what somebody was told, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(Message.subject).where(Message.to_name == name).order_by(Message.id)))


def soon(days: int = 2, hour: int = 10) -> datetime:
    """An instant some days ahead."""
    return (clock.now() + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
