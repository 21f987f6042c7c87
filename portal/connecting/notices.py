"""The one letter of this room: to somebody without e-mail, whose yes a coordinator wrote down."""

from portal import clock
from portal.outbox import Text, queue
from portal.people import queries as people
from portal.people.model import Person
from portal.places.queries import scheme
from portal.words import _


def said_yes(someone: Person, about: str) -> None:
    """How it works and how to stop, as a part of the action."""
    there = scheme()
    values = {"telephone": there.telephone if there is not None else ""}
    text = Text(
        subject=_("You may be introduced and asked"),
        body=_(
            "You told us that coordinators may introduce you to others and ask you to lead something.\n\nThey note whom they introduced you to, about what, and what came of it; and what they asked you, and your answer. Only connectors and officers who help where you live, or where the other one lives, or everywhere, see it, and we note who looked. Each line goes after two years. We read it out to you whenever you ask, and who looked, and delete any line.\n\nTo stop, call %(telephone)s. Everything is deleted at once. If you did not say this, call us too.",
            **values,
        ),
        short=_("You told us that we may introduce you and ask you to lead something. To stop, call %(telephone)s.", **values),
    )  # fmt: skip
    queue(f"{about}:on:{clock.now():%Y%m%d%H%M%S}", people.addressee_of(someone), text, about=about)
