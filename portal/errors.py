"""The few ways an action says no. Each carries one sentence for the person, which says how to go on.

Views translate them into pages (`web/failures.py`); actions never return error codes.
"""


class Problem(Exception):
    """Something a person can be told in one sentence; `sentence` is already in their language."""

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field  # the form field it is about, when there is one


class Refused(Problem):
    """A rule of the scheme says no: past the deadline, below a floor, already done."""


class NotYours(Problem):
    """The person may not do this. Shown as "not found", so that nothing is given away."""


class NotFound(Problem):
    """No such thing, or none that this person may know of. The page says so in general words alone."""


class Unknown(NotFound, NotYours):
    """Nothing behind a number or a link that somebody typed or copied, or nothing for them: nobody can tell the two apart, as both are
    refused by one sentence. It helps to try again, so it is shown on the page.
    """

    href, link = "", ""  # where else to go, and what that is called (to be translated)


class Conflict(Problem):
    """Somebody (perhaps the same person on another phone) changed it first. What was typed is kept."""
