"""What finance types: sums, days, and why."""

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField

from portal import clock
from portal.grants.payees import clean_cheque_number, clean_company_number
from portal.web.forms import DayField, Form, Line, Needed, Paragraphs, PoundsField
from portal.words import N_, _


class Prepare(Form):
    amount = PoundsField(N_("How much?"), description=N_("Leave it empty to pay all that is left."))


class CompanyNumber(Line):
    """As Companies House has it; what cannot be one is shown back as it was typed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data:
            self.data = clean_company_number(self.data)


class Bought(Form):
    """Whom the council bought from."""

    supplier = Line(
        N_("Who is paid?"),
        [Needed(N_("Write who is paid, as it stands on the bill."))],
        description=N_("The name on the bill. The spending file prints it."),
    )
    company_number = CompanyNumber(N_("Their company number (optional)"), description=N_("Eight characters, like 01234567."), most=20)
    individual = BooleanField(N_("This is a person, not a firm"), description=N_("Then the spending file prints no name."))


class Order(Form):
    what = Line(N_("What is bought?"), [Needed(N_("Write what is bought."))], description=N_("The applicant reads it."), most=120)
    order_ref = Line(N_("Number of the order (optional)"), description=N_("You can add it later."), most=40)


class PrepareBought(Order, Bought, Prepare):
    """The first hand, where the council buys."""


class Delivered(Form):
    on = DayField(N_("On which day did it come?"), [Needed(N_("Write the day."))], default=clock.today)
    by = Line(N_("Who has it now?"), [Needed(N_("Write who has it now."))], description=N_("The applicant reads it."), most=80)


class NameSupplier(Bought):
    reason = Line(N_("Why is it changed?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Cancel(Form):
    reason = Line(N_("Why is it cancelled?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Settle(Form):
    on = DayField(N_("On which day did it arrive?"), [Needed(N_("Write the day."))], default=clock.today)


class BankFile(Form):
    """The first time with the day of payment; later the file stands."""

    pays_on = DayField(N_("On which day should the bank pay?"))
    nothing_typed = BooleanField(N_("Nothing of this run was typed into the bank"))


class FreshFile(Form):
    pays_on = DayField(N_("On which day should the bank pay?"), [Needed(N_("Write the day."))])
    reason = Line(N_("What does the bank say?"), [Needed(N_("Write what the bank says. It is kept."))], most=300)


class CallBack(Form):
    reason = Line(N_("Why is the run cancelled?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Statement(Form):
    file = FileField(N_("The statement"), description=N_("CSV, as your bank gives it. Up to 2,000 lines."))


class Aside(Form):
    up_to = HiddenField()  # the last line that was counted: what is read meanwhile is not put aside unseen
    reason = Line(N_("How do you know that they are not ours?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Bounce(Form):
    on = DayField(N_("On which day did it come back?"), [Needed(N_("Write the day."))], default=clock.today)
    reason = Line(N_("What does the bank say?"), [Needed(N_("Write what the bank says. It is kept."))], most=300)


class ChequeNumber(Line):
    """As it is printed on the cheque; what cannot be one is shown back as it was typed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data:
            self.data = clean_cheque_number(self.data)


class WriteCheque(Form):
    number = ChequeNumber(N_("Number on the cheque"), [Needed(N_("Write the number on the cheque."))], most=20)
    why = Line(N_("Why has it another number now?"), most=300)


class WriteCheques(Form):
    first = ChequeNumber(
        N_("Number on the first cheque"),
        [Needed(N_("Write the number on the first cheque."))],
        description=N_("The others get the numbers after it, in the order of the list."),
        most=20,
    )


class ChequeBack(Form):
    was = RadioField(
        N_("What came of the cheque?"),
        [Needed(N_("Say whether we stopped it, or the bank sent it back."))],
        choices=[],
        validate_choice=False,
    )
    on = DayField(N_("On which day?"), [Needed(N_("Write the day."))], default=clock.today)
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was.choices = [("stopped", _("We stopped it")), ("returned", _("The bank sent it back"))]


class Refund(Form):
    amount = PoundsField(N_("How much came back?"), [Needed(N_("Write how much came back."))])
    received_on = DayField(N_("On which day?"), [Needed(N_("Write the day."))], default=clock.today)
    payee = SelectField(N_("From which shop?"), validate_choice=False)  # where the council bought from several
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)

    def fill(self, shops: Sequence[tuple[str, str]]) -> "Refund":
        self.payee.choices = [("", _("Choose")), *shops]
        return self


class Rest(Form):
    reason = Line(N_("Why is the rest not needed?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class End(Form):
    reason = Paragraphs(
        N_("Why is it ended?"),
        [Needed(N_("Write why, in words for the applicant. It goes into the letter."))],
        description=N_("In words for the applicant: the letter prints it."),
        most=500,
    )


class Release(Form):
    """A form of one button; its key makes a second tap the first run."""
