"""The questions as fields: each may be left out."""

from typing import Any

import wtforms

from portal.surveys.wording import Wordings
from portal.web.forms import Form, whole_number
from portal.words import _


class RadioField(wtforms.RadioField):
    """Choices of which none need be chosen; named as the macros know it."""

    def pre_validate(self, form: Any) -> None:
        if self.data:
            super().pre_validate(form)


class Questions(Form):
    """One field for each question, named by its code. `wording` says in which words they were asked."""

    wording = wtforms.HiddenField()
    codes: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """The wording that was sent."""
        return whole_number(self.wording.data, 0)

    @property
    def answers(self) -> dict[str, str]:
        """What was chosen, by question."""
        return {code: self[code].data for code in self.codes if self[code].data}


def questions(wordings: Wordings, wording: int) -> Questions:
    """The form of one wording."""
    some = wordings[wording]
    fields = {each.code: RadioField(each.words, description=each.hint) for each in some}
    form = type("Questions", (Questions,), fields | {"codes": tuple(fields)})(data={"wording": str(wording)})
    for each in some:
        form[each.code].choices = [(code, _(words)) for code, words in each.answers.items()]
    assert isinstance(form, Questions)
    return form
