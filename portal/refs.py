"""Public references: unguessable, easy to read out on the telephone, without look-alike letters."""

import re
import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U/V confusion kept to V
_SHAPE = re.compile(r"^[A-Z]{3}-[" + ALPHABET + r"]{4}-[" + ALPHABET + r"]{4}$")


def new_ref(prefix: str) -> str:
    """A fresh reference such as `SPK-7F3K-9QXA`: 30^8, about 39 bits, behind rate limits and access rules."""
    first, second = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(2))
    return f"{prefix}-{first}-{second}"


def clean_ref(text: str) -> str | None:
    """What somebody typed ("spk7f3k 9qxa") as a reference, or None when it cannot be one."""
    letters = re.sub(r"[\s-]", "", text).upper()
    if len(letters) != 11:
        return None
    ref = f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
    return ref if _SHAPE.match(ref) else None
