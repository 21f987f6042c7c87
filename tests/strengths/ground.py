"""A small map for tests: two wards with an estate, a connector of each, and the same actions that people use."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.history import Actor
from portal.outbox import Message
from portal.people.access import Who
from portal.people.actions import act_for, create_organisation, create_person
from portal.people.model import Organisation, Role
from portal.places.model import Area, Scheme, WardCode
from portal.strengths import actions, desk, leaving, queries
from portal.strengths.model import Strength
from portal.strengths.rules import Draft

assert leaving  # what is forgotten when somebody leaves
PLAIN = Draft("people", "Mossgate Choir", "We sing what we like.", None, contact="Just come along")


@dataclass
class Ground:
    people: dict[str, Who] = field(default_factory=dict)
    areas: dict[str, int] = field(default_factory=dict)

    def who(self, name: str) -> Who:
        return self.people[name]

    def join(self, name: str, area: str = "mossgate", *roles: str, at: str | None = None) -> Who:
        """Somebody new; `at`: the area for which the roles are, with all inside it."""
        with transaction():
            made = create_person(name, email=f"{name.lower()}@example.org", area_id=self.areas[area])
            here = None if at is None else self.areas[at]
            for role in roles:
                db.session.add(Role(person_id=made.id, name=role, since=clock.today() - timedelta(days=1), reason="test", area_id=here))
            inside = [here] if at != "mossgate" else [here, self.areas["larch-court"]]
            who = Who(made.id, made.ref, name, made.area_id, frozenset((role, area_id) for role in roles for area_id in inside))
        self.people[name] = who
        return who

    def group(self, name: str, *people: str) -> str:
        """An organisation and who acts for it; its reference."""
        with transaction():
            made = create_organisation(name, "group", self.areas["mossgate"], Actor(self.who(people[0]).id))
            for each in people:
                act_for(self.who(each).id, made.id, Actor(self.who(each).id))
            id_, ref = made.id, made.ref
        for each in people:
            self.people[each] = replace(self.people[each], acts_for=self.people[each].acts_for | {id_})
        return ref

    def draft(self, name: str = "Mossgate Choir", area: str = "mossgate", **changes: Any) -> Draft:
        return replace(PLAIN, name=name, area_id=self.areas[area], **changes)

    def suggest(self, who: str = "Maya", name: str = "Mossgate Choir", area: str = "mossgate", *, keeper: str = "", again: bool = False, **changes: Any) -> str:  # fmt: skip
        return actions.suggest(self.draft(name, area, **changes), self.who(who), keeper=keeper, again=again, once_key=uuid.uuid4().hex)

    def published(self, who: str = "Maya", name: str = "Mossgate Choir", area: str = "mossgate", *, by: str = "Olga", months: int = 12, initiative: bool = False, **more: Any) -> str:  # fmt: skip
        ref = self.suggest(who, name, area, **more)
        desk.publish(ref, self.who(by), shown=1, months=months, initiative=initiative)
        return ref


def begin() -> Ground:
    """Mossgate with Larch Court in it, and Riverside; Olga the officer, Cass the connector of Mossgate, Rob the one of Riverside, Maya, Idris."""
    ground = Ground()
    with transaction():
        db.session.add(Scheme(id=1, name="Estuary Together", short_name="Estuary", email="hello@estuary.example", telephone="01375 000000"))
        top = Area(code="estuary", name="Estuary", kind="scheme")
        db.session.add(top)
        db.session.flush()
        for code, name, kind, parent in (("mossgate", "Mossgate", "ward", None), ("riverside", "Riverside", "ward", None), ("larch-court", "Larch Court", "estate", "mossgate")):  # fmt: skip
            area = Area(code=code, name=name, kind=kind, parent_id=ground.areas[parent] if parent else top.id)
            db.session.add(area)
            db.session.flush()
            ground.areas[code] = area.id
        ground.areas["estuary"] = top.id
        db.session.add(WardCode(area_id=ground.areas["mossgate"], ons_code="E05000001", valid_from=clock.today() - timedelta(days=400)))
    ground.join("Olga", "mossgate", "officer")
    ground.join("Cass", "mossgate", "connector", at="mossgate")
    ground.join("Rob", "riverside", "connector", at="riverside")
    ground.join("Maya")
    ground.join("Idris")
    return ground


def the(ref: str) -> Strength:
    """As it stands now."""
    db.session.rollback()
    return queries.by_ref(ref)


def told(ground: Ground, name: str) -> list[str]:
    """Subjects of what somebody was told, oldest first."""
    db.session.rollback()
    query = select(Message.subject).where(Message.person_id == ground.who(name).id, Message.about.like("strength:%"))
    return list(db.session.scalars(query.order_by(Message.id)))


def organisation(ref: str) -> Organisation:
    return db.session.scalars(select(Organisation).where(Organisation.ref == ref)).one()
