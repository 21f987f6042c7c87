"""What the public gets of each award: proposed from the bid's own words, looked at for worries, signed off by an officer.

A recipient is the organisation for which somebody applied, as the portal has it on record. Everything else is a person: also neighbours
who gave themselves a name, and money that goes to a host, because nobody has said that they are a body. So is an organisation that is
called like a person we know.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.exports import vcse
from portal.exports.bodies import a_person
from portal.exports.grants import one_line
from portal.exports.publish.model import Summary
from portal.grants import queries as grants
from portal.grants.model import Application, Award, Fund, Payee
from portal.history import Actor, record
from portal.people import screening
from portal.people.known import known_names, plain
from portal.people.model import Organisation
from portal.refs import new_ref
from portal.tables import is_risky
from portal.words import _, _n

PAGE = 20
STATES = ("waiting", "signed", "taken_down")
TITLE_MOST, DESCRIPTION_MOST = 140, 600

individual: ColumnElement[bool] = or_(Application.organisation_id.is_(None), a_person())
recipient: ColumnElement[str] = case((individual, ""), else_=Organisation.name)
words: ColumnElement[str] = case((Application.public_summary != "", Application.public_summary), else_=Application.idea)
fresh: ColumnElement[bool] = and_(
    Summary.from_title == Application.title, Summary.from_words == words, Summary.recipient == recipient,
    Summary.first_day == Award.first_day, Summary.last_day == Award.last_day,
)  # fmt: skip


def promised() -> ColumnElement[bool]:
    """Awards that are grants, as in the register of grants: not those that were turned down or that nobody took up."""
    return and_(Award.status.in_(tuple(vcse.STATUS)), Award.decided_on <= clock.today())


def in_state(state: str) -> ColumnElement[bool]:
    """Of awards that are to be published: waiting for a signature (also a second one), signed off as they stand, or taken down."""
    if state == "taken_down":
        return Summary.taken_down_at.is_not(None)
    signed = and_(Summary.award_id.is_not(None), fresh)
    return and_(Summary.taken_down_at.is_(None), signed if state == "signed" else not_(signed))


@dataclass(frozen=True)
class Item:
    """An award with what would be published of it. Money in pence."""

    award_id: int
    bid_id: int
    bid: str
    from_title: str
    from_words: str
    first_day: date
    last_day: date
    recipient: str  # empty: a person, who is not named
    organisation: str  # what an officer may vouch for; empty: somebody applied for themselves
    amount: int
    fund: str
    ward: str
    title: str
    description: str
    state: str  # "new", "changed", "signed", "taken_down"; "over": signed once, and no grant any more
    title_worries: Sequence[screening.Worry]
    description_worries: Sequence[screening.Worry]
    recipient_worries: Sequence[screening.Worry]
    not_written_for_it: bool  # the words are from the idea, which was not written for everybody
    stamp: str  # of all that somebody looks at

    @property
    def must_change(self) -> bool:
        """Whether something stands there that nobody may sign."""
        return any(each.must_go for each in self.worries) or any(is_risky(text) for text in (self.title, self.description))

    @property
    def worries(self) -> Sequence[screening.Worry]:
        return [*self.title_worries, *self.description_worries, *self.recipient_worries]

    @property
    def clear(self) -> bool:
        """Whether it may be signed off together with others."""
        return not (self.worries or self.must_change or self.not_written_for_it)

    @property
    def title_pieces(self) -> Sequence[screening.Piece]:
        return screening.pieces(self.title, self.title_worries)

    @property
    def description_pieces(self) -> Sequence[screening.Piece]:
        return screening.pieces(self.description, self.description_worries)


def _query() -> Any:
    return (
        select(
            Award.id, Award.amount, Award.ward_name, Award.first_day, Award.last_day, Application.id.label("bid_id"), Application.ref,
            Application.title.label("bid_title"), words.label("bid_words"), (Application.public_summary == "").label("from_idea"),
            Fund.name.label("fund"), recipient.label("recipient"), individual.label("individual"), Organisation.name.label("organisation"), Summary, fresh.label("fresh"),
            promised().label("promised"),
        )
        .join(Application, Application.id == Award.application_id)
        .join(Fund, Fund.id == Award.fund_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .outerjoin(Summary, Summary.award_id == Award.id)
    )  # fmt: skip


def items(state: str, before: int | None = None, limit: int = PAGE) -> tuple[Sequence[Item], int | None]:
    """A page of awards in a state, newest first, and where the next page goes on. Five queries."""
    query = _query().where(promised(), in_state(state)).order_by(Award.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(Award.id < before)
    rows = db.session.execute(query).all()
    return _items(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None


def item(bid: str) -> Item:
    """The award of a bid, by its reference, also one that was signed off and is over. NotFound: never to be published. Five queries."""
    rows = db.session.execute(_query().where(Application.ref == bid, or_(promised(), Summary.award_id.is_not(None)))).all()
    if not rows:
        raise NotFound(_("There is no award to publish here."))
    return _items(rows)[0]


def counts() -> Mapping[str, int]:
    """How many awards are in each state. One query."""
    each = [func.count(case((in_state(state), 1))) for state in STATES]
    query = (
        select(*each)
        .select_from(Award)
        .join(Application, Application.id == Award.application_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .outerjoin(Summary, Summary.award_id == Award.id)
        .where(promised())
    )
    return dict(zip(STATES, db.session.execute(query).one(), strict=True))


def _items(rows: Sequence[Any]) -> Sequence[Item]:
    near, accounts = _near(rows)
    texts = [(_words_of(row), row) for row in rows]
    known = known_names(text for pair, row in texts for text in (*pair, row.recipient))
    return [_item(row, *pair, near[row.bid_id], known | accounts.get(row.id, frozenset())) for pair, row in texts]


def _near(rows: Sequence[Any]) -> tuple[Mapping[int, Sequence[str]], Mapping[int, frozenset[str]]]:
    """The names of who asked and of their neighbours, by bid; and of the account of a person, by award, plain. Three queries."""
    alone = [row.id for row in rows if row.individual]
    accounts = dict[int, frozenset[str]]()
    if alone:
        for id_, name in db.session.execute(
            select(Payee.award_id, Payee.name).where(Payee.award_id.in_(alone), Payee.route.in_(("group", "cheque")))
        ):
            words = plain(name)
            accounts[id_] = accounts.get(id_, frozenset()) | (frozenset() if words.startswith("the ") else {words})
    return grants.names_in([row.bid_id for row in rows]), accounts


def _words_of(row: Any) -> tuple[str, str]:
    """What was signed off and still stands, else what the bid says."""
    if row.Summary is not None and row.fresh:
        return row.Summary.title, row.Summary.description
    return one_line(row.bid_title), shortened(one_line(row.bid_words))


def shortened(text: str) -> str:
    """A text that fits: to the end of a sentence if there is one, else of a word."""
    if len(text) <= DESCRIPTION_MOST:
        return text
    cut = text[: DESCRIPTION_MOST - 1]
    ends = max(cut.rfind(mark) for mark in (". ", "! ", "? "))
    return cut[: ends + 1] if ends > DESCRIPTION_MOST // 3 else cut.rsplit(" ", 1)[0] + "…"


def _item(row: Any, title: str, description: str, near: Sequence[str], known: Collection[str]) -> Item:
    summary: Summary | None = row.Summary
    about = screening.worries(
        row.recipient, (), set(known) - {plain(row.recipient)}
    )  # a name that is a person's whole stands by an officer's word
    return Item(
        row.id, row.bid_id, row.ref, row.bid_title, row.bid_words, row.first_day, row.last_day, row.recipient, row.organisation or "", row.amount, row.fund, row.ward_name, title, description, _state_of(row),
        screening.worries(title, near, known), screening.worries(description, near, known), [each for each in about if each.must_go],
        row.from_idea and not (summary is not None and row.fresh),
        _stamp(title, description, row.bid_title, row.bid_words, row.recipient, row.amount, row.first_day, row.last_day),
    )  # fmt: skip


def _state_of(row: Any) -> str:
    if row.Summary is not None and row.Summary.taken_down_at is not None:
        return "taken_down"
    if not row.promised:
        return "over"
    return "new" if row.Summary is None else "signed" if row.fresh else "changed"


def _stamp(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:24]


# --- signing off ---------------------------------------------------------------------------------------------------------


def sign_off(bid: str, title: str, description: str, stamp: str, sure: bool, actor: Actor, *, vouched: bool = False) -> None:
    """An officer signs off what everybody will read of an award. `stamp`: of what they looked at; `sure`: that what may be a name is none;
    `vouched`: that an organisation which looks like a person is none, and may be named.

    Refused: nothing written, too long, something must go, something may be a name and nobody looked, it begins like a formula, the bid or
    the award changed meanwhile, it was taken down, or it is no grant any more.
    """
    with transaction():
        _lock(bid)
        found = item(bid)
        if found.state == "taken_down":
            raise Refused(_("This award was taken down. Put it back first."))
        if found.state == "over":
            raise Refused(_("This is no grant any more, so it is not published."))
        if found.stamp != stamp:
            raise Refused(_("Something of this award changed while you read. Look at it once more."))
        _judge(found, one_line(title), one_line(description), sure)
        _write(found, one_line(title), one_line(description), actor, vouched=vouched and not found.recipient)


def _judge(found: Item, title: str, description: str, sure: bool) -> None:
    for text, name, most in ((title, "title", TITLE_MOST), (description, "description", DESCRIPTION_MOST)):
        if not text:
            raise Refused(_("Write what everybody may read."), name)
        if len(text) > most:
            raise Refused(_("This is %(long)d characters long. Shorten it to %(most)d.", long=len(text), most=most), name)
        if is_risky(text):
            raise Refused(_("Begin with a letter or a number: a spreadsheet takes this for a formula."), name)
    near = grants.names_in([found.bid_id])[found.bid_id]
    known = known_names((title, description, found.recipient))
    for text, name in ((title, "title"), (description, "description")):
        for worry in screening.worries(text, near, known):
            if worry.must_go:
                raise Refused(_("Take out %(what)s: “%(text)s”.", what=_(worry.what), text=text[worry.begins : worry.ends]), name)
            if not sure:
                raise Refused(
                    _(
                        "Look at “%(text)s”: it is %(what)s. Say below that you have looked.",
                        text=text[worry.begins : worry.ends],
                        what=_(worry.what),
                    ),
                    name,
                )
    if found.recipient_worries:
        raise Refused(_("The name of the group holds %(what)s. Change it there first.", what=_(found.recipient_worries[0].what)))


def sign_off_all(looked_at: Mapping[str, str], actor: Actor) -> int:
    """Sign off the awards of a list somebody looked at, as proposed: bid → stamp. All or none; returns how many.

    Refused: nothing chosen, one that asks for a look of its own, or one that changed since.
    """
    if not looked_at:
        raise Refused(_("There is nothing on this list to sign off together."))
    with transaction():
        _lock(*looked_at)
        rows = db.session.execute(_query().where(promised(), Application.ref.in_(looked_at)).order_by(Award.id)).all()
        found = [each for each in _items(rows) if each.stamp == looked_at[each.bid] and each.state in ("new", "changed") and each.clear]
        if changed := len(looked_at) - len(found):
            raise Refused(
                _n("One award on this list changed while you read. Look at the list once more.", "%(num)d awards on this list changed while you read. Look at the list once more.", changed)
            )  # fmt: skip
        for each in found:
            _write(each, each.title, each.description, actor)
        return len(found)


def _lock(*bids: str) -> None:
    """Bids and awards stay as they are until the end of this action."""
    must_be_in_transaction()
    db.session.execute(select(Application.id).where(Application.ref.in_(bids)).order_by(Application.id).with_for_update()).all()
    of_bids = Award.application_id.in_(select(Application.id).where(Application.ref.in_(bids)))
    db.session.execute(select(Award.id).where(of_bids).order_by(Award.id).with_for_update()).all()


def _write(found: Item, title: str, description: str, actor: Actor, *, vouched: bool = False) -> None:
    assert actor.person_id is not None, "a person signs"
    summary = db.session.get(Summary, found.award_id)
    if summary is None:
        summary = Summary(award_id=found.award_id, code=new_ref("IND"))
        db.session.add(summary)
    summary.title, summary.description = title, description
    summary.from_title, summary.from_words, summary.recipient = found.from_title, found.from_words, found.recipient
    if vouched and found.organisation:
        summary.recipient = summary.vouched = found.organisation
    summary.first_day, summary.last_day = found.first_day, found.last_day
    summary.signed_by_id, summary.signed_at = actor.person_id, clock.now()
    record(
        f"public:{found.award_id}", "signed_off", actor, title=title, description=description, vouched=found.organisation if vouched else ""
    )
