"""A sum in words, as it is written on a cheque. Pure."""

from portal.words import N_, _, _n

_SMALL = (
    N_("no"), N_("one"), N_("two"), N_("three"), N_("four"), N_("five"), N_("six"), N_("seven"), N_("eight"), N_("nine"), N_("ten"), N_("eleven"),
    N_("twelve"), N_("thirteen"), N_("fourteen"), N_("fifteen"), N_("sixteen"), N_("seventeen"), N_("eighteen"), N_("nineteen"),
)  # fmt: skip
_TENS = (N_("twenty"), N_("thirty"), N_("forty"), N_("fifty"), N_("sixty"), N_("seventy"), N_("eighty"), N_("ninety"))


def pounds_in_words(pence: int) -> str:
    """25001 gives "Two hundred and fifty pounds and 1 penny"; whole pounds end with "only". Up to £999,999.99."""
    assert 0 < pence < 1_000_000_00, "a cheque over more than a million is none of ours"
    whole, rest = divmod(pence, 100)
    words = _n("%(words)s pound", "%(words)s pounds", whole, words=number_in_words(whole))
    words = words[0].upper() + words[1:]
    if not rest:
        return _("%(pounds)s only", pounds=words)
    return _n("%(pounds)s and %(num)d penny", "%(pounds)s and %(num)d pence", rest, pounds=words)


def number_in_words(number: int) -> str:
    """237 gives "two hundred and thirty-seven"; 0 gives "no". Up to 999,999."""
    if number < 20:
        return _(_SMALL[number])
    if number < 100:
        tens = _(_TENS[number // 10 - 2])
        return f"{tens}-{_(_SMALL[number % 10])}" if number % 10 else tens
    for size, words in ((1000, N_("%(many)s thousand")), (100, N_("%(many)s hundred"))):
        if number >= size:
            large = _(words, many=number_in_words(number // size))
            rest = number % size
            if not rest:
                return large
            small = number_in_words(rest)
            return (
                _("%(large)s and %(small)s", large=large, small=small)
                if rest < 100
                else _("%(large)s, %(small)s", large=large, small=small)
            )
    raise AssertionError("every number is under 100 or over")
