"""What happened, in plain words: the sentences of the timeline, drawn from the events.

Each kind of event of bids, pledges, awards, payments, reports and appeals has one sentence; a test walks the move tables and fails
when one is missing. `%(who)s` is the actor's name, the neighbour's, or "The scheme".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.history import Event
from portal.people import queries as people
from portal.words import N_, _

SENTENCES: dict[str, str] = {
    "bid.started": N_("%(who)s began writing this idea."),
    "bid.began_as_idea": N_("It began as a card on the wall of ideas."),
    "bid.sent": N_("%(who)s sent the idea."),
    "bid.outcomes_chosen": N_("%(who)s chose what this idea hopes for."),
    "bid.changed": N_("%(who)s changed the idea."),
    "bid.more_asked": N_("%(who)s asked to know more."),
    "bid.more_answered": N_("%(who)s answered the questions."),
    "bid.not_answered": N_("The questions were not answered in time. The idea goes on as it is."),
    "bid.ineligible": N_("%(who)s said that it cannot be taken in this round."),
    "bid.put_to_panel": N_("%(who)s gave the idea to the panel."),
    "bid.back_from_panel": N_("%(who)s took the idea back from the panel."),
    "bid.decided": N_("The panel decided. Everybody hears when the letters go out."),
    "bid.decision_undone": N_("%(who)s gave the idea back to the panel."),
    "bid.offered": N_("A grant was offered."),
    "bid.offered_from_reserve": N_("A grant was offered from the reserve list."),
    "bid.refused": N_("The panel said no this time."),
    "bid.not_yet": N_("The panel said: not yet. The idea can come back."),
    "bid.reserved": N_("The idea is on the reserve list."),
    "bid.left_reserve": N_("The idea left the reserve list."),
    "bid.accepted": N_("%(who)s accepted the grant."),
    "bid.turned_down": N_("%(who)s turned the grant down."),
    "bid.lapsed": N_("The offer was not taken up in time."),
    "bid.ended": N_("The grant was ended before it was paid."),
    "bid.withdrawn": N_("%(who)s withdrew the idea."),
    "bid.draft_warned": N_("We asked whether this shall be kept."),
    "bid.forgotten": N_("It was never sent, and was forgotten after %(days)s days."),
    "bid.appeal_upheld": N_("After an appeal the idea is looked at anew."),
    # neighbours stay without a name: those who read this are more than those who may know it
    "bid.neighbour_yes": N_("A neighbour said yes."),
    "bid.neighbour_no": N_("A neighbour cannot help this time."),
    "bid.neighbours_asked": N_("%(who)s asked neighbours for this before money."),
    "bid.neighbours_not_asked": N_("Neighbours are not asked for this any more."),
    "bid.gift_kept": N_("A neighbour gave this, so it need not be bought."),
    "bid.gift_taken_back": N_("This was not given after all."),
    "bid.extended": N_("%(who)s gave more time for this idea."),
    "bid.called": N_("%(who)s spoke with whoever has the idea by telephone."),
    "bid.area_corrected": N_("%(who)s put right where it happens."),
    "bid.photo_removed": N_("%(who)s removed a photo."),
    "award.offered": N_("The money was set aside for this idea."),
    "award.accepted": N_("%(who)s promised to spend it on the idea and to keep the receipts."),
    "award.condition_dropped": N_("After an appeal this is not asked for any more."),
    "award.condition_met": N_("%(who)s saw that this is done."),
    "award.accept_by_moved": N_("The offer waits longer, because there is an appeal."),
    "award.hours_logged": N_("A neighbour's hours were written down."),
    "award.hours_refused": N_("A neighbour's hours were turned down."),
    "award.hours_taken_back": N_("A neighbour's hours were taken back."),
    "award.details_given": N_("%(who)s said where the money goes."),
    "award.details_changed": N_("%(who)s changed where the money goes."),
    "award.supplier_named": N_("%(who)s wrote down where the things are bought."),
    "award.supplier_changed": N_("%(who)s put right where the things were bought."),
    "award.details_forgotten": N_("The account number was forgotten, because it is not needed any more."),
    "award.refunded": N_("Money that was not needed came back."),
    "award.rest_returned": N_("The rest of the grant was not needed and went back into the fund."),
    "award.conditions_met": N_("Everything is in place: the grant can be paid."),
    "award.paid": N_("The money was paid."),
    "award.bounced": N_("The bank sent the money back."),
    "award.report_opened": N_("It is time to tell how it goes."),
    "award.closed": N_("The grant is finished. Thank you."),
    "award.returned": N_("The money was given back."),
    "award.lapsed": N_("The money went back into the fund."),
    "award.turned_down": N_("The money went back into the fund."),
    "award.ending_asked": N_("%(who)s asked a second person to end the grant, because nothing came of it."),
    "award.ending_taken_back": N_("%(who)s goes on with the grant after all."),
    "award.ended": N_("%(who)s ended the grant as the second person. The money went back into the fund."),
    "award.withdrawn": N_("The grant was given back before it was paid."),
    "payment.prepared": N_("%(who)s prepared the payment."),
    "payment.approved": N_("%(who)s approved the payment."),
    "payment.released": N_("%(who)s sent the payment to the bank."),
    "payment.settled": N_("The payment arrived."),
    "payment.bounced": N_("The payment came back from the bank."),
    "payment.cancelled": N_("%(who)s cancelled the payment."),
    "payment.cheque_written": N_("%(who)s wrote the cheque for the post."),
    "payment.cheque_spoilt": N_("The cheque was written once more."),
    "payment.order_noted": N_("%(who)s wrote down what is ordered."),
    "payment.receipt_kept": N_("%(who)s kept the receipt of what was bought."),
    "payment.delivered": N_("What the council bought is there."),
    "payment.called_back": N_("%(who)s cancelled the run that the payment was in."),
    "payment.again": N_("The payment waits to be sent again."),
    "delivery.delivered": N_("What a neighbour gave was written down."),
    "delivery.corrected": N_("What a neighbour gave was put right."),
    "delivery.withdrawn": N_("What a neighbour gave was taken out again."),
    "delivery.turned_down": N_("What a neighbour gave was turned down."),
    "delivery.checked": N_("What a neighbour gave was checked."),
    "delivery.taken_back": N_("What a neighbour gave does not count any more."),
    "pledge.invited": N_("%(who)s asked a neighbour to help."),
    "pledge.link_shown": N_("%(who)s opened the link of a neighbour, to show it."),
    "pledge.confirmed": N_("A neighbour said yes."),
    "pledge.changed": N_("A neighbour changed what they promise."),
    "pledge.refused": N_("A neighbour cannot help this time."),
    "pledge.delivered": N_("A neighbour has helped."),
    "pledge.checked": N_("A neighbour's hours were checked."),
    "pledge.not_delivered": N_("A neighbour's help is waited for again."),
    "pledge.expired": N_("An invitation was not answered."),
    "report.due": N_("A few words on how it went are asked for."),
    "report.started": N_("%(who)s began to tell how it went."),
    "report.sent": N_("%(who)s told how it went."),
    "report.more_asked": N_("%(who)s asked one more thing about how it went."),
    "report.accepted": N_("%(who)s read how it went and said thank you."),
    "report.late": N_("The few words on how it went are late."),
    "report.waived": N_("%(who)s let the report go."),
    "appeal.made": N_("%(who)s appealed."),
    "appeal.upheld": N_("%(who)s answered the appeal: it was right."),
    "appeal.not_upheld": N_("%(who)s answered the appeal: the rules were kept."),
    "appeal.second_asked": N_("%(who)s asked for a second look at the appeal."),
    "appeal.not_upheld_again": N_("%(who)s took a second look at the appeal: the rules were kept."),
    "appeal.withdrawn": N_("%(who)s took the appeal back."),
    "appeal.closed": N_("The appeal is closed."),
}

# one act that is on record twice, for the neighbour and for the idea, is told once: what may stand just before what
SAID_ALREADY = {
    "bid.neighbour_yes": ("pledge.confirmed", "pledge.changed"),
    "bid.neighbour_no": ("pledge.refused",),
    "pledge.delivered": ("delivery.delivered",),
    "pledge.checked": ("delivery.checked",),
    "pledge.not_delivered": ("delivery.withdrawn", "delivery.turned_down", "delivery.taken_back"),
}
# reasons that may name somebody: for the applicant's side and officers
OF_SOMEBODY = (
    "bid.called",
    "bid.area_corrected",
    "award.hours_refused",
    "award.hours_taken_back",
    "delivery.turned_down",
    "delivery.taken_back",
)


@dataclass(frozen=True)
class Told:
    """One event as the timeline shows it."""

    at: datetime
    sentence: str
    note: str | None = None


def sentence_of(event: Event, names: Mapping[int, str]) -> str | None:
    """One event in words; None for kinds that are not told. Who typed for somebody is named beside them."""
    template = SENTENCES.get(_kind(event))
    if template is None:
        return None
    who = names.get(event.actor_id or 0, _("The scheme"))
    if event.on_behalf_id is not None:
        who = _("%(helper)s for %(name)s", helper=who, name=names.get(event.on_behalf_id, ""))
    return _(template, who=who, days=event.data.get("days", ""))


def _kind(event: Event) -> str:
    return f"{event.about.partition(':')[0]}.{event.kind}"


def told(events: Iterable[Event], *, near: bool = True) -> list[Told]:
    """Events in words, in their order. `near`: the reader is of the applicant's side or an officer, and may read reasons that name a
    neighbour.
    """
    some: list[Event] = []
    before = ""
    for event in events:
        kind = _kind(event)
        if before not in SAID_ALREADY.get(kind, ()):
            some.append(event)
        before = kind
    names = people.names(id_ for event in some for id_ in (event.actor_id, event.on_behalf_id))
    lines = [(event, sentence_of(event, names)) for event in some]
    return [
        Told(event.at, sentence, event.reason if near or _kind(event) not in OF_SOMEBODY else None) for event, sentence in lines if sentence
    ]
