"""What is typed to ask neighbours for a line of a budget."""

from wtforms import BooleanField, RadioField

from portal.gifts.rules import SORT_NAMES, sort_name
from portal.money import Pence
from portal.web.forms import DayField, Form, Line, Needed, Paragraphs, PoundsField, WholeNumberField
from portal.words import N_


class Ask(Form):
    title = Line(
        N_("What do you need?"),
        [Needed(N_("Say what it is, like “A child’s bike, blue”."))],
        description=N_("Everybody can read this. No names, telephone numbers or addresses."),
        most=80,
    )
    sort = RadioField(N_("What sort is it?"), [Needed(N_("Choose what sort it is."))], default="give")
    pieces = WholeNumberField(
        N_("How many?"), [Needed(N_("Write a number, like 1."))], default=1, description=N_("Each neighbour may give some of them.")
    )
    still = PoundsField(
        N_("If you get all of it: what would you still have to buy?"),
        default=Pence(0),
        description=N_("Often nothing. Then leave it at 0."),
    )
    until_day = DayField(N_("By when do you need it? (optional)"), description=N_("It leaves the board after that day."))
    text = Paragraphs(N_("More about it (optional)"), most=800)
    grown = BooleanField(N_("I am 18 or over"), description=N_("Younger? A parent, a carer or your hub can do this for you."))

    def fill(self) -> "Ask":
        self.sort.choices = [
            (value, sort_name("wish", value)) for value in sorted(SORT_NAMES, key=lambda each: each not in ("give", "lend"))
        ]
        return self
