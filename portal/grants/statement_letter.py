"""A funder's year on paper: what came in, what became of it, what is left; as a page and as a tagged PDF from the same words."""

from collections.abc import Sequence
from datetime import date

from portal import clock
from portal.grants.model import Funder
from portal.grants.statements import Idea, Year
from portal.money import financial_year, pounds, year_bounds
from portal.places.model import Scheme
from portal.web.documents import Block, Document, Facts, Heading, Table, Text
from portal.words import _


def letter(funder: Funder, year: str, lines: Sequence[Year], ideas: Sequence[Idea], scheme: Scheme, *, large: bool = False) -> Document:
    """One financial year of one funder. `lines`: those of this year."""
    first, last = year_bounds(year)
    today = clock.today()
    until = min(today, last)
    return Document(
        title=_("Statement for %(name)s, %(year)s", name=funder.name, year=year),
        author=scheme.name,
        ref=f"{funder.code} {year}",
        as_at=clock.start_of_day(until),
        blocks=[*_sums(funder, first, until, lines), *_ideas(ideas, year), *_end(scheme)],
        note=_("This year is not over yet") if year == financial_year(today) else "",
        large=large,
    )


def _sums(funder: Funder, first: date, until: date, lines: Sequence[Year]) -> list[Block]:
    days = {"first": clock.in_words(first), "last": clock.in_words(until)}
    found: list[Block] = [
        Text(_("Thank you for what you do for neighbours here. This is what became of your money from %(first)s to %(last)s.", **days))
    ]
    if not lines:
        return [*found, Text(_("Nothing moved in this year."))]
    names = {
        "came": _("You put in"), "back": _("Went back to you"), "promised": _("Promised to ideas"), "returned": _("Came back from ideas"),
        "paid": _("Paid to ideas"), "left": _("Left of your money at the end"),
    }  # fmt: skip
    found.append(Facts([(words, pounds(sum(getattr(each, name) for each in lines))) for name, words in names.items()]))
    if len(lines) > 1:
        head = [_("Fund"), *names.values()]
        rows = [[each.fund.name, *(pounds(getattr(each, name)) for name in names)] for each in lines]
        found.append(Table(_("By fund"), head, rows, numbers=tuple(range(1, len(head)))))
    found.append(Text(_("Several funders share a fund. Each promise takes from everybody in proportion to what they have free in it at that moment, to the penny."), quiet=True))  # fmt: skip
    return found


def _ideas(ideas: Sequence[Idea], year: str) -> list[Block]:
    if not ideas:
        return []
    head = [_("Idea"), _("Promised on"), _("Grant"), _("Of it yours")]
    rows = [[each.title, clock.in_words(each.taken_on), pounds(each.grant), pounds(each.share)] for each in ideas]
    return [Heading(_("Ideas that your money helps")), Table(_("Grants of %(year)s", year=year), head, rows, numbers=(2, 3))]


def _end(scheme: Scheme) -> list[Block]:
    at = ", ".join(each for each in (scheme.email, scheme.telephone) if each)
    return [Text(_("Is something not as you have it? Write or call us: %(at)s.", at=at))] if at else []
