"""What is told about evidence: to a coordinator that somebody waits, to the member that they may go on. Coordinators' messages name
nobody, so that nothing about a person stays in them.
"""

from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.timebank.evidence_model import EvidenceWanted
from portal.timebank.members import coordinators_of, persons_of
from portal.timebank.model import Member
from portal.words import _


def somebody_waits(wanted: EvidenceWanted, member: Member) -> None:
    """Tell who looks after the area, once for each time that it is opened."""
    link = address_of(f"/timebank/desk/members/{member.ref}/evidence")
    text = Text(
        subject=_("Somebody would like to help, and needs you first"),
        body=_("A member would like to help in a way for which we must have seen something first. Please talk to them, and write down what you saw:\n\n%(link)s", link=link),
        short=_("A member would like to help, and needs you to see something first: %(link)s", link=link),
    )  # fmt: skip
    for someone in coordinators_of((member.area_id,), (member,)):
        key = f"evidence:{wanted.id}:{wanted.times}:person:{someone.id}"
        queue(key, people.addressee_of(someone), text, about=f"member:{member.id}")


def go_on(wanted: EvidenceWanted, member: Member) -> None:
    """Tell the member that what was missing is there."""
    link = address_of("/timebank/")
    text = Text(
        subject=_("Thank you, you can go on now"),
        body=_("We have seen what we needed. You can help in that way now. Go on where you stopped:\n\n%(link)s", link=link),
        short=_("We have seen what we needed. You can help in that way now: %(link)s", link=link),
        letter=_("We have seen what we needed. You can help in that way now. Tell your connector, or call us, and go on where you stopped."),
    )  # fmt: skip
    for someone in persons_of(member):
        key = f"evidence:{wanted.id}:{wanted.times}:go:person:{someone.id}"
        queue(key, people.addressee_of(someone), text, about=f"member:{member.id}")
