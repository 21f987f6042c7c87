"""What persons type about themselves."""

from wtforms import BooleanField, RadioField, SelectField

from portal.places import queries as places
from portal.web.forms import EmailField, EmailOrPhoneField, Form, Line, Needed, Paragraphs, PhoneField
from portal.words import N_, _

ROLE_NAMES = {
    "connector": N_("Connector"),
    "officer": N_("Council officer"),
    "finance": N_("Finance officer"),
    "auditor": N_("Auditor (reads only)"),
    "administrator": N_("Administrator"),
}
ORGANISATION_KINDS = {
    "group": N_("Group of neighbours"),
    "charity": N_("Charity"),
    "school": N_("School"),
    "hub": N_("Community hub"),
    "business": N_("Business"),
    "council": N_("Council team"),
}


BASES = {"paper sheet": N_("On paper"), "telephone": N_("By telephone"), "in person": N_("Face to face")}
WAYS = {"email": N_("By e-mail"), "sms": N_("By text message"), "letter": N_("By letter")}


def bases() -> list[tuple[str, str]]:
    """How somebody who acts for another may know, for radios."""
    return [(value, _(words)) for value, words in BASES.items()]


def area_choices(blank: str) -> list[tuple[str, str]]:
    """Areas by name for a list, with a first line that chooses none."""
    return [("", blank)] + [(area.code, area.name) for area in places.areas() if area.kind != "scheme"]


class SignIn(Form):
    address = EmailOrPhoneField(N_("E-mail address or mobile number"), [Needed(N_("Write your e-mail address or mobile number."))])


class Code(Form):
    code = Line(N_("Six-digit code"), [Needed(N_("Write the six digits from the message."))], most=20)


class AppCode(Form):
    """Six digits from the phone; where a recovery code counts too, its eight letters and figures."""

    code = Line(N_("Six-digit code"), [Needed(N_("Write the six digits that the app on your phone shows."))], most=20)


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)


class Welcome(Form):
    name = Line(N_("Your name"), [Needed(N_("Write your name, as neighbours know you."))], most=80)
    area = SelectField(N_("Where you live"))

    def fill(self) -> "Welcome":
        self.area.choices = area_choices(_("I would rather not say"))
        return self


class Profile(Form):
    name = Line(N_("Your name"), [Needed(N_("Write your name, as neighbours know you."))], most=80)
    area = SelectField(N_("Where you live"))
    channel = RadioField(N_("How shall we tell you things?"))
    postal_address = Paragraphs(N_("Postal address (optional)"), description=N_("Only for letters."), most=300)
    large_print = BooleanField(N_("Print my letters large"))

    def fill(self) -> "Profile":
        self.area.choices = area_choices(_("I would rather not say"))
        self.channel.choices = [(value, _(text)) for value, text in WAYS.items()]
        return self


class NewAddress(Form):
    address = EmailOrPhoneField(N_("New e-mail address or mobile number"), [Needed(N_("Write the new e-mail address or mobile number."))])


class Leave(Form):
    sure = BooleanField(N_("Yes, delete what you hold about me"), [Needed(N_("Tick the box if you are sure."))])


class NewOrganisation(Form):
    name = Line(N_("Name of the group"), [Needed(N_("Write the name of the group."))], most=120)
    kind = RadioField(N_("What is it?"))
    area = SelectField(N_("Where is it?"))
    charity_number = Line(N_("Charity number (optional)"), most=20)
    company_number = Line(N_("Company number (optional)"), most=20)

    def fill(self) -> "NewOrganisation":
        self.kind.choices = [(value, _(text)) for value, text in ORGANISATION_KINDS.items() if value != "council"]
        self.area.choices = area_choices(_("Everywhere"))
        return self


class Invite(Form):
    name = Line(N_("Their name"), [Needed(N_("Write their name."))], most=80)
    address = EmailOrPhoneField(N_("Their e-mail address or mobile number"), [Needed(N_("Write their e-mail address or mobile number."))])


class GrantRole(Form):
    role = RadioField(N_("Role"))
    area = SelectField(
        N_("Where?"),
        description=N_("Connectors and officers may be for one area and all that lies in it. All others are for the whole scheme."),
    )
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept with the role."))], most=300)

    def fill(self, *, areas: bool = True) -> "GrantRole":
        """`areas`: whether the list of areas is read; a page that does not show the form has no need of it."""
        self.role.choices = [(value, _(text)) for value, text in ROLE_NAMES.items()]
        self.area.choices = area_choices(_("The whole scheme")) if areas else []
        return self


class EndRole(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept with the role."))], most=300)


class NewPerson(Form):
    """A connector types for somebody; no e-mail or telephone is needed."""

    name = Line(N_("Their name"), [Needed(N_("Write their name."))], most=80)
    email = EmailField(N_("E-mail address (optional)"))
    phone = PhoneField(N_("Telephone (optional)"))
    postal_address = Paragraphs(N_("Postal address (optional)"), description=N_("So that we can send letters."), most=300)
    area = SelectField(N_("Where they live"))

    def fill(self) -> "NewPerson":
        self.area.choices = area_choices(_("Not known"))
        return self


class Details(Form):
    """The desk changes for somebody what they cannot change alone."""

    name = Line(N_("Their name"), [Needed(N_("Write their name."))], most=80)
    email = EmailField(N_("E-mail address (optional)"))
    phone = PhoneField(N_("Telephone (optional)"))
    postal_address = Paragraphs(N_("Postal address (optional)"), description=N_("For letters. Without it we hand them over."), most=300)
    channel = RadioField(N_("How shall we tell them things?"))
    large_print = BooleanField(N_("Letters in large print"))
    area = SelectField(N_("Where they live"))
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)

    def fill(self) -> "Details":
        self.channel.choices = [(value, _(text)) for value, text in WAYS.items()]
        self.area.choices = area_choices(_("Not known"))
        self.basis.choices = bases()
        return self
