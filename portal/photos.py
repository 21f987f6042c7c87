"""Pictures: judged by their content, made small, freed of EXIF, kept under names of ours outside the web root."""

import io
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from portal.errors import Refused
from portal.refs import new_ref
from portal.words import _

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # we judge the size ourselves, before anything is unpacked

MOST_BYTES = 35 * 1024 * 1024
MOST_PIXELS = 80_000_000  # the largest phones take 50 million; a bomb says far more
LONGEST = 1600
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "GIF")


@dataclass(frozen=True)
class Picture:
    """A picture ready to be kept: JPEG bytes and its size in pixels."""

    data: bytes
    width: int
    height: int


def read(data: bytes, longest: int = LONGEST) -> Picture:
    """Re-encode what somebody sent, no side longer than `longest` dots. Refused, with a sentence: empty, too large, not a picture that we know, or broken."""
    if not data:
        raise Refused(_("That file is empty. Choose another photo, or go on without one."), "photo")
    if len(data) > MOST_BYTES:
        raise Refused(_("That photo is larger than 35 megabytes. Choose a smaller one, or go on without."), "photo")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS or min(picture.size) < 1:
                raise Refused(_("That picture has too many dots for us. Choose a smaller one, or go on without."), "photo")
            picture.draft("RGB", (longest, longest))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((longest, longest))
            flat = Image.new("RGB", upright.size, "white")
            rgba = upright.convert("RGBA")
            flat.paste(rgba, mask=rgba.getchannel("A"))
            out = io.BytesIO()
            flat.save(out, "JPEG", quality=82, optimize=True)
            return Picture(out.getvalue(), *flat.size)
    except Refused:
        raise
    except UnidentifiedImageError as why:
        raise Refused(_("That file is not a photo that we can read. JPEG, PNG, WebP and HEIC work."), "photo") from why
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError) as why:
        raise Refused(_("That photo is damaged, so we cannot read it. Choose another one, or go on without."), "photo") from why


def keep(picture: Picture, data_dir: Path) -> str:
    """Write a picture under a fresh name; returns the name, relative to the photo folder. OSError when there is no room."""
    name = secrets.token_hex(16)
    folder = data_dir / "photos" / name[:2]
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{name}"
    partial.write_bytes(picture.data)
    partial.rename(folder / f"{name}.jpg")  # whole or not at all
    return f"{name[:2]}/{name}.jpg"


def path(file: str, data_dir: Path) -> Path:
    """Where a kept picture lies."""
    return data_dir / "photos" / file


def drop(file: str, data_dir: Path) -> None:
    """Remove a picture; one that is gone already is gone."""
    path(file, data_dir).unlink(missing_ok=True)


# --- the one picture of an offer, a gift, a card of an idea --------------------------------------------------------------


class Pictured(Protocol):
    """A row with at most one picture: its public name, its file, its size in pixels, and what is in it."""

    photo_ref: Any
    photo_file: Any
    photo_width: Any
    photo_height: Any
    photo_alt: Any


def keep_any(picture: Picture | None, data_dir: Path | None) -> str | None:
    """`keep`, of who sent one."""
    return keep(picture, data_dir) if picture is not None and data_dir is not None else None


def drop_any(file: str | None, data_dir: Path | None) -> None:
    """`drop`, where there was one."""
    if file is not None and data_dir is not None:
        drop(file, data_dir)


def put(row: Pictured, picture: Picture | None, file: str | None, alt: str) -> None:
    """Let a row show a kept picture, under a new name in its address, or none."""
    there = picture is not None and file is not None
    row.photo_ref, row.photo_file = (new_ref("PIC"), file) if there else (None, None)
    row.photo_width, row.photo_height = (picture.width, picture.height) if there and picture is not None else (0, 0)
    row.photo_alt = alt if there else ""
