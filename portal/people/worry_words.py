"""Words that ask for a look before everybody reads them. Pure."""

from collections.abc import Iterable

# A word here is no verdict: a neighbour who helps reads the card before everybody does.
WORRY = frozenset(
    [
        "abuse",
        "abused",
        "addict",
        "alcohol",
        "ammunition",
        "betting",
        "bomb",
        "cannabis",
        "cocaine",
        "crypto",
        "deadly",
        "drug",
        "drugs",
        "explosive",
        "fight",
        "firearm",
        "gambling",
        "gun",
        "hate",
        "heroin",
        "immigrant",
        "immigrants",
        "investment",
        "kill",
        "knife",
        "knives",
        "loan",
        "loans",
        "nude",
        "overdose",
        "paedophile",
        "password",
        "pin",
        "pornography",
        "prescription",
        "racist",
        "revenge",
        "sex",
        "suicide",
        "terrorist",
        "vape",
        "vigilante",
        "weapon",
        "weapons",
    ]
)


def worries(words: Iterable[str]) -> list[str]:
    """Those of these words (small letters) that ask for a look, in order."""
    return [word for word in words if word in WORRY]
