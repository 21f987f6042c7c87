"""What officers type about a funder."""

from portal.web.forms import Form, Line, Needed, PoundsField
from portal.words import N_


class TakeOut(Form):
    amount = PoundsField(N_("How much goes back?"), [Needed(N_("Write how much goes back."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)
