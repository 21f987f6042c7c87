"""The committee's report: the figures of a time as a document, drawn as a tagged PDF."""

from datetime import date

from portal import clock
from portal.exports.dashboard.figures import Figures, Sum, most
from portal.exports.filters import Filter
from portal.grants import queries as grants
from portal.money import Minutes, Pence, hours, pounds
from portal.outcomes.rules import HEADINGS, HOW_FAR
from portal.places import queries as places
from portal.web.documents import Block, Document, Facts, Heading, Table, Text
from portal.web.filters import day as day_words
from portal.web.filters import month as month_words
from portal.words import _, _n


def title(chosen: Filter) -> str:
    """What the report is called."""
    first, last = day_words(chosen.first_day), day_words(chosen.last_day)
    return _("Grants and time, %(first)s to %(last)s", first=first, last=last)


def narrowed(chosen: Filter) -> list[str]:
    """The fund and the area that were chosen, by name."""
    fund = next((each.name for each in grants.funds() if each.code == chosen.fund), chosen.fund)
    return [each for each in (fund, *places.names_of([chosen.area] if chosen.area else [])) if each]


def facts(found: Figures) -> list[tuple[str, str]]:
    """The sums, by what they are called."""
    return [
        (_("Grants promised"), _of(found.granted)),
        (_("of them waiting for a yes"), _of(found.offered)),
        (_("To community groups (the register of grants)"), _of(found.bodies)),
        (_("Quick sparks"), _of(found.quick)),
        (_("Paid out"), _of(found.paid)),
        (_("Came back"), _of(found.back)),
        (_("Spent: paid, less what came back"), pounds(Pence(found.net))),
    ]


def given(found: Figures) -> list[tuple[str, str]]:
    """Hours first, then what they would cost, where the scheme has a rate for that. Nothing where a fund was chosen."""
    if found.minutes is None:
        return []
    lines = [(_("Hours given in the timebank"), hours(Minutes(found.minutes)))]
    if found.estimate is not None:
        lines.append((_("What it would cost to pay for them (an estimate)"), pounds(Pence(found.estimate))))
    return lines


def no_cash(found: Figures) -> str:
    """What the estimate is, with its rate, source and year; empty where there is none."""
    if found.estimate is None:
        return ""
    rates = "; ".join(_("%(rate)s an hour: %(source)s", rate=pounds(Pence(rate)), source=source) for rate, source in found.rates)
    return _("This is not cash. Nobody paid or got it, and it is in no sum of money here. It is the hours times the rate of their month (%(rates)s).", rates=rates)  # fmt: skip


def came(found: Figures) -> list[tuple[str, ...]]:
    """What the grants achieved: a line for each heading that some grant chose."""
    return [
        (_(HEADINGS[heading]), str(sums.grants), *map(str, sums.parts), hours(Minutes(sums.minutes)))
        for heading, sums in found.achieved.items()
        if sums.grants
    ]


def came_head() -> tuple[str, ...]:
    """What stands above these lines."""
    return (_("Heading"), _("Grants"), *(_(words) for words in HOW_FAR.values()), _("Nothing said yet"), _("Hours"))


def how_counted() -> str:
    """How these lines are to be read."""
    return _(
        "A grant counts once under each heading that it chose, by the outcome that came furthest. So these numbers are not to be added up."
    )


def _of(sum_: Sum) -> str:
    return _n("%(sum)s in %(num)d", "%(sum)s in %(num)d", sum_.number, sum=pounds(Pence(sum_.pence)))


def document(found: Figures, as_at: date) -> Document:
    """As it goes to a committee."""
    scheme = places.scheme()
    blocks: list[Block] = [Text(", ".join(narrowed(found.chosen)) or _("All funds, everywhere")), Facts(facts(found))]
    if hours_ := given(found):
        blocks += [Heading(_("Hours that neighbours gave")), Facts(hours_)]
        blocks += [Text(no_cash(found), quiet=True)] if no_cash(found) else []
    blocks += [Heading(_("What it achieved"))]
    if lines := came(found):
        numbers = tuple(range(1, len(came_head())))
        blocks += [
            Table(_("Grants by what they hoped for, and how far it came"), came_head(), lines, numbers),
            Text(how_counted(), quiet=True),
        ]
    else:
        blocks.append(Text(_("None of these grants chose an outcome.")))
    blocks += [
        Heading(_("Month by month")),
        Table(
            _("Grants promised and money spent, month by month"),
            (_("Month"), _("Promised"), _("Spent")),
            [
                (month_words(month), pounds(Pence(promised.pence)), pounds(Pence(spent.pence)))
                for month, (promised, spent) in found.by_month.items()
            ],
            (1, 2),
        ),
    ]
    for heading, caption, first, sums in (
        (_("By fund"), _("Grants promised, by fund"), _("Fund"), found.by_fund),
        (_("By ward"), _("Grants promised, by ward"), _("Ward"), found.by_ward),
    ):
        rows = [(name or _("No ward"), str(each.number), pounds(Pence(each.pence))) for name, each in most(sums)]
        blocks += [Heading(heading), Table(caption, (first, _("Grants"), _("Promised")), rows, (1, 2)) if rows else Text(_("None."))]
    blocks.append(
        Text(
            _(
                "Grants count on the day of the decision, money on the day it was paid or came back. Every number is counted from the lines of the files that go out for the same days."
            ),
            quiet=True,
        )
    )
    return Document(
        title=title(found.chosen), author=scheme.name if scheme else "Kindling", ref=_("Figures as at %(day)s", day=day_words(as_at)),
        as_at=clock.start_of_day(as_at), blocks=blocks,
    )  # fmt: skip
