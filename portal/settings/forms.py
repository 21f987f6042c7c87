"""What administrators type about the scheme."""

from collections.abc import Mapping

from wtforms import FileField, HiddenField

from portal.settings.colours import understood
from portal.settings.letters import MOST, PARTS
from portal.web.forms import Form, Line, Paragraphs
from portal.words import N_


class Words(Form):
    """The words of a letter. `seen`: a mark of those that stood when the page was opened."""

    subject = Line(N_("Subject"), most=MOST["subject"])
    body = Paragraphs(N_("E-mail and letter"), description=N_("An empty line begins a new paragraph."), most=MOST["body"])
    short = Line(
        N_("Text message"), description=N_("For people who chose text messages. Keep it short: each part costs."), most=MOST["short"]
    )
    seen = HiddenField()

    def words(self) -> Mapping[str, str]:
        """By part."""
        return {part: self[part].data for part in PARTS}


class Look(Form):
    brand = Line(N_("Header and links"), most=20)
    action = Line(N_("The button"), most=20)

    def colours(self) -> tuple[str, str]:
        """As we keep them. Refused: one that is no colour."""
        return understood(self.brand.data, "brand"), understood(self.action.data, "action")


class Logo(Form):
    photo = FileField(N_("Picture"), description=N_("JPEG or PNG, at most 5 megabytes. It stands on white."))
    alt = Line(N_("What does it show?"), description=N_("Read out to people who cannot see it, like: Arms of Estuary Council"), most=120)
