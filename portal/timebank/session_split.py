"""When one gives to many at once (a class, a lift for five): who pays the giver, as it was chosen when the session was planned.

`shared`: the giver's time is shared out between those who came, in quarters of an hour. `each`: everybody who came gives the whole time.
`pot`: the community pot of an area pays, and it costs nobody anything. Where many give to one there is no such choice: whoever comes gives
time, and an hour given is an hour.
"""

from collections.abc import Mapping, Sequence

from portal.errors import Refused
from portal.ledger import queries as books
from portal.money import STEP, Minutes, hours
from portal.people.access import Who
from portal.timebank import members
from portal.timebank.members import account, floor_of, name_of
from portal.timebank.model import Member
from portal.timebank.rules import MOST_A_DAY, judge_time, too_low
from portal.timebank.sessions_model import Attendance, TimeSession
from portal.words import N_, _

SPLITS = {
    "shared": N_("It is shared out between all who come"),
    "each": N_("Everybody who comes gives the whole time"),
    "pot": N_("The community pot pays, so it costs nobody anything"),
}


def taken_from_many(session: TimeSession) -> bool:
    """Whether those who come pay, to the one who gives."""
    return session.split in ("shared", "each")


def in_words(session: TimeSession, payer: str) -> str:
    """Where the hours come from and go to, in a sentence. `payer`: who pays, in words (for `pot`: the pot)."""
    name = name_of(session.giver) if session.giver is not None else ""
    return {
        "": _("The hours come from %(payer)s.", payer=payer),
        "shared": _("%(name)s gives the time. It is shared out between all who come, to the quarter of an hour.", name=name),
        "each": _("%(name)s gives the time. Everybody who comes gives the whole time for it, up to %(most)s in all.", name=name, most=hours(MOST_A_DAY)),
        "pot": _("%(name)s gives the time, and %(payer)s pays. It costs nobody anything.", name=name, payer=payer),
    }[session.split]  # fmt: skip


def costs(session: TimeSession) -> str:
    """What it costs somebody who comes, in a few words; "" where they get hours."""
    return {
        "": "", "shared": _("at most %(time)s, the less the more people come", time=hours(session.minutes)), "each": hours(session.minutes), "pot": _("nothing"),
    }[session.split]  # fmt: skip


def pot_lacks(session: TimeSession, going: int) -> str:
    """A sentence when the pot that pays has less than an open session may need; "" when it has enough or no pot pays. One query, or none.

    `going`: who has signed up, for a session that takes as many as come.
    """
    if session.pot is None or session.status != "open":
        return ""
    needs = session.minutes * (1 if session.split else session.places or max(going, 1))
    has = books.balance(members.pot(session.pot))
    if has >= needs:
        return ""
    values = {"area": session.pot.name, "has": hours(has), "needs": hours(needs)}
    return _("The pot of %(area)s has %(has)s, and this needs up to %(needs)s. Fill it first, or choose who pays otherwise.", **values)


def share(total: int, weights: Sequence[int]) -> list[Minutes]:
    """`total` minutes, shared out in quarters of an hour by weights (largest remainder; of two alike the earlier one): the sum is `total`.

    `total` is in quarters of an hour. Nothing for a weight of nothing; all zero when there is no weight.
    """
    assert total >= 0 and total % STEP == 0
    quarters, whole = total // STEP, sum(weights)
    if not whole:
        return [Minutes(0)] * len(weights)
    parts = [quarters * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(quarters * weights[place] % whole), place))
    for place in order[: quarters - sum(parts)]:
        parts[place] += 1
    return [Minutes(part * STEP) for part in parts]


def shared_out(total: int, lines: Sequence[tuple[int, int]]) -> Mapping[int, Minutes]:
    """The share of each line, by its number, of (number, minutes that they were there)."""
    return dict(zip((number for number, _weight in lines), share(total, [weight for _number, weight in lines]), strict=True))


def judge(session: TimeSession, minutes: int | None, each: Mapping[int, int], who: Who) -> None:
    """Refused, at the field: no time for all; more than those who came have agreed to by checking in, when the giver's own side closes it."""
    if session.split == "":
        return
    if minutes is None:
        raise Refused(_("Write how long it was."), "minutes")
    judge_time(minutes)
    if taken_from_many(session) and is_giver(who, session):
        most = session.minutes
        sentence = _("Whoever came has agreed to %(time)s. Where it was longer, ask a coordinator to close it.", time=hours(most))
        if minutes > most:
            raise Refused(sentence, "minutes")
        if session.split == "each" and (longer := [row_id for row_id, figure in each.items() if figure > most]):
            raise Refused(sentence, f"each-{longer[0]}")


def is_giver(who: Who, session: TimeSession) -> bool:
    """Whether somebody is the one who gives to all, or acts for it: their word alone takes nothing from anybody."""
    return session.giver is not None and members.acts_as(who, session.giver)


def second_person_needed(session: TimeSession, row: Attendance, member: Member, who: Who) -> bool:
    """Whether a line is not posted yet: the giver's side closes it, and it was not the member who said that they were there."""
    return taken_from_many(session) and is_giver(who, session) and row.entered_by != f"person:{member.person_id}"


def judge_total(session: TimeSession, total: int) -> None:
    """Refused: one giver would get more than a day holds, because everybody pays the whole time."""
    if session.split == "each" and total > MOST_A_DAY:
        raise Refused(
            _(
                "That is %(total)s for one giver, and a day holds %(most)s. Write less time for some, or ask a coordinator to let the community pot pay.",
                total=hours(total),
                most=hours(MOST_A_DAY),
            )
        )


def refusal(member: Member) -> str:
    """What the floor of somebody who pays says, and the ways on."""
    low = too_low(name_of(member), floor_of(member, members.open_rules()))
    return _(
        "%(low)s Nothing was entered: write 0 for them, or ask a coordinator to lower their limit or let the community pot pay.", low=low
    )


def below(lines: Sequence[tuple[Member, int]]) -> Sequence[str]:
    """Of members and the minutes that each would pay: who would fall below their floor, in a sentence each. One query."""
    has = dict(books.balances({account(member) for member, _minutes in lines})) if lines else {}
    rules = members.open_rules()
    return [refusal(member) for member, minutes in lines if has[account(member)] - minutes < floor_of(member, rules)]
