"""What the map of strengths has for a gift or a wish: the two rooms do not know each other, so this one, above both, asks."""

from collections.abc import Collection, Sequence

from portal.gifts.suggestions import ELSEWHERE, Entry
from portal.strengths import queries
from portal.strengths.queries import Filters
from portal.strengths.rules import ONE_OF_KIND
from portal.words import _


def on_the_map(words: Collection[str], limit: int) -> Sequence[Entry]:
    """Published entries that hold any of the words, newest first. One query."""
    rows = queries.SHELF.like(words, queries.listed(Filters()), queries.WHOLE, limit=limit)
    return [
        Entry(
            row.ref, row.name, _(ONE_OF_KIND[row.kind]), f"{row.offers} {row.tags}", row.area, f"/strengths/{row.ref}", row.organisation_id
        )
        for row in rows
    ]


ELSEWHERE.append(on_the_map)
