"""Choosing an export. What cannot be chosen is refused by `filters` and `packs`, in their sentences."""

from collections.abc import Sequence

from wtforms import BooleanField, SelectField

from portal.exports import files, filters, packs
from portal.grants.model import Fund
from portal.places.model import Area
from portal.web.forms import Form
from portal.words import N_, _

FORMS = {"csv": N_("CSV"), "xlsx": N_("Excel"), "json": N_("JSON"), "hledger": N_("hledger"), "beancount": N_("Beancount")}


class Choose(Form):
    name = SelectField(N_("Which file?"), validate_choice=False)
    form = SelectField(N_("In which form?"), validate_choice=False)
    year = SelectField(N_("Which financial year?"), validate_choice=False)
    part = SelectField(N_("Which part of the year?"), validate_choice=False)
    basis = SelectField(N_("By which day?"), validate_choice=False)
    fund = SelectField(N_("Which fund?"), validate_choice=False)
    area = SelectField(N_("Which area?"), validate_choice=False)
    changed = BooleanField(N_("Only what changed since somebody last took this file"))

    def fill(self, years: Sequence[str], whole_books: bool, funds: Sequence[Fund], areas: Sequence[Area]) -> "Choose":
        """Give the fields what there is to choose from; `whole_books`: for those who may have spending and the ledger."""
        self.name.choices = [
            (export.name, f"{export.number} {_(export.title)}")
            for export in packs.EXPORTS.values()
            if whole_books or export.may == "export"
        ]
        if whole_books:
            self.name.choices.append((packs.LEDGER, _("E10 The whole ledger")))
        forms = [form for form in FORMS if whole_books or form in files.FORMATS]
        self.form.choices = [(form, _(FORMS[form])) for form in forms]
        self.year.choices = [(year, year) for year in years]
        self.part.choices = [(part, _(words)) for part, words in filters.PARTS.items()]
        self.basis.choices = [("", _("As usual for this file")), *((basis, _(words)) for basis, words in filters.BASES.items())]
        self.fund.choices = [("", _("All funds")), *((fund.code, fund.name) for fund in funds)]
        self.area.choices = [("", _("Everywhere")), *((area.code, area.name) for area in areas if area.kind != "scheme")]
        return self
