"""What people type about entries of the map, and officers about how areas are drawn."""

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField, SelectMultipleField, ValidationError

from portal.people.forms import area_choices
from portal.people.model import Organisation
from portal.places import queries as places
from portal.strengths import rules
from portal.strengths.desk import MONTHS
from portal.strengths.geometry import MOST_TYPED
from portal.strengths.model import Strength
from portal.strengths.rules import Draft
from portal.web.forms import EmailField, Form, Line, Needed, Paragraphs, PhoneField, WholeNumberField
from portal.words import N_, _, _n


class PositionField(Line):
    """A position as typed; `.understood` is (latitude, longitude) in thousandths of a degree, or None."""

    understood: tuple[int, int] | None = None

    def pre_validate(self, form: Any) -> None:
        """ValidationError, with a sentence, when it cannot be understood."""
        try:
            self.understood = rules.position(self.data) if self.data else None
        except ValueError as why:
            raise ValidationError(str(why)) from why


class Entry(Form):
    kind = RadioField(N_("What is it?"), [Needed(N_("Choose what it is."))])
    name = Line(N_("What is it called?"), [Needed(N_("Write what it is called, in 3 to 120 letters."))], most=rules.MOST_NAME)
    offers = Paragraphs(
        N_("What does it offer?"),
        [Needed(N_("Write what it offers, in a sentence or two."))],
        description=N_("For whom, and what happens there. No names of people, and no private addresses."),
        most=rules.MOST_OFFERS,
    )
    ways = SelectMultipleField(N_("Only for peer support: how do people meet?"))
    area = SelectField(N_("In which area?"), [Needed(N_("Choose where it is."))])
    place = Line(N_("Where there? (optional)"), description=N_("Like “behind the library” or the name of the hall."), most=rules.MOST_LINE)
    when_words = Line(N_("When? (optional)"), description=N_("Like “Tuesdays at 7 pm”."), most=rules.MOST_LINE)
    contact = Line(
        N_("How does one get in touch?"), description=N_("In words, like “ask at the bar” or “just come along”."), most=rules.MOST_LINE
    )
    email = EmailField(N_("E-mail of the group (optional)"))
    phone = PhoneField(N_("Telephone of the group (optional)"))
    contact_public = BooleanField(
        N_("This e-mail address or number is published already, by the group itself"), description=N_("Never a private one of somebody’s.")
    )
    links = Paragraphs(N_("Web pages (optional)"), description=N_("Each on a line of its own, beginning with https://"), most=1300)
    access = SelectMultipleField(N_("Getting in (optional)"))
    access_words = Line(N_("More about getting in (optional)"), description=N_("Like “ramp at the side door”."), most=rules.MOST_LINE)
    tags = Line(
        N_("Words to find it by (optional)"), description=N_("With commas between them, like “singing, music”."), most=rules.MOST_LINE
    )
    open_door = BooleanField(
        N_("Everybody may come to this place, and nobody lives there"), description=N_("Then its postcode and position may be shown.")
    )
    position = PositionField(
        N_("Position (optional)"), description=N_("Latitude and longitude, like 51.482, 0.331. We keep it to about 100 metres."), most=40
    )
    keeper = SelectField(
        N_("Who looks after this entry?"),
        validate_choice=False,
        description=N_("Once a year we ask them whether it is still so. A person’s name is never shown."),
    )
    again = BooleanField(N_("Mine is another one with the same name"))
    version = HiddenField()

    def fill(self, groups: Sequence[Organisation] = ()) -> "Entry":
        """`groups`: those for which the reader may look after it."""
        self.kind.choices = [(code, _(words)) for code, words in rules.ONE_OF_KIND.items()]
        self.ways.choices = [(code, _(words)) for code, words in rules.WAY_WORDS.items()]
        self.access.choices = [(code, _(words)) for code, words in rules.ACCESS_WORDS.items()]
        self.area.choices = area_choices(_("Choose"))
        self.keeper.choices = [("", _("Somebody else, or nobody yet")), ("me", _("I do")), *((each.ref, each.name) for each in groups)]
        return self

    @property
    def more_open(self) -> bool:
        """Whether what few fill in is shown unfolded: something stands there, or is wrong."""
        some = (self.links, self.access, self.access_words, self.tags, self.open_door, self.position)
        return any(field.errors or field.data for field in some)

    def draft(self) -> Draft:
        """What was typed."""
        area = places.area_by_code(self.area.data) if self.area.data else None
        latitude, longitude = self.position.understood or (None, None)
        return Draft(
            kind=self.kind.data or "", name=self.name.data or "", offers=self.offers.data or "", area_id=area.id if area else None, contact=self.contact.data or "",
            email=self.email.data or "", phone=self.phone.data or "", contact_public=bool(self.contact_public.data), ways=", ".join(self.ways.data or ()) if self.kind.data == "support" else "",
            place=self.place.data or "", open_door=bool(self.open_door.data), access=", ".join(self.access.data or ()), access_words=self.access_words.data or "",
            when_words=self.when_words.data or "", tags=self.tags.data or "", links=self.links.data or "", latitude=latitude, longitude=longitude,
        )  # fmt: skip

    @staticmethod
    def of(row: Strength) -> dict[str, Any]:
        """What the form shows for an entry."""
        shown = {name: getattr(row, name) for name in ("kind", "name", "offers", "place", "when_words", "contact", "contact_public", "links", "access_words", "tags", "open_door", "version")}  # fmt: skip
        where = ""
        if row.latitude is not None and row.longitude is not None:
            where = f"{rules.degrees(row.latitude)}, {rules.degrees(row.longitude)}"
        return shown | {
            "area": row.area.code, "email": row.email or None, "phone": row.phone or None, "ways": [way for way in row.ways.split(", ") if way],
            "access": [code for code in row.access.split(", ") if code], "position": where,
        }  # fmt: skip


class Publish(Form):
    months = SelectField(N_("When do we ask whether it is still so?"), default="12")
    initiative = BooleanField(
        N_("It is an initiative: a row in the table of what is going on by ward"),
        description=N_("Something that people have started here, not a building."),
    )
    version = HiddenField()

    def fill(self) -> "Publish":
        self.months.choices = [(str(months), _n("in one month", "in %(num)d months", months)) for months in MONTHS]
        return self


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)


class Merge(Form):
    into = Line(
        N_("Which one stays?"),
        [Needed(N_("Choose the one that stays, or write its reference, like STR-2345-6789."))],
        description=N_("Its reference, like STR-2345-6789. It stands at the end of its page."),
        most=20,
    )
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)


class Move(Form):
    old = SelectField(N_("From which area?"), [Needed(N_("Choose the area from which they move."))], validate_choice=False)
    new = SelectField(N_("To which area?"), [Needed(N_("Choose where they are now."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)

    def fill(self, old: Sequence[tuple[str, str]]) -> "Move":
        self.old.choices = [("", _("Choose")), *old]
        self.new.choices = area_choices(_("Choose"))
        return self


class Shape(Form):
    column = WholeNumberField(N_("Column (optional)"), description=N_("From 1 at the left to 30."))
    row = WholeNumberField(N_("Row (optional)"), description=N_("From 1 at the top to 30."))
    outline = Paragraphs(
        N_("Outline (optional)"),
        description=N_("Latitude and longitude of each corner on a line of its own, like 51.482, 0.331; or a GeoJSON polygon."),
        most=MOST_TYPED,
    )


class Import(Form):
    source = Line(
        N_("What is this list called?"),
        [Needed(N_("Write what this list is called, like “Council list of groups”."))],
        description=N_("Use the same name when you send it again: then nothing comes twice."),
        most=60,
    )
    area = SelectField(N_("Where is it?"), description=N_("For lines that name no area."))
    file = FileField(N_("The file"), description=N_("CSV, up to 3,000 lines."))
    publish = BooleanField(N_("Put them on the map at once"), description=N_("Otherwise they wait for a look by a connector of the place."))
    kept = HiddenField()

    def fill(self) -> "Import":
        self.area.choices = area_choices(_("Each line says it"))
        return self
