"""Members, their balances, offers and requests from another timebank: looked at first, then taken over in one transaction, each only once.

A balance becomes one entry `import:<source>:<their number>:opening` between the account of starting credit and the member, so that the
book of time stays zero. `source` names the program and the area ("timeoverflow/mossgate"), because every bank counts its members from 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import func, select

from portal import clock
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Refused
from portal.finding import words_of
from portal.history import Actor, record
from portal.ledger import queries as books
from portal.ledger.posting import Fact, Line, post_all, set_floor
from portal.money import Minutes, hours
from portal.people import actions as people
from portal.people import queries as persons
from portal.people.model import Person
from portal.places.model import Area
from portal.places.queries import areas as all_areas
from portal.places.queries import by_name
from portal.timebank import foreign, members, posts_import
from portal.timebank.foreign import SOURCES, Foreign, Problem
from portal.timebank.members import ISSUE, account
from portal.timebank.model import Member
from portal.timebank.paper_model import Imported, ImportedPost
from portal.timebank.posts_import import Kinds, Owner, PostPlan
from portal.timebank.posts_model import Post
from portal.words import _


class NotReady(Refused):
    """Something in the files must be put right first; `plan` names each line."""

    def __init__(self, plan: "Plan") -> None:
        super().__init__(_("Nothing was taken over. Put right what stops it, and send the files again."))
        self.plan = plan


@dataclass(frozen=True)
class Step:
    """What is done with one member. `what`: "new" (a new person or organisation), "joins" (somebody we know becomes a member), "member" (is one
    already, and gets the balance), "done" (came with an import before: nothing but posts that did not come then).
    """

    foreign: Foreign
    area: Area
    what: str
    person_id: int | None = None
    member_id: int | None = None


@dataclass
class Plan:
    """What an import would do, by the order of its lines, and what is odd about the files."""

    source: str
    steps: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    posts: PostPlan = field(default_factory=PostPlan)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to take over."""
        return not self.fresh and not self.posts.coming

    @property
    def stops(self) -> bool:
        return any(problem.stops for problem in self.problems)

    def count(self, *whats: str) -> int:
        """How many steps are one of these."""
        return sum(step.what in whats for step in self.steps)

    @property
    def fresh(self) -> list[Step]:
        return [step for step in self.steps if step.what != "done"]

    @property
    def owed(self) -> int:
        """Minutes that members come with, of those above zero."""
        return sum(step.foreign.minutes for step in self.fresh if step.foreign.minutes > 0)

    @property
    def owing(self) -> int:
        """Minutes of those below zero, as a negative number."""
        return sum(step.foreign.minutes for step in self.fresh if step.foreign.minutes < 0)


def plan(files: Sequence[tuple[str, bytes]], source: str, area_code: str = "", unit_minutes: int = 60, kinds: Kinds | None = None) -> Plan:
    """What `take_over` would do, by what stands in the database now. Writes nothing.

    `kinds`: which code of ours a kind of help there becomes, beside those that are called the same; "" is what had none. Refused: no such
    source, no such code, the timebank is not open.
    """
    if source not in SOURCES:
        raise Refused(_("Choose where the files come from."), "source")
    if not 1 <= unit_minutes <= 600:
        raise Refused(_("Write how many minutes one unit is worth, from 1 to 600."), "unit")
    members.open_rules()
    found = foreign.read(files, source, unit_minutes)
    made = Plan(source, problems=list(found.problems))
    areas = _areas()
    before = {(row.source, row.their_id): row for row in db.session.scalars(select(Imported))}
    brought = {row.member_id for row in before.values()}
    people_at = _people_at(found.members)
    standing = _standing([someone.id for someone in people_at.values()])
    known_names = _known_names([one.name for one in found.members])
    for one in found.members:
        _add(made, one, areas, area_code, before, brought, people_at, standing, known_names)
    made.posts = posts_import.plan([_owner(source, step) for step in made.steps], kinds or {})
    made.problems += made.posts.problems
    made.problems.sort(key=lambda problem: (problem.file, problem.line))
    return made


def _areas() -> Mapping[str, Area]:
    """Areas in use, by code and by name in small letters."""
    return by_name(area for area in all_areas() if area.kind != "scheme")


def source_of(program: str, area: Area) -> str:
    """How keys and records name where somebody came from."""
    return f"{program}/{area.code}"


def _owner(source: str, step: Step) -> Owner:
    return Owner(step.foreign, source_of(source, step.area), step.area.id, step.member_id)


def _people_at(found: Iterable[Foreign]) -> Mapping[str, Person]:
    """Persons whom we know at these addresses, by address. One query for each few hundred."""
    addresses = {address for one in found if not one.organisation for address in (one.email, one.phone) if address}
    known: dict[str, Person] = {}
    wanted = sorted(addresses)
    for start in range(0, len(wanted), 400):
        some = wanted[start : start + 400]
        for someone in db.session.scalars(
            select(Person).where((Person.email.in_(some)) | (Person.phone.in_(some)), Person.deleted_at.is_(None))
        ):
            known |= {address: someone for address in (someone.email, someone.phone) if address}
    return known


def _standing(person_ids: Sequence[int]) -> Mapping[int, Member]:
    """Their memberships, by person."""
    found: dict[int, Member] = {}
    for start in range(0, len(person_ids), 400):
        query = select(Member).where(Member.person_id.in_(person_ids[start : start + 400]), Member.status != "left")
        found |= {member.person_id: member for member in db.session.scalars(query) if member.person_id is not None}
    return found


@dataclass
class Names:
    """Who is called as somebody in the files is, in small letters: `members`: their cards; `came`: who came by an import before, by the
    program and the number there.
    """

    members: dict[str, list[str]] = field(default_factory=dict)
    came: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def _known_names(names: Sequence[str]) -> Names:
    """One query for each few hundred names."""
    found, wanted = Names(), sorted({name.lower() for name in names})
    for start in range(0, len(wanted), 400):
        query = (
            select(Person.name, Member.ref, Imported.source, Imported.their_id)
            .join(Member, Member.person_id == Person.id)
            .outerjoin(Imported, Imported.member_id == Member.id)
            .where(func.lower(Person.name).in_(wanted[start : start + 400]), Member.status != "left")
        )
        for name, card, source, their_id in db.session.execute(query.order_by(Member.id)):
            found.members.setdefault(name.casefold(), []).append(card)
            if source is not None:
                found.came.setdefault((source.partition("/")[0], their_id), set()).add(name.casefold())
    return found


def _add(
    made: Plan, one: Foreign, areas: Mapping[str, Area], area_code: str, before: Mapping[tuple[str, str], Imported], brought: set[int],
    people_at: Mapping[str, Person], standing: Mapping[int, Member], known_names: "Names",
) -> None:  # fmt: skip
    """Decide what is done with a member, and note what is odd."""
    area = areas.get(one.area) or areas.get(one.area.casefold()) if one.area else areas.get(area_code)
    if area is None:
        sentence = (
            _("We do not know the area “%(area)s”.", area=one.area[:40])
            if one.area
            else _("Say in which area they are: choose one for the whole file.")
        )
        made.problems.append(Problem(one.file, one.line, sentence))
        return
    if (was := before.get((source_of(made.source, area), one.id))) is not None:
        made.steps.append(Step(one, area, "done", member_id=was.member_id))
        if was.minutes != one.minutes:
            sentence = _(
                "%(name)s came with %(before)s and has %(now)s there now. That is not taken over again: put it right by hand.",
                name=one.name,
                before=hours(was.minutes),
                now=hours(one.minutes),
            )
            made.problems.append(Problem(one.file, one.line, sentence, stops=False))
        return
    addresses = () if one.organisation else (one.email, one.phone)
    if not one.organisation and one.name.casefold() in known_names.came.get((made.source, one.id), ()):
        made.problems.append(
            Problem(one.file, one.line, _("%(name)s came under this number already, for another area. Choose that area, or take the line out.", name=one.name))
        )  # fmt: skip
        return
    known = [people_at[address] for address in addresses if address and address in people_at]
    if len({someone.id for someone in known}) > 1:
        made.problems.append(
            Problem(
                one.file, one.line, _("The e-mail address and the telephone number belong to two people who are with us. Take one out.")
            )
        )
        return
    if not known:
        made.steps.append(Step(one, area, "new"))
        if not one.organisation and (cards := known_names.members.get(one.name.casefold())):
            made.problems.append(
                Problem(one.file, one.line, _("%(name)s is a member already (%(cards)s). If it is the same person, write the e-mail address or mobile number that we have.", name=one.name, cards=", ".join(cards)), stops=False)
            )  # fmt: skip
        return
    member = standing.get(known[0].id)
    if member is not None and member.id in brought:
        made.problems.append(
            Problem(
                one.file,
                one.line,
                _("%(name)s came with an import before, under another number. Their hours are not taken over twice.", name=one.name),
            )
        )
        return
    made.steps.append(Step(one, area, "member" if member is not None else "joins", known[0].id, member.id if member is not None else None))
    if known[0].name.casefold() != one.name.casefold():
        alike = set(words_of(known[0].name)) & set(words_of(one.name))
        sentence = (
            _("At this address we know %(name)s: these hours go to them.", name=known[0].name)
            if alike
            else _("This address is that of %(name)s. If it is the same person, write that name; if it is somebody else at home, take the address out.", name=known[0].name)
        )  # fmt: skip
        made.problems.append(Problem(one.file, one.line, sentence, stops=not alike))


def in_words(problem: Problem) -> str:
    """A problem with its place: "members.csv, line 3: ..."."""
    sentence = problem.sentence if problem.stops else _("%(what)s (nothing stops)", what=problem.sentence)
    return _("%(file)s, line %(line)d: %(what)s", file=problem.file, line=problem.line, what=sentence) if problem.line else sentence


def told(made: Plan, *, dry_run: bool) -> str:
    """What an import did, or would do, in two or three sentences."""
    some = made.posts
    if not (some.coming or some.done or some.behind):
        return _of_members(made, dry_run=dry_run)
    sentence = _(
        "Offers and requests: %(coming)d come along, %(done)d came before, %(behind)d stay behind.",
        coming=len(some.coming),
        done=some.done,
        behind=some.behind,
    )
    return f"{_of_members(made, dry_run=dry_run)} {sentence}"


def _of_members(made: Plan, *, dry_run: bool) -> str:
    values = {
        "members": len(made.fresh), "new": made.count("new"), "known": made.count("joins", "member"), "done": made.count("done"), "owed": hours(made.owed),
        "owing": hours(made.owing), "sum": hours(made.owed + made.owing),
    }  # fmt: skip
    if dry_run:
        return _(
            "Would take over %(members)d members: %(new)d new, %(known)d whom we know; %(done)d came before. Balances: %(owed)s and %(owing)s, together %(sum)s. Nothing was changed.",
            **values,
        )
    return _(
        "Taken over: %(members)d members: %(new)d new, %(known)d whom we know; %(done)d came before. Balances: %(owed)s and %(owing)s, together %(sum)s.",
        **values,
    )


# --- taking over ---------------------------------------------------------------------------------------------------------


def take_over(
    files: Sequence[tuple[str, bytes]], source: str, area_code: str, actor: Actor, unit_minutes: int = 60, kinds: Kinds | None = None
) -> Plan:  # fmt: skip
    """Take members, balances and posts over: all of the files or nothing. Again does nothing. Returns what was done.

    Nobody is told: the coordinator does that in their own words. Who falls below the scheme's floor by what they come with gets a floor of
    their own at that balance. Refused: as for `plan`; `NotReady` with every line that stops it.
    """
    with transaction():
        one_at_a_time("import")
        made = plan(files, source, area_code, unit_minutes, kinds)
        if made.stops:
            raise NotReady(made)
        order = sorted(made.fresh, key=lambda step: bool(step.foreign.organisation))  # who acts for a group comes before it
        taken = [(step, _member(source, step, actor)) for step in order]
        facts = [_opening(source, step, member, actor) for step, member in taken if step.foreign.minutes]
        if facts:
            post_all(facts)
        if made.posts.coming:
            db.session.flush()
            posts_import.take(made.posts.coming, _whose(source, made, taken), actor)
        if not made.idle:
            record(
                "timebank",
                "imported",
                actor,
                source=source,
                members=len(taken),
                minutes=made.owed + made.owing,
                posts=len(made.posts.coming),
            )
        return made


def _whose(source: str, made: Plan, taken: Sequence[tuple[Step, Member]]) -> Mapping[tuple[str, str], Member]:
    """The members of an import, new and old, by where they come from and their number there."""
    found = {(source_of(source, step.area), step.foreign.id): member for step, member in taken}
    for step in made.steps:
        if step.what == "done" and step.foreign.offers:
            found[source_of(source, step.area), step.foreign.id] = db.session.get_one(Member, step.member_id)
    return found


def _member(source: str, step: Step, actor: Actor) -> Member:
    """The member of a step, with the record that they came, and the floor that their balance needs."""
    must_be_in_transaction()
    one, rules = step.foreign, members.open_rules()
    if one.organisation:
        member = members.become(rules, step.area.id, actor, organisation_id=_organisation(step, actor), start=False)
    else:
        person_id = step.person_id if step.person_id is not None else _person(step, actor)
        member = members.become(rules, step.area.id, actor, person_id=person_id, start=False)
    if step.what != "member":
        member.agreement = ""  # they said yes to the words of another timebank
        member.status = "paused" if one.paused else member.status
        member.joined_at = datetime.combine(one.joined, time(12), UTC) if one.joined is not None else member.joined_at
    db.session.add(
        Imported(
            source=source_of(source, step.area), their_id=one.id, member_id=member.id, minutes=Minutes(one.minutes), imported_at=clock.now()
        )
    )
    record(members.about(member), "imported", actor, source=source_of(source, step.area), their_id=one.id, minutes=one.minutes)
    lowest = Minutes(books.balance(account(member)) + one.minutes)
    if lowest < members.floor_of(member, rules):
        member.hard_floor = lowest
        set_floor([account(member)], lowest)
        record(members.about(member), "floor_set", actor, reason=_("They came with this balance from another timebank."), floor=lowest)
    return member


def _person(step: Step, actor: Actor) -> int:
    one = step.foreign
    made = people.create_person(one.name, email=one.email, phone=one.phone, area_id=step.area.id, postal_address=one.address)
    record(f"person:{made.id}", "joined", Actor(actor.person_id, made.id, "import"))
    return made.id


def _organisation(step: Step, actor: Actor) -> int:
    made = people.create_organisation(step.foreign.name, step.foreign.organisation, step.area.id, actor)
    for address in step.foreign.acting:
        someone = persons.person_at("email", address)
        if someone is not None:
            people.act_for(someone.id, made.id, actor)
    return made.id


def _opening(source: str, step: Step, member: Member, actor: Actor) -> Fact:
    minutes = step.foreign.minutes
    line = Line(ISSUE, account(member), minutes) if minutes > 0 else Line(account(member), ISSUE, -minutes)
    return Fact(
        key=f"import:{source_of(source, step.area)}:{step.foreign.id}:opening", kind="opening", about=members.about(member),
        sentence=_("Brought from another timebank"), actor=actor.code, lines=[line], basis="import",
    )  # fmt: skip


# --- what we keep about a person -----------------------------------------------------------------------------------------


def _import_of_person(person_id: int) -> Any:
    """Where somebody came from, and with how much."""
    query = select(Imported).join(Member, Member.id == Imported.member_id).where(Member.person_id == person_id)
    row = db.session.scalar(query)
    if row is None:
        return None
    brought = select(ImportedPost.their_id).join(Post, Post.id == ImportedPost.post_id).where(Post.member_id == row.member_id)
    return {
        "from": row.source, "number there": row.their_id, "brought": hours(row.minutes), "on": row.imported_at.isoformat(),
        "offers and requests there": list(db.session.scalars(brought.order_by(ImportedPost.id))),
    }  # fmt: skip


persons.COLLECTORS["time brought along"] = _import_of_person
