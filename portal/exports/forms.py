"""Choosing an export."""

from wtforms import SelectField

from portal.exports import filters, packs
from portal.web.forms import Form
from portal.words import N_, _


class Choose(Form):
    name = SelectField(N_("Which file?"))
    year = SelectField(N_("Which financial year?"))
    basis = SelectField(N_("By which date?"))
    form = SelectField(N_("In which form?"))

    def fill(self, years: list[str]) -> "Choose":
        self.name.choices = [(export.name, f"{export.number} {_(export.title)}") for export in packs.EXPORTS.values()] + [
            (packs.LEDGER, _("E10 The whole ledger"))
        ]
        self.year.choices = [(year, year) for year in years]
        self.basis.choices = [(filters.BASES[0], _("The day of the decision")), (filters.BASES[1], _("The day of the payment"))]
        self.form.choices = [("csv", "CSV"), ("xlsx", "Excel"), ("json", "JSON"), ("hledger", "hledger"), ("beancount", "Beancount")]
        return self
