"""Groups of residents that decide. A panel knows matters, never what a matter is about."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.money import Pence

CHOICES = ("yes", "no", "not_yet", "abstain")
KINDS = ("member", "substitute", "guest")
TIES = ("none", "family", "friend", "member", "money", "neighbour", "other")
MARKS = (0, 1, 2, 3)  # not at all, a little, quite, very much


class Panel(Base):
    __tablename__ = "panel"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # PNL-....-....
    name: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    takes_guests: Mapped[bool] = mapped_column(default=False)  # residents of its areas may take a guest seat by themselves
    conduct: Mapped[int] = mapped_column(default=0)  # version of the code of conduct in force; 0: none was published


class PanelArea(Base):
    """An area that a panel decides for. A panel without any decides everywhere."""

    __tablename__ = "panel_area"

    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True, index=True)


class Conduct(Base):
    """A version of a panel's training note and code of conduct. Appended; the newest is in force."""

    __tablename__ = "conduct"
    __table_args__ = (UniqueConstraint("panel_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    version: Mapped[int]
    words: Mapped[str]
    published_at: Mapped[datetime]
    published_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class Seat(Base):
    """A person's place on a panel, from when to when.

    A member decides everything; a substitute only what it is called to (see Called); a guest only what was opened after it sat down.
    """

    __tablename__ = "seat"
    __table_args__ = (
        CheckConstraint("kind in ('member', 'substitute', 'guest')", name="kind"),
        Index("ix_seat_person_id", "person_id"),
        Index("ix_seat_panel_id", "panel_id"),
        Index("ix_seat_term_end", "term_end"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    chair: Mapped[bool] = mapped_column(default=False)
    term_start: Mapped[date]
    term_end: Mapped[date | None]  # last day, inclusive
    kind: Mapped[str] = mapped_column(default="member")
    given_at: Mapped[datetime]
    conduct: Mapped[int] = mapped_column(default=0)  # version of the code of conduct that it accepted
    conduct_at: Mapped[datetime | None]


class SeatOffer(Base):
    """A resident would like to sit on a panel."""

    __tablename__ = "seat_offer"
    __table_args__ = (
        CheckConstraint("status in ('open', 'accepted', 'declined', 'withdrawn')", name="status"),
        Index(
            "uq_seat_offer_open",
            "panel_id",
            "person_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_seat_offer_person_id", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # OFR-....-....
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    words: Mapped[str]  # why they would like to; emptied when they leave
    status: Mapped[str] = mapped_column(default="open")
    offered_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answer: Mapped[str] = mapped_column(default="")


class Sitting(Base):
    """Matters that a panel decides together out of one pot: a dated round. `about` names it to whoever asked ("round:3")."""

    __tablename__ = "sitting"
    __table_args__ = (
        CheckConstraint("status in ('open', 'counted')", name="status"),
        CheckConstraint("pot is null or pot >= 0", name="pot"),
        CheckConstraint("votes_from is null or votes_until is not null", name="ballot"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # SIT-....-....
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), index=True)
    about: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)  # frozen: see rules.Sharing
    seed: Mapped[str]  # published before anything came in; settles ties
    pot: Mapped[Pence | None]  # what is shared; None with the threshold rule: each matter on its own
    status: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    decide_by: Mapped[date]
    counted_at: Mapped[datetime | None]
    counted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # ballots, outcome and what other rules would have done
    published_at: Mapped[datetime | None]  # from then on everybody may read the result
    votes_until: Mapped[datetime | None]  # an area ballot: residents vote, until then
    votes_from: Mapped[datetime | None]  # when somebody opened it; what is before the panel then stands on it, and nothing else
    fell_short_at: Mapped[datetime | None]  # too few voted, so the panel decides after all

    @property
    def by_residents(self) -> bool:
        """Whether an area ballot decides, and not the panel's seats."""
        return self.votes_until is not None and self.fell_short_at is None

    @property
    def with_residents(self) -> bool:
        """Whether its ideas are on residents' ballots: from then on nothing is asked of the seats, unless too few vote."""
        return self.by_residents and self.votes_from is not None


class SittingArea(Base):
    """An area whose residents vote, written down with all that lay in it when the sitting opened."""

    __tablename__ = "sitting_area"

    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True, index=True)


class Ballot(Base):
    """A line of the roll of an area ballot: this resident has voted on the phone, or has taken a paper. Once for each of them.

    What was ticked stands here until the letters are out, and is forgotten then; of a paper it never stands here.
    """

    __tablename__ = "ballot"
    __table_args__ = (
        CheckConstraint("way in ('phone', 'paper')", name="way"),
        CheckConstraint("way = 'phone' or ticks is null", name="paper_apart"),
        UniqueConstraint("sitting_id", "person_id"),
        Index("ix_ballot_person_id", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: they left after the ballot had closed
    way: Mapped[str]
    ticks: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))  # ids of the matters they want
    at: Mapped[datetime]
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # of a paper: who gave it out


class BallotPaper(Base):
    """A printed ballot paper. Nothing here or elsewhere says who took it."""

    __tablename__ = "ballot_paper"
    __table_args__ = (
        CheckConstraint("status in ('printed', 'entered', 'spoilt')", name="status"),
        CheckConstraint("status = 'entered' or ticks is null", name="ticks"),
        Index("ix_ballot_paper_sitting_id", "sitting_id", "batch"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(unique=True)  # BAL-....-....: the last letter checks the others
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"))
    batch: Mapped[int]  # printed together
    printed_at: Mapped[datetime]
    printed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    status: Mapped[str] = mapped_column(default="printed")
    ticks: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))  # forgotten when the letters are out
    settled_at: Mapped[datetime | None]  # when it was entered, or written down as spoilt
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Matter(Base):
    """One thing a panel decides. `about` names it to whoever asked ("bid:17"); the panel does not look inside."""

    __tablename__ = "matter"
    __table_args__ = (
        CheckConstraint("status in ('open', 'closed', 'withdrawn')", name="status"),
        Index("ix_matter_panel_id_status", "panel_id", "status"),
        # a bid that comes back after "not yet" is a new matter; only one may be open
        Index("uq_matter_open", "about", unique=True, sqlite_where=text("status = 'open'"), postgresql_where=text("status = 'open'")),
        Index("ix_matter_short", "panel_id", sqlite_where=text("short = 1"), postgresql_where=text("short")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # MAT-....-....
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    about: Mapped[str] = mapped_column(index=True)
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)  # the frozen threshold rule: see rules.Threshold
    sitting_id: Mapped[int | None] = mapped_column(ForeignKey("sitting.id"), index=True)
    cost: Mapped[Pence | None]  # what a yes would take out of the pot
    status: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    decide_by: Mapped[date]
    revealed_at: Mapped[datetime | None]  # marks are private before, and votes are taken after
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # yes, no, not_yet, no_quorum
    tally: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # as counted at closing, for the register, with the seats that could vote
    short: Mapped[bool] = mapped_column(default=False)  # while open: fewer seats can vote than the quorum, and nobody is left to call

    sitting: Mapped[Sitting | None] = relationship(viewonly=True)


class Called(Base):
    """A substitute was called to a matter, because too few seats could decide it. Appended."""

    __tablename__ = "called"
    __table_args__ = (UniqueConstraint("matter_id", "seat_id"), Index("ix_called_seat_id", "seat_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    called_at: Mapped[datetime]


class Interest(Base):
    """A seat says what ties it to a matter, `none` included, before it may open it. Appended; the last counts."""

    __tablename__ = "interest"
    __table_args__ = (
        CheckConstraint("tie in ('none', 'family', 'friend', 'member', 'money', 'neighbour', 'other')", name="tie"),
        Index("ix_interest_matter_id_seat_id", "matter_id", "seat_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    tie: Mapped[str]
    note: Mapped[str] = mapped_column(default="")  # private to officers; the register prints the kind of tie
    declared_at: Mapped[datetime]
    declared_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class Objection(Base):
    """A seat does not agree with a tie that somebody else declared for it. For the officers."""

    __tablename__ = "objection"

    id: Mapped[int] = mapped_column(primary_key=True)
    interest_id: Mapped[int] = mapped_column(ForeignKey("interest.id"), unique=True)
    words: Mapped[str]  # emptied when they leave
    made_at: Mapped[datetime]


class Vote(Base):
    """A vote, appended; the last of a seat counts, unless it declared a tie, or one was declared for it, afterwards."""

    __tablename__ = "vote"
    __table_args__ = (
        CheckConstraint("choice in ('yes', 'no', 'not_yet', 'abstain')", name="choice"),
        CheckConstraint("source in ('phone', 'paper', 'hall')", name="source"),
        Index("ix_vote_matter_id_seat_id", "matter_id", "seat_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    choice: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="phone")
    sheet: Mapped[str] = mapped_column(default="")  # number of the paper sheet
    cast_at: Mapped[datetime]
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class Struck(Base):
    """A hand that was written down by mistake and counts no more. Appended."""

    __tablename__ = "struck"

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("vote.id"), unique=True)
    struck_at: Mapped[datetime]
    struck_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class Hall(Base):
    """Where a panel that meets in a hall stands: over the matters of a sitting, or over those that are decided one by one."""

    __tablename__ = "hall"
    __table_args__ = (
        CheckConstraint("length between 60 and 3600", name="length"),
        CheckConstraint("time_left is null or ends_at is null", name="runs_or_stands"),
        Index(
            "uq_hall_panel", "panel_id", unique=True, sqlite_where=text("sitting_id is null"), postgresql_where=text("sitting_id is null")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    sitting_id: Mapped[int | None] = mapped_column(ForeignKey("sitting.id"), unique=True)
    matter_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"), index=True)  # what is on the table
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("seat.id"))  # who runs it in place of a chair who is tied to it
    length: Mapped[int] = mapped_column(default=300)  # seconds for each matter
    ends_at: Mapped[datetime | None]  # while the timer runs
    time_left: Mapped[int | None]  # seconds, while it stands still on the way; None: not begun


class InHall(Base):
    """A seat is in the hall. Who came and went when is in the events."""

    __tablename__ = "in_hall"

    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), primary_key=True)
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"), primary_key=True)
    since: Mapped[datetime]


class Mark(Base):
    """What a seat thinks of a matter by one of its criteria, with a line why. Appended; the last counts."""

    __tablename__ = "mark"
    __table_args__ = (
        CheckConstraint("mark between 0 and 3", name="mark"),
        CheckConstraint("criterion >= 0", name="criterion"),
        CheckConstraint("source in ('phone', 'paper', 'hall')", name="source"),
        Index("ix_mark_matter_id_seat_id", "matter_id", "seat_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    criterion: Mapped[int]  # place in the matter's frozen list
    mark: Mapped[int]
    reason: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="phone")
    sheet: Mapped[str] = mapped_column(default="")
    marked_at: Mapped[datetime]
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class Remark(Base):
    """Something said in the talk about a matter. Taken back by its writer or struck by the chair, it shows as that."""

    __tablename__ = "remark"
    __table_args__ = (Index("ix_remark_matter_id", "matter_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # RMK-....-....
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    seat_id: Mapped[int | None] = mapped_column(ForeignKey("seat.id"))  # None: an officer
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    words: Mapped[str]
    said_at: Mapped[datetime]
    struck_at: Mapped[datetime | None]
    struck_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Override(Base):
    """Two people change what the rule gave to one matter, with a reason that everybody reads."""

    __tablename__ = "override"
    __table_args__ = (
        CheckConstraint("seconded_by_id is null or seconded_by_id <> proposed_by_id", name="two_people"),
        Index("ix_override_sitting_id", "sitting_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # OVR-....-....
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"))
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    funded: Mapped[bool]
    reason: Mapped[str]
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime]
    seconded_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    seconded_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]  # taken back before it was seconded, or undone with the count

    @property
    def in_force(self) -> bool:
        """Whether two people agreed to it and the count that it changed stands."""
        return self.seconded_at is not None and self.dropped_at is None
