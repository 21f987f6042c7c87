"""Fields that take what people type, and say in one sentence how to put right what cannot be understood."""

import re
import unicodedata
import uuid
from collections.abc import Sequence
from datetime import date, time
from typing import Any

import phonenumbers
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.utils import unset_value
from wtforms.validators import Length, Optional, StopValidation
from wtforms.widgets import TextInput

from portal.money import Minutes, Pence, hours, parse_hours, parse_pounds, plain_pounds
from portal.words import N_, _

_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u2060\ufeff\u2028\u2029\ud800-\udfff]")
_OVERRIDES = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SHORT = 120
LONG = 3000


def tidy(text: str | None) -> str:
    """Text as we keep it: NFC, one kind of newline, trimmed, without control characters and those that hide in words or turn them round."""
    if not text:
        return ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _OVERRIDES.sub("", _INVISIBLE.sub("", text))).strip()


def one_line(text: str | None) -> str:
    """Tidy text without line breaks or runs of spaces."""
    return " ".join(tidy(text).split())


def whole_number(text: str | None, otherwise: int = -1) -> int:
    """A number from a hidden field or an address, which anybody can write; `otherwise` when it is none."""
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else otherwise


def plain_day(text: str | None, otherwise: date) -> date:
    """A day "2026-07-04" from a hidden field or an address, which anybody can write; `otherwise` when it is none that anybody lives."""
    return _day(text or "") or otherwise


def _day(text: str) -> date | None:
    """The centuries are those in which a day more, a year more or a London hour can be counted."""
    try:
        found = date.fromisoformat(text) if re.fullmatch(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None
    return found


class Needed:
    """The answer is needed; `sentence` says what to write ("Write your name")."""

    field_flags = {"required": True}

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def __call__(self, form: Any, field: Any) -> None:
        data = field.data
        if data is None or data is False or (isinstance(data, str | list) and not data):
            if any(str(part).strip() for part in field.raw_data or ()) and field.errors:
                raise StopValidation()  # what was typed could not be understood, and its own sentence says so
            field.errors = []  # a list of choices has no words of its own for "nothing chosen"
            raise StopValidation(_(self.sentence))


class Between:
    """A number from `least` to `most`; `sentence` says so in the field's own words."""

    def __init__(self, least: int, most: int, sentence: str) -> None:
        self.least, self.most, self.sentence = least, most, sentence

    def __call__(self, form: Any, field: Any) -> None:
        if field.data is not None and not self.least <= field.data <= self.most:
            raise ValidationError(_(self.sentence))


class _OurWords:
    """What the form library says by itself, as we say it: an answer that is on no list comes from an old page or from nobody's page."""

    def gettext(self, sentence: str) -> str:
        return _("Choose something from the list.") if "hoice" in sentence else _("Look at this answer once more.")

    def ngettext(self, _one: str, _many: str, _number: int) -> str:
        return _("Choose something from the list.")


class Form(FlaskForm):
    """All our forms: CSRF token, and a key so that a second sending is answered with the first result."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, _form: object) -> _OurWords:
            return _OurWords()

    once = HiddenField(default=lambda: uuid.uuid4().hex)

    def once_key(self, who: object) -> str:
        """The key of this sending, bound to who sends it."""
        return f"{who}:{type(self).__name__}:{str(self.once.data)[:64]}"

    def typed(self) -> list[str]:
        """What somebody wrote in their own words, to be shown once more where the form itself cannot be."""
        return [each.data for each in self if isinstance(each, StringField) and not isinstance(each, HiddenField) and each.data]

    def refuse(self, sentence: str, field: str | None = None) -> None:
        """Show a refusal of an action at its field, or above the form."""
        if field and field in self._fields:
            errors = self._fields[field].errors
            self._fields[field].errors = [*errors, sentence]
        else:
            self.form_errors.append(sentence)


class Line(StringField):
    """One line of text."""

    data: str  # never None: an empty answer is ""

    def __init__(self, label: str = "", validators: Sequence[Any] = (), *, most: int = SHORT, **kwargs: Any) -> None:
        super().__init__(label, [*validators, _AtMost(most)], **kwargs)
        self.most = most

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = one_line(valuelist[0]) if valuelist else ""


class Paragraphs(TextAreaField):
    """Several lines of text; `most` characters, counted on the page too."""

    data: str

    def __init__(self, label: str = "", validators: Sequence[Any] = (), *, most: int = LONG, **kwargs: Any) -> None:
        super().__init__(label, [*validators, _AtMost(most)], **kwargs)
        self.most = most

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = tidy(valuelist[0]) if valuelist else ""


class _AtMost:
    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, form: Any, field: Any) -> None:
        if field.data and len(field.data) > self.most:
            raise ValidationError(_("This is %(long)d characters long. Shorten it to %(most)d.", long=len(field.data), most=self.most))


class _Typed(Field):
    """A field whose text is shown back exactly as typed when it cannot be understood."""

    widget = TextInput()

    def _value(self) -> str:
        if self.raw_data:
            return tidy(str(self.raw_data[0]))[:200]
        return "" if self.data is None else self.shown(self.data)

    def shown(self, data: Any) -> str:
        return str(data)

    def understood(self, text: str) -> Any:
        raise NotImplementedError

    def process_formdata(self, valuelist: list[str]) -> None:
        text = one_line(valuelist[0])[:200] if valuelist else ""
        self.data = None
        if text:
            self.data = self.understood(text)  # its ValueError becomes the field's error


class PoundsField(_Typed):
    """Pounds as typed; `.data` is Pence or None."""

    data: Pence | None

    def shown(self, data: Any) -> str:
        return plain_pounds(data)

    def understood(self, text: str) -> Pence:
        return parse_pounds(text)


class HoursField(_Typed):
    """Hours as typed; `.data` is Minutes or None."""

    data: Minutes | None

    def shown(self, data: Any) -> str:
        return hours(data)

    def understood(self, text: str) -> Minutes:
        return parse_hours(text)


class WholeNumberField(_Typed):
    """A whole number of at most nine digits; `.data` is int or None."""

    data: int | None

    def understood(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise ValueError(_("Write a whole number, like 12."))
        return int(text)


class PlainDayField(_Typed):
    """A day in one box, as addresses and the picker of a browser write it (2026-07-04); `.data` is a date or None."""

    data: date | None

    def understood(self, text: str) -> date:
        found = _day(text)
        if found is None:
            raise ValueError(_("Write the day like 2026-03-31."))
        return found


class EmailField(_Typed):
    """An e-mail address; `.data` is lower-case text or None."""

    data: str | None

    def understood(self, text: str) -> str:
        return parse_email(text)


class PhoneField(_Typed):
    """A UK (or + international) telephone number; `.data` is E.164 text or None."""

    data: str | None

    def shown(self, data: Any) -> str:
        return show_phone(data)

    def understood(self, text: str) -> str:
        return parse_phone(text)


class EmailOrPhoneField(_Typed):
    """Either; `.data` is ("email", address) or ("sms", number) or None."""

    data: tuple[str, str] | None

    def shown(self, data: Any) -> str:
        return show_phone(data[1]) if data[0] == "sms" else str(data[1])

    def understood(self, text: str) -> tuple[str, str]:
        return parse_contact(text)


def parse_contact(text: str) -> tuple[str, str]:
    """("email", address) or ("sms", number). ValueError, with a sentence, when it can be neither."""
    return ("email", parse_email(text)) if "@" in text else ("sms", parse_phone(text))


def parse_email(text: str) -> str:
    """Lower-case address. ValueError, with a sentence, when it cannot be one."""
    text = text.strip().lower()
    if len(text) > 254 or not re.fullmatch(
        r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+", text
    ):
        raise ValueError(_("Write an e-mail address like name@example.com."))
    return text


def parse_phone(text: str) -> str:
    """E.164 number, United Kingdom unless it begins with +. ValueError, with a sentence, when it cannot be one."""
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException as why:
        raise ValueError(_("Write a telephone number like 07700 900123.")) from why
    length = len(str(number.national_number))  # in the UK "07700" is possible within one town, and reaches nobody
    too_short = number.country_code == 44 and length < (10 if str(number.national_number).startswith("7") else 9)
    if too_short or not phonenumbers.is_possible_number(number):
        raise ValueError(_("Write a telephone number like 07700 900123."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def show_phone(e164: str) -> str:
    """The number as people in the UK write it."""
    try:
        number = phonenumbers.parse(e164, "GB")
    except phonenumbers.NumberParseException:
        return e164
    style = phonenumbers.PhoneNumberFormat.NATIONAL if number.country_code == 44 else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


class ClockField(_Typed):
    """A time of day as typed ("10", "10:30", "2.15 pm", "half past two"); `.data` is a time or None."""

    data: time | None

    def shown(self, data: Any) -> str:
        return f"{data:%H:%M}"

    def understood(self, text: str) -> time:
        return parse_clock(text)


_FIGURES = {
    word: str(number)
    for number, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1)
}  # fmt: skip
_SAID = re.compile(rf"\b(?:{'|'.join(_FIGURES)})\b")
_CLOCK = re.compile(r"(?:(half|quarter) (past|to) )?([01]?[0-9]|2[0-3])(?:[:.]?([0-5][0-9]))?\s*(?:o['’]?\s?clock)?\s*([ap]\.?m\.?)?")


def parse_clock(text: str) -> time:
    """A time of day as typed: "10", "10.30", "1430", "2 pm", "12 noon", "half past ten". ValueError, with a sentence, when it cannot be one.

    Said in words without am or pm, one to six o'clock is in the afternoon.
    """
    plain = " ".join(text.lower().split())
    plain = re.sub(r"^(?:at )?(?:(?:12|twelve) )?(?:(noon|midday)|midnight)$", lambda word: "12 pm" if word[1] else "12 am", plain)
    plain = re.sub(
        r"^(?:a )?half (?:past )?(?=[0-9a-z])|^(?:a )?(quarter) (?=past |to )", lambda word: "quarter " if word[1] else "half past ", plain
    )
    figures = _SAID.sub(lambda word: _FIGURES[word[0]], plain)
    found = _CLOCK.fullmatch(figures)
    hour, half = (int(found[3]), (found[5] or "")[:1]) if found else (99, "")
    if (
        found is None
        or hour > (12 if half or found[1] else 23)
        or (half and not hour)
        or (found[1] and found[4])
        or found.group(1, 2) == ("half", "to")
    ):
        raise ValueError(_("Write the time of day like 10:30 or 2 pm."))
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif (found[1] or figures != plain) and 1 <= hour <= 6:
        hour += 12
    minute = {"half": 30, "quarter": 15}.get(found[1], int(found[4] or 0))
    return time(hour, minute) if found[2] != "to" else time((hour - 1) % 24, 60 - minute)


class DayField(Field):
    """A day in three boxes named NAME-day, NAME-month, NAME-year; `.data` is a date or None.

    Years must be within ten of this one in either direction: anything else is a slip.
    """

    widget = TextInput()
    PARTS = (("day", N_("Day")), ("month", N_("Month")), ("year", N_("Year")))
    typed_parts: dict[str, str]
    wrong_parts: set[str]

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        self.process_errors = []
        self.wrong_parts = set()
        self.raw_data = None
        if data is unset_value:
            data = None if formdata else self.default() if callable(self.default) else self.default  # a default is offered, not assumed
        self.object_data = data
        self.data = data
        self.typed_parts = (
            {"day": str(data.day), "month": str(data.month), "year": str(data.year)} if data else {p: "" for p, _l in self.PARTS}
        )
        if formdata is None or not any(f"{self.name}-{part}" in formdata for part, _label in self.PARTS):
            return
        self.typed_parts = {part: one_line(formdata.get(f"{self.name}-{part}"))[:12] for part, _label in self.PARTS}
        self.raw_data = [" ".join(self.typed_parts.values()).strip()]
        self.data = None
        try:
            self.data = self._understood()
        except ValueError as why:
            self.process_errors = [str(why)]

    def _understood(self) -> date | None:
        from portal.clock import today

        if not any(self.typed_parts.values()):
            return None
        self.wrong_parts = {part for part, text in self.typed_parts.items() if not text}
        if self.wrong_parts:
            missing = [_(label).lower() for part, label in self.PARTS if part in self.wrong_parts]
            raise ValueError(_("The date must have a day, a month and a year. Add the %(missing)s.", missing=_(" and the ").join(missing)))
        try:
            found = date(_number(self.typed_parts["year"]), _month(self.typed_parts["month"]), _number(self.typed_parts["day"]))
        except ValueError as why:
            self.wrong_parts = {"day", "month", "year"}
            raise ValueError(_("There is no such date. Write it like 27 3 2027.")) from why
        if abs(found.year - today().year) > 10:
            self.wrong_parts = {"year"}
            raise ValueError(_("Check the year: write it with four digits, like %(year)d.", year=today().year))
        return found


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise ValueError(text)
    return int(text)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _month(text: str) -> int:
    return _MONTHS.index(text[:3].lower()) + 1 if text[:3].lower() in _MONTHS else _number(text)


__all__ = [
    "Between", "ClockField", "DayField", "EmailField", "EmailOrPhoneField", "Form", "HoursField", "Length", "Line", "Needed", "Optional", "Paragraphs",
    "PhoneField", "PlainDayField", "PoundsField", "WholeNumberField", "one_line", "parse_clock", "parse_email", "parse_phone", "show_phone", "tidy", "whole_number",
]  # fmt: skip
