"""The letters whose words a scheme may change: what ships, which blanks they have, how they are filled in. Pure, but for who is asked for
the scheme's own words.

A blank is written {like_this}. What is filled in is text and nothing else: a name that looks like a blank stays a name, and no words of
the scheme can hold a link, because people trust the addresses in our messages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.errors import Refused
from portal.outbox import Text
from portal.words import N_, _

PARTS = {"subject": N_("Subject"), "body": N_("E-mail and letter"), "short": N_("Text message")}
MOST = {"subject": 120, "body": 3000, "short": 306}
VALUE = 60  # letters of one value in a text message
SHORT = 306  # letters of a text message: two parts of the plain alphabet
_BLANK = re.compile(r"\{([a-z_]+)\}")
_ADDRESS = re.compile(
    r"(?i)://|\bwww\.|\b(?:mailto|javascript|data|tel):|@|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:uk|com|org|net|info|io|co|eu|me|ly|biz|app|dev|site|online|xyz|link|page|shop|club)\b"
)


@dataclass(frozen=True)
class Blank:
    """What a blank stands for, to be translated, and what stands there in a preview."""

    what: str
    sample: str


# blanks of every letter
SCHEME = {
    "scheme": Blank(N_("the name of the scheme"), "Estuary Together"),
    "telephone": Blank(N_("our telephone number"), "01632 960123"),
    "email": Blank(N_("our e-mail address"), "hello@estuary.example"),
}


@dataclass(frozen=True)
class Letter:
    """One letter. The words are marked for translation; `needed` are the blanks without which a part would be useless."""

    key: str
    name: str
    when: str
    subject: str
    body: str
    short: str
    blanks: Mapping[str, Blank]
    needed: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def shipped(self) -> dict[str, str]:
        """The words that ship, by part, in the language of who reads."""
        return {part: _(getattr(self, part)) for part in PARTS}

    def all_blanks(self) -> dict[str, Blank]:
        """Its own, and those of every letter."""
        return {**self.blanks, **SCHEME}

    def sample(self) -> dict[str, str]:
        """What fills the blanks of a preview."""
        return {name: _(blank.sample) for name, blank in self.all_blanks().items()}


LETTERS: dict[str, Letter] = {}


def register(letter: Letter) -> Letter:
    """Make a letter known to the settings."""
    assert letter.key not in LETTERS, letter.key
    LETTERS[letter.key] = letter
    return letter


def fill(words: Mapping[str, str], values: Mapping[str, str]) -> Text:
    """Words with their blanks filled in, once: a value is never read for blanks again. A paragraph that comes out empty is left out, and
    what is long is cut in the text message, but for an address.
    """

    def filled(text: str, values: Mapping[str, str] = values) -> str:
        return _BLANK.sub(lambda found: values.get(found[1], ""), text)

    cut = {name: value if len(value) <= VALUE or "://" in value else value[: VALUE - 1] + "…" for name, value in values.items()}

    paragraphs = (filled(paragraph).strip() for paragraph in words["body"].split("\n\n"))
    short = " ".join(filled(words["short"], cut).split())
    return Text(filled(words["subject"]), "\n\n".join(each for each in paragraphs if each), short)


def judge(letter: Letter, words: Mapping[str, str]) -> None:
    """Refused, at its part, with what to write instead: nothing, a blank that this letter has not or one that is missing, an address, a
    sign that belongs to markup, a text message that is too long when its blanks are filled in.
    """
    known = letter.all_blanks()
    for part, text in words.items():
        if not text.strip():
            raise Refused(_("Write something here, or go back to the words that ship."), part)
        for name in _BLANK.findall(text):
            if name not in known:
                raise Refused(_("This letter has no blank {%(name)s}. Use only those of the list.", name=name), part)
        rest = _BLANK.sub("", text)
        if set(rest) & set("{}"):
            raise Refused(_("Write a blank in curly brackets and small letters, as it stands in the list, and use no other ones."), part)
        if set(rest) & set("<>") or "](" in rest:
            raise Refused(_("Write plain words. Signs like < and > are for web pages, and stand as they are in a letter."), part)
        if found := _ADDRESS.search(rest):
            raise Refused(
                _(
                    "Leave out “%(what)s”: no address can be written here, so that nobody is led elsewhere. Use a blank of the list.",
                    what=found[0],
                ),
                part,
            )
        for name in sorted(letter.needed.get(part, frozenset())):
            if name not in _BLANK.findall(text):
                raise Refused(
                    _("{%(name)s} is missing: without %(what)s nobody can use this message.", name=name, what=_(known[name].what)), part
                )
    if (long := len(fill(words, letter.sample()).short)) > SHORT:
        raise Refused(
            _("With its blanks filled in, the text message has %(long)d letters. Shorten it to %(most)d.", long=long, most=SHORT), "short"
        )


_PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TWICE = frozenset("^{}\\[~]|€")


def parts_of(short: str) -> int:
    """In how many parts a text message is sent and paid: 160 letters, or 153 each; 70, or 67 each, with a sign outside the plain alphabet."""
    if set(short) <= _PLAIN | _TWICE:
        long, one, each = len(short) + sum(letter in _TWICE for letter in short), 160, 153
    else:
        long, one, each = len(short.encode("utf-16-le")) // 2, 70, 67
    return 1 if long <= one else -(-long // each)
