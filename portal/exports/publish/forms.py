"""What officers type about the open data."""

from typing import Any

from wtforms import BooleanField, HiddenField, RadioField

from portal.exports.publish import settings, summaries
from portal.web.forms import Form, Line, Needed, Paragraphs
from portal.words import N_, _


class SignOff(Form):
    title = Line(N_("Name of the grant"), [Needed(N_("Write what everybody may read."))], most=summaries.TITLE_MOST)
    description = Paragraphs(
        N_("What it is for"), [Needed(N_("Write what everybody may read."))], most=summaries.DESCRIPTION_MOST,
        description=N_("In one or two sentences. No names, no addresses, no numbers of people."),
    )  # fmt: skip
    sure = BooleanField(N_("I have looked at what is marked: it names nobody"))
    vouched = BooleanField(
        N_("This is a group and not a person: name it"), description=N_("It is called like somebody here, or those who acted for it left.")
    )
    stamp = HiddenField()


class Why(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=300)


class Settings(Form):
    publisher_name = Line(
        N_("Who makes the grants"), description=N_("The council or charity, as files for the public name it."), most=120
    )  # fmt: skip
    publisher_id = Line(
        N_("Its organisation identifier"), description=N_("Look it up at org-id.guide. Like GB-LAE-THR for a council, or GB-CHC-1164883 for a charity."), most=60
    )  # fmt: skip
    publisher_prefix = Line(
        N_("360Giving prefix"), description=N_("360Giving gives it to you when you become a publisher. Like 360G-Estuary."), most=60
    )  # fmt: skip
    sure = BooleanField(N_("The prefix changes, and the identifiers of what is published with it: I am sure"))
    licence = RadioField(N_("Under which licence may others use the files?"))
    every = RadioField(N_("When are the files published?"))

    @staticmethod
    def of(who: settings.Publisher) -> dict[str, Any]:
        """What the form shows."""
        return {
            "publisher_name": who.name, "publisher_id": who.identifier, "publisher_prefix": who.prefix, "licence": who.licence, "every": who.every,
        }  # fmt: skip

    def fill(self) -> "Settings":
        self.licence.choices = [(value, _(words)) for value, (_address, words) in settings.LICENCES.items()]
        self.every.choices = [(value, _(words)) for value, words in settings.EVERY.items()]
        return self

    def values(self) -> dict[str, Any]:
        """As `settings.change` takes them."""
        return {name: self[name].data for name in ("publisher_name", "publisher_id", "publisher_prefix", "licence", "every", "sure")}
