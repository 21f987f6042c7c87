"""The open data in the demo: most awards signed off and published, a few left to look at, one taken down."""

from typing import TYPE_CHECKING

from portal.exports.publish import publishing, settings, summaries
from portal.history import Actor

if TYPE_CHECKING:
    from portal.demo.story import Story

LEFT = 4  # to look at, the newest
SET = {
    "publisher_name": "Estuary Borough Council (fictional)", "publisher_prefix": "360G-EstuaryDemo", "publisher_id": "GB-LAE-ZZZ", "licence": "ogl",
    "every": "quarterly",
}  # fmt: skip


def tell(story: "Story") -> None:
    """Told at the end, when all awards are there."""
    officer = Actor(story.staff["council-officer"].id)
    with story.at(story.ago(1)):
        settings.change(SET, officer)
        _found, before = summaries.items("waiting", limit=LEFT)
        while before is not None:
            found, before = summaries.items("waiting", before)
            if clear := {each.bid: each.stamp for each in found if each.clear}:
                summaries.sign_off_all(clear, officer)
        publishing.publish(officer)
        signed, _further = summaries.items("signed", limit=1)
        publishing.take_down(signed[0].bid, "The group would rather not be in it", officer)
        publishing.publish_due()
