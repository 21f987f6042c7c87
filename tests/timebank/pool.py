"""A partner for tests of spend offers: Blackshots pool, for which Pia acts, and what it offers, by real actions."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from portal import clock
from portal.db import db
from portal.people.access import Who
from portal.timebank import spend, spend_offers, till
from portal.timebank.spend_model import SpendBooking, SpendOffer
from portal.timebank.spend_rules import Window
from tests.timebank.bank import Bank, open_bank

WEDNESDAY = datetime(2026, 6, 3, 10, tzinfo=UTC)  # eleven in the morning in London
TODAY, TOMORROW, FRIDAY = date(2026, 6, 3), date(2026, 6, 4), date(2026, 6, 5)
TEN, SIX = 600, 1080
POOL = "Blackshots pool"
SWIM = spend_offers.Offered(
    title="A swim in the quiet hours", words="The whole pool, from ten to three. Bring a towel.", place="Blackshots Lane", area_id=0, minutes=60,
    places=2, per="day", ahead=True, times=tuple(Window(day, TEN, 900) for day in range(5)), first_day=date(2026, 1, 1), last_day=None, each_month=4,
    each_all=None, cancel_hours=24,
)  # fmt: skip


@dataclass
class Pool:
    """The bank, and the partner's offers by name."""

    bank: Bank

    @property
    def card(self) -> str:
        return self.bank.cards[POOL]

    @property
    def pia(self) -> Who:
        return self.bank.who("Pia")

    def offered(self, **changes: Any) -> spend_offers.Offered:
        return replace(SWIM, **{"area_id": self.bank.areas["mossgate"], **changes})

    def made(self, *, key: str = "", ask_officer: bool = False, **changes: Any) -> str:
        """An offer that waits for a coordinator."""
        return spend_offers.make(
            self.card, self.offered(**changes), None, "", Path("/nowhere"), self.pia, once_key=key or f"{changes}", ask_officer=ask_officer
        )

    def open(self, **changes: Any) -> str:
        """An offer that Cass has looked at."""
        ref = self.made(**changes)
        spend_offers.approve(ref, "", self.bank.who("Cass"), shown=1)
        return ref

    def offer(self, ref: str) -> SpendOffer:
        db.session.rollback()
        return spend_offers.by_ref(ref)

    def book(self, ref: str, name: str, day: date = FRIDAY, begins: int = TEN, **how: Any) -> str:
        return spend.book(ref, day, begins, self.bank.cards[name], self.bank.who(name), **how).ref

    def booking(self, ref: str) -> SpendBooking:
        db.session.rollback()
        return spend.by_ref(ref)

    def status(self, ref: str) -> str:
        return self.booking(ref).status

    def at_till(self, name: str) -> str:
        """The token of somebody who shows their card."""
        return till.recognise(self.card, self.bank.cards[name], self.digits(name), self.pia)

    def digits(self, name: str) -> str:
        """The four digits on somebody's card."""
        return self.bank.member(name).digits

    def redeemed(self, ref: str, name: str) -> str:
        """Somebody comes and pays with their time; `ref` of an offer or a booking."""
        return till.redeem(self.card, self.at_till(name), ref, self.pia).ref


def open_pool() -> Pool:
    """The bank of `open_bank`, with Pia and her pool in Mossgate."""
    bank = open_bank()
    bank.join("Pia")
    bank.group(POOL, "Pia")
    return Pool(bank)


def on(day: date, hour: int, minute: int = 0) -> Any:
    """Hold the clock at a time of day in London."""
    return clock.held_at(datetime(day.year, day.month, day.day, hour, minute, tzinfo=clock.LONDON))
