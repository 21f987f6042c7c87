"""What people type at the gift boards. A choice that not every reader is offered is judged by the action, not by the field."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField

from portal import clock
from portal.events.model import Gathering
from portal.gifts.rules import SORT_NAMES, STAYS, USUAL, Draft, sort_name
from portal.people.forms import area_choices, bases
from portal.people.model import Organisation
from portal.places.model import Area
from portal.web.filters import short_day
from portal.web.forms import ClockField, DayField, EmailOrPhoneField, Form, Line, Needed, Paragraphs, WholeNumberField, whole_number
from portal.web.rows import MOST_PASTED
from portal.words import N_, _

REACHES = {
    "area": N_("Neighbours in that place"),
    "linked": N_("Also in the places around it"),
    "scheme": N_("Everybody"),
}
STAY_NAMES = {"7": N_("A week"), "14": N_("Two weeks"), "28": N_("Four weeks"), "90": N_("Three months")}
KIND_NAMES = {"gift": N_("Give something"), "wish": N_("Ask for something")}
assert STAY_NAMES.keys() == STAYS.keys()


class Post(Form):
    """Photo first, what, where, until when; everything else is folded away."""

    photo = FileField(
        N_("A photo (optional)"),
        description=N_(
            "Look before you send it: no faces, no number plates, no letter or label with a name or address. Everybody can see it."
        ),
    )
    kind = RadioField(N_("What would you like to do?"), [Needed(N_("Say whether you give something or wish for it."))])
    title = Line(
        N_("What is it?"),
        [Needed(N_("Say what it is, like “A child’s bike, blue”."))],
        description=N_("Everybody can read this. No names, telephone numbers or addresses."),
        most=80,
    )
    sort = RadioField(N_("What sort is it?"), [Needed(N_("Choose what sort it is."))])
    area = SelectField(
        N_("Where?"), [Needed(N_("Choose where it is."))], description=N_("Only the area. You say where you meet later, to one neighbour.")
    )
    days = RadioField(N_("Until when?"), [Needed(N_("Say how long it stays."))], default=str(USUAL))
    quantity = WholeNumberField(N_("How many?"), [Needed(N_("Write a number, like 1."))], default=1)
    text = Paragraphs(N_("More about it (optional)"), most=800)
    until_day = DayField(N_("It must go by (optional)"), description=N_("It leaves the board after that day."))
    alt = Line(N_("What is in the photo? (optional)"), description=N_("For neighbours who cannot see it."), most=200)
    reach = RadioField(N_("Who sees it?"), [Needed(N_("Choose who sees it."))], default="scheme")
    hub = SelectField(N_("On the board of a hub too? (optional)"), validate_choice=False)
    whose = SelectField(N_("Who is it from?"), validate_choice=False)
    grown = BooleanField(N_("I am 18 or over"), description=N_("Younger? A parent, a carer or your hub can do this for you."))
    basis = RadioField(N_("How did they ask?"), validate_choice=False)
    without_photo = BooleanField(N_("Take the photo away"))
    version = HiddenField()
    event = HiddenField()  # on whose board it also stands
    note = HiddenField()  # number of the sticky note that it is

    def fill(self, kind: str, groups: Sequence[Organisation], hubs: Sequence[Organisation]) -> "Post":
        """`kind`: where it is known already; `groups`: organisations for which the reader may post; `hubs`: those that have a board."""
        self.kind.choices = [(value, _(words)) for value, words in KIND_NAMES.items()]
        self.sort.choices = [(value, sort_name(kind, value)) for value in SORT_NAMES]
        self.area.choices = area_choices(_("Choose"))
        self.days.choices = [(value, _(words)) for value, words in STAY_NAMES.items()]
        self.reach.choices = [(value, _(words)) for value, words in REACHES.items()]
        self.hub.choices = [("", _("No")), *((each.ref, each.name) for each in hubs)]
        self.whose.choices = [("", _("From me")), *((each.ref, each.name) for each in groups)]
        self.basis.choices = bases()
        return self

    @property
    def more_open(self) -> bool:
        """Whether what few people fill in is shown unfolded: something stands there, or is wrong."""
        some = (self.text, self.until_day, self.alt, self.hub)
        return any(field.errors or field.data for field in some) or self.reach.data not in ("scheme", None)

    def typed_values(self) -> dict[str, Any]:
        """What a stranger typed, to be put aside; `draft` and `again` read it."""
        plain = ("kind", "title", "sort", "area", "days", "text", "alt", "reach", "hub", "event", "note")
        until = self.until_day.data
        return {name: self[name].data or "" for name in plain} | {
            "quantity": self.quantity.data or 1,
            "until_day": until.isoformat() if until else "",
            "grown": bool(self.grown.data),
        }


def draft(typed: Mapping[str, Any], area_id: int | None, hub_id: int | None, event_id: int | None = None) -> Draft:
    """What was typed (`Post.typed_values`), as the rules judge it."""
    until = date.fromisoformat(typed["until_day"]) if typed["until_day"] else None
    return Draft(
        kind=typed["kind"], sort=typed["sort"], title=typed["title"], area_id=area_id, text=typed["text"], reach=typed["reach"], quantity=int(typed["quantity"]),
        days=whole_number(typed["days"], USUAL), until_day=until, alt=typed["alt"], hub_id=hub_id, event_id=event_id,
    )  # fmt: skip


def again(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The same, as the form shows it once more."""
    return {**typed, "until_day": date.fromisoformat(typed["until_day"]) if typed["until_day"] else None}


class PostFor(Post):
    """For somebody without e-mail: who it is, and how a coordinator knows."""

    name = Line(
        N_("Who is it for?"),
        [Needed(N_("Write their name, or the number on their letters."))],
        description=N_("First and last name, or the number on their letters, like PER-2345-6789."),
        most=80,
    )
    contact = EmailOrPhoneField(N_("Their e-mail or mobile (optional)"), description=N_("Nobody sees it. Without one they get letters."))
    another = BooleanField(N_("It is somebody else of that name"))


class Wall(Form):
    """The head of a wall. Its rows are read by `web.rows.sent`: they come and go."""

    area = SelectField(N_("Where is the wall?"), [Needed(N_("Choose where it is."))])
    event = SelectField(N_("At which event? (optional)"), validate_choice=False)
    hub = SelectField(N_("On the board of a hub too? (optional)"), validate_choice=False)
    group = SelectField(N_("Notes without a name are from"), validate_choice=False)
    paste = Paragraphs(N_("Rows from a spreadsheet"), most=MOST_PASTED)

    def fill(
        self, areas: Sequence[Area], events: Sequence[Gathering], hubs: Sequence[Organisation], groups: Sequence[Organisation] = ()
    ) -> "Wall":
        self.area.choices = [(area.code, area.name) for area in areas]
        self.event.choices = [("", _("At none")), *((each.ref, f"{each.title}, {short_day(each.day)}") for each in events)]
        self.hub.choices = [("", _("No")), *((each.ref, each.name) for each in hubs)]
        self.group.choices = [("", _("Nobody: each note has a name")), *((each.ref, each.name) for each in groups)]
        return self


class Notes(Wall):
    """What sticky notes are printed for, and how many pages."""

    pages = WholeNumberField(
        N_("How many pages?"), [Needed(N_("Write a number, like 1."))], default=2, description=N_("Eight notes on each.")
    )


class Say(Form):
    """Words to somebody; `whose` where one may speak for a group too, `grown` the first time."""

    words = Paragraphs(N_("Your message"), [Needed(N_("Write a few words."))], most=1500)
    whose = SelectField(N_("Who writes?"), validate_choice=False)
    grown = BooleanField(N_("I am 18 or over"), description=N_("Younger? A parent, a carer or your hub can do this for you."))

    def fill(self, groups: Sequence[Organisation] = ()) -> "Say":
        self.whose.choices = [("", _("I write for myself")), *((each.ref, each.name) for each in groups)]
        return self


class Promise(Form):
    quantity = WholeNumberField(N_("How many?"), [Needed(N_("Write how many, like 1."))], default=1)
    back_on = DayField(N_("When does it come back?"), description=N_("We remind both of you in time."))


class Meet(Form):
    """A day, a time and a place to meet."""

    day = DayField(N_("On which day?"), [Needed(N_("Say on which day."))])
    at = ClockField(N_("At what time?"), [Needed(N_("Write the time like 10:30 or 2 pm."))], description=N_("Like 10:30 or 2 pm."))
    place = Line(
        N_("Where do you meet?"),
        [Needed(N_("Say where you meet."))],
        description=N_("Somewhere easy, like the library or the hub. Only the two of you read this."),
        most=160,
    )

    def starts_at(self) -> datetime:
        """The instant at which they meet."""
        assert self.day.data is not None and self.at.data is not None
        return datetime.combine(self.day.data, self.at.data, clock.LONDON)


class Words(Form):
    words = Paragraphs(N_("A few kind words"), [Needed(N_("Write a few kind words, so that they know why."))], most=500)


class Thanks(Form):
    words = Paragraphs(N_("Your thanks"), [Needed(N_("Write a few words."))], most=500)


class Address(Form):
    address = Paragraphs(N_("Your address"), description=N_("Leave it empty to take it back."), most=200)


class Longer(Form):
    back_on = DayField(N_("Until which day?"), [Needed(N_("Say until which day."))])


class Wrong(Form):
    words = Paragraphs(N_("What is wrong?"), [Needed(N_("Write what is wrong, in a few words."))], most=500)


class Close(Form):
    block = BooleanField(N_("And I do not want to hear from them any more"))


class Decide(Form):
    decision = RadioField(N_("What shall happen with it?"), [Needed(N_("Choose what shall happen with it."))])
    reason = Paragraphs(N_("Why?"), description=N_("Kept in the log, and told to whom it touches."), most=500)
    stop = BooleanField(
        N_("Whoever wrote this may not post or answer any more"), description=N_("Talk to them first. You can let them back.")
    )

    def fill(self, kind: str, *, held: bool) -> "Decide":
        shown = ("shown", _("Put it on the board") if held else _("It may stay"))
        settled = [("settled", _("I have dealt with it"))]
        self.decision.choices = settled if kind == "message" else [shown, ("taken_down", _("Take it down"))]
        return self


class Number(Form):
    number = Line(N_("Number in the letter or message"), [Needed(N_("Write the number, like GTK-2345-6789."))], most=20)


class Speak(Form):
    """What somebody says who has no internet, passed on by who looks after the place."""

    side = RadioField(N_("Who says it?"), [Needed(N_("Say who says it."))])
    act = RadioField(N_("What do they say?"), [Needed(N_("Choose what they say."))])
    words = Paragraphs(N_("Their words"), most=1500)
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])

    def fill(self, sides: Sequence[tuple[str, str]], *, promised: bool) -> "Speak":
        """`sides`: (number, name) of the two; `promised`: whether something is promised between them."""
        self.side.choices = list(sides)
        some = (
            [("handed", _("It was handed over")), ("off", _("They call it off"))]
            if promised
            else [("promise", _("They promise it, or say yes please"))]
        )
        self.act.choices = [("words", _("Something else, in their words")), *some]
        self.basis.choices = bases()
        return self


class TakeDown(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. Its owner reads it."))], most=300)
