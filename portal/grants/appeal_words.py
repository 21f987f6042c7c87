"""The letters about appeals whose words a scheme may change, as they ship."""

from portal.grants.letter_words import DAY, TITLE
from portal.settings.letters import Blank, Letter, register
from portal.words import N_

LINK = Blank(N_("the address of the appeal’s page"), "https://portal.example/grants/SPK-2222-2222/appeals/APL-2222-2222")
REFERENCE = Blank(N_("the reference of the appeal"), "APL-2222-2222")
OFFER = Blank(
    N_("how long an offer waits; may be empty"),
    N_("Our offer waits for you until Saturday 11 July 2026. You can say yes to it now: that does no harm to your appeal."),
)
REASON = Blank(N_("why, in the words of who answers"), N_("Why: Two people read all that you sent, and neither knew you."))
REASON_OR_NOT = Blank(N_("why, in the words of who answers; may be empty"), REASON.sample)

RECEIVED = register(
    Letter(
        "appeal_received",
        N_("Appeal: we have it"),
        N_("When somebody appeals against a letter"),
        subject=N_("We have your appeal about “{title}”"),
        body=N_(
            "We have your appeal about “{title}”: {ground}.\n\n{helper}\n\nSomebody who had no part in the decision looks at how it was made. You hear by {day}.\n\n{offer}\n\n{link}\n\nYour reference is {reference}."
        ),
        short=N_("We have your appeal about “{title}” ({reference}). You hear by {day}. {link}"),
        blanks={
            "title": TITLE, "ground": Blank(N_("what went wrong, as they chose it"), N_("The rules were not followed")),
            "helper": Blank(
                N_("who typed it for them; may be empty"), N_("Amina wrote it down for you. If that is not so, call us at once.")
            ),
            "day": DAY, "offer": OFFER, "link": LINK, "reference": REFERENCE,
        },
        needed={"body": frozenset({"helper", "day", "offer", "link"}), "short": frozenset({"link"})},
    )
)  # fmt: skip

ANSWERED = register(
    Letter(
        "appeal_answered",
        N_("Appeal: the decision stays"),
        N_("When the first answer is no"),
        subject=N_("The answer to your appeal about “{title}”"),
        body=N_(
            "We looked at how “{title}” was decided, and found that the rules were kept. So the decision stays.\n\n{reason}\n\nIf you think that this is wrong, ask for a second look until {day}. A different person takes it. It is the last step.\n\n{link}\n\nYour reference is {reference}."
        ),
        short=N_("We answered your appeal about “{title}”. The decision stays. You can ask for a second look until {day}: {link}"),
        blanks={"title": TITLE, "reason": REASON, "day": DAY, "link": LINK, "reference": REFERENCE},
        needed={"body": frozenset({"reason", "day", "link"}), "short": frozenset({"day", "link"})},
    )
)

SECOND_RECEIVED = register(
    Letter(
        "appeal_second_received",
        N_("Appeal: a second look begins"),
        N_("When somebody asks for a second look"),
        subject=N_("A second look at your appeal about “{title}”"),
        body=N_(
            "You asked for a second look at your appeal about “{title}”. A different person takes it. You hear by {day}.\n\n{offer}\n\n{link}\n\nYour reference is {reference}."
        ),
        short=N_("A different person takes a second look at your appeal about “{title}”. You hear by {day}. {link}"),
        blanks={"title": TITLE, "day": DAY, "offer": OFFER, "link": LINK, "reference": REFERENCE},
        needed={"body": frozenset({"day", "offer", "link"}), "short": frozenset({"link"})},
    )
)

UPHELD = register(
    Letter(
        "appeal_upheld",
        N_("Appeal: you were right"),
        N_("When an appeal is right"),
        subject=N_("You were right about “{title}”"),
        body=N_(
            "We looked at how “{title}” was decided. You were right, and we are sorry.\n\n{reason}\n\n{what}\n\n{link}\n\nYour reference is {reference}."
        ),
        short=N_("Your appeal about “{title}” was right, and we are sorry. What comes next: {link}"),
        blanks={
            "title": TITLE, "reason": REASON,
            "what": Blank(
                N_("what comes of it"),
                N_("The idea is looked at anew, as you sent it. The first letter does not count any more. You hear by Saturday 4 July 2026."),
            ),
            "link": LINK, "reference": REFERENCE,
        },
        needed={"body": frozenset({"reason", "what", "link"}), "short": frozenset({"link"})},
    )
)  # fmt: skip

CLOSED = register(
    Letter(
        "appeal_closed",
        N_("Appeal: it is closed"),
        N_("When an appeal ends and the decision stays"),
        subject=N_("Your appeal about “{title}” is closed"),
        body=N_(
            "{what}\n\n{reason}\n\n{further}\n\nYou are welcome to ask again with another idea.\n\n{link}\n\nYour reference is {reference}."
        ),
        short=N_("Your appeal about “{title}” is closed. Read more: {link}"),
        blanks={
            "title": TITLE,
            "what": Blank(
                N_("how it ended, in a sentence"),
                N_("A different person looked once more at how “Raised beds by the old pump” was decided, and found that the rules were kept. So the decision stays."),
            ),
            "reason": REASON_OR_NOT,
            "further": Blank(
                N_("where they can go from here; may be empty"),
                N_("That was our last step. If you are still not content, you can go to the Local Government and Social Care Ombudsman, who is independent of us."),
            ),
            "link": LINK, "reference": REFERENCE,
        },
        needed={"body": frozenset({"what", "reason", "further", "link"}), "short": frozenset({"link"})},
    )
)  # fmt: skip
