"""The front door: home, the desk's first page, plain pages, and how the machine is."""

from typing import Any

from flask import Blueprint, Response, current_app, make_response, redirect, request, send_from_directory
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from portal import db as database
from portal import turns
from portal.db import db
from portal.events.rules import times
from portal.front import answers, needs, queries, search
from portal.grants import queries as grants
from portal.grants import quick
from portal.grants.rules import RoundRules
from portal.grants.views.apply import state_words
from portal.ideas import today as ideas
from portal.panels import ballots
from portal.panels import queries as panels
from portal.people import keeping
from portal.people import queries as people
from portal.places import queries as places
from portal.surveys.equality import CANNOT_BE_FOUND
from portal.timebank import queries as timebank
from portal.web.pages import page, see_other
from portal.web.policy import allow
from portal.words import _

assert answers  # what the map of strengths has for a gift or a wish
front = Blueprint("front", __name__)


@front.get("/")
@allow("anyone")
def home() -> Any:
    scheme, round_, bank, near, gifts, ask = queries.front_door(current_user)
    rules = RoundRules.load(round_.rules) if round_ else None
    mine = grants.bids_of(current_user.id, current_user.acts_for, limit=6) if current_user.is_authenticated else []
    waiting = sum(panels.waiting_for(current_user.id).values()) if current_user.is_authenticated else 0
    desk = queries.waiting_at_desk(_job()) if current_user.has_somewhere("officer", "finance", "connector") else []
    in_hand = quick.in_hand(current_user.id) if current_user.can("give quick sparks") else None
    busy = bool(desk or waiting or in_hand is not None)  # who has work here sees that, and one query less
    cards = ideas.at_home(current_user.id) if current_user.is_authenticated and not busy else None
    return page(
        "front/home.html",
        scheme=scheme,
        round=round_,
        rules=rules,
        mine=mine,
        waiting=waiting,
        ballots=ballots.waiting_for(current_user) if current_user.is_authenticated else [],
        desk=desk,
        in_hand=in_hand,
        cards=cards,
        time=timebank.at_home(current_user) if bank is not None and current_user.is_authenticated else None,
        gifts=gifts,
        ask=ask,
        near=near,
        times=times,
        latest=[] if busy or mine or cards is not None else queries.recent_awards(),
        states={bid.id: state_words(bid) for bid in mine},
    )


@front.get("/desk/")
@allow("open the desk")
def desk() -> Any:
    heaps, others = queries.desk(_job())
    return page(
        "front/desk.html",
        heaps=heaps,
        others=others,
        waiting=sum(heap.number for heap in heaps) + sum(line.number for line in others),
        late=sum(heap.late for heap in heaps),
        days=max((heap.days for heap in heaps), default=0),
        most=needs.MOST,
        areas=people.areas_given(current_user.id, "officer") if current_user.areas("officer") else [],
        proof=turns.last(turns.LEDGER_CHECK) if current_user.can("open finance") else None,
    )


@front.get("/desk/search")
@allow("search the desk")
def desk_search() -> Any:
    """A reference leads to its page at once; anything else lists what holds it."""
    typed = request.args.get("q", "").replace("\x00", "")[:100]
    rounds = current_user.can("run rounds")
    scope = search.Scope(
        people=current_user.can("manage people") and (None if current_user.has("administrator") else current_user.areas("officer")),
        bids=current_user.can("handle bids") and current_user.areas("officer"),
        money=current_user.can("open finance"),
        rounds=rounds,
        person_id=current_user.id,
        seconds=current_user.can("release payments"),
    )
    if href := search.jump(typed, scope):
        return see_other(href)
    return page("front/search.html", q=typed, groups=search.everything(typed, scope), short=search.too_short(typed))


def _job() -> queries.Job:
    return queries.Job(
        officer=current_user.can("handle bids"), finance=current_user.has("finance"), areas=current_user.areas("officer"),
        coordinator=current_user.can("help others"), helps_in=current_user.areas("connector", "officer"), who=current_user,
        administrator=current_user.has("administrator"),
    )  # fmt: skip


@front.get("/help")
@allow("anyone")
def help_page() -> Any:
    return page("front/help.html")


@front.get("/privacy")
@allow("anyone")
def privacy() -> Any:
    days = keeping.days_of()
    kept = [(each.what, each.rule, days[each.name]) for each in keeping.KEEPERS if each.forget]
    return page("front/privacy.html", kept=kept, cannot_be_found=_(CANNOT_BE_FOUND))


@front.get("/accessibility")
@allow("anyone")
def accessibility() -> Any:
    return page("front/accessibility.html")


@front.get("/status")
@allow("anyone")
def status() -> Any:
    proof, agreed = turns.last(turns.LEDGER_CHECK), turns.last(turns.RECONCILED)
    return page("front/status.html", alive=turns.worker_is_alive(), proof=proof, agreed=agreed)


@front.get("/offline")
@allow("anyone")
def offline() -> Any:
    return page("offline.html")


@front.get("/sw.js")
@allow("anyone")
def service_worker() -> Response:
    """From the root, so that it may stand before every page; it keeps the offline page and nothing of anybody."""
    assert current_app.static_folder is not None
    response = make_response(send_from_directory(current_app.static_folder, "sw.js", mimetype="text/javascript", max_age=0))
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@front.get("/site.webmanifest")
@allow("anyone")
def manifest() -> Response:
    assert current_app.static_folder is not None
    return send_from_directory(current_app.static_folder, "site.webmanifest", mimetype="application/manifest+json", max_age=3600)


@front.get("/favicon.ico")
@allow("anyone")
def favicon() -> Any:
    return redirect("/static/favicon.svg", 302)


@front.get("/robots.txt")
@allow("anyone")
def robots() -> Response:
    lines = [
        "User-agent: *",
        *(
            f"Disallow: {path}"
            for path in (
                "/m/",
                "/events/coming/",
                "/t/",
                "/a/",
                "/ideas/in/",
                "/timebank/log",
                "/timebank/exchanges/",
                "/gifts/drafts/",
                "/gifts/talks/",
                "/gifts/weekly/",
                "/people/",
                "/grants/",
                "/desk/",
                "/finance/",
                "/panels/",
                "/photos/",
                "/strengths/desk/",
                "/connecting/",
                "/surveys/",
            )
        ),
        "Allow: /",
        "",
    ]
    return Response("\n".join(lines), content_type="text/plain; charset=utf-8")


@front.get("/.well-known/security.txt")
@allow("anyone")
def security() -> Response:
    here = places.scheme()
    contact = f"mailto:{here.email}" if here else "https://example.org"
    return Response(f"Contact: {contact}\nPreferred-Languages: en\n", content_type="text/plain; charset=utf-8")


@front.get("/.well-known/change-password")
@allow("anyone")
def change_password() -> Any:
    return see_other("/people/me")


@front.get("/healthz")
@allow("anyone")
def healthz() -> tuple[dict[str, str], int]:
    """Whether the process answers."""
    return {"status": "ok"}, 200


@front.get("/readyz")
@allow("anyone")
def readyz() -> tuple[dict[str, str], int]:
    """Whether people can be served: database there, as old as the code, a worker alive, the books proved. 503 names what is not."""
    found = {"database": "ok", "migrations": "ok", "worker": "ok", "ledger": "ok"}
    try:
        age = database.age()
        found["migrations"] = "ok" if age == "current" else age
        if not turns.worker_is_alive():
            found["worker"] = "missing"
        proof = turns.last(turns.LEDGER_CHECK)
        if proof is None or proof.done_at is None:
            found["ledger"] = "not checked yet"
        elif not (proof.result or {}).get("ok", False):
            found["ledger"] = "broken"
    except SQLAlchemyError:
        db.session.rollback()
        found = {"database": "away"}
    ready = (
        found.get("database") == "ok"
        and found.get("migrations") == "ok"
        and found.get("ledger") != "broken"
        and found.get("worker") == "ok"
    )
    return found, 200 if ready else 503
