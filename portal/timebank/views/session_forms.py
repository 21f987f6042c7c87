"""What organisers and members type about sessions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, SelectField

from portal.money import STEP, Minutes
from portal.people.forms import area_choices, bases
from portal.places.queries import area_by_code
from portal.timebank.model import Category
from portal.timebank.session_split import SPLITS
from portal.timebank.sessions import Plan
from portal.timebank.sessions_model import TimeSession
from portal.web.forms import (
    ClockField,
    DayField,
    EmailOrPhoneField,
    Form,
    HoursField,
    Line,
    Needed,
    Paragraphs,
    WholeNumberField,
    whole_number,
)
from portal.words import N_, _
from portal.work.model import Purpose

EVERY = {"": N_("Once"), "week": N_("Every week"), "fortnight": N_("Every two weeks"), "month": N_("Every month, on the same weekday")}
ANOTHER = "another"


def choose_idea(form: Any, purposes: Sequence[Purpose]) -> None:
    """Offer these ideas; no question where there are none."""
    form.purpose.choices = [("", _("No")), *((str(each.id), each.title) for each in purposes)]
    if not purposes:
        del form.purpose


def idea_of(form: Any) -> int | None:
    """The idea that was chosen."""
    return int(form.purpose.data) if form.purpose and form.purpose.data else None


class What(Form):
    """What a session is: for opening one and for changing it."""

    title = Line(
        N_("What is it called?"),
        [Needed(N_("Write what it is called."))],
        description=N_("Like “Litter pick at the creek”. Everybody can read it."),
        most=80,
    )
    what = Paragraphs(
        N_("What will people do? (optional)"),
        description=N_("What to bring, who can join in. Everybody can read it, so no names."),
        most=600,
    )
    kind = SelectField(N_("What kind of help is it?"))
    area = SelectField(N_("In which area?"))
    place = Line(
        N_("Where do people meet?"),
        [Needed(N_("Write where people meet."))],
        description=N_("A place that everybody knows, like “Creek Road car park”."),
        most=120,
    )
    day = DayField(N_("On which day?"), [Needed(N_("Say on which day."))])
    starts = ClockField(N_("From"), [Needed(N_("Write when it begins."))])
    ends = ClockField(N_("Until"), [Needed(N_("Write when it ends."))])
    minutes = HoursField(N_("How much time does each get? (optional)"), description=N_("If you leave it empty: from beginning to end."))
    places = WholeNumberField(
        N_("How many places? (optional)"), description=N_("Leave it empty if everybody can come. With places there is a waiting list.")
    )

    purpose = SelectField(N_("Is it for an idea with a grant? (optional)"), description=N_("Then the same hours help that idea too."))

    def fill(self, categories: Sequence[Category], purposes: Sequence[Purpose]) -> "What":
        choose_idea(self, purposes)
        self.kind.choices = [("", _("Choose"))] + [(each.code, each.name) for each in categories]
        self.area.choices = area_choices(_("Choose"))
        return self

    def plan(self) -> Plan:
        """What was typed, once it is valid."""
        assert self.day.data is not None and self.starts.data is not None and self.ends.data is not None
        area = area_by_code(self.area.data or "")
        minutes = self.minutes.data
        if minutes is None:
            spent = datetime.combine(self.day.data, self.ends.data) - datetime.combine(self.day.data, self.starts.data)
            minutes = Minutes(max(int(spent.total_seconds() // 60) // STEP * STEP, STEP))
        return Plan(
            title=self.title.data, what=self.what.data, kind=self.kind.data or "", area_id=area.id if area else None, place=self.place.data,
            day=self.day.data, starts=self.starts.data, ends=self.ends.data, minutes=minutes, places=self.places.data, purpose_id=idea_of(self),
        )  # fmt: skip


def said(session: TimeSession) -> dict[str, Any]:
    """A session as the form shows it."""
    return {
        "title": session.title, "what": session.what, "kind": session.category.code, "area": session.area.code, "place": session.place, "day": session.day,
        "starts": session.starts, "ends": session.ends, "minutes": session.minutes, "places": session.places, "purpose": str(session.purpose_id or ""),
    }  # fmt: skip


class Open(What):
    payer = SelectField(
        N_("Who gives the hours?"),
        [Needed(N_("Choose who gives the hours."))],
        description=N_("Where one gives time to all who come: who that is."),
    )
    split = RadioField(N_("How do the hours go?"), default="")
    card = Line(N_("The number on their card"), most=20)
    basis = RadioField(N_("How do you know?"), validate_choice=False)
    every = SelectField(N_("How often?"))
    until = DayField(N_("Until when? (only if it comes again)"))

    def plan(self) -> Plan:
        """What was typed, with how it is paid where one gives to many."""
        return replace(super().plan(), split=self.split.data or "")

    def fill_payers(self, payers: Sequence[tuple[str, str]], *, helps: bool) -> "Open":
        self.payer.choices = [
            *([("", _("Choose"))] if len(payers) + helps > 1 else ()),
            *payers,
            *([(ANOTHER, _("Somebody whom I help"))] if helps else ()),
        ]
        self.split.choices = [
            ("", _("Whoever comes gives time, and gets hours for it")),
            *((code, _(words)) for code, words in SPLITS.items()),
        ]
        self.basis.choices = bases()
        self.every.choices = [(value, _(words)) for value, words in EVERY.items()]
        return self


class Change(What):
    version = HiddenField()
    later = BooleanField(N_("Change all later ones too"))

    def shown(self) -> int:
        return whole_number(self.version.data)


class Cancel(Form):
    reason = Line(
        N_("Why?"),
        [Needed(N_("Write why, in a few words. Everybody who signed up reads it."))],
        description=N_("Everybody who signed up gets this. No names."),
        most=200,
    )
    later = BooleanField(N_("Cancel all later ones too"))


class Code(Form):
    code = Line(
        N_("The six digits on the poster"),
        [Needed(N_("Write the six digits on the poster."))],
        description=N_("They work on the day."),
        most=20,
    )


class Nothing(Form):
    """A button."""


class Tap(Form):
    """A tap on the organiser's page; it may have waited on the phone."""

    act = HiddenField()
    member = Line(N_("The number on their card"), most=20)
    row = HiddenField()
    name = Line(N_("Their name"), most=80)


class Sheet(Form):
    """A paper register, typed in."""

    sheet = Line(N_("Number of the sheet"), [Needed(N_("Write the number of the sheet."))], most=20)
    lines = Paragraphs(
        N_("Names written by hand (optional)"),
        description=N_("One on each line: the number on the card, or the name. A name that nobody here has is counted as a guest."),
        most=6000,
    )

    guests = BooleanField(N_("They are guests, not these members"))

    def names(self) -> list[str]:
        return [" ".join(line.split())[:80] for line in self.lines.data.split("\n") if line.strip()]


class NewMember(Form):
    name = Line(N_("Their name"), [Needed(N_("Write their name, as neighbours know them."))], most=80)
    contact = EmailOrPhoneField(N_("E-mail address or mobile number (optional)"), description=N_("With it they hear of their hours."))
    another = BooleanField(N_("This is somebody else of the same name"))
    agreed = BooleanField(N_("They said yes to this"))
    row = HiddenField()


class Close(Form):
    minutes = HoursField(N_("How long was it, for everybody?"))
    sure = BooleanField(N_("Yes, it was that long"))
    purpose = SelectField(N_("Was it for an idea with a grant?"), description=N_("Then the same hours help that idea too."))
    basis = RadioField(N_("How do you know?"), validate_choice=False)

    def fill(self, purposes: Sequence[Purpose]) -> "Close":
        choose_idea(self, purposes)
        self.basis.choices = bases()
        return self


class PotPays(Form):
    area = SelectField(N_("Which community pot?"))
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Wrong(Form):
    words = Paragraphs(N_("What is wrong?"), [Needed(N_("Write what is wrong, in a few words."))], most=500)


class PutRight(Form):
    minutes = HoursField(
        N_("How long was it really?"), [Needed(N_("Write how long it was; 0 for nothing."))], description=N_("0 for nothing.")
    )
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. They read it."))], most=300)
    shown = HiddenField()


class Forgotten(Form):
    who = Line(N_("The number on their card"), [Needed(N_("Write the number on their card."))], most=20)
    minutes = HoursField(N_("How long were they there?"), [Needed(N_("Write how long it was."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. They read it."))], most=300)


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. Everybody who was there reads it."))], most=300)
