"""People's own pages, groups that grow by invitation, and what the desk does with persons and their roles."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.errors import NotFound, Refused
from portal.grants import apply
from portal.history import Actor, events_of
from portal.outbox import Message
from portal.people import actions, caring, invitations, queries
from portal.people.model import Invitation, Organisation, Role
from tests.client import Inspector
from tests.grants.season import begin, person

BUDGET = 8


def see(browser: Inspector, path: str, budget: int = BUDGET) -> Inspector:
    browser.get(path)
    assert browser.queries <= budget, (path, browser.queries)
    return browser


def group_of(person_id: int, name: str = "Mossgate Gardeners") -> Organisation:
    return queries.organisation_by_ref(actions.found_group(person_id, name, "group", None, "", ""))


def link_in_newest() -> str:
    db.session.rollback()
    body = db.session.scalars(select(Message.body).order_by(Message.id.desc())).first() or ""
    found = re.search(r"/people/join/(\S+)", body)
    assert found, body
    return found[1]


# --- about you -----------------------------------------------------------------------------------------------------------


def test_my_page_keeps_what_i_change(app: Flask) -> None:
    rita = person("Rita")
    browser = see(Inspector(app).sign_in(rita.id), "/people/me")
    browser.submit("Save", status=422, name=" ", channel="letter")
    browser.submit("Save", status=422, name="Rita Bell", channel="sms")
    assert "no address for that yet" in browser.text and 'value="Rita Bell"' in browser.text
    browser.submit("Save", channel="letter", postal_address="1 High Street\nMossgate", large_print="y").follow()
    db.session.rollback()
    me = queries.person(rita.id)
    assert (me.name, me.channel, me.postal_address, me.large_print) == ("Rita Bell", "letter", "1 High Street\nMossgate", True)
    assert queries.addressee_of(me).channel == "letter"


def test_a_new_address_is_proved_before_it_counts(app: Flask) -> None:
    rita = person("Rita")
    browser = see(Inspector(app, budget=17).sign_in(rita.id), "/people/me/address")
    browser.submit("Send a code there", address="+447700900999").follow()
    assert queries.person(rita.id).phone is None
    db.session.rollback()
    message = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert message is not None and message.address == "+447700900999"
    browser.submit("Continue", code=message.subject[-6:]).follow()
    db.session.rollback()
    assert queries.person(rita.id).phone == "+447700900999"


# --- groups --------------------------------------------------------------------------------------------------------------


def test_a_group_grows_by_invitation(app: Flask) -> None:
    rita, nia = person("Rita"), person("Nia")
    group = group_of(rita.id)
    ref, name = group.ref, group.name
    mine = see(Inspector(app).sign_in(rita.id), f"/people/groups/{ref}")
    mine.submit("Send the link", status=422, name="", address="nobody")
    mine.submit("Send the link", name="Nia", address="nia@example.org").follow()
    assert "Take back the invitation of Nia" in mine.text
    link = link_in_newest()
    scanner = Inspector(app)
    for _time in range(3):
        assert "Rita asks you to act for this group" in see(scanner, f"/people/join/{link}").text
    assert link not in str(db.session.scalars(select(Invitation.link_hash)).one())
    assert f"next=/people/join/{link}" in scanner.text
    theirs = Inspector(app).sign_in(nia.id).get(f"/people/join/{link}")
    theirs.submit(f"Act for {name}").follow()
    assert theirs.path == f"/people/groups/{ref}" and "Nia" in theirs.text
    db.session.rollback()
    told = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert told is not None and told.address == "rita@example.org" and "Nia now acts for" in told.subject
    assert "has ended" in Inspector(app).get(f"/people/join/{link}").text
    with pytest.raises(Refused):
        invitations.accept(link, person("Zoe").id)


def test_an_invitation_ends_by_time_and_by_being_taken_back(app: Flask) -> None:
    rita, nia = person("Rita"), person("Nia")
    group_id = group_of(rita.id).id
    actor = Actor(rita.id)
    invitations.invite(group_id, "Nia", ("email", "nia@example.org"), actor)
    link = link_in_newest()
    with clock.held_at(clock.now() + invitations.LIFE):
        assert invitations.by_link(link) is None
        with pytest.raises(Refused):
            invitations.accept(link, nia.id)
    ref = invitations.waiting(group_id)[0].ref
    other = group_of(nia.id, "Others").id
    with pytest.raises(NotFound):
        invitations.withdraw(other, ref, Actor(nia.id))
    invitations.withdraw(group_id, ref, actor)
    with pytest.raises(Refused):
        invitations.accept(link, nia.id)
    with pytest.raises(NotFound):
        invitations.withdraw(group_id, ref, actor)


def test_an_invitation_is_not_used_up_by_somebody_who_is_in(app: Flask) -> None:
    rita, nia = person("Rita"), person("Nia")
    group_id = group_of(rita.id).id
    invitations.invite(group_id, "Nia", ("email", "nia@example.org"), Actor(rita.id))
    link = link_in_newest()
    with pytest.raises(Refused, match="already"):
        invitations.accept(link, rita.id)
    invitations.accept(link, nia.id)
    with pytest.raises(Refused, match="already"):
        invitations.invite(group_id, "Nia", ("email", "nia@example.org"), Actor(rita.id))


def test_a_group_pesters_only_so_many(app: Flask) -> None:
    rita = person("Rita")
    group_id = group_of(rita.id).id
    for number in range(invitations.MOST_WAITING):
        invitations.invite(group_id, "X", ("email", f"x{number}@example.org"), Actor(rita.id))
    with pytest.raises(Refused, match="wait for an answer"):
        invitations.invite(group_id, "X", ("email", "more@example.org"), Actor(rita.id))
    assert invitations.forget(clock.now() + timedelta(days=15)) == invitations.MOST_WAITING
    assert set(db.session.scalars(select(Invitation.address))) == {""}


def test_who_stops_acting_for_a_group_is_out_at_once(app: Flask) -> None:
    rita = person("Rita")
    group = group_of(rita.id)
    ref, group_id = group.ref, group.id
    browser = Inspector(app).sign_in(rita.id).get(f"/people/groups/{ref}")
    browser.submit("Stop acting for it").follow()
    browser.get(f"/people/groups/{ref}", status=404)
    assert [event.kind for event in events_of(f"organisation:{group_id}")] == ["created", "acting_for", "no_longer_acting_for"]


def test_pages_say_for_whom_somebody_acts(app: Flask) -> None:
    season = begin()
    rita, rob = season.who("Rita"), season.who("Rob")
    group = group_of(rita.id)
    name = group.name
    ours = apply.start(season.round_ref, rita.id, season.actor("Rita"), organisation_id=group.id)
    mine = apply.start(season.round_ref, rita.id, season.actor("Rita"))
    browser = Inspector(app).sign_in(rita.id)
    for path in ("/idea", "/match", ""):
        if path != "/match":
            assert f"You act for {name}." in browser.get(f"/grants/{ours}{path}").text, path
        assert "You act for" not in browser.get(f"/grants/{mine}").text
    assert "You act for" not in Inspector(app).sign_in(rob.id).get("/grants/").text


# --- the desk ------------------------------------------------------------------------------------------------------------


def test_people_are_found_however_one_types(app: Flask) -> None:
    olga = person("Olga", "officer")
    for name in ("Ann Bell", "Ann-Marie O'Neil", "100% Bob", "Zoë_Ångström"):
        actions.enter_person(name, None, None, None, "", Actor(olga.id, basis="in person"))
    actions.enter_person("Cal", "cal@example.org", "+447700900123", None, "", Actor(olga.id))
    browser = Inspector(app).sign_in(olga.id)
    cases = {
        "ann": {"Ann Bell", "Ann-Marie O'Neil"}, "CAL@example.org": {"Cal"}, "07700 900123": {"Cal"}, "%": set(), "100%": {"100% Bob"},
        "_": set(), "o'neil": set(), "'; --": set(), "x&after=PER-2222-2222": set(),
    }  # fmt: skip
    for typed, expected in cases.items():
        browser.client.get("/desk/people", query_string={"q": typed})
        found = {one.name for one in queries.search(typed)}
        assert found == expected, typed
    see(browser, "/desk/people?q=ann%26b", BUDGET + 1)
    see(browser, f"/desk/people/{queries.search('Cal')[0].ref}", BUDGET + 3)


def test_a_long_list_goes_on_with_what_was_typed(app: Flask) -> None:
    olga = person("Olga", "officer")
    for number in range(33):
        actions.enter_person(f"Q&A {number:02d}", None, None, None, "", Actor(olga.id))
    browser = see(Inspector(app).sign_in(olga.id), "/desk/people?q=q%26a", BUDGET + 1)
    older = next(link for link in browser.links() if "after=" in link)
    browser.get(older)
    assert browser.text.count("card--link") == 3 and "Q&amp;A 32" in browser.text and "Q&amp;A 29" not in browser.text


def test_a_role_is_given_and_ended_with_its_reason(app: Flask) -> None:
    ann, rita = person("Ann", "administrator"), person("Rita")
    browser = see(Inspector(app).sign_in(ann.id), f"/desk/people/{rita.ref}", BUDGET + 4)
    browser.submit("Give this role", status=422, role="finance")
    assert "Write why" in browser.text
    browser.submit("Give this role", role="finance", reason="Joined the team").follow()
    browser.submit("Give this role", status=422, role="finance", reason="Again")
    assert "hold that role already" in browser.text
    assert "Joined the team" in see(browser, "/desk/roles").text
    Inspector(app).sign_in(rita.id).get("/finance/")
    role = db.session.scalars(select(Role).where(Role.person_id == rita.id)).one()
    end = f"/desk/people/{rita.ref}/roles/{role.id}/end"
    see(browser, end).submit("End this role", status=422)
    browser.submit("End this role", reason="Left the team").follow()
    Inspector(app).sign_in(rita.id).get("/finance/", status=404)
    roles = see(browser, "/desk/roles").text
    assert "Left the team" in roles and "given Finance officer" in roles and "no longer Finance officer" in roles
    browser.get(end).submit("End this role", status=422, reason="Twice")
    assert "has ended already" in browser.text
    browser.get(f"/desk/people/{ann.ref}/roles/{role.id}/end", status=404)


def test_nobody_gives_a_role_to_themselves_and_somebody_stays_administrator(app: Flask) -> None:
    ann = person("Ann", "administrator")
    browser = Inspector(app).sign_in(ann.id).get(f"/desk/people/{ann.ref}")
    browser.submit("Give this role", status=422, role="finance", reason="I would like to pay")
    assert "Nobody gives a role to themselves" in browser.text
    role = db.session.scalars(select(Role).where(Role.person_id == ann.id)).one()
    browser.get(f"/desk/people/{ann.ref}/roles/{role.id}/end").submit("End this role", status=422, reason="Tired")
    assert "Somebody must be administrator" in browser.text
    olga = Inspector(app).sign_in(person("Olga", "officer").id)
    assert "Give this role" not in olga.get(f"/desk/people/{ann.ref}").text and "End this role" not in olga.text


def test_an_officer_signs_out_a_stolen_phone(app: Flask) -> None:
    rita = person("Rita")
    phone = Inspector(app).sign_in(rita.id).get("/people/me")
    olga = person("Olga", "officer")
    Inspector(app).sign_in(olga.id).get(f"/desk/people/{rita.ref}").submit("Sign them out everywhere").follow()
    phone.get("/people/me", status=303)
    event = events_of(f"person:{rita.id}")[-1]
    assert (event.kind, event.actor_id) == ("signed_out_everywhere", olga.id)


def test_the_desk_changes_details_for_who_cannot(app: Flask) -> None:
    rita, olga = person("Rita"), person("Olga", "officer")
    officer = see(Inspector(app, budget=30).sign_in(olga.id), f"/desk/people/{rita.ref}/details", BUDGET + 1)
    officer.submit("Save", status=422, email="rita.new@example.org", basis="telephone")
    assert "Write why" in officer.text and "rita.new@example.org" in officer.text
    officer.submit("Save", status=422, email=queries.person(olga.id).email or "", reason="She rang", basis="telephone")
    assert "belongs to somebody who is with us already" in officer.text
    was = queries.person(rita.id).email
    officer.submit("Save", email="rita.new@example.org", postal_address="1 High Street", large_print="y", reason="She rang").follow()
    db.session.rollback()
    me = queries.person(rita.id)
    assert (me.email, me.postal_address, me.large_print) == ("rita.new@example.org", "1 High Street", True)
    event = events_of(f"person:{rita.id}")[-1]
    assert (event.kind, event.actor_id, event.on_behalf_id, event.basis, event.reason) == ("details_changed", olga.id, rita.id, "telephone", "She rang")  # fmt: skip
    assert "rita.new" not in str(event.data), "an address stays in no event"
    told = db.session.scalars(select(Message).where(Message.about == "sign-in", Message.address == was)).all()
    assert ["e-mail address, postal address" in each.body for each in told] == [True], "the way in that she had before is told"
    officer.get(f"/desk/people/{rita.ref}/details").submit("Save", reason="Again", basis="telephone")
    assert len(db.session.scalars(select(Message).where(Message.about == "sign-in")).all()) == 1, "nothing new is nothing"


def test_codes_on_their_way_to_an_old_address_open_nothing(app: Flask) -> None:
    rita, olga = person("Rita"), person("Olga", "officer")
    was = queries.person(rita.id).email or ""
    ticket = actions.ask_for_code("email", was, purpose="sign-in", next_path="/", network="", secret_key="k", base_url="")
    code = re.search(r"\d{6}", db.session.scalars(select(Message.body).order_by(Message.id.desc())).first() or "")
    given = replace(caring.Details.of(queries.person(rita.id)), email="rita.new@example.org")
    caring.change_details(rita.id, given, "Her old one was stolen", Actor(olga.id, rita.id, "in person"))
    assert code is not None
    with pytest.raises(Refused, match="not right"):
        actions.use_code(ticket, code[0], purpose="sign-in", device="", secret_key="k")


@pytest.mark.parametrize("role", ["connector", "officer", "finance", "auditor", "administrator"])
def test_nobody_changes_the_way_in_of_who_has_a_role(app: Flask, role: str) -> None:
    olga, boss = person("Olga", "officer"), person("Boss", role)
    given = replace(caring.Details.of(queries.person(boss.id)), email="mine@example.org")
    with pytest.raises(Refused, match="They have a role"):
        caring.change_details(boss.id, given, "A trick", Actor(olga.id, boss.id, "telephone"))
    officer = see(Inspector(app).sign_in(olga.id), f"/desk/people/{boss.ref}/details", BUDGET + 1)
    assert "only they change" in officer.text and "<textarea" not in officer.text
    own = caring.Details.of(queries.person(olga.id))
    with pytest.raises(Refused, match="About you"):
        caring.change_details(olga.id, own, "Mine", Actor(olga.id, olga.id, "telephone"))


def test_the_desk_leads_to_them(app: Flask) -> None:
    links = {
        name: set(Inspector(app).sign_in(person(name, name.lower()).id).get("/desk/").links())
        for name in ("Officer", "Administrator", "Connector")
    }
    places = {"/desk/areas", "/desk/settings", "/desk/people"}
    assert places <= links["Officer"] and places | {"/desk/roles"} <= links["Administrator"]
    assert "/desk/roles" not in links["Officer"] and not (places | {"/desk/roles"}) & links["Connector"]
