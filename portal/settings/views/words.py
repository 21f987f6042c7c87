"""The words of letters: what may be said otherwise, how it arrives, and back to what ships."""

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal.errors import Conflict, Refused
from portal.history import Actor
from portal.settings import forms, letters, wording
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

desk_words = Blueprint("desk_words", __name__)


@desk_words.get("/desk/settings/words")
@allow("change settings")
def index() -> Any:
    return page("settings/words.html", letters=letters.LETTERS.values(), own=wording.own_words())


@desk_words.route("/desk/settings/words/<key>", methods=["GET", "POST"])
@allow("change settings")
def letter(key: str) -> Any:
    """The form with how it arrives below; "Show me" keeps nothing."""
    which = wording.letter(key)
    stands = wording.words_of(which)
    form = forms.Words(data={**stands, "seen": _mark(stands)})
    shown = stands
    if form.validate_on_submit():
        try:
            letters.judge(which, form.words())
            shown = form.words()
            if request.form.get("act") != "show":
                _save(key, form, stands)
                flash(_("Saved. What goes out from now on says this."))
                return see_other(f"/desk/settings/words/{key}")
        except (Refused, Conflict) as why:
            form.refuse(why.sentence, why.field)
    arrives = letters.fill(shown, which.sample())
    return form_page(
        "settings/letter.html", form, letter=which, blanks=which.all_blanks(), arrives=arrives, in_parts=letters.parts_of(arrives.short),
        own=key in wording.own_words(), only_shown=request.method == "POST" and not form.errors,
    )  # fmt: skip


def _save(key: str, form: forms.Words, stands: Mapping[str, str]) -> None:
    if form.seen.data != _mark(stands):
        raise Conflict(_("Somebody else changed these words while you wrote. Look at theirs first."))
    wording.set_words(key, form.words(), stands, Actor(current_user.id))


def _mark(words: Mapping[str, str]) -> str:
    return hashlib.sha256("\0".join(words[part] for part in letters.PARTS).encode()).hexdigest()[:16]


@desk_words.post("/desk/settings/words/<key>/ship")
@allow("change settings")
def ship(key: str) -> Any:
    wording.ship_words(key, Actor(current_user.id))
    flash(_("The words that ship stand again."))
    return see_other(f"/desk/settings/words/{key}")
