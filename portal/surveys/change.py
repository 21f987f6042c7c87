"""The three questions in figures: the start beside later, by area and financial year, for officers and for whoever shows figures."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal.db import db
from portal.errors import Refused
from portal.few import FEW
from portal.money import year_bounds
from portal.places import queries as places
from portal.surveys import figures
from portal.surveys.model import NeighboursAnswer
from portal.surveys.wording import NEIGHBOURS, Question, newest
from portal.words import _

EVERYWHERE, ELSEWHERE = "", "-"  # beside the names of wards
CODES = ("trust", "know", "help")
# at the start; of who answered twice: at the start, and later; at the start, of who answered once
ALL, BEFORE, AFTER, ONCE = "all", "before", "after", "once"

Key = tuple[str, str, str]  # column, place, answer
First = tuple[str, str, str]  # the year of the first answer, place, answer
Again = tuple[str, str, str, str]  # the year of the second answer, place, both answers
Kept = tuple[Counter[First], Counter[Again]]


@dataclass(frozen=True)
class Line:
    """One answer: how many gave it at the start, and of those who answered twice how many at the start and later. None: not told."""

    answer: str
    start: int | None
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Told:
    """One question of one wording. How many answered in all is not told: it would tell of answers that few gave."""

    question: Question
    wording: int
    lines: Sequence[Line]


@dataclass(frozen=True)
class Figures:
    """Of one year: everywhere or one place. `places`: what is told apart, to its name: the wards as they stood on the last day of the
    year, and who lives in none that we know.
    """

    year: str
    place: str
    places: Mapping[str, str]
    told: Sequence[Told]


def read(year: str, place: str = EVERYWHERE) -> Figures:
    """The figures of a year that is over: first answers that were given in it, and the two of who answered again in it. Four queries.

    Refused: a year that is not over, or no such place.
    """
    if year not in figures.years():
        raise Refused(_("The figures of a year come when it is over."), "year")
    ward_of = {id_: name for id_, (code, name) in places.wards_on(year_bounds(year)[1]).items() if code}
    some = {**{name: name for name in sorted(set(ward_of.values()))}, ELSEWHERE: _("Elsewhere, or not said")}
    if place != EVERYWHERE and place not in some:
        raise Refused(_("Choose something from the list."), "place")
    kept = _kept(ward_of)
    asked = {wording for wording, _question in kept} or {newest(NEIGHBOURS)}
    found = [
        _told(question, wording, year, place, list(some), kept.get((wording, question.code), (Counter(), Counter())))
        for wording in sorted(asked, reverse=True)
        for question in NEIGHBOURS[wording]
    ]
    return Figures(year, place, {EVERYWHERE: _("Everywhere"), **some}, found)


def _told(question: Question, wording: int, year: str, place: str, some: Sequence[str], kept: Kept) -> Told:
    counts = _counts(year, *kept)
    for column in (ALL, BEFORE, AFTER, ONCE):
        for code in question.answers:
            counts[column, EVERYWHERE, code] = sum(counts[column, each, code] for each in some)
    numbers = {(column, each, code): counts[column, each, code] for column in (ALL, BEFORE, AFTER) for each in (EVERYWHERE, *some) for code in question.answers}  # fmt: skip
    few = [(BEFORE, each, code) for each in (EVERYWHERE, *some) for code in question.answers if counts[ONCE, each, code] < FEW]
    unseen = figures.hidden(numbers, _sums(question, some), few)
    tell = {key: None if key in unseen else number for key, number in numbers.items()}
    lines = [Line(code, *(tell[column, place, code] for column in (ALL, BEFORE, AFTER))) for code in question.answers]
    return Told(question, wording, lines)


def _counts(year: str, first: Counter[First], again: Counter[Again]) -> Counter[Key]:
    """How often each answer was given in each place in a year; and, up to its end, by how many who have not answered again: where these
    are few, the first answers of those who did are not told, because all first answers less theirs would tell of the others.
    """
    counts: Counter[Key] = Counter()
    for (when, place, code), number in first.items():
        counts[ONCE, place, code] += number if when <= year else 0
        counts[ALL, place, code] += number if when == year else 0
    for (when, place, before, after), number in again.items():
        counts[ONCE, place, before] -= number if when <= year else 0
        counts[BEFORE, place, before] += number if when == year else 0
        counts[AFTER, place, after] += number if when == year else 0
    return counts


def _sums(question: Question, some: Sequence[str]) -> Iterator[figures.Sum[Key]]:
    """What everybody knows of the figures: everywhere is all places, and who answered twice are the same people both times."""
    for column in (ALL, BEFORE, AFTER):
        for code in question.answers:
            yield [(column, EVERYWHERE, code)], [(column, each, code) for each in some]
    for each in (EVERYWHERE, *some):
        yield [(BEFORE, each, code) for code in question.answers], [(AFTER, each, code) for code in question.answers]


def _kept(ward_of: Mapping[int, str]) -> Mapping[tuple[int, str], Kept]:
    """All answers, counted by wording and question: who answered it at the start, and who answered it twice. Two queries."""
    start, later = aliased(NeighboursAnswer), aliased(NeighboursAnswer)
    firsts, seconds = ([getattr(each, code) for code in CODES] for each in (start, later))
    found: dict[tuple[int, str], Kept] = {}
    by: list[Any] = [start.wording, start.area_id, start.month, *firsts]
    for number, wording, area, month, *answers in db.session.execute(
        select(func.count(), *by).where(start.moment == "start").group_by(*by)
    ):
        for code, answer in zip(CODES, answers, strict=True):
            if answer:
                key = figures.year_of(month), ward_of.get(area, ELSEWHERE), answer
                found.setdefault((wording, code), (Counter(), Counter()))[0][key] += number
    by = [start.wording, start.area_id, later.month, *firsts, *seconds]
    pairs = (later.token == start.token) & (later.moment == "later") & (later.wording == start.wording)
    for number, wording, area, month, *answers in db.session.execute(
        select(func.count(), *by).join(later, pairs).where(start.moment == "start").group_by(*by)
    ):
        for code, before, after in zip(CODES, answers[: len(CODES)], answers[len(CODES) :], strict=True):
            if before and after:
                found[wording, code][1][figures.year_of(month), ward_of.get(area, ELSEWHERE), before, after] += number
    return found
