"""Suggesting an entry, saying it in another way, and offering to look after one."""

from collections.abc import Sequence

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.history import Actor, record
from portal.people import queries as people
from portal.people.access import Lying, Who
from portal.people.model import Organisation, Person
from portal.places.model import Area
from portal.refs import new_ref
from portal.strengths import notices, queries, rules
from portal.strengths.model import WAYS, Strength, StrengthVersion
from portal.strengths.rules import CONTACTS, FIELDS, Draft
from portal.words import _

SAID_BEFORE = tuple(field for field in FIELDS if field not in (*CONTACTS, "contact_public"))
LOOKED_AT = frozenset((*rules.FREE_WORDS, "email", "phone", "links"))  # by a coordinator, before everybody reads it
MOST_WAITING = 20  # suggestions of one person at a time


class Twin(Refused):
    """One with the same name is there already; `found` are those that the reader may see. Sent again with a yes, it is another one."""

    def __init__(self, found: Sequence[Strength]) -> None:
        super().__init__(_("There is one with this name already. Look at it first, or say that yours is another one."), "again")
        self.found = found


# --- suggesting ----------------------------------------------------------------------------------------------------------


def suggest(draft: Draft, who: Who, *, keeper: str = "", again: bool = False, once_key: str) -> str:
    """Suggest an entry; returns its reference. `keeper`: "me", an organisation's reference when the suggester acts for it, or "".

    A coordinator of the place still publishes it (`desk.publish`). Refused: as `rules.judge` says, an area not in use, twenty that wait;
    `Twin` when one has this name, unless `again` says that it is another.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        area = usable_area(draft.area_id)
        _judge(draft, who)
        if not again:
            _no_twin(draft, area.id, who)
        if not who.can("help others", Lying(area.id)) and _waiting(who) >= MOST_WAITING:
            raise Refused(_("%(most)d of yours wait for a look already. Wait until some are on the map.", most=MOST_WAITING))
        row = Strength(ref=new_ref("STR"), suggested_by_id=who.id, suggested_at=clock.now(), status="suggested", version=1, words="")
        fill(row, draft)
        set_keeper(row, keeper, who)
        db.session.add(row)
        db.session.flush()
        record(queries.about(row), "strength_suggested", Actor(who.id))
        once.keep(once_key, row.ref)
        return row.ref


def usable_area(area_id: int | None) -> Area:
    """An area in use that is not the whole scheme. Refused."""
    area = db.session.get(Area, area_id) if area_id is not None else None
    if area is None or area.archived_at is not None or area.kind == "scheme":
        raise Refused(_("Choose where it is."), "area")
    return area


def _judge(draft: Draft, who: Who) -> None:
    rules.judge(draft, [] if draft.kind == "enterprise" else [who.name])  # a trade may carry its owner's name


def _no_twin(draft: Draft, area_id: int, who: Who, but: int | None = None) -> None:
    found = queries.twins(draft.name, area_id, but)
    if found:
        raise Twin([each for each in found if queries.may_see(who, each)])


def _waiting(who: Who) -> int:
    rows = queries.mine(who, limit=MOST_WAITING * 3)
    return sum(row.status == "suggested" and row.suggested_by_id == who.id for row in rows)


def fill(row: Strength, draft: Draft) -> None:
    """What was typed into the row, tidied; a part of an action, judged before."""
    must_be_in_transaction()
    for field in FIELDS:
        setattr(row, field, getattr(draft, field))
    row.name_key = queries.key_of(draft.name)
    row.ways = rules.codes_in(draft.ways, WAYS) if draft.kind == "support" else ""
    row.access, row.tags = rules.access_in(draft.access), rules.tidy_tags(draft.tags)
    row.links = "\n".join(rules.links_of(draft.links))
    row.contact_public = bool(draft.contact_public and (draft.email or draft.phone))
    row.changed_at = clock.now()
    row.initiative, row.nudges, row.reason = bool(row.initiative), row.nudges or 0, row.reason or ""


def set_keeper(row: Strength, keeper: str, who: Who) -> None:
    """Who looks after it, as the one who types it says of themselves. NotYours: an organisation they do not act for."""
    if keeper == "me":
        row.keeper_id, row.organisation_id = who.id, None
    elif keeper:
        organisation = people.organisation_by_ref(keeper)
        if organisation.id not in who.acts_for:
            raise NotYours(_("We cannot find that group."))
        row.keeper_id, row.organisation_id = None, organisation.id
    else:
        row.keeper_id, row.organisation_id = None, None
    if keeper:
        row.keeper_wanted_at = None


# --- changing ------------------------------------------------------------------------------------------------------------


def may_change(who: Who, row: Strength) -> bool:
    """Who looks after it, who helps others there; and who suggested it, until somebody has put it on the map."""
    if row.status in ("merged", "undone"):
        return False
    suggester = row.suggested_by_id == who.id and row.status in ("suggested", "turned_down")
    return suggester or queries.looks_after(who, row) or who.can("help others", row)


def edit(ref: str, draft: Draft, who: Who, *, shown: int, again: bool = False) -> None:
    """Say it in another way; what was turned down waits for a look again, and so does what it says on the map, or said there, when
    somebody changes it who does not help others there. `shown`: the version that was on the page.

    Refused: as for `suggest`; an address of somebody else's on what is published; moving it to an area where they do not help. Conflict:
    changed meanwhile. NotYours.
    """
    with transaction():
        row = queries.locked(ref)
        if not may_change(who, row):
            raise NotYours(_("We cannot find that on the map. See what else there is."))
        if row.version != shown:
            raise Conflict(_("This was changed meanwhile. Look at it again."))
        area = usable_area(draft.area_id)
        _judge(draft, who)
        moved = area.id != row.area_id
        if moved and row.status == "published" and not (who.can("help others", row) and who.can("help others", Lying(area.id))):
            raise Refused(_("Ask a connector to move it to another area."), "area")
        if not again and (moved or queries.key_of(draft.name) != row.name_key):
            _no_twin(draft, area.id, who, row.id)
        before = {field: getattr(row, field) for field in FIELDS}
        fill(row, draft)
        if row.status == "published":
            must_be_public(row, who)
        changed = [field for field in FIELDS if getattr(row, field) != before[field]]
        if not changed:
            return
        again_to_look = (
            not who.can("help others", row) and row.status in ("published", "archived") and bool(LOOKED_AT.intersection(changed))
        )
        if again_to_look or row.status == "turned_down":
            row.status, row.reason, row.archived_at = "suggested", "", None
        _keep_before(row, before, changed, who)
        queries.keep(row)
        record(queries.about(row), "strength_changed", Actor(who.id), changed=changed)


def _keep_before(row: Strength, before: dict[str, object], changed: Sequence[str], who: Who) -> None:
    """What it said, without contacts: a number that was wrong must not stay."""
    said = {field: before[field] if field in SAID_BEFORE else "" for field in changed}
    if "area_id" in said:
        area = db.session.get(Area, before["area_id"])
        said["area_id"] = area.name if area is not None else ""
    db.session.add(StrengthVersion(strength_id=row.id, version=row.version, said=said, by_id=who.id, at=clock.now()))
    row.version += 1


def must_be_public(row: Strength, who: Who) -> None:
    """Refused: its e-mail address or number is that of a person of ours who does not look after it, or type it now themselves."""
    for channel, address in (("email", row.email), ("sms", row.phone)):
        someone = people.person_at(channel, address) if address else None
        if someone is not None and someone.id not in (who.id, row.keeper_id, row.suggested_by_id):
            raise Refused(
                _("This is a person’s own. Ask the group for one that is theirs, or leave it out."),
                "email" if channel == "email" else "phone",
            )


def private_contact(row: Strength) -> Person | None:
    """Whose own address it is that an entry shows, if anybody's; for a coordinator who looks at it."""
    for channel, address in (("email", row.email), ("sms", row.phone)):
        if address and (someone := people.person_at(channel, address)) is not None:
            return someone
    return None


# --- looking after it ----------------------------------------------------------------------------------------------------


def offer_to_keep(ref: str, who: Who) -> None:
    """Somebody would look after an entry that nobody looks after; a coordinator says yes. Again changes nothing.

    Refused: it is looked after, or somebody else has offered already.
    """
    with transaction():
        row = queries.locked(ref)
        if row.status != "published":
            raise NotYours(_("We cannot find that on the map. See what else there is."))
        if row.offer_by_id == who.id:
            return
        if queries.keepers_of(row):
            raise Refused(_("Somebody looks after this already. Thank you all the same!"))
        if row.offer_by_id is not None:
            raise Refused(_("Somebody else has offered to look after this. Thank you all the same!"))
        row.offer_by_id, row.offer_at = who.id, clock.now()
        record(queries.about(row), "strength_keeper_offered", Actor(who.id))


def let_go(ref: str, who: Who) -> None:
    """Who looks after an entry does so no more; coordinators there are asked to find somebody. NotYours."""
    with transaction():
        row = queries.locked(ref)
        if not queries.looks_after(who, row):
            raise NotYours(_("We cannot find that on the map. See what else there is."))
        row.keeper_id, row.organisation_id = None, None
        record(queries.about(row), "strength_keeper_left", Actor(who.id))
        if row.status == "published":
            row.keeper_wanted_at = clock.now()
            notices.keeper_wanted([row])


def organisations_of(who: Who) -> Sequence[Organisation]:
    """For whom somebody may look after an entry."""
    return people.organisations_of(who.id)
