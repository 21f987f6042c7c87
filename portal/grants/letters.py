"""What applicants are told about decisions, money and appeals, in plain words: functions from a bid and its award to a text."""

from collections.abc import Sequence
from datetime import date

from portal import clock
from portal.grants import appeal_words, letter_words
from portal.grants.model import Appeal, Application, Award, MoreAsked, Payee
from portal.money import pounds
from portal.outbox import Text, address_of
from portal.settings import limits
from portal.settings.days_off import working_days_after
from portal.settings.letters import Letter
from portal.settings.wording import write
from portal.words import N_, _

SHORT_TITLE = 60  # of a bid in a text message


def in_words(day: date) -> str:
    """ "Saturday 4 July 2026"."""
    return clock.in_words(day)


def _title(bid: Application) -> str:
    return bid.title if len(bid.title) <= SHORT_TITLE else bid.title[: SHORT_TITLE - 1] + "…"


def _text(subject: str, paragraphs: Sequence[str], short: str) -> Text:
    return Text(subject=subject, body="\n\n".join(part for part in paragraphs if part), short=short[:306])


def _reason(bid: Application) -> str:
    if not bid.decision_reason:
        return ""
    return (
        _("Why: %(reason)s", reason=bid.decision_reason)
        if _voted(bid)
        else _("What the panel said: %(reason)s", reason=bid.decision_reason)
    )


def _voted(bid: Application) -> bool:
    """Whether residents vote in its round. Then no letter says that a panel decided, also where too few of them came and it did."""
    return bid.round.vote_until is not None


def _conditions(conditions: Sequence[str]) -> str:
    if not conditions:
        return ""
    return _("Before we can pay, this is needed:") + "\n" + "\n".join(f"- {condition}" for condition in conditions)


def appeal_by() -> date:
    """The last day to appeal against a letter that goes out today. Kept with the bid, because it was told."""
    return working_days_after(clock.today(), limits.of(limits.APPEAL))


def how_to_appeal(bid: Application) -> str:
    """The paragraph of a letter that goes out today: what somebody can do who was not treated by the rules."""
    return _(
        "Do you think that we did not keep to the rules? You can appeal until %(day)s. Somebody who had no part in this looks at how it was done. Open this page, or call us: %(link)s",
        day=in_words(appeal_by()),
        link=address_of(f"/grants/{bid.ref}/appeal"),
    )


def offered(bid: Application, amount: int, conditions: Sequence[str], accept_by: date, link: str) -> Text:
    """Yes. `link` opens a page with a button and needs no sign-in."""
    said = _("“%(title)s” was chosen.", title=bid.title) if _voted(bid) else _("The panel said yes to “%(title)s”.", title=bid.title)
    return write(
        letter_words.OFFERED, title=bid.title, sum=pounds(amount), verdict=said, reason=_reason(bid), conditions=_conditions(conditions),
        day=in_words(accept_by), link=link, appeal=how_to_appeal(bid) if conditions else "", reference=bid.ref,
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
    said = (
        _("Thank you for your idea “%(title)s”. It was not chosen this time.", title=bid.title)
        if _voted(bid)
        else _("Thank you for your idea “%(title)s”. The panel read it with care and decided not to fund it this time.", title=bid.title)
    )
    return write(
        letter_words.REFUSED, title=bid.title, verdict=said, reason=_reason(bid), link=address_of(f"/grants/{bid.ref}"),
        appeal=how_to_appeal(bid), reference=bid.ref,
    )  # fmt: skip


def not_yet(bid: Application) -> Text:
    """Not yet: what would make it a yes."""
    return write(letter_words.NOT_YET, title=bid.title, reason=_reason(bid), link=address_of(f"/grants/{bid.ref}"), reference=bid.ref)


def on_reserve(bid: Application, place: int, taken: str | None = None) -> Text:
    """Yes, but the money ran out; or two people took it away: `taken` is their reason, which stands beside the result for everybody."""
    if taken is not None:
        wanted = _(
            "“%(title)s” was wanted, but two people decided that the money of this round goes elsewhere, for this reason: %(why)s", title=bid.title, why=taken
        )  # fmt: skip
    elif _voted(bid):
        wanted = _("“%(title)s” was wanted, but the money of this round went to ideas before it.", title=bid.title)
    else:
        wanted = _("The panel said yes to “%(title)s”, but the money of this round is used up.", title=bid.title)
    return write(
        letter_words.RESERVE, title=bid.title, verdict=wanted, reason=_reason(bid), place=str(place), link=address_of(f"/grants/{bid.ref}"),
        appeal=how_to_appeal(bid), reference=bid.ref,
    )  # fmt: skip


def reminder(bid: Application, award: Award, link: str) -> Text:
    """The offer waits for an answer."""
    return write(letter_words.OFFER_REMINDER, title=bid.title, sum=pounds(award.amount), day=in_words(award.accept_by), link=link)


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


def _address_given(bid: Application, payee: Payee, changed: bool) -> Text:
    first = (
        _("The name or address for the cheque for “%(title)s” was changed.", title=bid.title)
        if changed
        else _("We know where to send the cheque for “%(title)s”.", title=bid.title)
    )
    return _text(
        _("Where the money for “%(title)s” goes", title=bid.title),
        [
            first,
            _("Name on the cheque: %(name)s. Address: %(masked)s.", name=payee.name, masked=payee.masked),
            _("If this was not you, call us at once and we stop the payment."),
        ],
        _("%(first)s If this was not you, call us at once.", first=first),
    )


def details_given(bid: Application, payee: Payee, changed: bool) -> Text:
    """Somebody gave, or changed, where the money goes: said to the applicant, in case it was not they."""
    if payee.route == "cheque":
        return _address_given(bid, payee, changed)
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
    receipts = _("Keep your receipts. Afterwards we ask you in three steps how it went.") if whole else ""
    return write(letter_words.PAID, title=bid.title, sum=pounds(amount), receipts=receipts, link=address_of(f"/grants/{bid.ref}"))


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


def delivered(bid: Application, what: str, on: date) -> Text:
    """What the council bought for the idea is there."""
    link = address_of(f"/grants/{bid.ref}/award")
    return _text(
        _("It is here: %(what)s", what=what),
        [_("What we bought for “%(title)s” came on %(day)s: %(what)s.", title=bid.title, day=in_words(on), what=what), _("If that is wrong, call us."), link],
        _("It is here: %(what)s. If that is wrong, call us. %(link)s", what=what, link=link),
    )  # fmt: skip


def cheque_sent(bid: Application, amount: int, until: date) -> Text:
    """A cheque is in the post, and can be paid in up to a day."""
    link = address_of(f"/grants/{bid.ref}/award")
    return _text(
        _("Your cheque is in the post"),
        [
            _("A cheque for %(amount)s for “%(title)s” is on its way to you by post.", amount=pounds(amount), title=bid.title),
            _("Pay it in by %(day)s. After that banks do not take it any more.", day=in_words(until)),
            _("If it has not come in ten days, call us. We stop it and send you another one."),
            link,
        ],
        _("Your cheque for %(amount)s is in the post. Pay it in by %(day)s. %(link)s", amount=pounds(amount), day=in_words(until), link=link),
    )  # fmt: skip


def cheque_back(bid: Application, amount: int, was: str) -> Text:
    """A cheque was "stopped" by us, or "returned" by the bank: the money is kept, and another one can be sent."""
    link = address_of(f"/grants/{bid.ref}/award")
    first = (
        _("We stopped your cheque for %(amount)s for “%(title)s”. Please do not pay it in.", amount=pounds(amount), title=bid.title)
        if was == "stopped"
        else _("The bank sent back your cheque for %(amount)s for “%(title)s”.", amount=pounds(amount), title=bid.title)
    )
    return _text(
        _("Your cheque does not count any more"),
        [
            first,
            _("Nothing is lost: the money is still kept for you. Please check the name and address. Then we send another cheque."),
            link,
        ],
        _("%(first)s Nothing is lost. Please check the name and address: %(link)s", first=first, link=link),
    )


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


def ended(bid: Application, amount: int, reason: str) -> Text:
    """The scheme ended an accepted award of which nothing came."""
    return _text(
        _("The grant for “%(title)s” has ended", title=bid.title),
        [
            _("You said yes to %(amount)s for “%(title)s”, but it could not be paid. The money now helps another idea.", amount=pounds(amount), title=bid.title),
            _("Why: %(reason)s", reason=reason),
            _("That does not count against you. If you think it is wrong, call us. You are welcome to ask again."),
            _("Your reference is %(ref)s.", ref=bid.ref),
        ],
        _("The grant for “%(title)s” has ended, and the money helps another idea. If you think that is wrong, call us. You are welcome to ask again.", title=_title(bid)),
    )  # fmt: skip


def rest_returned(bid: Application, amount: int, reason: str) -> Text:
    """What was not paid of an award went back into the fund."""
    return _text(
        _("%(amount)s of “%(title)s” went back into the fund", amount=pounds(amount), title=bid.title),
        [
            _("%(amount)s of the grant for “%(title)s” is not needed any more and helps another idea.", amount=pounds(amount), title=bid.title),
            _("Why: %(reason)s", reason=reason),
            _("If you think that is wrong, call us."),
        ],
        _("%(amount)s of the grant for “%(title)s” went back into the fund. If you think that is wrong, call us.", amount=pounds(amount), title=_title(bid)),
    )  # fmt: skip


def question_reminder(bid: Application, asked: MoreAsked) -> Text:
    """A question waits for an answer."""
    link = address_of(f"/grants/{bid.ref}")
    return _text(
        _("We still have a question about “%(title)s”", title=bid.title),
        [
            _("We asked you about “%(title)s”:", title=bid.title),
            asked.note,
            _("Please answer by %(day)s. If you cannot, call us.", day=in_words(asked.answer_by)),
            link,
        ],
        _("We still have a question about “%(title)s”. Please answer by %(day)s: %(link)s", title=_title(bid), day=in_words(asked.answer_by), link=link),
    )  # fmt: skip


def question_ended(bid: Application, asked: MoreAsked) -> Text:
    """The day to answer has passed."""
    return _text(
        _("“%(title)s” goes on as it is", title=bid.title),
        [
            _("We did not hear from you by %(day)s, so “%(title)s” goes on with what you told us before.", title=bid.title, day=in_words(asked.answer_by)),
            _("If you would still like to add something, call us."),
            _("Your reference is %(ref)s.", ref=bid.ref),
        ],
        _("We did not hear from you, so “%(title)s” goes on as it is. Would you like to add something? Call us.", title=_title(bid)),
    )  # fmt: skip


# --- appeals -------------------------------------------------------------------------------------------------------------

GROUNDS = {
    "rules": N_("The rules were not followed"),
    "tie": N_("Somebody with a tie took part"),
    "unseen": N_("Something we sent was not looked at"),
    "fact": N_("A fact in the letter is wrong"),
}


def appeal_page(bid: Application, appeal: Appeal) -> str:
    """The whole address of an appeal's page."""
    return address_of(f"/grants/{bid.ref}/appeals/{appeal.ref}")


def _appeal(which: Letter, bid: Application, appeal: Appeal, **values: str) -> Text:
    return write(which, title=bid.title, link=appeal_page(bid, appeal), reference=appeal.ref, **values)


def _waits(offer_until: date | None) -> str:
    if offer_until is None:
        return ""
    return _(
        "Our offer waits for you until %(day)s. You can say yes to it now: that does no harm to your appeal.", day=in_words(offer_until)
    )


def _why(reason: str) -> str:
    return _("Why: %(reason)s", reason=reason)


def appeal_received(bid: Application, appeal: Appeal, offer_until: date | None, helper: str) -> Text:
    """We have it, and by when they hear. `offer_until`: an offer with conditions waits so long. `helper`: who typed it for them, if anybody."""
    assert appeal.answer_by is not None
    typed = _("%(name)s wrote it down for you. If that is not so, call us at once.", name=helper) if helper else ""
    return _appeal(
        appeal_words.RECEIVED, bid, appeal, ground=_(GROUNDS[appeal.ground]), helper=typed, day=in_words(appeal.answer_by), offer=_waits(offer_until)
    )  # fmt: skip


def appeal_answered(bid: Application, appeal: Appeal) -> Text:
    """The first answer is no, and they may ask for a second look."""
    assert appeal.second_by is not None
    return _appeal(appeal_words.ANSWERED, bid, appeal, reason=_why(appeal.answer), day=in_words(appeal.second_by))


def appeal_second_received(bid: Application, appeal: Appeal, offer_until: date | None) -> Text:
    """A different person looks, and by when they hear."""
    assert appeal.answer_by is not None
    return _appeal(appeal_words.SECOND_RECEIVED, bid, appeal, day=in_words(appeal.answer_by), offer=_waits(offer_until))


def appeal_upheld(bid: Application, appeal: Appeal, dropped: Sequence[str]) -> Text:
    """They were right, and what comes of it."""
    if appeal.remedy == "anew":
        assert bid.hear_by is not None
        what = _(
            "The idea is looked at anew, as you sent it. The first letter does not count any more. You hear by %(day)s.",
            day=in_words(bid.hear_by),
        )
    elif appeal.remedy == "conditions":
        what = _("This is not needed any more before we pay:") + "\n" + "\n".join(f"- {each}" for each in dropped)
    else:
        what = _("The idea has moved on since then, so there is nothing to decide anew. We are sorry, and we learn from it.")
    return _appeal(appeal_words.UPHELD, bid, appeal, reason=_why(appeal.second_answer or appeal.answer), what=what)


def appeal_closed(bid: Application, appeal: Appeal) -> Text:
    """The end of an appeal that was not upheld: taken back, not taken further, or looked at twice."""
    reason = further = ""
    if appeal.outcome == "withdrawn":
        what = _("As you asked, your appeal about “%(title)s” is closed. The decision stays as it is.", title=bid.title)
    elif appeal.second_answer:
        what = _(
            "A different person looked once more at how “%(title)s” was decided, and found that the rules were kept. So the decision stays.", title=bid.title
        )  # fmt: skip
        reason = _why(appeal.second_answer)
        further = _(
            "That was our last step. If you are still not content, you can go to the Local Government and Social Care Ombudsman, who is independent of us."
        )
    else:
        what = _(
            "Nobody asked for a second look, so your appeal about “%(title)s” is closed. The decision stays as it is.", title=bid.title
        )
    return _appeal(appeal_words.CLOSED, bid, appeal, what=what, reason=reason, further=further)
