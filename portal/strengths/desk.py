"""What coordinators do with the map: look at suggestions, put away and bring back, join two, and move what lies in an ended area."""

from sqlalchemy import select, update

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.history import Actor, record
from portal.people.access import Lying, Who
from portal.places.queries import area as area_by_code
from portal.strengths import actions, notices, queries, rules
from portal.strengths.model import Strength
from portal.words import _

MONTHS = (3, 6, 12, 24)  # until somebody is asked again
YEAR = 12


def theirs(ref: str, who: Who) -> Strength:
    """An entry in a place where somebody helps others, locked. NotYours."""
    row = queries.locked(ref)
    if not who.can("help others", row):
        raise NotYours(_("We cannot find that on the map. See what else there is."))
    return row


def publish(ref: str, who: Who, *, shown: int, months: int = YEAR, initiative: bool = False) -> None:
    """Put a suggestion on the map, to be asked about again after `months`. Again changes nothing.

    Refused: a number of months that is not offered, an area not in use, a person's own address. Conflict: changed meanwhile, or joined
    with another. NotYours.
    """
    with transaction():
        row = theirs(ref, who)
        if months not in MONTHS:
            raise Refused(_("Choose when we ask again."), "months")
        if row.status == "published":
            return
        if row.status not in ("suggested", "turned_down"):
            raise Conflict(_("This was put away or joined with another meanwhile. Look at it again."))
        if row.version != shown:
            raise Conflict(_("This was changed meanwhile. Look at it again."))
        publish_now(row, who, months, initiative)
        notices.published(row)


def publish_now(row: Strength, who: Who, months: int = YEAR, initiative: bool = False, *, known_public: bool = False) -> None:
    """The same as a part of an action; nobody is told. `known_public`: its contacts have been compared with those of persons."""
    must_be_in_transaction()
    actions.usable_area(row.area_id)
    if not known_public:
        actions.must_be_public(row, who)
    row.status, row.published_at, row.review_on, row.reason = "published", clock.now(), clock.months_on(clock.today(), months), ""
    row.archived_at, row.nudges, row.asked_at, row.initiative = None, 0, None, initiative
    if not queries.keepers_of(row):
        row.keeper_wanted_at = clock.now()
    db.session.flush()
    queries.keep(row)
    record(queries.about(row), "strength_published", Actor(who.id))


def turn_down(ref: str, reason: str, who: Who) -> None:
    """Say why a suggestion is not on the map; whoever made it reads it and may change it. Again changes nothing.

    Refused: no reason. Conflict: it is on the map. NotYours.
    """
    with transaction():
        row = theirs(ref, who)
        if not reason:
            raise Refused(_("Write why, in a few words. Whoever suggested it reads it."), "reason")
        if row.status == "turned_down":
            return
        if row.status != "suggested":
            raise Conflict(_("Somebody has dealt with this already. Look at it again."))
        row.status, row.reason, row.changed_at = "turned_down", reason, clock.now()
        record(queries.about(row), "strength_turned_down", Actor(who.id), reason=reason)
        notices.turned_down(row)


def mark(ref: str, initiative: bool, who: Who) -> None:
    """Whether an entry is a row in the matrix of initiatives. Again changes nothing. NotYours."""
    with transaction():
        row = theirs(ref, who)
        if row.initiative != initiative:
            row.initiative = initiative
            record(queries.about(row), "strength_initiative" if initiative else "strength_no_initiative", Actor(who.id))


# --- away and back -------------------------------------------------------------------------------------------------------


def archive(ref: str, reason: str, who: Who) -> None:
    """Take it off the map, and say why; who looks after it may, and coordinators there. Again changes nothing.

    Refused: no reason. Conflict: it is not on the map. NotYours.
    """
    with transaction():
        row = queries.locked(ref)
        if not (queries.looks_after(who, row) or who.can("help others", row)):
            raise NotYours(_("We cannot find that on the map. See what else there is."))
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        if row.status == "archived":
            return
        if row.status != "published":
            raise Conflict(_("This is not on the map, so there is nothing to put away."))
        archive_now(row, Actor(who.id), reason)


def archive_now(row: Strength, actor: Actor, reason: str = "") -> None:
    """The same as a part of an action. Without a reason: nobody answered."""
    must_be_in_transaction()
    row.status, row.archived_at, row.reason = "archived", clock.now(), reason
    row.offer_by_id, row.offer_at = None, None
    queries.keep(row)
    record(queries.about(row), "strength_archived", actor, reason=reason or None)


def restore(ref: str, who: Who) -> None:
    """Bring it back for a year: coordinators there, and who looks after it when it is away because nobody answered. Again changes nothing.

    Refused: its area is not in use. Conflict: it is not put away. NotYours.
    """
    with transaction():
        row = queries.locked(ref)
        if not (who.can("help others", row) or (queries.looks_after(who, row) and not row.reason)):
            raise NotYours(_("We cannot find that on the map. See what else there is."))
        if row.status == "published":
            return
        if row.status != "archived":
            raise Conflict(_("This is not put away, so it cannot come back."))
        publish_now(row, who, YEAR, row.initiative)


# --- who looks after it --------------------------------------------------------------------------------------------------


def answer_offer(ref: str, yes: bool, who: Who) -> None:
    """Let the one who offered look after an entry, or not. Again changes nothing. NotYours."""
    with transaction():
        row = theirs(ref, who)
        if row.offer_by_id is None:
            return
        someone, row.offer_by_id, row.offer_at = row.offer_by_id, None, None
        if yes:
            row.keeper_id, row.organisation_id, row.keeper_wanted_at = someone, None, None
            db.session.flush()
            notices.keeper_welcome(row)
        record(queries.about(row), "strength_keeper_accepted" if yes else "strength_keeper_declined", Actor(who.id))


def keep_it_myself(ref: str, who: Who) -> None:
    """A coordinator looks after an entry that nobody looks after. Again changes nothing. Refused: somebody does. NotYours."""
    with transaction():
        row = theirs(ref, who)
        if row.keeper_id == who.id:
            return
        if queries.keepers_of(row):
            raise Refused(_("Somebody looks after this already."))
        row.keeper_id, row.organisation_id, row.keeper_wanted_at, row.offer_by_id, row.offer_at = who.id, None, None, None, None
        record(queries.about(row), "strength_keeper_accepted", Actor(who.id))


# --- two that are one ----------------------------------------------------------------------------------------------------


def merge(old_ref: str, new_ref: str, reason: str, who: Who) -> None:
    """Join an entry with another one, which stays; the old address leads there from now on, and all that led to the old one.

    Words to find it by go along, and who looks after it when nobody looks after the other. Again changes nothing. Refused: no reason, the
    same one, the other is not on the map. Conflict: joined already with a third. NotYours: not of both places.
    """
    with transaction():
        both = {row.ref: row for row in _both(old_ref, new_ref)}
        if old_ref == new_ref:
            raise Refused(_("These are the same. Choose the other one."), "into")
        if old_ref not in both or new_ref not in both or not all(who.can("help others", row) for row in both.values()):
            raise NotYours(_("We cannot find that on the map. See what else there is."))
        old, new = both[old_ref], both[new_ref]
        if old.status == "merged":
            if old.merged_into_id == new.id:
                return
            raise Conflict(_("This was joined with another one already."))
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        if new.status != "published":
            raise Refused(_("The one that stays must be on the map. Put it there first."), "into")
        if old.status == "undone":
            raise Conflict(_("This came with a file that was taken back."))
        _carry(old, new)
        old.status, old.merged_into_id, old.archived_at = "merged", new.id, None
        old.offer_by_id, old.offer_at, old.keeper_wanted_at = None, None, None
        queries.keep(old)
        db.session.execute(update(Strength).where(Strength.merged_into_id == old.id).values(merged_into_id=new.id))
        record(queries.about(old), "strength_merged", Actor(who.id), reason=reason, into=new.ref)
        record(queries.about(new), "strength_took_over", Actor(who.id), reason=reason, from_=old.ref)


def _both(*refs: str) -> list[Strength]:
    """Locked in the order of their ids, so that two who join them crosswise do not wait for each other."""
    query = select(Strength).where(Strength.ref.in_(refs)).order_by(Strength.id).with_for_update()
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def _carry(old: Strength, new: Strength) -> None:
    tags = rules.tidy_tags(f"{new.tags}, {old.tags}").split(", ")
    new.tags = ", ".join(tag for tag in tags if tag)[: rules.MOST_LINE] if len(tags) <= rules.MOST_TAGS else new.tags
    new.initiative = new.initiative or old.initiative
    if not queries.keepers_of(new) and queries.keepers_of(old):
        new.keeper_id, new.organisation_id, new.keeper_wanted_at = old.keeper_id, old.organisation_id, None
    db.session.flush()
    queries.keep(new)


# --- an area that has ended ----------------------------------------------------------------------------------------------


def move_all(old_code: str, new_code: str, reason: str, who: Who) -> int:
    """Everything that lies in one area lies in another from now on; returns how many entries moved. Again moves what is left.

    Refused: no reason, the same area, one that is not in use. NotYours: not of both places.
    """
    with transaction():
        old, new = area_by_code(old_code), area_by_code(new_code)
        if not (who.can("help others", Lying(old.id)) and who.can("help others", Lying(new.id))):
            raise NotYours(_("We do not know that area."))
        if old.id == new.id:
            raise Refused(_("Choose two different areas."), "new")
        if new.archived_at is not None or new.kind == "scheme":
            raise Refused(_("Choose an area that is in use."), "new")
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        rows = db.session.scalars(
            select(Strength).where(Strength.area_id == old.id, Strength.status.not_in(("merged", "undone"))).order_by(Strength.id).with_for_update()
        ).all()  # fmt: skip
        for row in rows:
            row.area_id = new.id
            row.version += 1
            db.session.flush()
            queries.keep(row)
        if rows:
            record(f"area:{old.id}", "strengths_moved", Actor(who.id), reason=reason, into=new.code, entries=len(rows))
        return len(rows)
