"""What is like cash, when an offer counts, and who only comes without booking for a while: rules without a database."""

from datetime import date, timedelta

import pytest

from portal import clock
from portal.cash import CASH, CHANCE, DRINK, PRICE, SMOKE, cash_like
from portal.timebank.spend_rules import (
    WHY,
    Occurrence,
    Window,
    clock_words,
    occurrences,
    parse_clock,
    paused_until,
    times_in_words,
    why_not,
)

REFUSED = {
    CASH: [
        "Gift card for the shop", "GIFT  CARD", "g i f t c a r d", "G.I.F.T C.A.R.D", "Gïft Cärd", "giftсard", "gift\ncard", "v0ucher", "Vou-cher",
        "VÖUCHERS", "v\u200boucher", "v o u c h e r", "ｖｏｕｃｈｅｒ", "c@sh", "ca$h back", "10% off", "Ten per cent off", "top-up for your phone",
        "Topup", "phone credit", "money off", "discounted swim", "half price swim", "A book token", "prepaid card", "Coupon", "no cash but a voucher",
    ],
    PRICE: ["£5 a go", "5 pounds", "Five quid a go", "50p tea", "€ 3", "a tenner", "10 GBP"],
    CHANCE: ["Lottery ticket", "scratch card", "l.o.t.t.e.r.y", "A raffle", "betting shop"],
    DRINK: ["Free beer", "Wine tasting", "A pint of lager", "GIN", "non stop prosecco"],
    SMOKE: ["Cigarettes", "cig-a-rettes", "vape", "Tobácco"],
}  # fmt: skip
FINE = [
    "A swim in the quiet hours", "No alcohol, no vouchers please", "Alcohol-free evening with music", "Music as hobby", "Cashew cooking class",
    "Room for up to 20 people", "A pint of milk for tea", "Ginger biscuits and wineberries", "Scottish dancing, A to Z", "Debt and money advice",
    "Lane 4, open 10 to 3", "Smoke free, no gift cards", "Better swimming in 5 weeks", "Alphabet class", "", "Vouch for a friend", "Raft building",
    "The float, terylene and all", "50 people fit in", "Please bring no cash",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in REFUSED.items() for text in texts])
def test_what_is_like_cash_is_found(kind: str, text: str) -> None:
    found = cash_like(text)
    assert found is not None and found.kind == kind, found
    assert why_not(found).endswith(WHY[kind]) and found.word in why_not(found)


@pytest.mark.parametrize("text", FINE)
def test_what_is_not_may_stand(text: str) -> None:
    assert cash_like(text) is None


@pytest.mark.parametrize(
    ("typed", "minute"),
    [("9:30", 570), ("9.30 pm", 1290), ("18", 1080), ("6pm", 1080), ("12 am", 0), ("12pm", 720), ("24:00", 1440), ("24:15", None), ("13 pm", None), ("noon", None), ("", None), ("9:60", None), ("-1", None)],
)  # fmt: skip
def test_a_time_of_day_as_typed(typed: str, minute: int | None) -> None:
    assert parse_clock(typed) == minute
    if minute is not None:
        assert parse_clock(clock_words(minute)) == minute


def test_times_of_a_week_in_words() -> None:
    week = [Window(day, 600, 900) for day in range(5)]
    assert times_in_words(week) == ["Monday to Friday, 10:00 to 15:00"]
    assert times_in_words([Window(day, 0, 1440) for day in range(7)]) == ["Every day, 0:00 to 24:00"]
    assert times_in_words([Window(5, 600, 660), Window(1, 1080, 1140), Window(3, 1080, 1140)]) == [
        "Tuesday, Thursday, 18:00 to 19:00",
        "Saturday, 10:00 to 11:00",
    ]


def test_when_an_offer_counts() -> None:
    week = [Window(0, 600, 660), Window(0, 900, 960), Window(2, 600, 660)]
    found = list(occurrences(week, date(2026, 6, 2), date(2026, 6, 10), ["2026-06-08"], date(2026, 6, 1), 28))
    assert [(each.day.day, each.begins) for each in found] == [(3, 600), (10, 600)], (
        "not before the first day, not on a day off, not after the last"
    )
    assert found[0].code == "2026-06-03 600"
    assert [found[0].slot(per) for per in ("all", "day", "time")] == ["all", "2026-06-03", "2026-06-03 600"]


def test_hours_are_those_of_the_clock_on_the_wall() -> None:
    winter, summer = Occurrence(date(2026, 10, 26), 600, 1440), Occurrence(date(2026, 10, 24), 600, 1440)
    assert (winter.starts_at.hour, summer.starts_at.hour) == (10, 9)
    assert winter.ends_at == clock.start_of_day(date(2026, 10, 27))
    assert Occurrence(date(2026, 10, 25), 60, 180).ends_at - Occurrence(date(2026, 10, 25), 60, 180).starts_at == timedelta(hours=3), (
        "the longest night"
    )


def test_three_places_not_used_pause_booking() -> None:
    first = date(2026, 3, 1)
    two = [first, first + timedelta(days=10)]
    assert paused_until([], first) is None and paused_until(two, first + timedelta(days=11)) is None
    third = first + timedelta(days=80)
    assert paused_until([third, *two], third) == third + timedelta(days=30)
    assert paused_until([third, *two], third + timedelta(days=29)) is not None
    assert paused_until([third, *two], third + timedelta(days=30)) is None
    assert paused_until([*two, first + timedelta(days=90)], first + timedelta(days=91)) is None, "not within ninety days"
    later = third + timedelta(days=5)
    assert paused_until([*two, third, later], later) == later + timedelta(days=30), "a fourth begins it anew"
