"""What officers type about a funder."""

from collections.abc import Sequence

from wtforms import RadioField, SelectField

from portal.grants.model import Fund, Funder
from portal.web.forms import Form, Line, Needed, PoundsField
from portal.words import N_


class TakeOut(Form):
    amount = PoundsField(N_("How much goes back?"), [Needed(N_("Write how much goes back."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class NewSlice(Form):
    name = Line(
        N_("Name of the budget"), [Needed(N_("Write the name of the budget."))], description=N_("For example: Highways, or Parks"), most=80
    )
    rate = RadioField(N_("How much of it?"), validators=[Needed(N_("Choose how much of it."))])
    fund = SelectField(N_("Into which fund?"))
    funder = SelectField(N_("Whose budget is it?"))

    def fill(self, funds: Sequence[Fund], funders: Sequence[Funder]) -> "NewSlice":
        self.rate.choices = [(str(rate), f"{rate / 100:g} %") for rate in (10, 20, 25, 50, 75, 100)]
        self.fund.choices = [(fund.code, fund.name) for fund in funds]
        self.funder.choices = [(funder.code, funder.name) for funder in funders]
        return self


class Propose(Form):
    budget = PoundsField(N_("How large is the budget in this year?"), [Needed(N_("Write how large the budget is."))])
