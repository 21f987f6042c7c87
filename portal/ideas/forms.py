"""What people type about ideas: a card, how much they are in with, a wall of notes, what is wrong.

A choice that not every reader is offered is judged by the action, not by the field: it is not on everybody's page.
"""

from collections.abc import Sequence

from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField

from portal.ideas.cards import Draft
from portal.people.forms import area_choices, bases
from portal.places.model import Area
from portal.web.forms import EmailOrPhoneField, Form, HoursField, Line, Needed, Paragraphs, WholeNumberField
from portal.web.rows import MOST_PASTED
from portal.words import N_, _


class Card(Form):
    title = Line(
        N_("Your idea in one sentence"), [Needed(N_("Say your idea in a sentence, like “A bench by the bus stop”."))],
        description=N_("Everybody can read this. No full names, telephone numbers or addresses."), most=120,
    )  # fmt: skip
    area = SelectField(N_("Where?"), [Needed(N_("Choose where it is."))])
    text = Paragraphs(N_("More about it (optional)"), most=1200)
    photo = FileField(N_("A photo (optional)"), description=N_("Nobody’s face without asking them."))
    alt = Line(N_("What is in the photo? (optional)"), description=N_("For neighbours who cannot see it."), most=200)
    without_photo = BooleanField(N_("Take the photo away"))
    name = Line(N_("First name"), description=N_("It stands on the card."), most=40)
    contact = EmailOrPhoneField(
        N_("E-mail address or mobile number (optional)"), description=N_("So that we can tell what comes of it. Nobody sees it.")
    )
    basis = RadioField(N_("How do you know?"), validate_choice=False)
    version = HiddenField()
    event = HiddenField()

    def fill(self) -> "Card":
        self.area.choices = area_choices(_("Choose"))
        self.basis.choices = bases()
        return self

    @property
    def more_open(self) -> bool:
        """Whether what few people fill in is shown unfolded."""
        return any(field.errors or (field.data and field.name != "photo") for field in (self.text, self.photo, self.alt))

    def draft(self, area_id: int | None) -> Draft:
        """What was typed."""
        return Draft(
            self.title.data,
            area_id,
            self.text.data or "",
            self.alt.data or "",
            self.name.data or "",
            self.contact.data,
            self.event.data or "",
        )


class In(Form):
    """How much somebody is in with; who they are where they have no account."""

    minutes = HoursField(
        N_("How many hours?"),
        [Needed(N_("Write how many hours, like 2 or 1.5."))],
        description=N_("All together, as far as you can say. You can change it later."),
    )
    name = Line(N_("Your first name"), description=N_("Others read only this."), most=40)
    contact = EmailOrPhoneField(
        N_("E-mail address or mobile number (optional)"), description=N_("So that we can tell you what comes of it. Nobody sees it.")
    )
    another = BooleanField(N_("I am another neighbour of that name"))
    basis = RadioField(N_("How do you know?"), validate_choice=False)

    def fill(self) -> "In":
        self.basis.choices = bases()
        return self


class Change(Form):
    minutes = HoursField(N_("How many hours?"), [Needed(N_("Write how many hours, like 2 or 1.5."))])


class Whose(Form):
    name = Line(N_("Their first name"), [Needed(N_("Write their first name."))], most=40)
    contact = EmailOrPhoneField(N_("E-mail address or mobile number (optional)"))
    basis = RadioField(N_("How do you know?"), validate_choice=False)

    def fill(self) -> "Whose":
        self.basis.choices = bases()
        return self


class End(Form):
    how = RadioField(N_("What has become of it?"), [Needed(N_("Say whether it happened, or is not needed any more."))])
    basis = RadioField(N_("How do you know?"), validate_choice=False)

    def fill(self, *, desk: bool) -> "End":
        self.how.choices = [("done", _("It happened, without a grant")), ("withdrawn", _("Not any more: take it back"))]
        if desk:
            self.how.choices.append(("archived", _("Put it among the earlier ideas")))
        self.basis.choices = bases()
        return self


class Report(Form):
    words = Paragraphs(N_("What is wrong?"), [Needed(N_("Write what is wrong, in a few words."))], most=500)


class Why(Form):
    """Of what is done to somebody's card, or to their "I'm in"."""

    why = Line(N_("Why? They read it."), [Needed(N_("Write why, in a few words. They read it."))], most=300)


class Settle(Form):
    outcome = RadioField(N_("What comes of it?"), [Needed(N_("Say whether it stands or comes down."))])
    answer = Paragraphs(
        N_("A few words to them"), description=N_("Needed when the card comes down. Its owner reads them, and who told us."), most=500
    )
    version = HiddenField()

    def fill(self) -> "Settle":
        self.outcome.choices = [("stands", _("It stands, and is on the wall")), ("taken_down", _("It comes down"))]
        return self


class Join(Form):
    number = WholeNumberField(N_("Number of the other card"))
    way = RadioField(N_("Which one stays?"), [Needed(N_("Choose which card stays."))], default="into")
    said = RadioField(N_("Who has said yes?"), validate_choice=False)
    basis = RadioField(N_("How do you know?"), validate_choice=False)

    def fill(self, mine: str, other: str) -> "Join":
        self.way.choices = [("into", other), ("from", mine)]
        self.said.choices = [("both", _("Both")), ("this", mine), ("other", other)]
        self.basis.choices = bases()
        return self


class Answer(Form):
    basis = RadioField(N_("How do you know?"), validate_choice=False)

    def fill(self) -> "Answer":
        self.basis.choices = bases()
        return self


class Undo(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)


class Wall(Form):
    """The head of a wall. Its rows are read by `web.rows.sent`: they come and go."""

    area = SelectField(
        N_("Where is the wall?"), [Needed(N_("Choose where it is."))], description=N_("For notes without a place of their own.")
    )
    event = SelectField(N_("At which event? (optional)"), validate_choice=False)
    paste = Paragraphs(N_("Rows from a spreadsheet"), most=MOST_PASTED)

    def fill(self, areas: Sequence[Area], events: Sequence[tuple[str, str]]) -> "Wall":
        self.area.choices = [(area.code, area.name) for area in areas]
        self.event.choices = [("", _("At none")), *events]
        return self
