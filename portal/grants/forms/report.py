"""Telling how it went, in three taps."""

from wtforms import BooleanField

from portal.web.forms import DayField, Form, Line, Needed, Paragraphs, PoundsField
from portal.words import N_


class Receipt(Form):
    what = Line(N_("What did you buy?"), [Needed(N_("Write what you bought."))], most=120)
    amount = PoundsField(N_("How much stands on the receipt?"), [Needed(N_("Write the sum that stands on the receipt."))])
    bought_on = DayField(N_("When? (optional)"))


class Tell(Form):
    happened = Paragraphs(N_("What happened?"), description=N_("One or two sentences are fine."), most=1500)
    changed = Paragraphs(N_("What is better now? (optional)"), most=1500)
    may_publish = BooleanField(N_("You may print these words and my photos in the public register"))


class Note(Form):
    note = Paragraphs(N_("What would you like to know?"), [Needed(N_("Write what you would like to know."))], most=1000)


class Waive(Form):
    reason = Line(N_("Why?"), [Needed(N_("Write why. It is kept."))], most=300)
