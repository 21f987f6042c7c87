"""Stories: told and taken back by the applicant, looked at by an officer, read by everybody."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, g, request, send_file
from flask_login import current_user

from portal import photos
from portal.errors import NotFound
from portal.grants import queries
from portal.grants.model import Application
from portal.grants.views import apply as bids
from portal.grants.views.decide import judge_the_bid
from portal.history import Actor
from portal.outcomes import forms, stories
from portal.outcomes.model import Story
from portal.people import queries as people
from portal.people import screening
from portal.people.views import settings
from portal.places import queries as places
from portal.web.forms import one_line, whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import N_, _

story_pages = Blueprint("stories", __name__)
story_pages.before_request(judge_the_bid)
STATES = {
    "waiting": (N_("With us"), "warm"),
    "published": (N_("For all to read"), "good"),
    "declined": (N_("Not printed"), ""),
    "taken_back": (N_("Taken back"), ""),
    "taken_down": (N_("Taken down"), "bad"),
}


# --- the applicant -------------------------------------------------------------------------------------------------------


def _mine(ref: str) -> Application:
    application = queries.bid(ref)
    require("edit this bid", application)
    return application


@story_pages.route("/grants/<ref>/story", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def tell(ref: str) -> Any:
    application = _mine(ref)
    choice = stories.photos_for(application)
    story = stories.of_bid(application.id)
    start = {"words": story.words if story else "", "photo": story.photo.ref if story and story.photo else ""}
    form = forms.TellStory(data=start).fill(choice)
    form.agreed.label.text, form.shown.label.text = stories.CONSENT

    def act() -> None:
        told = stories.Telling(form.words.data, form.photo.data or "", bool(form.agreed.data), bool(form.shown.data))
        stories.tell(ref, told, bids.acting_on(application), once_key=form.once_key(current_user.id))

    if done(form, act):
        flash(_("Thank you! We read it, and then everybody can."))
        return see_other(f"/grants/{ref}/story")
    giver = people.person(story.consent_by_id).name if story else ""
    return form_page("outcomes/story.html", form, application=application, story=story, photos=choice, states=STATES, giver=giver)


@story_pages.post("/grants/<ref>/story/take-back")
@allow("signed in")
def take_back(ref: str) -> Any:
    stories.take_back(ref, bids.acting_on(_mine(ref)))
    flash(_("It is taken back, and nobody can read it any more."))
    return see_other(f"/grants/{ref}/story")


# --- the officer ---------------------------------------------------------------------------------------------------------


@story_pages.get("/desk/stories")
@allow("handle bids")
def desk() -> Any:
    areas = current_user.areas("officer")
    return page("outcomes/stories_desk.html", waiting=stories.waiting(areas), judged=stories.judged(areas), states=STATES)


def _readable(ref: str) -> Story:
    """A story of an idea in the areas of this officer. NotFound."""
    story = stories.by_ref(ref)
    require("handle bids", story.application)
    return story


@story_pages.get("/desk/stories/<ref>")
@allow("handle bids")
def desk_one(ref: str) -> Any:
    return _one(_readable(ref), forms.Publish(formdata=None), forms.Why(formdata=None, prefix="w-"))


def _one(story: Story, form: Any, why: Any) -> Any:
    found = stories.worries(story)
    return form_page(
        "outcomes/stories_one.html", why if why.errors else form, sign=form, why=why, story=story, worries=found,
        pieces=screening.pieces(story.words, found), must_go=any(each.must_go for each in found), states=STATES,
        names=people.names([each for each in (story.consent_by_id, story.typed_by_id) if each is not None]),
    )  # fmt: skip


@story_pages.post("/desk/stories/<ref>/publish")
@allow("handle bids")
def publish(ref: str) -> Any:
    story, form = _readable(ref), forms.Publish()
    if done(form, lambda: stories.publish(ref, _version(), bool(form.sure.data), Actor(current_user.id))):
        flash(_("Published. The applicant hears of it."))
        return see_other("/desk/stories")
    return _one(story, form, forms.Why(formdata=None, prefix="w-"))


@story_pages.post("/desk/stories/<ref>/decline")
@allow("handle bids")
def decline(ref: str) -> Any:
    story, why = _readable(ref), forms.Why(prefix="w-")
    if done(why, lambda: stories.decline(ref, _version(), why.reason.data, Actor(current_user.id))):
        flash(_("Not published. The applicant reads why, and can change it."))
        return see_other("/desk/stories")
    return _one(story, forms.Publish(formdata=None), why)


@story_pages.post("/desk/stories/<ref>/take-down")
@allow("handle bids")
def take_down(ref: str) -> Any:
    story, why = _readable(ref), forms.Why(prefix="w-")
    if done(why, lambda: stories.take_down(ref, why.reason.data, Actor(current_user.id))):
        flash(_("Taken down. Nobody can read it any more."))
        return see_other("/desk/stories")
    return _one(story, forms.Publish(formdata=None), why)


def _version() -> int:
    return whole_number(request.form.get("version"))


# --- everybody -----------------------------------------------------------------------------------------------------------


@story_pages.get("/register/stories")
@allow("anyone")
@limiter.limit("120/minute")
def public() -> Any:
    area, after = one_line(request.args.get("area"))[:80], one_line(request.args.get("after"))[:20]
    found = stories.published(area, after)
    older = "/register/stories?" + urlencode({"area": area, "after": found.older}) if found.older else None
    choice = [(each.code, each.name) for each in places.areas() if each.kind != "scheme"]
    return page("outcomes/stories.html", found=found, older=older, area=area, places=choice, after=after)


@story_pages.get("/register/stories/<ref>.jpg")
@allow("anyone")
def photo(ref: str) -> Response:
    """The photo of a story, asked for anew each time: it is gone when the story is."""
    story, row = stories.photo_of(ref)
    for_all = stories.is_public(story)
    if not for_all and not may("see this bid", story.application):
        raise NotFound(_("That photo is gone."))
    g.private = not for_all
    response = send_file(photos.path(row.file, settings().data_dir), mimetype="image/jpeg", max_age=0)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
