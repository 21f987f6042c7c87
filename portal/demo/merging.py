"""Somebody and a group that are here twice: one pair has become one, the other waits for a second person."""

from typing import TYPE_CHECKING

from portal.db import transaction
from portal.history import Actor
from portal.merging import actions
from portal.people import actions as people

if TYPE_CHECKING:
    from portal.demo.story import Story


def tell(story: "Story") -> None:
    """Typed from paper, and signed up later; and a group under two spellings."""
    first, second = (Actor(story.staff[who].id) for who in ("council-officer", "second-officer"))
    with story.at(story.ago(5)):
        with transaction():
            paper = people.create_person("Betty Marsh", postal_address="3 Fern Walk")
            signed = people.create_person("Elizabeth Marsh", email="betty.marsh@example.org")
            goes, stays, elizabeth = paper.ref, signed.ref, signed.id
        asked = actions.ask("person", goes, stays, "She told us at the hub that Betty is what friends call her", first)
    with story.at(story.ago(4)):
        actions.confirm(asked, second)
    with story.at(story.ago(1)):
        group, twice = (
            people.found_group(elizabeth, name, "group", None, "", "") for name in ("Fern Walk Friends", "Fernwalk Friends")
        )  # fmt: skip
        actions.ask("organisation", twice, group, "The same people, and the same hall", first)
