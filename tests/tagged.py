"""Reading a tagged PDF as a screen reader does: along its structure, in the order in which it is told."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf

Told = list[tuple[str, str]]  # (tag, its text), depth first; a tag that only holds others has no text

INLINE = ("/Span", "/Strong", "/Em")  # read as a part of what they stand in


class Tagged:
    """A PDF, opened."""

    def __init__(self, made: bytes) -> None:
        self.file = pikepdf.open(io.BytesIO(made))
        self.root: Any = self.file.Root
        self._texts: dict[Any, dict[int, str]] = {page.objgen: dict(_marked(page)) for page in self.file.pages}

    def told(self) -> Told:
        """Every structure element with its text."""
        return list(self._walk(self.root.StructTreeRoot, None))

    def text(self) -> str:
        """All that is read aloud, line by line."""
        return "\n".join(text for _tag, text in self.told() if text)

    def headings(self) -> Told:
        return [(tag, text) for tag, text in self.told() if re.fullmatch(r"H\d", tag)]

    def elements(self, tag: str) -> list[Any]:
        """The structure elements of one kind."""
        return [one for one in self._elements(self.root.StructTreeRoot) if str(one.S) == f"/{tag}"]

    def _elements(self, node: Any) -> Iterator[Any]:
        for kid in _kids(node):
            if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
                yield kid
                yield from self._elements(kid)

    def _walk(self, node: Any, page: Any) -> Iterator[tuple[str, str]]:
        for kid in _kids(node):
            if isinstance(kid, pikepdf.Dictionary) and "/S" in kid and str(kid.S) not in INLINE:
                yield str(kid.S)[1:], self._own(kid, kid.get("/Pg", page))
                yield from self._walk(kid, kid.get("/Pg", page))

    def _own(self, node: Any, page: Any) -> str:
        """The text of an element itself, and of what is inline in it."""
        parts = []
        for kid in _kids(node):
            if isinstance(kid, int):
                parts.append(self._texts[page.objgen].get(kid, ""))
            elif isinstance(kid, pikepdf.Dictionary) and "/MCID" in kid:
                parts.append(self._texts[kid.get("/Pg", page).objgen].get(int(kid.MCID), ""))
            elif isinstance(kid, pikepdf.Dictionary) and str(kid.get("/S")) in INLINE:
                parts.append(self._own(kid, kid.get("/Pg", page)))
        return " ".join(part for part in (" ".join(parts)).split())


def _kids(node: Any) -> list[Any]:
    kids = node.get("/K", [])
    return list(kids) if isinstance(kids, pikepdf.Array) else [kids]


def _marked(page: Any) -> Iterator[tuple[int, str]]:
    """(number of marked content, its text) of one page; where the PDF says what signs mean (ActualText), that is taken."""
    fonts = {name: _letters(font) for name, font in page.Resources.get("/Font", {}).items()}
    texts: dict[int, list[str]] = {}
    inside: list[tuple[int | None, bool]] = [(None, False)]  # (number, whether what is drawn has been said already)
    letters: dict[int, str] = {}
    for step in pikepdf.parse_content_stream(page):
        operands: Any = step.operands
        number, said = inside[-1]
        match str(step.operator):
            case "BDC" | "BMC":
                about: Any = operands[1] if len(operands) > 1 and isinstance(operands[1], pikepdf.Dictionary) else {}
                number = int(about["/MCID"]) if "/MCID" in about else number
                if "/ActualText" in about and number is not None and not said:
                    texts.setdefault(number, []).append(str(about["/ActualText"]))
                inside.append((number, said or "/ActualText" in about))
            case "EMC":
                inside.pop()
            case "Tf":
                letters = fonts[str(operands[0])]
            case "Tj" | "TJ" if number is not None and not said:
                strings = operands[0] if isinstance(operands[0], pikepdf.Array) else [operands[0]]
                raw = b"".join(bytes(each) for each in strings if isinstance(each, pikepdf.String))
                codes = (int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2))
                texts.setdefault(number, []).append("".join(letters.get(code, "") for code in codes))
    for number, parts in texts.items():
        yield number, "".join(parts)


def _letters(font: Any) -> dict[int, str]:
    """Code → text, from a font's ToUnicode table."""
    found: dict[int, str] = {}
    table = font.ToUnicode.read_bytes().decode("latin-1")
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for code, text in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            found[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, text in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            for step in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + step] = chr(int(text, 16) + step)
    return found
