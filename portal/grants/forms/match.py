"""What applicants ask neighbours, and what neighbours answer."""

from wtforms import BooleanField, FileField, RadioField

from portal import clock
from portal.people.forms import bases
from portal.web.forms import DayField, EmailOrPhoneField, Form, HoursField, Line, Needed, PoundsField
from portal.words import N_, _

KINDS = {
    "hours": N_("Some of my time"),
    "goods": N_("Things"),
    "room": N_("A room or a garden"),
    "cash": N_("Some money"),
}


class Invite(Form):
    name = Line(N_("Their name"), [Needed(N_("Write your neighbour's name."))], most=60)
    contact = EmailOrPhoneField(
        N_("Their e-mail address or mobile number (optional)"),
        description=N_("Leave it empty to show the link on your phone, at the doorstep."),
    )


class Promise(Form):
    """From the link; also typed by a helper from paper."""

    kind = RadioField(N_("What can you give?"), default="hours")
    minutes = HoursField(N_("How many hours?"), description=N_("All together, as far as you can say. You can change it later."))
    planning = HoursField(N_("How many of them are meetings? (optional)"))
    what = Line(N_("What is it, or what will you do? (optional for time)"), most=120)
    value = PoundsField(N_("What would it cost to buy or rent it?"), description=N_("Only for things, rooms and money."))

    def fill(self) -> "Promise":
        self.kind.choices = [(value, _(text)) for value, text in KINDS.items()]
        return self


class OnPaper(Promise):
    name = Line(N_("Their name"), [Needed(N_("Write your neighbour's name."))], most=60)
    contact = EmailOrPhoneField(N_("Their e-mail address or mobile number (optional)"))
    basis = RadioField(N_("How do you know?"))

    def fill(self) -> "OnPaper":
        super().fill()
        self.basis.choices = bases()
        return self


class Did(Form):
    day = DayField(N_("On which day?"), [Needed(N_("Say on which day it was."))], default=clock.today)
    minutes = HoursField(N_("How long?"), [Needed(N_("Say how long it was."))])
    what = Line(N_("What was done? (optional)"), most=120)
    another = BooleanField(N_("This is another hour, or another person"))


class Gave(Form):
    """Things, a room or money, when it was given."""

    kind = RadioField(N_("What was it?"), [Needed(N_("Say whether it was things, a room or money."))])
    what = Line(N_("What exactly?"), [Needed(N_("Write what it was."))], most=120)
    value = PoundsField(
        N_("What would it cost to buy or rent it?"),
        [Needed(N_("Write what it is worth, as you would pay for it."))],
        description=N_("Of money: how much it was."),
    )
    day = DayField(N_("On which day?"), [Needed(N_("Say on which day it was."))], default=clock.today)
    photo = FileField(
        N_("A photo of it, or of the receipt (optional)"),
        description=N_("Only those who check it see it, and the scheme’s finance and audit."),
    )

    def fill(self) -> "Gave":
        self.kind.choices = [(value, _(text)) for value, text in KINDS.items() if value != "hours"]
        return self


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)
