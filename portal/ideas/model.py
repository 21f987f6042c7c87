"""Ideas on the wall, who is in, which of them are one idea, and what a connector has to look at."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.events.model import Gathering
from portal.finding import KnownWords
from portal.money import Minutes
from portal.people.model import Person
from portal.places.model import Area

STATES = ("held", "open", "joined", "taken", "done", "archived", "expired", "withdrawn", "hidden")
GONE = 0  # the link number of an "I'm in" that was taken off its card: no link opens it, and it cannot be said again
LOOKS = ("words", "new", "reported", "held")


class Idea(Base):
    """A card: one sentence, more words, a photo. On the wall while it is open and its last day has not passed.

    Whose it is: an account; or a first name on paper, with a way to tell them or none; or nobody's.
    """

    __tablename__ = "idea"
    __table_args__ = (
        CheckConstraint(f"status in ({', '.join(repr(each) for each in STATES)})", name="status"),
        CheckConstraint("(status = 'joined') = (into_id is not null)", name="joined"),
        CheckConstraint("into_id is null or into_id <> id", name="not_into_itself"),
        CheckConstraint("status <> 'taken' or taken_by is not null", name="taken"),
        CheckConstraint("owner_id is null or (owner_name = '' and owner_contact = '')", name="owner"),
        CheckConstraint("owner_channel in ('none', 'email', 'sms')", name="owner_channel"),
        CheckConstraint("(owner_channel = 'none') = (owner_contact = '')", name="owner_contact"),
        CheckConstraint("(photo_file is null) = (photo_ref is null)", name="photo"),
        CheckConstraint("status = 'open' or words = ''", name="found_while_open"),
        CheckConstraint("people >= 0 and minutes >= 0", name="counted"),
        Index("ix_idea_status_id", "status", "id"),
        Index("ix_idea_owner_id_id", "owner_id", "id"),
        Index("ix_idea_area_id", "area_id", "status", "id"),
        Index("ix_idea_into_id", "into_id"),
        Index("ix_idea_wall", "wall"),
        Index("ix_idea_event_id", "event_id", "id"),
        Index("ix_idea_owner_contact", "owner_contact", sqlite_where=text("owner_contact <> ''"), postgresql_where=text("owner_contact <> ''")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # IDE-....-....
    number: Mapped[int] = mapped_column(unique=True)  # short, to be written on the paper note: /i/17
    title: Mapped[str]  # the one sentence
    text: Mapped[str] = mapped_column(default="")
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    owner_name: Mapped[str] = mapped_column(default="")  # from paper: a first name
    owner_channel: Mapped[str] = mapped_column(default="none")
    owner_contact: Mapped[str] = mapped_column(default="")  # e-mail lower case, or E.164
    photo_ref: Mapped[str | None] = mapped_column(unique=True)
    photo_file: Mapped[str | None]
    photo_width: Mapped[int] = mapped_column(default=0)
    photo_height: Mapped[int] = mapped_column(default=0)
    photo_alt: Mapped[str] = mapped_column(default="")
    entered_by: Mapped[str]  # "person:12": who typed it; "scheme": a stranger to the site
    basis: Mapped[str | None]
    event_id: Mapped[int | None] = mapped_column(ForeignKey("gathering.id"))  # the fair or meeting at which it was pinned
    wall: Mapped[str | None]  # WAL-....-....: typed from a wall together with others
    posted_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="open")
    into_id: Mapped[int | None] = mapped_column(ForeignKey("idea.id"))  # the idea that it has joined
    taken_by: Mapped[str | None]  # what it has become: "bid:17"; kept when that has ended
    ends_on: Mapped[date]  # its last day on the wall
    reminded_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(default="")  # what the search reads while it is open; never shown
    people: Mapped[int] = mapped_column(default=0)  # who is in, of it and of all that joined it, each once: a cache (counting.recount)
    minutes: Mapped[Minutes] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)

    area: Mapped[Area] = relationship(viewonly=True)
    owner: Mapped[Person | None] = relationship(viewonly=True)
    event: Mapped[Gathering | None] = relationship(viewonly=True)


class IdeaPledge(Base):
    """ "I'm in": somebody, with so many minutes. Shows no more than a first name. Its link is made from `ref` and `link_number`."""

    __tablename__ = "idea_pledge"
    __table_args__ = (
        CheckConstraint("status in ('in', 'out')", name="status"),
        CheckConstraint("minutes >= 15 and minutes <= 960 and minutes % 15 = 0", name="minutes"),
        CheckConstraint("channel in ('none', 'email', 'sms')", name="channel"),
        CheckConstraint("(channel = 'none') = (contact = '')", name="contact"),
        Index("ix_idea_pledge_idea_id", "idea_id", "id"),
        Index("ix_idea_pledge_person_id", "person_id", "id"),
        Index("ix_idea_pledge_contact", "contact", sqlite_where=text("contact <> ''"), postgresql_where=text("contact <> ''")),
        # a neighbour once on a card: by account, or by address
        Index("uq_idea_pledge_person", "idea_id", "person_id", unique=True, sqlite_where=text("person_id is not null"), postgresql_where=text("person_id is not null")),
        Index("uq_idea_pledge_contact", "idea_id", "contact", unique=True, sqlite_where=text("contact <> ''"), postgresql_where=text("contact <> ''")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # INN-....-....
    idea_id: Mapped[int] = mapped_column(ForeignKey("idea.id"))  # the card on which it was said, also after that joined another
    name: Mapped[str]  # a first name
    channel: Mapped[str] = mapped_column(default="none")
    contact: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    minutes: Mapped[Minutes]
    status: Mapped[str] = mapped_column(default="in")
    proved_at: Mapped[datetime | None]  # said by an account, or through the link that went to the address
    basis: Mapped[str | None]  # typed by a connector
    link_number: Mapped[int] = mapped_column(default=1)
    said_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class IdeaJoin(Base):
    """One idea asks to join another, with the consent of both sides; can be undone for a while."""

    __tablename__ = "idea_join"
    __table_args__ = (
        CheckConstraint("status in ('asked', 'joined', 'declined', 'lapsed', 'undone')", name="status"),
        CheckConstraint("idea_id <> into_id", name="two_ideas"),
        CheckConstraint("status <> 'joined' or (idea_yes_at is not null and into_yes_at is not null and joined_at is not null)", name="both"),
        CheckConstraint("(status = 'undone') = (undone_at is not null)", name="undone"),
        Index("uq_idea_join_joined", "idea_id", unique=True, sqlite_where=text("status = 'joined'"), postgresql_where=text("status = 'joined'")),
        Index("uq_idea_join_asked", "idea_id", "into_id", unique=True, sqlite_where=text("status = 'asked'"), postgresql_where=text("status = 'asked'")),
        Index("ix_idea_join_into_id", "into_id", "status"),
        Index("ix_idea_join_status", "status", "asked_at"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # JOI-....-....
    idea_id: Mapped[int] = mapped_column(ForeignKey("idea.id"))
    into_id: Mapped[int] = mapped_column(ForeignKey("idea.id"))
    status: Mapped[str] = mapped_column(default="asked")
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    idea_yes_at: Mapped[datetime | None]
    into_yes_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    idea: Mapped[Idea] = relationship(foreign_keys=[idea_id], viewonly=True)
    into: Mapped[Idea] = relationship(foreign_keys=[into_id], viewonly=True)


class IdeaLook(Base):
    """What a connector has to look at: why, until when, who does it, what came of it. Kept as the log."""

    __tablename__ = "idea_look"
    __table_args__ = (
        CheckConstraint(f"kind in ({', '.join(repr(each) for each in LOOKS)})", name="kind"),
        CheckConstraint("outcome in ('', 'stands', 'taken_down')", name="outcome"),
        CheckConstraint("(settled_at is null) = (outcome = '')", name="settled"),
        Index("uq_idea_look_reported", "idea_id", "by_id", unique=True, sqlite_where=text("settled_at is null and kind = 'reported' and by_id is not null"), postgresql_where=text("settled_at is null and kind = 'reported' and by_id is not null")),
        Index("uq_idea_look_open", "idea_id", "kind", unique=True, sqlite_where=text("settled_at is null and kind <> 'reported'"), postgresql_where=text("settled_at is null and kind <> 'reported'")),
        Index("ix_idea_look_settled_at", "settled_at", "due_on", "id"),
        Index("ix_idea_look_idea_id", "idea_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    idea_id: Mapped[int] = mapped_column(ForeignKey("idea.id"))
    kind: Mapped[str]
    why: Mapped[str] = mapped_column(default="")  # the words that worry, or what somebody said is wrong
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # who reported or held it
    keeper_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # who looks at it; None: nobody there yet, all who help there
    opened_at: Mapped[datetime]
    due_on: Mapped[date]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")

    idea: Mapped[Idea] = relationship(viewonly=True)
    keeper: Mapped[Person | None] = relationship(foreign_keys=[keeper_id], viewonly=True)


class IdeaWord(KnownWords, Base):
    """A word of the ideas that are on the wall."""

    __tablename__ = "idea_known_word"


__all__ = ["GONE", "LOOKS", "STATES", "Idea", "IdeaJoin", "IdeaLook", "IdeaPledge", "IdeaWord"]
