"""What is done about persons: signing in, joining, changing, trusting, leaving."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, or_, select, update

from portal import clock
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.history import SCHEME, Actor, record
from portal.outbox import Addressee, Message, Text, address_of, queue
from portal.people import merged, queries, second, sessions
from portal.people.letter_words import CODE, WELCOME
from portal.people.model import PLACED_ROLES, ROLES, ActingFor, Invitation, Organisation, Person, Role, SignInCode, SignInSession
from portal.places.model import Area, Scheme
from portal.places.queries import scheme
from portal.refs import new_ref
from portal.settings.wording import write
from portal.words import _

CODE_LIFE = timedelta(minutes=15)
WRONG_TRIES = 5
CODES_PER_ADDRESS = 5
CODES_PER_NETWORK = 30  # a hub's visitors share one
WINDOW = timedelta(minutes=15)
GUESSES = 25  # wrong digits for one address within a day; from then on it gets links, which nobody guesses
GUESSES_FROM_NETWORK = 100
DAY = timedelta(days=1)


@dataclass(frozen=True)
class SignedIn:
    """A proof of an address. `token` is for the cookie; None when nobody is known there yet, who then tells us their name."""

    code_id: int
    token: str | None
    next_path: str


def _code_hash(secret_key: str, ticket: str, code: str) -> str:
    """A six-digit code has little entropy: keyed with our secret, and bound to its ticket."""
    return hmac.new(secret_key.encode(), f"{ticket}:{code}".encode(), hashlib.sha256).hexdigest()


def ask_for_code(
    channel: str, address: str, *, purpose: str, next_path: str, network: str, secret_key: str, base_url: str, person_id: int | None = None
) -> str:
    """Send a link and a six-digit code to an address; returns the ticket that names this attempt in the browser that asked.

    The same whether or not the address is known (no enumeration). `purpose` is "sign-in", "prove" or "change"; `network`
    the address it came from, of which only a keyed hash is kept. Refused: too many for this address or network.
    """
    now = clock.now()
    came_from = hmac.new(secret_key.encode(), network.encode(), hashlib.sha256).hexdigest()[:32]
    with transaction():
        guessed = _asked_before(address, came_from, now)
        known = queries.person_at(channel, address)
        if purpose == "sign-in":
            person_id = known.id if known else None
        ticket, link, code = secrets.token_urlsafe(18), secrets.token_urlsafe(24), f"{secrets.randbelow(1_000_000):06d}"
        db.session.add(
            SignInCode(
                purpose=purpose, person_id=person_id, address=address, ticket=ticket, link_hash=sessions.hashed(link),
                code_hash="" if guessed else _code_hash(secret_key, ticket, code), next_path=next_path, from_address=came_from, created_at=now, expires_at=now + CODE_LIFE,
            )
        )  # fmt: skip
        url = f"{base_url}/people/sign-in/link/{link}"
        text = _link_alone(url) if guessed else write(CODE, code=code, link=url)
        queue(f"code:{ticket}", Addressee(known.name if known else "", channel, address, person_id), text, about="sign-in")
    return ticket


def _asked_before(address: str, came_from: str, now: datetime) -> bool:
    """Whether digits were guessed too often today, for this address or from this network. Refused: too many codes just now."""
    guessed = False
    for column, value, most, guesses in (
        (SignInCode.address, address, CODES_PER_ADDRESS, GUESSES),
        (SignInCode.from_address, came_from, CODES_PER_NETWORK, GUESSES_FROM_NETWORK),
    ):
        just_now = func.count().filter(SignInCode.created_at > now - WINDOW)
        lately = column == value, SignInCode.created_at > now - DAY
        sent, wrong = db.session.execute(select(just_now, func.coalesce(func.sum(SignInCode.wrong_tries), 0)).where(*lately)).one()
        if sent >= most:
            raise Refused(_("We have sent several codes already. Look for the newest one, or wait 15 minutes and ask again."))
        guessed = guessed or wrong >= guesses
    return guessed


def _link_alone(url: str) -> Text:
    return Text(
        subject=_("Your link"),
        body=_(
            "Open this link and press the button:\n\n%(url)s\n\nIt works once, for 15 minutes. There is no code today, because wrong codes were typed too often. If you did not ask for it, you can forget this message.",
            url=url,
        ),
        short=_("Open %(url)s There is no code today, because wrong codes were typed too often.", url=url),
    )


def use_code(ticket: str, code: str, *, purpose: str, device: str, secret_key: str) -> SignedIn:
    """Judge the six digits typed in the browser that asked, for the purpose they were sent for.

    Refused: wrong, used, too old, for something else, or too many wrong tries.
    """
    digits = "".join(letter for letter in code if letter.isascii() and letter.isdigit())
    wrong = Refused(_("That code is not right. Check the newest message, or ask for another code."), "code")
    with transaction():
        row = _open_code((SignInCode.ticket == ticket) & (SignInCode.purpose == purpose))
        right = (
            row is not None and row.wrong_tries < WRONG_TRIES and hmac.compare_digest(row.code_hash, _code_hash(secret_key, ticket, digits))
        )
        if row is not None and right:
            return _accept(row, device)
        if row is not None:
            row.wrong_tries += 1  # counted and committed, so that a guesser runs out of tries
    raise wrong


def use_link(link: str, *, device: str, person_id: int | None = None, session_id: int | None = None) -> SignedIn:
    """Accept a link, after its button was pressed. `person_id`, `session_id`: who is signed in in that browser, if anybody.

    A link that changes an address or proves who somebody is works only where that person is signed in: else a stranger could have
    their own account tied to the address of whoever presses the button. Wrong digits do not end it: nobody guesses a link, and else a
    stranger could keep somebody out. Refused: used, too old, or another browser.
    """
    with transaction():
        row = _open_code(SignInCode.link_hash == sessions.hashed(link))
        if row is None:
            raise Refused(_("That link has been used or is too old. Ask for a new one."))
        if row.purpose != "sign-in" and (person_id is None or row.person_id != person_id):
            raise Refused(_("Open this link in the browser where you asked for it, or type the six digits there."))
        if row.purpose == "prove" and session_id is not None:
            sessions.prove(session_id)
        return _accept(row, device)


def _open_code(which: object) -> SignInCode | None:
    return db.session.scalar(
        select(SignInCode).where(which, SignInCode.used_at.is_(None), SignInCode.expires_at > clock.now()).with_for_update()  # type: ignore[arg-type]
    )


def _accept(row: SignInCode, device: str) -> SignedIn:
    row.used_at = clock.now()
    token = None
    if row.purpose == "sign-in" and row.person_id is not None:
        token = sessions.begin(row.person_id, device)
        record(f"person:{row.person_id}", "signed_in", Actor(row.person_id), device=device)
    if row.purpose == "change" and row.person_id is not None:
        _change_address(row)
    return SignedIn(row.id, token, row.next_path)


def purpose_of_link(link: str) -> str | None:
    """What a link is for, while it can be used; for the page with its button."""
    return db.session.scalar(
        select(SignInCode.purpose).where(
            SignInCode.link_hash == sessions.hashed(link), SignInCode.used_at.is_(None), SignInCode.expires_at > clock.now()
        )
    )


def join(code_id: int, name: str, area_id: int | None, device: str) -> tuple[str, str]:
    """First time here: after the address was proved, a name makes a person. Returns (token, where to go on).

    Refused: the proof is older than an hour, or somebody joined with it already.
    """
    with transaction():
        row = db.session.scalar(select(SignInCode).where(SignInCode.id == code_id).with_for_update())
        if row is None or row.used_at is None or row.used_at < clock.now() - timedelta(hours=1) or row.person_id is not None:
            raise Refused(_("That took a while. Ask for a new code, please."))
        channel = "email" if "@" in row.address else "sms"
        if queries.person_at(channel, row.address):
            raise Refused(_("You are with us already. Ask for a new code to sign in."))
        someone = create_person(
            name, email=row.address if channel == "email" else None, phone=row.address if channel == "sms" else None, area_id=area_id
        )
        row.person_id = someone.id
        record(f"person:{someone.id}", "joined", Actor(someone.id))
        hello = write(WELCOME, name=someone.name, link=address_of("/"))
        queue(f"person:{someone.id}:welcome", queries.addressee_of(someone), hello, about=f"person:{someone.id}")
        return sessions.begin(someone.id, device), row.next_path


def create_person(
    name: str,
    *,
    email: str | None = None,
    phone: str | None = None,
    area_id: int | None = None,
    channel: str | None = None,
    postal_address: str = "",
) -> Person:
    """A new person, as a part of an action. Refused: the e-mail address or number belongs to somebody already."""
    must_be_in_transaction()
    for way, address in (("email", email), ("sms", phone)):
        if address and queries.person_at(way, address):
            raise Refused(
                _("%(address)s belongs to somebody who is with us already.", address=address), "email" if way == "email" else "phone"
            )
    someone = Person(
        ref=new_ref("PER"), name=name, email=email, phone=phone, area_id=area_id, postal_address=postal_address,
        channel=channel or ("email" if email else "sms" if phone else "letter"), joined_at=clock.now(),
    )  # fmt: skip
    db.session.add(someone)
    at_new_address(someone)
    return someone


def at_new_address(someone: Person) -> None:
    """Rooms above know somebody again by an address that is theirs now, as a part of an action."""
    with db.session.no_autoflush:  # the person is locked last, as by whoever leaves
        for lock in queries.BEFORE_NEW_ADDRESS:
            lock()
    db.session.flush()
    for know_again in queries.AT_NEW_ADDRESS:
        know_again(someone)


def find_or_create_person(name: str, contact: tuple[str, str] | None, area_id: int | None, postal_address: str, actor: Actor) -> Person:
    """For a connector who types for somebody, as a part of an action: the person at that address, or a new one."""
    must_be_in_transaction()
    if contact:
        known = queries.person_at(*contact)
        if known:
            return known
    channel, address = contact or ("letter", None)
    someone = create_person(
        name, email=address if channel == "email" else None, phone=address if channel == "sms" else None, area_id=area_id, channel=channel,
        postal_address=postal_address,
    )  # fmt: skip
    record(f"person:{someone.id}", "joined", Actor(actor.person_id, someone.id, actor.basis))
    return someone


def sign_out(session_id: int, person_id: int) -> None:
    """End one browser's session; of this person only."""
    with transaction():
        if session_id in {row.id for row in queries.sessions_of(person_id)}:
            sessions.end(session_id)
            record(f"person:{person_id}", "signed_out", Actor(person_id))


def sign_out_everywhere(person_id: int, actor: Actor) -> None:
    """End all sessions of a person; an officer may do it for somebody whose phone was stolen."""
    with transaction():
        sessions.end_all(person_id)
        record(f"person:{person_id}", "signed_out_everywhere", actor)


def prove(session_id: int, ticket: str, code: str, *, secret_key: str) -> str:
    """Enter a fresh code for something that matters; returns where to go on. Refused as for `use_code`."""
    done = use_code(ticket, code, purpose="prove", device="", secret_key=secret_key)
    with transaction():
        sessions.prove(session_id)
    return done.next_path


def renew_session(session_id: int) -> str:
    """After a proof the browser gets a fresh token, for its cookie; the one before it, which may have been copied, opens nothing."""
    with transaction():
        return sessions.renew(session_id)


def change_profile(person_id: int, *, name: str, area_id: int | None, channel: str, large_print: bool, postal_address: str) -> None:
    """What a person may change without a code. Refused: a way to be told that we have no address for."""
    with transaction():
        me = queries.person(person_id)
        ways = {"email": me.email, "sms": me.phone, "letter": postal_address}
        if not ways.get(channel):
            raise Refused(_("We have no address for that yet. Add it first, or choose another way."), "channel")
        if me.area_id is not None and me.area_id != area_id:
            record(f"person:{person_id}", "home_changed", Actor(person_id))  # nobody votes in one area and then in the next: panels.ballots
        me.name, me.area_id, me.channel, me.large_print, me.postal_address = name, area_id, channel, large_print, postal_address
        record(f"person:{person_id}", "profile_changed", Actor(person_id))


def _change_address(row: SignInCode) -> None:
    """The new address takes the place of the old one, which is told, because a thief would change it first."""
    address, person_id = row.address, row.person_id
    assert person_id is not None
    channel = "email" if "@" in address else "sms"
    other = queries.person_at(channel, address)
    if other is not None and other.id != person_id:
        raise Refused(_("That address belongs to somebody who is with us already."))
    me = queries.person(person_id)
    before = me.email if channel == "email" else me.phone
    if before and before != address:
        text = Text(
            subject=_("Your address with us has changed"),
            body=_("You sign in with another address from now on. If it was not you who changed it, call us at once."),
            short=_("You sign in with another number from now on. If it was not you who changed it, call us at once."),
        )
        queue(f"changed:{row.ticket}", Addressee(me.name, channel, before, person_id), text, about="sign-in")
    merged.close_doors(person_id)
    if channel == "email":
        me.email = address
    else:
        me.phone = address
    at_new_address(me)
    record(f"person:{person_id}", "address_changed", Actor(person_id), channel=channel)


def create_organisation(
    name: str, kind: str, area_id: int | None, actor: Actor, *, charity_number: str = "", company_number: str = ""
) -> Organisation:
    """A new group for which whoever makes it acts, as a part of an action."""
    must_be_in_transaction()
    made = Organisation(
        ref=new_ref("ORG"),
        name=name,
        kind=kind,
        area_id=area_id,
        charity_number=charity_number,
        company_number=company_number,
        created_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    record(f"organisation:{made.id}", "created", actor)
    return made


def act_for(person_id: int, organisation_id: int, actor: Actor, since: date | None = None) -> None:
    """Let a person act for an organisation, as a part of an action; twice changes nothing."""
    must_be_in_transaction()
    open_row = select(ActingFor.id).where(
        ActingFor.person_id == person_id, ActingFor.organisation_id == organisation_id, ActingFor.until.is_(None)
    )
    if db.session.scalar(open_row) is None:
        db.session.add(ActingFor(person_id=person_id, organisation_id=organisation_id, since=since or clock.today()))
        record(f"organisation:{organisation_id}", "acting_for", actor, person=person_id)


def found_group(person_id: int, name: str, kind: str, area_id: int | None, charity_number: str, company_number: str) -> str:
    """A person makes a group and acts for it; returns its reference."""
    actor = Actor(person_id)
    with transaction():
        made = create_organisation(name, kind, area_id, actor, charity_number=charity_number, company_number=company_number)
        act_for(person_id, made.id, actor)
        return made.ref


def enter_person(name: str, email: str | None, phone: str | None, area_id: int | None, postal_address: str, actor: Actor) -> str:
    """A connector or officer enters somebody, with or without an address; returns their reference. Refused: an address in use, a home
    outside the areas that their role is for.
    """
    with transaction():
        if actor.person_id is not None:
            queries.must_help_in(actor.person_id, area_id)
        made = create_person(name, email=email, phone=phone, area_id=area_id, postal_address=postal_address)
        record(f"person:{made.id}", "joined", Actor(actor.person_id, made.id, actor.basis))
        return made.ref


def begin_scheme(name: str, email: str, telephone: str, administrator: str, administrator_email: str) -> None:
    """An empty database becomes a scheme with one administrator, who signs in by e-mail and does the rest on the pages.

    Refused: there is a scheme already.
    """
    with transaction():
        one_at_a_time("setup")
        if scheme() is not None:
            raise Refused(_("There is a scheme in this database already. Its administrators change it at /desk/settings."))
        put_beginning(name, email, telephone, administrator, administrator_email)


def put_beginning(name: str, email: str, telephone: str, administrator: str, administrator_email: str) -> Person:
    """The scheme's row and its first administrator, as a part of an action that knows that there is none; returns who it is."""
    must_be_in_transaction()
    db.session.add(Scheme(id=1, name=name, short_name=name[:30], email=email, telephone=telephone))
    record("scheme", "scheme_begun", SCHEME)
    first = create_person(administrator, email=administrator_email)
    db.session.flush()
    db.session.add(Role(person_id=first.id, name="administrator", since=clock.today(), reason=_("The first administrator")))
    record(f"person:{first.id}", "role_granted", SCHEME, reason=_("The first administrator"), role="administrator")
    return first


def begin_demo_session(ref: str, device: str) -> str:
    """Sign in as one of the demo's own people, without a code; returns the token. NotFound for anybody else."""
    someone = queries.person_by_ref(ref)
    if someone.deleted_at or not (someone.email or "").endswith(queries.DEMO_DOMAIN):
        raise NotFound(_("Only the demo's own people can be chosen."))
    with transaction():
        return sessions.begin(someone.id, device)


def stop_acting_for(person_id: int, organisation_id: int, actor: Actor) -> None:
    """End it, from tomorrow on the record and from now in what they may do."""
    with transaction():
        db.session.execute(
            update(ActingFor)
            .where(ActingFor.person_id == person_id, ActingFor.organisation_id == organisation_id, ActingFor.until.is_(None))
            .values(until=clock.today() - timedelta(days=1))
        )
        record(f"organisation:{organisation_id}", "no_longer_acting_for", actor, person=person_id)


def grant_role(person_id: int, name: str, reason: str, actor: Actor, area_id: int | None = None, since: date | None = None) -> None:
    """Trust a person with a role, for the whole scheme or for an area and all inside it.

    Refused: no such role, one that is not given for an area, held there already, no reason, or one's own.
    """
    with transaction():
        if name not in ROLES:
            raise Refused(_("Choose a role."), "role")
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept with the role."), "reason")
        if person_id == actor.person_id:
            raise Refused(_("Nobody gives a role to themselves. Ask another administrator."))
        if area_id is not None and name not in PLACED_ROLES:
            raise Refused(_("Only connectors and officers are for an area. This role is for the whole scheme."), "area")
        area = db.session.get_one(Area, area_id) if area_id is not None else None
        if queries.holds(person_id, name, area_id):
            raise Refused(_("They hold that role already."), "role")
        db.session.add(
            Role(
                person_id=person_id, name=name, area_id=area_id, since=since or clock.today(), granted_by_id=actor.person_id, reason=reason
            )
        )
        merged.close_doors(person_id)
        record(f"person:{person_id}", "role_granted", actor, reason=reason, role=name, area=area and area.name)


def end_role(person_id: int, role_id: int, reason: str, actor: Actor) -> None:
    """End a role. Refused: no reason; the last administrator."""
    with transaction():
        role = db.session.scalar(select(Role).where(Role.id == role_id, Role.person_id == person_id).with_for_update())
        if role is None:
            raise NotFound(_("They do not hold that role."))
        if role.until is not None:
            raise Refused(_("This role has ended already."))
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept with the role."), "reason")
        if role.name == "administrator" and len(queries.holders("administrator")) < 2:
            raise Refused(_("Somebody must be administrator. Give the role to another person first."))
        role.until = clock.today() - timedelta(days=1)
        record(f"person:{person_id}", "role_ended", actor, reason=reason, role=role.name, area=role.area and role.area.name)


def delete_me(person_id: int, actor: Actor) -> Sequence[str]:
    """Empty a person: name, addresses, sign-ins, messages and whatever other rooms forget go; the books and what was decided
    stay, without the name. Returns the files of pictures that the caller drops now.

    Refused while something keeps them (money under way); the sentence says what.
    """
    with transaction():
        one_at_a_time("merging")  # nothing is folded into them meanwhile, which would be left behind
        records = [person_id, *(each.id for each in merged.folded_into(person_id))]  # one human being, whatever number they had
        merged.leave_be(records)
        for lock in queries.BEFORE_LEAVING:
            for id_ in records:
                lock(id_)
        # whoever writes a row that names them meanwhile does not wait for this, and so not they for each other
        some = [db.session.get_one(Person, id_, with_for_update={"key_share": True}) for id_ in sorted(records)]
        if why := next((why for id_ in records if (why := queries.why_not_leave(id_))), None):
            raise Refused(why)
        return [file for each in some for file in _empty(each, actor)]


def _empty(me: Person, actor: Actor) -> Sequence[str]:
    person_id = me.id
    files = [file for erase in queries.ERASERS for file in erase(me)]
    addresses = [part for part in (me.email, me.phone) if part]
    name = me.name
    me.name, me.email, me.phone, me.postal_address, me.area_id = _("Former member"), None, None, "", None
    me.channel, me.large_print, me.deleted_at = "letter", False, clock.now()
    yesterday = clock.today() - timedelta(days=1)
    for table in (Role, ActingFor):
        db.session.execute(update(table).where(table.person_id == person_id, table.until.is_(None)).values(until=yesterday))
    _end_invitations(person_id, addresses)
    second.forget(person_id)
    db.session.execute(delete(SignInSession).where(SignInSession.person_id == person_id))
    db.session.execute(
        delete(SignInCode).where(or_(SignInCode.person_id == person_id, SignInCode.person_id.is_(None) & SignInCode.address.in_(addresses)))
    )
    to_them = or_(Message.person_id == person_id, Message.id.in_(queries.loose_messages(name, addresses)))
    db.session.execute(delete(Message).where(to_them))
    record(f"person:{person_id}", "deleted", actor)
    return files


def _end_invitations(person_id: int, addresses: Sequence[str]) -> None:
    """Those that they sent cannot be used any more, and those that were meant for them do not say so any more."""
    for row in db.session.scalars(select(Invitation).where(Invitation.invited_by_id == person_id)):
        db.session.execute(delete(Message).where(Message.key == f"invitation:{row.ref}"))
        if row.used_at is None:
            row.withdrawn_at, row.name, row.address = row.withdrawn_at or clock.now(), "", ""
    meant = or_(Invitation.used_by_id == person_id, Invitation.address.in_(addresses))
    db.session.execute(update(Invitation).where(meant).values(name="", address=""))


def forget_codes(before: datetime) -> int:
    """Drop sign-in codes older than an instant (the worker's work)."""
    with transaction():
        gone = db.session.execute(delete(SignInCode).where(SignInCode.created_at < before))
    return int(gone.rowcount)  # type: ignore[attr-defined]
