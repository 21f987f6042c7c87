"""What organisers, neighbours and connectors type about events."""

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, SelectField

from portal.events.model import Gathering
from portal.events.rules import KINDS, Plan
from portal.people.forms import area_choices, bases
from portal.people.model import Organisation
from portal.places.queries import area_by_code
from portal.web.forms import ClockField, DayField, EmailField, Form, Line, Needed, Paragraphs, WholeNumberField, whole_number
from portal.words import N_, _

EVERY = {"": N_("Once"), "week": N_("Every week"), "fortnight": N_("Every two weeks"), "month": N_("Every month, on the same weekday")}
YES_NO = {"": N_("I do not know"), "yes": N_("Yes"), "no": N_("No")}
KIND_HINTS = {
    "fair": N_("People pin up what they would like to do, and find others for it."),
    "meeting": N_("People who do similar things learn from each other."),
    "hub": N_("An afternoon at a hub: tea, help, company."),
    "celebration": N_("A street party, a thank you, a carnival."),
}


class What(Form):
    """What an event is: for planning one and for changing it."""

    kind = RadioField(N_("What is it?"), validate_choice=False)
    title = Line(
        N_("What is it called?"),
        [Needed(N_("Write what it is called."))],
        description=N_("Like “Ideas fair at the hub”. Everybody can read it."),
        most=80,
    )
    what = Paragraphs(
        N_("What happens there? (optional)"), description=N_("Who it is for, what to bring. Everybody can read it, so no names."), most=1000
    )
    area = SelectField(N_("In which area?"))
    place = Line(
        N_("Where do people meet?"),
        [Needed(N_("Write where people meet."))],
        description=N_("A place that everybody knows, like “The hub, Mill Lane”."),
        most=120,
    )
    day = DayField(N_("On which day?"), [Needed(N_("Say on which day."))])
    starts = ClockField(N_("From"), [Needed(N_("Write when it begins."))])
    ends = ClockField(N_("Until"), [Needed(N_("Write when it ends."))])
    step_free = RadioField(N_("Can people get in without steps?"), default="", validate_choice=False)
    hearing_loop = RadioField(N_("Is there a hearing loop?"), default="", validate_choice=False)
    access = Line(
        N_("What else helps people to take part? (optional)"),
        description=N_("A quiet room, a sign language interpreter, where to park."),
        most=200,
    )
    food = Line(
        N_("Is there something to eat or drink? (optional)"), description=N_("Like “Tea and cake, some of it vegan and halal”."), most=200
    )
    places = WholeNumberField(
        N_("How many places? (optional)"), description=N_("Leave it empty if everybody can come. With places there is a waiting list.")
    )
    friends = WholeNumberField(N_("How many friends may each bring?"), description=N_("0 if everybody says so for themselves."), default=0)

    def fill(self) -> "What":
        self.kind.choices = [(value, _(words)) for value, words in KINDS.items()]
        self.step_free.choices = self.hearing_loop.choices = [(value, _(words)) for value, words in YES_NO.items()]
        self.area.choices = area_choices(_("Choose"))
        return self

    def plan(self) -> Plan:
        """What was typed, once it is valid."""
        assert self.day.data is not None and self.starts.data is not None and self.ends.data is not None
        area = area_by_code(self.area.data or "")
        return Plan(
            kind=self.kind.data or "", title=self.title.data, what=self.what.data, area_id=area.id if area else None, place=self.place.data,
            day=self.day.data, starts=self.starts.data, ends=self.ends.data, places=self.places.data, friends=self.friends.data or 0,
            step_free=self.step_free.data or "", hearing_loop=self.hearing_loop.data or "", access=self.access.data, food=self.food.data,
        )  # fmt: skip


def said(gathering: Gathering) -> dict[str, Any]:
    """An event as the form shows it."""
    names = ("kind", "title", "what", "place", "day", "starts", "ends", "step_free", "hearing_loop", "access", "food", "places", "friends")
    return {name: getattr(gathering, name) for name in names} | {"area": gathering.area.code}


class New(What):
    organisation = SelectField(N_("Who organises it?"))
    every = SelectField(N_("How often?"))
    until = DayField(N_("Until when? (only if it comes again)"))

    def fill_for(self, groups: Sequence[Organisation], *, helps: bool) -> "New":
        self.fill()
        own = _("Me, as connector or officer") if helps else _("Me, as a neighbour")
        self.organisation.choices = [("", own), *((each.ref, each.name) for each in groups)]
        self.every.choices = [(value, _(words)) for value, words in EVERY.items()]
        return self


class Change(What):
    version = HiddenField()
    later = BooleanField(N_("Change all later ones too"))

    def shown(self) -> int:
        return whole_number(self.version.data)


class Reason(Form):
    reason = Line(
        N_("Why?"),
        [Needed(N_("Write why, in a few words. Everybody who comes reads it."))],
        description=N_("Everybody who comes gets this, and it stands on the page. No names."),
        most=200,
    )


class Cancel(Reason):
    later = BooleanField(N_("Cancel all later ones too"))


class Decide(Form):
    reason = Line(N_("If no: why not?"), description=N_("Whoever asked reads it. Be kind, and say how to go on."), most=200)


class Come(Form):
    """For who is signed in."""

    friends = WholeNumberField(N_("How many friends do you bring?"), default=0)
    hear = BooleanField(
        N_("You may write to me the day after"),
        description=N_("One message: was it good, and is there a gift, an idea or an hour that you could give?"),
    )


class ComeByName(Come):
    """For neighbours without an account."""

    name = Line(N_("Your name"), [Needed(N_("Write your name, as neighbours know you."))], most=80)
    email = EmailField(
        N_("Your e-mail address (optional)"),
        description=N_("With it you hear of changes. Only the organiser’s list has your name, and a month later we forget both."),
    )


class Enter(Form):
    """Somebody who said so on paper, by telephone or face to face."""

    name = Line(N_("Their name"), [Needed(N_("Write their name, as neighbours know them."))], most=80)
    email = EmailField(
        N_("Their e-mail address (optional)"), description=N_("With it they hear of changes, and can call it off themselves.")
    )
    friends = WholeNumberField(N_("How many friends do they bring?"), default=0)
    basis = RadioField(N_("How do you know?"), validate_choice=False)
    hear = BooleanField(N_("They said that we may write to them the day after"))

    def fill(self) -> "Enter":
        self.basis.choices = bases()
        return self


class Here(Form):
    """At the door."""

    hear = BooleanField(N_("You may write to me tomorrow"), description=N_("One message, to say thank you and to ask what comes next."))


class HereByName(Here):
    name = Line(N_("Your name"), [Needed(N_("Write your name, so that you are counted once."))], most=80)
    another = BooleanField(N_("No, I am another one of that name"))


class Code(HereByName):
    """The six digits at the door; the name is asked of who is not signed in."""

    code = Line(
        N_("The six digits at the door"),
        [Needed(N_("Write the six digits at the door."))],
        description=N_("They work on the day."),
        most=20,
    )


class CodeAlone(Here):
    code = Line(
        N_("The six digits at the door"),
        [Needed(N_("Write the six digits at the door."))],
        description=N_("They work on the day."),
        most=20,
    )


class Nothing(Form):
    """A button."""


class Tap(Form):
    """A tap on the organiser's page."""

    act = HiddenField()
    guest = HiddenField()
    name = Line(N_("Their name"), most=80)
    party = WholeNumberField(N_("How many are they?"), default=1)


class Sheet(Form):
    """A paper list, typed in."""

    sheet = Line(N_("Number of the sheet"), [Needed(N_("Write the number of the sheet."))], most=20)
    lines = Paragraphs(N_("Names written by hand (optional)"), description=N_("One on each line."), most=6000)

    def names(self) -> list[str]:
        return [" ".join(line.split())[:80] for line in self.lines.data.split("\n") if line.strip()]
