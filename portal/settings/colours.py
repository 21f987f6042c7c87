"""The colours of a scheme, pure: from two of them all that a page needs by day and by night, and whether people can read it (WCAG 2.2).

A stylesheet of ours is a function of the two colours alone, so that its address can hold them and a browser may keep it for ever.
"""

import re
from collections.abc import Callable, Sequence

from portal.errors import Refused
from portal.words import _

BRAND, ACTION = "#6b2145", "#1b6b3a"  # as it ships: header and links; the button
TEXT, SHAPE = 4.5, 3.0  # contrast that text needs, and the edge of something to press
EASY = 7.0  # what the colours of the night are made to reach
PAGE, WARM, WHITE, BLACK = "#fdf8ef", "#fbe3c0", "#ffffff", "#000000"  # surfaces by day; links stand on the warm one too
NIGHT, CARD_NIGHT, SOFT_NIGHT, INK = "#1c1518", "#281f23", "#2f2529", "#161013"


def understood(text: str, field: str) -> str:
    """A colour as typed ("#6B2145", "6b2145"), in small letters. Refused: it is none."""
    found = re.fullmatch(r"#?([0-9a-fA-F]{6})", text.strip())
    if found is None:
        raise Refused(_("Write a colour as a # and six figures or letters from a to f, like #6b2145."), field)
    return "#" + found[1].lower()


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _light(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (each / 255 for each in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_light(one), _light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, other: str, percent: int) -> str:
    """A colour with so much of another in it."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{(mine * (100 - percent) + theirs * percent + 50) // 100:02x}" for mine, theirs in pairs)


def _nearest(colour: str, towards: str, fits: Callable[[str], bool]) -> str:
    """The colour with the least of another in it that fits."""
    return next(made for percent in range(101) if fits(made := mixed(colour, towards, percent)))


def faults_of_brand(colour: str) -> Sequence[str]:
    """What people could not read in this colour of header and links, in words."""
    checks = (
        (contrast(WHITE, colour), TEXT, _("White words on the header")),
        (contrast(colour, WARM), TEXT, _("Links on the page")),
    )
    return [_fault(*each) for each in checks if each[0] < each[1]]


def faults_of_action(colour: str) -> Sequence[str]:
    """What people could not read or find in this colour of the button, in words."""
    checks = (
        (contrast(WHITE, colour), TEXT, _("White words on the button")),
        (contrast(colour, PAGE), SHAPE, _("The edge of the button on the page")),
    )
    return [_fault(*each) for each in checks if each[0] < each[1]]


def _fault(is_: float, needs: float, what: str) -> str:
    return _("%(what)s: the contrast is %(is_)s and must be %(needs)s.", what=what, is_=f"{int(is_ * 10) / 10}", needs=f"{needs}")


def judge(brand: str, action: str) -> None:
    """Refused, at its field: what fails, and the nearest colour that passes."""
    for colour, field, faults in ((brand, "brand", faults_of_brand), (action, "action", faults_of_action)):
        if found := faults(colour):
            near = _nearest(colour, BLACK, lambda made, faults=faults: not faults(made))  # type: ignore[misc]
            raise Refused(" ".join(found) + " " + _("The nearest colour that passes is %(near)s.", near=near), field)


def by_day(brand: str, action: str) -> dict[str, str]:
    """Custom properties of the light page."""
    return {
        "govuk-brand-colour": brand, "govuk-link-colour": brand, "govuk-link-hover-colour": mixed(brand, BLACK, 40), "k-brand": brand,
        "k-chosen": brand, "k-action": action, "k-action-hover": mixed(action, BLACK, 22), "k-action-shadow": mixed(action, BLACK, 45),
    }  # fmt: skip


def by_night(brand: str, action: str) -> dict[str, str]:
    """Custom properties of the dark page: the header darker, links and buttons so light that they are easy to read."""
    link = _nearest(brand, WHITE, lambda made: contrast(made, SOFT_NIGHT) >= EASY)
    press = _nearest(action, WHITE, lambda made: contrast(made, SOFT_NIGHT) >= EASY)
    return {
        "govuk-brand-colour": link, "govuk-link-colour": link, "govuk-link-hover-colour": mixed(link, WHITE, 50), "k-brand": mixed(brand, BLACK, 46),
        "k-chosen": link, "k-chosen-text": INK, "k-action": press, "k-action-hover": mixed(press, WHITE, 30), "k-action-shadow": mixed(press, BLACK, 45),
        "k-action-text": INK,
    }  # fmt: skip


def _rule(where: str, values: dict[str, str]) -> str:
    return where + "{" + ";".join(f"--{name}:{value}" for name, value in values.items()) + "}"


LOGO = ".k-logo{height:2.25rem;width:auto;max-width:9rem;border-radius:.375rem;background:#fff}"


def stylesheet(brand: str, action: str) -> str:
    """What goes over the compiled stylesheet on every page."""
    day, night = _rule(":root", by_day(brand, action)), _rule(":root", by_night(brand, action))
    return f"{day}@media screen and (prefers-color-scheme:dark){{{night}}}{LOGO}"


def both(brand: str, action: str) -> str:
    """For the page that shows day and night side by side."""
    day = by_day(brand, action) | {
        "govuk-text-colour": "#241a20", "k-card": WHITE, "k-line": "#e6dccd", "k-brand-text": WHITE, "k-action-text": WHITE, "k-chosen-text": WHITE,
    }  # fmt: skip
    night = by_night(brand, action) | {"govuk-text-colour": "#f3eae3", "k-card": CARD_NIGHT, "k-line": "#46393f", "k-brand-text": WHITE}
    shown = "padding:1rem;margin:0 0 1rem;border-radius:1rem;color:var(--govuk-text-colour)"
    rest = ".look .k-header{padding:.75rem 1rem;border-radius:.75rem;margin:0 0 1rem}.look p,.look h3{color:inherit}.look .govuk-link{color:var(--govuk-link-colour)}"
    return f"{_rule('.look--day', day)}{_rule('.look--night', night)}.look{{{shown}}}.look--day{{background:{PAGE}}}.look--night{{background:{NIGHT}}}{rest}{LOGO}"
