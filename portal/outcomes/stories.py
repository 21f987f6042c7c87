"""A short story about an idea, for everybody: told by the applicant with their consent, published as it stands by an officer, and gone at
once when the consent is taken back.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload

from portal import clock, once
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import apply, queries, report
from portal.grants.model import Application, Photo
from portal.grants.moves import about as about_thing
from portal.grants.queries import lies_in
from portal.grants.ties import must_not_be_their_own
from portal.history import Actor, record
from portal.outbox import Text, address_of, queue
from portal.outcomes.model import Story
from portal.people import queries as people
from portal.people import screening
from portal.people.known import known_names
from portal.people.shield import not_for_the_public, shielded
from portal.places import queries as places
from portal.refs import new_ref
from portal.words import N_, _

PAGE = 12
WITHHELD: list[Callable[[Application], str]] = []  # rooms above: why no words of an idea may be shown just now, or ""
CONSENT = (
    N_("Everybody may read this story, and see the photo that I chose, in the public register and on the page of stories. I can take this back at any time."),
    N_("Everybody who is in the story or in the photo agrees, and for a child a parent or carer does."),
)  # fmt: skip


def consent_words() -> str:
    """What is agreed to, as it is shown and kept."""
    return "\n".join(_(sentence) for sentence in CONSENT)


def about(story: Story) -> str:
    """How events name it. They hold no word of it."""
    return f"story:{story.ref}"  # a number of a row that is gone can come again


def of_bid(application_id: int) -> Story | None:
    """The story of an idea, in whatever state. One query."""
    return db.session.scalar(select(Story).where(Story.application_id == application_id).options(joinedload(Story.photo)))


def photos_for(application: Application) -> Sequence[Photo]:
    """From which photos a story may choose: those of the report. NotFound: there is no report yet."""
    return queries.photos_of(about_thing(report.of_bid(application)))


# --- telling, and taking back --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Telling:
    """What somebody wrote: the words, the reference of a photo or "", and both consents."""

    words: str
    photo: str = ""
    agreed: bool = False
    shown_agree: bool = False


def tell(ref: str, telling: Telling, actor: Actor, *, once_key: str | None = None) -> str:
    """Tell the story of an idea, or tell it anew: with a consent of its own, and waiting for an officer. Returns its reference.

    Refused: no words, a consent is missing, it holds a name or address, no such photo. NotFound: the money has not come yet.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        application = apply.locked(ref)
        photo = _judged(application, telling)
        story = _locked(application.id)
        again = story is not None
        if story is None:
            story = Story(ref=new_ref("STY"), application_id=application.id)
            db.session.add(story)
        else:
            story.version += 1
        story.status, story.reason, story.words, story.photo_id = "waiting", "", telling.words, photo.id if photo else None
        story.consent, story.consent_at, story.taken_back_at = consent_words(), clock.now(), None
        giver = actor.on_behalf_id or actor.person_id
        assert giver is not None, "a person agrees"
        story.consent_by_id = giver
        story.typed_by_id, story.basis = (actor.person_id, actor.basis or "") if actor.on_behalf_id else (None, "")
        db.session.flush()
        record(about(story), "told_again" if again else "told", actor, consent=story.consent, photo=photo.ref if photo else "")
        if once_key:
            once.keep(once_key, story.ref)
        return story.ref


def _judged(application: Application, telling: Telling) -> Photo | None:
    photos = {photo.ref: photo for photo in photos_for(application)}
    if not telling.words:
        raise Refused(_("Write a few sentences."), "words")
    if telling.photo and telling.photo not in photos:
        raise Refused(_("That photo is gone. Choose another one, or none."), "photo")
    if not telling.agreed:
        raise Refused(_("We can only show it to others when you agree. Tick the box, or leave it."), "agreed")
    if not telling.shown_agree:
        raise Refused(_("Ask everybody who is in it first. Then tick the box."), "shown")
    what = not_for_the_public(telling.words, queries.names_in([application.id])[application.id])
    if what is not None:
        raise Refused(_("Everybody will read this, so take out %(what)s.", what=what), "words")
    return photos.get(telling.photo)


def take_back(ref: str, actor: Actor) -> None:
    """The consent is taken back: the story is gone from every page at once. A second tap changes nothing. NotFound: there is none."""
    with transaction():
        story = _locked(apply.locked(ref).id)
        if story is None:
            raise NotFound(_("There is no story here."))
        if story.status != "taken_back":
            story.status, story.reason, story.taken_back_at = "taken_back", "", clock.now()
            story.version += 1
            record(about(story), "consent_taken_back", actor)


def _locked(application_id: int) -> Story | None:
    return db.session.scalar(
        select(Story).where(Story.application_id == application_id).with_for_update().execution_options(populate_existing=True)
    )


# --- the officer's part --------------------------------------------------------------------------------------------------


def by_ref(ref: str) -> Story:
    """One story that an officer may read, with its idea; not one that was taken back. NotFound."""
    found = db.session.scalar(
        select(Story)
        .where(Story.ref == ref, Story.status != "taken_back")
        .options(joinedload(Story.application).joinedload(Application.area), joinedload(Story.photo))
    )
    if found is None:
        raise NotFound(_("This story is gone: perhaps it was taken back."))
    return found


def waiting(areas: Collection[int] | None, limit: int = 50) -> Sequence[Story]:
    """Stories that wait for an officer of these areas (None: all), with their ideas; those that have waited longest first. One query."""
    query = select(Story).join(Story.application).options(joinedload(Story.application)).where(Story.status == "waiting", lies_in(areas))
    return db.session.scalars(query.order_by(Story.consent_at, Story.id).limit(limit)).all()


def judged(areas: Collection[int] | None, limit: int = 50) -> Sequence[Story]:
    """Stories that were published, declined or taken down, the newest first. One query."""
    query = select(Story).join(Story.application).options(joinedload(Story.application))
    query = query.where(Story.status.in_(("published", "declined", "taken_down")), lies_in(areas))
    return db.session.scalars(query.order_by(Story.consent_at.desc(), Story.id.desc()).limit(limit)).all()


def worries(story: Story) -> Sequence[screening.Worry]:
    """What in the words asks for a look before they are public."""
    near = queries.names_in([story.application_id])[story.application_id]
    return screening.worries(story.words, near, known_names([story.words]))


def publish(ref: str, version: int, sure: bool, actor: Actor) -> None:
    """Publish a story as it stands. `version`: of what was read; `sure`: somebody looked at what may be a name.

    Refused: it was changed or taken back meanwhile, it does not wait, something must go, nobody looked, it is one's own, all words of the
    idea were taken down.
    """
    with transaction():
        story, application = _judge_of(ref, version, actor)
        for withheld in WITHHELD:
            if why := withheld(application):
                raise Refused(why)
        for worry in worries(story):
            text = story.words[worry.begins : worry.ends]
            if worry.must_go:
                raise Refused(
                    _("“%(text)s” is %(what)s, so this cannot be published. Say so to the applicant, who can change it.", text=text, what=_(worry.what))
                )  # fmt: skip
            if not sure:
                raise Refused(
                    _("Look at “%(text)s”: it is %(what)s. Say below that you have looked.", text=text, what=_(worry.what)), "sure"
                )
        story.status, story.published_at, story.judged_by_id = "published", clock.now(), actor.person_id
        record(about(story), "published", actor)
        values = {"title": application.title, "link": address_of(f"/register/{application.ref}")}
        _tell(
            story, application, _("Your story of “%(title)s” is there for all to read", **values),
            _("Thank you! Everybody can read it now: %(link)s\n\nYou can take it back at any time.", **values),
        )  # fmt: skip


def decline(ref: str, version: int, reason: str, actor: Actor) -> None:
    """Do not publish it, and say why. Refused as for `publish`, and without a reason."""
    with transaction():
        story, application = _judge_of(ref, version, actor)
        _end(
            story, application, "declined", reason, actor, _("We cannot print your story of “%(title)s” as it is", title=application.title)
        )


def take_down(ref: str, reason: str, actor: Actor) -> None:
    """Take a published story down at once, and say why. Refused: it is not published, no reason, one's own."""
    with transaction():
        story, application = _held(ref)
        must_not_be_their_own([application], actor)
        if story.status != "published":
            raise Refused(_("It is not published any more."))
        _take_down(story, application, reason, actor)


def take_down_with(application: Application, reason: str, actor: Actor) -> None:
    """An idea whose words everywhere are taken down: its published story goes too. Part of an action that holds the idea."""
    story = _locked(application.id)
    if story is not None and story.status == "published":
        _take_down(story, application, reason, actor)


def _take_down(story: Story, application: Application, reason: str, actor: Actor) -> None:
    subject = _("Your story of “%(title)s” is not shown any more", title=application.title)
    _end(story, application, "taken_down", reason, actor, subject)


def _end(story: Story, application: Application, status: str, reason: str, actor: Actor, subject: str) -> None:
    if not reason:
        raise Refused(_("Write why. The applicant reads it."), "reason")
    story.status, story.reason, story.judged_by_id = status, reason, actor.person_id
    record(about(story), status, actor, reason=reason)
    link = address_of(f"/grants/{application.ref}/story")
    _tell(story, application, subject, _("%(reason)s\n\nYou can change it and tell it again: %(link)s", reason=reason, link=link))


def _judge_of(ref: str, version: int, actor: Actor) -> tuple[Story, Application]:
    story, application = _held(ref)
    must_not_be_their_own([application], actor)
    if story.version != version or story.status != "waiting":
        raise Refused(_("This story was changed, taken back or looked at meanwhile. Look at the list again."))
    return story, application


def _held(ref: str) -> tuple[Story, Application]:
    """A story with its idea, both locked, in the order in which the applicant's own acts lock them."""
    bid = db.session.scalar(select(Application.ref).join(Story, Story.application_id == Application.id).where(Story.ref == ref))
    if bid is None:
        raise NotFound(_("This story is gone: perhaps it was taken back."))
    application = apply.locked(bid)
    story = _locked(application.id)
    assert story is not None
    return story, application


def _tell(story: Story, application: Application, subject: str, more: str) -> None:
    text = Text(subject=subject, body=f"{subject}.\n\n{more}", short=subject + ".")
    key = f"{about(story)}:{story.status}:{story.version}"
    queue(key, people.addressee_of(people.person(application.person_id)), text, about=about_thing(application))


# --- everybody's part ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """A story as everybody reads it."""

    ref: str
    bid: str
    title: str
    words: str
    area: str
    photo: Photo | None
    alt: str


@dataclass(frozen=True)
class Found:
    """A page of stories, and from where the next one goes on."""

    stories: Sequence[Read]
    older: str


PUBLIC = and_(Story.status == "published", Application.released_at.is_not(None), Application.decided == "yes")


def read(story: Story, bid: str, title: str, area: str, names: Sequence[str]) -> Read:
    """A published story of an idea, by its reference, without whom it must not name. `title`, `area`: as everybody reads them."""
    return Read(
        story.ref, bid, title, shielded(story.words, names), area, story.photo, shielded(story.photo.alt, names) if story.photo else ""
    )


def published(area: str = "", after: str = "") -> Found:
    """A page of stories, newest first: of an area and all in it (by its code), after a story (by its reference). Three to five queries."""
    whole = (joinedload(Story.application).joinedload(Application.area), joinedload(Story.photo))
    query = select(Story).join(Story.application).where(PUBLIC).options(*whole)
    if area and places.area_by_code(area) is not None:
        query = query.where(Application.area_id.in_(places.within(area)))
    if after and (last := db.session.scalar(select(Story).where(Story.ref == after))) is not None and last.published_at is not None:
        query = query.where(or_(Story.published_at < last.published_at, and_(Story.published_at == last.published_at, Story.id < last.id)))
    rows = db.session.scalars(query.order_by(Story.published_at.desc(), Story.id.desc()).limit(PAGE + 1)).all()
    names = queries.names_in([row.application_id for row in rows[:PAGE]])
    shown = [_read(row, names[row.application_id]) for row in rows[:PAGE]]
    return Found(shown, rows[PAGE - 1].ref if len(rows) > PAGE else "")


def _read(story: Story, names: Sequence[str]) -> Read:
    bid = story.application
    return read(story, bid.ref, shielded(bid.title, names), bid.area.name if bid.area else "", names)


def photo_of(ref: str) -> tuple[Story, Photo]:
    """The photo of a story, whoever may see it. NotFound."""
    story = db.session.scalar(select(Story).where(Story.ref == ref).options(joinedload(Story.application), joinedload(Story.photo)))
    if story is None or story.photo is None:
        raise NotFound(_("That photo is gone."))
    return story, story.photo


def is_public(story: Story) -> bool:
    """Whether everybody may see it now."""
    return story.status == "published" and story.application.released_at is not None and story.application.decided == "yes"
