"""What officers write on the way from a decision to its letter."""

from portal.web.forms import Form, Needed, Paragraphs, WholeNumberField
from portal.words import N_


class Letter(Form):
    reason = Paragraphs(
        N_("The reason, as the letter says it"),
        [Needed(N_("Write the reason in plain words. It goes into the letter."))],
        description=N_("Say it as you would at the door. The public register prints it too."),
        most=1500,
    )
    conditions = Paragraphs(
        N_("What must be in place before we pay (optional)"),
        description=N_("One a line, for example: permission of the landowner."),
        most=1000,
    )
    place = WholeNumberField(
        N_("Place in line (optional)"),
        description=N_("If the money does not last for all, 1 is served first. Without a number: by the day they were sent."),
    )

    def listed(self) -> list[str]:
        """The conditions, one a line."""
        return [line.strip() for line in self.conditions.data.splitlines() if line.strip()]


class Reason(Form):
    reason = Paragraphs(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=500)


class Nothing(Form):
    """A form of one button."""
