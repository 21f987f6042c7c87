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
