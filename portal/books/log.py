"""Who took which file of the books: the same log as that of the exports."""

from portal.db import transaction
from portal.exports.packs import TAKEN
from portal.history import Actor, record


def taken(name: str, file: str, actor: Actor, **chosen: str) -> None:
    """Say who took a file, an action of its own. `chosen`: what it was narrowed by."""
    with transaction():
        record(f"export:{name}", TAKEN, actor, format=file.rpartition(".")[2], file=file, filter=chosen)
