"""What officers and seats type about panels, ties and votes."""

from wtforms import BooleanField, RadioField, SelectField

from portal.panels.model import TIES
from portal.places import queries as places
from portal.web.forms import DayField, Form, Line, Needed, Paragraphs
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
    no_tie = BooleanField(N_("They said that nothing ties them to this idea"), [Needed(N_("Ask them about ties first, and tick the box."))])

    def fill_for(self, seats: list[tuple[str, str]]) -> "PaperVote":
        """With those who can still vote: (reference, name)."""
        self.fill()
        self.person.choices = seats
        self.source.choices = [("paper", _("On paper")), ("hall", _("In the hall"))]
        return self
