"""The pages of a decision and its money, walked as people walk them: the officer, the panel, the applicant, finance."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import html5lib
import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from portal import clock
from portal.db import db, transaction
from portal.exports.register import STATES
from portal.grants import award, decide, pay, report
from portal.grants.views.apply import ENDED_WORDS
from portal.money import Pence
from portal.panels import actions as panels
from portal.people import sessions
from tests.grants.season import Season, assert_books_are_right, begin


class Browser:
    """Somebody at a browser: follows links by address, fills the forms that are on the page, and judges each page."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.text = ""
        self.path = ""
        self.status = 0

    def sign_in(self, season: Season, name: str) -> "Browser":
        with transaction():
            token = sessions.begin(season.who(name).id, "Test")
        with self.client.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True
        return self

    def get(self, path: str, status: int = 200) -> "Browser":
        self._fresh()
        return self._take(self.client.get(path), path, status)

    def _fresh(self) -> None:
        """The test's own application context must not carry the person of the last request into the next."""
        for name in list(g):
            g.pop(name)
        db.session.rollback()

    def _take(self, response: object, path: str, status: int) -> "Browser":
        self.path, self.status, self.text = path, response.status_code, response.get_data(as_text=True)  # type: ignore[attr-defined]
        assert self.status == status, (path, self.status, self.said())
        if self.status != 303:
            self._judge()
        self.location = response.headers.get("Location", "")  # type: ignore[attr-defined]
        return self

    def _judge(self) -> None:
        parser = html5lib.HTMLParser(strict=True)
        parser.parse(self.text)
        heads = re.findall(r"<h1[^>]*>(.*?)</h1>", self.text, re.S)
        assert len(heads) == 1, heads
        title = re.search(r"<title>(.*?)</title>", self.text, re.S)
        assert title is not None
        head = re.sub(r"<[^>]+>", "", heads[0]).strip()
        assert title[1].strip().removeprefix("Error: ").startswith(head), (title[1], head)
        ids = re.findall(r'\bid="([^"]+)"', self.text)
        assert len(ids) == len(set(ids)), sorted(each for each in ids if ids.count(each) > 1)
        for target in re.findall(r'\bfor="([^"]+)"', self.text):
            assert target in ids, target
        assert " style=" not in self.text and "<script>" not in self.text and "{{" not in self.text
        assert ">None<" not in self.text

    def said(self) -> str:
        """The page as words."""
        return (
            re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.text.split("<main", 1)[-1].split("</main>", 1)[0]))
            .replace("&#39;", "'")
            .strip()
        )

    def press(self, action: str, typed: Mapping[str, object] | None = None, *, status: int = 303, act: str = "", **more: str) -> "Browser":
        """Send the form that posts to `action` ("" for the page itself) and whose hidden act is `act`, with what it hides."""
        for attributes, body in re.findall(r"<form([^>]*)>(.*?)</form>", self.text, re.S):
            found = re.search(r'action="([^"]*)"', attributes)
            hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', body))
            goes_to = found[1] if found else ""
            if (goes_to == action or (not action and goes_to == self.path)) and hidden.get("act", "") == act:
                break
        else:
            raise AssertionError(f"no form to {action!r} with act {act!r} on {self.path}")
        fields = {**(typed or {}), **more}
        names = set(re.findall(r'name="([^"]+)"', body))
        assert set(fields) <= names, (set(fields) - names, names)
        # what the page shows is sent with it
        shown = dict(re.findall(r'<input class="govuk-input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', body))
        for name, options in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', body, re.S):
            chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
            shown[name] = chosen[1] if chosen else ""
        data = {**shown, **hidden, **fields}
        path = action or self.path
        self._fresh()
        self._take(self.client.post(path, data=data), path, status)
        return self

    def follow(self) -> "Browser":
        return self.get(self.location)


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()


def three(prefix: str, day: date) -> dict[str, object]:
    return {f"{prefix}-day": day.day, f"{prefix}-month": day.month, f"{prefix}-year": day.year}


def test_from_a_sent_idea_to_money_that_arrived(app: Flask, season: Season) -> None:
    ref = season.sent()
    olga, otto, fay, rita, ada = (Browser(app).sign_in(season, name) for name in ("Olga", "Otto", "Fay", "Rita", "Ada"))
    panel = season.panel_ref

    olga.get("/desk/decisions").get(f"/desk/rounds/{season.round_ref}/release").press(f"/desk/rounds/{season.round_ref}/to-panel").follow()
    matter = season.matter(ref).ref

    # the panel: ties before the idea, no name of the applicant on the idea itself, votes private
    ada.get("/panels/")
    assert "1 idea waits for you" in ada.said()
    ada.get(f"/panels/{panel}").get(f"/panels/{panel}/bids/{matter}")
    assert "Rita" in ada.said() and "Raised beds" not in ada.said()
    ada.press("", act="tie", status=422)
    assert "Say whether something ties you" in ada.said()
    ada.press("", act="tie", typed={"tie-tie": "none"}).follow()
    assert "Raised beds" in ada.said() and "Rita" not in ada.said()
    ada.press("", act="vote", status=422, choice="no")
    assert "Write why" in ada.said()
    ada.press("", act="vote", choice="yes").follow()
    for name in ("Ben", "Cleo"):
        seat = (
            Browser(app)
            .sign_in(season, name)
            .get(f"/panels/{panel}/bids/{matter}")
            .press("", act="tie", typed={"tie-tie": "none"})
            .follow()
        )
        seat.press("", act="vote", choice="yes", reason="We need it").follow()
    dan = (
        Browser(app).sign_in(season, "Dan").get(f"/panels/{panel}/bids/{matter}").press("", act="tie", typed={"tie-tie": "family"}).follow()
    )
    assert "A garden" not in dan.said()
    dan.get(f"/panels/{panel}/bids/{matter}", 404)
    ada.get(f"/panels/{panel}/bids/{matter}")
    assert "We need it" not in ada.said(), "votes are private until the count"
    assert "3 of 3 seats" in ada.said()
    ada.press(f"/panels/{panel}/bids/{matter}/close").follow()
    assert "The panel said: Yes" in ada.said() and "We need it" in ada.said()
    Browser(app).sign_in(season, "Rob").get(f"/panels/{panel}", 404)

    # private until released
    rita.get(f"/grants/{ref}")
    assert "Decided" not in rita.said()
    rita.get(f"/grants/{ref}/award", 404)

    # the letter and its release
    olga.get(f"/desk/rounds/{season.round_ref}/release").get(f"/desk/bids/{ref}/letter")
    olga.press("", status=422)
    olga.press("", reason="It brings us together.", conditions="Permission of the landowner\n").follow()
    olga.press(f"/desk/rounds/{season.round_ref}/prepare", bid=ref)
    release = olga.location
    olga.follow()
    assert "You prepared this" in olga.said() and "Permission of the landowner" in olga.said()
    otto.get("/desk/decisions").get(release).press(f"{release}/release").follow()
    assert "Released by Otto" in otto.said()

    # the link of the letter: a scanner opens it and nothing happens; the button says yes
    made = season.award(ref)
    link = award.accept_link(made).removeprefix("http://localhost")
    stranger = Browser(app).get(link)
    assert season.award_now(made).status == "reserved"
    assert stranger.client.get(link).headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in stranger.client.get(link).headers["Cache-Control"]
    stranger.press("").follow()
    assert season.award_now(made).status == "conditions_open"
    Browser(app).get(link[:-1] + ("0" if link[-1] != "0" else "1"), 404)

    # the account, after a fresh proof
    rita.get(f"/grants/{ref}/award").get(f"/grants/{ref}/award/account")
    rita.press("", status=422, name="Mossgate Gardeners", sort_code="12", account_number="x")
    assert "six digits" in rita.said() and "eight digits" in rita.said()
    rita.press("", name="Mossgate Gardeners", sort_code="20-12-34", account_number="1234 5678").follow()
    assert "••••5678" in rita.said() and "12345678" not in rita.text
    with clock.held_at(clock.now() + timedelta(minutes=11)):
        assert rita.get(f"/grants/{ref}/award/account", 303).location.startswith("/people/prove")

    # three hands
    award_ref = season.award_now(made).ref
    otto.get(f"/finance/awards/{award_ref}").press("", act="condition").follow()
    fay.get("/finance/")
    assert "A garden for Mossgate" in fay.said()
    fay.get(f"/finance/awards/{award_ref}").press("", act="prepare", status=422, typed={"prepare-amount": "900"})
    assert "At most £250.00" in fay.said()
    fay.press("", {"prepare-amount": ""}, act="prepare")
    payment = fay.location
    fay.follow()
    assert "another person approves" in fay.said()
    olga.get(payment).press("", act="approve").follow()
    olga.get("/finance/")
    olga.get("/finance/release?payments=" + payment.rsplit("/", 1)[1]).press("/finance/release", status=422)
    assert "A third person must release it" in olga.said()
    otto.get("/finance/release?payment=" + payment.rsplit("/", 1)[1], 303).follow().press("/finance/release")
    run = otto.location
    otto.follow()
    otto.press(f"{run}/numbers").follow()
    assert "12345678" in otto.said() and "20-12-34" in otto.said()
    fay.get(f"{run}/numbers", 404)
    fay.get(run)
    assert "12345678" not in fay.text
    fay.press(f"{run}/settle", status=422, typed={"on-day": "", "on-month": "", "on-year": ""})
    fay.press(f"{run}/settle", typed=three("on", clock.today())).follow()
    fay.get(payment).get("/finance/payments").get("/finance/payments?state=settled").get(f"/finance/awards/{award_ref}")
    fay.press(
        "", act="refund", status=422, typed={"refund-amount": "300", "refund-reason": "x", **three("refund-received_on", clock.today())}
    )
    fay.press(
        "", act="refund", typed={"refund-amount": "12.40", "refund-reason": "Cheaper", **three("refund-received_on", clock.today())}
    ).follow()
    assert "Unspent money back" in fay.said()
    rita.get(f"/grants/{ref}/award")
    assert "Arrived" in rita.said()
    assert season.award_now(made).paid == 237_60
    assert_books_are_right()


def test_the_other_pages(app: Flask, season: Season) -> None:
    olga = Browser(app).sign_in(season, "Olga")
    panel = season.panel_ref
    olga.get("/panels/").get("/panels/new").press("", status=422)
    olga.press("", name="Second panel").follow()
    olga.get(f"/panels/{panel}/seats/new").press("", status=422)
    olga.press("", status=422, person="nobody@example.org", reason="Elected", typed=three("term_start", clock.today()))
    assert "We know nobody" in olga.said()
    olga.press("", person="rob@example.org", reason="Elected", typed=three("term_start", clock.today())).follow()
    assert "Rob" in olga.said()
    olga.get(f"/panels/{panel}/seats/{season.ref('Rob')}").press("", act="chair", typed={"chair-reason": "Elected"})
    olga.get(f"/panels/{panel}/seats/{season.ref('Rob')}").press("", act="", status=422)
    olga.press("", reason="Moved away", typed=three("last_day", clock.today())).follow()

    ref = season.sent("Street party")
    matter = season.with_panel(ref)
    olga.get(f"/panels/{panel}/bids/{matter}/paper").press("", status=422)
    assert "Ask them about ties first" in olga.said()
    olga.press("", person=season.ref("Ben"), no_tie="y", source="paper", sheet="7", choice="yes").follow()
    assert "1 of 5 seats" in olga.said() or "1 of 4 seats" in olga.said()
    olga.get(f"/desk/bids/{ref}/from-panel").press("", status=422)
    olga.press("", reason="They asked us to wait").follow()
    assert season.bid(ref).status == "sent"

    made = season.offered(season.sent("Bench"))
    rita = Browser(app).sign_in(season, "Rita")
    rita.get(f"/grants/{made.application.ref}/award").get(f"/grants/{made.application.ref}/award/decline").press(
        "", reason="We got money elsewhere"
    ).follow()
    assert season.award_now(made).status == "declined"
    made = season.ready(season.sent("Tools"))
    rita.get(f"/grants/{made.application.ref}/award").get(f"/grants/{made.application.ref}/award/give-back").press("").follow()
    assert season.award_now(made).status == "returned"

    made = season.ready(season.sent("Mural"))
    fay = Browser(app).sign_in(season, "Fay")
    payment = pay.prepare(made.ref, None, season.actor("Olga"))
    fay.get(f"/finance/payments/{payment}").press("", act="cancel", status=422)
    for unknown in ("payment", "active", "x"):
        fay.get(f"/finance/payments/{payment}").press("", act="cancel", typed={"act": unknown}, status=422)
    fay.press("", act="cancel", typed={"cancel-reason": "Wrong sum"}).follow()
    sent = season.released(made)
    fay.get(f"/finance/payments/{sent.ref}").press("", act="bounce", status=422)
    fay.press("", act="bounce", typed={"bounce-reason": "Account closed", **three("bounce-on", clock.today())}).follow()
    assert "Account closed" in fay.said()

    ref = season.decided(season.sent("Choir"), "no")
    olga.get(f"/desk/bids/{ref}/undo").press("", status=422)
    olga.press("", reason="Two seats were missing").follow()
    assert season.bid(ref).status == "with_panel"
    ref = season.decided(season.sent("Lights"), "no")
    decide.write_letter(ref, "Not this time.", [], None, season.actor("Olga"))
    release = decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
    olga.get(f"/desk/releases/{release}").press(f"/desk/releases/{release}/cancel").follow()
    olga.get(f"/desk/releases/{release}")
    assert "Taken back" in olga.said()
    assert panels  # the actions behind these pages have their own tests
    assert_books_are_right()


def test_who_finds_what(app: Flask, season: Season) -> None:
    made = season.ready()
    payment = season.released(made)
    run = pay.run_by_ref(season_run(payment.id))
    ref = season.award_now(made).application.ref
    for path, allowed in (
        ("/finance/", {"Olga", "Otto", "Fay"}), ("/finance/payments", {"Olga", "Otto", "Fay"}), (f"/finance/payments/{payment.ref}", {"Olga", "Otto", "Fay"}),
        (f"/finance/runs/{run.ref}", {"Olga", "Otto", "Fay"}), (f"/finance/awards/{made.ref}", {"Olga", "Otto", "Fay"}),
        ("/desk/decisions", {"Olga", "Otto"}), (f"/desk/rounds/{season.round_ref}/release", {"Olga", "Otto"}), (f"/panels/{season.panel_ref}", {"Olga", "Otto", "Ada", "Dan"}),
        (f"/grants/{ref}/award", {"Olga", "Otto", "Fay", "Rita"}),
    ):  # fmt: skip
        for name in ("Olga", "Otto", "Fay", "Ada", "Dan", "Rita", "Rob"):
            Browser(app).sign_in(season, name).get(path, 200 if name in allowed else 404)
        assert Browser(app).get(path, 303).location.startswith("/people/sign-in")


def season_run(payment_id: int) -> str:
    """The reference of the run that a payment was released in."""
    from portal.grants.model import Payment, PaymentRun

    payment = db.session.get_one(Payment, payment_id)
    return db.session.get_one(PaymentRun, payment.run_id).ref


def test_finance_sees_who_entered_the_account_and_whose_name_it_is_in(app: Flask, season: Season) -> None:
    made = season.offered()
    award.accept(made.ref, season.actor("Rita"))
    otto, fay, olga = (Browser(app).sign_in(season, name) for name in ("Otto", "Fay", "Olga"))
    page = f"/grants/{made.application.ref}/award/account"
    otto.get(page).press("", name="Otto's friend", sort_code="20-12-34", account_number="12345678")
    otto.follow()
    otto.get(f"/finance/awards/{made.ref}")
    assert "You entered the account, so another person prepares the payment" in otto.said()
    assert "Prepare the payment" not in otto.said()

    fay.get(f"/finance/awards/{made.ref}")
    both = "the money goes to “Mossgate Gardeners”, and this account is in the name of “Otto's friend”"
    assert "Entered by Otto, " in fay.said() and both in fay.said()
    fay.press("", {"prepare-amount": ""}, act="prepare")
    payment = fay.location
    for each in (fay, olga):
        each.get(payment)
        assert "<br>Entered by Otto, " in each.text and both in each.said()
    otto.get(payment)
    assert "You entered the account, so another person approves it" in otto.said() and "Approve this payment" not in otto.said()
    olga.get(payment).press("", act="approve")
    otto.get(payment)
    assert "Another person releases it" in otto.said()
    otto.get("/finance/")
    assert "checkbox" in otto.text and " checked>" not in otto.text
    assert pay.hands(made.application, award.current_payee(season.award_now(made))) == 2, "so who approved may release"
    olga.get("/finance/release?payments=" + payment.rpartition("/")[2])
    assert "Entered by Otto" in olga.said() and "the idea says “Mossgate Gardeners”" in olga.said()


def test_the_applicants_own_account_needs_no_second_look(app: Flask, season: Season) -> None:
    made = season.ready()
    fay = Browser(app).sign_in(season, "Fay").get(f"/finance/awards/{made.ref}")
    assert "Entered by Rita, " in fay.said() and "Look twice" not in fay.said()


def test_how_a_grant_ended_is_said_as_in_the_register(app: Flask, season: Season) -> None:
    made = season.ready()
    ref, fay = made.application.ref, season.actor("Fay")
    rita = Browser(app).sign_in(season, "Rita").get(f"/grants/{ref}")
    assert "Accepted" in rita.said() and "Grant £250.00" in rita.said() and "Grant kept" not in rita.said()
    pay.settle(season.released(made).ref, clock.today(), fay)
    pay.refund(made.ref, Pence(250_00), clock.today(), "The hall is closed", fay)
    for page in (f"/grants/{ref}", "/"):
        assert "Money came back" in rita.get(page).said(), page
    assert "Grant offered £250.00 Grant kept £0.00" in rita.get(f"/grants/{ref}").said()

    other = season.ready(season.sent("Another garden"))
    pay.settle(season.released(other).ref, clock.today(), fay)
    report.waive(other.application.ref, "Seen in person", season.actor("Olga"))
    for page in (f"/grants/{other.application.ref}", "/"):
        assert "Finished" in rita.get(page).said(), page
    assert "Accepted" not in rita.said()
    # the words of the register itself
    assert {ENDED_WORDS["closed"][0], ENDED_WORDS["returned"][0]} == {STATES["finished"], STATES["returned"]}


def test_an_idea_given_back_unpaid_keeps_nothing(app: Flask, season: Season) -> None:
    made = season.ready()
    award.withdraw(made.ref, season.actor("Rita"))
    rita = Browser(app).sign_in(season, "Rita").get(f"/grants/{made.application.ref}")
    assert "Grant offered £250.00 Grant kept £0.00" in rita.said()


@pytest.mark.parametrize(("rolling", "until"), [(True, "Until the panel has it"), (False, "Until the round closes")])
def test_until_when_an_idea_can_be_changed(app: Flask, rolling: bool, until: str) -> None:
    season = begin(rolling=rolling)
    rita = Browser(app).sign_in(season, "Rita").get(f"/grants/{season.sent()}/sent")
    assert f"{until} you can still change it" in rita.said()
