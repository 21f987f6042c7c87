"""What connectors, officers and seats type about floats and quick sparks."""

from collections.abc import Sequence

from wtforms import BooleanField, FileField, RadioField, SelectField

from portal import clock
from portal.people.forms import area_choices
from portal.web.forms import DayField, Form, Line, Needed, Paragraphs, PoundsField
from portal.words import N_, _

PAYEES = {"shop": N_("A shop"), "group": N_("A group"), "person": N_("A person")}
BASES = {"in person": N_("Face to face"), "telephone": N_("By telephone"), "paper sheet": N_("On paper")}


class Ask(Form):
    fund = SelectField(N_("From which fund?"))
    panel = SelectField(N_("Which panel decides?"))
    amount = PoundsField(N_("How much?"), [Needed(N_("Write how much the float needs."))])
    reason = Paragraphs(
        N_("Why?"),
        [Needed(N_("Write why, in a few words. The panel reads it."))],
        description=N_("Two lines for the panel: where you go, and what people there need."),
        most=500,
    )

    def fill(self, funds: Sequence[tuple[str, str]], panels: Sequence[tuple[str, str]]) -> "Ask":
        self.fund.choices, self.panel.choices = list(funds), list(panels)
        return self


class AskFor(Ask):
    """An officer asks for a connector."""

    person = SelectField(N_("Whose float?"))

    def fill_for(
        self, funds: Sequence[tuple[str, str]], panels: Sequence[tuple[str, str]], connectors: Sequence[tuple[str, str]]
    ) -> "AskFor":
        self.fill(funds, panels)
        self.person.choices = list(connectors)
        return self


class Spark(Form):
    """One page, at the door, on a phone."""

    float = SelectField(N_("From which float?"))
    what = Line(
        N_("What is it for?"),
        [Needed(N_("Write in a line what it is for."))],
        description=N_("One line that everybody can read. No names."),
        most=120,
    )
    helps = Line(N_("Who does it help? (optional)"), description=N_("Only the panel and officers read this."), most=120)
    area = SelectField(N_("Where?"))
    amount = PoundsField(N_("How much?"), [Needed(N_("Write how much it was."))])
    payee_kind = RadioField(N_("Who was paid?"), [Needed(N_("Say who was paid: a shop, a group or a person."))])
    payee_name = Line(N_("Their name"), [Needed(N_("Write who was paid."))], description=N_("The name of a person stays with us."), most=80)
    spent_on = DayField(N_("On which day?"), [Needed(N_("Say on which day."))], default=clock.today)
    basis = RadioField(N_("How did they ask?"), [Needed(N_("Say how they asked."))])
    receipt = FileField(N_("A photo of the receipt (optional)"), description=N_("Now, or within two weeks. Only officers see it."))
    photo = FileField(N_("A photo for everybody (optional)"), description=N_("Nobody’s face without asking them."))
    alt = Line(N_("What is in that photo? (optional)"), most=200)
    not_ours = BooleanField(N_("It is not for me or anybody I live with"))

    def fill(self, floats: Sequence[tuple[str, str]]) -> "Spark":
        self.float.choices = list(floats)
        self.area.choices = area_choices(_("Choose"))
        self.payee_kind.choices = [(value, _(words)) for value, words in PAYEES.items()]
        self.basis.choices = [(value, _(words)) for value, words in BASES.items()]
        return self


class SparkFor(Spark):
    """An officer types what a connector gave and wrote down."""

    slip = Line(N_("Which slip do you type from?"), [Needed(N_("Write which slip you type from, or how you know."))], most=60)


class Receipt(Form):
    receipt = FileField(N_("A photo of the receipt"), description=N_("Only officers see it."))


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class PutRight(Form):
    reason = Line(
        N_("Why?"),
        [Needed(N_("Write why, in a few words. Everybody can read it."))],
        description=N_("Everybody can read it. No names."),
        most=200,
    )


class Limit(Form):
    most = PoundsField(N_("The most for one quick spark"), [Needed(N_("Write the most that one quick spark may cost."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Question(Form):
    words = Line(N_("What would you like to know?"), [Needed(N_("Write what you would like to know."))], most=300)


class Answer(Form):
    words = Paragraphs(N_("Your answer"), [Needed(N_("Write your answer."))], most=500)


class Close(Form):
    outcome = Paragraphs(
        N_("What came of it?"),
        [Needed(N_("Write in a sentence what came of it."))],
        description=N_("A sentence: all clear, or what should be different."),
        most=500,
    )
