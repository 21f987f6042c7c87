"""One idea of the demo, from its first word to where it stops."""

import io
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from portal import clock, photos
from portal.demo import (
    outcomes,
    words,
)
from portal.errors import Refused
from portal.grants import apply, award, decide, goods, match, pay, queries, report
from portal.history import Actor
from portal.money import Minutes, Pence
from portal.panels import actions as panels
from portal.panels import queries as panel_queries
from portal.places.model import Area

if TYPE_CHECKING:
    from portal.demo.story import Story


def bid(
    story: "Story",
    round_ref: str,
    number: int,
    days: float,
    stop: str,
    *,
    small: bool = False,
    by: int | None = None,
    where: Sequence[Area] = (),
    route: str = "",
) -> str:
    """One idea from its first word to where it stops; returns its reference. `days` ago it began; `route` is how it is paid, if not by turns."""
    title, idea, who_for, better, lines, group = words.IDEAS[number % len(words.IDEAS)]
    areas = where or story.areas
    fresh = [each for each in areas if (number % len(words.IDEAS), each.id) not in story.told] or areas
    area = story.random.choice(fresh)  # a group has an idea once
    story.told.add((number % len(words.IDEAS), area.id))
    person = story.residents[2] if stop == "paid" else story.residents[0] if stop == "draft" else story.residents[3 + number % 200]
    person = by or person
    me = Actor(person)
    officer, second = Actor(story.staff["council-officer"].id), Actor(story.staff["second-officer"].id)
    with story.at(story.ago(days)):
        organisation = story._group(f"{area.name} {group}", area.id, person) if group else None
        ref = apply.start(round_ref, person, me, organisation_id=organisation)
        first = clock.today() + timedelta(days=45 if small else 14)  # a dated round is told weeks later
        last = first + timedelta(days=20)
        version = apply.save(ref, 1, "idea", {"title": f"{title}, {area.name}", "idea": idea, "place": "", "area_id": area.id}, me)
        if number % 3 == 0:
            _photo(story, ref, number, title, me)
        if stop == "draft":
            return ref
        budget = [apply.Line(what, Pence(min(amount, 70_00) if small else amount)) for what, amount in (lines[:2] if small else lines)]
        version = apply.save(ref, version, "who", {"who_for": who_for, "better": better, "public_summary": idea}, me)
        version = outcomes.hoped(ref, number, version, me)
        version = apply.save(ref, version, "money", {}, me, lines=budget)
        version = apply.save(ref, version, "help", {"group_name": group}, me)
        version = apply.save(ref, version, "when", {"first_day": first, "last_day": last}, me)
        route = route or ("group" if group else "receipts", "host", "council_buys")[0 if number % 4 < 2 else number % 4 - 1]
        if route == "receipts" and stop == "returned":
            route = "host"  # who is paid back after buying has nothing to return
        version = apply.save(
            ref,
            version,
            "pay",
            {
                "pay_route": route,
                "pay_to": "" if route in ("council_buys", "receipts", award.CHEQUE) else f"{area.name} {group or 'Hub'}",
            },
            me,
        )
    _neighbours(story, ref, number, days, me, few=stop in ("sent", "more_asked") and not small)
    with story.at(story.ago(days - 1)):
        apply.send(ref, queries.bid(ref).version, me, sure=True)
    if stop == "withdrawn":
        with story.at(story.ago(days - 2)):
            apply.withdraw(ref, "We found another way", me)
    elif stop == "ineligible":
        with story.at(story.ago(days - 2)):
            apply.set_ineligible(
                ref, "This round is for things that neighbours do together; a shop front is for the high street fund.", officer
            )
    elif stop == "more_asked":
        with story.at(story.ago(days - 2)):
            apply.ask_more(
                ref,
                ["money", "when"],
                "Could you find out what the planks cost at the timber yard?",
                clock.today() + timedelta(days=7),
                officer,
            )
    if stop in ("sent", "withdrawn", "ineligible", "more_asked"):
        return ref
    with story.at(story.ago(days - 2)):
        decide.put_to_panel(ref, officer)
    if stop == "with_panel":
        return ref
    with story.at(story.ago(days - 4)):
        _vote(story, ref, stop if stop in ("no", "not_yet") else "yes")
    if stop == "decided":
        return ref
    with story.at(story.ago(days - 5)):
        conditions = ["The owner of the ground agrees in writing"] if stop == "conditions" else []
        decide.write_letter(
            ref, story.random.choice(words.REASONS[stop if stop in ("no", "not_yet") else "yes"]), conditions, None, officer
        )
        decide.release(decide.prepare_release(round_ref, [ref], officer), second)
    if stop not in ("no", "not_yet", "offered"):
        _paid(story, ref, number, days, stop, me)
    return ref


def its_award(ref: str) -> str:
    """The reference of the award of an idea."""
    found = queries.award_of(queries.bid(ref).id)
    assert found is not None
    return found.ref


def _neighbours(story: "Story", ref: str, number: int, days: float, me: Actor, *, few: bool) -> None:
    for place in range(2 if few else 4):
        name = f"{story.random.choice(words.FIRST)} {story.random.choice(words.LAST)}"
        with story.at(story.ago(days - 0.2)):
            try:
                pledge = match.invite(
                    ref,
                    f"{name} {place}" if place == 3 else name,
                    ("email", f"helper{number}.{place}@people.example") if place else None,
                    me,
                )
            except Refused:
                continue
            token = match.token_of(next(one for one in queries.pledges_of(queries.bid(ref).id) if one.ref == pledge))
            if place == 3:
                if number % 5 == 3:
                    match.say_no(token)
                elif number % 5:
                    kind, what, value = words.BROUGHT[number % 5 % 4]
                    match.say_yes(token, kind, Minutes(0), Minutes(0), value, what)
                continue
            match.say_yes(
                token,
                "hours",
                Minutes(story.random.choice((300, 360, 420, 480))),
                Minutes(60 if place == 0 else 0),
                0,
                story.random.choice(words.WORK),
            )


def _vote(story: "Story", ref: str, choice: str) -> None:
    matter = panel_queries.matters_about(f"bid:{queries.bid(ref).id}")[-1]
    for number, member in enumerate(story.panel):
        if number == 4:
            panels.declare(member, story.panel_ref, matter.ref, "neighbour", "Lives on that street")
            continue
        if panels.declare(member, story.panel_ref, matter.ref, "none"):
            vote = "abstain" if number == 3 and choice == "yes" else choice
            panels.vote(
                member,
                story.panel_ref,
                matter.ref,
                vote,
                story.random.choice(words.REASONS[choice]) if vote != "abstain" else "I was not sure",
            )
    panels.close(story.staff["council-officer"], story.panel_ref, matter.ref)


def _paid(story: "Story", ref: str, number: int, days: float, stop: str, me: Actor) -> None:
    """From the offer to the money, and on to the report."""
    award_ref = its_award(ref)
    with story.at(story.ago(days - 6)):
        if stop == "turned_down":
            award.decline(award_ref, me, "We were lent everything already")
            return
        award.accept(award_ref, me)
        if stop == "conditions":
            return
        if queries.bid(ref).pay_route in award.NUMBERED_ROUTES:
            story.account += 1
            award.give_details(award_ref, queries.bid(ref).pay_to or "M Resident", f"1122{number % 90 + 10:02d}", str(story.account), me)
        if stop == "given_back":
            award.withdraw(award_ref, me, "The hall is closed this year")
            return
    if stop == "ready":
        return
    first, second, third = (Actor(story.staff[name].id) for name in ("council-officer", "finance-officer", "finance-manager"))
    with story.at(story.ago(days - 7)):
        if queries.bid(ref).pay_route == award.REPAID:
            for line in list(queries.bid(ref).lines):
                report.add_receipt(ref, line.what, Pence(line.amount or 0), clock.today(), None, story.data_dir, me)
        bought = queries.bid(ref).pay_route == award.BOUGHT
        shop = award.Supplier(*words.SHOPS[number // 4 % len(words.SHOPS)]) if bought else None
        payment = pay.prepare(award_ref, None, first, supplier=shop)
        if stop == "prepared":
            pay.cancel(payment, "Prepared before the invoice was read", first)
            pay.prepare(award_ref, None, first, supplier=shop)
            return
        pay.approve(payment, second)
        if stop == "approved":
            return
        run = pay.release_run([payment], third)
    if stop == "released":
        return
    with story.at(story.ago(days - 9)):
        if stop == "bounced":
            pay.bounce(payment, clock.today(), "Account closed", second)
            return
        pay.settle_run(run, clock.today(), second)
    if stop not in ("paid", "late"):
        _told(story, ref, number, days, stop, me)


def _told(story: "Story", ref: str, number: int, days: float, stop: str, me: Actor) -> None:
    officer = Actor(story.staff["council-officer"].id)
    bid = queries.bid(ref)
    for pledge in list(queries.pledges_of(bid.id)):
        if pledge.status != "confirmed":
            continue
        if pledge.kind != "hours":
            _brought(story, ref, pledge.ref, number, days, stop, me)
            continue
        with story.at(story.ago(days - 20)):
            record = match.did_it(match.token_of(pledge), clock.today(), Minutes(min(pledge.minutes, 360)), pledge.what)
        if stop != "report_started":
            with story.at(story.ago(days - 21)):
                match.check(ref, record, officer if match.at_the_door(pledge) else me)
    with story.at(story.ago(days - 36)):
        found = queries.award_of(bid.id)
        assert found is not None
        spent = found.amount - (12_34 if stop == "returned" else 0)
        if stop == "waived":
            report.waive(ref, "The applicant moved away; the work was seen by the connector", officer)
            return
        held = report.of_bid(queries.bid(ref))
        if not held.receipts:
            report.add_receipt(ref, "Everything on the list", Pence(spent), clock.today(), None, story.data_dir, me)
            held = report.of_bid(queries.bid(ref))
        report.save(ref, held.version, story.random.choice(words.DONE), story.random.choice(words.BETTER), number % 2 == 0, me)
        outcomes.told(ref, number, me)
        if stop == "report_started":
            return
        report.send(ref, me)
    with story.at(story.ago(days - 40)):
        if stop == "report_sent":
            return
        if stop == "report_more_asked":
            report.ask_more(ref, "How many people came, roughly?", officer)
            return
        report.accept(ref, officer)
    if stop == "returned":
        with story.at(story.ago(days - 45)):
            pay.refund(its_award(ref), Pence(12_34), clock.today(), "Not spent", Actor(story.staff["finance-officer"].id))
            report.close_finished()


def _brought(story: "Story", ref: str, pledge_ref: str, number: int, days: float, stop: str, me: Actor) -> None:
    """Things, a room or money, said by the neighbour with a picture and checked by the applicant; sometimes not at once."""
    pledge = next(one for one in queries.pledges_of(queries.bid(ref).id) if one.ref == pledge_ref)
    token, side = match.token_of(pledge), goods.ForIdea(ref, me)
    with story.at(story.ago(days - 20)):
        given = goods.Given(pledge.kind, pledge.what, pledge.value, clock.today())
        if number == 21:
            wrong = goods.write(ref, pledge_ref, replace(given, value=Pence(given.value * 2)), None, story.data_dir, me)
            goods.turn_down(goods.ByLink(token), wrong, "It was half of that", story.data_dir)
        if number == 22:
            goods.withdraw(
                goods.ByLink(token), goods.say(token, replace(given, value=Pence(given.value * 10)), None, story.data_dir), story.data_dir
            )
        said = goods.say(token, given, drawing(number), story.data_dir)
    if stop == "report_started":
        return
    with story.at(story.ago(days - 21)):
        goods.check(side, said, 1)
        if number == 17:
            goods.take_back(ref, said, "Counted by mistake: it was for the party next door", me)


def _photo(story: "Story", ref: str, number: int, title: str, me: Actor) -> None:
    apply.add_photo(ref, drawing(number), f"A drawing of hills and sun, for “{title}”", story.data_dir, me)


def drawing(number: int) -> photos.Picture:
    """A drawn picture: hills in the colours of the day, different for each number."""
    paint = random.Random(number)  # noqa: S311
    picture = Image.new("RGB", (960, 640), (250, 226 - number % 40, 180 + number % 60))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((640, 60, 820, 240), fill=(244, 150, 79))
    for layer in range(4):
        height = 300 + layer * 80
        points = [(x, height + paint.randrange(-50, 50)) for x in range(0, 1021, 60)]
        draw.polygon([*points, (1020, 640), (0, 640)], fill=(90 - layer * 14, 120 - layer * 16, 70 + layer * 4))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return photos.read(out.getvalue())
