"""How well two fit, as a rule: no database."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal.gifts.likeness import LEAST, THEMES, Side, asked_for, likeness, may_answer, root, telling, themes

TODAY = date(2026, 6, 1)
GIFT = Side("gift", telling("A long ladder"), telling("Reaches the gutter"), "lend", 2, 1, "Mossgate", TODAY + timedelta(days=20))
WISH = replace(GIFT, kind="wish", title=telling("To borrow ladders"), more=[])


def fit(one: Side, other: Side, **meant: list[str]) -> tuple[int, list[str]]:
    found = likeness(one, other, TODAY, meant)
    return (found.score, list(found.reasons)) if found is not None else (0, [])


def test_words_are_known_in_their_other_forms() -> None:
    assert {root(word) for word in ("garden", "gardens", "gardening", "gardener")} == {"garden"}
    assert root("sewing") == root("sew") and root("digging") == root("dig") and root("bikes") == root("bike")
    assert telling("Our two very old THINGS to give away: a Child’s bike, 12 inch") == ["childs", "bike", "inch"]


def test_a_gift_fits_a_wish_and_says_why() -> None:
    score, reasons = fit(WISH, GIFT)
    assert reasons == ["Same words: ladders", "Same sort: Things to lend", "Also in Mossgate"] and score == 4 + 5 + 3 + 1
    assert fit(GIFT, WISH)[1][:2] == ["Same words: ladder", "Same sort: A thing to borrow"]


@pytest.mark.parametrize(
    "other",
    [
        replace(GIFT, kind="wish"),  # two wishes of persons
        replace(GIFT, title=["tent"], more=["gutters"]),  # the same street is no reason
        replace(GIFT, title=["tent"], more=[]),
    ],
)
def test_what_does_not_fit(other: Side) -> None:
    assert fit(replace(WISH, more=["ladder"]), other) == (0, [])
    assert fit(GIFT, replace(GIFT, area_id=9)) == (0, []), "two gifts"


def test_a_word_that_both_say_only_in_passing_is_not_enough() -> None:
    one, other = replace(WISH, title=["tent"], more=["shed"]), replace(GIFT, title=["chair"], more=["shed"])
    assert LEAST > 1 and fit(one, other) == (0, []) and fit(replace(one, title=["shed"], more=[]), other)[0] == 3 + 5 + 3 + 1


def test_nearer_is_better_and_what_is_there_longer() -> None:
    here, inside, linked, far = (replace(GIFT, area_id=area, parent_id=up, area="There") for area, up in ((2, 1), (3, 2), (4, 1), (5, 9)))
    scores = [fit(WISH, each)[0] for each in (here, inside, linked, far)]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 4
    assert "Near: There" in fit(WISH, inside)[1] and len(fit(WISH, linked)[1]) == 2
    assert fit(WISH, replace(GIFT, ends_on=TODAY + timedelta(days=1)))[0] == fit(WISH, GIFT)[0] - 1
    hurried = replace(GIFT, until_day=date(2026, 6, 9), ends_on=date(2026, 6, 9))
    assert fit(WISH, hurried)[1][-1] == "Both are there until Tuesday 9 June 2026"


def test_a_slip_of_the_finger_is_forgiven() -> None:
    one, other = replace(WISH, title=["bycicle"]), replace(GIFT, title=["bicycle"], more=[])
    assert fit(one, other) == (0, []) and fit(one, other, bycicle=["bicycle"])[1][0] == "Same words: bycicle"


def test_the_mother_and_the_allotment_group() -> None:
    mother = Side("wish", telling("I cannot face my garden"), telling("It is up to my son's chin"), "hands", 2, 1, "Mossgate")
    group = Side("wish", telling("More ground to grow on"), (), "lend", 2, 1, "Mossgate", group="School allotment group")
    score, reasons = fit(mother, group)
    assert score and reasons == [
        "Both are about gardens and growing", "You may help each other: both of you wish for something", "Also in Mossgate",
        "A group may do it together: School allotment group",
    ]  # fmt: skip
    assert fit(group, mother)[0] == score
    assert not may_answer(mother, replace(group, group="")), "two persons who wish"
    assert not may_answer(mother, replace(group, sort="heart")) and not may_answer(replace(mother, group="Another"), group)


def test_what_to_look_for_holds_other_words_for_the_same() -> None:
    side = Side("wish", telling("I cannot face my garden"))
    assert themes(side) == ["gardens and growing"] and {"allotment", "face", "garden"} <= set(asked_for([side]))
    assert all(themes(Side("wish", [word])) for words in THEMES.values() for word in words.split()) and asked_for([]) == []


def test_an_entry_of_another_room_answers_both() -> None:
    entry = Side("entry", ["community", "garden"], ["plots"], area_id=2, parent_id=1, area="Mossgate")
    assert fit(replace(WISH, title=["sewing"]), entry) == (0, []) == fit(replace(GIFT, title=["ladder"], more=["spade"]), entry)
    assert fit(replace(WISH, title=["garden"]), entry)[0] and fit(replace(GIFT, title=["spade"]), entry)[0] == 3 + 3 + 1
