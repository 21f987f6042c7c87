"""The rules of introductions and of asking somebody to lead, pure: how long a note stays, when nobody is asked, what a note may say."""

from collections.abc import Mapping
from datetime import date

from portal.clock import months_on
from portal.people.shield import not_for_the_public
from portal.words import N_, _

KEPT_YEARS = 2
REST_MONTHS = 6  # after an answer, nobody is asked again for so long
MOST_WORDS = 160

OUTCOME_NAMES: Mapping[str, tuple[str, str]] = {
    "nothing": (N_("Nothing yet"), ""),
    "met": (N_("They met"), "calm"),
    "began": (N_("Something began"), "good"),
}
ANSWER_NAMES: Mapping[str, tuple[str, str]] = {
    "": (N_("No answer yet"), "warm"),
    "yes": (N_("Said yes"), "good"),
    "not_now": (N_("Not now"), ""),
    "never": (N_("Never ask"), ""),
}


def kept_since(today: date) -> date:
    """The day before which every note is forgotten."""
    return months_on(today, -12 * KEPT_YEARS)


def rests_until(answer: str, answered_on: date) -> date | None:
    """Until when nobody asks after an answer; None: after "never", and while there is none."""
    return months_on(answered_on, REST_MONTHS) if answer in ("yes", "not_now") else None


def wrong_words(words: str) -> str | None:
    """What keeps a note from being written, in a sentence: the people it is about read it."""
    if not words:
        return _("Write what it is about, in a few words.")
    if (what := not_for_the_public(words)) is not None:
        return _("Leave out %(what)s. A few words about what it is are enough.", what=what)
    return None


def wrong_day(day: date, today: date) -> str | None:
    """What keeps a day from being noted, in a sentence."""
    if day > today:
        return _("That day is still to come. Write it down when it has happened.")
    if day < kept_since(today):
        return _("That is more than two years ago. Notes are kept for two years.")
    return None
