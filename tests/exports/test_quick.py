"""Quick sparks in what leaves the house: the register names nobody, the files agree with the books to the penny."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from portal.clock import held_at
from portal.db import db, transaction
from portal.exports import filters, packs
from portal.exports import quick as register
from portal.exports.filters import Filter
from portal.grants import quick, quick_review
from portal.grants.model import QuickSpark
from portal.money import Pence
from portal.places.model import Area
from tests.client import Inspector
from tests.exports.test_exports import E3, E4, lines, made, paid_by_the_books, pence
from tests.grants.season import Season, assert_books_are_right, person
from tests.grants.sparks import granted, png, season_with_connectors, spend


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    """May 2026: a shop, a group, a person, a person who stands as a shop; the group's is taken back in June. July: one more."""
    folder: Path = app.extensions["kindling"].data_dir
    with held_at(datetime(2026, 5, 1, 9, tzinfo=UTC)):
        begun = season_with_connectors()
        granted(begun)
        person("Elsie Marsh")
    with held_at(datetime(2026, 5, 10, 9, tzinfo=UTC)):
        spend(begun, folder, what="A kettle", amount=Pence(15_00), spent_on=date(2026, 5, 9), photo=png())
        spend(
            begun, folder, what="Tea for the table", amount=Pence(12_00), payee_kind="group", payee_name="Wednesday Friends", receipt=png()
        )
        spend(
            begun,
            folder,
            what="A bus fare",
            amount=Pence(4_50),
            payee_kind="person",
            payee_name="Elsie Marsh",
            helps="Elsie on the third floor",
        )
        spend(begun, folder, what="Paint", amount=Pence(9_00), payee_kind="shop", payee_name="Elsie Marsh")
    with held_at(datetime(2026, 6, 2, 9, tzinfo=UTC)):
        ref = db.session.scalar(db.select(QuickSpark.ref).where(QuickSpark.payee_kind == "group"))
        quick.put_right(str(ref), "The tea was a gift", begun.actor("Olga"))
        quick_review.open_reviews()
        quick_review.close(begun.who("Ada"), begun.panel_ref, "2026-05", "All clear")
    with held_at(datetime(2026, 7, 3, 9, tzinfo=UTC)):
        with transaction():
            db.session.add(Area(code="pump", name="By the pump", kind="estate", parent_id=db.session.scalar(db.select(Area.id))))
        for each in ("a", "b", "c"):
            quick.waive(str(db.session.scalar(db.select(QuickSpark.ref).where(QuickSpark.receipt_at.is_(None), QuickSpark.waived_at.is_(None)).limit(1))), each, begun.actor("Olga"))  # fmt: skip
        spend(
            begun, folder, what="Cups", amount=Pence(8_00), payee_kind="group", payee_name="Pump Street Choir",
            area_id=db.session.scalar(db.select(Area.id).where(Area.code == "pump")),
        )  # fmt: skip
    with held_at(datetime(2026, 8, 1, 9, tzinfo=UTC)):
        yield begun
        assert_books_are_right()


def test_a_group_that_is_called_like_a_person_is_not_named(season: Season) -> None:
    with transaction():
        db.session.execute(update(QuickSpark).where(QuickSpark.what == "Cups").values(what="Cups for Dora Finch", payee_name="Dora Finch"))
    assert "Cups for Dora Finch" in [line.what for line in register.search(register.Asked()).lines]
    person("Dora Finch")
    assert "Dora" not in str(register.search(register.Asked()).lines) and "Dora" not in str(register.latest())


def test_the_spend_file_names_shops_and_groups_and_never_a_person(season: Season) -> None:
    found = [(row["Date"], row["Supplier (beneficiary) name"], row["VCSE grant"], row["Net Amount"], row["Purpose of spend (summary)"]) for row in lines(E4)]  # fmt: skip
    assert sorted(found) == sorted(
        [
            ("09/05/2026", "Corner Hardware", "No", "15.00", "A kettle"),
            ("10/05/2026", "Wednesday Friends", "Yes", "12.00", "Tea for the table"),
            ("10/05/2026", "REDACTED PERSONAL DATA", "No", "4.50", "A bus fare"),
            ("10/05/2026", "REDACTED PERSONAL DATA", "No", "9.00", "Paint"),
            ("02/06/2026", "Wednesday Friends", "Yes", "-12.00", "Tea for the table"),
            ("03/07/2026", "Pump Street Choir", "Yes", "8.00", "Cups"),
        ]
    )
    for name in (E3, E4, packs.LEDGER):
        for form in packs.formats(name):
            for secret in (b"Elsie", b"Gus", b"third floor"):
                assert secret not in made(name, form), (name, form, secret)


def test_files_and_books_agree_on_every_day(season: Season) -> None:
    for day in (date(2026, 5, 8), date(2026, 5, 9), date(2026, 5, 10), date(2026, 6, 1), date(2026, 6, 2), date(2026, 7, 3)):
        assert pence(lines(E4, Filter(date(2026, 4, 1), day, basis="paid", as_at=day)), "Net Amount") == paid_by_the_books(day), day
    assert paid_by_the_books(date(2026, 6, 1)) == 40_50 and paid_by_the_books(date(2026, 8, 1)) == 36_50
    assert pence(lines(E3), "Amount paid") == 8_00  # all others were no community bodies, or came back


def test_the_register_of_grants_to_bodies_has_what_went_to_groups(season: Season) -> None:
    assert [
        (row["Date awarded"], row["Beneficiary"], row["Amount"], row["Amount paid"], row["Status"], row["Ward code"]) for row in lines(E3)
    ] == [
        ("2026-05-10", "Wednesday Friends", "12.00", "0.00", "Returned", "E05099001"),
        ("2026-07-03", "Pump Street Choir", "8.00", "8.00", "Finished", "E05099001"),
    ]
    may = filters.of_year("2026-27", part="q1")
    assert len(lines(E3, may)) == 1
    assert len(lines(E4, filters.of_year("2026-27", area="pump"))) == 1 and len(lines(E4, filters.of_year("2026-27", area="mossgate"))) == 6
    assert lines(E4, filters.of_year("2026-27", fund="small-sparks")) == lines(E4)
    since = Filter(date(2026, 4, 1), date(2027, 3, 31), basis="paid", changed_since=datetime(2026, 6, 1, tzinfo=UTC))
    assert [row["Net Amount"] for row in lines(E4, since)] == ["-12.00", "8.00"]
    assert len(lines(E3, Filter(date(2026, 4, 1), date(2027, 3, 31), changed_since=datetime(2026, 7, 1, tzinfo=UTC)))) == 1


def test_the_threshold_leaves_out_what_is_small(season: Season) -> None:
    from portal.places.model import Scheme

    with transaction():
        db.session.execute(update(Scheme).values(spend_threshold=10_00))
    assert {row["Net Amount"] for row in lines(E4)} == {"15.00", "12.00", "-12.00"}


def test_everybody_reads_what_for_where_how_much_when_and_whether_it_was_looked_at(app: Flask, season: Season) -> None:
    reader = Inspector(app, 8).get("/register/")
    assert "Quick sparks: small help on the spot" in reader.text and "Tea for the table" not in reader.text
    reader.get("/register/quick/")
    for words in ("A kettle", "£15.00", "9 May 2026", "Looked at by the panel", "The panel has not looked yet", "Taken back: The tea was a gift", "By the pump"):  # fmt: skip
        assert words in reader.text, words
    for secret in ("Elsie", "Gus", "third floor", "Corner Hardware", "Wednesday Friends"):
        assert secret not in reader.text, secret
    assert reader.text.index("Cups") < reader.text.index("Paint") < reader.text.index("A kettle")
    reader.get("/register/quick/?area=pump")
    assert "Cups" in reader.text and "Paint" not in reader.text
    reader.get("/register/quick/?area=mossgate&year=2025-26")
    assert "Nothing found" in reader.text
    for nonsense in ("area=x", "year=x", "after=x", "year=2026-27&after=QSP-2222-2222"):
        reader.get(f"/register/quick/?{nonsense}")


def test_pages_follow_one_another_without_gap_or_double(season: Season) -> None:
    seen: list[str] = []
    after = ""
    for _page in range(9):
        found = register.search(register.Asked(), after=after, limit=2)
        seen += [line.ref for line in found.lines]
        if found.older is None:
            break
        after = found.lines[-1].ref
    assert len(seen) == len(set(seen)) == 5


def test_a_photo_for_everybody_is_and_a_receipt_never(app: Flask, season: Season) -> None:
    from portal.grants.model import Photo

    public, receipt = (db.session.scalar(db.select(Photo.ref).where(Photo.public.is_(each))) for each in (True, False))
    assert Inspector(app).get("/register/quick/").text.count(f"/photos/{public}.jpg") == 1
    for who, answers in ((None, (200, 404)), ("Rita", (200, 404)), ("Ada", (200, 404)), ("Cora", (200, 404)), ("Gus", (200, 200)), ("Olga", (200, 200)), ("Fay", (200, 200))):  # fmt: skip
        browser = Inspector(app)
        if who is not None:
            browser.sign_in(season.who(who).id)
        for ref, status in zip((public, receipt), answers, strict=True):
            browser.get(f"/photos/{ref}.jpg", status=status)
