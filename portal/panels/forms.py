"""What officers and seats type about panels, ties and votes."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField

from portal.panels.model import TIES
from portal.places import queries as places
from portal.web.forms import DayField, Form, Line, Needed, Optional, Paragraphs
from portal.words import N_, _

TIE_WORDS = {
    "none": N_("No, nothing ties me to it"),
    "family": N_("Family of somebody who asks"),
    "friend": N_("Close friend of somebody who asks"),
    "member": N_("I belong to the group, or help with the idea"),
    "money": N_("I, or my work, would gain from it"),
    "neighbour": N_("I live next to where it happens and it touches me"),
    "other": N_("Something else"),
}
CHOICE_WORDS = {"yes": N_("Yes"), "no": N_("No"), "not_yet": N_("Not yet"), "abstain": N_("I would rather not vote")}
OUTCOME_WORDS = {"yes": N_("Yes"), "no": N_("No"), "not_yet": N_("Not yet"), "no_quorum": N_("Too few votes")}
SOURCE_WORDS = {"phone": N_("on the phone"), "paper": N_("on paper"), "hall": N_("in the hall")}


MARK_WORDS = {3: N_("Very much"), 2: N_("Quite"), 1: N_("A little"), 0: N_("Not at all")}


class NewPanel(Form):
    name = Line(N_("Name of the panel"), [Needed(N_("Give the panel a name."))], most=80)
    purpose = Paragraphs(N_("What it decides (optional)"), most=500)
    area = SelectField(N_("For which area?"))

    def fill(self) -> "NewPanel":
        self.area.choices = [("", _("Everywhere"))] + [(area.code, area.name) for area in places.areas() if area.kind != "scheme"]
        return self


class NewSeat(Form):
    person = Line(
        N_("Who?"),
        [Needed(N_("Write their e-mail address, telephone number, or number with us."))],
        description=N_("Their e-mail address, telephone number, or number with us (PER-…)."),
    )
    term_start = DayField(N_("First day"), [Needed(N_("Write the first day."))])
    term_end = DayField(N_("Last day (optional)"))
    chair = BooleanField(N_("They take the chair"))
    reason = Line(
        N_("Why?"),
        [Needed(N_("Write why, in a few words. It is kept."))],
        description=N_("For example: elected at the spring meeting."),
        most=300,
    )


class EndSeat(Form):
    last_day = DayField(N_("Last day"), [Needed(N_("Write the last day."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Chair(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Tie(Form):
    tie = RadioField(N_("Does anything tie you to it?"), [Needed(N_("Say whether something ties you to this."))])
    note = Line(N_("What ties you? (optional, only officers read it)"), most=300)

    def fill(self) -> "Tie":
        self.tie.choices = [(tie, _(TIE_WORDS[tie])) for tie in TIES]
        return self


class Vote(Form):
    choice = RadioField(N_("What do you say?"), [Needed(N_("Choose yes, no, not yet or abstain."))])
    reason = Paragraphs(
        N_("Why?"),
        description=N_("Needed for no and not yet. It may go into the letter, without your name, so write it kindly."),
        most=1000,
    )

    def fill(self) -> "Vote":
        self.choice.choices = [(choice, _(words)) for choice, words in CHOICE_WORDS.items()]
        return self


class PaperVote(Vote):
    person = RadioField(N_("Whose vote is it?"), [Needed(N_("Choose whose vote it is."))])
    source = RadioField(N_("How was it given?"), [Needed(N_("Say whether the vote was given on paper or in the hall."))])
    sheet = Line(N_("Number of the paper sheet"), description=N_("It stands at the top. Leave it empty for a vote in the hall."), most=30)
    no_tie = BooleanField(N_("They said that nothing ties them to this idea"), [Needed(N_("Ask them about ties first, and tick the box."))])

    def fill_for(self, seats: list[tuple[str, str]]) -> "PaperVote":
        """With those who can still vote: (reference, name)."""
        self.fill()
        self.person.choices = seats
        self.source.choices = [("paper", _("On paper")), ("hall", _("In the hall"))]
        return self


class Talk(Form):
    words = Paragraphs(N_("What would you like to say?"), [Needed(N_("Write what you would like to say."))], most=1000)


class Ask(Form):
    sections = SelectMultipleField(
        N_("Which parts should they look at again?"), [Needed(N_("Choose which parts you need to know more about."))]
    )
    note = Paragraphs(
        N_("What would you like to know?"), [Needed(N_("Write what you would like to know, as you would say it at the door."))], most=1000
    )
    answer_by = DayField(N_("By which day?"), [Needed(N_("Say by which day."))])

    def fill(self, sections: Mapping[str, str]) -> "Ask":
        self.sections.choices = [(name, _(words)) for name, words in sections.items()]
        return self


class PaperMarks(Form):
    """Whose sheet is entered; its marks are fields of `marks`."""

    person = RadioField(N_("Whose sheet is it?"), [Needed(N_("Choose whose sheet it is."))])
    sheet = Line(
        N_("Number of the paper sheet"),
        [Needed(N_("Write the number that stands on the paper sheet."))],
        description=N_("It stands at the top."),
        most=30,
    )
    no_tie = BooleanField(N_("They said that nothing ties them to this idea"), [Needed(N_("Ask them about ties first, and tick the box."))])


class Override(Form):
    matter = RadioField(N_("Which idea?"), [Needed(N_("Choose an idea."))])
    reason = Paragraphs(N_("Why?"), [Needed(N_("Write why. Everybody will read it beside the result."))], most=600)


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


def marks(criteria: Sequence[str], own: Mapping[int, Any], base: type[Form] = Form, *, sent: bool = False) -> Any:
    """A form with a choice and a line why for each criterion, `own` (criterion → Mark) filled in; `sent` reads what was sent."""
    kind = type("Marks", (base,), {})
    for number, question in enumerate(criteria):
        choices = [(str(mark), _(words)) for mark, words in MARK_WORDS.items()]
        setattr(kind, f"mark_{number}", RadioField(question, [Optional()], choices=choices))
        setattr(kind, f"why_{number}", Line(N_("Why? A line, if you like"), most=200))
    data: dict[str, str] = {}
    for number, mark in own.items():
        data |= {f"mark_{number}": str(mark.mark), f"why_{number}": mark.reason}
    return kind(data=data) if sent else kind(formdata=None, data=data)


def given(form: Any, criteria: Sequence[str]) -> dict[int, tuple[int, str]]:
    """The marks that a valid form of `marks` holds: criterion → (mark, why)."""
    found = {}
    for number in range(len(criteria)):
        chosen = form[f"mark_{number}"].data
        if chosen in {str(mark) for mark in MARK_WORDS}:
            found[number] = (int(chosen), form[f"why_{number}"].data)
    return found
