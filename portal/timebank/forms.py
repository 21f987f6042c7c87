"""What members and coordinators type about hours."""

from collections.abc import Sequence
from datetime import date

from wtforms import BooleanField, RadioField, SelectField, ValidationError

from portal import clock
from portal.errors import Refused
from portal.people.forms import BASES as BASES
from portal.people.forms import area_choices, bases
from portal.refs import clean_card
from portal.timebank.leaving import POT
from portal.timebank.members import name_of
from portal.timebank.model import Category, Member
from portal.timebank.rules import ADULT
from portal.web.forms import DayField, Form, HoursField, Line, Needed, WholeNumberField
from portal.words import N_, _
from portal.work.model import Purpose

YOUNG = "young"


class Join(Form):
    area = SelectField(N_("Where you live"), [Needed(N_("Choose where you live, so that neighbours find you."))])
    age = RadioField(N_("How old are you?"), [Needed(N_("Say how old you are."))])
    adult_on = DayField(
        N_("When are you 18?"), description=N_("Only if you are 16 or 17. Until then a parent or carer must say yes, and a coordinator talks to them.")
    )  # fmt: skip
    agreed = BooleanField("", [Needed(N_("Say yes to this first, please."))])

    def fill(self, least_age: int) -> "Join":
        self.area.choices = area_choices(_("Choose a place"))
        self.age.choices = [("adult", _("18 or over")), (YOUNG, _("16 or 17"))]
        if least_age == ADULT:
            del self.age
            del self.adult_on
        return self

    def until(self) -> date | None:
        """When somebody who says that they are younger is 18; None for everybody else. Refused: they do not say when."""
        if not self.age or self.age.data != YOUNG:
            return None
        if self.adult_on.data is None or self.adult_on.data <= clock.today():
            raise Refused(_("Write the day on which you will be 18."), "adult_on")
        until: date = self.adult_on.data
        return until


class Me(Form):
    area = SelectField(N_("Where you live"), [Needed(N_("Choose where you live, so that neighbours find you."))])
    seen_outside = BooleanField(
        N_("Members from other places may find me by name"), description=N_("Without it they need the number on your card.")
    )
    paused = BooleanField(
        N_("I take a break"), description=N_("Nobody finds you, and nobody can write down hours with you, until you are back.")
    )

    def fill(self) -> "Me":
        self.area.choices = area_choices(_("Choose a place"))
        return self


class Log(Form):
    """How long and what kind. The time is a chip (`minutes`) or is written (`time`)."""

    kind = RadioField(N_("What kind of help?"), [Needed(N_("Choose what kind of help it was."))])
    time = HoursField(N_("Another time"), description=N_("Like 1 h 15 min, or 1.25"))
    day = DayField(N_("On which day?"), [Needed(N_("Say on which day it was."))], default=clock.today)
    note = Line(N_("What was it? (optional)"), description=N_("Only the two of you read this."), most=200)
    purpose = SelectField(N_("Was it for an idea with a grant?"), description=N_("Then the same hours help that idea too."))
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])
    sheet = Line(N_("Sheet number (optional)"), most=20)

    def fill(self, kinds: Sequence[Category], purposes: Sequence[Purpose]) -> "Log":
        self.purpose.choices = [("", _("No")), *((str(each.id), each.title) for each in purposes)]
        if not purposes:
            del self.purpose
        self.kind.choices = [(each.code, _(each.name)) for each in kinds]
        self.basis.choices = bases()
        return self

    def how(self) -> str:
        """The basis of who types for others: "paper sheet 41"; "" when none was given."""
        said = self.basis.data or ""
        return f"{said} {self.sheet.data}".strip() if said == "paper sheet" else said


class Answer(Form):
    time = HoursField(N_("How long was it really?"), [Needed(N_("Say how long it was."))])

    def validate_time(self, field: HoursField) -> None:
        """Nothing at all is no time, but a no."""
        if field.data == 0:
            raise ValidationError(_("If it was not so at all, open “No, that is not right” and say no there."))


class No(Form):
    words = Line(N_("What happened? (optional)"), most=300)


class Digits(Form):
    code = Line(N_("Six digits from their message"), [Needed(N_("Write the six digits from their message."))], most=20)


class Wrong(Form):
    words = Line(N_("What is wrong?"), [Needed(N_("Write what is wrong, in a few words."))], most=300)


SOMEBODY = "number"


class _To(Form):
    """To the pot, to somebody known, or to a card number."""

    to = RadioField(N_("To whom?"), [Needed(N_("Choose who gets it."))])
    number = Line(N_("The number on their card"), most=20)

    def fill(self, area: str, recent: Sequence[Member]) -> None:
        self.to.choices = [
            (POT, _("The community pot of %(area)s, for who cannot earn", area=area)),
            *((each.ref, name_of(each)) for each in recent),
            (SOMEBODY, _("Somebody else, by the number on their card")),
        ]

    def whom(self) -> str:
        """`POT` or a card number. Refused: none that could be one."""
        if self.to.data != SOMEBODY:
            return str(self.to.data)
        number = clean_card(self.number.data)
        if number is None:
            raise Refused(_("Write the number on their card, like MEM-7F3K-9QXA."), "number")
        return number


class Give(_To):
    time = HoursField(N_("How much time?"), [Needed(N_("Say how much time you give."))])
    note = Line(N_("Why? (optional)"), most=120)


class Leave(_To):
    to = RadioField(N_("Where do your hours go?"), default=POT)
    note = Line(N_("Why are you leaving? (optional)"), most=200)


class LeaveFor(Leave):
    note = Line(N_("Why do they leave?"), [Needed(N_("Write why, in a few words."))], most=200)
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])
    tell = BooleanField(N_("Send them a word about it"), description=N_("Leave it empty when they have died."))

    def fill_for(self, area: str, recent: Sequence[Member]) -> "LeaveFor":
        self.fill(area, recent)
        self.basis.choices = bases()
        return self


class Break(Form):
    to = SelectField("", choices=[("break", ""), ("back", "")])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=200)
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])

    def fill(self) -> "Break":
        self.basis.choices = bases()
        return self


class Grant(Form):
    time = HoursField(N_("How much time?"), [Needed(N_("Say how much time they get."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)


class Decide(Form):
    time = HoursField(N_("How long was it?"), description=N_("0 when it does not count at all."))
    reason = Line(N_("Why? Both read this."), [Needed(N_("Write why, in a few words."))], most=300)


class Floor(Form):
    hours = WholeNumberField(N_("How many hours below zero may they go?"), description=N_("Leave it empty for what the scheme says."))
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)


class Kind(Form):
    name = Line(N_("What is it called?"), [Needed(N_("Write what it is called."))], most=40)


class JoinAreas(Form):
    old = SelectField(N_("Which area becomes a part of another?"), [Needed(N_("Choose an area."))])
    new = SelectField(N_("Of which one?"), [Needed(N_("Choose an area."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)

    def fill(self, areas: Sequence[tuple[str, str]]) -> "JoinAreas":
        self.old.choices = [("", _("Choose a place")), *areas]
        self.new.choices = area_choices(_("Choose a place"))
        return self


class Rules(Form):
    soft_floor = WholeNumberField(
        N_("From how many hours below zero do they get a friendly word?"), [Needed(N_("Write a number of hours."))]
    )
    hard_floor = WholeNumberField(N_("How many hours below zero may a member go?"), [Needed(N_("Write a number of hours."))])
    settle_days = WholeNumberField(N_("After how many days without an answer do hours count?"), [Needed(N_("Write a number of days."))])
    starting_credit = HoursField(N_("Hours that everybody starts with"), description=N_("Often none."))
