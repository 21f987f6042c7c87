"""The pages of an appeal: asked only after it is explained, typed text kept, hidden from who is tied, printed without a word of anybody."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.db import db, transaction
from portal.grants import appeals, apply, award, decide
from portal.outbox import messages_about
from portal.panels import actions as panels
from portal.panels import seats
from portal.people.model import Person
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin, person

PAGE, FORM = 15, 60  # queries: a page that is looked at, and one that is sent


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    made = begin()
    for name, role in (("Hana", "officer"), ("Ivo", "officer"), ("Gus", "connector"), ("Nell", "connector")):
        made.people[name] = person(name, role)
    yield made
    assert_books_are_right()


def told(season: Season, choice: str = "no", conditions: tuple[str, ...] = (), title: str = "A garden for Mossgate") -> str:
    ref = season.decided(season.sent(title), choice)
    decide.write_letter(ref, "There is one round the corner.", conditions, None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
    return ref


def browser(app: Flask, season: Season, name: str) -> Inspector:
    return Inspector(app, FORM).sign_in(season.who(name).id)


def made(season: Season, bid: str, ground: str = "unseen") -> str:
    return appeals.make(bid, ground, "Nobody saw the photos of the zebra.", season.actor("Rita"))


def answer(season: Season, ref: str, upheld: bool, by: str = "Hana", stage: str = "open") -> None:
    appeals.answer(ref, stage, upheld, "I counted the zebra myself.", {0}, True, season.actor(by))


def test_from_the_letter_to_the_second_answer(app: Flask, season: Season) -> None:
    """Rita on her phone, Hana and Ivo at the desk: explained, chosen, written, answered, looked at twice."""
    bid = told(season)
    rita = browser(app, season, "Rita").get(f"/grants/{bid}")
    assert "You can appeal until" in rita.text
    rita.get(f"/grants/{bid}/appeal")
    for words in (
        "did we keep to the rules",
        "once.",
        "within 10 working days",
        "It does not say what you write",
        "You would have decided otherwise",
    ):
        assert words in rita.text
    rita.submit("Continue", status=422)
    assert "Choose what went wrong." in rita.text
    rita.submit("Continue", ground="unseen").follow()
    assert "Something we sent was not looked at" in rita.text
    rita.submit("Send the appeal", words=" ", status=422)
    rita.submit("Send the appeal", words="x" * 2001, status=422)
    assert "x" * 2001 in rita.text
    rita.submit("Send the appeal", words="Nobody saw the <b>photos</b>.").follow()
    ref = rita.path.split("/")[4]
    assert ref.startswith("APL-") and "We have your appeal" in rita.text and ref in rita.text
    rita.get(f"/grants/{bid}/appeals/{ref}")
    assert "Nobody saw the &lt;b&gt;photos" in rita.text and "You hear by" in rita.text
    rita.get(f"/grants/{bid}")
    assert "Your appeal" in rita.text and "Rita appealed." in rita.text and "You can appeal until" not in rita.text
    rita.get(f"/grants/{bid}/appeal")
    assert "You have appealed against this letter already" in rita.text and "See your appeal" in rita.text
    assert rita.get(f"/grants/{bid}/appeal/tie", status=303).location == f"/grants/{bid}/appeal"

    hana = browser(app, season, "Hana").get("/desk/")
    assert "appeal to answer" in hana.text
    hana.get("/desk/appeals")
    assert "A garden for Mossgate" in hana.text and "10 working days left" in hana.text and "came today" in hana.text
    hana.get(f"/desk/appeals/{ref}")
    for words in ("There is one round the corner.", "The panel said no", "3 had to vote", "Hana, Ivo", "4 seats could vote."):
        assert words in hana.text, words
    hana.submit("Send the answer", status=422)
    for words in ("Say whether the appeal is right.", "Write why, in plain words.", "Say that nothing ties you"):
        assert words in hana.text
    hana.submit("Send the answer", outcome="not_upheld", reasons="The photos were there.", status=422)
    assert "The photos were there.</textarea>" in hana.text
    hana.submit("Send the answer", outcome="not_upheld", reasons="The photos were there.", sure="y").follow()
    assert "Send the answer" not in hana.text and "The photos were there." in hana.text

    rita.get(f"/grants/{bid}/appeals/{ref}")
    assert "The photos were there." in rita.text
    rita.get(f"/grants/{bid}/appeals/{ref}/second").submit("Send it", words="", status=422)
    rita.submit("Send it", words="Which photos?").follow()
    assert "A different person takes the second look." in rita.text
    hana.get(f"/desk/appeals/{ref}")
    assert "You gave the first answer" in hana.text and "Send the answer" not in hana.text
    ivo = browser(app, season, "Ivo").get(f"/desk/appeals/{ref}")
    assert "Which photos?" in ivo.text
    ivo.submit("Send the answer", outcome="upheld", reasons="One photo was lost.", sure="y").follow()
    assert "It was right" in ivo.text and ivo.get("/desk/appeals").text.count(ref) == 1
    rita.get(f"/grants/{bid}/appeals/{ref}")
    assert "You were right, and we are sorry" in rita.text and "One photo was lost." in rita.text
    rita.get(f"/grants/{bid}")
    assert "You hear by" in rita.text and "What the panel said" not in rita.text


def test_who_does_not_agree_hears_what_they_can_do(app: Flask, season: Season) -> None:
    bid = told(season)
    rita = browser(app, season, "Rita").get(f"/grants/{bid}/appeal")
    rita.submit("Continue", ground="disagree").follow()
    for words in ("Ask again", "Spring takes ideas now", "Talk to somebody", "01375 000000", "connector"):
        assert words in rita.text
    rita.get(f"/grants/{bid}/appeal").submit("Continue", ground="nonsense", status=422)
    rita.get(f"/grants/{bid}/appeal/disagree", status=404)


def test_too_late_the_page_says_so_and_keeps_what_was_typed(app: Flask, season: Season) -> None:
    bid = told(season)
    with clock.held_at(clock.now() + timedelta(days=25)):
        rita = browser(app, season, "Rita").get(f"/grants/{bid}/appeal/tie")
    with clock.held_at(clock.now() + timedelta(days=36)):
        rita.submit("Send the appeal", words="I was away.", status=422)
        assert "The time to appeal ended on" in rita.text and "I was away.</textarea>" in rita.text
        rita.get(f"/grants/{bid}/appeal")
        assert "The time to appeal ended on" in rita.text and "Continue" not in rita.text
        assert "You can appeal until" not in rita.get(f"/grants/{bid}").text


def test_a_second_tap_comes_to_the_same_page(app: Flask, season: Season) -> None:
    bid = told(season)
    rita = browser(app, season, "Rita").get(f"/grants/{bid}/appeal/tie")
    values = rita._values(rita._form("Send the appeal", None)) | {"words": "x"}
    first = rita.post(f"/grants/{bid}/appeal/tie", values).location
    assert rita.post(f"/grants/{bid}/appeal/tie", values).location == first


def test_taken_back_by_one_tap_after_a_page_that_asks(app: Flask, season: Season) -> None:
    bid = told(season)
    ref = made(season, bid)
    rita = browser(app, season, "Rita").get(f"/grants/{bid}/appeals/{ref}/withdraw")
    rita.submit("Take it back").follow()
    assert "Taken back" in rita.text and "Take the appeal back" not in rita.text
    assert rita.get(f"/grants/{bid}/appeals/{ref}/sent", status=303).location == f"/grants/{bid}/appeals/{ref}"
    rita.get(f"/grants/{bid}/appeals/{ref}/second")
    assert "Send it" not in rita.text
    rita.get(f"/grants/{bid}/appeals/{ref}/withdraw")
    hana = browser(app, season, "Hana").get(f"/desk/appeals/{ref}")
    assert "Who may answer" not in hana.text


def test_answered_meanwhile_the_second_officer_reads_by_whom(app: Flask, season: Season) -> None:
    ref = made(season, told(season))
    ivo = browser(app, season, "Ivo").get(f"/desk/appeals/{ref}")
    answer(season, ref, False)
    ivo.submit("Send the answer", outcome="upheld", reasons="I think so too.", sure="y", status=422)
    assert "Hana has answered this already." in ivo.text


def test_conditions_fall_away_by_a_tick(app: Flask, season: Season) -> None:
    bid = told(season, "yes", ("The owner agrees", "A plan"))
    rita = browser(app, season, "Rita").get(f"/grants/{bid}/appeal")
    assert "You can say yes to the offer meanwhile" in rita.text
    ref = made(season, bid, "fact")
    hana = browser(app, season, "Hana").get(f"/desk/appeals/{ref}")
    hana.submit("Send the answer", outcome="upheld", reasons="It was said.", sure="y", status=422)
    assert "Choose which conditions fall away" in hana.text and "It was said.</textarea>" in hana.text
    hana.submit("Send the answer", outcome="upheld", reasons="It was said.", sure="y", dropped="1").follow()
    rita.get(f"/grants/{bid}/award")
    assert rita.text.count("Not needed any more") == 1 and rita.text.count("Still needed") == 1
    assert award.unmet(season.award(bid)) == {0: "The owner agrees"}
    assert "A plan" in rita.get(f"/grants/{bid}").text, "the story tells which"


# --- typed by somebody else ----------------------------------------------------------------------------------------------


def test_a_connector_types_it_on_a_basis_and_the_applicant_hears(app: Flask, season: Season) -> None:
    bid = told(season)
    gus = browser(app, season, "Gus").get("/desk/appeals/new")
    for wrong in ("", "SPK-2222-2222", "nonsense"):
        gus.submit("Continue", ref=wrong, status=422)
    gus.submit("Continue", ref=bid.lower().replace("-", " ")).follow()
    assert "You are writing for somebody else." in gus.text and "Rita" not in gus.text
    gus.submit("Continue", ground="tie").follow()
    gus.submit("Send the appeal", words="She rang me.", status=422)
    assert "Say how you have it." in gus.text and "She rang me.</textarea>" in gus.text
    gus.submit("Send the appeal", words="She rang me.", basis="paper sheet", sheet="41").follow()
    ref = gus.path.split("/")[4]
    one = appeals.appeal_by_ref(ref)
    assert (one.helper_id, one.helper_basis) == (season.who("Gus").id, "paper sheet 41")
    heard = {each.to_name for each in messages_about(f"bid:{one.application_id}") if ":received:" in each.key}
    assert heard == {"Rita", "Gus"}
    assert "Gus wrote it down for you." in messages_about(f"bid:{one.application_id}")[0].body
    gus.get(f"/grants/{bid}/appeals/{ref}")
    gus.get(f"/grants/{bid}", status=404)
    browser(app, season, "Nell").get(f"/grants/{bid}/appeals/{ref}", status=404)
    rita = browser(app, season, "Rita").get(f"/grants/{bid}")
    assert "Gus for Rita appealed." in rita.text
    hana = browser(app, season, "Hana").get(f"/desk/appeals/{ref}")
    assert "typed by Gus (paper sheet 41)" in hana.text
    answer(season, ref, False)
    gus.get(f"/grants/{bid}/appeals/{ref}/second").submit("Send it", words="She rang again.", status=422)
    gus.submit("Send it", words="She rang again.", basis="telephone").follow()
    gus.get(f"/grants/{bid}/appeals/{ref}/withdraw").submit("Take it back", basis="telephone").follow()


def test_nobody_types_for_who_is_their_neighbour_on_the_panel(app: Flask, season: Season) -> None:
    """A connector who sat on the panel and declared a tie does not meet the idea here either."""
    seats.add_seat(season.who("Olga"), season.panel_ref, season.ref("Gus"), term_start=clock.today(), term_end=None, reason="x")
    bid = season.sent()
    matter = season.with_panel(bid)
    panels.declare(season.who("Gus"), season.panel_ref, matter, "friend")
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, "no", "No.")
    panels.close(season.who("Ada"), season.panel_ref, matter)
    decide.write_letter(bid, "No.", (), None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [bid], season.actor("Olga")), season.actor("Otto"))
    gus = browser(app, season, "Gus")
    gus.get(f"/grants/{bid}/appeal", status=404)
    gus.get("/desk/appeals/new").submit("Continue", ref=bid, status=422)
    assert "We know no idea with that reference" in gus.text


# --- hidden --------------------------------------------------------------------------------------------------------------


def test_strangers_find_nothing(app: Flask, season: Season) -> None:
    bid = told(season)
    other = told(season, title="A bench")
    ref = made(season, bid)
    for name in ("Rob", "Ada", "Fay"):
        who = browser(app, season, name)
        for path in (
            f"/grants/{bid}/appeal",
            f"/grants/{bid}/appeal/tie",
            f"/grants/{bid}/appeal/instead",
            f"/grants/{bid}/appeals/{ref}/second",
            f"/grants/{bid}/appeals/{ref}/withdraw",
        ):
            who.get(path, status=404)
        who.get(f"/grants/{bid}/appeals/{ref}", status=200 if name == "Fay" else 404)
        who.get("/desk/appeals", status=404)
        who.get(f"/desk/appeals/{ref}", status=404)
        who.get("/desk/appeals/new", status=404)
    rita = browser(app, season, "Rita")
    for page in ("", "/sent", "/second", "/withdraw"):
        rita.get(f"/grants/{other}/appeals/{ref}{page}", status=404)
        rita.get(f"/grants/{bid}/appeals/APL-2222-2222{page}", status=404)


def test_an_officer_who_is_tied_reads_a_sentence_and_nothing_else(app: Flask, season: Season) -> None:
    seats.add_seat(season.who("Olga"), season.panel_ref, season.ref("Ivo"), term_start=clock.today(), term_end=None, reason="x")
    bid = season.sent()
    matter = season.with_panel(bid)
    panels.declare(season.who("Ivo"), season.panel_ref, matter, "money")
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, "no", "No.")
    panels.close(season.who("Ada"), season.panel_ref, matter)
    decide.write_letter(bid, "No.", (), None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [bid], season.actor("Olga")), season.actor("Otto"))
    ref = made(season, bid)
    ivo = browser(app, season, "Ivo").get(f"/desk/appeals/{ref}")
    assert "hidden from you" in ivo.text and "garden" not in ivo.text and "zebra" not in ivo.text
    ivo.get(f"/grants/{bid}/appeals/{ref}", status=404)
    assert ref not in ivo.get("/desk/appeals").text
    values = {"stage": "open", "outcome": "upheld", "reasons": "x", "sure": "y"}
    token = next(token for token in (ivo._values(form).get("csrf_token") for form in ivo.get("/people/me").forms()) if token)
    ivo.post(f"/desk/appeals/{ref}", values | {"csrf_token": token}, status=200)
    db.session.rollback()
    assert appeals.appeal_by_ref(ref).status == "open"
    olga = browser(app, season, "Olga").get(f"/desk/appeals/{ref}")
    assert "You wrote the letter" in olga.text and "Send the answer" not in olga.text and "zebra" in olga.text


def test_late_ones_stand_first(app: Flask, season: Season) -> None:
    first, second = made(season, told(season)), made(season, told(season, title="A bench"))
    with clock.held_at(clock.now() + timedelta(days=20)):
        third = made(season, told(season, title="A swing"))
        hana = browser(app, season, "Hana").get("/desk/appeals")
        assert hana.text.index(first) < hana.text.index(second) < hana.text.index(third)
        assert "late" in hana.text and "20 days old" in hana.text
        hana.get("/desk/")
        assert "appeals that are late" in hana.text and "appeal to answer" in hana.text


# --- the register --------------------------------------------------------------------------------------------------------


def test_the_register_says_that_there_was_one_and_what_came_of_it(app: Flask, season: Season) -> None:
    bid = told(season)
    public = Inspector(app, 8)
    assert "Appeal" not in public.get(f"/register/{bid}").text
    ref = made(season, bid)
    steps = [("Not answered yet.", "open", False)]

    def reads(words: str, outcome: str, final: bool) -> None:
        public.get(f"/register/{bid}")
        assert "Something we sent was not looked at" in public.text and words in public.text
        assert "zebra" not in public.text and "Hana" not in public.text and "Rita" not in public.text
        facts = json.loads(public.get(f"/register/{bid}.json").text)
        assert [(each["ground"], each["outcome"], each["final"]) for each in facts["appeals"]] == [("unseen", outcome, final)]
        assert "zebra" not in public.text

    reads(*steps[0])
    answer(season, ref, False)
    reads("The rules were kept.", "not_upheld", False)
    appeals.ask_again(ref, "The zebra!", season.actor("Rita"))
    reads("Not answered yet.", "open", False)
    answer(season, ref, True, by="Ivo", stage="second_stage")
    reads("The appeal was right.", "upheld", True)
    assert "looked at anew" in public.get(f"/register/{bid}").text and "There is one round the corner" not in public.text
    assert bid not in public.get("/register/").text
    season.decided(bid, "yes")
    assert "looked at anew" in public.get(f"/register/{bid}").text, "a decision is private until it is released"
    decide.write_letter(bid, "Yes after all.", (), None, season.actor("Olga"))
    assert "Yes after all" not in public.get(f"/register/{bid}").text
    assert "Yes after all" not in browser(app, season, "Rita").get(f"/grants/{bid}").text
    decide.release(decide.prepare_release(season.round_ref, [bid], season.actor("Olga")), season.actor("Otto"))
    reads("The appeal was right.", "upheld", True)
    assert "Yes after all" in public.get(f"/register/{bid}").text


def test_what_was_never_in_the_register_does_not_come_into_it(app: Flask, season: Season) -> None:
    bid = season.sent()
    apply.set_ineligible(bid, "Another fund.", season.actor("Olga"))
    appeals.answer(made(season, bid, "fact"), "open", True, "It was wrong.", (), True, season.actor("Hana"))
    Inspector(app, 8).get(f"/register/{bid}", status=404).get(f"/register/{bid}.json", status=404)


def test_taken_back_stands_there_too(app: Flask, season: Season) -> None:
    bid = told(season)
    appeals.withdraw(made(season, bid), season.actor("Rita"))
    assert "The appeal was taken back." in Inspector(app, 8).get(f"/register/{bid}").text


def test_pages_take_few_queries(app: Flask, season: Season) -> None:
    bid = told(season, "yes", ("The owner agrees",))
    first = browser(app, season, "Rita")
    first.budget = PAGE
    for page in ("", "/appeal", "/appeal/tie", "/appeal/instead"):
        first.get(f"/grants/{bid}{page}")
    ref = made(season, bid, "fact")
    answer(season, ref, False)
    for page in ("", "/second", "/withdraw"):
        first.get(f"/grants/{bid}/appeals/{ref}{page}")
    appeals.ask_again(ref, "x", season.actor("Rita"))
    desk = browser(app, season, "Ivo")
    desk.budget = PAGE
    desk.get(f"/desk/appeals/{ref}")
    desk.budget = 8
    desk.get("/desk/appeals").get("/desk/")


def test_a_name_in_an_old_appeal_is_forgotten_on_the_desk(app: Flask, season: Season) -> None:
    ref = made(season, told(season))
    answer(season, ref, False)
    with transaction():
        appeal = appeals.appeal_by_ref(ref)
        appeal.words = ""
        db.session.get_one(Person, season.who("Rita").id).name = ""
    assert "The words were forgotten" in browser(app, season, "Hana").get(f"/desk/appeals/{ref}").text
