"""What each kind of entry is, in plain words."""

from portal.words import N_

KINDS = {
    "contribution": N_("Money from a funder"), "given_back": N_("Given back to a funder"), "offer": N_("Offered"), "acceptance": N_("Accepted"),
    "returned": N_("Back in the fund"), "release": N_("Released to the bank"), "payment": N_("Paid"), "bounce": N_("Sent back by the bank"),
    "refund": N_("Money that came back"), "float": N_("Into a float"), "topup": N_("Into a float again"), "float closed": N_("Back from a float"),
    "quick spark": N_("Quick spark"), "reversal": N_("Put right"), "exchange": N_("Help between neighbours"), "session": N_("Hours of a session"),
    "hours": N_("Hours of a session"), "pot grant": N_("From the pot"), "session put right": N_("A session put right"), "donation": N_("Given away"), "write-off": N_("Written off"), "leaver": N_("Left over by somebody who left"),
    "starting credit": N_("Credit to start with"), "opening": N_("Brought over"), "spend": N_("Spent with a partner"), "match": N_("Hours for an idea"),
    "cards joined": N_("Two cards joined"), "areas joined": N_("Two areas joined"), "sheet": N_("Hours of a paper sheet"), "gift": N_("Given away"),
}  # fmt: skip
