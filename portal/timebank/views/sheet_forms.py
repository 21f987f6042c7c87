"""What a coordinator types from paper: a sheet of rows, and somebody who has neither e-mail nor telephone."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from wtforms import BooleanField, RadioField, SelectField

from portal.places.model import Area
from portal.refs import clean_ref
from portal.timebank.enrol import HOUSEHOLD, SameAddress, SameName
from portal.timebank.rules import ADULT
from portal.timebank.sheets import COLUMNS, LONGEST, MOST_ROWS, Typed
from portal.timebank.views.session_forms import choose_idea
from portal.web.forms import DayField, EmailOrPhoneField, Form, Line, Needed, Paragraphs, one_line, whole_number
from portal.words import N_, _
from portal.work.model import Purpose

AT_ONCE = 10  # empty rows of a new page, and how many more a button gives
MOST_PASTED = 30_000  # letters
HEADS = {
    "giver": N_("Who gave"), "receiver": N_("Who received"), "time": N_("How long"), "kind": N_("Kind"), "day": N_("Day"), "number": N_("Sheet"),
}  # fmt: skip


class SheetForm(Form):
    """The head of a sheet. Its rows are read by `rows_sent`: they come and go."""

    area = SelectField(N_("Whose sheet is it?"), [Needed(N_("Choose the area of this sheet."))])
    number = Line(N_("Number of the sheet"), description=N_("As it stands on the paper. Rows with their own number keep it."), most=20)
    day = DayField(N_("Day, for rows without one (optional)"))
    purpose = SelectField(
        N_("Was it for an idea with a grant?"),
        description=N_("For all rows of this sheet. Send rows that were for something else by themselves."),
    )
    signed = BooleanField(N_("Both have signed each of these rows"), [Needed(N_("Look whether both have signed each row, and say so."))])
    go_on = BooleanField(N_("I have looked: these rows are not in the books yet"))
    paste = Paragraphs(N_("Rows from a spreadsheet"), most=MOST_PASTED)

    def fill(self, areas: Sequence[Area], purposes: Sequence[Purpose]) -> "SheetForm":
        choose_idea(self, purposes)
        self.area.choices = [(area.code, area.name) for area in areas]
        return self


def rows_sent(sent: Mapping[str, str]) -> list[Typed]:
    """The rows of a form, in order; a member chosen from those of one name stands behind the name."""
    count = min(max((int(name.rpartition("-")[2]) + 1 for name in sent if _is_cell(name)), default=0), MOST_ROWS)
    return [_row(place + 1, {column: sent.get(f"{column}-{place}", "") for column in COLUMNS}, place, sent) for place in range(count)]


def _is_cell(name: str) -> bool:
    column, _dash, place = name.rpartition("-")
    return column in COLUMNS and 0 <= whole_number(place) < MOST_ROWS


def _row(line: int, cells: Mapping[str, str], place: int, sent: Mapping[str, str]) -> Typed:
    values = {column: one_line(text)[:LONGEST] for column, text in cells.items()}
    for column in ("giver", "receiver"):
        chosen = clean_ref(sent.get(f"{column}-{place}-is", ""))
        if chosen is not None and chosen not in values[column]:
            values[column] = f"{values[column][:90]} {chosen}".strip()
    return Typed.of(line, [values[column] for column in COLUMNS], again=sent.get(f"again-{place}") == "y")


def pasted(text: str, first: int) -> list[Typed]:
    """Rows of a spreadsheet's cells, numbered from `first`: tabs, semicolons or commas between them, columns as on the page or as a line of
    headings says; a column that only counts the lines is left out.
    """
    lines = [[one_line(cell)[:LONGEST] for cell in cells] for cells in _cells(text)]
    lines = [cells for cells in lines if any(cells)]
    if not lines:
        return []
    order = _order(lines[0])
    if order is not None:
        lines = [[cells[place] if place is not None and place < len(cells) else "" for place in order] for cells in lines[1:]]
    elif all(cells[0].rstrip(".") == str(number) for number, cells in enumerate(lines, whole_number(lines[0][0].rstrip("."), 1))):
        lines = [cells[1:] for cells in lines]
    return [Typed.of(first + number, cells) for number, cells in enumerate(lines)]


def _cells(text: str) -> Iterable[Sequence[str]]:
    """The cells of each line. A cell of one quotation mark is a ditto, which a reader of CSV would take for the beginning of a quotation."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    said = [line for line in lines if line.strip()]
    between = next(
        (each for each, least in (("\t", 1), (";", 2), (",", 3)) if said and all(line.count(each) >= least for line in said)), "\t"
    )
    if any('"' in (cell.strip() for cell in line.split(between)) for line in said):
        return [line.split(between) for line in lines]
    return csv.reader(io.StringIO(text), delimiter=between)


def _order(cells: Sequence[str]) -> list[int | None] | None:
    """Where the columns of the page stand in a line of headings; None when it is none."""
    said = [cell.casefold() for cell in cells]
    names = {column: {column, _(words).casefold()} for column, words in HEADS.items()}
    order = [
        next((place for place, cell in enumerate(said) if cell in names[column]), usual if usual >= len(said) else None)
        for usual, column in enumerate(COLUMNS)
    ]
    return order if order[0] is not None and order[1] is not None else None


def padded(rows: Sequence[Typed], more: int = 0) -> list[Typed]:
    """Rows for the page: those typed, then empty ones, at least AT_ONCE of them all."""
    kept = list(rows)
    while kept and kept[-1].is_empty:
        kept.pop()
    wanted = min(max(AT_ONCE, len(rows) + more, len(kept) + 1), MOST_ROWS)  # a form of many more parts is refused before we see it
    return [*kept, *(Typed(line) for line in range(len(kept) + 1, wanted + 1))]


class Undo(Form):
    reason = Line(N_("Why? Everybody on the sheet reads this."), [Needed(N_("Write why, in a few words."))], most=200)


NOBODY = "new"


class Enrol(Form):
    """Somebody who joins on paper, by telephone or face to face."""

    name = Line(N_("Their name"), [Needed(N_("Write their name."))])
    area = SelectField(N_("Where they live"), [Needed(N_("Choose where they live, so that neighbours find them."))])
    contact = EmailOrPhoneField(
        N_("E-mail address or mobile number (optional)"), description=N_("Without one they are a full member all the same.")
    )
    address = Paragraphs(
        N_("Postal address (optional)"), description=N_("For letters. Without it a coordinator hands them over."), most=300
    )
    large_print = BooleanField(N_("Letters in large print"))
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])
    adult_on = DayField(N_("When are they 18?"), description=N_("Only for who is 16 or 17. Until then a parent or carer must say yes."))
    agreed = BooleanField("", [Needed(N_("They must say yes to this first."))])
    same = RadioField(N_("Is it one of these?"))

    def fill(self, areas: Sequence[Area], bases: Mapping[str, str], least_age: int) -> "Enrol":
        if least_age == ADULT:
            del self.adult_on
        self.area.choices = [("", _("Choose a place")), *((area.code, area.name) for area in areas)]
        self.basis.choices = [(value, _(text)) for value, text in bases.items()]
        self.same.choices = []
        return self

    def ask_which(self, why: SameName | None) -> None:
        """Offer those who are called like that or have that address already."""
        if isinstance(why, SameAddress):
            other = (HOUSEHOLD, _("Somebody else who lives with them, and joins without this address"))
        else:
            other = (NOBODY, _("No, somebody else of that name"))
        self.same.choices = [*(why.known if why else ()), other]
