"""What officers type about funds and rounds."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField

from portal import clock
from portal.clock import london_day
from portal.grants.model import Funder, Round
from portal.grants.rules import RoundRules
from portal.money import Pence
from portal.places import queries as places
from portal.web.forms import DayField, Form, Line, Needed, Paragraphs, PoundsField, WholeNumberField
from portal.words import N_, _

# how a dated round is decided, as officers choose it and as everybody reads it: (a name, what it means)
DECISIONS = {
    "threshold": (
        N_("Each idea on its own"),
        N_("Each idea that more say yes to than no gets its money, in the order in which they came, as long as the pot lasts."),
    ),
    "most_votes": (
        N_("Most votes first"),
        N_("Of the ideas that more say yes to than no, the one with the most yes is paid first, and so on. What no longer fits is passed over."),
    ),
    "equal_shares": (
        N_("Equal shares, by votes"),
        N_("Each seat holds an equal share of the pot. An idea is paid when those who said yes can pay for it together, so that small groups of seats are heard too."),
    ),
    "equal_shares_marks": (
        N_("Equal shares, by marks"),
        N_("Each seat holds an equal share of the pot. An idea is paid when those who gave it marks can pay for it together, and who likes it more pays more."),
    ),
}  # fmt: skip
# equal shares ask no majority: that the few are heard is what they are for
WAYS: dict[str, dict[str, Any]] = {
    "threshold": {"decision": "threshold", "ballots": "votes", "majority_percent": 50},
    "most_votes": {"decision": "most_votes", "ballots": "votes", "majority_percent": 50},
    "equal_shares": {"decision": "equal_shares", "ballots": "votes", "majority_percent": 0},
    "equal_shares_marks": {"decision": "equal_shares", "ballots": "marks", "majority_percent": 0},
}

VOTERS = {
    "panel": (N_("The panel"), N_("Its seats read each idea and vote.")),
    "area": (
        N_("All residents of an area"),
        N_("An area ballot: one person, one vote, on a phone or on paper. The panel reads the ideas and talks about them, and does not vote."),
    ),
}  # fmt: skip


def way_of(rules: RoundRules) -> str:
    """Which of DECISIONS these rules are."""
    return "equal_shares_marks" if (rules.decision, rules.ballots) == ("equal_shares", "marks") else rules.decision


class Rules(Form):
    """The rules of a fund or round, with a sentence each; `rules()` reads them."""

    least = PoundsField(N_("Smallest grant"), [Needed(N_("Write the smallest grant."))])
    most = PoundsField(N_("Largest first grant"), [Needed(N_("Write the largest grant."))])
    ratio_percent = WholeNumberField(
        N_("Match asked for, in pounds for each £100 of grant"), [Needed(N_("Write how much match is asked for."))]
    )
    rate = PoundsField(N_("What an hour of help counts for"), [Needed(N_("Write what an hour counts for."))])
    neighbours = WholeNumberField(N_("How many other neighbours must promise time"), [Needed(N_("Write how many neighbours."))])
    quorum = WholeNumberField(N_("How many of the panel must vote"), [Needed(N_("Write how many must vote."))])
    decide_within_days = WholeNumberField(N_("Days until an applicant hears, in a rolling round"), [Needed(N_("Write how many days."))])
    criteria = Paragraphs(N_("What the panel asks of each idea, one a line"), [Needed(N_("Write at least one question."))], most=1000)

    marking = BooleanField(
        N_("The panel marks each idea first"),
        description=N_("By the questions above, each seat alone. Then the marks are shown, they talk, and they vote."),
    )
    named = BooleanField(
        N_("The panel reads whose group it is"),
        description=N_("Without it, the panel reads the idea and not who asks. Ties are asked about before, with names."),
    )
    decision = RadioField(N_("How a round with a closing day shares its money"), choices=[])
    pot = PoundsField(N_("The pot of such a round (optional)"), description=N_("Empty: all that the fund has free when the panel begins."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.decision.choices = [(name, _(words)) for name, (words, _why) in DECISIONS.items()]

    def hints(self) -> dict[str, str]:
        """What each way to share means, beside its choice."""
        return {name: _(why) for name, (_words, why) in DECISIONS.items()}

    @staticmethod
    def of(rules: RoundRules) -> dict[str, object]:
        """Values to show."""
        return {
            "marking": rules.marking, "named": not rules.anonymous, "decision": way_of(rules), "pot": rules.pot,
            "least": rules.least, "most": rules.most, "ratio_percent": rules.ratio_percent, "rate": rules.rate, "neighbours": rules.neighbours,
            "quorum": rules.quorum, "decide_within_days": rules.decide_within_days, "criteria": "\n".join(rules.criteria),
        }  # fmt: skip

    def rules(self, base: RoundRules) -> RoundRules:
        """The rules as typed, over the base's other fields; call after validation."""
        most = Pence(self.most.data or 0)
        return replace(
            base, least=Pence(self.least.data or 0), most=most, ratio_percent=self.ratio_percent.data or 0, rate=Pence(self.rate.data or 0),
            neighbours=self.neighbours.data or 0, quorum=self.quorum.data or 1, decide_within_days=self.decide_within_days.data or 1,
            criteria=tuple(line for line in self.criteria.data.splitlines() if line.strip()), marking=bool(self.marking.data),
            anonymous=not self.named.data, pot=self.pot.data, **WAYS[self.decision.data], ladder=tuple(max(rung, most) for rung in base.ladder),
        )  # fmt: skip

    def validate(self, extra_validators: object = None) -> bool:
        good = bool(super().validate(extra_validators))
        if self.least.data and self.most.data and self.most.data < self.least.data:
            self.refuse(_("The largest grant must not be smaller than the smallest."), "most")
            return False
        if self.rate.data is not None and self.rate.data < 1:
            self.refuse(_("An hour must count for something."), "rate")
            return False
        if self.decision.data == "equal_shares_marks" and not self.marking.data:
            self.refuse(_("To share by marks the panel must give marks first: tick that box too."), "decision")
            return False
        return good


class NewFund(Rules):
    name = Line(N_("Name of the fund"), [Needed(N_("Write the name of the fund."))], most=80)
    code = Line(
        N_("Short name for addresses and the books"),
        [Needed(N_("Write a short name."))],
        description=N_("Small letters, digits and dashes, like small-sparks"),
        most=30,
    )
    purpose = Paragraphs(N_("What it is for"), most=500)

    def validate(self, extra_validators: object = None) -> bool:
        good = super().validate(extra_validators)
        if self.code.data and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.code.data):
            self.refuse(_("Use small letters, digits and dashes only, like small-sparks."), "code")
            return False
        return good


class NewContribution(Form):
    funder = SelectField(N_("From whom?"))
    amount = PoundsField(N_("How much?"), [Needed(N_("Write how much came in."))])
    received_on = DayField(N_("On which day?"), [Needed(N_("Say on which day it came."))], default=clock.today)
    reference = Line(N_("Reference on the bank statement (optional)"), most=80)

    def fill(self, funders: Sequence[Funder]) -> "NewContribution":
        self.funder.choices = [(funder.code, funder.name) for funder in funders]
        return self


class NewFunder(Form):
    name = Line(N_("Name of the funder"), [Needed(N_("Write the name of the funder."))], most=80)
    code = Line(
        N_("Short name for the books"), [Needed(N_("Write a short name."))], description=N_("Small letters, digits and dashes"), most=30
    )

    def validate(self, extra_validators: object = None) -> bool:
        good = bool(super().validate(extra_validators))
        if self.code.data and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.code.data):
            self.refuse(_("Use small letters, digits and dashes only, like small-sparks."), "code")
            return False
        return good


class PlanRound(Rules):
    name = Line(N_("Name of the round"), [Needed(N_("Write the name of the round."))], most=80)
    panel = SelectField(N_("Which panel decides?"))
    opens_on = DayField(N_("Opens on"), [Needed(N_("Say when it opens."))])
    closes_on = DayField(N_("Closes on (leave empty for a rolling round)"))
    decide_by = DayField(N_("Everybody hears by (only with a closing day)"))
    voters = RadioField(N_("Who votes?"), default="panel")
    vote_until = DayField(
        N_("Residents can vote until (only where they vote)"), description=N_("After the round has closed, before everybody hears.")
    )
    areas = SelectMultipleField(
        N_("Residents of which areas?"), description=N_("What lies in an area counts too. Leave all empty for every area.")
    )
    least_ballots = WholeNumberField(
        N_("How many residents must vote"),
        description=N_("When fewer do, the panel decides. Five is the least: of fewer ballots, everybody could guess whose is whose."),
    )

    def fill(self, panels: Sequence[tuple[str, str]]) -> "PlanRound":
        self.panel.choices = list(panels)
        self.voters.choices = [(name, _(words)) for name, (words, _why) in VOTERS.items()]
        self.areas.choices = [(area.code, area.name) for area in places.areas() if area.kind != "scheme"]
        return self

    def voter_hints(self) -> dict[str, str]:
        """What it means who votes, beside its choice."""
        return {name: _(why) for name, (_words, why) in VOTERS.items()}

    def rules(self, base: RoundRules) -> RoundRules:
        """As for `Rules`, with who votes."""
        least = base.least_ballots if self.least_ballots.data is None else self.least_ballots.data
        return replace(super().rules(base), voters=self.voters.data or "panel", areas=tuple(self.areas.data or ()), least_ballots=least)

    @staticmethod
    def of(rules: RoundRules) -> dict[str, object]:
        """Values to show."""
        return Rules.of(rules) | {"voters": rules.voters, "areas": list(rules.areas), "least_ballots": rules.least_ballots}

    @staticmethod
    def given(round_: Round) -> dict[str, object]:
        """Values of a round to show."""
        return PlanRound.of(RoundRules.load(round_.rules)) | {
            "vote_until": round_.vote_until,
            "name": round_.name, "opens_on": london_day(round_.opens_at), "closes_on": round_.closes_at and london_day(round_.closes_at),
            "decide_by": round_.decide_by,
        }  # fmt: skip


class Extend(Form):
    until = DayField(N_("Until which day?"), [Needed(N_("Say until which day."))])
    reason = Line(N_("Why? Everybody may read it."), [Needed(N_("Write why. Everybody may read it."))], most=300)


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)
