"""What works like money is found and said to be sure or not: a filter that people can live with."""

import pytest

from portal.people.cash_words import CASH, CHANCE, DRINK, PRICE, SMOKE, WHY, cash_like

SURELY = {
    CASH: [
        "Gift card for the shop", "GIFT  CARD", "g i f t c a r d", "G.I.F.T C.A.R.D", "Gïft Cärd", "giftсard", "gift\ncard", "v0ucher", "Vou-cher",
        "VÖUCHERS", "v\u200boucher", "v o u c h e r", "ｖｏｕｃｈｅｒ", "ca$h back", "10% off", "Ten per cent off", "top-up for your phone",
        "Topup", "phone credit", "money off", "discounted swim", "half price swim", "A book token", "prepaid card", "Coupon", "no cash but a voucher",
        "Tesco clubcard points", "Love2shop", "One4all card", "Argos card worth 10", "Prepaid Visa", "Gift kard", "Fuel card", "Bank transfer to you",
        "We pay you 8 an hour", "We'll pay you", "Ten per cent cheaper", "Sainsbury's card", "Time for cash",
    ],
    PRICE: ["£5 a go", "Five quid a go", "50p tea", "€ 3", "a tenner", "10 GBP", "₤10", "Ten pounds each", "A bike for 40 pounds"],
    CHANCE: ["Lottery ticket", "scratch card", "l.o.t.t.e.r.y", "A raffle", "betting shop", "Tombola"],
    DRINK: ["Free beer", "Wine tasting", "A pint of lager", "non stop prosecco", "A glass of sherry", "free gin"],
    SMOKE: ["Cigarettes", "cig-a-rettes", "vape", "Tobácco", "Cannabis"],
}  # fmt: skip
PERHAPS = {
    CASH: ["c@sh", "Kash", "Money", "Petrol", "Gold coins", "Amazon", "Help with bank transfers", "Cash desk practice", "Tesco bags worth 5"],
    PRICE: ["5 pounds", "Weigh ten pounds of apples", "A cheap lunch"],
    CHANCE: ["Bingo with prizes", "You bet it is fun"],
    DRINK: ["GIN", "Gin rummy club", "Rum baba baking", "Sherry afternoon", "Shots night", "Pints of something"],
    SMOKE: ["Talk about drugs"],
}  # fmt: skip
FINE = [
    "A swim in the quiet hours", "No alcohol, no vouchers please", "Alcohol-free evening with music", "Music as hobby", "Cashew cooking class",
    "Room for up to 20 people", "A pint of milk for tea", "Ginger biscuits and wineberries", "Scottish dancing, A to Z", "Debt and money advice",
    "Lane 4, open 10 to 3", "Smoke free, no gift cards", "Better swimming in 5 weeks", "Alphabet class", "", "Vouch for a friend", "Raft building",
    "The float, terylene and all", "50 people fit in", "Please bring no cash", "Bring a pint of water", "Ale Lane litter pick", "Champagne Road hall",
    "Ginger beer workshop without wine", "Steam train morning", "Walk to Tesco together", "A lift to Boots", "Iceland in pictures", "Weed the garden",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in SURELY.items() for text in texts])
def test_what_is_surely_like_cash_says_why(kind: str, text: str) -> None:
    found = cash_like(text)
    assert found is not None and found.kind == kind and found.surely, found
    assert found.sentence.endswith(WHY[kind]) and found.word in found.sentence


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PERHAPS.items() for text in texts])
def test_what_has_another_meaning_is_only_looked_at(kind: str, text: str) -> None:
    found = cash_like(text)
    assert found is not None and found.kind == kind and not found.surely, found


@pytest.mark.parametrize("text", FINE)
def test_what_is_not_may_stand(text: str) -> None:
    assert cash_like(text) is None


def test_the_surest_of_it_is_told() -> None:
    assert cash_like("Petrol, or a voucher") == cash_like("A voucher, or petrol")
