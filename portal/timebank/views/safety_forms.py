"""What officers and coordinators type about care: levels of kinds, rules, what was seen of a member."""

from collections.abc import Sequence
from datetime import date, timedelta

from wtforms import RadioField

from portal import clock
from portal.people.model import Person
from portal.timebank.rules import ADULT, TimeRules
from portal.timebank.safety import CAREFUL, KINDS, LEVELS, OF_PERSONS, YOUNGEST
from portal.web.forms import DayField, Form, Line, Needed, WholeNumberField
from portal.words import N_, _


class Care(Form):
    risk = RadioField(N_("How careful must we be?"), [Needed(N_("Choose how careful we must be."))])

    def fill(self) -> "Care":
        self.risk.choices = [(value, _(words)) for value, words in LEVELS.items()]
        return self


class Rules(Form):
    """A number for each level and kind of evidence; empty is none."""

    home_identity = WholeNumberField(N_("A look at who they are (0 or 1)"))
    home_reference = WholeNumberField(N_("References (0 to 3)"))
    home_dbs = WholeNumberField(N_("DBS check (0 or 1)"))
    at_risk_identity = WholeNumberField(N_("A look at who they are (0 or 1)"))
    at_risk_reference = WholeNumberField(N_("References (0 to 3)"))
    at_risk_dbs = WholeNumberField(N_("DBS check (0 or 1)"))
    least_age = RadioField(N_("From which age do people join?"), [Needed(N_("Choose from which age people join."))])
    quiet_days = WholeNumberField(
        N_("After how many days without hearing of a member do we ask how they are?"), [Needed(N_("Write a number of days."))]
    )

    def fill(self) -> "Rules":
        self.least_age.choices = [
            (str(ADULT), _("18")), (str(YOUNGEST), _("16, with the consent of a parent or carer until they are 18")),
        ]  # fmt: skip
        return self

    @staticmethod
    def given(rules: TimeRules) -> dict[str, object]:
        """What stands, as the fields show it."""
        table = {f"{level}_{kind}": rules.evidence.get(level, {}).get(kind, 0) for level in CAREFUL for kind in OF_PERSONS}
        return {**table, "least_age": str(rules.least_age), "quiet_days": rules.quiet_days}

    def table(self) -> dict[str, dict[str, int]]:
        """By level and kind."""
        return {level: {kind: self[f"{level}_{kind}"].data or 0 for kind in OF_PERSONS} for level in CAREFUL}


def _in_three_years() -> date:
    return clock.today() + timedelta(days=3 * 365)


class Seen(Form):
    kind = RadioField(N_("What did you see?"), [Needed(N_("Choose what you saw."))])
    given_by = Line(N_("Who says yes?"), description=N_("Only for a consent. Like “Grace Cole, mother”."), most=80)
    seen_on = DayField(N_("When was it seen?"), [Needed(N_("Write the day on which it was seen, today or before."))], default=clock.today)
    seen_by = RadioField(N_("Who saw it?"), [Needed(N_("Choose who saw it."))])
    review_on = DayField(
        N_("When do you look at it again?"), [Needed(N_("Write when it is looked at again."))], default=_in_three_years,
        description=N_("It counts until then."),
    )  # fmt: skip

    def fill(self, kinds: Sequence[str], seers: Sequence[Person]) -> "Seen":
        self.kind.choices = [(kind, _(KINDS[kind])) for kind in kinds]
        self.seen_by.choices = [(str(someone.id), someone.name) for someone in seers]
        if "consent" not in kinds:
            del self.given_by
        return self
