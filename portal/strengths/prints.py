"""The directory on paper: what a place has, by area and kind, as a tagged PDF, also in large print."""

from collections.abc import Sequence
from itertools import groupby

from portal import clock
from portal.errors import Refused
from portal.places.model import Area, Scheme
from portal.strengths import queries, rules
from portal.strengths.model import Strength
from portal.strengths.queries import Filters
from portal.web.documents import Block, Document, Facts, Heading, Text
from portal.web.filters import day as day_words
from portal.web.forms import show_phone
from portal.words import _

AT_ONCE = 400  # entries of one PDF: some seconds to draw


def directory(scheme: Scheme, filters: Filters, area: Area | None, *, large: bool) -> Document:
    """The entries that pass the filters. Refused: none, or more than one PDF takes; then an area or a kind is to be chosen."""
    rows = queries.in_order(filters, AT_ONCE + 1)
    if not rows:
        raise Refused(_("There is nothing of that kind there yet, so there is nothing to print."))
    if len(rows) > AT_ONCE:
        raise Refused(_("That is too much for one paper. Choose an area or a kind first."))
    where = area.name if area is not None else scheme.name
    title = _("What we have in %(area)s", area=where)
    if filters.kind:
        title = _("%(kind)s in %(area)s", kind=_(rules.KIND_WORDS[filters.kind]), area=where)
    blocks: list[Block] = [
        Text(_("As we know it on %(day)s. Things change: ask before you go.", day=day_words(clock.now()))),
        Text(_("Is something wrong or missing? Call us on %(number)s.", number=scheme.telephone)),
    ]
    for name, here in groupby(rows, key=lambda row: row.area.name):
        blocks.append(Heading(name))
        for kind, some in groupby(here, key=lambda row: row.kind):
            blocks.append(Heading(_(rules.KIND_WORDS[kind]), level=3))
            for row in some:
                blocks += entry(row)
    latest = max(row.changed_at for row in rows)
    return Document(title, scheme.name, _("Directory, %(day)s", day=day_words(clock.now())), latest, blocks, large=large)


def entry(row: Strength) -> Sequence[Block]:
    """One entry: its name in bold with what it offers, then the facts that one needs to get there."""
    return [Text(row.offers, lead=f"{row.name}.")] + ([Facts(found)] if (found := facts(row)) else [])


def facts(row: Strength) -> list[tuple[str, str]]:
    """What one needs to know to get there, as (name, value)."""
    links = ", ".join(link.removeprefix("https://").rstrip("/") for link in rules.links_of(row.links))
    named = (
        (_("When"), row.when_words),
        (_("Where"), row.place),
        (_("How people meet"), ", ".join(_(rules.WAY_WORDS[way]) for way in row.ways.split(", ") if way)),
        (_("Getting in"), ". ".join(part for part in (", ".join(_(rules.ACCESS_WORDS[code]) for code in row.access.split(", ") if code), row.access_words) if part)),
        (_("Get in touch"), row.contact),
        (_("Telephone"), show_phone(row.phone) if row.phone else ""),
        (_("E-mail"), row.email),
        (_("Web page"), links),
    )  # fmt: skip
    return [(name, value) for name, value in named if value]
