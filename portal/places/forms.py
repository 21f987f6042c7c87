"""What officers type about places."""

import re
from collections.abc import Iterable
from typing import Any

from wtforms import FileField, RadioField, SelectField, ValidationError

from portal.places.load import KINDS, ONS_CODE
from portal.places.model import Area
from portal.web.forms import DayField, EmailField, Form, Line, Needed, Paragraphs, PhoneField, show_phone
from portal.words import N_, _

KIND_NAMES = {
    "scheme": N_("The whole scheme"),
    "ward": N_("Ward"),
    "estate": N_("Estate"),
    "hub": N_("Around a hub"),
}
assert set(KIND_NAMES) == set(KINDS)


class SchemeForm(Form):
    """The columns of Scheme, as people write them."""

    name = Line(
        N_("Name of the scheme"), [Needed(N_("Write the name of the scheme."))], description=N_("At the top of every page."), most=80
    )
    short_name = Line(
        N_("Short name"), [Needed(N_("Write a short name, for text messages."))], description=N_("For text messages."), most=30
    )
    about = Paragraphs(N_("What it is, in two sentences (optional)"), most=500)
    email = EmailField(N_("E-mail address for questions"), [Needed(N_("Write the e-mail address that people may use."))])
    telephone = PhoneField(N_("Telephone for questions"), [Needed(N_("Write the telephone number that people may call."))])
    postal_address = Paragraphs(N_("Postal address (optional)"), description=N_("At the top of letters."), most=300)
    publisher_name = Line(
        N_("Who makes the grants (optional)"), description=N_("The council or charity, as files for the public name it."), most=120
    )
    department = Line(N_("Department (optional)"), description=N_("As the spending file names it."), most=120)
    spend_threshold = RadioField(N_("Which payments does the spending file list?"), default="0")

    @staticmethod
    def of(scheme: Any) -> dict[str, Any]:
        """What the form shows for a scheme, or for none yet."""
        if scheme is None:
            return {}
        shown = {name: getattr(scheme, name) for name in ("name", "short_name", "about", "email", "telephone", "postal_address")}
        shown |= {name: getattr(scheme, name) for name in ("publisher_name", "department")}
        return shown | {"spend_threshold": str(scheme.spend_threshold)}

    def fill(self) -> "SchemeForm":
        self.spend_threshold.choices = [("0", _("All of them")), ("25000", _("Those above £250")), ("50000", _("Those above £500"))]
        return self

    def values(self) -> dict[str, Any]:
        """Columns of Scheme, ready for the action."""
        assert self.telephone.data is not None
        plain = ("name", "short_name", "about", "email", "postal_address", "publisher_name", "department")
        return {name: self[name].data for name in plain} | {
            "telephone": show_phone(self.telephone.data),
            "spend_threshold": int(self.spend_threshold.data),
        }


class AreaForm(Form):
    name = Line(N_("Name"), [Needed(N_("Write the name of the area."))], most=80)
    kind = RadioField(N_("What is it?"))
    parent = SelectField(N_("Where does it lie?"))
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept with the area."))], most=300)

    def fill(self, areas: Iterable[Area], but: str = "") -> "AreaForm":
        """`but`: the code of the area itself, which cannot lie in itself."""
        self.kind.choices = [(value, _(text)) for value, text in KIND_NAMES.items()]
        self.parent.choices = [("", _("In no other area"))] + [(area.code, area.name) for area in areas if area.code != but]
        return self


class CodeForm(Form):
    ons_code = Line(N_("ONS code"), [Needed(N_("Write the code: a letter and eight digits, like E05099001."))], most=20)
    valid_from = DayField(
        N_("From which day?"), [Needed(N_("Write the first day of this code."))], description=N_("The code before it ends on the eve.")
    )
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept with the area."))], most=300)

    def validate_ons_code(self, field: Any) -> None:
        field.data = field.data.upper().replace(" ", "")
        if not re.fullmatch(ONS_CODE, field.data):
            raise ValidationError(_("Write the code: a letter and eight digits, like E05099001."))


class Reason(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept with the area."))], most=300)


class Load(Form):
    file = FileField(N_("CSV file"))
