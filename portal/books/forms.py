"""What is chosen and typed in the books."""

from collections.abc import Sequence
from datetime import date

from wtforms import SelectField

from portal.web.filters import day as day_words
from portal.web.forms import Form, Line
from portal.words import N_


class Close(Form):
    last_day = SelectField(
        N_("Up to the end of which month?"), validate_choice=False, description=N_("31 March closes the financial year.")
    )

    def fill(self, days: Sequence[date]) -> "Close":
        """The month ends that can be closed."""
        self.last_day.choices = [(each.isoformat(), day_words(each)) for each in days]
        return self


class Sure(Form):
    """A button, and nothing to say."""


class Codes(Form):
    """The codes of one movement of one fund: on its debit side and on its credit side."""

    debit_cost_centre = Line(N_("Cost centre"), most=40)
    debit_subjective = Line(N_("Subjective code"), most=40)
    debit_project = Line(N_("Project code"), most=40)
    debit_vat = Line(N_("VAT code"), most=40)
    credit_cost_centre = Line(N_("Cost centre"), most=40)
    credit_subjective = Line(N_("Subjective code"), most=40)
    credit_project = Line(N_("Project code"), most=40)
    credit_vat = Line(N_("VAT code"), most=40)
