"""A thousand live posts: the board, its search and what may fit stay within the budget of queries, and all is found."""

import random
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert

from portal import clock
from portal.db import db, transaction
from portal.finding import NOISE, singular
from portal.gifts import lists, parties, suggestions
from portal.gifts.lists import Board, Filters
from portal.gifts.model import GiftPost, GiftWord
from portal.refs import new_ref
from tests.client import Inspector
from tests.gifts.street import Street, open_street, the_post

THINGS = ("ladder", "bicycle", "garden spade", "high chair", "guitar", "sewing machine", "tent", "cake tin", "printer", "pram")
LIKE = ("long", "sturdy", "wooden", "folding", "painted", "spare", "borrowed", "lovely", "heavy", "shiny")


@pytest.fixture
def street(app: Flask) -> Street:
    street = open_street()
    _a_thousand(street)
    return street


def _a_thousand(street: Street) -> None:
    """Straight into the tables: forty neighbours, gifts and wishes of every sort and reach."""
    draw = random.Random(5)
    for number in range(40):
        street.move_in(f"Neighbour {number}", ("mossgate", "riverside")[number % 2])
    party_ids = [street.party(f"Neighbour {number}").id for number in range(40)]
    rows, uses = [], dict[str, int]()
    for number in range(1000):
        title = f"A {draw.choice(LIKE)} {draw.choice(THINGS)} {number}"
        words = [*dict.fromkeys(title.lower().split())]
        for word in words:
            uses[word] = uses.get(word, 0) + 1
        rows.append(
            {
                "ref": new_ref("GFT"), "party_id": party_ids[number % 40], "kind": ("gift", "wish")[number // 40 % 2], "sort": ("give", "lend", "hands")[number % 3],
                "title": title, "text": "", "same": title.lower(), "area_id": street.areas[("mossgate", "riverside")[number % 2]], "reach": ("scheme", "area")[number % 7 == 0],
                "quantity": 1, "promised": 0, "ends_on": clock.today() + timedelta(days=9), "status": "open", "words": " ".join(words), "photo_width": 0,
                "photo_height": 0, "photo_alt": "", "posted_at": clock.now(), "entered_by": "person:1", "version": 1,
            }
        )  # fmt: skip
    known = [
        {"word": word, "uses": number, "size": len(singular(word)), "head": word[0], "tail": singular(word)[-2:]}
        for word, number in uses.items()
        if len(word) > 2 and word not in NOISE
    ]
    with transaction():
        db.session.execute(insert(GiftPost), rows)
        db.session.execute(insert(GiftWord), known)


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
