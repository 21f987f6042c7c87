"""Kinds of account in plain words: what a trial balance is grouped by. Told from the code, which says what an account is for."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.words import N_

UNITS = {"GBP": N_("Money"), "MIN": N_("Time credits"), "MATCH": N_("Hours that neighbours put in")}


@dataclass(frozen=True)
class Group:
    """A kind of account: `first` and `last` are the first and last parts of its accounts' codes."""

    name: str  # as in addresses
    unit: str
    title: str
    about: str
    first: str
    last: str = ""

    def holds(self, code: str) -> bool:
        parts = code.split(":")
        return parts[0] == self.first and self.last in ("", parts[-1])


GROUPS: Sequence[Group] = (
    Group("funders", "GBP", N_("From funders"), N_("What funders put in, less what went back to them"), "funder"),
    Group("free", "GBP", N_("Free in funds"), N_("Not promised to anybody yet"), "fund", "available"),
    Group("floats", "GBP", N_("In floats"), N_("With connectors, for quick sparks"), "float"),
    Group("offered", "GBP", N_("Offered"), N_("Promised, and not accepted yet or with conditions open"), "award", "reserved"),
    Group("payable", "GBP", N_("To be paid"), N_("Accepted, and not released yet"), "award", "payable"),
    Group("transit", "GBP", N_("On its way"), N_("Released, and the bank has not answered yet"), "run"),
    Group("paid", "GBP", N_("Paid"), N_("With those it was meant for, less what came back"), "payee"),
    Group("members", "MIN", N_("With members"), N_("People and organisations, each by a number"), "member"),
    Group("pots", "MIN", N_("In community pots"), N_("Given for people who cannot earn"), "pot"),
    Group("between", "MIN", N_("Between areas"), N_("Where help crossed from one area to another"), "area"),
    Group("issue", "MIN", N_("Credit to start with"), N_("What new members were given"), "issue"),
    Group("given", "MATCH", N_("Given by neighbours"), N_("Each neighbour by a number"), "neighbour"),
    Group("delivered", "MATCH", N_("Counted for ideas"), N_("Hours that were checked"), "award", "delivered"),
)  # fmt: skip
OTHER = {unit: Group("other", unit, N_("Anything else"), "", "") for unit in UNITS}


def group_of(code: str, unit: str) -> Group:
    """The kind of an account."""
    return next((each for each in GROUPS if each.unit == unit and each.holds(code)), OTHER[unit])


def group(unit: str, name: str) -> Group | None:
    """A kind by its name in addresses."""
    return next((each for each in [*GROUPS, *OTHER.values()] if (each.unit, each.name) == (unit, name)), None)


def of_one(code: str) -> bool:
    """Whether an account is a single member's or neighbour's: shown by its number alone, and without what people wrote."""
    return code.startswith(("member:", "neighbour:"))


def named(code: str, name: str) -> str:
    """What a page calls an account. Never a person: a neighbour's account carries their name in the books, and not here."""
    return code if of_one(code) else name
