"""The six questions, and what officers ask about a bid. Nothing is required of a draft: sending judges it."""

from wtforms import BooleanField, RadioField, SelectField

from portal.people.forms import area_choices, bases
from portal.web.forms import DayField, EmailOrPhoneField, Form, Line, Needed, Paragraphs
from portal.words import N_, _

SECTION_NAMES = {
    "idea": N_("What is the idea, and where?"),
    "who": N_("Who is it for, and what will be better?"),
    "money": N_("What will you buy?"),
    "help": N_("Who will help?"),
    "when": N_("When?"),
    "pay": N_("How should the money reach you?"),
}
ROUTES = {
    "group": N_("Into our group's bank account"),
    "host": N_("Into the account of an organisation that helps us"),
    "council_buys": N_("You buy the things for us"),
    "receipts": N_("I buy, you pay me back against receipts"),
    "cheque": N_("By a cheque in the post"),
}


class Idea(Form):
    title = Line(N_("A short name for it"), description=N_("For example: Benches for Mossgate green"), most=80)
    idea = Paragraphs(
        N_("What do you want to do?"), description=N_("Write as you would tell a neighbour. A few sentences are enough."), most=2000
    )
    place = Line(N_("Where exactly? (optional)"), description=N_("For example: the green behind the library"), most=120)
    area = SelectField(N_("Which area is that?"))

    def fill(self) -> "Idea":
        self.area.choices = area_choices(_("Choose"))
        return self


class WhoFor(Form):
    who_for = Paragraphs(N_("Who is it for?"), most=1000)
    better = Paragraphs(N_("What will be better afterwards?"), most=1500)
    public_summary = Paragraphs(
        N_("One or two sentences that everybody may read (optional)"),
        description=N_("They stand in the public register. No names, addresses or numbers, please."),
        most=400,
    )


class Help(Form):
    group_name = Line(N_("What do you call yourselves? (optional)"), description=N_("For example: Friends of Mossgate"), most=80)


class When(Form):
    first_day = DayField(N_("When does it start?"))
    last_day = DayField(N_("When will it be done?"))


class Pay(Form):
    pay_route = RadioField(N_("Choose one"), validate_choice=False)
    pay_to = Line(
        N_("Name on the bank account"), description=N_("Only the name. We ask for the numbers later, if you get the grant."), most=80
    )

    def fill(self, *, cheques: bool) -> "Pay":
        """`cheques`: whether the round sends them; one that was chosen before is shown all the same, and refused at the end."""
        shown = {value: text for value, text in ROUTES.items() if value != "cheque" or cheques or self.pay_route.data == value}
        self.pay_route.choices = [(value, _(text)) for value, text in shown.items()]
        return self


class Money(Form):
    """Its rows are read by the view: they come and go."""


class Send(Form):
    sure = BooleanField(N_("Send it now all the same"))


class Withdraw(Form):
    reason = Line(N_("Would you tell us why? (optional)"), most=300)


class Ineligible(Form):
    reason = Paragraphs(
        N_("Why? It goes into the letter."), [Needed(N_("Write why, in words for the applicant. It goes into the letter."))], most=1000
    )


class OnBehalf(Form):
    """A helper types for somebody: who, how to reach them, and how the helper knows."""

    name = Line(N_("Their name"), [Needed(N_("Write their name."))], most=80)
    contact = EmailOrPhoneField(N_("Their e-mail address or mobile number (optional)"))
    postal_address = Paragraphs(N_("Their postal address (if they have neither)"), most=300)
    area = SelectField(N_("Where they live"))
    basis = RadioField(N_("How do you have it?"))
    sheet = Line(N_("Number of the paper sheet (optional)"), most=30)

    def fill(self) -> "OnBehalf":
        self.area.choices = area_choices(_("Not known"))
        self.basis.choices = bases()
        return self
