"""Translation for rooms that do not know Flask.

`app.py` hands over Flask-Babel's functions; without it (a rule in a unit test) sentences stay English.
"""

from collections.abc import Callable

_gettext: Callable[..., str] | None = None
_ngettext: Callable[..., str] | None = None


def translate_with(gettext: Callable[..., str], ngettext: Callable[..., str]) -> None:
    """Install the translators; called once by `create_app`."""
    global _gettext, _ngettext
    _gettext, _ngettext = gettext, ngettext


def _(sentence: str, /, **values: object) -> str:
    """The sentence in the reader's language, with `%(name)s` values filled in."""
    if _gettext is not None:
        return _gettext(sentence, **values)
    return sentence % values if values else sentence


def N_(sentence: str) -> str:
    """Mark a sentence for translation that is translated later, when it is shown."""
    return sentence


def _n(one: str, many: str, number: int, **values: object) -> str:
    """The right plural for `number`, which is also available as `%(num)d`."""
    if _ngettext is not None:
        return _ngettext(one, many, number, **values)
    return (one if number == 1 else many) % {"num": number, **values}
