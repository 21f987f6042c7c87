"""CSV files as people send them: with or without a byte order mark, in UTF-8, UTF-16 with its mark, or else Windows-1252, with commas,
semicolons or tabs, line breaks within quotes. And the guard of every cell that we write.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")  # how a spreadsheet recognises a formula (OWASP)


def is_risky(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula."""
    return text.startswith(RISKY)


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a leading apostrophe where it begins like one."""
    return "'" + text if is_risky(text) else text


def text_of(data: bytes) -> str:
    """The text of a file. Never raises: what is in no encoding becomes a sign for it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def plain(name: str) -> str:
    """A column's name without capitals, accents and signs: "Teléfono (alt.)" gives "telefono alt"."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", letters).split())


def separator(data: bytes) -> str:
    """What stands between the cells of a file: of comma, semicolon and tab the one that its first line has most of."""
    first = text_of(data).replace("\x00", "").lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=first.count)


def rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, each with the line where it begins; the first is the header. csv.Error as they are read."""
    text = text_of(data).replace("\x00", "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator(data))
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells
