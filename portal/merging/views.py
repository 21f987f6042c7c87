"""Records that are here twice: found, looked at side by side, asked for by one officer and joined by a second."""

import re
from typing import Any
from urllib.parse import quote

from flask import Blueprint, flash, request
from flask_login import current_user
from wtforms import BooleanField

from portal.errors import NotFound, Refused
from portal.merging import actions, comparing, judging
from portal.people import queries as people
from portal.people.model import Person
from portal.people.views import actor, saw
from portal.web.forms import Form, Line, Needed
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import N_, _

merging = Blueprint("merging", __name__)
PAGE = 30
ROOM = {"people": "person", "organisations": "organisation"}


class Ask(Form):
    reason = Line(N_("How do you know that both are the same?"), [Needed(N_("Write how you know that both are the same. It is kept."))], most=300)  # fmt: skip
    sure = BooleanField(N_("I know that it cannot be undone"), [Needed(N_("Say that you know that it cannot be undone."))])


class Confirm(Form):
    """The second person; `act` says which button."""


def _must_see(*some: Any) -> None:
    for each in some:
        require("manage people", each) if isinstance(each, Person) else require("join records")
    saw("details", *(each.id for each in some if isinstance(each, Person)))


def _room(one: Any) -> str:
    return "people" if isinstance(one, Person) else "organisations"


@merging.get("/desk/organisations")
@allow("join records")
def groups() -> Any:
    """Groups that are here, by name."""
    text, after = request.args.get("q", "")[:100], None
    if match := re.fullmatch(r"(ORG-[0-9A-Z]{4}-[0-9A-Z]{4})", request.args.get("after", "")):
        last = people.organisation_by_ref(match[1])
        after = (last.name, last.id)
    found = comparing.groups(text, after, PAGE + 1)
    older = f"/desk/organisations?q={quote(text)}&after={found[PAGE - 1].ref}" if len(found) > PAGE else None
    return page("merging/groups.html", found=found[:PAGE], q=text, older=older, kinds=comparing.KINDS)


@merging.get("/desk/<any(people, organisations):room>/<ref>/same")
@allow("open the desk")
def find(room: str, ref: str) -> Any:
    """The other record: those of the same name first, or by name, address or number."""
    one = people.person_by_ref(ref) if room == "people" else people.organisation_by_ref(ref)
    _must_see(one)
    text = request.args.get("q", "")[:100] or one.name
    found = comparing.alike(one, text, None if current_user.has("administrator") else current_user.areas("officer"))
    saw("people", *(each.id for each in found if isinstance(each, Person)))
    return page("merging/find.html", one=one, room=room, found=found, q=text)


@merging.route("/desk/<any(people, organisations):room>/<ref>/same/<other>", methods=["GET", "POST"])
@allow("open the desk")
@limiter.limit("30/minute", methods=["POST"])
def join(room: str, ref: str, other: str) -> Any:
    """Side by side, and a form that asks. `ref` is the record that goes, `other` the one that is kept."""
    old, new = actions.pair(ROOM[room], ref, other)
    _must_see(old, new)
    form, made = Ask(), []
    if done(form, lambda: made.append(actions.ask(ROOM[room], ref, other, form.reason.data or "", actor()))):
        flash(_("Asked. A second person looks at it, and joins them or not."))
        return see_other(f"/desk/merging/{made[0]}")
    why = actions.why_not(old, new, actor())
    return form_page("merging/join.html", form, room=room, old=old, new=new, why=why, cards=_cards(why, old, new), **_compared(old, new))


def _compared(old: Any, new: Any) -> dict[str, Any]:
    return {"details": comparing.details(old, new), "things": comparing.things(old, new)}


def _cards(why: Refused | None, old: Any, new: Any) -> str:
    """Where two cards of the timebank are joined, when that is what must be done first and they may."""
    if why is None or why.field != "cards":
        return ""
    first, second = judging.cards(old, new)
    assert first is not None and second is not None
    return f"/timebank/desk/members/{first.ref}/same/{second.ref}" if may("help others", first) and may("help others", second) else ""


@merging.get("/desk/merging/")
@allow("manage people")
def waiting() -> Any:
    """What waits for a second person, and what was done lately; of those whom they may see."""
    asked = [(old, new, row) for row, old, new in actions.all_of("asked", None) if _may_see(old, new)]
    joined = [(old, new, row) for row, old, new in actions.all_of("done") if _may_see(old, new)]
    return page("merging/waiting.html", asked=asked, joined=joined)


def _may_see(*some: Any) -> bool:
    return all(may("manage people", each) if isinstance(each, Person) else may("join records") for each in some)


@merging.route("/desk/merging/<ref>", methods=["GET", "POST"])
@allow("manage people")
@limiter.limit("30/minute", methods=["POST"])
def one(ref: str) -> Any:
    """Both once more, for the second person: join them, or leave them two."""
    row = actions.by_ref(ref)
    old, new = actions.sides(row)
    _must_see(new) if row.status == "done" else _must_see(old, new)
    act = request.form.get("act", "")
    if request.method == "POST" and act not in ("join", "leave"):
        raise NotFound(_("We cannot find that page."))
    form = Confirm()
    if done(form, lambda: (actions.confirm if act == "join" else actions.drop)(ref, actor())):
        flash(_("They are one now.") if act == "join" else _("They stay two."))
        return see_other(f"/desk/{_room(new)}/{new.ref}" if act == "join" and isinstance(new, Person) else "/desk/merging/")
    return form_page(
        "merging/one.html", form, row=row, old=old, new=new, room=_room(new), by=people.names([row.asked_by_id, row.done_by_id]),
        mine=row.asked_by_id == current_user.id, why=actions.why_not(old, new, actor()) if row.status == "asked" else None, **_compared(old, new),
    )  # fmt: skip
