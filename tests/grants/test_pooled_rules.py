"""Whose money a running total is: whole, never negative, fair, and nobody's part falls while it grows."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from portal.grants.pooled_rules import Position, free_of, part
from portal.grants.rules import shared_out

SHARES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(1, 10_000_00), min_size=1, max_size=8)


@given(SHARES, st.data())
def test_a_part_is_whole_and_fair(shares: dict[str, int], data: st.DataObject) -> None:
    whole = sum(shares.values())
    total = data.draw(st.integers(0, whole))
    mine = part(total, shares)
    assert sum(mine.values()) == total and mine.keys() == shares.keys()
    for code, share in shares.items():
        exact = Fraction(total * share, whole)
        assert 0 <= mine[code] <= share
        assert abs(mine[code] - exact) < Fraction(1, 2) + Fraction(share * max(0, len(shares) - 2), 2 * whole) + Fraction(1, 10**9)
        assert len(shares) > 3 or abs(mine[code] - exact) < 1, "within a penny"
        assert all(share < other or mine[code] >= mine[name] for name, other in shares.items()), "a larger share never has less"


@given(SHARES, st.data())
def test_nobodys_part_falls_while_the_total_grows(shares: dict[str, int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(shares.values())))
    more = data.draw(st.integers(total, min(total + 50, sum(shares.values()))))
    before, after = part(total, shares), part(more, shares)
    assert all(before[code] <= after[code] for code in shares)


@given(SHARES)
def test_nothing_is_nobodys_and_all_is_the_shares(shares: dict[str, int]) -> None:
    assert part(sum(shares.values()), shares) == shares
    assert set(part(0, shares).values()) == {0}


@given(SHARES, st.data())
def test_a_pot_shared_out_and_given_back_never_owes_anybody(left: dict[str, int], data: st.DataObject) -> None:
    """Taken, partly back, taken again: what is left of each funder's money stays between nothing and what they put in."""
    now = dict(left)
    for _promise in range(3):
        if not (free := sum(now.values())):
            break
        amount = data.draw(st.integers(1, free))
        shares = {code: share for code, share in shared_out(amount, now).items() if share}
        kept = part(data.draw(st.integers(0, amount)), shares)
        now = {code: pence - kept.get(code, 0) for code, pence in now.items()}
        assert all(0 <= now[code] <= left[code] for code in left)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(-10_000_00, 10_000_00), max_size=8))
def test_what_is_free_is_what_the_pot_holds(bare: dict[str, int]) -> None:
    """Whoever is short: nothing is free that the pot does not hold, nobody has more than what is theirs, and a larger one never less."""
    free, held = free_of(bare), sum(bare.values())
    assert sum(free.values()) == max(0, held)
    assert all(0 < pence <= bare[code] for code, pence in free.items())
    assert all(bare[one] < bare[other] or free[one] >= free[other] for one in free for other in free)
    if held > 0 and min(bare.values()) >= 0:
        assert free == {code: pence for code, pence in bare.items() if pence}, "where nobody is short"


def test_by_hand() -> None:
    assert free_of({"council": 100, "harbour": 50, "tideway": -30}) == {"council": 80, "harbour": 40}
    assert free_of({"council": 30, "harbour": 0, "tideway": -30}) == {}
    thirds = {"council": 34, "harbour": 33, "tideway": 33}
    assert part(1, thirds) == {"council": 1, "harbour": 0, "tideway": 0}
    assert part(2, thirds) == {"council": 1, "harbour": 1, "tideway": 0}, "equals go by the alphabet"
    assert part(50, thirds) == {"council": 17, "harbour": 17, "tideway": 16}
    assert Position(given=100, back=10, promised=20, paid=30, floats=5, quick=5).left == 30
