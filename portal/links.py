"""Links that are keys: whoever has one acts by it, so logs, and copies that somebody else makes, leave its secret part out."""

import re

_KEYS = r"(m|t|a/[^/\s]+|people/sign-in/link|people/join|timebank/spend/till|events/coming|ideas/in|gifts/weekly/by)/[^/\s]+"
_PATH = re.compile(r"^/" + _KEYS)
_IN_WORDS = re.compile(r"(?<=://)([^/\s]+)/" + _KEYS)


def path_without_key(path: str) -> str:
    """The path of a request, its key cut: "/m/…"."""
    return _PATH.sub(r"/\1/…", path)


def words_without_keys(words: str) -> str:
    """Words with the key cut out of each whole address in them."""
    return _IN_WORDS.sub(r"\1/\2/…", words)
