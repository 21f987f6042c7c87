"""The committee's report: the figures of a time as a document, drawn as a tagged PDF."""

from datetime import date

from portal import clock
from portal.exports.dashboard.figures import Figures, Sum, most
from portal.exports.filters import Filter
from portal.grants import queries as grants
from portal.money import Minutes, Pence, hours, pounds
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
    lines = [
        (_("Grants promised"), _of(found.granted)),
        (_("of them waiting for a yes"), _of(found.offered)),
        (_("To community groups (the register of grants)"), _of(found.bodies)),
        (_("Quick sparks"), _of(found.quick)),
        (_("Paid out"), _of(found.paid)),
        (_("Came back"), _of(found.back)),
        (_("Spent: paid, less what came back"), pounds(Pence(found.net))),
    ]
    if found.minutes is not None:
        lines.append((_("Hours given in the timebank"), hours(Minutes(found.minutes))))
    return lines


def _of(sum_: Sum) -> str:
    return _n("%(sum)s in %(num)d", "%(sum)s in %(num)d", sum_.number, sum=pounds(Pence(sum_.pence)))


def document(found: Figures, as_at: date) -> Document:
    """As it goes to a committee."""
    scheme = places.scheme()
    blocks: list[Block] = [Text(", ".join(narrowed(found.chosen)) or _("All funds, everywhere")), Facts(facts(found))]
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
