"""What an entry may say, judged without a database: pure functions, and the words for kinds, ways and states."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from portal.errors import Refused
from portal.people.shield import not_for_the_public
from portal.strengths.model import ACCESS, KINDS, WAYS
from portal.words import N_, _

KIND_WORDS = {
    "people": N_("People and groups"),
    "place": N_("Places"),
    "culture": N_("Culture and customs"),
    "support": N_("Peer support"),
    "enterprise": N_("Small local enterprises"),
}
ONE_OF_KIND = {
    "people": N_("A group of people"),
    "place": N_("A place to meet"),
    "culture": N_("Something we do together"),
    "support": N_("Peer support"),
    "enterprise": N_("A small local enterprise"),
}
KIND_HINTS = {
    "people": N_("Clubs, choirs, friends of the park, people who can."),
    "place": N_("Halls, gardens, a pub with a room."),
    "culture": N_("A carnival, a big lunch, a lantern walk."),
    "support": N_("People who have been there listen to each other."),
    "enterprise": N_("A café, a repair shop, a baker at the market."),
}
WAY_WORDS = {"one-to-one": N_("One to one"), "group": N_("In a group"), "telephone": N_("By telephone"), "online": N_("Online")}
ACCESS_WORDS = {
    "step-free": N_("No steps"),
    "toilet": N_("Accessible toilet"),
    "loop": N_("Hearing loop"),
    "parking": N_("Parking near the door"),
    "quiet": N_("A quiet corner"),
    "signing": N_("British Sign Language"),
}
STATE_WORDS = {
    "suggested": (N_("Waits for a look"), "warm"),
    "published": (N_("On the map"), "good"),
    "turned_down": (N_("Not on the map"), "bad"),
    "archived": (N_("Put away"), ""),
    "merged": (N_("Joined with another"), ""),
    "undone": (N_("Its file was taken back"), ""),
}
LEAST_NAME, MOST_NAME, MOST_OFFERS, MOST_LINE, MOST_TAGS, MOST_LINKS = 3, 120, 1500, 200, 8, 4
POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b", re.IGNORECASE)
STEP = 1000  # positions are kept in thousandths of a degree
FIELDS = (
    "kind", "name", "offers", "ways", "contact", "email", "phone", "contact_public", "area_id", "place", "open_door", "access", "access_words",
    "when_words", "tags", "links", "latitude", "longitude",
)  # fmt: skip
CONTACTS = ("contact", "email", "phone")
FREE_WORDS = ("name", "offers", "contact", "place", "access_words", "when_words", "tags")


@dataclass(frozen=True)
class Draft:
    """What is typed. `ways` and `access`: codes with commas between them; `links`: one on a line; a position in thousandths of a degree."""

    kind: str
    name: str
    offers: str
    area_id: int | None
    contact: str = ""
    email: str = ""
    phone: str = ""
    contact_public: bool = False
    ways: str = ""
    place: str = ""
    open_door: bool = False
    access: str = ""
    access_words: str = ""
    when_words: str = ""
    tags: str = ""
    links: str = ""
    latitude: int | None = None
    longitude: int | None = None


def codes_in(text: str, known: Sequence[str]) -> str:
    """The codes of a list in their own order, each once: "group, nonsense" gives "group"."""
    said = {part.strip() for part in text.split(",")}
    return ", ".join(code for code in known if code in said)


def tidy_tags(typed: str) -> str:
    """Words after commas, each once: " Choir,singing ,choir" gives "Choir, singing"."""
    tags = {tag.casefold(): tag for tag in reversed([" ".join(each.split()) for each in typed.split(",")]) if tag}
    return ", ".join(reversed(tags.values()))


def judge(draft: Draft, names: Iterable[str] = ()) -> None:
    """Refused, at its field: what is missing, what is too long, and what points to a person (`names` of whom it may be about)."""
    if draft.kind not in KINDS:
        raise Refused(_("Choose what it is."), "kind")
    if not LEAST_NAME <= len(draft.name) <= MOST_NAME:
        raise Refused(_("Write what it is called, in 3 to 120 letters."), "name")
    if not draft.offers:
        raise Refused(_("Write what it offers, in a sentence or two."), "offers")
    for name, most in (
        ("offers", MOST_OFFERS),
        *((each, MOST_LINE) for each in ("contact", "place", "access_words", "when_words", "tags")),
    ):
        if len(getattr(draft, name)) > most:
            raise Refused(_("This is too long. Shorten it to %(most)d letters.", most=most), name)
    if draft.kind == "support" and not codes_in(draft.ways, WAYS):
        raise Refused(_("Say how people meet: one to one, in a group, by telephone or online."), "ways")
    if len([tag for tag in draft.tags.split(",") if tag.strip()]) > MOST_TAGS:
        raise Refused(_("%(most)d words are enough. Take some out.", most=MOST_TAGS), "tags")
    _judge_private(draft, list(names))
    _judge_contact(draft)
    _judge_links(draft.links)
    _judge_position(draft)


def _judge_private(draft: Draft, names: Sequence[str]) -> None:
    for field in FREE_WORDS:
        words = getattr(draft, field)
        if field == "place" and draft.open_door:
            words = POSTCODE.sub("", words)  # where everybody may come, everybody may know the way
        if (what := not_for_the_public(words, names)) is not None:
            raise Refused(_("Leave out %(what)s here: everybody can read this, and copy it.", what=what), field)


def _judge_contact(draft: Draft) -> None:
    if not (draft.contact or draft.email or draft.phone or draft.links.strip()):
        raise Refused(_("Say how to get in touch: in words, by e-mail, by telephone or on a web page."), "contact")
    if (draft.email or draft.phone) and not draft.contact_public:
        raise Refused(_("Say that this e-mail address or number is public already. A private one does not belong here."), "contact_public")


def links_of(text: str) -> list[str]:
    """The addresses of a text, one on a line, each once."""
    return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))


def _judge_links(text: str) -> None:
    found = links_of(text)
    if len(found) > MOST_LINKS:
        raise Refused(_("%(most)d web pages are enough. Take some out.", most=MOST_LINKS), "links")
    if not all(is_link(each) for each in found):
        raise Refused(_("Write whole web addresses that begin with https://, each on a line of its own."), "links")


def is_link(text: str) -> bool:
    """Whether a text is an https address of a public host, with nobody's name or password in it."""
    if len(text) > 300 or re.search(r"[\s<>\"'\\^`{|}]", text) or not text.isprintable():
        return False
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    named = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+", host, re.IGNORECASE)
    return parts.scheme == "https" and named is not None and "@" not in parts.netloc


def _judge_position(draft: Draft) -> None:
    if draft.latitude is None and draft.longitude is None:
        return
    if draft.latitude is None or draft.longitude is None:
        raise Refused(_("Write both numbers of the position, or neither."), "position")
    if not (-90 * STEP <= draft.latitude <= 90 * STEP and -180 * STEP <= draft.longitude <= 180 * STEP):
        raise Refused(_("There is no such position. Write it like 51.482, 0.331."), "position")
    if not draft.open_door:
        raise Refused(_("A position is only for a place where everybody may come and nobody lives. Say so, or leave it empty."), "position")


def position(text: str) -> tuple[int, int]:
    """ "51.4817, 0.3312" as (latitude, longitude) in thousandths of a degree, rounded. ValueError, with a sentence."""
    found = re.fullmatch(r"\s*([+-]?\d{1,2}(?:\.\d{1,12})?)\s*[,; ]\s*([+-]?\d{1,3}(?:\.\d{1,12})?)\s*", text)
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        raise ValueError(_("There is no such position. Write it like 51.482, 0.331."))
    return round(float(found[1]) * STEP), round(float(found[2]) * STEP)


def degrees(thousandths: int) -> str:
    """ "51.482"."""
    sign = "-" if thousandths < 0 else ""
    return f"{sign}{abs(thousandths) // STEP}.{abs(thousandths) % STEP:03d}"


def access_in(text: str) -> str:
    return codes_in(text, ACCESS)
