"""What is typed about outcomes, stories and progress."""

from collections.abc import Sequence

from wtforms import BooleanField, RadioField, SelectMultipleField

from portal.grants.model import Photo
from portal.outcomes.hopes import Choice
from portal.outcomes.rules import HEADINGS, HOW_FAR
from portal.web.forms import DayField, Form, Line, Needed, Paragraphs
from portal.words import N_, _


class Words(Form):
    words = Line(
        N_("What might somebody hope for?"),
        [Needed(N_("Write what somebody might hope for."))],
        description=N_("In plain words, like “People get to know their neighbours”."),
        most=80,
    )
    heading = RadioField(N_("What does it belong to?"), [Needed(N_("Choose what it belongs to."))])

    def fill(self) -> "Words":
        self.heading.choices = [(name, _(words)) for name, words in HEADINGS.items()]
        return self


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why. It is kept."))], most=300)


class Choose(Form):
    picked = SelectMultipleField(
        N_("What do you hope for?"), description=N_("Choose one to three: what matters most to you."), validate_choice=False
    )

    def fill(self, choices: Sequence[Choice]) -> "Choose":
        self.picked.choices = [(each.ref, each.words) for each in choices]
        return self


class Answer(Form):
    far = RadioField(N_("How far did it come? (optional)"), validate_choice=False)
    happened = Paragraphs(N_("What happened? (optional)"), description=N_("A sentence is enough."), most=500)

    def fill(self) -> "Answer":
        self.far.choices = [(name, _(words)) for name, words in HOW_FAR.items()]
        return self


class TellStory(Form):
    words = Paragraphs(
        N_("Your story"),
        [Needed(N_("Write a few sentences. You can look at the questions above for a start."))],
        description=N_("For everybody to read. Leave out full names, addresses and telephone numbers."),
        most=1500,
    )
    photo = RadioField(N_("A photo with it (optional)"), validate_choice=False)
    agreed = BooleanField()
    shown = BooleanField()

    def fill(self, photos: Sequence[Photo]) -> "TellStory":
        """Choices are the photos of the report, and none."""
        self.photo.choices = [("", _("No photo"))] + [
            (each.ref, each.alt or _("Photo %(number)d", number=number)) for number, each in enumerate(photos, start=1)
        ]
        return self


class Publish(Form):
    sure = BooleanField(N_("I have looked at what is marked: it names nobody and no home"))


class ChangeProgress(Form):
    doing = Paragraphs(N_("What is going on now? One thing a line (optional)"), most=2000)
    marker = Paragraphs(N_("How would we know? (optional)"), description=N_("What we would see or hear if it got better."), most=500)
    next_step = Paragraphs(N_("What comes next? (optional)"), most=500)
    who = Line(N_("Who does it? (optional)"), description=N_("A team or a role. Only officers see this."), most=120)
    by = DayField(N_("By when? (optional)"))
