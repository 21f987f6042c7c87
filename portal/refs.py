"""Public references: unguessable, easy to read out on the telephone, without look-alike letters."""

import random
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U/V confusion kept to V
_SHAPE = re.compile(r"^[A-Z]{3}-[" + ALPHABET + r"]{4}-[" + ALPHABET + r"]{4}$")


_source: random.Random = secrets.SystemRandom()


@contextmanager
def drawn_from(source: random.Random) -> Iterator[None]:
    """Draw references from a seeded source: for the demo scheme alone, which must come out the same every time."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


def new_ref(prefix: str) -> str:
    """A fresh reference such as `SPK-7F3K-9QXA`: 30^8, about 39 bits, behind rate limits and access rules."""
    first, second = ("".join(_source.choice(ALPHABET) for _ in range(4)) for _ in range(2))
    return f"{prefix}-{first}-{second}"


def clean_ref(text: str) -> str | None:
    """What somebody typed ("spk7f3k 9qxa") as a reference, or None when it cannot be one."""
    letters = re.sub(r"[\s-]", "", text).upper()
    if len(letters) != 11:
        return None
    ref = f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
    return ref if _SHAPE.match(ref) else None


def clean_card(text: str) -> str | None:
    """What somebody typed from a membership card, also without its first letters ("63J4-RKHD"); None when it cannot be one.

    Without a figure among them eight letters are taken for a name: "Jean-Mary".
    """
    whole = clean_ref(text)
    return whole or (clean_ref(f"MEM{text}") if re.search(r"[2-9]", text) else None)


def new_serial() -> str:
    """A number for a printed ballot paper, such as `BAL-7F3K-9QXA`: seven letters drawn, of which the eighth is the check."""
    drawn = "".join(_source.choice(ALPHABET) for _ in range(7))
    letters = drawn + _check(drawn)
    return f"BAL-{letters[:4]}-{letters[4:]}"


def clean_serial(text: str) -> str | None:
    """What somebody typed from a ballot paper, with or without "BAL"; None when it cannot be one of ours (a slip of one letter, or
    nearly any two that changed places)."""
    letters = re.sub(r"[\s-]", "", text).upper()
    ref = clean_ref("BAL" + letters.removeprefix("BAL") if len(letters) in (8, 11) else "")
    if ref is None:
        return None
    plain = ref[4:].replace("-", "")
    return ref if _check(plain[:7]) == plain[7] else None


def _check(letters: str) -> str:
    """Luhn's check, modulo the length of the alphabet, which is even as it must be."""
    size, total = len(ALPHABET), 0
    for place, letter in enumerate(reversed(letters)):
        number = ALPHABET.index(letter) * (2 if place % 2 == 0 else 1)
        total += number // size + number % size
    return ALPHABET[-total % size]
