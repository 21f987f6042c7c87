"""What administrators type about the scheme."""

from collections.abc import Mapping

from wtforms import FileField, HiddenField, RadioField

from portal.settings import rates
from portal.settings.colours import understood
from portal.settings.days_off import Closure
from portal.settings.letters import MOST, PARTS
from portal.web.forms import DayField, Form, Line, Needed, Paragraphs, PoundsField, WholeNumberField
from portal.words import N_, _


class Words(Form):
    """The words of a letter. `seen`: a mark of those that stood when the page was opened."""

    subject = Line(N_("Subject"), most=MOST["subject"])
    body = Paragraphs(N_("E-mail and letter"), description=N_("An empty line begins a new paragraph."), most=MOST["body"])
    short = Line(
        N_("Text message"), description=N_("For people who chose text messages. Keep it short: each part costs."), most=MOST["short"]
    )
    seen = HiddenField()

    def words(self) -> Mapping[str, str]:
        """By part."""
        return {part: self[part].data for part in PARTS}


class Look(Form):
    brand = Line(N_("Header and links"), most=20)
    action = Line(N_("The button"), most=20)

    def colours(self) -> tuple[str, str]:
        """As we keep them. Refused: one that is no colour."""
        return understood(self.brand.data, "brand"), understood(self.action.data, "action")


class Logo(Form):
    photo = FileField(N_("Picture"), description=N_("JPEG or PNG, at most 5 megabytes. It stands on white."))
    alt = Line(N_("What does it show?"), description=N_("Read out to people who cannot see it, like: Arms of Estuary Council"), most=120)


class Rate(Form):
    purpose = RadioField(N_("What is it for?"), [Needed(N_("Choose what the rate is for."))])
    pence = PoundsField(N_("Pounds an hour"), [Needed(N_("Write how much an hour counts for."))])
    source = Line(
        N_("Whose rate is it?"),
        [Needed(N_("Write whose rate it is."))],
        description=N_("Like: Estuary Council, or the living wage"),
        most=80,
    )
    year = Line(N_("Of which year?"), [Needed(N_("Write of which year it is."))], description=N_("Like 2026-27"), most=20)
    valid_from = DayField(
        N_("From which day?"),
        [Needed(N_("Write the first day of this rate."))],
        description=N_("Today or later. In the figures it counts from the first whole month."),
    )

    def fill(self) -> "Rate":
        self.purpose.choices = [(name, _(words)) for name, words in rates.PURPOSES.items()]
        return self

    def rate(self) -> rates.Rate:
        """As typed; call after validation."""
        assert self.valid_from.data is not None and self.pence.data is not None
        return rates.Rate(self.purpose.data, self.valid_from.data, self.pence.data, self.source.data, self.year.data)


class DaysOff(Form):
    name = Line(
        N_("What is it for?"),
        [Needed(N_("Write what the day off is for."))],
        description=N_("Like: Christmas closure of the council"),
        most=80,
    )
    first_day = DayField(N_("First day off"), [Needed(N_("Write the first day off."))])
    last_day = DayField(N_("Last day off"), description=N_("Leave it empty for one day."))
    reason = Line(
        N_("Why?"),
        [Needed(N_("Write why, in a few words. It is kept."))],
        description=N_("Like: the cabinet decided it on 4 July"),
        most=200,
    )

    def closure(self) -> Closure:
        """As typed; call after validation."""
        assert self.first_day.data is not None
        return Closure(self.name.data, self.first_day.data, self.last_day.data or self.first_day.data)


class Reason(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=200)


class _Limit(Form):
    """`seen`: what stood when the page was opened."""

    seen = HiddenField()

    def was_seen(self, otherwise: int) -> int:
        """In pence or days; `otherwise` where the page does not say it."""
        text = self.seen.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else otherwise


class LimitOfDays(_Limit):
    value = WholeNumberField(N_("How many?"), [Needed(N_("Write a number of days."))])


class LimitOfPounds(_Limit):
    value = PoundsField(N_("How much?"), [Needed(N_("Write a sum in pounds."))])
