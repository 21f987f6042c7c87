"""Kinds of help: added, renamed everywhere, retired without taking anything from what was given."""

import pytest
from flask import Flask

from portal.errors import NotFound, Refused
from portal.timebank import kinds, members
from tests.client import Inspector
from tests.timebank.bank import Bank, open_bank


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def test_added_once_and_offered(bank: Bank) -> None:
    code = kinds.add("Sewing circle", bank.actor("Olga"))
    assert code == "sewing" and kinds.add("Sewing by night", bank.actor("Olga")) == "sewing2"
    assert kinds.add("Ŵyna", bank.actor("Olga")) == "wyna" and kinds.add("縫い物", bank.actor("Olga")) == "kind"
    for name in ("sewing CIRCLE", "Garden"):
        with pytest.raises(Refused, match="already"):
            kinds.add(name, bank.actor("Olga"))
    bank.settled("Idris", "Maya", 60, kind="sewing")


def test_renamed_and_retired_leave_what_was_given(bank: Bank, app: Flask) -> None:
    bank.settled("Idris", "Maya", 60)
    kinds.rename("garden", "Gardens and allotments", bank.actor("Olga"))
    kinds.retire("garden", bank.actor("Olga"))
    kinds.retire("garden", bank.actor("Olga"))
    assert "garden" not in {each.code for each in members.categories()}
    with pytest.raises(Refused, match="what kind of help"):
        bank.log("Idris", "gave", "Maya", 30)
    assert "Gardens and allotments" in Inspector(app, 8).sign_in(bank.who("Idris").id).get("/timebank/statement").text
    kinds.bring_back("garden", bank.actor("Olga"))
    bank.log("Idris", "gave", "Maya", 30)
    with pytest.raises(NotFound):
        kinds.rename("magic", "Magic", bank.actor("Olga"))
    for each in members.categories()[1:]:
        kinds.retire(each.code, bank.actor("Olga"))
    with pytest.raises(Refused, match="at least one"):
        kinds.retire(members.categories()[0].code, bank.actor("Olga"))


def test_the_pages(bank: Bank, app: Flask) -> None:
    olga = Inspector(app, 30).sign_in(bank.who("Olga").id).get("/timebank/desk/kinds")
    olga.submit("Add it", status=422, name="")
    olga.submit("Add it", name="Sewing circle")
    olga.follow()
    assert "Sewing circle" in olga.text
    olga.submit("Retire Sewing circle")
    olga.follow()
    olga.submit("Bring back Sewing circle")
    olga.get("/timebank/desk/kinds/sewing").submit("Save", status=422, name="Garden")
    olga.submit("Save", name="Needle and thread")
    olga.get("/timebank/desk/kinds/none", status=404)
    Inspector(app, 30).sign_in(bank.who("Cass").id).get("/timebank/").get("/timebank/desk/kinds", status=404)


def test_a_name_is_text_wherever_it_stands(bank: Bank, app: Flask) -> None:
    """It goes through the translation like the kinds that ship, and is neither markup nor a format."""
    code = kinds.add("<i>Half</i> 50 %", bank.actor("Olga"))
    bank.settled("Idris", "Maya", 60, kind=code)
    for name, path in (("Olga", "/timebank/desk/kinds"), ("Cass", "/timebank/desk/sheet"), ("Idris", "/timebank/statement")):
        text = Inspector(app, 30).sign_in(bank.who(name).id).get(path).text
        assert "lt;/i&gt; 50 %" in text and "<i>" not in text
