"""How careful a kind of help must be: its level, what a level asks of who gives, and who may give.

What counts is in force: seen, not ended, and not past the day of its next look. The same sentence of SQL answers for one member, for
a list of helpers and for the waiting list of a session.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.settings import log
from portal.timebank import members
from portal.timebank.evidence_model import Evidence
from portal.timebank.model import Category, Member, Timebank
from portal.timebank.rules import ADULT, TimeRules
from portal.words import N_, _, _n

LEVELS = {
    "ordinary": N_("Ordinary"),
    "home": N_("In somebody’s home"),
    "at_risk": N_("With children or adults at risk"),
}
CAREFUL = ("home", "at_risk")
KINDS = {
    "identity": N_("Who they are"),
    "reference": N_("Reference"),
    "dbs": N_("DBS check"),
    "policy": N_("Safeguarding policy"),
    "consent": N_("Consent of a parent or carer"),
}
OF_PERSONS = ("identity", "reference", "dbs")
MOST = {"identity": 1, "reference": 3, "dbs": 1}
YOUNGEST = 16
FOR = {"home": N_("help in somebody’s home"), "at_risk": N_("help with children or adults at risk"), "consent": N_("taking part at all")}
QUIET_FROM, QUIET_TO = 14, 730  # days


# --- what the scheme says ------------------------------------------------------------------------------------------------


def set_level(code: str, level: str, actor: Actor) -> None:
    """How careful a kind of help must be from now on; what was promised and given stays. Refused: no such level. Again changes nothing."""
    with transaction():
        found = db.session.scalar(select(Category).where(Category.code == code).with_for_update().execution_options(populate_existing=True))
        if found is None:
            raise NotFound(_("We do not know that kind of help."))
        if level not in LEVELS:
            raise Refused(_("Choose how careful we must be."), "risk")
        if found.risk != level:
            before, found.risk = found.risk, level
            record(f"category:{found.id}", "level_set", actor, before=before, level=level)


def _table(evidence: Mapping[str, Mapping[str, int]]) -> str:
    return "\n".join(
        f"{_(LEVELS[level])}: " + ", ".join(f"{_(KINDS[kind])} {number}" for kind, number in sorted(row.items()))
        for level, row in sorted(evidence.items())
    )


log.READERS["timebank", "safety_set"] = log.of_fields(
    N_("Care in the timebank"),
    {
        "evidence": log.Field(N_("What somebody shows before they give help"), _table),
        "least_age": log.Field(N_("Least age")),
        "quiet_days": log.Field(N_("Days after which a quiet member is asked how they are")),
    },
)


def set_rules(evidence: Mapping[str, Mapping[str, int]], *, least_age: int, quiet_days: int, actor: Actor) -> None:
    """What each careful level asks, from which age people join, after how many days a member is quiet.

    Refused: more than there are, less for people at risk than for a home, another age than 16 or 18, days that are none.
    """
    table = {level: {kind: evidence[level][kind] for kind in OF_PERSONS} for level in CAREFUL}
    for level, row in table.items():
        for kind, number in row.items():
            if not 0 <= number <= MOST[kind]:
                raise Refused(_("Write a number from 0 to %(most)d.", most=MOST[kind]), f"{level}_{kind}")
            if number < table["home"][kind]:
                raise Refused(_("Ask at least as much as for help in somebody’s home."), f"{level}_{kind}")
    if least_age not in (YOUNGEST, ADULT):
        raise Refused(_("Choose from which age people join."), "least_age")
    if not QUIET_FROM <= quiet_days <= QUIET_TO:
        raise Refused(_("Write a number of days from %(least)d to %(most)d.", least=QUIET_FROM, most=QUIET_TO), "quiet_days")
    with transaction():
        members.open_rules()
        found = db.session.get_one(Timebank, 1, with_for_update=True)
        before = TimeRules.load(found.rules)
        after = replace(before, evidence=table, least_age=least_age, quiet_days=quiet_days)
        if after.dump() != before.dump():
            found.rules = after.dump()
            old, new = before.dump(), after.dump()
            record("timebank", "safety_set", actor, changed={name: [old[name], new[name]] for name in new if old[name] != new[name]})


def asks(level: str, rules: TimeRules) -> Mapping[str, int]:
    """How many of each kind of evidence a person needs who gives help of this level; nothing for ordinary help."""
    return {kind: number for kind, number in rules.evidence.get(level, {}).items() if number}


def in_words(level: str, rules: TimeRules) -> str:
    """ "2 references and a DBS check", for pages; "" when nothing is asked."""
    return _(" and ").join(_counted(kind, number) for kind, number in asks(level, rules).items())


def _counted(kind: str, number: int) -> str:
    if kind == "reference":
        return _n("one reference", "%(num)d references", number)
    return {
        "identity": _("a look at who you are"), "dbs": _("a DBS check"), "policy": _("your safeguarding policy"), "consent": _("the consent of a parent or carer"),
    }[kind]  # fmt: skip


# --- who may give --------------------------------------------------------------------------------------------------------


def in_force() -> ColumnElement[bool]:
    """Evidence that counts today."""
    return and_(Evidence.ended_at.is_(None), Evidence.review_on >= clock.today())


def _holds(kind: str, number: int) -> ColumnElement[bool]:
    """Members of whom so many of a kind are in force."""
    mine = (Evidence.member_id == Member.id, Evidence.kind == kind, in_force())
    if number == 1:
        return exists().where(*mine).correlate(Member)
    return select(func.count()).select_from(Evidence).where(*mine).correlate(Member).scalar_subquery() >= number


def grown() -> ColumnElement[bool]:
    """Members who are 18, or for whom somebody consents."""
    return or_(Member.adult_on.is_(None), Member.adult_on <= clock.today(), _holds("consent", 1))


def ready(level: str, rules: TimeRules | None) -> ColumnElement[bool]:
    """Members who may give help of a level. A person needs what the rules ask; an organisation its safeguarding policy, because it
    answers for the people it sends. `rules` may be None for ordinary help.
    """
    wanted = asks(level, rules) if rules is not None else {}
    if not wanted:
        return grown()
    person = and_(*(_holds(kind, number) for kind, number in wanted.items()))
    return and_(grown(), or_(and_(Member.person_id.is_not(None), person), and_(Member.organisation_id.is_not(None), _holds("policy", 1))))


def level_rules(level: str) -> TimeRules | None:
    """The rules where a level needs them; no query for ordinary help."""
    return None if level == "ordinary" else members.open_rules()


def is_young(member: Member) -> bool:
    """Whether somebody is 16 or 17 today."""
    return member.adult_on is not None and member.adult_on > clock.today()


def counted(standing: Collection[Evidence]) -> Counter[str]:
    """How many of each kind are in force, of what stands about one member (`evidence.of_member`)."""
    return Counter(row.kind for row in standing if row.review_on >= clock.today())


def held_by(member: Member) -> Counter[str]:
    """How many of each kind are in force for a member. One query."""
    rows = db.session.execute(
        select(Evidence.kind, func.count()).where(Evidence.member_id == member.id, in_force()).group_by(Evidence.kind)
    )
    return Counter(dict(rows.tuples().all()))


def held_by_each(ids: Collection[int]) -> Mapping[int, Counter[str]]:
    """The same for each of these members. One query."""
    found: dict[int, Counter[str]] = {id_: Counter() for id_ in ids}
    query = select(Evidence.member_id, Evidence.kind, func.count()).where(Evidence.member_id.in_(found), in_force())
    for id_, kind, number in db.session.execute(query.group_by(Evidence.member_id, Evidence.kind)):
        found[id_][kind] = number
    return found


def missing(member: Member, level: str, rules: TimeRules | None, held: Counter[str]) -> Sequence[str]:
    """What a member still needs for a level ("consent": for anything), in words; empty when they may go on."""
    wanted: dict[str, int] = {}
    if is_young(member):
        wanted["consent"] = 1
    if level in CAREFUL and rules is not None and (asked := asks(level, rules)):
        wanted |= asked if member.person_id is not None else {"policy": 1}
    return [_counted(kind, number - held[kind]) for kind, number in wanted.items() if held[kind] < number]


def lacking(rules: TimeRules) -> Mapping[str, Any]:
    """By level ("consent" too): members who may not give it today."""
    return {"consent": ~grown()} | {level: ~ready(level, rules) if asks(level, rules) else ~true() for level in CAREFUL}
