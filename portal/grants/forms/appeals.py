"""What somebody writes who appeals, and what whoever had no part in the decision answers."""

from collections.abc import Mapping
from typing import Self

from wtforms import BooleanField, RadioField, SelectMultipleField

from portal.grants.letters import GROUNDS
from portal.history import BASES
from portal.people.forms import bases
from portal.web.forms import Form, Line, Needed, Paragraphs
from portal.words import N_, _

DISAGREE = "disagree"
GROUND_HINTS = {
    "rules": N_("For example: too few of the panel voted, or a rule was used that was not published."),
    "tie": N_("For example: somebody of the panel is family, or would gain from it."),
    "unseen": N_("For example: a page, a photo or a neighbour’s promise that you sent in time."),
    "fact": N_("For example: the letter says that you asked for £250, and you asked for £150."),
    DISAGREE: N_("You would have decided otherwise. We tell you what you can do."),
}


class Ground(Form):
    ground = RadioField(N_("What went wrong?"), [Needed(N_("Choose what went wrong."))], validate_choice=False)

    def fill(self) -> "Ground":
        self.ground.choices = [(value, _(text)) for value, text in GROUNDS.items()] + [(DISAGREE, _("I do not agree with the decision"))]
        return self


class _MaybeForSomebody(Form):
    """With how a helper knows it, where somebody types for the applicant."""

    basis = RadioField(N_("How do you have it?"), [Needed(N_("Say how you have it."))], validate_choice=False)
    sheet = Line(N_("Number of the paper sheet (optional)"), most=30)

    def fill(self, helps: bool) -> Self:
        self.basis.choices = bases()
        if not helps:
            del self.basis, self.sheet
        return self

    def how(self) -> str:
        """The basis as it is kept: "paper sheet 41"."""
        return " ".join(part for part in (self.basis.data if self.basis.data in BASES else "", self.sheet.data) if part)


class Words(_MaybeForSomebody):
    words = Paragraphs(
        N_("What happened?"),
        [Needed(N_("Write what happened, in your own words."))],
        description=N_("A few sentences are enough. Whoever answers reads it, and nobody else."),
        most=2000,
    )


class SecondLook(_MaybeForSomebody):
    words = Paragraphs(
        N_("What is not right about the answer?"),
        [Needed(N_("Write what was not right about the answer."))],
        description=N_("A few sentences are enough. A different person reads it."),
        most=2000,
    )


class TakeBack(_MaybeForSomebody):
    pass


class Reference(Form):
    ref = Line(
        N_("The reference of the idea"),
        [Needed(N_("Write the reference of the idea."))],
        description=N_("It stands in the letter and begins with SPK."),
        most=30,
    )


class Answer(Form):
    outcome = RadioField(N_("Is the appeal right?"), [Needed(N_("Say whether the appeal is right."))], validate_choice=False)
    dropped = SelectMultipleField(N_("If it is right: what do we not ask for any more?"), validate_choice=False)
    reasons = Paragraphs(
        N_("Why? It goes into the letter."),
        [Needed(N_("Write why, in plain words. It goes into the letter."))],
        description=N_("Say what you looked at and what you found, as you would say it at the door."),
        most=2000,
    )
    sure = BooleanField(
        N_("Nothing ties me to this idea or to who asks"),
        [Needed(N_("Say that nothing ties you to this idea. If something does, leave it to somebody else."))],
    )

    def fill(self, conditions: Mapping[int, str]) -> "Answer":
        self.outcome.choices = [("upheld", _("Yes, it is right")), ("not_upheld", _("No, the rules were kept"))]
        self.dropped.choices = [(str(number), text) for number, text in conditions.items()]
        if not conditions:
            del self.dropped
        return self

    def chosen(self) -> set[int]:
        """The numbers of the conditions that fall away."""
        return {int(each) for each in (self.dropped.data or ()) if each.isdecimal() and len(each) < 4} if "dropped" in self else set()
