"""What officers type about a funder."""

from collections.abc import Sequence

from wtforms import RadioField, SelectField

from portal import clock
from portal.grants.model import Fund, Funder, Round
from portal.web.forms import DayField, Form, Line, Needed, PoundsField
from portal.words import N_, _


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


RATIOS = {"5000": N_("50p for each £1"), "10000": N_("£1 for each £1: it doubles what they raise"), "20000": N_("£2 for each £1")}


class NewOffer(Form):
    funder = SelectField(N_("Whose offer is it?"))
    where = SelectField(N_("For which ideas?"))
    ratio = RadioField(N_("How much do they add?"), choices=[], validators=[Needed(N_("Choose how much they add."))])
    cap = PoundsField(N_("Up to how much in all?"), [Needed(N_("Write the most that is added in all."))])
    first_day = DayField(N_("From which day?"), [Needed(N_("Say from which day."))], default=clock.today)
    last_day = DayField(N_("Until which day?"), [Needed(N_("Say until which day."))])

    def fill(self, funders: Sequence[Funder], funds: Sequence[Fund], rounds: Sequence[Round]) -> "NewOffer":
        self.funder.choices = [(funder.code, funder.name) for funder in funders]
        whole = [(f"{fund.code}/", _("All of %(fund)s", fund=fund.name)) for fund in funds]
        self.where.choices = whole + [
            (f"{one.fund.code}/{one.ref}", f"{one.fund.name}: {one.name}") for one in rounds if one.status != "finished"
        ]
        self.ratio.choices = [(value, _(words)) for value, words in RATIOS.items()]
        return self
