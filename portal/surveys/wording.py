"""What is asked, word for word. A wording never changes: other words get the next number, and figures of two numbers never mix.

The three questions follow the harmonised questions on social capital of the Office for National Statistics, in plainer words. The
questions about oneself follow its harmonised questions and the categories of the Equality Act 2010, in short form and without free text,
which would tell who somebody is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.words import N_

RATHER_NOT = "rather_not"


@dataclass(frozen=True)
class Question:
    """`answers`: code to words, in the order of the page; the last is always that one would rather not say."""

    code: str
    words: str
    answers: Mapping[str, str]
    hint: str = ""


Wordings = Mapping[int, Sequence[Question]]


def newest(wordings: Wordings) -> int:
    """The wording that is asked now."""
    return max(wordings)


NOT_SAID = N_("I would rather not say")
PREFER_NOT = N_("Prefer not to say")

NEIGHBOURS: Wordings = {
    1: (
        Question(
            "trust",
            N_("Can the people who live round here be trusted?"),
            {
                "most": N_("Most of them"),
                "some": N_("Some of them"),
                "few": N_("A few of them"),
                "none": N_("None of them"),
                RATHER_NOT: NOT_SAID,
            },
        ),
        Question(
            "know",
            N_("Do you know your neighbours?"),
            {"most": N_("Most of them"), "some": N_("Some of them"), "few": N_("A few of them"), "none": N_("None of them"), RATHER_NOT: NOT_SAID},
            N_("Well enough to stop and have a chat."),
        ),
        Question(
            "help",
            N_("If you needed help, could you ask somebody round here?"),
            {
                "surely": N_("Yes, certainly"),
                "probably": N_("Yes, probably"),
                "hardly": N_("Probably not"),
                "no": N_("No"),
                RATHER_NOT: NOT_SAID,
            },
        ),
    ),
}  # fmt: skip

ABOUT_YOU: Wordings = {
    1: (
        Question(
            "age",
            N_("How old are you?"),
            {
                "15": N_("Under 16"), "16": N_("16 to 24"), "25": N_("25 to 34"), "35": N_("35 to 44"), "45": N_("45 to 54"), "55": N_("55 to 64"),
                "65": N_("65 to 74"), "75": N_("75 or over"), RATHER_NOT: PREFER_NOT,
            },
        ),
        Question("sex", N_("What is your sex?"), {"female": N_("Female"), "male": N_("Male"), RATHER_NOT: PREFER_NOT}),
        Question(
            "gender",
            N_("Is the gender you identify with the same as your sex registered at birth?"),
            {"yes": N_("Yes"), "no": N_("No"), RATHER_NOT: PREFER_NOT},
        ),
        Question(
            "disability",
            N_("Do you have any physical or mental health conditions or illnesses lasting or expected to last 12 months or more?"),
            {
                "no": N_("No"), "not_at_all": N_("Yes, but they do not limit my day"), "little": N_("Yes, and they limit my day a little"),
                "lot": N_("Yes, and they limit my day a lot"), RATHER_NOT: PREFER_NOT,
            },
            N_("Whether they reduce your ability to carry out day-to-day activities."),
        ),
        Question(
            "ethnic",
            N_("What is your ethnic group?"),
            {
                "asian": N_("Asian or Asian British"), "black": N_("Black, Black British, Caribbean or African"), "mixed": N_("Mixed or multiple ethnic groups"),
                "white": N_("White"), "other": N_("Other ethnic group"), RATHER_NOT: PREFER_NOT,
            },
        ),
        Question(
            "religion",
            N_("What is your religion?"),
            {
                "none": N_("No religion"), "christian": N_("Christian, all denominations"), "buddhist": N_("Buddhist"), "hindu": N_("Hindu"),
                "jewish": N_("Jewish"), "muslim": N_("Muslim"), "sikh": N_("Sikh"), "other": N_("Any other religion"), RATHER_NOT: PREFER_NOT,
            },
        ),
        Question(
            "orientation",
            N_("Which of the following best describes your sexual orientation?"),
            {
                "straight": N_("Straight or Heterosexual"), "gay": N_("Gay or Lesbian"), "bi": N_("Bisexual"), "other": N_("Other sexual orientation"),
                RATHER_NOT: PREFER_NOT,
            },
        ),
        Question(
            "carer",
            N_("Do you look after, or give any help or support to, anyone because they have long-term physical or mental health conditions or illnesses, or problems related to old age?"),
            {
                "no": N_("No"), "19": N_("Yes, 19 hours a week or less"), "20": N_("Yes, 20 to 49 hours a week"), "50": N_("Yes, 50 or more hours a week"),
                RATHER_NOT: PREFER_NOT,
            },
            N_("Leave out anything you do as part of your paid employment."),
        ),
    ),
}  # fmt: skip
