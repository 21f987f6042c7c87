"""What is done once: an empty database becomes a scheme, with its first administrator, areas and fund."""

import csv
import hashlib
import hmac
import io
import re
import secrets
from collections.abc import Sequence

from sqlalchemy import select

from portal import clock
from portal.db import db, one_at_a_time, transaction
from portal.errors import Refused
from portal.grants.model import Fund
from portal.grants.rounds import put_fund, with_rate_of_today
from portal.grants.rules import RoundRules
from portal.history import Actor
from portal.outbox import Text, queue
from portal.people import sessions
from portal.people.actions import put_beginning
from portal.people.queries import addressee_of, person
from portal.places import load
from portal.places.actions import TAKEN_BY_PAGES, code_from
from portal.places.queries import areas, scheme
from portal.refs import ALPHABET
from portal.setup.model import SetupToken
from portal.words import _

LONG = 16  # letters of the word: 30^16, so that nobody guesses it
MOST_AREAS = 200
TEST = "setup test"  # what a test message is about


def new_token() -> str:
    """A fresh word that opens the set-up; the one before opens nothing any more. Refused: there is a scheme already."""
    token = "".join(secrets.choice(ALPHABET) for _letter in range(LONG))
    with transaction():
        one_at_a_time("setup")
        _must_be_empty()
        db.session.merge(SetupToken(id=1, token_hash=_hashed(token), made_at=clock.now()))
    return "-".join(token[at : at + 4] for at in range(0, LONG, 4))


def opens(token: str) -> bool:
    """Whether this word, as somebody typed it, opens the set-up now."""
    found = db.session.scalar(select(SetupToken.token_hash))
    return found is not None and hmac.compare_digest(found, _hashed(token))


def begin(token: str, name: str, email: str, telephone: str, administrator: str, administrator_email: str, device: str) -> str:
    """The scheme and its first administrator; returns the token of their session in this browser. The word opens nothing afterwards.

    Refused: a wrong or used word, there is a scheme already.
    """
    with transaction():
        one_at_a_time("setup")
        _must_be_empty()
        row = db.session.get(SetupToken, 1, with_for_update=True)
        if row is None or not hmac.compare_digest(row.token_hash, _hashed(token)):
            raise Refused(_("That word does not open the set-up any more. Look for the newest one where the server runs."), "token")
        first = put_beginning(name, email, telephone, administrator, administrator_email)
        db.session.delete(row)
        return sessions.begin(first.id, device)


def first_areas(names: Sequence[str], kind: str, actor: Actor) -> int:
    """Areas by their names, all of them or none; returns how many are new. BadFile: a name that is there already, or twice."""
    if not 0 < len(names) <= MOST_AREAS:
        raise Refused(_("Write between 1 and %(most)d names, each on a line of its own.", most=MOST_AREAS), "names")
    taken = {area.code for area in areas()} | {*TAKEN_BY_PAGES}
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(load.COLUMNS[:4])
    for name in names:
        code = code_from(name, taken.__contains__)
        taken.add(code)
        writer.writerow((code, name, kind, ""))
    return load.load(file.getvalue().encode(), actor)[0]


def first_fund(name: str, purpose: str, actor: Actor) -> None:
    """A fund with the rules that ship, while there is none. Refused: there is one; officers open more."""
    with transaction():
        one_at_a_time("setup")
        if db.session.scalar(select(Fund.id).limit(1)) is not None:
            raise Refused(_("There is a fund already. Officers open more of them at the desk."))
        put_fund(code_from(name, {"new"}.__contains__), name, purpose, with_rate_of_today(RoundRules()), actor)


def send_test(person_id: int) -> None:
    """A message to who asks for it, so that they see that messages arrive."""
    with transaction():
        someone, here = person(person_id), scheme()
        name = here.name if here is not None else ""
        text = Text(
            subject=_("A test message from %(name)s", name=name),
            body=_("This is a test message. When you read it, messages of %(name)s arrive.", name=name),
            short=_("A test message from %(name)s. When you read it, messages arrive.", name=name)[:306],
        )
        queue(f"{TEST}:{clock.now():%Y%m%d%H%M}:person:{person_id}", addressee_of(someone), text, about=TEST)


def _must_be_empty() -> None:
    if scheme() is not None:
        raise Refused(_("This portal was set up meanwhile. Its administrator signs in by e-mail."))


def _hashed(token: str) -> str:
    letters = re.sub(r"[\s-]", "", token).upper()[:100]
    return hashlib.sha256(letters.encode()).hexdigest()
