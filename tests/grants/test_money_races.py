"""Two officers at the same award, two awards at the same money, two taps at once: real processes on both engines."""

import pytest

from portal.db import db
from portal.grants import apply, award, closing, decide, pay, queries, rounds
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import messages_about
from portal.panels import actions as panels
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right, begin
from tests.races import race, ways

ANSWERS = (
    "title", "idea", "place", "who_for", "better", "public_summary", "first_day", "last_day", "pay_route", "pay_to", "area_id",
)  # fmt: skip


@pytest.fixture
def season(store: Store) -> Season:
    with store.app.app_context():
        made = begin(money=300_00)
        db.session.remove()
        return made


def test_two_officers_prepare_the_same_award(store: Store, season: Season) -> None:
    with store.app.app_context():
        ref = season.ready().ref
        db.session.remove()
    calls = [f"pay.prepare({ref!r}, None, Actor({season.who(name).id}))" for name in ("Olga", "Otto", "Fay", "Olga")]
    results = race(store, calls)
    assert ways(results) == ["done", "refused", "refused", "refused"]
    assert all("has prepared this payment already" in str(said) for what, said in results if what == "refused")
    with store.app.app_context():
        assert_books_are_right()


def test_two_people_release_the_same_payment(store: Store, season: Season) -> None:
    with store.app.app_context():
        payment = pay.prepare(season.ready().ref, None, season.actor("Fay"))
        pay.approve(payment, season.actor("Olga"))
        season.people["Finn"] = __import__("tests.grants.season", fromlist=["person"]).person("Finn", "finance")
        db.session.remove()
    results = race(store, [f"pay.release_run([{payment!r}], Actor({season.who(name).id}))" for name in ("Otto", "Finn", "Otto", "Finn")])
    assert ways(results) == ["done", "refused", "refused", "refused"]
    with store.app.app_context():
        run = pay.run_by_ref(str(next(said for what, said in results if what == "done")))
        assert books.balance(pay.in_transit(run.id)) == 250_00
        assert_books_are_right()


def test_one_tap_four_times(store: Store, season: Season) -> None:
    with store.app.app_context():
        payment = season.released(season.ready())
        ref, id_ = payment.ref, season.who("Fay").id
        db.session.remove()
    assert ways(race(store, [f"pay.settle({ref!r}, today(), Actor({id_}))"] * 4)) == ["done"] * 4
    with store.app.app_context():
        assert pay.payment_by_ref(ref).status == "settled"
        assert award.award_by_ref(season_award(ref)).paid == 250_00
        assert_books_are_right()


def test_settled_and_bounced_at_once(store: Store, season: Season) -> None:
    with store.app.app_context():
        ref = season.released(season.ready()).ref
        id_ = season.who("Fay").id
        db.session.remove()
    race(store, [f"pay.settle({ref!r}, today(), Actor({id_}))", f"pay.bounce({ref!r}, today(), 'x', Actor({id_}))"])
    with store.app.app_context():
        assert pay.payment_by_ref(ref).status == "bounced", "whichever came first, the bank's last word is that it came back"
        assert_books_are_right()


def test_money_for_one_of_two_awards(store: Store, season: Season) -> None:
    releases = []
    with store.app.app_context():
        for title in ("Garden", "Bench"):
            ref = season.decided(season.sent(title))
            decide.write_letter(ref, "Yes.", [], None, season.actor("Olga"))
            releases.append(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")))
        db.session.remove()
    results = race(store, [f"decide.release({ref!r}, Actor({season.who('Otto').id}))" for ref in releases])
    assert ways(results) == ["done", "done"], "the second goes on the reserve list; nobody is refused"
    with store.app.app_context():
        assert books.balance("fund:small-sparks:available") == 50_00
        from portal.grants.model import Application

        states = sorted((bid.status, bid.reserve_place) for bid in db.session.scalars(db.select(Application)))
        assert states == [("lapsed", 1), ("offered", None)]
        assert_books_are_right()


def test_the_same_release_by_two(store: Store, season: Season) -> None:
    with store.app.app_context():
        ref = season.decided(season.sent())
        decide.write_letter(ref, "Yes.", [], None, season.actor("Olga"))
        release = decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
        db.session.remove()
    results = race(store, [f"decide.release({release!r}, Actor({season.who(name).id}))" for name in ("Otto", "Fay", "Otto")])
    assert results[0] == results[2] != results[1], "two taps of one person are one; the other person is too late"
    assert ("done", 1) in results
    with store.app.app_context():
        assert [entry.kind for entry in books.entries_about(f"award:{season.award(ref).id}")] == ["offer"]
        assert len(messages_about(f"bid:{season.bid(ref).id}")) == len({each.key for each in messages_about(f"bid:{season.bid(ref).id}")})
        assert_books_are_right()


def test_yes_and_lapse_at_once(store: Store, season: Season) -> None:
    """Whoever is first decides; the money is in one place."""
    with store.app.app_context():
        made = season.offered()
        ref, rita = made.ref, season.who("Rita").id
        db.session.remove()
    race(
        store, [f"award.accept({ref!r}, Actor({rita}))", f"award.decline({ref!r}, Actor({rita}))", f"award.accept({ref!r}, Actor({rita}))"]
    )
    with store.app.app_context():
        made = award.award_by_ref(ref)
        free = books.balance("fund:small-sparks:available")
        assert (made.status, free) in (("ready_to_pay", 50_00), ("declined", 300_00))
        assert_books_are_right()


def test_two_workers_offer_what_came_back(store: Store, season: Season) -> None:
    with store.app.app_context():
        first = season.offered(season.sent("Garden"))
        second = season.decided(season.sent("Bench"))
        decide.write_letter(second, "Yes.", [], None, season.actor("Olga"))
        decide.release(decide.prepare_release(season.round_ref, [second], season.actor("Olga")), season.actor("Otto"))
        assert season.bid(second).status == "lapsed"
        award.decline(first.ref, season.actor("Rita"))
        db.session.remove()
    results = race(store, ["award.offer_reserves()"] * 3)
    assert sum(int(said or 0) for _what, said in results) == 1
    with store.app.app_context():
        assert season.bid(second).status == "offered"
        assert_books_are_right()


def test_a_vote_and_the_count_at_once(store: Store, season: Season) -> None:
    """The vote is counted or told that it came too late; never taken and lost."""
    with store.app.app_context():
        matter = season.with_panel(season.sent())
        for seat in ("Ada", "Ben", "Cleo", "Dan"):
            panels.declare(season.who(seat), season.panel_ref, matter, "none")
        for seat in ("Ada", "Ben", "Cleo"):
            panels.vote(season.who(seat), season.panel_ref, matter, "yes")
        db.session.remove()
    who = "__import__('portal.people.access', fromlist=['Who']).Who({id}, 'x', 'x', None, frozenset({roles}))"
    act = "__import__('portal.panels.actions', fromlist=['vote'])"
    results = race(
        store,
        [
            f"{act}.vote({who.format(id=season.who('Dan').id, roles='')}, {season.panel_ref!r}, {matter!r}, 'yes')",
            f"{act}.close({who.format(id=season.who('Olga').id, roles=[('officer', None)])}, {season.panel_ref!r}, {matter!r})",
        ],
    )
    with store.app.app_context():
        tally = season.matter_by(matter).tally
        assert tally is not None
        assert tally["yes"] == (4 if results[0][0] == "done" else 3)


def season_award(payment_ref: str) -> str:
    """The reference of a payment's award."""
    from portal.grants.model import Award

    return db.session.get_one(Award, pay.payment_by_ref(payment_ref).award_id).ref


def test_the_panel_counts_while_the_applicant_takes_it_back(store: Store, season: Season) -> None:
    """Both lock the matter first, so one waits for the other; whoever is second hears why not, and nobody is thrown out."""
    with store.app.app_context():
        matters = []
        for number, by in enumerate(("Rita", "Rob", "Rosa")):
            ref = season.sent(f"Idea {number}", by=by)
            matter = season.with_panel(ref)
            for seat in ("Ada", "Ben", "Cleo"):
                panels.declare(season.who(seat), season.panel_ref, matter, "none")
                panels.vote(season.who(seat), season.panel_ref, matter, "yes")
            matters.append((ref, matter, by))
        db.session.remove()
    officer = f"Who({season.who('Olga').id}, 'PER', 'Olga', None, frozenset({{('officer', None)}}))"
    calls = []
    for ref, matter, by in matters:
        calls += [f"panels.close({officer}, {season.panel_ref!r}, {matter!r})", f"apply.withdraw({ref!r}, '', Actor({season.who(by).id}))"]
    race(store, calls)  # a deadlock would end a process
    with store.app.app_context():
        for ref, matter, _by in matters:
            stands = (season.bid(ref).status, season.matter_by(matter).status)
            assert stands in (("withdrawn", "withdrawn"), ("withdrawn", "closed"), ("decided", "closed"))
        assert_books_are_right()


def test_one_idea_sent_twice_at_once(store: Store, season: Season) -> None:
    with store.app.app_context():
        drafts = []
        for _draft in range(4):
            ref = season.sent("A bench")
            apply.withdraw(ref, "", season.actor("Rita"))
            drafts.append(ref)
        again = []
        for _again in drafts:
            ref = apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita"))
            answers = {name: getattr(queries.bid(drafts[0]), name) for name in ANSWERS}
            version = apply.save(ref, 1, "idea", answers, season.actor("Rita"), lines=[apply.Line("Timber", Pence(100_00))])
            again.append((ref, version))
        db.session.remove()
    results = race(store, [f"apply.send({ref!r}, {version}, Actor({season.who('Rita').id}), sure=True)" for ref, version in again])
    assert ways(results) == ["done", "refused", "refused", "refused"]


def test_two_close_one_fund_at_once(store: Store) -> None:
    """The rest goes back once, and the slower one reads why not."""
    with store.app.app_context():
        season = begin()
        rounds.finish_round(season.round_ref, season.actor("Olga"))
        closing.ask("small-sparks", "Done", season.actor("Olga"))
        calls = [f"closing.confirm('small-sparks', 100000, Actor({season.who(name).id}))" for name in ("Fay", "Otto")]
        results = race(store, calls)
        assert sorted(kind for kind, _result in results) == ["done", "refused"], results
        assert books.balance("funder:council") == 0 and books.balance("fund:small-sparks:available") == 0
        assert_books_are_right()
        db.session.remove()


@pytest.mark.parametrize("turn", [1, 2])
def test_a_fund_is_closed_while_its_money_and_ideas_move(store: Store, turn: int) -> None:
    """Whichever comes first: a closed fund never holds money that came in before its end, nor an idea that the panel has."""
    with store.app.app_context():
        season = begin()
        ref = season.decided(season.sent(), "not_yet")
        decide.write_letter(ref, "Ask the school first.", [], None, season.actor("Olga"))
        decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
        rounds.finish_round(season.round_ref, season.actor("Olga"))
        closing.ask("small-sparks", "Done", season.actor("Olga"))
        calls = [
            f"closing.confirm('small-sparks', 100000, Actor({season.who('Fay').id}))",
            f"decide.put_to_panel({ref!r}, Actor({season.who('Otto').id}))",
            f"rounds.contribute({season.fund_id}, 1, 5000, today(), '', Actor({season.who('Olga').id}))",
        ]
        results = race(store, calls[::-1] if turn == 2 else calls)
        confirmed, put, contributed = results[::-1] if turn == 2 else results
        db.session.rollback()
        closed = queries.fund_by_code("small-sparks").closed_at is not None
        assert closed == (confirmed[0] == "done") and (not closed or (put[0], contributed[0]) == ("refused", "refused")), results
        assert (season.bid(ref).status == "with_panel") == (put[0] == "done")
        assert books.balance("fund:small-sparks:available") == (0 if closed else 1000_00 + (50_00 if contributed[0] == "done" else 0))
        assert_books_are_right()
        db.session.remove()
