"""What partners, members and coordinators type about spend offers."""

import re
from typing import Any

from wtforms import FileField, RadioField, SelectField, SelectMultipleField

from portal import clock
from portal.people.forms import area_choices, bases
from portal.people.views import area_id
from portal.timebank.spend_model import SpendOffer
from portal.timebank.spend_offers import Offered
from portal.timebank.spend_rules import PER, WEEKDAYS, Window, clock_words
from portal.web.forms import DayField, Form, HoursField, Line, Needed, Paragraphs, WholeNumberField, parse_clock
from portal.words import N_, _

AHEAD = {"yes": N_("They book a place"), "no": N_("They just come")}
SETS = (1, 2, 3)  # times of the week that one form takes
FIELDS = {"area_id": "area", "minutes": "time", "photo": "photo"}  # what actions call otherwise


class Clock(Line):
    """A time of day as typed; `minute` says what it means."""

    @property
    def minute(self) -> int | None:
        return minute_of(self.data or "")


def minute_of(text: str) -> int | None:
    """A time of day as typed, in minutes after midnight; 24:00 is the end of the day. None for anything else."""
    if re.fullmatch(r"24(?:[:.]?00)?", text.strip()):
        return 24 * 60
    try:
        said = parse_clock(text)
    except ValueError:
        return None
    return said.hour * 60 + said.minute


class Offer(Form):
    """A partner's offer."""

    title = Line(
        N_("What is it?"),
        [Needed(N_("Write what it is, like “A swim in the quiet hours”."))],
        description=N_("Like “A swim in the quiet hours”"),
        most=80,
    )
    words = Paragraphs(
        N_("A few words about it"),
        [Needed(N_("Write a few words about it."))],
        description=N_("Everybody can read this. What do people bring, who is it for, can a wheelchair get in?"),
        most=600,
    )
    area = SelectField(N_("In which part of the scheme?"), [Needed(N_("Choose a place, so that neighbours find it."))])
    place = Line(
        N_("Where do they go?"),
        [Needed(N_("Write where it is, so that people find it."))],
        description=N_("Like “Blackshots Lane, the side door”"),
        most=120,
    )
    time = HoursField(
        N_("How much time does one place cost?"),
        [Needed(N_("Write how much time one place costs."))],
        description=N_("An hour is an hour: a class of one hour costs 1 h."),
    )
    ahead = RadioField(N_("Do people book?"), [Needed(N_("Say whether people book a place or just come."))])
    places = WholeNumberField(N_("How many places are there?"), [Needed(N_("Write a number of places."))])
    per = RadioField(N_("These are"), [Needed(N_("Say whether the places are for each time, a day or in all."))])
    days1 = SelectMultipleField(N_("On which days does it count?"), coerce=int)
    from1 = Clock(N_("From"), most=20)
    until1 = Clock(N_("Until"), most=20)
    days2 = SelectMultipleField(N_("Other days, at another time"), coerce=int)
    from2 = Clock(N_("From (other days)"), most=20)
    until2 = Clock(N_("Until (other days)"), most=20)
    days3 = SelectMultipleField(N_("And days at a third time"), coerce=int)
    from3 = Clock(N_("From (third time)"), most=20)
    until3 = Clock(N_("Until (third time)"), most=20)
    first_day = DayField(N_("From which day on?"), [Needed(N_("Say from which day on."))], default=clock.today)
    last_day = DayField(N_("Until which day? (optional)"))
    each_month = WholeNumberField(
        N_("How often may one person come in a month?"),
        [Needed(N_("Write a number from 1 to 31."))],
        description=N_("So that everybody gets a turn."),
    )
    each_all = WholeNumberField(N_("And in all? (optional)"))
    cancel_hours = WholeNumberField(
        N_("Until how many hours before can they give a place back?"),
        [Needed(N_("Write a number of hours from 0 to 168, which is a week."))],
        description=N_("Later, or not at all, costs them nothing, but you see it."),
    )
    photo = FileField(N_("A photo (optional)"))
    alt = Line(N_("What does the photo show?"), most=120)  # fmt: skip

    def fill(self) -> "Offer":
        self.area.choices = area_choices(_("Choose a place"))
        self.ahead.choices = [(value, _(words)) for value, words in AHEAD.items()]
        self.per.choices = [(value, _(words)) for value, words in PER.items()]
        for number in SETS:
            self[f"days{number}"].choices = [(day, _(name)) for day, name in enumerate(WEEKDAYS)]
        return self

    @staticmethod
    def begin(area: str) -> dict[str, Any]:
        """What a new one says at first."""
        return {
            "area": area,
            "time": 60,
            "ahead": "yes",
            "per": "time",
            "each_month": 4,
            "cancel_hours": 24,
            "days1": [],
            "days2": [],
            "days3": [],
        }

    @staticmethod
    def of(offer: SpendOffer) -> dict[str, Any]:
        """What one says that is there."""
        said: dict[str, Any] = {
            name: getattr(offer, name) for name in ("title", "words", "place", "places", "per", "first_day", "last_day", "each_month", "each_all", "cancel_hours")
        } | {"area": offer.area.code, "time": offer.minutes, "ahead": "yes" if offer.ahead else "no", "alt": offer.photo_alt}  # fmt: skip
        by_time: dict[tuple[int, int], list[int]] = {}
        for each in offer.windows:
            by_time.setdefault((each.begins, each.ends), []).append(each.weekday)
        for number in SETS:
            said[f"days{number}"] = []
        for number, ((begins, ends), days) in enumerate(by_time.items(), start=1):
            if number in SETS:
                said |= {f"days{number}": days, f"from{number}": clock_words(begins), f"until{number}": clock_words(ends)}
        return said

    def validate(self, extra_validators: Any = None) -> bool:
        fine = bool(super().validate(extra_validators))
        for number in SETS:
            days, begins, ends = self._row(number)
            if not (days.data or begins.data or ends.data):
                if number == 1:
                    days.errors = [_("Choose the days of the week, and from when to when.")]
                    fine = False
                continue
            if not days.data:
                days.errors = [_("Choose the days of the week.")]
            for field in (begins, ends):
                if field.minute is None:
                    field.errors = [_("Write a time of day, like 9:30 or 18:00.")]
            if begins.minute is not None and ends.minute is not None and begins.minute >= ends.minute:
                ends.errors = [_("The end comes after the beginning, on the same day.")]
            fine = fine and not (days.errors or begins.errors or ends.errors)
        return fine

    def _row(self, number: int) -> tuple[Any, Clock, Clock]:
        return self[f"days{number}"], self[f"from{number}"], self[f"until{number}"]

    def offered(self) -> Offered:
        """What was typed, after it was valid."""
        times = []
        for number in SETS:
            days, begins, ends = self._row(number)
            times += [
                Window(day, begins.minute, ends.minute) for day in days.data or () if begins.minute is not None and ends.minute is not None
            ]
        assert self.first_day.data is not None
        return Offered(
            title=self.title.data, words=self.words.data, place=self.place.data, area_id=area_id(self.area.data) or 0, minutes=self.time.data or 0,
            places=self.places.data or 0, per=self.per.data, ahead=self.ahead.data == "yes", times=tuple(times), first_day=self.first_day.data,
            last_day=self.last_day.data, each_month=self.each_month.data or 0, each_all=self.each_all.data,
            cancel_hours=-1 if self.cancel_hours.data is None else self.cancel_hours.data,
        )  # fmt: skip

    def unfolded(self, group: str) -> bool:
        """Whether what few change is to be seen: something stands in it, or is wrong."""
        fields = {
            "times": ("days2", "from2", "until2", "days3", "from3", "until3"),
            "limits": ("last_day", "each_all", "cancel_hours", "each_month", "first_day"),
        }
        return any(self[name].errors or (group == "times" and self[name].data) for name in fields[group])


class Book(Form):
    basis = RadioField(N_("How do you know?"), choices=[("", "")])

    def fill(self, helps: bool) -> "Book":
        self.basis.choices = bases()
        if not helps:
            del self.basis
        return self


class Till(Form):
    shown = Line(
        N_("Six digits of a booking, or the number on the card"),
        [Needed(N_("Type the number on the card, like MEM-7F3K-9QXA, or the six digits of a booking."))],
        most=20,
    )
    digits = Line(N_("The four digits on the card"), description=N_("They go with the card’s number. Not needed with the six digits of a booking."), most=10)  # fmt: skip


class Tap(Form):
    """One button."""


class Wrong(Form):
    words = Line(N_("What is wrong?"), [Needed(N_("Write what is wrong, in a few words."))], most=300)


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)


class WhyMaybe(Form):
    reason = Line(N_("Why? (optional)"), description=N_("Who has a place reads it."), most=300)


class Off(WhyMaybe):
    day = DayField(N_("Which day?"), [Needed(N_("Say which day."))])


class Look(Form):
    """A coordinator's answer: with a reason where one is needed."""

    reason = Line(N_("What should they change? Or why may it be there?"), description=N_("Needed to send it back, and to let through what our filter found."), most=300)  # fmt: skip


class JoinAs(Form):
    area = SelectField(N_("Where are you?"), [Needed(N_("Choose a place, so that neighbours find you."))])

    def fill(self) -> "JoinAs":
        self.area.choices = area_choices(_("Choose a place"))
        return self
