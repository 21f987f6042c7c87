"""Members of the timebank: persons and organisations with an account of minutes."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Refused, Unknown
from portal.history import SCHEME, Actor, events_of, record
from portal.ledger import queries as books
from portal.ledger.model import Entry
from portal.ledger.posting import Line, open_accounts, post, reverse, set_floor
from portal.money import Minutes, Pence, hours, pounds
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Organisation, Person
from portal.places.model import Area
from portal.refs import ALPHABET, clean_card, new_ref
from portal.settings import log
from portal.timebank.merged_model import MergedMember
from portal.timebank.model import Category, Exchange, Member, Timebank, new_digits
from portal.timebank.rules import ADULT, TimeRules
from portal.words import N_, _

ISSUE = "issue"  # where starting credit comes from, so that the whole book is always zero
STANDARD = {
    "company": N_("Company and a chat"),
    "shopping": N_("Shopping and errands"),
    "lifts": N_("Lifts and getting about"),
    "garden": N_("Garden"),
    "repairs": N_("Repairs and small jobs"),
    "cooking": N_("Cooking and food"),
    "children": N_("Help with children"),
    "pets": N_("Pets"),
    "computers": N_("Phones and computers"),
    "forms": N_("Forms and letters"),
    "learning": N_("Teaching and learning"),
    "crafts": N_("Crafts, music and art"),
    "health": N_("Sport and keeping well"),
    "events": N_("Events and hubs"),
    "other": N_("Something else"),
}
CAREFUL = {"children": "at_risk"}  # of the usual kinds; the scheme says it of others
REASON = 10  # letters, of why a member may go lower than others
AGREEMENT = N_(
    "I am %(age)d or over. An hour is an hour, whatever it is for. I say honestly how long it was, I am kind, and I stop when I do not feel safe."
)
WHEN_JOINED: list[Callable[["Member"], None]] = []  # what else happens in the action by which somebody becomes a member


# --- the timebank itself -------------------------------------------------------------------------------------------------


def open_timebank(rules: TimeRules, actor: Actor) -> None:
    """Open the scheme's timebank, with the usual kinds of help; again changes nothing."""
    with transaction():
        if db.session.get(Timebank, 1) is not None:
            return
        db.session.add(Timebank(id=1, opened_at=clock.now(), rules=rules.dump()))
        known = set(db.session.scalars(select(Category.code)))
        db.session.add_all(
            Category(code=code, name=_(name), risk=CAREFUL.get(code, "ordinary")) for code, name in STANDARD.items() if code not in known
        )
        open_accounts([(ISSUE, "MIN", "equity", _("Starting credit"), None, None)])
        record("timebank", "opened", actor)


log.READERS["timebank", "rules_set"] = log.of_fields(
    N_("Rules of the timebank"),
    {
        "soft_floor": log.Field(N_("Balance at which there is a friendly word"), hours),
        "hard_floor": log.Field(N_("Lowest balance"), hours),
        "settle_days": log.Field(N_("Days until it settles without an answer")),
        "starting_credit": log.Field(N_("Hours to begin with"), hours),
        "figure_rate": log.Field(N_("Rate for the estimate"), pounds),
        "figure_source": log.Field(N_("Whose rate it is")),
        "reminder_days": log.Field(N_("Days after which there is a reminder"), lambda days: ", ".join(map(str, days))),
    },
)


def set_rules(
    *, soft_floor: Minutes, hard_floor: Minutes, settle_days: int, starting_credit: Minutes, figure_rate: int = 0, figure_source: str = "", actor: Actor
) -> None:  # fmt: skip
    """What a scheme sets; opens the timebank the first time. A new hard floor holds for who joins from now on, and for everybody who
    has no floor of their own. Refused: floors the wrong way round or a balance below the new one, days that are none.
    """
    if not hard_floor <= soft_floor <= 0:
        raise Refused(_("The friendly word comes first: its number of hours is not larger than the other."), "soft_floor")
    if hard_floor < -6000:
        raise Refused(_("Write at most 100 hours."), "hard_floor")
    if not 1 <= settle_days <= 90:
        raise Refused(_("Write a number of days from 1 to 90."), "settle_days")
    if starting_credit % 15 or starting_credit > 600:
        raise Refused(_("Write quarters of an hour, at most 10 hours."), "starting_credit")
    if figure_rate > 100_00 or bool(figure_rate) != bool(figure_source):
        raise Refused(
            _("Write the rate, at most £100, and whose it is; or neither."), "figure_rate" if figure_rate > 100_00 else "figure_source"
        )
    open_timebank(TimeRules(), actor)
    with transaction():
        found = db.session.get_one(Timebank, 1, with_for_update=True)
        before = TimeRules.load(found.rules)
        days = tuple(sorted({max(1, settle_days * each // 14) for each in TimeRules.reminder_days if settle_days > 2}))
        after = replace(
            before, soft_floor=soft_floor, hard_floor=hard_floor, settle_days=settle_days, starting_credit=starting_credit, reminder_days=days,
            figure_rate=Pence(figure_rate), figure_source=figure_source,
        )  # fmt: skip
        if after == before:
            return
        found.rules = after.dump()
        old, new = before.dump(), after.dump()
        record("timebank", "rules_set", actor, changed={name: [old[name], new[name]] for name in new if old[name] != new[name]})
        if hard_floor != before.hard_floor:
            try:
                set_floor(select("member:" + Member.ref).where(Member.hard_floor.is_(None)), hard_floor)
            except Refused as why:
                raise Refused(_("Somebody has a lower balance than that. Let them go lower first, on their page."), "hard_floor") from why


def rules() -> TimeRules | None:
    """The rules of the timebank; None while it is not open. One query."""
    found = db.session.get(Timebank, 1)
    return TimeRules.load(found.rules) if found else None


def open_rules() -> TimeRules:
    """The rules. Refused while the timebank is not open."""
    found = rules()
    if found is None:
        raise Refused(_("The timebank of this scheme is not open yet."))
    return found


def categories() -> Sequence[Category]:
    """Kinds of help in use, by name."""
    return db.session.scalars(select(Category).where(Category.archived_at.is_(None)).order_by(Category.name)).all()


def category(code: str) -> Category:
    """A kind of help that is in use. Refused: none of ours."""
    found = db.session.scalar(select(Category).where(Category.code == code, Category.archived_at.is_(None)))
    if found is None:
        raise Refused(_("Choose what kind of help it was."), "kind")
    return found


# --- accounts ------------------------------------------------------------------------------------------------------------


def account(member: Member) -> str:
    """The ledger account of a member's minutes."""
    return f"member:{member.ref}"


def clearing(area: Area) -> str:
    """The account that shows what an area owes the others, or they it."""
    return f"area:{area.code}:clearing"


def pot(area: Area) -> str:
    """The account of time given for those who cannot earn."""
    return f"pot:{area.code}"


def open_books_of(area: Area) -> None:
    """The clearing account and the community pot of an area, as a part of an action."""
    open_accounts(
        [
            (clearing(area), "MIN", "liability", _("Between areas: %(area)s", area=area.name), None, None),
            (pot(area), "MIN", "equity", _("Community pot: %(area)s", area=area.name), 0, None),
        ]
    )


def balance(member: Member) -> Minutes:
    """What a member has, in minutes; below zero when they received more than they gave."""
    return Minutes(books.balance(account(member)))


def floor_of(member: Member, scheme_rules: TimeRules) -> Minutes:
    """How far a member's balance may fall, in minutes."""
    return scheme_rules.hard_floor if member.hard_floor is None else member.hard_floor


# --- becoming one --------------------------------------------------------------------------------------------------------


def join(person_id: int, area_id: int, agreed: bool, actor: Actor, *, adult_on: date | None = None) -> str:
    """A person becomes a member; returns the number on their card. Again gives the same. `adult_on`: when they are 18, of who is younger.

    Refused: the timebank is not open, no such area, not agreed to what members say (age and fairness), younger than the rules allow.
    """
    with transaction():
        scheme_rules = open_rules()
        someone = people.person(person_id)
        if not agreed:
            raise Refused(_("Say yes to this first, please."), "agreed")
        made = become(scheme_rules, area_id, actor, person_id=someone.id, adult_on=adult_on)
        if someone.area_id is None:
            someone.area_id = area_id
        return made.ref


def join_organisation(organisation_id: int, area_id: int, actor: Actor) -> str:
    """An organisation becomes a member; returns the number on its card. Refused as for `join`."""
    with transaction():
        return become(open_rules(), area_id, actor, organisation_id=people.organisation(organisation_id).id).ref


def become(
    scheme_rules: TimeRules,
    area_id: int,
    actor: Actor,
    *,
    person_id: int | None = None,
    organisation_id: int | None = None,
    start: bool = True,
    adult_on: date | None = None,
) -> Member:
    """Make a member of a person or an organisation, as a part of an action; again gives the same. `start`: with the starting credit.

    `adult_on` as for `join`. Refused: no such area, too young.
    """
    must_be_in_transaction()
    whose = Member.person_id == person_id if person_id is not None else Member.organisation_id == organisation_id
    made = db.session.scalar(select(Member).where(whose).with_for_update())
    if made is not None and made.status != "left":
        return made
    if made is not None and (now := joined_to(made.ref)) != made.ref:
        raise Refused(_("This membership was joined with another one. The card is %(ref)s now.", ref=now))
    area = db.session.get(Area, area_id)
    if area is None or area.archived_at is not None or area.kind == "scheme":
        raise Refused(_("Choose where you live, so that neighbours find you."), "area")
    young_until = _judge_age(adult_on, scheme_rules)
    fresh = made is None
    if made is None:
        made = Member(ref=new_ref("MEM"), person_id=person_id, organisation_id=organisation_id, area_id=area.id, joined_at=clock.now())
        db.session.add(made)
        db.session.flush()
    made.status, made.area_id = "active", area.id
    made.adult_on = young_until
    made.agreement = _(AGREEMENT, age=scheme_rules.least_age if young_until else ADULT) if person_id is not None else ""
    open_books_of(area)
    open_accounts([(account(made), "MIN", "liability", _("Member %(ref)s", ref=made.ref), scheme_rules.hard_floor, None)])
    record(about(made), "joined" if fresh else "came_back", actor, area=area.code)
    if not fresh:
        _take_up_again(made, actor)
    if fresh and start and scheme_rules.starting_credit and person_id is not None:
        post(
            [Line(ISSUE, account(made), scheme_rules.starting_credit)], key=f"member:{made.id}:start", kind="starting credit", about=about(made),
            sentence=_("Starting credit"), actor=SCHEME.code,
        )  # fmt: skip
    for act in WHEN_JOINED:
        act(made)
    return made


def _take_up_again(member: Member, actor: Actor) -> None:
    """Who comes back finds what was written off when they left: leaving is no way to start again from nothing."""
    last = select(Entry.key).where(Entry.about == about(member), Entry.kind == "write-off").order_by(Entry.id.desc()).limit(1)
    key = db.session.scalar(last)
    if key is not None and key not in books.reversed_keys([key]):
        reverse(key, reason=_("they came back"), actor=actor.code)


def _judge_age(adult_on: date | None, scheme_rules: TimeRules) -> date | None:
    """The day to keep of who is not 18 yet; None for everybody else. Refused: younger than the scheme allows."""
    today = clock.today()
    if adult_on is None or adult_on <= today:
        return None
    gap = ADULT - scheme_rules.least_age
    if (adult_on.year - gap, adult_on.month, adult_on.day) > (today.year, today.month, today.day):
        raise Refused(_("Members are %(age)d or over. Come back then, we would love to have you.", age=scheme_rules.least_age), "adult_on")
    return adult_on


def set_member(ref: str, *, area_id: int, seen_outside: bool, paused: bool, actor: Actor) -> None:
    """What members choose themselves. Refused: no such area; a member who left."""
    with transaction():
        member = locked(ref)
        area = db.session.get(Area, area_id)
        if area is None or area.archived_at is not None or area.kind == "scheme":
            raise Refused(_("Choose where you live, so that neighbours find you."), "area")
        if member.status == "left":
            raise Refused(_("This member has left the timebank."))
        member.area_id, member.seen_outside, member.status = area.id, seen_outside, "paused" if paused else "active"
        open_books_of(area)
        record(about(member), "changed", actor, area=area.code, seen_outside=seen_outside, paused=paused)


def change_digits(ref: str, who: Who, once_key: str) -> None:
    """New digits for a card that was lost: printed ones no longer work at a till. By themselves or a coordinator. A second tap changes
    nothing more. Refused: not theirs.
    """
    with transaction():
        member = locked(ref)
        if not acts_as(who, member) and not who.can("help others", member):
            raise unknown()
        if once.claim(once_key) is None:
            member.digits = new_digits()
            record(about(member), "digits_changed", Actor(who.id))


def allow_lower(ref: str, floor: Minutes | None, reason: str, actor: Actor) -> None:
    """A coordinator lets a member's balance fall further, or no further than the scheme says (None), in minutes.

    Refused: no reason, or less than `REASON` letters why it is lower than for others; a floor above zero, or lower than `TimeRules.lowest`; a balance that is
    below it now; themselves.
    """
    with transaction():
        member = locked(ref)
        lower = floor is not None and floor < open_rules().hard_floor
        if not reason or (lower and len(reason) < REASON):
            raise Refused(_("Write why, so that a colleague understands it."), "reason")
        if actor.code in codes_of((member,)):
            raise Refused(_("Ask a colleague: nobody sets their own limit."))
        if floor is not None and floor > 0:
            raise Refused(_("Write it as hours below zero, like 30."), "floor")
        if floor is not None and floor < open_rules().lowest:
            raise Refused(
                _(
                    "Write at most %(most)s. For somebody who needs more, ask for hours from the community pot.",
                    most=hours(-open_rules().lowest),
                ),
                "floor",
            )
        lowest = open_rules().hard_floor if floor is None else floor
        if balance(member) < lowest:
            raise Refused(_("Their balance is lower than that now: %(balance)s.", balance=hours(balance(member))), "floor")
        member.hard_floor = floor
        set_floor([account(member)], lowest)
        record(about(member), "floor_set", actor, reason=reason, floor=lowest)


def on_break(member: Member, actor: Actor, called: str = "") -> str:
    """What is said of a member who takes a break: to themselves how to end it; to others by name (`called`: the one that may be shown)."""
    if member.person_id is not None and member.person_id == actor.person_id:
        return _("You are taking a break from the timebank. Come back first, on the page of your time.")
    return _("%(name)s is taking a break from the timebank just now.", name=called or name_of(member))


# what says that a break began (True) or is over, beside what a member changed by themselves
BREAKS = {"break_begun": True, "break_ended": False, "came_back": False}


def break_began(member: Member) -> date | None:
    """The day on which a member's break began; None of who takes none, or who was brought along with one. One query."""
    began = None
    for event in events_of(about(member)):
        paused = BREAKS.get(event.kind, event.data.get("paused") if event.kind == "changed" else None)
        if paused is not None:
            began = (began or clock.london_day(event.at)) if paused else None
    return began


# --- finding one ---------------------------------------------------------------------------------------------------------


def about(member: Member) -> str:
    """How events name a member."""
    return f"member:{member.id}"


NAMED = (joinedload(Member.person), joinedload(Member.organisation), joinedload(Member.area))


def name_of(member: Member) -> str:
    """What neighbours call them."""
    if member.person is not None:
        return member.person.name
    assert member.organisation is not None
    return member.organisation.name


def member_of(person_id: int) -> Member | None:
    """A person's own membership, also when paused; None when they never joined or have left."""
    return db.session.scalar(select(Member).where(Member.person_id == person_id, Member.status != "left").options(*NAMED))


def coordinators_of(area_ids: Collection[int], but: Collection[Member] = ()) -> Sequence[Person]:
    """Who looks after these areas, each once: of every area its connectors, or its officers where there is none; nobody about their own
    (`but`).
    """
    own = {someone.id for member in but for someone in persons_of(member)}
    found: dict[int, Person] = {}
    for area_id in sorted(set(area_ids)):
        for role in ("connector", "officer"):
            some = {someone.id: someone for someone in people.holders(role, at=area_id) if someone.id not in own}
            found |= some
            if some:
                break
    return list(found.values())


def joined_to(ref: str) -> str:
    """The number that a card leads to: another one when its membership was joined with that, however often; else itself."""
    old, new = aliased(Member), aliased(Member)
    step = select(new.ref).join(MergedMember, MergedMember.new_id == new.id).join(old, old.id == MergedMember.old_id)
    while (found := db.session.scalar(step.where(old.ref == ref))) is not None:
        ref = found
    return ref


def unknown() -> Unknown:
    """No such member, or none for this person: said alike, so that nobody can tell the two apart."""
    return Unknown(_("We cannot find that member. Check the number on the card."))


def helped(ref: str, who: Who) -> Member:
    """A member whom somebody may help, by the number on their card. Unknown: no such member, or elsewhere."""
    found = by_ref(ref)
    if not who.can("help others", found):
        raise unknown()
    return found


def by_ref(ref: str) -> Member:
    """A member by the number on their card, also an old one that leads to another. Unknown: none of ours, or they left."""
    known = select(Member).where(Member.status != "left").options(*NAMED)
    found = db.session.scalar(known.where(Member.ref == ref))
    if found is None and (now := joined_to(ref)) != ref:
        found = db.session.scalar(known.where(Member.ref == now))
    if found is None:
        raise unknown()
    return found


def locked(ref: str) -> Member:
    """The same, locked, as a part of an action."""
    must_be_in_transaction()
    query = select(Member).where(Member.ref == ref).with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise unknown()
    return found


def own(who: Who) -> Sequence[Member]:
    """Whom a person may log hours as: themselves first, then the organisations they act for. One query."""
    mine = or_(Member.person_id == who.id, Member.organisation_id.in_(who.acts_for))
    found = db.session.scalars(select(Member).where(mine, Member.status != "left").options(*NAMED)).all()
    return sorted(found, key=lambda member: (member.person_id is None, name_of(member)))


def acts_as(who: Who, member: Member) -> bool:
    """Whether a person is this member, or acts for it."""
    return member.person_id == who.id or (member.organisation_id is not None and member.organisation_id in who.acts_for)


def chosen(mine: Sequence[Member], wanted: str) -> Member | None:
    """The one of mine that an address names by its number (`wanted`); when it names none the first, which is the person before their
    organisations; None when there is none.

    Unknown: it names one that is not, or no longer, mine: nothing is shown or done for another one than the address says.
    """
    if not wanted:
        return mine[0] if mine else None
    found = next((each for each in mine if each.ref == clean_card(wanted)), None)
    if found is None:
        raise unknown()
    return found


def persons_of(member: Member) -> Sequence[Person]:
    """Who speaks for a member: the person, or everybody who acts for the organisation today."""
    if member.person_id is not None:
        return [people.person(member.person_id)]
    assert member.organisation_id is not None
    return [someone for _row, someone in people.acting_for(member.organisation_id)]


def codes_of(members: Iterable[Member]) -> frozenset[str]:
    """ "person:12" of everybody who is one of these members or acts for one."""
    return frozenset(f"person:{someone.id}" for member in members for someone in persons_of(member))


def recent(member: Member, limit: int = 6) -> Sequence[Member]:
    """With whom a member exchanged lately, the latest first. One query."""
    other = case((Exchange.giver_id == member.id, Exchange.receiver_id), else_=Exchange.giver_id)
    last = (
        select(other.label("other"), func.max(Exchange.id).label("last"))
        .where(or_(Exchange.giver_id == member.id, Exchange.receiver_id == member.id), Exchange.status != "withdrawn")
        .group_by(other)
        .order_by(func.max(Exchange.id).desc())
        .limit(limit)
        .subquery()
    )
    query = select(Member).join(last, last.c.other == Member.id).where(Member.status == "active").options(*NAMED)
    return db.session.scalars(query.order_by(last.c.last.desc())).all()


def search(text: str, viewer: Member, limit: int = 20) -> Sequence[Member]:
    """Active members whose name has a word that begins like each word typed, or whose number it is; those nearby first.

    Found by name: who lives in the viewer's area, organisations, and who chose to be seen outside theirs. By number: anybody.
    """
    number = clean_card(text)
    near = Member.area_id == viewer.area_id
    query = _everybody().where(_matches(text), Member.status == "active", Member.id != viewer.id).order_by(near.desc(), NAME, Member.id)
    if number is None:
        query = query.where(or_(near, Member.seen_outside, Member.organisation_id.is_not(None)))
    return db.session.scalars(query.limit(limit)).all()


def search_all(text: str, areas: Collection[int] | None, limit: int = 30, *, reached: bool = False) -> Sequence[Member]:
    """The same for a coordinator of these areas (None: all): also who pauses, and who is seen by nobody else.

    `reached`: also by telephone, e-mail, street, or a part of the number on their card.
    """
    which = or_(_matches(text), *_reached(text)) if reached else _matches(text)
    query = _everybody().where(which, Member.status != "left").order_by(NAME, Member.id)
    if areas is not None:
        query = query.where(Member.area_id.in_(areas))
    return db.session.scalars(query.limit(limit)).all()


def listed(areas: Collection[int] | None, limit: int = 400, skip: int = 0) -> Sequence[Member]:
    """Members of these areas (None: all) by name, for a coordinator's lists, after the first `skip`. One query."""
    query = _everybody().where(Member.status != "left").order_by(NAME, Member.id)
    if areas is not None:
        query = query.where(Member.area_id.in_(areas))
    return db.session.scalars(query.limit(limit).offset(skip)).all()


NAME = func.lower(func.coalesce(Person.name, Organisation.name))


def _matches(text: str) -> ColumnElement[bool]:
    """Members with this number, or with a word in their name that begins like each word typed."""
    if (number := clean_card(text)) is not None:
        return Member.ref == joined_to(number)
    begins = [or_(NAME.like(f"{word}%", escape="\\"), NAME.like(f"% {word}%", escape="\\")) for word in _words(text)]
    return and_(*begins) if begins else false()


def _words(text: str) -> list[str]:
    """The words of a search, for LIKE."""
    return [word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in text.lower().split()[:5]]


def _reached(text: str) -> list[ColumnElement[bool]]:
    """How else somebody at the desk says who they are."""
    some: list[ColumnElement[bool]] = [Person.email == text.strip().lower()]
    digits = "".join(letter for letter in text if letter.isascii() and letter.isdigit()).lstrip("0")
    if len(digits) >= 6:
        some.append(Person.phone.like(f"%{digits}"))
    if re.fullmatch(f"[{ALPHABET}]{{4}}", text.strip().upper()):
        some.append(Member.ref.like(f"%-{text.strip().upper()}%"))
    if len(text.strip()) >= 4:
        some.append(and_(*(func.lower(Person.postal_address).like(f"%{word}%", escape="\\") for word in _words(text))))
    return some


def _everybody() -> Select[Member]:
    return (
        select(Member)
        .outerjoin(Person, Person.id == Member.person_id)
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .options(*NAMED)
    )


def names(ids: Collection[int]) -> Mapping[int, str]:
    """Names by member id, in one query; of who left the scheme: what their record says now."""
    rows = db.session.execute(
        select(Member.id, func.coalesce(Person.name, Organisation.name))
        .outerjoin(Person, Person.id == Member.person_id)
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.id.in_(ids))
    )
    return dict(rows.tuples().all()) if ids else {}


def names_by_ref(refs: Collection[str]) -> Mapping[str, str]:
    """The same by the numbers on their cards, also of who left. One query, or none."""
    if not refs:
        return {}
    rows = db.session.execute(
        select(Member.ref, func.coalesce(Person.name, Organisation.name))
        .outerjoin(Person, Person.id == Member.person_id)
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.ref.in_(refs))
    )
    return dict(rows.tuples().all())
