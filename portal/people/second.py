"""The second factor: six digits that change every half minute on somebody's own phone (RFC 6238), and ten codes for the day when it is lost.

It is asked of whoever holds a role that moves money or reads what others wrote, once in each browser and again before money moves.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pyotp
from sqlalchemy import ColumnElement, delete, func, select, update

from portal import clock, vault
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.outbox import Text
from portal.people import queries, sessions
from portal.people.access import SECOND
from portal.people.model import Person, RecoveryCode, SecondFactor
from portal.people.telling import tell
from portal.refs import ALPHABET
from portal.words import _

STEP = 30  # seconds that a code is shown
DRIFT = 1  # steps by which a telephone's clock may be wrong
WRONG_TRIES = 5
WINDOW = timedelta(minutes=15)
SHOWN = timedelta(minutes=15)  # that a key waits for its first code
RECOVERY_CODES = 10
RECOVERY_LETTERS = 8


@dataclass(frozen=True)
class Shown:
    """A key before it is confirmed: for typing by hand, in fours, and as the address that a QR code holds."""

    key: str
    address: str


def show(person_id: int, session_id: int) -> None:
    """Make a new key to be shown in this browser, in the place of one that was shown and never confirmed; the one in use stays until then."""
    with transaction():
        db.session.get_one(Person, person_id, with_for_update={"key_share": True})
        db.session.execute(delete(SecondFactor).where(SecondFactor.person_id == person_id, SecondFactor.confirmed_at.is_(None)))
        sealed = vault.seal(pyotp.random_base32())
        db.session.add(SecondFactor(person_id=person_id, session_id=session_id, sealed=sealed, made_at=clock.now(), last_step=None))


def shown(person_id: int, session_id: int, issuer: str) -> Shown | None:
    """The key that waits to be confirmed in this browser, if one was shown there just now. `issuer`: how the app on the phone calls us."""
    row = db.session.scalar(select(SecondFactor).where(SecondFactor.person_id == person_id, *_waits(session_id)))
    if row is None:
        return None
    key = vault.unseal(row.sealed)
    in_fours = " ".join(key[place : place + 4] for place in range(0, len(key), 4))
    return Shown(in_fours, pyotp.TOTP(key).provisioning_uri(name=queries.person(person_id).name, issuer_name=issuer))


def _waits(session_id: int) -> tuple[ColumnElement[bool], ...]:
    """Shown in this browser lately: what somebody else prepared, elsewhere or long ago, is never confirmed."""
    return SecondFactor.confirmed_at.is_(None), SecondFactor.session_id == session_id, SecondFactor.made_at > clock.now() - SHOWN


def factor_of(person_id: int) -> SecondFactor | None:
    """The second factor that somebody uses, if any."""
    return db.session.scalar(select(SecondFactor).where(SecondFactor.person_id == person_id, SecondFactor.confirmed_at.is_not(None)))


def codes_left(person_id: int) -> int:
    """How many recovery codes somebody has not used yet."""
    unused = RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
    return db.session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def confirm(person_id: int, session_id: int, code: str) -> None:
    """The first code typed from the phone makes the key that was shown the one in use, and counts in this browser. They and the
    administrators are told, because whoever did it may only have had their e-mail.

    Refused: no key was shown in this browser lately, a wrong code, or too many of them.
    """
    with transaction():
        row = _locked(person_id, *_waits(session_id))
        if row is None:
            raise Refused(_("Begin again, please: the picture that you took is not the newest one."))
        if _took_code(row, code):
            db.session.execute(delete(SecondFactor).where(SecondFactor.person_id == person_id, SecondFactor.confirmed_at.is_not(None)))
            db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
            row.confirmed_at, row.session_id = clock.now(), None
            sessions.put_to_sleep(person_id, but=session_id)
            sessions.give_second(session_id)
            event = record(f"person:{person_id}", "second_set", Actor(person_id))
            db.session.flush()
            someone = queries.person(person_id)
            told = {each.id: each for each in (someone, *queries.holders("administrator"))}
            tell(f"second-set:{event.id}", f"person:{person_id}", told.values(), _set_text(someone.name))
            return
        _count_wrong(row)
    raise _wrong()


def _set_text(name: str) -> Text:
    return Text(
        subject=_("%(name)s signs in with a new phone", name=name),
        body=_("%(name)s has just set up the second step of signing in on a phone. If this is not right, call us at once.", name=name),
        short=_("%(name)s set up the second step of signing in on a phone. If this is not right, call us at once.", name=name),
    )


def give(person_id: int, session_id: int, code: str, *, secret_key: str) -> None:
    """Take a code from the phone, or a recovery code: good once, for this browser.

    Refused: wrong, a recovery code that was used before, no second factor, or too many wrong tries.
    """
    with transaction():
        row = _locked(person_id, SecondFactor.confirmed_at.is_not(None))
        if row is None:
            raise Refused(_("You have no second step. Set it up on the page “About you”."))
        how = "second_given" if _took_code(row, code) else "second_recovery" if _took_recovery(row, code, secret_key) else None
        if how is not None:
            sessions.give_second(session_id)
            record(f"person:{person_id}", how, Actor(person_id))
            return
        _count_wrong(row)
        spent = _spent(person_id, code, secret_key)
    raise Refused(_("That recovery code was used before: each opens once. Take another one from your list."), "code") if spent else _wrong()


def new_codes(person_id: int, *, secret_key: str) -> Sequence[str]:
    """Ten fresh recovery codes in the place of all older ones; shown now and never again. Refused: no second factor."""
    with transaction():
        if _locked(person_id, SecondFactor.confirmed_at.is_not(None)) is None:
            raise Refused(_("Set up the second step first."))
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
        made = [
            "-".join("".join(secrets.choice(ALPHABET) for _letter in range(4)) for _part in range(2)) for _code in range(RECOVERY_CODES)
        ]
        for code in made:
            db.session.add(RecoveryCode(person_id=person_id, code_hash=_code_hash(secret_key, person_id, code), made_at=clock.now()))
        record(f"person:{person_id}", "second_codes_made", Actor(person_id))
        return made


def remove(person_id: int, *, required: bool) -> None:
    """Do without it again. Refused: the scheme asks it of somebody with their role."""
    with transaction():
        held = {role.name for role in queries.roles_of(person_id) if role.until is None or role.until >= clock.today()}
        if required and held & set(SECOND):
            raise Refused(_("Your role needs the second step. Set it up anew instead, when you have another phone."))
        if _forget(person_id):
            record(f"person:{person_id}", "second_removed", Actor(person_id))


def reset(person_id: int, reason: str, actor: Actor) -> None:
    """Somebody lost their phone and their codes: another officer takes the second factor away and ends their sessions. They and all
    officers are told, because whoever asked may not be who they said. Refused: one's own, no reason, nothing to reset.
    """
    with transaction():
        someone = db.session.get(Person, person_id, with_for_update={"key_share": True})
        if someone is None or someone.deleted_at is not None:
            raise NotFound(_("We do not know that person."))
        if person_id == actor.person_id:
            raise Refused(_("Nobody does this for themselves. Ask another officer."))
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        if not _forget(person_id):
            raise Refused(_("They have no second step that could be taken away."))
        sessions.end_all(person_id)
        event = record(f"person:{person_id}", "second_reset", actor, reason=reason)
        db.session.flush()
        by = queries.names([actor.person_id]).get(actor.person_id or 0, "")
        told = {each.id: each for each in (someone, *queries.holders("officer", "administrator"))}
        tell(f"second-reset:{event.id}", f"person:{person_id}", told.values(), _reset_text(someone.name, by, reason))


def _reset_text(name: str, by: str, reason: str) -> Text:
    values = {"name": name, "by": by, "reason": reason}
    return Text(
        subject=_("The second step of %(name)s was taken away", **values),
        body=_(
            "%(by)s has taken away the second step with which %(name)s signs in. They wrote: %(reason)s\n\n%(name)s is signed out everywhere and sets up a new one. If this is not right, call us at once.",
            **values,
        ),
        short=_("%(by)s took away the second step with which %(name)s signs in. If this is not right, call us at once.", **values),
    )


def forget(person_id: int) -> None:
    """All of it goes with a person who leaves, as a part of that action."""
    _forget(person_id)


def _forget(person_id: int) -> bool:
    gone = db.session.scalars(delete(SecondFactor).where(SecondFactor.person_id == person_id).returning(SecondFactor.confirmed_at)).all()
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    return any(gone)


def _locked(person_id: int, *which: ColumnElement[bool]) -> SecondFactor | None:
    row = db.session.scalar(select(SecondFactor).where(SecondFactor.person_id == person_id, *which).with_for_update())
    if row is not None and row.wrong_since is not None and row.wrong_since <= clock.now() - WINDOW:
        row.wrong_tries, row.wrong_since = 0, None
    if row is not None and row.wrong_tries >= WRONG_TRIES:
        raise Refused(_("There were too many wrong codes. Wait 15 minutes, then try again."), "code")
    return row


def _took_code(row: SecondFactor, typed: str) -> bool:
    """Whether the digits are those of now, or of the half minute before or after, and newer than the last that were taken."""
    digits = "".join(letter for letter in typed if not letter.isspace())
    now = int(clock.now().timestamp()) // STEP
    app = pyotp.TOTP(vault.unseal(row.sealed), interval=STEP)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if (row.last_step is None or step > row.last_step) and hmac.compare_digest(
            app.generate_otp(step), digits.encode("ascii", "replace").decode()
        ):
            row.last_step, row.wrong_tries, row.wrong_since = step, 0, None
            return True
    return False


def _took_recovery(row: SecondFactor, typed: str, secret_key: str) -> bool:
    used = db.session.scalars(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == row.person_id, RecoveryCode.used_at.is_(None),
            RecoveryCode.code_hash == _code_hash(secret_key, row.person_id, typed),
        )
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
    ).all()  # fmt: skip
    if used:
        row.wrong_tries, row.wrong_since = 0, None
    return bool(used)


def _spent(person_id: int, typed: str, secret_key: str) -> bool:
    same = RecoveryCode.person_id == person_id, RecoveryCode.code_hash == _code_hash(secret_key, person_id, typed)
    return db.session.scalar(select(RecoveryCode.id).where(*same, RecoveryCode.used_at.is_not(None))) is not None


def _count_wrong(row: SecondFactor) -> None:
    """Counted and committed, so that a guesser runs out of tries."""
    row.wrong_tries += 1
    row.wrong_since = row.wrong_since or clock.now()
    if row.wrong_tries == WRONG_TRIES:
        record(f"person:{row.person_id}", "second_wrong", Actor(row.person_id))


def _wrong() -> Refused:
    return Refused(_("That code is not right, or was used before. Wait for the next one and type it."), "code")


def _code_hash(secret_key: str, person_id: int, code: str) -> str:
    """A recovery code has little entropy: slow to try, salted for its person by a key that is not in the database. "" of what is none."""
    plain = "".join(letter for letter in code.upper() if letter in ALPHABET)
    if len(plain) != RECOVERY_LETTERS:
        return ""
    salt = hmac.new(secret_key.encode(), f"recovery:{person_id}".encode(), hashlib.sha256).digest()
    return hashlib.scrypt(plain.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()
