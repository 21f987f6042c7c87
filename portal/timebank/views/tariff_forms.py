"""What organisations type about what things count in hours."""

from collections.abc import Sequence

from wtforms import RadioField, SelectField

from portal import clock
from portal.people.forms import bases
from portal.timebank.members import name_of
from portal.timebank.model import Category, Member
from portal.timebank.tariffs import LONGEST, UNITS
from portal.web.forms import DayField, Form, HoursField, Line, Needed, WholeNumberField
from portal.words import N_, _

GIVES, GETS = "gives", "gets"


class _Typed(Form):
    """A form that a connector may fill in for others."""

    basis = RadioField(N_("How do you know?"), validate_choice=False)

    def for_others(self, others: bool) -> None:
        """Ask how they know, of who types for others alone."""
        self.basis.choices = bases()
        if not others:
            del self.basis

    def how(self) -> str | None:
        """The basis that was chosen."""
        return self.basis.data or None if self.basis else None


class Propose(_Typed):
    other = SelectField(N_("With which organisation?"), [Needed(N_("Choose the other organisation."))])
    way = RadioField(N_("Who gives it?"), [Needed(N_("Say who gives it."))])
    what = Line(
        N_("What is it?"),
        [Needed(N_("Write what it is, like “The hall”."))],
        description=N_("Like “The hall”, “The minibus with a driver” or “A trainer”."),
        most=LONGEST,
    )
    unit = SelectField(N_("What do you count?"), [Needed(N_("Choose what is counted: an hour of it, a day of it, a piece."))])
    minutes = HoursField(
        N_("How much time does one of it count?"),
        [Needed(N_("Write how much time it counts, like 1 h 30 min."))],
        description=N_("In quarters of an hour, up to 16 hours."),
    )
    kind = SelectField(N_("What kind of help is it?"), [Needed(N_("Choose what kind of help it is."))])

    def fill(self, partners: Sequence[Member], kinds: Sequence[Category], name: str) -> "Propose":
        self.other.choices = [("", _("Choose")), *((each.ref, f"{name_of(each)}, {each.area.name}") for each in partners)]
        self.way.choices = [(GIVES, _("%(name)s gives it", name=name)), (GETS, _("The other organisation gives it to %(name)s", name=name))]
        self.unit.choices = [("", _("Choose")), *((code, _(words)) for code, words in UNITS.items())]
        self.kind.choices = [("", _("Choose")), *((each.code, _(each.name)) for each in kinds)]
        return self


class Answer(_Typed):
    """Yes, or taking it back: a button."""


class No(_Typed):
    reason = Line(N_("Why? (optional)"), description=N_("The other side reads it."), most=200)


class End(_Typed):
    reason = Line(N_("Why? The other side reads it."), [Needed(N_("Write why, in a few words. The other side reads it."))], most=200)


class Log(_Typed):
    number = WholeNumberField(N_("How many?"), [Needed(N_("Write how many, like 3."))])
    day = DayField(N_("On which day?"), [Needed(N_("Say on which day it was."))], default=clock.today)
