"""What people are told about entries of the map, in the transaction of the fact."""

from collections import defaultdict
from collections.abc import Sequence

from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.people.model import Person
from portal.people.telling import tell
from portal.places.queries import scheme
from portal.strengths import queries, today
from portal.strengths.model import Strength
from portal.web.filters import day as day_words
from portal.words import _, _n

MOST_NAMED = 10


def page_of(row: Strength) -> str:
    """The address of an entry's page."""
    return address_of(f"/strengths/{row.ref}")


def coordinators(area_id: int) -> Sequence[Person]:
    """Who looks after an area: its connectors, or its officers where there is none."""
    return people.holders("connector", at=area_id) or people.holders("officer", at=area_id)


def _theirs(row: Strength) -> list[Person]:
    """Whoever suggested it and who looks after it, each once."""
    someone = people.person(row.suggested_by_id) if row.suggested_by_id is not None else None
    found = {each.id: each for each in queries.keepers_of(row)}
    return [*([someone] if someone is not None and someone.deleted_at is None and someone.id not in found else []), *found.values()]


def _telephone() -> str:
    ours = scheme()
    return ours.telephone if ours is not None else ""


def published(row: Strength) -> None:
    """Whoever suggested it, and who looks after it, hears that it is on the map."""
    values = {"name": row.name, "link": page_of(row)}
    text = Text(
        subject=_("On the map: %(name)s", **values),
        body=_("“%(name)s” is on the map of what we have here now, as you wrote it. Thank you!\n\n%(link)s", **values),
        short=_("“%(name)s” is on the map now. Thank you! %(link)s", **values),
    )
    tell(f"strength:{row.id}:published:{row.version}", queries.about(row), _theirs(row), text)


def turned_down(row: Strength) -> None:
    """The same hear why it is not on the map, and that they may change it."""
    values = {"name": row.name, "why": row.reason, "link": page_of(row)}
    text = Text(
        subject=_("Not on the map yet: %(name)s", **values),
        body=_("What you wrote about “%(name)s” is not on the map yet, because: %(why)s\n\nYou can change it, and we look again:\n\n%(link)s", **values),
        short=_("“%(name)s” is not on the map yet. See why, and change it: %(link)s", **values),
    )  # fmt: skip
    tell(f"strength:{row.id}:turned-down:{row.version}:{row.changed_at.isoformat()}", queries.about(row), _theirs(row), text)


def is_it_still_so(row: Strength) -> None:
    """Ask who looks after it, or else the coordinators there."""
    assert row.review_on is not None
    values = {"name": row.name, "day": day_words(row.review_on), "link": address_of(f"/strengths/{row.ref}/review"), "number": _telephone()}
    text = Text(
        subject=_("Is it still so? %(name)s", **values),
        body=_("“%(name)s” is on the map of what we have here. Is everything still so? Say yes with one tap, or change it:\n\n%(link)s\n\nIf nobody answers, we put it away some time after %(day)s. It can come back.", **values),
        short=_("Is “%(name)s” still right on the map? Say yes with one tap: %(link)s", **values),
        letter=_("“%(name)s” is on the map of what we have here. Is everything still so? Please call %(number)s and tell us.\n\nIf nobody answers, we put it away some time after %(day)s. It can come back.", **values),
    )  # fmt: skip
    to = queries.keepers_of(row) or coordinators(row.area_id)
    tell(f"strength:{row.id}:review:{row.review_on}:{row.nudges}", queries.about(row), to, text)


def put_away(row: Strength) -> None:
    """Nobody answered: who looks after it hears that it is off the map, and how it comes back."""
    values = {"name": row.name, "link": page_of(row)}
    text = Text(
        subject=_("Off the map for now: %(name)s", **values),
        body=_(
            "Nobody told us whether “%(name)s” is still so. It is off the map for now. Bring it back with one tap:\n\n%(link)s", **values
        ),
        short=_("“%(name)s” is off the map for now. Bring it back with one tap: %(link)s", **values),
    )
    to = queries.keepers_of(row) or coordinators(row.area_id)
    tell(f"strength:{row.id}:put-away:{row.review_on}", queries.about(row), to, text)


def keeper_wanted(rows: Sequence[Strength]) -> None:
    """Coordinators are asked to find somebody for entries that nobody looks after any more: one message to each of them."""
    theirs: dict[int, list[Strength]] = defaultdict(list)
    known: dict[int, Person] = {}
    near = {area_id: coordinators(area_id) for area_id in {row.area_id for row in rows}}
    for row in rows:
        for someone in near[row.area_id]:
            known[someone.id] = someone
            theirs[someone.id].append(row)
    for person_id, some in theirs.items():
        names = "\n".join(row.name for row in some[:MOST_NAMED])
        more = _n("and one more", "and %(num)d more", len(some) - MOST_NAMED) if len(some) > MOST_NAMED else ""
        values = {"names": f"{names}\n{more}".strip(), "link": address_of(f"{today.DESK}?part=keepers")}
        text = Text(
            subject=_("Who looks after it? %(name)s", name=some[0].name),
            body=_("Nobody looks after this on the map any more:\n\n%(names)s\n\nPlease ask somebody who knows it, or look after it yourself:\n\n%(link)s", **values),
            short=_("Nobody looks after “%(name)s” on the map any more. Please find somebody: %(link)s", name=some[0].name, link=values["link"]),
        )  # fmt: skip
        key = f"strength:{some[0].id}:keeper:{some[0].keeper_wanted_at.isoformat() if some[0].keeper_wanted_at else ''}:person:{person_id}"
        queue(key, people.addressee_of(known[person_id]), text, about=queries.about(some[0]))


def keeper_welcome(row: Strength) -> None:
    """Whoever offered to look after it hears that they do."""
    values = {"name": row.name, "link": page_of(row)}
    text = Text(
        subject=_("Thank you: you look after %(name)s", **values),
        body=_("You look after “%(name)s” on the map now. Once a year we ask you whether it is still so. Change it whenever you like:\n\n%(link)s", **values),
        short=_("You look after “%(name)s” on the map now. Thank you! %(link)s", **values),
    )  # fmt: skip
    tell(f"strength:{row.id}:welcome:{row.version}", queries.about(row), queries.keepers_of(row), text)
