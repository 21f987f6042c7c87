"""A whole month of a busy timebank, loaded in bulk: 300 members, 5,000 exchanges, a thousand posts, sessions, sheets and bookings.

The rows are put in by SQLAlchemy's core, the hours through `post_all`, so that the books prove it all. Skewed on purpose: Maya has most.
"""

import random
from collections.abc import Iterable
from datetime import time, timedelta
from typing import Any

from sqlalchemy import func, insert, select, text

from portal import clock
from portal.db import Base, db, is_postgresql, transaction
from portal.finding import words_of
from portal.history import Event
from portal.ledger.posting import Fact, Line, open_accounts, post_all
from portal.people.model import Person
from portal.refs import drawn_from, new_ref
from portal.timebank.model import Category, Exchange, Member
from portal.timebank.paper_model import Sheet, SheetRow
from portal.timebank.posts_model import Conversation, Post, Relayed
from portal.timebank.sessions_model import Attendance, SignUp, TimeSession
from portal.timebank.spend_model import SpendOffer
from tests.timebank.bank import Bank

MEMBERS, EXCHANGES, POSTS, SESSIONS, SHEETS = 300, 5_000, 1_000, 60, 120
WORDS = ("bicycle", "hedge", "curtain", "garden gate", "piano", "letter", "shopping", "lift to town", "cake", "spreadsheet")


class Month:
    """Who and what there is, by lists of ids."""

    def __init__(self, bank: Bank, seed: int = 7) -> None:
        self.bank = bank
        self.source = random.Random(seed)
        self.now, self.today = clock.now(), clock.today()
        self.kinds = {row.id: row.name for row in db.session.scalars(select(Category))}

    def load(self) -> "Month":
        with drawn_from(self.source), transaction():
            self._members()
            self._exchanges()
            self._posts()
            self._conversations()
            self._sessions()
            self._sheets()
            self._offers()
        if is_postgresql():
            with transaction():
                for table in (
                    Person,
                    Member,
                    Exchange,
                    Post,
                    Conversation,
                    Relayed,
                    TimeSession,
                    SignUp,
                    Attendance,
                    Sheet,
                    Event,
                    SpendOffer,
                ):
                    name = table.__tablename__
                    db.session.execute(
                        text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT coalesce(max(id), 1) FROM {name}))")
                    )
                db.session.execute(text("ANALYZE"))
        return self

    def _members(self) -> None:
        first, area = next_id(Person), list(self.bank.areas.values())
        people = [
            {
                "id": first + n, "ref": new_ref("PER"), "name": f"Neighbour Number {n}", "email": f"n{n}@people.example", "phone": None, "postal_address": "",
                "channel": "email", "large_print": False, "area_id": area[n % 2], "joined_at": self.now - timedelta(days=100), "deleted_at": None,
            }
            for n in range(MEMBERS)
        ]  # fmt: skip
        put(Person, people)
        one = next_id(Member)
        rows: list[dict[str, Any]] = [
            {
                "id": one + n, "ref": new_ref("MEM"), "person_id": first + n, "organisation_id": None, "area_id": area[n % 2], "status": "active",
                "seen_outside": n % 3 == 0, "hard_floor": -600_000, "joined_at": self.now - timedelta(days=100), "agreement": "yes",
            }
            for n in range(MEMBERS)
        ]  # fmt: skip
        put(Member, rows)
        put(Event, [event(f"member:{row['id']}", "joined", row["joined_at"]) for row in rows])
        open_accounts([(f"member:{row['ref']}", "MIN", "liability", f"Member {row['ref']}", -600_000, None) for row in rows])
        self.area_code = {id_: code for code, id_ in self.bank.areas.items()}
        self.maya = db.session.scalars(select(Member).where(Member.ref == self.bank.cards["Maya"])).one()
        self.members = rows

    def _exchanges(self) -> None:
        first = next_id(Exchange)
        rows: list[dict[str, Any]] = []
        facts: list[Fact] = []
        maya: dict[str, Any] = {"id": self.maya.id, "ref": self.maya.ref, "area_id": self.maya.area_id, "person_id": self.maya.person_id}
        weights = [1 / (place + 3) for place in range(MEMBERS)]
        for n in range(EXCHANGES):
            giver, receiver = self.source.choices(self.members, weights, k=2)
            if n % 12 == 0:
                giver = maya
            if giver["id"] == receiver["id"]:
                receiver = self.members[(self.members.index(receiver) + 1) % MEMBERS]
            day, minutes = self.today - timedelta(days=self.source.randrange(1, 30)), 15 * self.source.randrange(1, 9)
            status = "settled" if n % 20 else ("logged", "disputed", "settled", "logged")[n // 20 % 4]
            settled, kind = status == "settled", self.source.choice(list(self.kinds))
            key = f"exchange:{first + n}:settled:1" if settled else None
            at = clock.start_of_day(day) + timedelta(hours=12)
            rows.append({
                "id": first + n, "ref": new_ref("EXC"), "giver_id": giver["id"], "receiver_id": receiver["id"], "category_id": kind, "day": day,
                "minutes": minutes, "note": "", "status": status, "logged_by": "giver", "entered_by": f"person:{giver['person_id']}", "basis": None, "entered_at": at,
                "settle_on": day + timedelta(days=14), "link_number": 1, "wrong_codes": 0,
                "answered_by": None if status == "logged" else f"person:{receiver['person_id']}", "answered_at": None if status == "logged" else at,
                "answered_minutes": minutes if settled else 960 if status == "disputed" else None, "answer": "", "settled_minutes": minutes if settled else None,
                "settled_at": at if settled else None, "entry_key": key, "questioned_by": None, "questioned_at": None, "question": "", "work_id": None,
                "giver_area_id": giver["area_id"] if settled else None, "receiver_area_id": receiver["area_id"] if settled else None,
            })  # fmt: skip
            if key is not None:
                facts.append(
                    Fact(
                        key,
                        "exchange",
                        f"exchange:{first + n}",
                        f"Help: {self.kinds[kind]}",
                        "scheme",
                        self._lines(giver, receiver, minutes),
                    )
                )
        put(Exchange, rows)
        put(Event, [event(f"exchange:{row['id']}", kind, row["entered_at"]) for row in rows for kind in ("logged", row["status"])])
        for start in range(0, len(facts), 1000):
            post_all(facts[start : start + 1000])

    def _lines(self, giver: Any, receiver: Any, minutes: int) -> list[Line]:
        paying, getting = f"member:{receiver['ref']}", f"member:{giver['ref']}"
        if giver["area_id"] == receiver["area_id"]:
            return [Line(paying, getting, minutes)]
        out, into = (f"area:{self.area_code[each['area_id']]}:clearing" for each in (receiver, giver))
        return [Line(paying, out, minutes), Line(into, getting, minutes)]

    def _posts(self) -> None:
        first, kinds = next_id(Post), list(self.kinds)
        rows = []
        for n in range(POSTS):
            owner, kind = self.members[n % MEMBERS], "request" if n % 3 == 0 else "offer"
            title = f"I can help with your {WORDS[n % len(WORDS)]} number {n}"
            category = kinds[n % len(kinds)]
            rows.append({
                "id": first + n, "ref": new_ref("POS"), "member_id": owner["id"], "kind": kind, "title": title, "text": "As it suits you.", "category_id": category,
                "area_id": owner["area_id"], "reach": ("area", "linked", "scheme")[n % 3], "when_words": "", "from_day": None, "until_day": None, "tags": "",
                "status": "open", "words": " ".join(words_of(f"{title} As it suits you. {self.kinds[category]}")), "ends_on": self.today + timedelta(days=30),
                "reminded_at": None, "photo_ref": None, "photo_file": None, "photo_width": 0, "photo_height": 0, "photo_alt": "",
                "posted_at": self.now - timedelta(days=n % 60), "entered_by": f"person:{owner['person_id']}", "basis": None, "met_at": None, "version": 1,
            })  # fmt: skip
        put(Post, rows)
        self.posts = rows

    def _conversations(self) -> None:
        first = next_id(Conversation)
        rows = []
        for n in range(200):
            post = self.posts[n]
            other = self.maya.id if n % 2 else self.members[(n + 7) % MEMBERS]["id"]
            rows.append({
                "id": first + n, "ref": new_ref("CNV"), "post_id": post["id"], "owner_id": post["member_id"], "other_id": other, "begun_by_id": other,
                "status": "open", "opened_at": self.now - timedelta(days=9), "last_at": self.now - timedelta(days=n % 9), "answered_at": None, "nudges": 0,
                "closed_by_id": None, "blocked_by_id": None,
            })  # fmt: skip
        put(Conversation, rows)
        spoken = next_id(Relayed)
        put(Relayed, [
            {
                "id": spoken + n, "conversation_id": rows[1]["id"] if n < 150 else row["id"], "owner_id": rows[1]["owner_id"] if n < 150 else row["owner_id"],
                "other_id": rows[1]["other_id"] if n < 150 else row["other_id"], "from_id": rows[1]["other_id"] if n < 150 else row["other_id"],
                "by_person_id": self.maya.person_id, "basis": None, "kind": "words", "words": "Hello, when would it suit you?", "at": self.now - timedelta(days=1),
            }
            for n, row in enumerate(rows * 2)
        ])  # fmt: skip

    def _sessions(self) -> None:
        first, kinds = next_id(TimeSession), list(self.kinds)
        rows = [
            {
                "id": first + n, "ref": new_ref("SES"), "rota_id": None, "title": f"Litter pick number {n}", "what": "", "category_id": kinds[0],
                "area_id": self.maya.area_id, "place": "Creek Road", "day": self.today + timedelta(days=n - 30), "starts": time(10), "ends": time(12),
                "minutes": 60, "places": None, "payer_id": self.maya.id, "pot_id": None, "organiser_id": self.maya.person_id,
                "entered_by": f"person:{self.maya.person_id}", "basis": None, "code": f"{100_000 + n}", "version": 1, "changed_at": self.now, "status": "open",
                "cancelled_at": None, "reason": "", "closed_at": None, "closed_by": None, "entry_key": None, "reversed_at": None,
            }
            for n in range(SESSIONS)
        ]  # fmt: skip
        put(TimeSession, rows)
        mark, there = next_id(SignUp), next_id(Attendance)
        big = rows[30]["id"]  # of today: eighty have signed up, and are there
        put(SignUp, [
            {"id": mark + n, "session_id": big, "member_id": each["id"], "state": "going", "number": n + 1, "asked_at": self.now}
            for n, each in enumerate(self.members[:80])
        ])  # fmt: skip
        put(Attendance, [
            {
                "id": there + n, "session_id": big, "member_id": each["id"], "guest": "", "how": "phone", "sheet": "", "entered_by": f"person:{each['person_id']}",
                "entered_at": self.now, "said": None, "minutes": None, "why": "", "questioned_by": None, "questioned_at": None, "question": "",
            }
            for n, each in enumerate(self.members[:80])
        ])  # fmt: skip
        self.big = rows[30]["ref"]

    def _sheets(self) -> None:
        first = next_id(Sheet)
        olga = self.bank.who("Olga").id
        rows = [
            {
                "id": first + n, "ref": new_ref("SHT"), "area_id": self.bank.areas["mossgate"], "number": str(n), "part": 1, "batch": "", "entered_by": f"person:{olga}",
                "entered_at": self.now - timedelta(days=n % 30), "undone_by": None, "undone_at": None,
            }
            for n in range(SHEETS)
        ]  # fmt: skip
        for row in rows:
            row["batch"] = row["ref"]
        put(Sheet, rows)
        settled = db.session.scalars(select(Exchange.id).where(Exchange.status == "settled").order_by(Exchange.id).limit(SHEETS + 59)).all()
        lines = [{"sheet_id": first, "line": n + 1, "exchange_id": id_} for n, id_ in enumerate(settled[:60])]
        put(SheetRow, lines + [{"sheet_id": first + n, "line": 1, "exchange_id": id_} for n, id_ in enumerate(settled[60:], 1)])

    def _offers(self) -> None:
        first, partner = next_id(SpendOffer), db.session.scalars(select(Member.id).where(Member.ref == self.bank.cards["Pool"])).one()
        put(SpendOffer, [
            {
                "id": first + n, "ref": new_ref("SPD"), "partner_id": partner, "area_id": self.maya.area_id, "title": f"A swim, lane {n}", "words": "Bring a towel.",
                "place": "Blackshots Lane", "minutes": 60, "places": 5, "per": "day", "ahead": True, "times": [[day, 600, 900] for day in range(7)], "days_off": [],
                "first_day": self.today - timedelta(days=9), "last_day": None, "each_month": 4, "each_all": None, "cancel_hours": 24,
                "status": "open" if n < 100 else "waiting", "version": 1, "flagged": "", "excuse": "", "answer": "", "made_by": "person:1", "made_at": self.now,
                "opened_at": self.now, "photo_file": None, "photo_width": None, "photo_height": None, "photo_alt": "",
            }
            for n in range(170)
        ])  # fmt: skip


def next_id(table: type[Base]) -> int:
    return int(db.session.scalar(select(func.coalesce(func.max(table.id), 0))) or 0) + 1  # type: ignore[attr-defined]


def put(table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    db.session.execute(insert(table.__table__), list(rows))  # type: ignore[arg-type]


def event(about: str, kind: str, at: Any) -> dict[str, Any]:
    return {"about": about, "kind": kind, "at": at, "actor_id": None, "on_behalf_id": None, "basis": None, "reason": None, "data": {}}
