"""Figures: nobody twice, no small number, and E9 tells the same hours as the books."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.exports import filters, packs, time
from portal.ledger.model import Entry, Transfer
from portal.money import Pence
from portal.places.model import WardCode
from portal.settings import rates
from portal.timebank import exchange, figures, health, members
from tests.client import NS, Inspector
from tests.timebank.bank import Bank, lend, open_bank


@pytest.fixture
def bank(app: Flask) -> Bank:
    """Six people of Mossgate gardened, two of Riverside read letters."""
    made = open_bank()
    with transaction():
        for number, area in enumerate(made.areas.values()):
            db.session.add(WardCode(area_id=area, ons_code=f"E0509900{number}", valid_from=date(2020, 1, 1)))
    for name in ("Ann", "Bob", "Cid"):
        made.join(name)
    made.join("Wyn", "riverside")
    for name in ("Idris", "Ann", "Bob", "Cid"):
        made.settled(name, "Maya", 60)
    made.settled("Maya", "Cass", 75)
    made.settled("Walter", "Wyn", 30, kind="forms")
    return made


def test_nobody_is_counted_twice_and_few_are_told_together(bank: Bank) -> None:
    today = clock.today()
    names = {id_: code for code, id_ in bank.areas.items()}
    found = figures.cells(today, today, names)
    month = f"{today:%Y-%m}"
    garden = found[month, "mossgate", "Garden"]
    assert (garden.number, garden.given, garden.received) == (6, 315, 315), "Maya gave and received, and is one"
    forms = found[month, "riverside", "Forms and letters"]
    assert (forms.number, forms.given) == (None, 30)
    shown = figures.publishable(found)
    assert set(shown) == {(month, "", "")}, "two alone would be known by what is left of the whole: they are told with the garden"
    assert (shown[month, "", ""].number, shown[month, "", ""].given, shown[month, "", ""].received) == (8, 345, 345)
    for name in ("Xia", "Yan", "Zoe"):
        bank.join(name, "riverside")
        bank.settled(name, "Walter", 15, kind="forms")
    bank.settled("Walter", "Idris", 30, kind="pets")
    shown = figures.publishable(figures.cells(today, today, names))
    assert {key[1:]: cell.number for key, cell in shown.items()} == {("mossgate", "Garden"): 6, ("", ""): 6}
    assert sum(cell.given for cell in shown.values()) == 420 == sum(cell.received for cell in shown.values())


def test_by_place_and_by_kind_each_hour_is_told_once(bank: Bank) -> None:
    """What is few among a month's kinds of a place may be enough for the place, or for the kind."""
    today = clock.today()
    names = {id_: code for code, id_ in bank.areas.items()}
    for name in ("Xia", "Yan", "Zoe"):
        bank.join(name, "riverside")
        bank.settled(name, "Walter", 15, kind="pets")
    found = figures.cells(today, today, names)
    assert {name: (cell.number, cell.given) for name, cell in figures.by(found, 1).items()} == {"mossgate": (6, 315), "riverside": (5, 75)}
    kinds = {name: (cell.number, cell.given) for name, cell in figures.by(found, 2).items()}
    assert kinds == {"Garden": (6, 315), "": (5, 75)}
    assert {name: cell.number for name, cell in figures.by(found, 0).items()} == {f"{today:%Y-%m}": 11}


def test_e9_has_its_frozen_columns_and_all_the_hours_of_the_books(bank: Bank) -> None:
    members.set_rules(
        soft_floor=members.open_rules().soft_floor, hard_floor=members.open_rules().hard_floor, settle_days=14, starting_credit=members.open_rules().starting_credit,
        figure_rate=12_60, figure_source="Estuary Council, 2026-27", actor=bank.actor("Olga"),
    )  # fmt: skip
    for name in ("Xia", "Yan", "Zoe"):
        bank.join(name, "riverside")
        bank.settled(name, "Walter", 15, kind="pets")
    chosen = packs.fitting("time-credits", "csv", filters.of_year())
    text = b"".join(packs.chunks("time-credits", "csv", chosen, packs.Totals())).decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["Month", "Ward code", "Activity type", "People", "Hours given", "Hours received", "Rate", "Rate source", "Value"]
    month = f"{clock.today():%Y-%m}"
    assert rows[1:] == [
        [month, "", time.TOGETHER, "5", "1.25", "1.25", "12.60", "Estuary Council, 2026-27", "15.75"],
        [month, "E05099000", "Garden", "6", "5.25", "5.25", "12.60", "Estuary Council, 2026-27", "66.15"],
    ]
    first = clock.today().replace(day=1)
    with clock.held_at(datetime(first.year, first.month, 1, 12, tzinfo=UTC)):
        rates.set_rate(rates.Rate("figures", first, Pence(13_00), "Living wage", "2026"), bank.actor("Olga"))
    text_of_scheme = b"".join(packs.chunks("time-credits", "csv", chosen, packs.Totals())).decode()
    assert [row[6:] for row in list(csv.reader(io.StringIO(text_of_scheme)))[1:]] == [
        ["13.00", "Living wage, 2026", "16.25"],
        ["13.00", "Living wage, 2026", "68.25"],
    ]
    in_books = db.session.scalar(
        select(func.sum(Transfer.amount)).join(Entry, Entry.id == Transfer.entry_id).where(Entry.kind == "exchange", Transfer.unit == "MIN")
    )
    assert sum(float(row[4]) for row in rows[1:]) * 60 == in_books
    assert "Maya" not in text and "12.60" in text


def test_of_a_month_with_fewer_than_five_e9_says_only_that(bank: Bank) -> None:
    chosen = packs.fitting("time-credits", "csv", filters.of_year(area="riverside"))
    text = b"".join(packs.chunks("time-credits", "csv", chosen, packs.Totals())).decode()
    assert list(csv.reader(io.StringIO(text)))[1:] == [[f"{clock.today():%Y-%m}", "", time.FEW, "", "", "", "", "", ""]]


def test_e9_belongs_to_no_fund(bank: Bank) -> None:
    with pytest.raises(Refused, match="belong to no fund"):
        packs.fitting("time-credits", "csv", replace(filters.of_year(), fund="small-sparks"))


def test_the_preview_of_e9_is_in_words(bank: Bank, app: Flask) -> None:
    olga = Inspector(app, 20).sign_in(bank.who("Olga").id).get("/finance/exports?name=time-credits&form=csv")
    assert "Hours(minutes=" not in olga.text and "5 h 45 min" in olga.text and "£" not in olga.text, "hours, and no value without a rate"


def test_what_is_put_right_and_who_moves_away(bank: Bank) -> None:
    ref = bank.settled("Walter", "Maya", 120, kind="forms")
    members.set_member(bank.cards["Walter"], area_id=bank.areas["mossgate"], seen_outside=False, paused=False, actor=bank.actor("Walter"))
    names = {id_: code for code, id_ in bank.areas.items()}

    def given(area: str) -> int:
        return sum(
            cell.given for (_month, place, _kind), cell in figures.cells(clock.today(), clock.today(), names).items() if place == area
        )

    assert given("riverside") == 150, "the past stays where it was"
    exchange.put_right(ref, 60, "One hour", bank.who("Cass"))
    assert given("riverside") + given("mossgate") == 315 + 30 + 60


def test_health(bank: Bank) -> None:
    lend(bank, "Walter", 60)
    found = health.health({})
    assert (found.members, found.minutes, found.anybody, found.givers, found.receivers) == (9, 345, 8, 6, None)
    assert found.both is None and found.whole.days_to_first == 0
    with clock.held_at(clock.now() + timedelta(days=400)):
        assert health.health({}).anybody is None and health.health({}).minutes == 0


def test_the_pages_and_the_files(bank: Bank, app: Flask) -> None:
    nobody = Inspector(app, 12).get("/timebank/figures")
    assert "5 h 45 min" in nobody.text and "with few people" in nobody.text and "Maya" not in nobody.text
    year = filters.of_year().first_day.year
    answer = nobody.client.get(f"/register/time-credits-{year}-{(year + 1) % 100:02d}.csv")
    assert answer.status_code == 200 and time.TOGETHER in answer.text
    assert nobody.client.get(f"/register/time-credits-{year}-{(year + 1) % 100:02d}.csv?part=zz").status_code == 404
    maya = Inspector(app, 12).sign_in(bank.who("Maya").id).get("/timebank/statement")
    mine = maya.client.get("/timebank/statement.csv")
    rows = list(csv.reader(io.StringIO(mine.text)))
    assert rows[0] == list(time.STATEMENT) and rows[1][2] == "You helped Cass" and rows[1][4:6] == ["1.25", "-2.75"] and len(rows) == 6
    nobody.get("/timebank/")
    assert nobody.client.get("/timebank/statement.csv").status_code == 303


def test_an_hour_is_told_once_by_kind_and_empty_months_are_left_out(bank: Bank, app: Flask) -> None:
    bank.settled("Idris", "Wyn", 60)  # given among many in Mossgate, received among few in Riverside
    page = Inspector(app, 12).get("/timebank/figures")
    tables = {table[0].text: table for table in page.tree.iter(f"{NS}table") if len(table)}
    kinds = [["".join(cell.itertext()) for cell in row] for row in tables["By kind of help"].iter(f"{NS}tr")]
    assert kinds == [
        ["Kind", "Hours", "People"],
        ["Several kinds with few people", "6 h 45 min", "8"],
    ]
    assert len(list(tables["By month"].iter(f"{NS}tr"))) == 2
    assert "An hour counts as given where the giver lives" in page.text


def test_a_share_is_told_to_the_nearest_whole() -> None:
    assert health.Facts(active=48, both=23).numbers(0).both_percent == 48
