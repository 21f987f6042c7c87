"""What applicants are told about decisions and money, in plain words: pure functions from a bid and its award to a text."""

from collections.abc import Sequence
from datetime import date

from portal import clock
from portal.grants.model import Application, Award, Payee
from portal.money import pounds
from portal.outbox import Text, address_of
from portal.words import _

SHORT_TITLE = 60  # of a bid in a text message


def in_words(day: date) -> str:
    """ "Saturday 4 July 2026"."""
    return clock.in_words(day)


def _title(bid: Application) -> str:
    return bid.title if len(bid.title) <= SHORT_TITLE else bid.title[: SHORT_TITLE - 1] + "…"


def _text(subject: str, paragraphs: Sequence[str], short: str) -> Text:
    return Text(subject=subject, body="\n\n".join(part for part in paragraphs if part), short=short[:306])


def _reason(bid: Application) -> str:
    return _("What the panel said: %(reason)s", reason=bid.decision_reason) if bid.decision_reason else ""


def _conditions(conditions: Sequence[str]) -> str:
    if not conditions:
        return ""
    return _("Before we can pay, this is needed:") + "\n" + "\n".join(f"- {condition}" for condition in conditions)


def offered(bid: Application, amount: int, conditions: Sequence[str], accept_by: date, link: str) -> Text:
    """Yes. `link` opens a page with a button and needs no sign-in."""
    return _text(
        _("Good news about “%(title)s”", title=bid.title),
        [
            _("The panel said yes to “%(title)s”. We offer you %(amount)s.", title=bid.title, amount=pounds(amount)),
            _reason(bid),
            _conditions(conditions),
            _("Please say yes by %(day)s. Open this link and press the button:", day=in_words(accept_by)),
            link,
            _("If we do not hear from you by then, the money goes to the next idea on the list."),
            _("Your reference is %(ref)s.", ref=bid.ref),
        ],
        _("Yes! We offer you %(amount)s for “%(title)s”. Say yes by %(day)s: %(link)s", amount=pounds(amount), title=_title(bid), day=in_words(accept_by), link=link),
    )  # fmt: skip


def more_time(bid: Application, until: date, reason: str) -> Text:
    """The round closes later, for all or for this one."""
    link, title = address_of(f"/grants/{bid.ref}"), bid.title or _("your idea")
    return _text(
        _("You have more time for “%(title)s”", title=title),
        [_("You can go on with “%(title)s” until %(day)s.", title=title, day=in_words(until)), _("Why: %(reason)s", reason=reason), link],
        _("You have more time for “%(title)s”, until %(day)s: %(link)s", title=title[:SHORT_TITLE], day=in_words(until), link=link),
    )


def refused(bid: Application) -> Text:
    """No, with the reason."""
    link = address_of(f"/grants/{bid.ref}")
    return _text(
        _("About “%(title)s”", title=bid.title),
        [
            _("Thank you for your idea “%(title)s”. The panel read it with care and decided not to fund it this time.", title=bid.title),
            _reason(bid),
            _("You are welcome to ask again with another idea. If you would like to talk about it, call us or answer this message."),
            link,
            _("Your reference is %(ref)s.", ref=bid.ref),
        ],
        _("We cannot fund “%(title)s” this time. Read why: %(link)s", title=_title(bid), link=link),
    )


def not_yet(bid: Application) -> Text:
    """Not yet: what would make it a yes."""
    link = address_of(f"/grants/{bid.ref}")
    return _text(
        _("Not yet: “%(title)s”", title=bid.title),
        [
            _("Thank you for your idea “%(title)s”. The panel likes to hear more before it can say yes.", title=bid.title),
            _reason(bid),
            _("Your idea is still with us. When that is put right, the panel will look at it again."),
            link,
            _("Your reference is %(ref)s.", ref=bid.ref),
        ],
        _("Not yet for “%(title)s”. Read what would help: %(link)s", title=_title(bid), link=link),
    )


def on_reserve(bid: Application, place: int) -> Text:
    """Yes, but the money ran out."""
    link = address_of(f"/grants/{bid.ref}")
    return _text(
        _("“%(title)s” is on the reserve list", title=bid.title),
        [
            _("The panel said yes to “%(title)s”, but the money of this round is used up.", title=bid.title),
            _reason(bid),
            _("You are number %(place)d on the reserve list. When money comes back, we offer it to you at once.", place=place),
            link,
            _("Your reference is %(ref)s.", ref=bid.ref),
        ],
        _("The panel said yes to “%(title)s”, but the money is used up. You are number %(place)d on the reserve list: %(link)s", title=_title(bid), place=place, link=link),
    )  # fmt: skip


def reminder(bid: Application, award: Award, link: str) -> Text:
    """The offer waits for an answer."""
    return _text(
        _("Do you still want the money for “%(title)s”?", title=bid.title),
        [
            _("We offered you %(amount)s for “%(title)s” and have not heard from you.", amount=pounds(award.amount), title=bid.title),
            _("Please say yes by %(day)s. Open this link and press the button:", day=in_words(award.accept_by)),
            link,
        ],
        _("Please say yes to %(amount)s for “%(title)s” by %(day)s: %(link)s", amount=pounds(award.amount), title=_title(bid), day=in_words(award.accept_by), link=link),
    )  # fmt: skip


def lapsed(bid: Application, award: Award) -> Text:
    """The offer ran out."""
    return _text(
        _("The offer for “%(title)s” has ended", title=bid.title),
        [
            _("We did not hear from you by %(day)s, so the %(amount)s went to the next idea.", day=in_words(award.accept_by), amount=pounds(award.amount)),
            _("That does not count against you. You are welcome to ask again."),
        ],
        _("The offer for “%(title)s” has ended, because we did not hear from you. You are welcome to ask again.", title=_title(bid)),
    )  # fmt: skip


def accepted(bid: Application, award: Award, needs_details: bool, repaid: bool) -> Text:
    """Thank you, and what comes next."""
    link = address_of(f"/grants/{bid.ref}/award")
    unmet = [str(each["text"]) for each in award.conditions if not each.get("met_at")]
    details = _("Next, tell us where the money should go. Sign in and open this page:") if needs_details else ""
    return _text(
        _("Thank you: %(amount)s is kept for you", amount=pounds(award.amount)),
        [
            _("You said yes to %(amount)s for “%(title)s”. The money is kept for you.", amount=pounds(award.amount), title=bid.title),
            _conditions(unmet),
            _("Buy what you need and keep every receipt. Add the receipts to the page of your idea, and we pay you back.") if repaid else "",
            details,
            link,
        ],
        _("Thank you. %(amount)s is kept for “%(title)s”. What comes next: %(link)s", amount=pounds(award.amount), title=_title(bid), link=link),
    )  # fmt: skip


def details_given(bid: Application, payee: Payee, changed: bool) -> Text:
    """Somebody gave, or changed, where the money goes: said to the applicant, in case it was not they."""
    first = (
        _("The account for “%(title)s” was changed.", title=bid.title)
        if changed
        else _("We have the account for “%(title)s”.", title=bid.title)
    )
    return _text(
        _("Where the money for “%(title)s” goes", title=bid.title),
        [
            first,
            _("Name on the account: %(name)s. Number: %(masked)s.", name=payee.name, masked=payee.masked or _("none")),
            _("If this was not you, call us at once and we stop the payment."),
        ],
        _("%(first)s If this was not you, call us at once.", first=first),
    )


def paid(bid: Application, amount: int, whole: bool) -> Text:
    """The money has arrived."""
    link = address_of(f"/grants/{bid.ref}")
    return _text(
        _("%(amount)s is paid", amount=pounds(amount)),
        [
            _("%(amount)s for “%(title)s” has been paid.", amount=pounds(amount), title=bid.title),
            _("Keep your receipts. Afterwards we ask you in three steps how it went.") if whole else "",
            link,
        ],
        _("%(amount)s for “%(title)s” has been paid. Keep your receipts: %(link)s", amount=pounds(amount), title=_title(bid), link=link),
    )


def bounced(bid: Application, amount: int) -> Text:
    """The bank sent the money back."""
    link = address_of(f"/grants/{bid.ref}/award")
    return _text(
        _("The bank sent the money back"),
        [
            _("We paid %(amount)s for “%(title)s”, but the bank sent it back to us.", amount=pounds(amount), title=bid.title),
            _("Nothing is lost: the money is still kept for you. Please check the account:"),
            link,
        ],
        _("The bank sent back %(amount)s for “%(title)s”. Nothing is lost. Please check the account: %(link)s", amount=pounds(amount), title=_title(bid), link=link),
    )  # fmt: skip


def withdrawn(bid: Application, amount: int) -> Text:
    """They gave the money back before it was paid."""
    return _text(
        _("You gave back the award for “%(title)s”", title=bid.title),
        [
            _("As you asked, we keep no money for “%(title)s” any more. The %(amount)s helps another idea.", title=bid.title, amount=pounds(amount)),
            _("You are welcome to ask again."),
        ],
        _("As you asked, we keep no money for “%(title)s” any more. You are welcome to ask again.", title=_title(bid)),
    )  # fmt: skip
