"""Forms of introductions and of asking somebody to lead."""

from collections.abc import Sequence

from wtforms import BooleanField, RadioField, SelectField

from portal.connecting.model import Openness
from portal.connecting.rules import ANSWER_NAMES, MOST_WORDS, OUTCOME_NAMES
from portal.people.forms import bases
from portal.web.forms import DayField, Form, Line, Needed
from portal.words import N_, _


class Yes(Form):
    grown = BooleanField(N_("I am 18 or over"))


class Basis(Form):
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])

    def fill(self) -> "Basis":
        self.basis.choices = bases()
        return self


class YesFor(Basis):
    """Of somebody without e-mail and telephone."""

    number = Line(N_("The number on their letters"), [Needed(N_("Write the number, like PER-2345-6789."))], most=20)
    grown = BooleanField(N_("They are 18 or over"))


class Introduce(Form):
    """Whom, to whom, about what, when."""

    one = SelectField(N_("Whom did you introduce?"), [Needed(N_("Choose whom you introduced."))])
    two = SelectField(N_("To whom?"), [Needed(N_("Choose to whom."))])
    words = Line(
        N_("What was it about?"),
        [Needed(N_("Write what it is about, in a few words."))],
        description=N_("Like “bees and beginners”. Both read it."),
        most=MOST_WORDS,
    )
    day = DayField(N_("When?"), [Needed(N_("Say on which day."))])

    def fill(self, some: Sequence[Openness]) -> "Introduce":
        names = [(each.person.ref, each.person.name) for each in some]
        self.one.choices = self.two.choices = [("", _("Choose")), *names]
        return self


class Outcome(Form):
    outcome = RadioField(N_("What came of it?"), [Needed(N_("Choose what came of it."))])
    led_to = Line(
        N_("What began? Its reference (optional)"),
        description=N_("Of an idea, an exchange, a gift, an event or a session, like IDE-2345-6789."),
        most=20,
    )

    def fill(self) -> "Outcome":
        self.outcome.choices = [(value, _(words)) for value, (words, _tone) in OUTCOME_NAMES.items()]
        return self


class Ask(Form):
    words = Line(
        N_("What did you ask them to lead?"),
        [Needed(N_("Write what it is about, in a few words."))],
        description=N_("Like “the Tuesday lunch”. They read it."),
        most=MOST_WORDS,
    )


class Answer(Form):
    answer = RadioField(N_("What did they say?"), [Needed(N_("Choose what they said."))])

    def fill(self) -> "Answer":
        self.answer.choices = [(value, _(words)) for value, (words, _tone) in ANSWER_NAMES.items() if value]
        return self
