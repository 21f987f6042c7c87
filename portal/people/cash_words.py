"""What in an offer works like money, names a price, or is a bet, alcohol or tobacco: surely, perhaps, or not at all. Pure.

Only what is sure is refused. Words that have another meaning as often ("pounds of apples", "Ale Lane", "petrol") are no reason to
send anybody away: whoever looks at the offer is told to look twice.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portal.words import N_, _

CASH, PRICE, CHANCE, DRINK, SMOKE = "cash", "price", "chance", "alcohol", "tobacco"
WHY = {
    CASH: N_("Time is never swapped for something that works like money. Offer the thing itself: a swim, a class, a room, a meal."),
    PRICE: N_("Here an offer costs time and nothing else, so leave prices out. Say how long it costs."),
    CHANCE: N_("Time is not for bets and draws. Offer something that everybody gets who comes."),
    DRINK: N_("Time is not for alcohol. Offer the meal, the music or the room without it."),
    SMOKE: N_("Time is not for tobacco, vapes or drugs. Offer something else."),
}
_NUMBER = r"(?:\d+(?:[.,]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|hundred)"
_SHOPS = r"(?:tesco|asda|sainsburys?|aldi|lidl|morrisons|argos|amazon|boots|primark|iceland|costa|greggs|starbucks|itunes|google play|steam|xbox|playstation|netflix|spotify|visa|nectar)"  # fmt: skip
_DRINKS = r"(?:alcohol|beers?|wines?|ciders?|lagers?|ales?|vodkas?|whisk(?:e?y|ies)|rums?|gins?|brandy|prosecco|champagne|sherry|cocktails?|stout)"  # fmt: skip
_A_PLACE = r"(?! (?:lane|road|street|avenue|close|way|drive|hill|court|square|gardens?|crescent|terrace)\b)"
# what is found in plain words: letters a to z, digits and single spaces
_SURELY = (
    (PRICE, rf"{_NUMBER} ?(?:quid|gbp|pence|euros?|eur|dollars?|usd)|{_NUMBER} ?pounds? (?:a|an|per|each|only|off)|(?:for|costs?|pay|price) {_NUMBER} ?pounds?(?! of)|\d+ ?p|fivers?|tenners?"),
    (CASH, r"[ck]ash ?backs?|(?:for|in|into|free) [ck]ash|[ck]ash (?:prizes?|in hand|rewards?)|gift ?(?:[ck]ards?|tokens?|certificates?|vouchers?)|e ?gift \w+|e ?vouchers?|vouchers?|coupons?|book tokens?"),
    (CASH, rf"(?:store|shop|shopping|prepaid|pre paid|loyalty|debit|credit|money|fuel|petrol|{_SHOPS}) ?(?:[ck]ards?|credits?|points|balance)|(?:prepaid|pre paid) (?:visa|mastercard)"),
    (CASH, r"(?:tesco )?clubcard|love ?2 ?shop|one ?4 ?all|top ?ups?|topping up|(?:phone|mobile|meter|energy|gas|electric|electricity|data|game|gaming) ?credits?"),
    (CASH, rf"money ?off|money back|for money|discount(?:s|ed)?|reduced (?:price|rate)s?|half price|{_NUMBER} ?(?:percent|per cent) (?:off|cheaper|less)"),
    (CASH, rf"(?:i|we|they|will|ill|well|theyll) pay you|pay you {_NUMBER}|bank transfers? to you|rebates?|refunds?|bitcoins?|crypto(?:currency|currencies)?|paypal|paysafe ?cards?|gutscheine?|postal orders?"),
    (CHANCE, r"lotter(?:y|ies)|lotto|scratch ?cards?|raffles?|tombolas?|betting|casinos?|gambl(?:e|ing)|slot machines?|prize draws?|sweepstakes?"),
    (DRINK, rf"alcohol(?:ic)?|(?<!ginger )(?<!root )beers?|lagers?|vodkas?|whisk(?:e?y|ies)|prosecco|liquor|booze|wine tastings?|(?:pints?|glass(?:es)?|bottles?|cans?|shots?|free) (?:of )?{_DRINKS}"),
    (SMOKE, r"tobacco|cigarettes?|cigs?|fags?|cigars?|vapes?|vaping|e ?cigs?|e ?cigarettes?|snus|shisha|nicotine|rolling papers?|cannabis|marijuana|hashish"),
)  # fmt: skip
_PERHAPS = (
    (PRICE, rf"{_NUMBER} ?pounds?|cheap(?:er|est)?|prices?|pay you"),
    (CASH, rf"[ck]ash|money(?! (?:advice|matters|worries|management|skills|help|talks?|box(?:es)?|tree|spiders?))|bank transfers?|petrol|diesel|fuel|(?:gold|silver) (?:coins?|bars?)|(?:amazon|argos|itunes|netflix|spotify)|{_SHOPS} (?:\w+ )?worth|gift tokens?|tokens?"),
    (CHANCE, r"bets?|bingo|prizes?|draws? for"),
    (DRINK, rf"(?<!ginger )(?<!root )(?:{_DRINKS}){_A_PLACE}|pints? of (?!milk|water|cream|juice|squash)\w+|shots?"),
    (SMOKE, r"drugs?|cbd|hemp"),
)  # fmt: skip
_FOUND = [
    (kind, surely, re.compile(rf"(?<!\w)(?:{words})(?!\w)"))
    for surely, some in ((True, _SURELY), (False, _PERHAPS))
    for kind, words in some
]
_NOT = re.compile(r"(?:\bno|\bnot|\bnever|\bwithout|\binstead of|\bfree (?:of|from)|\bnon) (?:any )?$")  # "no alcohol" says the opposite
_FREE = re.compile(r" free\b")
_RUN_TOGETHER = {  # in no other words, also when they are pulled apart in odd places: "vou-cher"
    kind: re.compile(words) for kind, words in (
        (CASH, r"gift[ck]ards?|giftvouchers?|vouchers?|[ck]ashback|moneyoff"), (CHANCE, r"scratchcards?|lottery"), (SMOKE, r"cigarettes?"),
    )
}  # fmt: skip
_PERCENT = re.compile(r"\d\s*%\s*(?:off|cheaper|less)")
_LETTERS = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
# letters of other alphabets that look like ours
_ALIKE = str.maketrans("асеорхуікмтнвαορτυνικ", "aceopxyikmthbaoptuvik")


@dataclass(frozen=True)
class CashLike:
    """What was found, of which kind it is (a key of `WHY`), and whether it is sure; otherwise somebody should look twice."""

    word: str
    kind: str
    surely: bool = True

    @property
    def sentence(self) -> str:
        """Why it cannot be, and how to put it."""
        return _("We found “%(word)s”. ", word=self.word) + _(WHY[self.kind])


def cash_like(text: str) -> CashLike | None:
    """What in a text works like cash, names a price, or is a bet, alcohol or tobacco: the surest of it; None when nothing does.

    Capitals, accents, look-alike letters, digits for letters and letters set apart do not hide it. "No alcohol" and "alcohol-free" may stand.
    """
    return next(iter(all_cash_like(text)), None)


def all_cash_like(text: str) -> Sequence[CashLike]:
    """The same, all of it, each word once; what is surest first."""
    seen = _folded(text)
    signs = [letter for letter in re.sub(r"(?<=[a-z])\$(?=[a-z])", "s", seen) if unicodedata.category(letter) == "Sc"]
    sure = [CashLike(sign, PRICE) for sign in signs] + [CashLike(found[0], CASH) for found in _PERCENT.finditer(seen)]
    perhaps: list[CashLike] = []
    forms, denied = dict.fromkeys((_plain(seen), _plain(_as_letters(seen)))), set[str]()
    for kind, surely, pattern in _FOUND:
        for form in forms:
            for found in pattern.finditer(form):
                if _NOT.search(form[: found.start()]) or _FREE.match(form, found.end()):
                    denied.add(_together(found[0]))
                else:
                    (sure if surely else perhaps).append(CashLike(found[0], kind, surely))
    every: dict[str, CashLike] = {}
    for each in (*sure, *_pulled_apart(re.sub(r"[^a-z]", "", _as_letters(seen)), denied), *perhaps):
        every.setdefault(_together(each.word), each)
    return list(every.values())


def _together(word: str) -> str:
    return word.replace(" ", "")


def _pulled_apart(letters: str, denied: set[str]) -> Iterator[CashLike]:
    for kind, pattern in _RUN_TOGETHER.items():
        for found in pattern.finditer(letters):
            if found[0] not in denied:
                yield CashLike(found[0], kind)


def _folded(text: str) -> str:
    """Small letters without accents or invisible marks; look-alikes as ours."""
    wide = unicodedata.normalize("NFKD", text).casefold().translate(_ALIKE)
    return "".join(each for each in wide if not unicodedata.combining(each) and unicodedata.category(each) != "Cf")


def _as_letters(seen: str) -> str:
    """Digits and signs inside words as the letters that they stand for: "v0ucher", "c@sh"."""
    return re.sub(r"\S+", lambda word: word[0].translate(_LETTERS) if re.search(r"[a-z]", word[0]) else word[0], seen)


def _plain(seen: str) -> str:
    """Words with single spaces between them; single letters in a row joined: "g i f t" is "gift"."""
    words = re.sub(r"[^a-z0-9]+", " ", seen.replace("'", "").replace("’", "")).strip()
    return re.sub(r"\b[a-z](?: [a-z]\b){2,}", lambda run: run[0].replace(" ", ""), words)
