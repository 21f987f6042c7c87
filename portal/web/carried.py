"""Files that a page carries along between looking at them and taking them over, so that nobody sends them twice."""

import base64
import binascii
import json
import zlib

from portal.web.forms import one_line

MOST_FILES = 10


def packed(files: list[tuple[str, bytes]]) -> str:
    """Files, each as (name, bytes), for a hidden field."""
    plain = json.dumps([[name, base64.b64encode(data).decode()] for name, data in files]).encode()
    return base64.b64encode(zlib.compress(plain)).decode()


def unpacked(text: str, most_bytes: int) -> list[tuple[str, bytes]]:
    """What `packed` made, of at most about `most_bytes`; nothing, when anybody else did."""
    try:
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(base64.b64decode(text, validate=True), 2 * most_bytes)
        return [(one_line(str(name))[-60:], base64.b64decode(data)) for name, data in json.loads(plain)[:MOST_FILES]]
    except (ValueError, TypeError, zlib.error, binascii.Error):
        return []
