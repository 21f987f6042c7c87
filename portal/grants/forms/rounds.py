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
from portal.money import MOST_PENCE, Pence
from portal.places import queries as places
from portal.web.forms import Between, DayField, Form, Line, Needed, Paragraphs, PoundsField, WholeNumberField
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
WAYS: dict[str, dict[str, Any]] = {
    "threshold": {"decision": "threshold", "ballots": "votes"},
    "most_votes": {"decision": "most_votes", "ballots": "votes"},
    "equal_shares": {"decision": "equal_shares", "ballots": "votes"},
    "equal_shares_marks": {"decision": "equal_shares", "ballots": "marks"},
}
TIES = {"not_yet": N_("Not yet: the idea may come back"), "no": N_("No")}
# rules that are seldom changed stand together, folded; each is shown when it differs from what ships
FOLDED = {
    "help": ("person_percent", "goods_percent", "planning_percent"),
    "ladder": ("second", "third"),
    "votes": ("majority_percent", "on_tie"),
    "days": ("accept_within_days", "report_within_days", "bank_wait_days"),
}

MOST_QUESTIONS = 10

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

    least = PoundsField(
        N_("Smallest grant"), [Needed(N_("Write the smallest grant.")), Between(1, MOST_PENCE, N_("The smallest grant must be more than nothing."))]
    )  # fmt: skip
    most = PoundsField(
        N_("Largest first grant"),
        [Needed(N_("Write the largest grant.")), Between(1, MOST_PENCE, N_("The largest grant must be more than nothing."))],
    )
    second = PoundsField(
        N_("Largest second grant"),
        [Needed(N_("Write the largest second grant.")), Between(1, MOST_PENCE, N_("The largest second grant must be more than nothing."))],
        description=N_("For a group that finished one grant with its report and at least half of the promised hours."),
    )  # fmt: skip
    third = PoundsField(
        N_("Largest grant from the third on"),
        [Needed(N_("Write the largest grant from the third on.")), Between(1, MOST_PENCE, N_("The largest grant from the third on must be more than nothing."))],
        description=N_("For a group that finished two or more like that."),
    )  # fmt: skip
    ratio_percent = WholeNumberField(
        N_("Match asked for, in pounds for each £100 of grant"),
        [Needed(N_("Write how much match is asked for.")), Between(0, 1000, N_("Ask for between £0 and £1,000 of match for each £100."))],
    )
    rate = PoundsField(
        N_("What an hour of help counts for"),
        [Needed(N_("Write what an hour counts for.")), Between(0, 1000_00, N_("An hour counts for at most £1,000."))],
    )
    neighbours = WholeNumberField(
        N_("How many other neighbours must promise time"),
        [Needed(N_("Write how many neighbours.")), Between(0, 50, N_("Ask for between 0 and 50 neighbours."))],
    )
    person_percent = WholeNumberField(
        N_("Most that one person’s hours count for"),
        [Needed(N_("Write the most that one person’s hours count for.")), Between(1, 100, N_("One person’s hours count for between 1% and 100% of the hours."))],
        description=N_("Percent of the hours that are needed. With 50, at least two people must help."),
    )  # fmt: skip
    goods_percent = WholeNumberField(
        N_("Most that goods, rooms and cash count for"),
        [Needed(N_("Write the most that goods, rooms and cash count for.")), Between(0, 100, N_("Goods, rooms and cash count for between 0% and 100% of the match."))],
        description=N_("Percent of the match. The rest must be hours."),
    )  # fmt: skip
    planning_percent = WholeNumberField(
        N_("Most that planning meetings count for"),
        [Needed(N_("Write the most that planning meetings count for.")), Between(0, 100, N_("Planning meetings count for between 0% and 100% of the hours."))],
        description=N_("Percent of the hours that are needed. The rest must be hands-on."),
    )  # fmt: skip
    quorum = WholeNumberField(
        N_("How many of the panel must vote"),
        [Needed(N_("Write how many must vote.")), Between(1, 50, N_("Between 1 and 50 of the panel must vote."))],
    )
    majority_percent = WholeNumberField(
        N_("Yes must be more than"),
        [Needed(N_("Write what share yes must be more than.")), Between(0, 99, N_("Yes must be more than a share between 0% and 99%."))],
        description=N_(
            "Percent of all who say yes or no. With 50, more yes than no. Equal shares ask no majority in a round with a closing day."
        ),
    )
    on_tie = RadioField(N_("When yes is exactly that share"), choices=[])
    decide_within_days = WholeNumberField(
        N_("Days until an applicant hears, in a rolling round"),
        [Needed(N_("Write how many days.")), Between(1, 365, N_("An applicant hears after between 1 and 365 days."))],
    )
    accept_within_days = WholeNumberField(
        N_("Days to say yes to an offer"),
        [Needed(N_("Write how many days there are to say yes.")), Between(1, 90, N_("Give between 1 and 90 days to say yes."))],
        description=N_("After that the money goes to the next idea."),
    )
    report_within_days = WholeNumberField(
        N_("Days to tell how it went"),
        [
            Needed(N_("Write how many days there are to tell how it went.")),
            Between(1, 365, N_("Give between 1 and 365 days to tell how it went.")),
        ],
        description=N_("After the last day of the idea."),
    )
    bank_wait_days = WholeNumberField(
        N_("Days to wait before paying into a changed account"),
        [Needed(N_("Write how many days we wait.")), Between(0, 30, N_("Wait between 0 and 30 days."))],
        description=N_("So that a stranger who changed it is found out. The first account that somebody gives does not wait."),
    )
    criteria = Paragraphs(N_("What the panel asks of each idea, one a line"), [Needed(N_("Write at least one question."))], most=1000)

    marking = BooleanField(
        N_("The panel marks each idea first"),
        description=N_("By the questions above, each seat alone. Then the marks are shown, they talk, and they vote."),
    )
    named = BooleanField(
        N_("The panel reads whose group it is"),
        description=N_("Without it, the panel reads the idea and not who asks. Ties are asked about before, with names."),
    )
    outcomes_needed = BooleanField(
        N_("An idea must say what it hopes for"),
        description=N_("From the list of outcomes that you keep at the desk. Without it, people may choose, and need not."),
    )
    cheques = BooleanField(
        N_("Who has no bank account may ask for a cheque"),
        description=N_("Only if the council still writes cheques. We ask for a name and an address, and for nothing else."),
    )
    decision = RadioField(N_("How a round with a closing day shares its money"), choices=[])
    pot = PoundsField(
        N_("The pot of such a round (optional)"),
        [Between(1, MOST_PENCE, N_("The pot must hold something. Leave it empty for all that the fund has free."))],
        description=N_("Empty: all that the fund has free when the panel begins."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.decision.choices = [(name, _(words)) for name, (words, _why) in DECISIONS.items()]
        self.on_tie.choices = [(name, _(words)) for name, words in TIES.items()]

    def hints(self) -> dict[str, str]:
        """What each way to share means, beside its choice."""
        return {name: _(why) for name, (_words, why) in DECISIONS.items()}

    def unfolded(self, group: str) -> bool:
        """Whether a group of FOLDED is shown from the start: one of its rules is wrong, or is not the one that ships."""
        ships = self.of(RoundRules())
        return any(self[name].errors or self[name].data != ships[name] for name in FOLDED[group])

    @staticmethod
    def of(rules: RoundRules) -> dict[str, object]:
        """Values to show."""
        equal = rules.decision == "equal_shares"  # rules that froze before there was a field for it hold 0 there
        return {
            "marking": rules.marking, "outcomes_needed": rules.outcomes_needed, "cheques": rules.cheques, "named": not rules.anonymous, "decision": way_of(rules), "pot": rules.pot,
            "least": rules.least, "most": rules.most, "second": rules.most_on_rung(1), "third": rules.most_on_rung(2), "ratio_percent": rules.ratio_percent,
            "rate": rules.rate, "neighbours": rules.neighbours, "person_percent": rules.person_percent, "goods_percent": rules.goods_percent,
            "planning_percent": rules.planning_percent, "quorum": rules.quorum, "on_tie": rules.on_tie,
            "majority_percent": rules.majority_percent or (RoundRules().majority_percent if equal else 0),
            "decide_within_days": rules.decide_within_days, "accept_within_days": rules.accept_within_days,
            "report_within_days": rules.report_within_days, "bank_wait_days": rules.bank_wait_days, "criteria": "\n".join(rules.criteria),
        }  # fmt: skip

    def rules(self, base: RoundRules) -> RoundRules:
        """The rules as typed, over the base's other fields; call after validation."""

        def number(name: str) -> int:
            typed = self[name].data
            assert isinstance(typed, int), "validated"
            return typed

        return replace(
            base, least=Pence(number("least")), most=Pence(number("most")), ladder=(number("most"), number("second"), number("third")),
            ratio_percent=number("ratio_percent"), rate=Pence(number("rate")), neighbours=number("neighbours"), person_percent=number("person_percent"),
            goods_percent=number("goods_percent"), planning_percent=number("planning_percent"), quorum=number("quorum"),
            majority_percent=number("majority_percent"), on_tie=self.on_tie.data, decide_within_days=number("decide_within_days"),
            accept_within_days=number("accept_within_days"), report_within_days=number("report_within_days"), bank_wait_days=number("bank_wait_days"),
            criteria=tuple(line for line in self.criteria.data.splitlines() if line.strip()), marking=bool(self.marking.data),
            outcomes_needed=bool(self.outcomes_needed.data), cheques=bool(self.cheques.data),
            anonymous=not self.named.data, pot=self.pot.data, **WAYS[self.decision.data],
        )  # fmt: skip

    def validate(self, extra_validators: object = None) -> bool:
        good = bool(super().validate(extra_validators))
        for higher, lower, sentence in (
            ("most", "least", _("The largest grant must not be smaller than the smallest.")),
            ("second", "most", _("The largest second grant must not be smaller than the largest first one.")),
            ("third", "second", _("The largest grant from the third on must not be smaller than the largest second one.")),
        ):
            high, low = self[higher].data, self[lower].data
            if high is not None and low is not None and high < low and not self[higher].errors:
                self.refuse(sentence, higher)
                good = False
        if len(asked := [line.strip() for line in self.criteria.data.splitlines() if line.strip()]) > MOST_QUESTIONS:
            self.refuse(
                _("Ask at most %(most)d questions: each seat answers every one of them for every idea.", most=MOST_QUESTIONS), "criteria"
            )
            good = False
        elif len(set(asked)) < len(asked):
            self.refuse(_("One of these questions stands there twice."), "criteria")
            good = False
        if self.rate.data is not None and self.rate.data < 1:
            self.refuse(_("An hour must count for something."), "rate")
            good = False
        if self.pot.data is not None and not self.pot.errors and self.least.data is not None and self.pot.data < self.least.data:
            self.refuse(_("The pot must hold the smallest grant at least, or nobody can get one from it."), "pot")
            good = False
        if self.decision.data == "equal_shares_marks" and not self.marking.data:
            self.refuse(_("To share by marks the panel must give marks first: tick that box too."), "decision")
            good = False
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
        if self.code.data == "new":  # the address of this very page
            self.refuse(_("Choose another short name: this one is taken."), "code")
            return False
        return good


class NewContribution(Form):
    funder = SelectField(N_("From whom?"))
    amount = PoundsField(N_("How much?"), [Needed(N_("Write how much came in."))])
    received_on = DayField(N_("On which day?"), [Needed(N_("Say on which day it came."))], default=clock.today)
    reference = Line(N_("Reference on the bank statement (optional)"), most=80)
    another = BooleanField(N_("This is another one, not the same typed twice"))

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
        if self.code.data == "new":  # the address of this very page
            self.refuse(_("Choose another short name: this one is taken."), "code")
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

    def validate(self, extra_validators: object = None) -> bool:
        good = super().validate(extra_validators)
        if self.closes_on.data is not None and self.closes_on.data < clock.today():
            self.refuse(_("That day is over. Choose a closing day that is still to come."), "closes_on")
            return False
        return good

    def unfolded(self, group: str) -> bool:
        """As for `Rules`; what only residents' ballots need is shown where they vote."""
        if group == "ballot":
            return self.voters.data == "area" or any(self[name].errors for name in ("vote_until", "areas", "least_ballots"))
        return super().unfolded(group)

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
