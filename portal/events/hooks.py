"""Where rooms above share an event: functions, which they register as they are imported. Each but the last runs as a part of
the action, which holds the event; what it refuses, the whole action refuses.
"""

from collections.abc import Callable
from dataclasses import dataclass

from portal.events.model import Gathering
from portal.history import Actor


@dataclass(frozen=True)
class Also:
    """What a room has for an event, as who looks after it sees it on the event's page: a link, or with `opens` a button that opens it."""

    words: str
    path: str
    opens: bool = False


AT_CHECK_IN: dict[str, Callable[[Gathering, int, str, Actor], None]] = {}  # by room: a person (their id) is there, how, and who did it
AT_UNDO: list[Callable[[Gathering, int, Actor], None]] = []  # that was a mistake
AT_CHANGE: list[Callable[[Gathering, Actor], None]] = []  # another day, time, place or name
AT_CANCEL: list[Callable[[Gathering, Actor], None]] = []
AT_REASON: list[Callable[[Gathering, str, Actor], None]] = []  # why it was cancelled is said in another way, and how it was said before
ALSO: list[Callable[[Gathering], Also | None]] = []  # for its page; one query each
LINKS: list[Callable[[Gathering], Also]] = []  # for everybody who reads the page of a public event; no query
