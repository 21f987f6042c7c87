"""What is asked when a scheme is set up."""

from wtforms import FileField, RadioField

from portal.web.forms import EmailField, Form, Line, Needed, Paragraphs, PhoneField
from portal.words import N_, _


class Opening(Form):
    token = Line(
        N_("The word"), [Needed(N_("Type the word that the server printed."))], description=N_("Sixteen letters and figures, like 7F3K-9QXA-2B4D-5E6G"), most=40
    )  # fmt: skip


class SchemeStep(Form):
    name = Line(
        N_("Name of the scheme"), [Needed(N_("Write the name of the scheme."))], description=N_("At the top of every page."), most=80
    )
    email = EmailField(N_("E-mail address for questions"), [Needed(N_("Write the e-mail address that people may use."))])
    telephone = PhoneField(N_("Telephone for questions"), [Needed(N_("Write the telephone number that people may call."))])


class AdministratorStep(Form):
    name = Line(N_("Their name"), [Needed(N_("Write their name."))], most=80)
    email = EmailField(
        N_("Their e-mail address"),
        [Needed(N_("Write their e-mail address."))],
        description=N_("They sign in with a code that we send there."),
    )


class AreasStep(Form):
    way = RadioField(N_("How is your patch divided?"), [Needed(N_("Choose one."))])
    names = Paragraphs(N_("Names, each on a line of its own"), most=10_000)
    file = FileField(N_("CSV file"))

    def fill(self) -> "AreasStep":
        self.way.choices = [
            ("one", _("It is not: we have no wards")), ("names", _("I paste the names of our wards")), ("file", _("I have a CSV file, with ONS codes")),
        ]  # fmt: skip
        return self


class FundStep(Form):
    name = Line(N_("Name of the fund"), [Needed(N_("Write the name of the fund."))], most=80)
    purpose = Paragraphs(N_("What it is for (optional)"), most=500)


class Nothing(Form):
    """A button."""
