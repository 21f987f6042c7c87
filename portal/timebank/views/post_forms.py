"""What members and coordinators type about offers, requests, conversations and promises.

A choice that not every reader is offered is judged by the action, not by the field: it is not on everybody's page.
"""

from collections.abc import Sequence
from datetime import datetime

from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField, ValidationError

from portal import clock
from portal.money import Minutes
from portal.people.contacts import passed_on
from portal.people.forms import area_choices, bases
from portal.timebank.members import name_of
from portal.timebank.model import Category, Member
from portal.timebank.posts import Draft
from portal.web.forms import ClockField, DayField, Form, HoursField, Line, Needed, Paragraphs
from portal.words import N_, _

REACHES = {
    "area": N_("Neighbours in that place"),
    "linked": N_("Also in the places around it"),
    "scheme": N_("Everybody in the scheme"),
}
ACTS = {
    "renew": N_("Keep it in the list"),
    "pause": N_("Pause it"),
    "met": N_("It is met"),
    "ended": N_("Not needed any more"),
}


class Post(Form):
    whose = SelectField(N_("Who is it from?"), validate_choice=False)
    kind = RadioField(N_("What would you like to do?"), [Needed(N_("Say whether you offer something or ask for it."))])
    title = Line(
        N_("In one sentence"),
        [Needed(N_("Say it in a sentence, like “I can mend bicycles”."))],
        description=N_("Everybody can read this. No names, telephone numbers or addresses."),
        most=120,
    )
    category = SelectField(N_("What kind of help?"), [Needed(N_("Choose what kind of help it is."))])
    area = SelectField(N_("Where?"), [Needed(N_("Choose where it is."))])
    reach = RadioField(N_("Who sees it?"), [Needed(N_("Choose who sees it."))])
    when_words = Line(N_("When? (optional)"), description=N_("Like “weekday mornings” or “after school”."), most=80)
    text = Paragraphs(N_("More about it (optional)"), most=800)
    from_day = DayField(N_("From which day? (optional)"))
    until_day = DayField(N_("Until which day? (optional)"), description=N_("It leaves the list after that day."))
    tags = Line(N_("Words to find it by (optional)"), description=N_("With commas between them, like “bikes, tools”."), most=120)
    photo = FileField(N_("A photo (optional)"), description=N_("Nobody’s face without asking them."))
    alt = Line(N_("What is in the photo? (optional)"), description=N_("For neighbours who cannot see it."), most=200)
    without_photo = BooleanField(N_("Take the photo away"))
    basis = RadioField(N_("How did they ask?"), validate_choice=False)
    version = HiddenField()

    def fill(self, own: Sequence[Member], kinds: Sequence[Category]) -> "Post":
        """`own`: for whom the reader may write."""
        self.whose.choices = [(each.ref, name_of(each)) for each in own]
        self.kind.choices = [("offer", _("Offer something")), ("request", _("Ask for something"))]
        self.category.choices = [("", _("Choose")), *((each.code, _(each.name)) for each in kinds)]
        self.area.choices = area_choices(_("Choose"))
        self.reach.choices = [(value, _(words)) for value, words in REACHES.items()]
        self.basis.choices = bases()
        return self

    @property
    def more_open(self) -> bool:
        """Whether what few people fill in is shown unfolded: something stands there, or is wrong."""
        some = (self.text, self.from_day, self.until_day, self.tags, self.photo, self.alt)
        return any(field.errors or (field.data and field.name != "photo") for field in some)

    def draft(self, kind: str, area_id: int | None) -> Draft:
        """What was typed."""
        return Draft(
            kind=kind, title=self.title.data, category=self.category.data or "", area_id=area_id, reach=self.reach.data or "", text=self.text.data or "",
            when_words=self.when_words.data or "", from_day=self.from_day.data, until_day=self.until_day.data, tags=self.tags.data or "",
            alt=self.alt.data or "",
        )  # fmt: skip


class _Words(Form):
    """A message. What would reach somebody elsewhere is asked about once: two members may give each other their number, knowingly."""

    pass_on = HiddenField()
    asks_first = False

    def validate_words(self, field: Paragraphs) -> None:
        """Asked again when the words hold a number or an address, and nobody has said that it is meant."""
        what = passed_on(field.data) if not self.pass_on.data else None
        if what is not None:
            self.asks_first = True
            raise ValidationError(_("You are about to pass on %(what)s. Is that what you want?", what=_(what)))


class Say(_Words):
    """Words to somebody; `whose` where one may speak for several, `number` and `basis` where a coordinator writes for a member."""

    whose = SelectField(N_("Who writes?"), validate_choice=False)
    number = Line(N_("Number on the card of who writes"), description=N_("Like MEM-2345-6789."), most=20)
    words = Paragraphs(N_("Your message"), [Needed(N_("Write a few words."))], most=1500)
    basis = RadioField(N_("How do you know?"), validate_choice=False)

    def fill(self, own: Sequence[Member] = ()) -> "Say":
        self.whose.choices = [(each.ref, name_of(each)) for each in own]
        self.basis.choices = bases()
        return self


class Speak(_Words):
    """A coordinator passes on what somebody says who has no internet."""

    side = RadioField(N_("Who says it?"), [Needed(N_("Say who says it."))])
    yes = BooleanField(N_("They say yes to the day"))
    words = Paragraphs(N_("Their words"), most=1500)
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])

    def fill(self, sides: Sequence[Member]) -> "Speak":
        self.side.choices = [(each.ref, name_of(each)) for each in sides]
        self.basis.choices = bases()
        return self


class Number(Form):
    number = Line(N_("Number in the letter or message"), [Needed(N_("Write the number, like CNV-2345-6789."))], most=20)


class Day(Form):
    """A day, a time and a place to meet."""

    day = DayField(N_("On which day?"), [Needed(N_("Say on which day."))])
    at = ClockField(N_("At what time?"), [Needed(N_("Write the time like 10:30 or 2 pm."))], description=N_("Like 10:30 or 2 pm."))
    place = Line(N_("Where do you meet?"), [Needed(N_("Say where you meet."))], description=N_("Only the two of you read this."), most=160)
    minutes = HoursField(N_("About how long? (optional)"), description=N_("An hour, if you say nothing."))

    def starts_at(self) -> datetime:
        """The instant at which they meet."""
        assert self.day.data is not None and self.at.data is not None
        return datetime.combine(self.day.data, self.at.data, clock.LONDON)

    def how_long(self) -> Minutes:
        """In minutes."""
        return self.minutes.data or Minutes(60)


class Off(Form):
    words = Paragraphs(N_("A few kind words"), [Needed(N_("Write a few kind words, so that they know why."))], most=500)


class Wrong(Form):
    words = Paragraphs(N_("What is wrong?"), [Needed(N_("Write what is wrong, in a few words."))], most=500)


class Close(Form):
    block = BooleanField(N_("And I do not want to hear from them any more"))


class Manage(Form):
    act = RadioField(N_("What shall happen with it?"), [Needed(N_("Choose what shall happen with it."))])
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])

    def fill(self, kind: str) -> "Manage":
        self.act.choices = [(value, _(words)) for value, words in ACTS.items() if kind == "request" or value != "met"]
        self.basis.choices = bases()
        return self


class TakeDown(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. Its owner reads it."))], most=300)


class Invite(Form):
    basis = RadioField(N_("How did they ask?"), validate_choice=False)

    def fill(self) -> "Invite":
        self.basis.choices = bases()
        return self


class Settle(Form):
    outcome = Paragraphs(N_("What came of it?"), [Needed(N_("Write what came of it. Whoever told us reads it."))], most=800)
    close_it = BooleanField(N_("Close the conversation for both"))
