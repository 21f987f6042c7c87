"""What officers and seats type about panels, ties and votes."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from wtforms import BooleanField, HiddenField, RadioField, SelectMultipleField

from portal.panels import hall
from portal.panels.conduct import MOST as CONDUCT_MOST
from portal.panels.model import TIES
from portal.places import queries as places
from portal.web.forms import DayField, Form, Line, Needed, Optional, Paragraphs, WholeNumberField, whole_number
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
TIE_OF_OTHERS = {
    "family": N_("Family of somebody who asks"),
    "friend": N_("Close friend of somebody who asks"),
    "member": N_("They belong to the group, or help with the idea"),
    "money": N_("They, or their work, would gain from it"),
    "neighbour": N_("They live next to where it happens and it touches them"),
    "other": N_("Something else"),
}
KIND_WORDS = {"member": N_("Member"), "substitute": N_("Substitute"), "guest": N_("Guest")}
SOURCE_WORDS = {"phone": N_("on the phone"), "paper": N_("on paper"), "hall": N_("in the hall")}


MARK_WORDS = {3: N_("Very much"), 2: N_("Quite"), 1: N_("A little"), 0: N_("Not at all")}


class NewPanel(Form):
    name = Line(N_("Name of the panel"), [Needed(N_("Give the panel a name."))], most=80)
    purpose = Paragraphs(N_("What it decides (optional)"), most=500)
    areas = SelectMultipleField(N_("For which areas?"), description=N_("Leave all empty for a panel that decides everywhere."))
    takes_guests = BooleanField(
        N_("Residents may join as guests"),
        description=N_(
            "A resident of its areas may take a guest seat for three months, and decides only ideas that come to the panel after that."
        ),
    )

    def fill(self) -> Self:
        self.areas.choices = [(area.code, area.name) for area in places.areas() if area.kind != "scheme"]
        return self

    @property
    def area_ids(self) -> list[int]:
        """The areas that were ticked."""
        ids = {area.code: area.id for area in places.areas()}
        return [ids[code] for code in self.areas.data or [] if code in ids]


class EditPanel(NewPanel):
    end_guests = BooleanField(
        N_("End the seats of guests as well"), description=N_("When guests may not join any more: those who are there leave today.")
    )
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class _OfKind(Form):
    kind = RadioField(
        N_("What kind of seat?"),
        [Needed(N_("Say what kind of seat it is."))],
        default="member",
        description=N_("A substitute is called when too few others can decide an idea, and sees only those ideas."),
    )

    def fill(self) -> Self:
        self.kind.choices = [(kind, _(KIND_WORDS[kind])) for kind in ("member", "substitute")]
        return self


class NewSeat(_OfKind):
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


class Kind(_OfKind):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class OnPaper(Form):
    version = HiddenField()
    sheet = Line(
        N_("How did they accept it?"),
        [Needed(N_("Write how they accepted it, for example the number of the sheet that they signed."))],
        description=N_("For example: signed sheet 12, or read out on the telephone."),
        most=120,
    )


class Accept(Form):
    version = HiddenField()
    read = BooleanField(N_("I have read this and will keep to it"), [Needed(N_("Read it, and tick the box when you agree."))])


class EditConduct(Form):
    since = HiddenField()
    words = Paragraphs(
        N_("How the panel works and what its members promise"),
        [Needed(N_("Write what the panel promises."))],
        description=N_("Empty lines separate paragraphs. A short line that ends with a colon becomes a heading."),
        most=CONDUCT_MOST,
    )
    reason = Line(N_("Why a new version?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Offer(Form):
    words = Paragraphs(
        N_("Why would you like to?"),
        [Needed(N_("Write in a line why you would like to."))],
        description=N_("A line is enough. You need no experience."),
        most=500,
    )


class SayYes(_OfKind):
    term_start = DayField(N_("First day"), [Needed(N_("Write the first day."))])
    term_end = DayField(N_("Last day (optional)"))
    words = Paragraphs(N_("A few words to them (optional)"), most=500)


class SayNo(Form):
    words = Paragraphs(
        N_("Why not this time?"),
        [Needed(N_("Write why, kindly. They read it."))],
        description=N_("They read it, so write it kindly."),
        most=500,
    )


class TieFor(Form):
    person = RadioField(N_("Whose tie is it?"), [Needed(N_("Choose whose tie it is."))])
    tie = RadioField(N_("What ties them to it?"), [Needed(N_("Say what ties them to it."))])
    reason = Line(
        N_("How do you know?"),
        [Needed(N_("Write why, in a few words. It is kept."))],
        description=N_("Only officers read it."),
        most=300,
    )

    def fill_for(self, seats: list[tuple[str, str]]) -> "TieFor":
        """With the seats that are not tied: (reference, name)."""
        self.person.choices = seats
        self.tie.choices = [(tie, _(words)) for tie, words in TIE_OF_OTHERS.items()]
        return self


class NoTie(Form):
    person = HiddenField()
    reason = Line(N_("Why was it a mistake?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Against(Form):
    words = Paragraphs(N_("Why is it not right?"), [Needed(N_("Write why it is not right."))], most=500)


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


class AreaBallot(Form):
    idea = SelectMultipleField(N_("Which ideas would you like?"), validate_choice=False)  # the action judges, and says how to go on


class PrintPapers(Form):
    number = WholeNumberField(N_("How many papers?"), [Needed(N_("Write how many."))])


class TakePaper(Form):
    person = Line(
        N_("Who takes a paper?"),
        [Needed(N_("Write their e-mail address, telephone number, or number with us."))],
        description=N_(
            "Their e-mail address, telephone number, or number with us (PER-…). Who is not with us yet is added at the desk first."
        ),
    )


class PaperNumber(Form):
    serial = Line(
        N_("Number of the paper"),
        [Needed(N_("Write the number that stands on the paper."))],
        description=N_("Like BAL-7F3K-9QXA."),
        most=30,
    )


class Tap(Form):
    """Any button of the hall."""

    act = HiddenField(default="")
    matter = HiddenField(default="")
    person = HiddenField(default="")
    choice = HiddenField(default="")
    age = HiddenField(default="")
    minutes = Line(N_("Minutes for each idea"), most=10)
    reason = Line(N_("Why? A line, if you like"), most=200)

    def tap(self) -> hall.Tap:
        """What was tapped."""
        words = {name: (self[name].data or "")[:40] for name in ("act", "matter", "person", "choice")}
        return hall.Tap(reason=self.reason.data, minutes=whole_number(self.minutes.data), age=whole_number(self.age.data, 0), **words)


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
