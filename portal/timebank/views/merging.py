"""Two cards of the same person or organisation: found, looked at side by side, joined."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import photos
from portal.errors import Conflict, Refused
from portal.money import hours
from portal.people.views import settings
from portal.timebank import members, merging
from portal.timebank.members import name_of
from portal.web.forms import Form, Line, Needed
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import N_, _

time_merging = Blueprint("time_merging", __name__)


class Join(Form):
    reason = Line(N_("How do you know that both are the same?"), [Needed(N_("Write why, in a few words."))], most=300)


@time_merging.get("/timebank/desk/members/<ref>/same")
@allow("help others")
def find(ref: str) -> Any:
    """The other card: those of the same name first, or by name or number."""
    found = members.helped(ref, current_user)
    text = request.args.get("q", "")[:100] or name_of(found)
    some = [each for each in members.search_all(text, current_user.areas("connector", "officer")) if each.id != found.id]
    same = [each for each in some if (each.person_id is None) == (found.person_id is None)]
    return page("timebank/desk_same.html", member=found, name=name_of(found), q=text, found=same)


@time_merging.route("/timebank/desk/members/<ref>/same/<other>", methods=["GET", "POST"])
@allow("help others")
def join(ref: str, other: str) -> Any:
    """What would move, and a button. `ref` is the card that ends, `other` the one that stays."""
    old, new = merging.pair(ref, other, current_user)
    form = Join()
    said = {name.removeprefix("twin-"): value for name, value in request.form.items() if name.startswith("twin-")}
    if form.validate_on_submit():
        try:
            moved, files = merging.join(ref, other, form.reason.data, said, current_user)
        except (Refused, Conflict) as why:
            form.refuse(why.sentence, why.field)
        else:
            for file in files:
                photos.drop(file, settings().data_dir)
            flash(_("Joined. %(time)s came over, and the old card leads here.", time=hours(moved)))
            return see_other(f"/timebank/desk/members/{other}")
    return form_page(
        "timebank/desk_join.html",
        form,
        old=old,
        new=new,
        old_name=name_of(old),
        new_name=name_of(new),
        seen=merging.preview(ref, other, current_user),
        said=said,
    )
