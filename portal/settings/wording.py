"""The scheme's own words of its letters: read once for all that is written in an action, changed with what stood before."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from portal.db import db, forget_kept, kept, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.history import Actor, Event, record
from portal.outbox import Text
from portal.places.queries import scheme
from portal.settings import log
from portal.settings.letters import LETTERS, PARTS, SHORT, Letter, fill, judge
from portal.settings.model import Wording
from portal.words import N_, _


def _own() -> Mapping[str, Mapping[str, str]]:
    rows = db.session.execute(select(Wording.key, Wording.subject, Wording.body, Wording.short))
    return {key: {"subject": subject, "body": body, "short": short} for key, subject, body, short in rows}


def own_words() -> Mapping[str, Mapping[str, str]]:
    """The scheme's own words by letter and part. One query for a page or an action."""
    return kept("wording", _own)


def words_of(letter: Letter) -> Mapping[str, str]:
    """The words in force of a letter, by part."""
    return own_words().get(letter.key) or letter.shipped()


def letter(key: str) -> Letter:
    """One letter by its key. NotFound."""
    if key not in LETTERS:
        raise NotFound(_("We do not know that letter."))
    return LETTERS[key]


def write(which: Letter, **values: str) -> Text:
    """A letter as it goes out, in the scheme's words or in those that ship. A text message of its own words that would be too long for
    this one goes out in those that ship, so that its link stays whole.
    """
    here = scheme()
    common = {"scheme": here.name, "telephone": here.telephone, "email": here.email} if here is not None else {}
    everything = {**common, **values}
    text, shipped = fill(words_of(which), everything), which.shipped()
    short = text.short if len(text.short) <= SHORT else fill(shipped, everything).short
    return Text(text.subject, text.body, short[:SHORT])


def set_words(key: str, words: Mapping[str, str], seen: Mapping[str, str], actor: Actor) -> None:
    """Let a letter say this from now on; what went out already stays as it was. `seen`: the words that stood on the page.

    Refused: as `judge`. Conflict: somebody changed them meanwhile.
    """
    which = letter(key)
    with transaction():
        one_at_a_time("wording")
        judge(which, words)
        before = dict(words_of(which))
        if before != dict(seen):
            raise Conflict(_("Somebody else changed these words while you wrote. Look at theirs first."))
        row = db.session.get(Wording, key, with_for_update=True)
        if dict(words) == which.shipped():
            if row is not None:
                db.session.delete(row)
        elif row is None:
            db.session.add(Wording(key=key, **words))
        else:
            row.subject, row.body, row.short = words["subject"], words["body"], words["short"]
        _tell(which, before, words, actor)


def ship_words(key: str, actor: Actor) -> None:
    """Go back to the words that ship. Refused: they stand already."""
    which = letter(key)
    with transaction():
        one_at_a_time("wording")
        row = db.session.get(Wording, key, with_for_update=True)
        if row is None:
            raise Refused(_("These are the words that ship already."))
        before = dict(words_of(which))
        db.session.delete(row)
        _tell(which, before, which.shipped(), actor)


def _tell(which: Letter, before: Mapping[str, str], now: Mapping[str, str], actor: Actor) -> None:
    changed = {part: [before[part], now[part]] for part in PARTS if before[part] != now[part]}
    if changed:
        record("wording", "words_changed", actor, letter=which.key, changed=changed)
    forget_kept("wording")


def _told(event: Event) -> Iterable[log.Change]:
    key = str(event.data["letter"])
    name = _(LETTERS[key].name) if key in LETTERS else key
    for part, (was, now) in event.data["changed"].items():
        yield log.Change(f"{name}: {_(PARTS[part])}", was, now)


log.READERS["wording", "words_changed"] = log.Reader(N_("Words of letters"), _told)
