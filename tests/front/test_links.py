"""No way on the desk is dead: whatever a need or the search offers to somebody opens for them."""

import re
from datetime import timedelta
from pathlib import Path

from flask import Flask, g
from sqlalchemy import select, update

from portal import clock, turns
from portal.books.model import PeriodClosing
from portal.db import Base, db, transaction
from portal.front import needs, queries, search
from portal.front.queries import Job
from portal.grants import appeals, award, closing, decide, ending, fresh_files, large, pay, report, rounds, runs, top_slice, withdrawals
from portal.grants.bank_file import BankAccount
from portal.grants.bank_model import BankLine
from portal.grants.by_hand_model import Cheque
from portal.grants.model import Appeal, Application, Award, Fund, Funder, MoreAsked, Payment, PaymentRun, QuickSpark, Report
from portal.grants.rules import RoundRules
from portal.merging import actions as merging
from portal.money import Pence, financial_year
from portal.outbox import Message
from portal.outcomes import stories
from portal.panels import offers
from portal.panels.model import Matter
from portal.people.access import Who
from portal.people.actions import end_role
from portal.people.model import Role, SignInSession
from portal.refs import new_ref
from portal.vault import seal
from tests.client import Inspector
from tests.grants.season import Season, person
from tests.grants.sparks import granted, season_with_connectors, spend


def of_bids(season: Season) -> None:
    """Ideas at each step up to their letter."""
    season.sent("To screen")
    asked, late, short = (season.bid(season.sent(title)) for title in ("To answer", "Late", "Short"))
    with transaction():
        now = clock.now()
        db.session.add(
            MoreAsked(
                application_id=asked.id,
                sections=["idea"],
                note="When?",
                asked_by_id=season.who("Olga").id,
                asked_at=now,
                answer_by=clock.today(),
            )
        )
        db.session.execute(update(Application).where(Application.id == asked.id).values(status="more_asked"))
        db.session.execute(update(Application).where(Application.id == late.id).values(hear_by=clock.today() - timedelta(days=1)))
    season.with_panel(short.ref)
    with transaction():
        db.session.execute(update(Matter).where(Matter.about == f"bid:{short.id}").values(short=True))
    season.decided(season.sent("To write"))
    waits = season.decided(season.sent("To release"))
    decide.write_letter(waits, "It brings neighbours together.", (), None, season.actor("Olga"))
    decide.prepare_release(season.round_ref, [waits], season.actor("Olga"))
    offers.offer(season.who("Rob"), season.panel_ref, "I know the estate.")


def afterwards(season: Season) -> None:
    """Reports and appeals, in time and late; conditions that are open."""
    conditions = season.offered(season.sent("With conditions"), conditions=("A key",))
    award.accept(conditions.ref, season.actor("Rita"))
    for title, status in (("Sent", "sent"), ("Overdue", "late")):
        made = season.ready(season.sent(title))
        with transaction():
            report.open_report(db.session.get_one(Award, made.id), season.actor("Olga"))
            db.session.execute(
                update(Report).where(Report.award_id == made.id).values(status=status, due=clock.today() - timedelta(days=1))
            )
    for number, title in enumerate(("Appealed", "Appealed long ago")):
        ref = season.decided(season.sent(title), "no")
        decide.write_letter(ref, "Not now.", (), None, season.actor("Olga"))
        decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
        appeal = appeals.make(ref, "tie", "They did not read it.", season.actor("Rita"))
        with transaction():
            values = {"answer_by": clock.today() - timedelta(days=number)}
            db.session.execute(update(Appeal).where(Appeal.ref == appeal).values(values))


def of_post(season: Season, folder: Path) -> None:
    """A float to take back, a late receipt, messages that wait and that could not go."""
    granted(season)
    spend(season, folder)
    role = db.session.scalars(select(Role).where(Role.person_id == season.who("Gus").id)).one()
    end_role(role.person_id, role.id, "Moved away", season.actor("Olga"))
    with transaction():
        now = clock.now()
        db.session.execute(update(QuickSpark).values(receipt_by=clock.today() - timedelta(days=1)))
        for key, channel, failed in (("one", "letter", None), ("two", "email", now)):
            db.session.add(
                Message(
                    key=key,
                    about="scheme:1",
                    channel=channel,
                    to_name="Rita",
                    address="1 Pump Lane",
                    subject="Hello",
                    body="Hello",
                    short="Hello",
                    letter="Hello",
                    created_at=now,
                    due_at=now,
                    failed_at=failed,
                    person_id=season.who("Rita").id,
                )
            )


def of_neighbours(season: Season) -> None:
    """A story to read, and two records of one neighbour."""
    told = season.sent("Told about")
    pay.settle(season.released(season.ready(told)).ref, clock.today(), season.actor("Fay"))
    db.session.rollback()
    stories.tell(told, stories.Telling("We meet at the pump.", "", True, True), season.actor("Rita"))
    merging.ask("person", person("Rita Grey").ref, season.ref("Rita"), "Typed from paper.", season.actor("Olga"))


def of_cheques(season: Season) -> None:
    """One to write, and one that no bank takes any more."""
    for title, dated in (("To write out", None), ("Lies in a drawer", clock.months_on(clock.today(), -7))):
        made = season.ready(season.sent(title, route="cheque"))
        award.give_address(made.ref, "Rita Smith", "12 Harbour Street", season.actor("Rita"))
        payment = season.released(made)
        if dated is not None:
            with transaction():
                db.session.add(
                    Cheque(payment_id=payment.id, number="100001", dated=dated, written_by_id=season.who("Fay").id, written_at=clock.now())
                )


def of_money(season: Season) -> None:
    """Payments at each step, and funds and grants that end."""
    olga, fay, otto = (season.actor(name) for name in ("Olga", "Fay", "Otto"))
    ending.ask(season.ready(season.sent("To end")).ref, "They moved away.", olga)
    season.ready(season.sent("To pay"))
    pay.prepare(season.ready(season.sent("To approve")).ref, None, fay)
    pay.approve(pay.prepare(season.ready(season.sent("To let go")).ref, None, fay), olga)
    back = season.released(season.ready(season.sent("Came back")))
    pay.bounce(back.ref, clock.today(), "Account closed", fay)
    for code in ("to-close", "left-over"):
        rounds.open_fund(code, code.replace("-", " ").title(), "", RoundRules(), olga)
        fund = db.session.scalars(select(Fund).where(Fund.code == code)).one()
        rounds.contribute(fund.id, db.session.scalars(select(Funder.id)).one(), Pence(100_00), clock.today(), "", olga)
    award.accept(season.offered(season.sent("Without an account")).ref, season.actor("Rita"))
    large.ask(season.fund_id, db.session.scalars(select(Funder.id)).one(), Pence(200_000_00), clock.today(), "", olga)
    withdrawals.ask("small-sparks", "council", Pence(1_00), "They leave.", olga)
    budget = top_slice.begin("Highways", 50, "small-sparks", "council", olga)
    top_slice.propose(budget, financial_year(clock.today()), Pence(1_000_00), olga)
    of_cheques(season)
    slow = season.released(season.ready(season.sent("Slow")))
    runs.ask_back(db.session.scalars(select(PaymentRun.ref).where(PaymentRun.id == slow.run_id)).one(), "Wrong day", olga)
    runs.set_paying_account(BankAccount("201234", "87654321", "ESTUARY"), fay)
    lost = season.released(season.ready(season.sent("Lost by the bank")))
    lost_run = db.session.scalars(select(PaymentRun.ref).where(PaymentRun.id == lost.run_id)).one()
    runs.take_file(lost_run, "csv", runs.first_day_to_pay(), fay)
    fresh_files.ask(lost_run, runs.first_day_to_pay(), "It could not be read", olga)
    with transaction():
        now, who = clock.now(), season.who("Olga").id
        db.session.execute(update(Payment).where(Payment.ref == slow.ref).values(released_at=now - timedelta(days=30)))
        db.session.add(
            BankLine(
                ref=new_ref("BNK"),
                mark="one",
                day=clock.today(),
                pence=Pence(-5_00),
                sealed=seal("Paid in by somebody"),
                read_by_id=who,
                read_at=now,
            )
        )
        db.session.add(PeriodClosing(last_day=clock.today().replace(day=1) - timedelta(days=1), asked_by_id=who, asked_at=now))
    turns.take(turns.RECONCILED, unless_done_since=clock.now(), patience=timedelta(0))
    turns.finish(turns.RECONCILED, {"ok": False, "lines": [], "broken": []})
    closing.ask("to-close", "It is done.", otto)
    with transaction():
        db.session.execute(update(Fund).where(Fund.code == "left-over").values(closed_at=clock.now()))


def answer(page: Inspector, href: str) -> int:
    """The status of a page, and of the page that it leads on to."""
    for _step in range(3):
        for name in list(g):
            g.pop(name)  # the test's own context must not carry one request's person into the next
        response = page.client.get(href)
        if response.status_code not in (302, 303):
            break
        href = response.headers["Location"]
    return response.status_code


def signed_in(app: Flask, who: Who) -> Inspector:
    """Somebody who has just proved who they are."""
    page = Inspector(app).sign_in(who.id)
    with transaction():
        db.session.execute(update(SignInSession).values(proved_at=clock.now()))
    return page


def follow(app: Flask, who: Who, hrefs: set[str]) -> None:
    """Each opens."""
    page = signed_in(app, who)
    assert hrefs and {href: status for href in sorted(hrefs) if (status := answer(page, href)) != 200} == {}


def test_no_way_of_the_desk_is_dead(app: Flask, tmp_path: Path) -> None:
    season = season_with_connectors(money=10_000_00, rules=RoundRules(cheques=True))
    of_bids(season)
    afterwards(season)
    of_post(season, tmp_path)
    of_neighbours(season)
    of_money(season)
    names = set()
    for name, officer, finance in (("Otto", True, False), ("Fay", False, True)):
        who = season.who(name)
        heaps, _others = queries.desk(Job(officer=officer, finance=finance, who=who))
        names |= {heap.name for heap in heaps}
        follow(app, who, {item.href for heap in heaps for item in heap.items} | {heap.need.all for heap in heaps})
        follow(app, who, found_by(who, officer=officer))
    assert names == set(needs.needs(officer=True, finance=True)), "a season with one of each"


def found_by(who: Who, *, officer: bool) -> set[str]:
    """Every page that the search leads somebody to: by words, and by each reference that there is."""
    wide = None if officer else False
    scope = search.Scope(people=wide, bids=wide, money=True, rounds=officer, person_id=who.id)
    words = ("to", "mossgate gardeners", "small", "council", "spring")
    hits = {hit.href for typed in words for group in search.everything(typed, scope) for hit in group.hits}
    for table in (mapper.class_ for mapper in Base.registry.mappers if hasattr(mapper.class_, "ref")):
        hits |= {href for ref in db.session.scalars(select(table.ref)) if (href := search.jump(ref, scope)) is not None}
    return hits


DOORS = (
    "/desk/",
    "/finance/",
    "/finance/payments",
    "/finance/books/",
    "/finance/exports",
    "/finance/figures",
    "/desk/funds",
    "/desk/funders",
)


def test_every_role_is_offered_what_it_may_open(app: Flask) -> None:
    """Each link of the desk's first page and of finance, by the one predicate of the page that it leads to."""
    season = season_with_connectors()
    season.ready()
    for role in ("auditor", "administrator"):
        season.people[role] = person(role, role)
    offered = {}
    for name in ("Fay", "Olga", "Gus", "auditor", "administrator"):
        page = signed_in(app, season.who(name))
        doors = [door for door in DOORS if answer(page, door) == 200]
        offered[name] = {href for door in doors for href in page.get(door).links()}
        follow(app, season.who(name), offered[name])
    assert "/desk/publish" in offered["Olga"] and "/desk/publish" not in offered["Fay"]
    assert "/finance/statement" in offered["Fay"] and "/finance/statement" not in offered["auditor"]
    fay = Inspector(app).sign_in(season.who("Fay").id)
    queue, everything = (tabs_of(fay.get(door)) for door in ("/finance/", "/finance/payments"))
    assert queue == everything and len(queue) == 10


def tabs_of(page: Inspector) -> list[str]:
    """Where the tabs of finance lead."""
    return re.findall(r'class="chip" href="([^"]+)"', page.text.split('aria-label="Finance"')[1].split("</nav>")[0])
