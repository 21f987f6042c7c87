"""How something was decided, in plain words: the same on the page of the result and in the minutes."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.money import pounds
from portal.panels.rules import Threshold
from portal.panels.sharing import Passed, Result, Step
from portal.words import N_, _, _n

RULES = {
    "threshold": N_("In the order in which they came"),
    "most_votes": N_("Most votes first"),
    "equal_shares": N_("Equal shares"),
}

Names = Mapping[str, str]  # reference of a matter → what it is called


def on_its_own(rule: Threshold, *, by_residents: bool = False) -> str:
    """When one matter passes the panel, or the residents."""
    if by_residents:
        return _("The rule, published before the round opened: residents vote. What nobody ticks is a no; all else shares in the pot.")
    if rule.majority_percent:
        return _(
            "The rule, published before the round opened: at least %(quorum)d seats vote; yes must be more than %(percent)d in a hundred of yes and no, and exactly that is %(tie)s. When most say “not yet”, it is not yet.",
            quorum=rule.quorum,
            percent=rule.majority_percent,
            tie=_("a no") if rule.on_tie == "no" else _("“not yet”"),
        )
    return _(
        "The rule, published before the round opened: at least %(quorum)d seats vote. One yes is enough to share in the pot, which is split into equal shares. When most say “not yet”, it is not yet.",
        quorum=rule.quorum,
    )


def turnout(came: Mapping[str, int]) -> str:
    """How many residents voted, and how. `came`: ballots by phone and paper, and spoilt papers."""
    said = [
        _n("One resident voted.", "%(num)d residents voted.", came["phone"] + came["paper"]),
        _("%(phone)d on the phone and %(paper)d on paper.", phone=came["phone"], paper=came["paper"]),
    ]
    if came["spoilt"]:
        said.append(_n("%(num)d paper was spoilt and does not count.", "%(num)d papers were spoilt and do not count.", came["spoilt"]))
    return " ".join(said)


def rule(outcome: Result, *, by_residents: bool = False) -> str:
    """The rule by which a pot was shared."""
    if outcome.rule == "most_votes" and by_residents:
        return _(
            "Most votes first. Each resident ticked every idea that they would like. The idea with the most ticks was paid first, then the next. An idea that no longer fitted the pot was passed over."
        )
    if outcome.rule == "most_votes":
        return _(
            "Most votes first. Of the ideas that passed the panel, the one with the most yes votes was paid first, then the next. An idea that no longer fitted the pot was passed over."
        )
    if outcome.ballots == "votes":
        return _(
            "Equal shares, by votes. The pot was split into equal shares, one for each of the %(voters)d who voted. An idea was paid when those who said yes could pay for it together, each the same. The idea that cost each of its supporters the smallest part of its price went first. So a small group that agrees can pay for an idea too.",
            voters=outcome.voters,
        )
    return _(
        "Equal shares, by marks. The pot was split into equal shares, one for each of the %(voters)d who voted. An idea was paid when those who gave it marks could pay for it together, and who gave more marks paid more. The idea that cost its supporters least for each mark went first. So a small group that agrees can pay for an idea too.",
        voters=outcome.voters,
    )


def share(outcome: Result) -> str:
    """How large each voter's share was; nothing where the pot was not split."""
    if outcome.share is None or not outcome.voters:
        return ""
    said = _("Each share was %(share)s at first.", share=pounds(round(outcome.pot / outcome.voters)))
    if outcome.increments:
        said += " " + _(
            "That left money over, so the shares were raised in %(steps)d small steps to %(share)s, as long as everything bought still fitted the pot.",
            steps=outcome.increments,
            share=pounds(round(outcome.share)),
        )
    return said


def draw(outcome: Result) -> str:
    """How ties are settled."""
    return _(
        "Where two ideas were equally good, a draw decided that nobody could influence: the words %(seed)s were published before any idea came in. Put them before an idea’s reference with a colon, take the SHA-256 of that, and the smallest goes first.",
        seed=outcome.seed,
    )


def step(one: Step, outcome: Result, names: Names) -> str:
    """Why one idea was paid, and then."""
    if one.how == "shares":
        said = [
            _n("%(num)d yes vote.", "%(num)d yes votes.", one.score)
            if outcome.ballots == "votes"
            else _n("%(num)d mark.", "%(num)d marks together.", one.score),
            _("Its supporters paid for it, nobody more than %(most)s.", most=pounds(round(one.each or 0))),
        ]
        if one.broke:
            said.append(
                _n("%(num)d of them had less left and gave all of it.", "%(num)d of them had less left and gave all of it.", one.broke)
            )
    elif one.how == "completion":
        said = [
            _("The shares could pay no other idea. The money left over went to the idea with the most votes that still fitted.")
            if outcome.ballots == "votes"
            else _(
                "The shares could pay no other idea. The money left over went to the idea with the most marks for the pound that still fitted."
            ),
            _n("It had %(num)d.", "It had %(num)d.", one.score),
        ]
    else:
        said = [_n("%(num)d yes vote.", "%(num)d yes votes.", one.score)]
    if one.tied:
        said.append(_("As good as: %(names)s. The draw put this one first.", names=_called(one.tied, names)))
    elif one.runner_up and one.how != "completion":
        said.append(_("Next in line then: %(name)s.", name=names.get(one.runner_up, one.runner_up)))
    return " ".join(said)


def left(one: Step) -> str:
    """What the pot held after that."""
    return _("Left in the pot: %(left)s", left=pounds(one.left))


def passed(one: Passed) -> str:
    """Why an idea that passed the panel was not paid."""
    if one.why == "nobody":
        return _("Nobody’s share was meant for it.")
    said = _("It costs %(cost)s, and %(left)s was left in the pot when its turn came.", cost=pounds(one.cost), left=pounds(one.left))
    if one.have is None:
        return said
    if one.have < one.cost:
        return _("Its supporters had %(have)s left together, so they could not pay it.", have=pounds(round(one.have))) + " " + said
    return _("Its supporters could have paid it, but then the ideas together would have cost more than the pot.") + " " + said


def passed_heading(*, by_residents: bool) -> str:
    """Above what nobody paid, though it was wanted."""
    return _("Wanted, but not paid") if by_residents else _("Passed the panel, but not paid")


def failed_heading(*, by_residents: bool) -> str:
    """Above what was not wanted."""
    return _("Nobody ticked it") if by_residents else _("Did not pass the panel")


def votes(tally: Mapping[str, Any]) -> str:
    """What was said of an idea that did not pass."""
    return _("%(yes)d yes, %(no)d no, %(later)d not yet", yes=tally["yes"], no=tally["no"], later=tally["not_yet"])


def compared(other: Sequence[str], outcome: Result, names: Names) -> str:
    """What another rule would have done with the same votes: `other` are the references that it would have paid."""
    more = [ref for ref in other if ref not in outcome.funded]
    less = [ref for ref in outcome.funded if ref not in other]
    said = [_("Paid as well: %(names)s.", names=_called(more, names))] if more else []
    said += [_("Not paid: %(names)s.", names=_called(less, names))] if less else []
    return " ".join(said) or _("The same ideas.")


def sums(outcome: Result, spent: int) -> Sequence[tuple[str, str]]:
    """The pot, what it pays and what is left. `spent`: pence, with what two people changed."""
    return [(_("The pot"), pounds(outcome.pot)), (_("Shared out"), pounds(spent)), (_("Left over"), pounds(outcome.pot - spent))]


def reserve(changed: bool) -> str:
    """Under the heading of what passed and was not paid. `changed`: two people changed what the rule gave."""
    if changed:
        return _("That is what the rule gave. Two people changed it afterwards: the reserve list as it is now stands further down.")
    return _("They are the reserve list, in this order. When money comes back, it is offered to the first.")


def undone(when: str, name: str, why: str) -> str:
    """A count that was undone before the letters went out. What somebody typed is for the panel alone: nobody leaves their name out of
    it for everybody when they leave (`why` is empty there).
    """
    said = _("%(when)s, by %(name)s", when=when, name=name) if name else when
    return f"{said}: {why}" if why else f"{said}."


def changed(funded: bool) -> str:
    """What two people changed for one idea."""
    return _("gets the money") if funded else _("goes to the reserve list")


def _called(refs: Sequence[str], names: Names) -> str:
    return ", ".join(names.get(ref, ref) for ref in refs)
