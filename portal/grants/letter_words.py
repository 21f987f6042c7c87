"""The letters about grants whose words a scheme may change, as they ship. What depends on the bid comes as a blank that may be empty."""

from portal.settings.letters import Blank, Letter, register
from portal.words import N_

TITLE = Blank(N_("the name of the idea"), N_("Raised beds by the old pump"))
SUM = Blank(N_("how much, in pounds"), "£240.00")
LINK = Blank(N_("the address of their page"), "https://portal.example/grants/SPK-2222-2222")
REASON = Blank(N_("why, in the words of the panel; may be empty"), N_("What the panel said: We like that three neighbours help."))
REFERENCE = Blank(N_("their reference"), "SPK-2222-2222")
APPEAL = Blank(
    N_("how to appeal, and until when; may be empty"),
    N_("Do you think that we did not keep to the rules? You can appeal until Friday 31 July 2026. Somebody who had no part in this looks at how it was done."),
)  # fmt: skip
DAY = Blank(N_("the last day, with its weekday"), N_("Saturday 4 July 2026"))
VERDICT = Blank(N_("what was decided, in a sentence"), N_("The panel said yes to “Raised beds by the old pump”."))
NO = Blank(
    N_("what was decided, in a sentence"),
    N_("Thank you for your idea “Raised beds by the old pump”. The panel read it with care and decided not to fund it this time."),
)
WANTED = Blank(
    N_("what was decided, in a sentence"),
    N_("The panel said yes to “Raised beds by the old pump”, but the money of this round is used up."),
)

OFFERED = register(
    Letter(
        "offered",
        N_("Yes: the offer"),
        N_("When the decisions of a round are released"),
        subject=N_("Good news about “{title}”"),
        body=N_(
            "{verdict} We offer you {sum}.\n\n{reason}\n\n{conditions}\n\nPlease say yes by {day}. Open this link and press the button:\n\n{link}\n\nIf we do not hear from you by then, the money goes to another idea.\n\n{appeal}\n\nYour reference is {reference}."
        ),
        short=N_("Yes! We offer you {sum} for “{title}”. Say yes by {day}: {link}"),
        blanks={
            "title": TITLE, "sum": SUM, "verdict": VERDICT, "reason": REASON,
            "conditions": Blank(N_("what is needed before we pay; may be empty"), N_("Before we can pay, this is needed:\n- The landlord says yes")),
            "day": DAY, "link": LINK, "appeal": APPEAL, "reference": REFERENCE,
        },
        needed={"body": frozenset({"sum", "day", "link", "conditions", "appeal"}), "short": frozenset({"link"})},
    )
)  # fmt: skip

REFUSED = register(
    Letter(
        "refused",
        N_("No, with the reason"),
        N_("When the decisions of a round are released"),
        subject=N_("About “{title}”"),
        body=N_(
            "{verdict}\n\n{reason}\n\nYou are welcome to ask again with another idea. If you would like to talk about it, call us or answer this message.\n\n{link}\n\n{appeal}\n\nYour reference is {reference}."
        ),
        short=N_("We cannot fund “{title}” this time. Read why: {link}"),
        blanks={"title": TITLE, "verdict": NO, "reason": REASON, "link": LINK, "appeal": APPEAL, "reference": REFERENCE},
        needed={"body": frozenset({"verdict", "reason", "appeal"}), "short": frozenset({"link"})},
    )
)

RESERVE = register(
    Letter(
        "reserve",
        N_("Wanted, but on the reserve list"),
        N_("When the decisions of a round are released"),
        subject=N_("“{title}” is on the reserve list"),
        body=N_(
            "{verdict}\n\n{reason}\n\nYou are number {place} on the reserve list. When money comes back, we offer it to you at once.\n\n{link}\n\n{appeal}\n\nYour reference is {reference}."
        ),
        short=N_("“{title}” was wanted, but there is no money for it now. You are number {place} on the reserve list: {link}"),
        blanks={
            "title": TITLE, "verdict": WANTED, "reason": REASON, "place": Blank(N_("their place on the list"), "2"), "link": LINK,
            "appeal": APPEAL, "reference": REFERENCE,
        },
        needed={"body": frozenset({"verdict", "reason", "place", "appeal"}), "short": frozenset({"link"})},
    )
)  # fmt: skip

OFFER_REMINDER = register(
    Letter(
        "offer_reminder",
        N_("Reminder: do you still want the money?"),
        N_("When an offer waits for a yes"),
        subject=N_("Do you still want the money for “{title}”?"),
        body=N_(
            "We offered you {sum} for “{title}” and have not heard from you.\n\nPlease say yes by {day}. Open this link and press the button:\n\n{link}"
        ),
        short=N_("Please say yes to {sum} for “{title}” by {day}: {link}"),
        blanks={"title": TITLE, "sum": SUM, "day": DAY, "link": LINK},
        needed={"body": frozenset({"sum", "day", "link"}), "short": frozenset({"link"})},
    )
)

NOT_YET = register(
    Letter(
        "not_yet",
        N_("Not yet: what would make it a yes"),
        N_("When the decisions of a round are released"),
        subject=N_("Not yet: “{title}”"),
        body=N_(
            "Thank you for your idea “{title}”. The panel likes to hear more before it can say yes.\n\n{reason}\n\nYour idea is still with us. When that is put right, the panel will look at it again.\n\n{link}\n\nYour reference is {reference}."
        ),
        short=N_("Not yet for “{title}”. Read what would help: {link}"),
        blanks={"title": TITLE, "reason": REASON, "link": LINK, "reference": REFERENCE},
        needed={"body": frozenset({"reason"}), "short": frozenset({"link"})},
    )
)

PAID = register(
    Letter(
        "paid",
        N_("The money has arrived"),
        N_("When a payment is settled"),
        subject=N_("{sum} is paid"),
        body=N_("{sum} for “{title}” has been paid.\n\n{receipts}\n\n{link}"),
        short=N_("{sum} for “{title}” has been paid. Keep your receipts: {link}"),
        blanks={
            "title": TITLE, "sum": SUM, "link": LINK,
            "receipts": Blank(N_("what to do with receipts; may be empty"), N_("Keep your receipts. Afterwards we ask you in three steps how it went.")),
        },
        needed={"body": frozenset({"sum", "receipts"}), "short": frozenset({"sum"})},
    )
)  # fmt: skip

REPORT_REMINDER = register(
    Letter(
        "report_reminder",
        N_("Reminder: how did it go?"),
        N_("A week before a report is due, on the day, and a week after"),
        subject=N_("How did “{title}” go?"),
        body=N_(
            "We would love to hear how “{title}” went. Three taps: receipts, hours, two sentences. Please by {day}.\n\n{link}\n\nIf something did not work out, tell us that too. Nobody is cross."
        ),
        short=N_("How did “{title}” go? Three taps, please by {day}: {link}"),
        blanks={"title": TITLE, "day": DAY, "link": LINK},
        needed={"body": frozenset({"day", "link"}), "short": frozenset({"link"})},
    )
)
