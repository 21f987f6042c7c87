"""What grants achieved, by ward and heading of community progress: whole for officers, and for everybody without small numbers.

A grant counts once under each heading that it chose, so the numbers of a ward's headings are not to be added to each other.
"""

from collections.abc import Iterator, Mapping

from portal.exports import files
from portal.exports.filters import Filter
from portal.outcomes import counting
from portal.outcomes.rules import HEADINGS, Sums, told
from portal.words import _

NAME = "outcomes"
COLUMNS = ("Ward code", "Ward", "Heading", "Grants", "A lot", "A little", "Not yet", "Nothing said yet", "Hours given")
FEW = "under 5"


def sums(chosen: Filter) -> Iterator[tuple[str, str, str, Sums]]:
    """Ward's code and name, heading, and what is counted of the awards that were decided on the filter's days. One query."""
    for (ward, code, heading), found in counting.by_ward(_which(chosen)).items():
        yield code, ward, heading, found


def by_heading(chosen: Filter) -> Mapping[str, Sums]:
    """The same by heading alone, all of them in their order. One query."""
    return counting.by_heading(_which(chosen))


def _which(chosen: Filter) -> counting.Which:
    return counting.Which(chosen.first_day, chosen.last_day, chosen.fund, chosen.area)


def rows(chosen: Filter, *, public: bool) -> Iterator[files.Row]:
    """The lines of the file. In public numbers under 5, and what would give them away, are said to be that, and then no hours."""
    for code, ward, heading, found in sums(chosen):
        shown = told(found, public=public)
        numbers = [FEW if each is None else each for each in (shown.grants, *shown.parts)]
        yield (code, ward, _(HEADINGS[heading]), *numbers, files.Hours(shown.minutes) if shown.minutes is not None else None)


def content(chosen: Filter, *, public: bool) -> bytes:
    """The file, as CSV."""
    return b"".join(files.csv_chunks(COLUMNS, rows(chosen, public=public)))
