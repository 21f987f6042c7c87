"""A document that leaves the house: one structure, drawn as a page by `macros/document.html` and as a tagged PDF by `document.typ`.

Both drawings get the same plain data, so they cannot say different things. What people typed is data in both, never markup.

The PDF is PDF/UA-1 with its structure, language and title, for screen readers (docs/decisions/0011). It is drawn by Typst in a process
of its own: strange text can bring its native code down, and then no more than that process falls, and a simpler drawing takes its place.
"""

import json
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

LAYOUT = Path(__file__).with_name("document.typ")
FONTS = ("fontpkg_noto_sans", "fontpkg_noto_sans_arabic", "fontpkg_noto_sans_devanagari")
LONGEST = 30  # seconds that one drawing may take; three hundred ideas take two
MOST_STRANGE = 128  # letters that are tried one by one; a text with more that no font has loses all of those
NO_LETTER = "□"
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # would turn the direction of what follows them


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 or 3; the document's title is the only one of level 1. `anchor`: where links within the page lead."""

    text: str
    level: int = 2
    anchor: str = ""
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True)
class Text:
    """A paragraph, with a few words in bold before it; quiet where it is said in passing. Line breaks are kept."""

    text: str
    lead: str = ""
    quiet: bool = False
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Points:
    """A list, numbered where the order counts: what each point is called in bold, and what is said of it."""

    points: Sequence[tuple[str, str]]
    numbered: bool = False
    kind: Literal["points"] = "points"


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    facts: Sequence[tuple[str, str]]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Table:
    """A table whose first column says what a row is about. `numbers`: places of the columns that hold numbers."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    kind: Literal["table"] = "table"


Block = Heading | Text | Points | Facts | Table


@dataclass(frozen=True)
class Document:
    """`ref` stands on every page of the PDF; `note` does too ("DRAFT"). `as_at`: the last thing it tells of, an instant in UTC; the PDF
    carries it as its date, so that the same document always gives the same bytes.
    """

    title: str
    author: str
    ref: str
    as_at: datetime
    blocks: Sequence[Block]
    note: str = ""
    language: str = "en-GB"
    large: bool = False  # large print
    address: str = ""  # whom a letter is for, where the window of an envelope is
    layout: ClassVar[Path] = LAYOUT

    def data(self) -> dict[str, Any]:
        """The document as both drawings get it: plain, and cleaned of what neither can show."""
        found: dict[str, Any] = _clean(asdict(self) | {"as_at": self.as_at.astimezone(UTC).isoformat(timespec="seconds")})
        blocks = [each for each in found["blocks"] if each["kind"] != "heading" or each["text"].strip()]  # one of which nothing is left
        return found | {"title": found["title"].strip() or found["ref"], "blocks": blocks}


@dataclass(frozen=True)
class Printed:
    """A paper with a drawing of its own: `layout`, a Typst file, draws `content` (plain data). The rest is as for a Document."""

    title: str
    author: str
    ref: str
    as_at: datetime
    layout: Path
    content: Mapping[str, Any]
    note: str = ""
    language: str = "en-GB"
    large: bool = False

    def data(self) -> dict[str, Any]:
        """As the drawing gets it: plain, and cleaned of what cannot be shown."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "layout"}
        found: dict[str, Any] = _clean(plain | {"as_at": self.as_at.astimezone(UTC).isoformat(timespec="seconds")})
        return found | {"title": found["title"].strip() or found["ref"]}


def pdf(document: Document | Printed) -> bytes:
    """The document as a tagged PDF of A4 pages. Takes a few tenths of a second, and nothing stays in memory.

    A letter that no font here has is drawn as a box, a picture (emoji) is left out.
    """
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", __file__, str(document.layout)],
        input=json.dumps(document.data()).encode(),
        capture_output=True,
        timeout=LONGEST,
        check=False,
        env={},  # it needs none of it, and our keys are in there
    )
    if done.returncode:
        raise RuntimeError(f"the PDF of {document.ref} could not be drawn")  # without its words: they may name people
    return done.stdout


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        lines = value.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n").replace("\t", " ")
        return "".join(
            each for each in lines if each == "\n" or (unicodedata.category(each) not in ("Cc", "Cs", "Co", "Cn") and each not in TURNS)
        )
    if isinstance(value, Mapping):
        return {name: _clean(each) for name, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list | tuple) else value


# --- the process that draws ------------------------------------------------------------------------------------------------


def _draw(data: Mapping[str, Any], layout: Path) -> bytes:
    """As it is; else without what no font has; else in Latin letters alone, which always can be drawn."""
    import typst  # 84 MB of native code: only here

    folders = [str(Path(spec.origin).parent / "files") for name in FONTS if (spec := find_spec(name)) and spec.origin]
    fonts = typst.Fonts(include_system_fonts=False, font_paths=folders)  # the same letters on every machine

    def compiled(one: Mapping[str, Any], layout: Path = layout) -> bytes:
        made = typst.compile(
            str(layout), root=str(layout.parent), font_paths=fonts, ignore_system_fonts=True, sys_inputs={"document": json.dumps(one)},
            pdf_standards=["ua-1"], timestamp=datetime.fromisoformat(one["as_at"]),
        )  # fmt: skip
        assert isinstance(made, bytes)
        return made

    def drawn(letters: Sequence[str]) -> bool:
        text = {"kind": "text", "lead": "", "quiet": False, "text": " ".join(letters)}
        try:
            compiled(dict(data) | {"title": "-", "author": "-", "ref": "-", "note": "", "address": "", "blocks": [text]}, LAYOUT)
        except BaseException:  # a panic of the native code is none of Exception's kind
            return False
        return True

    def missing(letters: Sequence[str]) -> Iterator[str]:
        if letters and not drawn(letters):
            if len(letters) == 1:
                yield letters[0]
            else:
                yield from missing(letters[: len(letters) // 2])
                yield from missing(letters[len(letters) // 2 :])

    def strange() -> set[str]:
        unusual = sorted({each for each in json.dumps(data, ensure_ascii=False) if not _latin(each)})
        return {*missing(unusual[:MOST_STRANGE]), *unusual[MOST_STRANGE:]}

    try:
        return compiled(data)
    except BaseException:
        try:
            return compiled(_without(data, strange()))
        except BaseException:
            return compiled(_without(data, {each for each in json.dumps(data, ensure_ascii=False) if not _latin(each)}))


def _latin(letter: str) -> bool:
    return letter < "\u0250" or "\u2010" <= letter <= "\u2027"


def _without(value: Any, letters: set[str]) -> Any:
    if isinstance(value, str):
        left = "".join(each if each not in letters else NO_LETTER if unicodedata.category(each)[0] in "LN" else "" for each in value)
        return left if left.strip() or not value.strip() else NO_LETTER
    if isinstance(value, Mapping):
        return {name: _without(each, letters) for name, each in value.items()}
    return [_without(each, letters) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.stdout.buffer.write(_draw(json.load(sys.stdin), Path(sys.argv[1])))
