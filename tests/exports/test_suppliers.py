"""Where the council buys, the supplier of a line is who was paid (design 6, E4): a shop by its name, a person never, a group not at all."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.exports import filters, grants, packs
from portal.exports.filters import Filter
from portal.exports.grants import NOT_RECORDED, REDACTED
from portal.grants import award, desk, pay
from portal.grants.award import BOUGHT, Supplier
from portal.grants.model import Award, Payee
from portal.ledger import queries as books
from portal.money import Pence, financial_year
from portal.people.actions import create_organisation
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right, begin

TIMBER = Supplier("Tidemill Timber Ltd", "01234567")


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


def bought(season: Season, *parts: tuple[Supplier, int], title: str = "Tools for the shed", organisation_id: int | None = None) -> Award:
    """An award that the council bought for, from each of these, all of it arrived."""
    made = season.ready(season.sent(title, sum(pence for _shop, pence in parts), route=BOUGHT, organisation_id=organisation_id))
    for shop, pence in parts:
        ref = pay.prepare(made.ref, Pence(pence), season.actor("Fay"), supplier=shop)
        pay.approve(ref, season.actor("Olga"))
        pay.release_run([ref], season.actor("Otto"))
        pay.settle(ref, clock.today(), season.actor("Fay"))
    return season.award_now(made)


def file(name: str, form: str = "csv") -> bytes:
    chosen = filters.of_year(financial_year(clock.today()))
    return b"".join(packs.chunks(name, form, packs.fitting(name, form, chosen), packs.Totals()))


def spend() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file("lga-spend").decode(), newline="")))


def said() -> list[tuple[str, str, str, str, str, str]]:
    """Supplier, our reference of them, company number, charity number, VCSE grant, net amount; in the order of the file's own key."""
    return [
        (
            row["Supplier (beneficiary) name"], row["Local supplier (beneficiary) internal reference"], row["Supplier registered company number"],
            row["Supplier registered charity number"], row["VCSE grant"], row["Net Amount"],
        )
        for row in spend()
    ]  # fmt: skip


def group(season: Season, **numbers: str) -> int:
    with transaction():
        return create_organisation("Mossgate Gardeners", "group", None, season.actor("Rita"), **numbers).id


def test_a_group_got_it_and_a_shop_was_paid(season: Season) -> None:
    made = bought(season, (TIMBER, 100_00), organisation_id=group(season, charity_number="0987654", company_number="07654321"))
    assert said() == [("Tidemill Timber Ltd", "", "01234567", "", "No", "100.00")]
    facts = json.loads(file("lga-spend", "json"))
    assert facts[0]["Supplier registered company number"] == "01234567"  # text, with its nought
    (grant,) = csv.DictReader(io.StringIO(file("vcse-grants-register").decode(), newline=""))
    assert (grant["Beneficiary"], grant["Registration number"], grant["Amount paid"]) == ("Mossgate Gardeners", "0987654", "100.00")
    assert spend()[0]["Transaction number"] == desk.payments(award_id=made.id)[0].payment.ref


@pytest.mark.parametrize(
    ("supplier", "shown"),
    [
        (Supplier("Olwen Sparrow", "", True), REDACTED),  # said to be a person
        (Supplier("Rob"), REDACTED),  # somebody we know, entered as a firm
        (Supplier(" rita "), REDACTED),  # who asked for it
        (Supplier("Fay", "01234567"), REDACTED),  # somebody we know, whatever number was written beside it
        (Supplier("=HYPERLINK(1)"), "'=HYPERLINK(1)"),
        (Supplier("Mill & Sons"), "Mill & Sons"),
    ],
)
def test_no_file_names_a_person(season: Season, supplier: Supplier, shown: str) -> None:
    made = season.ready(season.sent(asked=60_00, route=BOUGHT))
    ref = pay.prepare(made.ref, None, season.actor("Olga"), supplier=supplier)
    pay.approve(ref, season.actor("Otto"))
    with transaction():
        db.session.execute(
            sa.text(
                "INSERT INTO role (person_id, name, since, reason) SELECT id, 'finance', '2020-01-01', 'x' FROM person WHERE name = 'Dan'"
            )
        )
    pay.release_run([ref], season.actor("Dan"))
    pay.settle(ref, clock.today(), season.actor("Dan"))
    assert said() == [(shown, "", "", "", "No", "60.00")]


def test_several_shops_and_what_one_gave_back(season: Season) -> None:
    """A line a payment; a refund goes to the shop that it came from, and file and books agree."""
    made = bought(season, (TIMBER, 100_00), (Supplier("Corner Hardware"), 60_00), (TIMBER, 20_00))
    refs = {line.payee.name: line.payee.ref for line in desk.payments(award_id=made.id)}
    assert len(refs) == 2, "one account a shop"
    with pytest.raises(Refused, match="which shop") as why:
        pay.refund(made.ref, Pence(15_00), clock.today(), "Returned", season.actor("Fay"))
    assert why.value.field == "payee"
    with pytest.raises(Refused, match=r"£60\.00 was paid to them"):
        pay.refund(made.ref, Pence(60_01), clock.today(), "Returned", season.actor("Fay"), payee_ref=refs["Corner Hardware"])
    with pytest.raises(Refused, match=r"£0\.00 was paid to them"):
        pay.refund(made.ref, Pence(1), clock.today(), "Returned", season.actor("Fay"), payee_ref="PAY-2222-2222")
    pay.refund(made.ref, Pence(15_00), clock.today(), "Returned", season.actor("Fay"), payee_ref=refs["Corner Hardware"])
    assert sorted(said()) == sorted([
        ("Tidemill Timber Ltd", "", "01234567", "", "No", "100.00"), ("Corner Hardware", "", "", "", "No", "60.00"),
        ("Tidemill Timber Ltd", "", "01234567", "", "No", "20.00"), ("Corner Hardware", "", "", "", "No", "-15.00"),
    ])  # fmt: skip
    paid = {name: books.balance(f"payee:{ref}:paid") for name, ref in refs.items()}
    assert paid == {"Tidemill Timber Ltd": 120_00, "Corner Hardware": 45_00} and season.award_now(made).paid == 165_00
    to_day = Filter(date(2020, 4, 1), clock.today(), basis="paid", as_at=clock.today())
    rows = list(
        csv.DictReader(
            io.StringIO(b"".join(packs.chunks("lga-spend", "csv", packs.fitting("lga-spend", "csv", to_day), packs.Totals())).decode())
        )
    )
    assert sum(round(float(row["Net Amount"]) * 100) for row in rows) == 165_00


def test_who_is_paid_must_be_said_and_cannot_be_whoever_pays(season: Season) -> None:
    made = season.ready(season.sent(route=BOUGHT))
    for supplier, sentence, field in (
        (None, "Write who is paid", "supplier"), (Supplier(""), "Write who is paid", "supplier"),
        (Supplier("Olwen", "01234567", True), "no company number", "company_number"), (Supplier("fay"), "your own name", "supplier"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=sentence) as why:
            pay.prepare(made.ref, None, season.actor("Fay"), supplier=supplier)
        assert why.value.field == field
    assert db.session.scalar(sa.select(sa.func.count(Payee.id))) == 0
    ref = pay.prepare(made.ref, None, season.actor("Fay"), supplier=Supplier("Olga"))
    with pytest.raises(Refused, match="your own name"):
        pay.approve(ref, season.actor("Olga"))
    pay.approve(ref, season.actor("Otto"))
    with pytest.raises(Refused, match="your own name"):
        pay.release_run([ref], season.actor("Olga"))
    with pytest.raises(sa.exc.IntegrityError), transaction():
        db.session.execute(sa.text("UPDATE payee SET individual = true, company_number = '01234567'"))


def test_a_wrong_name_is_put_right_with_a_reason_once_it_has_arrived(season: Season) -> None:
    made = season.ready(season.sent(route=BOUGHT))
    ref = pay.prepare(made.ref, None, season.actor("Fay"), supplier=Supplier("Tidemil"))
    for hand in (None, "Olga"):
        with pytest.raises(Refused, match="in hand"):
            pay.name_supplier(ref, TIMBER, "Typed wrong", season.actor(hand or "Fay"))
        if hand is None:
            pay.approve(ref, season.actor("Olga"))
    pay.release_run([ref], season.actor("Otto"))
    pay.settle(ref, clock.today(), season.actor("Fay"))
    with pytest.raises(Refused, match="Write why"):
        pay.name_supplier(ref, TIMBER, "", season.actor("Fay"))
    with pytest.raises(Refused, match="your own"):
        pay.name_supplier(ref, TIMBER, "Typed wrong", season.actor("Rita"))
    pay.name_supplier(ref, TIMBER, "Typed wrong", season.actor("Fay"))
    pay.name_supplier(ref, TIMBER, "", season.actor("Fay"))  # the same again
    assert said()[0][:3] == ("Tidemill Timber Ltd", "", "01234567")
    with clock.held_at(clock.now() + timedelta(days=2)):
        since = replace(filters.of_year(financial_year(clock.today())), changed_since=clock.now())
        assert not list(grants.money(since))
        pay.name_supplier(ref, Supplier("Tidemill Timber Limited", "01234567"), "As Companies House has it", season.actor("Fay"))
        assert [line.supplier for line in grants.money(since)] == ["Tidemill Timber Limited"], "whoever asks for changes hears of it"
    account = season.released(season.ready(season.sent("Into an account", by="Rob")))
    with pytest.raises(Refused, match="the name on it stays"):
        pay.name_supplier(account.ref, TIMBER, "x", season.actor("Fay"))


def test_no_name_changes_while_any_payment_to_it_is_in_hand(season: Season) -> None:
    """Not through a payment that was called off, either: whoever approved or releases has looked at that name."""
    made = season.ready(season.sent(route=BOUGHT))
    first = pay.prepare(made.ref, Pence(100_00), season.actor("Fay"), supplier=TIMBER)
    pay.cancel(first, "Typed twice", season.actor("Fay"))
    second = pay.prepare(made.ref, Pence(100_00), season.actor("Fay"), supplier=TIMBER)
    with pytest.raises(Refused, match=f"{second} to this name is in hand"):
        pay.name_supplier(first, Supplier("Olga"), "Typed wrong", season.actor("Olga"))
    pay.approve(second, season.actor("Olga"))
    pay.release_run([second], season.actor("Otto"))
    with pytest.raises(Refused, match="in hand"):
        pay.name_supplier(first, Supplier("Somebody else"), "Typed wrong", season.actor("Fay"))
    pay.settle(second, clock.today(), season.actor("Fay"))
    with pytest.raises(Refused, match="your own name"):
        pay.name_supplier(first, Supplier("Fay", individual=True), "Typed wrong", season.actor("Fay"))
    assert said()[0][0] == TIMBER.name


def test_what_was_bought_before_anybody_asked_says_so_until_somebody_does(app: Flask, season: Season) -> None:
    """As 0012 leaves what an older release paid."""
    made = bought(season, (TIMBER, 100_00))
    with transaction():
        db.session.execute(sa.text("UPDATE payee SET name = '', company_number = ''"))
    assert said()[0][0] == NOT_RECORDED
    ref = desk.payments(award_id=made.id)[0].payment.ref
    fay = Inspector(app, budget=40).sign_in(season.who("Fay").id).get(f"/finance/payments/{ref}")
    assert "Not recorded" in fay.text
    fay.submit(
        "Put the name right",
        status=422,
        supplier_supplier="Tidemill Timber Ltd",
        supplier_company_number="12",
        supplier_reason="From the bill",
    )
    assert "eight characters" in fay.text and 'value="Tidemill Timber Ltd"' in fay.text and 'value="12"' in fay.text
    fay.submit("Put the name right", supplier_company_number="1234567").follow()
    assert "Company number 01234567" in fay.text
    assert said()[0][:3] == ("Tidemill Timber Ltd", "", "01234567")


def test_the_officer_writes_it_where_the_payment_is_prepared(app: Flask, season: Season) -> None:
    made = season.ready(season.sent(route=BOUGHT))
    fay = Inspector(app, budget=40).sign_in(season.who("Fay").id).get("/finance/")
    assert "The council buys" in fay.text and "Account not known yet" not in fay.text
    fay.get(f"/finance/awards/{made.ref}").submit("Prepare the payment", status=422, prepare_amount="100")
    assert "Write who is paid" in fay.text and 'value="100"' in fay.text
    fay.submit(
        "Prepare the payment",
        status=422,
        prepare_supplier="Olwen",
        prepare_individual="y",
        prepare_company_number="01234567",
        prepare_amount="100",
    )
    assert "A person has no company number" in fay.text and 'value="Olwen"' in fay.text
    fay.submit("Prepare the payment", prepare_company_number="").follow()
    assert "A person: no file names them" in fay.text and "Olwen" in fay.text
    payee = award.current_payee(season.award_now(made))
    assert payee is not None and (payee.name, payee.individual, payee.company_number) == ("Olwen", True, "")
    for page in ("/finance/payments", f"/finance/awards/{made.ref}"):
        assert "Olwen" in fay.get(page).text


def test_there_and_back(store: Store) -> None:
    """0012 knows no shop of what was bought before; the release before it puts the council there again."""
    with store.app.app_context():
        bought(begin(), (TIMBER, 100_00))
        for direction, name in (("down", TIMBER.name), ("up", ""), ("down", "Estuary Council"), ("up", "")):
            db.session.remove()
            downgrade(revision="0011") if direction == "down" else upgrade()
            assert db.session.scalar(sa.text("SELECT name FROM payee")) == name
        db.session.remove()
        db.engine.dispose()
