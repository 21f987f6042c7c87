"""Whose money it is: sums of a pot shared out among its funders, to the penny. Pure, so that anybody can check a statement by hand.

What leaves a pot is shared in proportion to what each funder has in it at that moment (`rules.shared_out`: largest remainder; among
equals the larger sum, then the code in the order of the alphabet). These shares stay. What is paid of them and what comes back is a
running total between nothing and all: `part` says how much of it is whose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from portal.grants.rules import shared_out
from portal.money import Pence


def part(total: int, shares: Mapping[str, int]) -> dict[str, Pence]:
    """How much of a running total (pence, from 0 to all shares together) is whose, by code.

    The next penny goes to whoever has had least for their share: the smallest (2 x had + 1) / share, then the larger share, then the
    code. So nobody's part ever falls while the total grows, nothing is nobody's, and all is exactly the shares. (By largest remainder
    a part can fall by a penny while the total grows; money that comes back would then cost a funder a penny.)
    """
    whole = sum(shares.values())
    assert 0 <= total <= whole, f"{total} of {whole}"
    bound = 2 * total - len(shares)  # every turn before bound / whole has been had by now, and only a few more
    had = {code: max(0, -((whole - bound * share) // (2 * whole))) for code, share in shares.items()}
    for _penny in range(total - sum(had.values())):
        had[min(shares, key=lambda code: (Fraction(2 * had[code] + 1, shares[code]), -shares[code], code))] += 1
    return {code: Pence(pence) for code, pence in had.items()}


@dataclass
class Position:
    """Where a funder's money in one pot stands, in pence."""

    given: int = 0  # came in, less what was entered wrongly
    back: int = 0  # went back to them
    promised: int = 0  # reserved for ideas and not paid yet
    paid: int = 0  # paid to ideas and not come back
    floats: int = 0  # in the hands of connectors
    quick: int = 0  # given as quick sparks
    covers: int = 0  # of theirs that stands in for another funder who is short (see `free_of`); less than nothing for that one

    @property
    def bare(self) -> int:
        """What of their money was neither given back nor promised, paid or handed out: less than nothing for a funder who is short."""
        return self.given - self.back - self.promised - self.paid - self.floats - self.quick

    @property
    def left(self) -> int:
        """What of their money is free."""
        return self.bare - self.covers


def free_of(bare: Mapping[str, int]) -> dict[str, Pence]:
    """What is free of each funder's money in a pot (pence), by code, for those who have something: together exactly what the pot holds.

    Nobody is short where shares were kept from the beginning. But before they were, a contribution could be taken back after it had been
    promised, and a fund be closed by what each had put in: where such a pot's promises were shared out later, one funder can be short, and
    the others seem to have more than the pot holds. What is short is then borne by those who have something, in proportion to it.
    """
    free = sum(bare.values())
    if free <= 0:
        return {}
    return {
        code: share for code, share in sorted(shared_out(free, {code: pence for code, pence in bare.items() if pence > 0}).items()) if share
    }


def sliced(budget: int, rate: int) -> Pence:
    """A part of a budget in pence: `rate` in basis points (50 is 0.5 percent), rounded down."""
    return Pence(budget * rate // 10_000)


def matched(raised: int, ratio: int, left: int) -> Pence:
    """What an offer adds for pence that neighbours raised: `ratio` in basis points (10,000 doubles it), rounded down, at most what is left of it."""
    return Pence(max(0, min(raised * ratio // 10_000, left)))
