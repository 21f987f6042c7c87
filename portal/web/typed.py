"""What somebody had typed when their form could not be taken, under the words that stood at each box."""

import inspect
from collections.abc import Iterator
from types import ModuleType

from flask import current_app, request
from werkzeug.exceptions import HTTPException

from portal.web.forms import DayField, Form
from portal.words import _

HIDDEN = {"csrf_token", "once", "code", "sort_code", "account_number"}
NOT_TYPED = {"version", "next", "act", "add", "remove", "later", "check", "pass_on", "shown", "stay", "whose", "minutes", "as"}


def typed() -> list[tuple[str, str]]:
    """(label, text) of what was sent, to be shown back so that it is not lost (never tokens or bank details); nothing when it was too much
    to read.
    """
    try:
        sent = request.form
    except HTTPException:
        return []
    some = [(name, value) for name, value in sent.items(multi=True) if name not in HIDDEN | NOT_TYPED and value.strip()]
    labels = _labels({name for name, _value in some}) if some else {}
    return [(labels.get(name) or name.replace("_", " ").capitalize(), value) for name, value in some]


def _labels(names: set[str]) -> dict[str, str]:
    """The words at the boxes: of the form of this page that has most of them first, then of the others of its room."""
    forms = [_boxes(form) for form in _forms()]
    found: dict[str, str] = {}
    for boxes in sorted(forms, key=lambda boxes: len(names & boxes.keys()), reverse=True):
        found = boxes | found
    return {name: found.get(name) or found.get(name.partition("-")[2], "") for name in names}


def _forms() -> Iterator[type[Form]]:
    """The forms that the view of this page knows, by itself or in a module beside it."""
    view = current_app.view_functions.get(request.endpoint or "")
    module = inspect.getmodule(inspect.unwrap(view)) if view is not None else None
    own = list(vars(module).values()) if module is not None else []
    beside = [each for one in own if isinstance(one, ModuleType) and "forms" in one.__name__ for each in vars(one).values()]
    for each in (*own, *beside):
        if isinstance(each, type) and issubclass(each, Form) and each is not Form:
            yield each


def _boxes(form: type[Form]) -> dict[str, str]:
    """Name and label of each box of a form, as it was written down: a day has three."""
    found = {}
    for name in dir(form):
        field = getattr(form, name)
        if not hasattr(field, "field_class"):
            continue
        label = field.args[0] if field.args else field.kwargs.get("label", "")
        if not label:
            continue
        found[name] = _(label)
        if issubclass(field.field_class, DayField):
            found |= {f"{name}-{part}": f"{_(label)} {_(words)}" for part, words in DayField.PARTS}
    return found
