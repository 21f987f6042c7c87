"""The settings of the scheme, as an administrator sees and changes them."""

import pytest
from flask import Flask

from portal.db import transaction
from portal.history import Actor, record
from portal.money import Minutes
from portal.people import keeping
from portal.places import actions as places
from portal.timebank import members
from tests.client import Inspector
from tests.grants.season import person

BUDGET = 8


@pytest.fixture
def admin(app: Flask) -> Inspector:
    """Farah, who administers the scheme of this database."""
    first = person("Farah", "administrator")
    places.change_scheme(
        {"name": "Estuary Together", "short_name": "Estuary", "email": "hello@estuary.example", "telephone": "01632 960123"},
        Actor(first.id),
    )
    return Inspector(app, budget=BUDGET).sign_in(first.id)


def test_one_page_leads_to_every_setting(app: Flask, admin: Inspector) -> None:
    links = set(admin.get("/desk/settings").links())
    assert {"/desk/scheme", "/desk/areas", "/desk/roles", "/desk/settings/changed"} <= links
    assert "/desk/publish/settings" not in links and "Officers do this." in admin.text
    officer = Inspector(app).sign_in(person("Olga", "officer").id).get("/desk/settings")
    assert {"/desk/scheme", "/desk/publish/settings", "/timebank/desk/rules"} <= set(officer.links())
    assert "/desk/roles" not in set(officer.links()) and "Administrators do this." in officer.text
    Inspector(app).sign_in(person("Rita").id).get("/desk/settings", status=404)


def test_the_log_says_what_stood_before_and_what_stands_now(app: Flask, admin: Inspector) -> None:
    admin.get("/desk/scheme").submit("Save", telephone="01632 960999", spend_threshold="50000")
    olga = Actor(person("Olga", "officer").id)
    keeping.set_days("drafts", 100, "The board said so", olga)
    members.set_rules(soft_floor=Minutes(-60), hard_floor=Minutes(-1200), settle_days=14, starting_credit=Minutes(0), actor=olga)
    text = " ".join(admin.get("/desk/settings/changed").text.split())
    for said in ("01632 960123", "01632 960999", "Those above £500", "All of them", "Farah", "Olga", "The board said so", "-10 h", "-1 h"):
        assert said in text, said
    assert text.index("Rules of the timebank") < text.index("How long data is kept") < text.index("Name and contact")


def test_the_log_is_paged_and_reads_what_was_kept_before(app: Flask, admin: Inspector) -> None:
    with transaction():
        record("scheme", "scheme_changed", Actor(), changed=["telephone"])  # as it was kept until 2026: without values
    for number in range(30):
        places.change_scheme({"department": f"Department {number}"}, Actor())
    admin.get("/desk/settings/changed")
    assert "Department 29" in admin.text and "Department 3<" not in admin.text
    older = next(link for link in admin.links() if "before=" in link)
    admin.get(older)
    assert "Department 2<" in admin.text and "Telephone for questions" in admin.text and "by command" in admin.text
    admin.get("/desk/settings/changed?before=nonsense")
