"""What in a text reaches a person somewhere else: addresses, numbers, names on other networks. Pure; people and shields use it.

It sees through digits of other scripts, wide and invisible letters, numbers in words and "rosa (at) mail dot com". Plain talk
stays: days and times of day are no telephone numbers, "look at mossgate.org" is no address of a person.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from portal.words import N_

EMAIL, PHONE, ELSEWHERE = (
    N_("an e-mail address"),
    N_("a telephone number"),
    N_("a name or link of another network"),
)

_ENDS = r"(?:com|net|org|info|uk|co|eu|io|biz|email|online|scot|wales|london)"
_AT = r"(?:[(\[{<]\s*at\s*[)\]}>]|\bat\b)"
_DOT = r"(?:\.|[(\[{<]\s*dot\s*[)\]}>]|\bdot\b)"
_MAILBOXES = r"(?:g ?mail|googlemail|hotmail|yahoo|btinternet|proton ?mail)"
# before "at" these speak of a place or a page: "see us at mossgate dot org"
_NO_NAME = r"(?!(?:look|looking|see|us|me|you|it|them|info|more|find|found|visit|read|online|is|are|meet|help|here|there|one|day|all|lunch|apply|book|register|website|page)\b)"  # fmt: skip
_NO_HANDLE = r"(?!(?:the|home|school|work|church|hub|library|hall|park|noon|night|our|my|your|mine|cafe|pub|weekends?|lunch|[ap]m)\b)"
_NETWORKS = (
    r"(?:ig|insta(?:gram)?|snap(?:chat)?|tik ?tok|telegram|whats ?app|wa|fb|facebook|messenger|twitter|discord|signal|skype|viber|wechat)"
)
# each pattern with texts of which one must be there (nearly all text holds none, and is not looked at again), and what it finds
_PATTERNS = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "@", EMAIL),
    (re.compile(rf"[\w.+-]{{1,64}}\s?@\s?[\w-]+(?:\s?\.\s?[\w-]+)*?\s?{_DOT}\s?{_ENDS}\b", re.IGNORECASE), "@", EMAIL),
    (re.compile(rf"[\w.+-]{{1,64}}\s*[(\[{{<]\s*at\s*[)\]}}>]\s*[\w-]+(?:\s*{_DOT}\s*[\w-]+)+", re.IGNORECASE), "([{<", EMAIL),
    (re.compile(rf"\b{_NO_NAME}[\w.+-]{{1,64}}\s+at\s+[\w-]+(?:\s+dot\s+[\w-]+)*?\s+dot\s+{_ENDS}\b", re.IGNORECASE), ("dot",), EMAIL),
    (re.compile(rf"\b{_NO_NAME}[\w.+-]{{1,64}}\s*{_AT}\s*{_MAILBOXES}\b", re.IGNORECASE), ("mail", "yahoo"), EMAIL),
    (
        re.compile(
            r"(?:https?://)?\b(?:(?:wa|t|m|fb)\.me|signal\.me|(?:chat|api)\.whatsapp\.com|discord\.gg|"
            r"(?:www\.)?(?:instagram|tiktok|snapchat|telegram)\.(?:com|org)|(?:www\.)?facebook\.com(?!/(?:groups|events)\b))/\S+",
            re.IGNORECASE,
        ),
        (".me/", ".com/", ".gg/", ".org/"),
        ELSEWHERE,
    ),
    (
        re.compile(rf"\b{_NETWORKS}\s*(?:[:=-]|\bis\b|\bme\b)\s*(?:@\s?\w[\w.]*|[a-z][a-z]*[._\d]\w[\w.]*)", re.IGNORECASE),
        (":", "=", "-", " is ", " me "),
        ELSEWHERE,
    ),
    (re.compile(rf"(?<![\w@])@{_NO_HANDLE}[a-z_][\w.]{{2,29}}\b", re.IGNORECASE), "@", ELSEWHERE),
    (re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b", re.IGNORECASE), "0123456789", N_("a postcode")),
    (re.compile(r"\b\d{2}-\d{2}-\d{2}\b"), "-", N_("a sort code")),
    (
        re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\s?(?:\d{2}\s?){3}[A-D]\b", re.IGNORECASE),
        "0123456789",
        N_("a National Insurance number"),
    ),
)

# numbers in figures, in words ("oh seven seven double oh") and in both
_DIGITS = {
    "oh": "0", "o": "0", "zero": "0", "nought": "0", "naught": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_TIMES = {"double": 2, "treble": 3, "triple": 3}
_TOKEN = re.compile(rf"\d++|(?:(?:{'|'.join(_TIMES)})[\s-]+)?\b(?:{'|'.join(_DIGITS)})\b", re.IGNORECASE)
_RUN = re.compile(rf"(?<!\w)(?:{_TOKEN.pattern})(?:[\s().–-]{{0,3}}(?:{_TOKEN.pattern})){{0,24}}(?!\w)", re.IGNORECASE)
_NUMBER = re.compile(r"(?:0|(?:00)?440?)\d{9,10}|7\d{9}")
_NOT_A_NUMBER = re.compile(
    r"(?<!\d)(?:\d{1,2}([./-])\d{1,2}\1\d{4}|\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{2}\s?(?:-|–|to|until)\s?\d{1,2}\.\d{2})(?!\d)"
)
_FEWEST = 9  # digits of a number abroad

_STREET = re.compile(
    r"\b(?:no\.? ?|number )?\d{1,4}[a-z]?,? (?:(?!(?:minutes?|hours?|days?|weeks?|years?|miles?|metres?|people|neighbours|families|boxes|pieces|of|for|to|from|by|and|in|the|a|an)\b)"
    r"[a-z][a-z’'-]*\.? ){1,3}(?:roads?|rd|streets?|lane|close|avenue|ave|row|drive|way|court|gardens?|terrace|crescent|place|square|grove|hill|mews|rise|park|"
    r"parade|mount|croft|villas|cottages?|wharf|quay)\b",
    re.IGNORECASE,
)
_FLAT = re.compile(r"\b(?:flat|apartment|maisonette) \d{1,4}[a-z]?\b", re.IGNORECASE)
_MANY_NUMBERS = re.compile(rf"(?<!\w)(?:(?:{'|'.join((*_TIMES, *_DIGITS))}|\d{{1,4}})(?!\w)[\s,.–-]{{0,3}}){{7,}}", re.IGNORECASE)

_MAY_BE_A_NUMBER = (*"0123456789", "oh", "zero", "nought", "naught", "double", "seven")


@dataclass(frozen=True)
class Contact:
    """Where something stands in a text, and what it is in words."""

    begins: int
    ends: int
    what: str


def contacts(text: str) -> Iterator[Contact]:
    """Everything in a text that reaches a person elsewhere: addresses and numbers first, each kind in its order."""
    seen, where = _folded(text)
    for begins, ends, what in (*_matches(seen), *((begins, ends, PHONE) for begins, ends in _numbers(seen))):
        yield Contact(where[begins], where[ends - 1] + 1, what)


def passed_on(text: str) -> str | None:
    """Which number, address or name on another network a text passes on, in words to be translated; None when it has none."""
    return next((each.what for each in contacts(text) if each.what in (EMAIL, PHONE, ELSEWHERE)), None)


def perhaps(text: str) -> list[str]:
    """What may be a street address ("14 Marsh Lane") or a number in words, as it stands there without commas: for a person to look at. "Two steps" and
    "1 to 10" are none.
    """
    seen, _where = _folded(text)
    words = " ".join(seen.replace(",", " ").split())
    return [found[0].strip(" .–-") for pattern in (_STREET, _FLAT, _MANY_NUMBERS) for found in pattern.finditer(words)]


def _matches(seen: str) -> Iterator[tuple[int, int, str]]:
    small = seen.casefold()
    for pattern, hints, what in _PATTERNS:
        if any(hint in small for hint in hints):
            for found in pattern.finditer(seen):
                yield *found.span(), what


def _folded(text: str) -> tuple[str, range | list[int]]:
    """Text with plain digits and letters and nothing invisible; and where each of its letters stood."""
    if text.isascii():
        return text, range(len(text))
    letters, where = [], []
    for place, letter in enumerate(text):
        if unicodedata.category(letter) == "Cf":
            continue
        digit = unicodedata.digit(letter, None)
        plain = str(digit) if digit is not None else unicodedata.normalize("NFKC", letter)
        letters.append(plain if len(plain) == 1 else letter)
        where.append(place)
    return "".join(letters), where


def _numbers(seen: str) -> Iterator[tuple[int, int]]:
    """Where telephone numbers stand; days and opening times are none."""
    if not any(hint in seen.casefold() for hint in _MAY_BE_A_NUMBER):
        return
    plain = _NOT_A_NUMBER.sub(lambda found: "x" * len(found[0]), seen)
    for run in _RUN.finditer(plain):
        tokens = [(found.start(), found.end(), _digits(found[0])) for found in _TOKEN.finditer(plain, run.start(), run.end())]
        last = -1
        for first, (begins, _ends, _value) in enumerate(tokens):
            if begins < last:
                continue
            abroad = plain[:begins].rstrip().endswith("+")
            digits = ""
            best = -1
            for _begins, ends, value in tokens[first:]:
                digits += value
                if _NUMBER.fullmatch(digits) or (abroad and _FEWEST <= len(digits) <= 15):
                    best = ends
            if best > 0:
                yield (plain.rindex("+", 0, begins) if abroad else begins), best
                last = best


def _digits(token: str) -> str:
    """ "double oh" as "00"."""
    words = token.lower().replace("-", " ").split()
    return words[0] if words[0].isdigit() else _DIGITS[words[-1]] * _TIMES.get(words[0], 1)
