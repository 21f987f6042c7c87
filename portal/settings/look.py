"""How the scheme looks: two colours and a picture, changed with what stood before."""

import hashlib
from pathlib import Path
from typing import Any

from portal import photos
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.photos import Picture
from portal.places.model import Scheme
from portal.places.queries import scheme
from portal.settings import colours, log
from portal.words import N_, _

LONGEST = 600  # dots of a logo, which is small on the page


def address(brand: str, action: str, kind: str = "look") -> str:
    """Where the stylesheet of two colours lies; its mark changes when we make it otherwise."""
    text = colours.stylesheet(brand, action) if kind == "look" else colours.both(brand, action)
    return f"/look/{kind}/{brand[1:]}-{action[1:]}.css?v={hashlib.sha256(text.encode()).hexdigest()[:10]}"


def colours_of(here: Scheme | None) -> tuple[str, str]:
    """The two colours in force: header and links, and the button."""
    return (here.brand or colours.BRAND, here.action or colours.ACTION) if here is not None else (colours.BRAND, colours.ACTION)


def stylesheet_of(here: Scheme | None) -> str:
    """The address of the scheme's own stylesheet; empty while it looks as it ships."""
    if here is None or not (here.brand or here.action or here.photo_ref):
        return ""
    return address(*colours_of(here))


def logo() -> Scheme:
    """The scheme whose logo is asked for. NotFound: it has none."""
    here = scheme()
    if here is None or here.photo_file is None:
        raise NotFound(_("There is no picture."))
    return here


def set_colours(brand: str, action: str, actor: Actor) -> None:
    """Let every page look like this. Refused: what people could not read, with the nearest colour that they can."""
    colours.judge(brand, action)
    with transaction():
        here = _locked()
        before = colours_of(here)
        here.brand = "" if brand == colours.BRAND else brand
        here.action = "" if action == colours.ACTION else action
        _tell({"brand": [before[0], brand], "action": [before[1], action]}, actor)


def set_logo(picture: Picture, alt: str, data_dir: Path, actor: Actor) -> None:
    """Show a picture at the top of every page. Refused: nobody said what it shows."""
    if not alt:
        raise Refused(_("Write what the picture shows, for people who cannot see it."), "alt")
    file = photos.keep(picture, data_dir)
    try:
        with transaction():
            here = _locked()
            old, was = here.photo_file, here.photo_alt
            photos.put(here, picture, file, alt)
            record("scheme", "look_changed", actor, changed={"logo": [was, alt]})
    except BaseException:
        photos.drop(file, data_dir)
        raise
    photos.drop_any(old, data_dir)


def take_logo_away(data_dir: Path, actor: Actor) -> None:
    """The spark that ships stands there again. Again changes nothing."""
    with transaction():
        here = _locked()
        old, was = here.photo_file, here.photo_alt
        photos.put(here, None, None, "")
        _tell({"logo": [was, ""]}, actor)
    photos.drop_any(old, data_dir)


def _locked() -> Scheme:
    here = db.session.get(Scheme, 1, with_for_update=True)
    if here is None:
        raise Refused(_("Say first what the scheme is called."))
    return here


def _tell(changed: dict[str, list[Any]], actor: Actor) -> None:
    if real := {name: pair for name, pair in changed.items() if pair[0] != pair[1]}:
        record("scheme", "look_changed", actor, changed=real)


log.READERS["scheme", "look_changed"] = log.of_fields(
    N_("Looks"),
    {"brand": log.Field(N_("Colour of header and links")), "action": log.Field(N_("Colour of the button")), "logo": log.Field(N_("Logo, by its description"))},
)  # fmt: skip
