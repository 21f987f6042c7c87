"""A thousand live posts: the board, its search and what may fit stay within the budget of queries, and all is found."""

import pytest
from flask import Flask

from portal.db import db
from portal.gifts import lists, parties, suggestions
from portal.gifts.lists import Board, Filters
from portal.gifts.model import GiftPost
from tests.client import Inspector
from tests.gifts.crowd import crowd
from tests.gifts.street import Street, open_street, the_post


@pytest.fixture
def street(app: Flask) -> Street:
    street = open_street()
    crowd(street, 1000)
    return street


def test_lists_search_and_suggestions_within_the_budget(app: Flask, street: Street) -> None:
    wish = street.put_up("Maya", "A ladder, please", kind="wish", sort="lend", text="To mend the gutter of our shed.")
    street.found("The Guitar Club", "Maya")
    maya, visitor = Inspector(app, budget=8).sign_in(street.who("Maya").id), Inspector(app, budget=8)
    for path in ("/gifts/", "/gifts/?q=ladder", "/gifts/?q=bycicle&kind=gift", "/gifts/?q=sewing+machine&before=600", "/gifts/?sort=lend&area=riverside", "/gifts/areas/mossgate"):  # fmt: skip
        for reader in (maya, visitor):
            assert reader.get(path).text.count("card--link") >= 20, path
    assert maya.get("/gifts/").text.count("Not this one") == 3 and "Not this one" not in visitor.get("/gifts/").text
    maya.budget = 15
    assert maya.get(f"/gifts/{wish}").text.count("Not this one") == 5
    who = street.who("Maya")
    some = suggestions.for_post(the_post(wish), who, parties.own(who))
    assert [each.post is not None and "ladder" in each.post.title for each in some] == [True] * 5
    pages, before = 0, None
    seen: set[int] = set()
    while True:
        found = lists.search("ladder", Board(homes=lists.homes_of(who)), Filters(), before=before)
        pages, before = pages + 1, found.rows[-1].id
        seen |= {row.id for row in found.rows}
        if not found.more:
            break
    everything = [
        row for row in db.session.query(GiftPost) if "ladder" in row.title and (row.reach == "scheme" or row.area_id == who.area_id)
    ]
    assert len(seen) == len(everything) > 60 and pages == -(-len(seen) // lists.PAGE)
