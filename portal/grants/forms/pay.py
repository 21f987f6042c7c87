"""What finance types: sums, days, and why."""

from portal import clock
from portal.web.forms import DayField, Form, Line, Needed, Paragraphs, PoundsField
from portal.words import N_


class Prepare(Form):
    amount = PoundsField(N_("How much?"), description=N_("Leave it empty to pay all that is left."))


class Cancel(Form):
    reason = Line(N_("Why is it cancelled?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Settle(Form):
    on = DayField(N_("On which day did it arrive?"), [Needed(N_("Write the day."))], default=clock.today)


class Bounce(Form):
    on = DayField(N_("On which day did it come back?"), [Needed(N_("Write the day."))], default=clock.today)
    reason = Line(N_("What does the bank say?"), [Needed(N_("Write what the bank says. It is kept."))], most=300)


class Refund(Form):
    amount = PoundsField(N_("How much came back?"), [Needed(N_("Write how much came back."))])
    received_on = DayField(N_("On which day?"), [Needed(N_("Write the day."))], default=clock.today)
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Rest(Form):
    reason = Line(N_("Why is the rest not needed?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class End(Form):
    reason = Paragraphs(
        N_("Why is it ended?"),
        [Needed(N_("Write why, in words for the applicant. It goes into the letter."))],
        description=N_("In words for the applicant: the letter prints it."),
        most=500,
    )


class Release(Form):
    """A form of one button; its key makes a second tap the first run."""
