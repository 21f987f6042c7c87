"""Boards that are full: many live posts at once."""

import random
from datetime import timedelta

from sqlalchemy import insert

from portal import clock
from portal.db import db, transaction
from portal.finding import NOISE, singular
from portal.gifts.model import GiftPost, GiftWord
from portal.refs import new_ref
from tests.gifts.street import Street

THINGS = ("ladder", "bicycle", "garden spade", "high chair", "guitar", "sewing machine", "tent", "cake tin", "printer", "pram")
LIKE = ("long", "sturdy", "wooden", "folding", "painted", "spare", "borrowed", "lovely", "heavy", "shiny")


def crowd(street: Street, posts: int) -> None:
    """Straight into the tables: forty neighbours, gifts and wishes of every sort and reach. A tenth of them holds each of these words, one each number."""
    draw = random.Random(5)
    for number in range(40):
        street.move_in(f"Neighbour {number}", ("mossgate", "riverside")[number % 2])
    party_ids = [street.party(f"Neighbour {number}").id for number in range(40)]
    rows, uses = [], dict[str, int]()
    for number in range(posts):
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
