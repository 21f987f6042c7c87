"""A full round: forty ideas, twelve seats, three ties and a seat on paper, by each rule, on a phone and at a desk, to the letters."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from pabutools.election import Cost_Sat
from pabutools.election.pabulib import parse_pabulib
from pabutools.fractions import frac
from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares
from pabutools.tiebreaking import TieBreakingRule
from playwright.sync_api import Browser, ViewportSize

from portal.panels.sharing import lot
from tests.browser.conftest import PHONE, TOP, Site, Visitor
from tests.browser.forty import BIDS, SEATS, likes
from tests.browser.test_axe import EVERYTHING, judge, whole

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK: ViewportSize = {"width": 1280, "height": 900}
WHOLE = {("equal_shares", "phone"), ("most_votes", "desk")}


def does(site: Site, act: str, *given: Any) -> Any:
    """What the others do meanwhile, by their rooms' own functions."""
    command = [sys.executable, "-m", "tests.browser.forty", act, *map(json.dumps, given)]
    done = subprocess.run(command, env=site.env, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("rule", "way"), [("threshold", "phone"), ("most_votes", "desk"), ("equal_shares", "phone"), ("equal_shares", "phone-plain")]
)
def test_forty_ideas(chromium: Browser, site: Site, rule: str, way: str, tmp_path: Path) -> None:
    scripts, size = way != "phone-plain", DESK if way == "desk" else PHONE
    by_hand = BIDS if (rule, way) in WHOLE else 6  # ideas that the chair marks and votes on by hand; the rest by the rooms' functions
    tag = f"{rule.replace('_', '')}{way.replace('-', '')}"
    laid = does(site, "lay", tag, rule)
    panel, sitting, names = f"/panels/{laid['panel']}", f"/panels/{laid['panel']}/sittings/{laid['sitting']}", laid["names"]

    def come(name: str) -> Visitor:
        who = Visitor(
            chromium.new_context(viewport=size, java_script_enabled=scripts, service_workers="block"), site.address, scripts=scripts
        )
        return who.open(does(site, "link", name)).press("Sign me in")

    def look(who: Visitor) -> None:
        """Nothing sticks out to the side, and axe is content."""
        assert who.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), who.page.url
        if scripts:
            whole(who.page, size["width"])
            who.page.evaluate(AXE_SCRIPT)
            judge(who.page, EVERYTHING, way)
            who.page.set_viewport_size(size)

    # Three are tied to one idea each, say so, and do not see it any more.
    done = []
    for seat in (1, 2, 3):
        who = come(names[seat]).open(sitting).click(f"Idea {seat * 5 + 1:02} {tag}")
        if seat == 1:
            look(who)
        who.choose(who.page.get_by_label("Close friend of somebody who asks")).press("Continue")
        assert f"Idea {seat * 5 + 1:02} {tag}" not in who.open(sitting).page.inner_text("main")
        done.append([seat, seat * 5])
        who.leave()

    # The chair reads all forty: no tie, three marks, on to the next that waits, "n of 40" above.
    chair = come(names[0]).open(sitting).sees(f"{BIDS} ideas wait for you").click("Go on")
    for number in range(by_hand):
        chair.choose(chair.page.get_by_label("No, nothing ties me to it")).press("Continue")
        chair.sees(f"{number + 1} of {BIDS}", "Nobody sees your marks")
        for question in range(3):
            field = chair.page.locator(f"input[name=mark_{question}][value='{likes(0, number)}']")
            if scripts:
                with chair.page.expect_response(lambda answer: answer.url.endswith("/marks")):
                    field.check()
            else:
                field.check()
        if number == 0:
            chair.sees("3 of 3 marks") if scripts else chair.press("Keep my marks").sees("All your marks are in.")
            look(chair)
        elif not scripts:
            chair.press("Keep my marks")
        done.append([0, number])
        if number < by_hand - 1:
            chair.click("Go on to the next idea")

    # The paper seat's first sheet is typed by the officer; everybody else marks.
    olga = come(f"Olga {tag}").open(f"{panel}/bids/{laid['matters'][0]}").click("Enter marks from paper")
    olga.choose(olga.page.get_by_label(names[SEATS - 1], exact=True))
    for question in range(3):
        olga.choose(olga.page.locator(f"input[name=mark_{question}][value='{likes(SEATS - 1, 0)}']"))
    olga.type(olga.page.locator("input[name=sheet]"), "P-000")
    olga.tick(olga.page.locator("input[name=no_tie]"))
    look(olga)
    olga.press("Enter this sheet").sees("The sheet is entered.")
    done.append([SEATS - 1, 0])
    does(site, "mark", laid, done)

    # All marks are in, so they are shown; now the talk and the votes.
    ties = [[seat, seat * 5] for seat in (1, 2, 3)]
    done = list(ties)
    chair.open(f"{panel}/bids/{laid['matters'][0]}").sees("What everybody thinks", names[5], "sheet P-000")
    chair.fill("What would you like to say?", "The pump works since May.")
    chair.press("Say it").sees("The pump works since May.")
    look(chair)
    for number in range(by_hand):
        choice = "Yes" if likes(0, number) >= 2 else "No"
        chair.choose(chair.page.locator("#vote").get_by_label(choice, exact=True))
        chair.type(chair.page.locator("#vote textarea"), "As I see it")
        chair.press("Vote")
        done.append([0, number])
    chair.sees("Your vote is in")
    olga.open(f"{panel}/bids/{laid['matters'][0]}").click("Enter a vote from paper or the hall")
    _paper_vote(olga, names[SEATS - 1], likes(SEATS - 1, 0))
    done.append([SEATS - 1, 0])
    assert olga.page.get_by_role("button", name="Count everything").count() == 0
    does(site, "vote", laid, done)

    # Counted at once by the chair, and the result says why.
    chair.open(sitting).sees(f"{BIDS} of {BIDS} ideas have enough votes.")
    look(chair)
    chair.press("Count everything").sees("Counted. Keep it to yourself")
    shares = rule != "threshold"
    if shares:
        chair.sees("How the pot was shared")
        look(chair)
    chair.open(f"{panel}/bids/{laid['matters'][5]}").sees("Tied", "The panel said")

    # Forty letters in two hands.
    olga.open(f"/desk/bids/{laid['bids'][0]}/letter").sees("Draft")
    assert "What the panel thought" in olga.page.locator("textarea[name=reason]").input_value()
    look(olga)
    olga.press("Keep this letter").sees("more to write")
    does(site, "letters", laid, laid["bids"][:1])
    olga.open(f"/desk/rounds/{laid['round']}/release")
    look(olga)
    olga.press("Prepare the letters").sees("Read every letter once more")
    release = olga.page.url
    look(olga)
    otto = come(f"Otto {tag}").open(release).press("Release all letters now").sees("40 letters are on their way.")

    # A stranger reads it.
    stranger = Visitor(
        chromium.new_context(viewport=size, java_script_enabled=scripts, service_workers="block"), site.address, scripts=scripts
    )
    public = [ref for ref in laid["bids"] if stranger.page.request.get(f"{site.address}/register/{ref}").ok]  # not who waits in reserve
    tied = [ref for ref in public if ref in {laid["bids"][number] for _seat, number in ties}]
    stranger.open(f"/register/{(tied or public)[0]}").sees("friend" if tied else "None.")
    look(stranger)
    if shares:
        stranger.open(sitting + "/result").sees("How the pot was shared")
        text = stranger.page.inner_text("main")
        for number in range(BIDS):
            assert f"Idea {number + 1:02} {tag}" in text, "why each was or was not funded"
        assert not any(name in text for name in names)
        look(stranger)
        _another_program_agrees(stranger, sitting, rule, tmp_path)
    else:
        answer = stranger.page.request.get(site.address + sitting + "/result")
        assert answer.status == 404 and "We cannot find that page" in answer.text()
    for who in (chair, olga, otto, stranger):
        who.leave()
    check = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", "check"],
        env=site.env,
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout


def _paper_vote(olga: Visitor, name: str, liking: int) -> None:
    olga.choose(olga.page.get_by_label(name, exact=True))
    olga.choose(olga.page.get_by_label("Yes" if liking >= 2 else "No", exact=True))
    olga.type(olga.page.locator("textarea[name=reason]"), "From the sheet")
    olga.choose(olga.page.locator("input[name=source][value=paper]"))
    olga.type(olga.page.locator("input[name=sheet]"), "V-000")
    olga.tick(olga.page.locator("input[name=no_tie]"))
    olga.press("Enter this vote").sees("The vote is in.")


def _another_program_agrees(stranger: Visitor, sitting: str, rule: str, tmp_path: Path) -> None:
    """What everybody can download is counted again by pabutools, with the published seed for ties."""
    told = stranger.page.request.get(f"{stranger.site}{sitting}/result.json").json()
    (tmp_path / "sitting.pb").write_text(stranger.page.request.get(f"{stranger.site}{sitting}/result.pb").text())
    instance, profile = parse_pabulib(str(tmp_path / "sitting.pb"))
    assert (len(instance), len(profile)) == (len(told["projects"]), SEATS)
    ties = TieBreakingRule(lambda _instance, _profile, project: lot(told["outcome"]["seed"], project.name))
    bought: Any = None
    if rule == "equal_shares":
        step = frac(int(instance.budget_limit), len(profile) * 100)
        bought = method_of_equal_shares(instance, profile, sat_class=Cost_Sat, tie_breaking=ties, voter_budget_increment=step)
    whole = greedy_utilitarian_welfare(instance, profile, sat_class=Cost_Sat, tie_breaking=ties, initial_budget_allocation=bought)
    assert {one.name for one in whole} == set(told["outcome"]["funded"])
