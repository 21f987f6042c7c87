"""What in a text works like money: cash, tokens, prices; and bets, alcohol and tobacco. Pure; each room says why it minds."""

import re
import unicodedata
from dataclasses import dataclass

CASH, PRICE, CHANCE, DRINK, SMOKE = "cash", "price", "chance", "alcohol", "tobacco"
_NUMBER = r"(?:\d+(?:[.,]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|hundred)"
# what is found in plain words: letters a to z, digits and single spaces
_WORDS = (
    (PRICE, rf"{_NUMBER} ?(?:pounds?|quid|gbp|pence|euros?|eur|dollars?|usd)|\d+ ?p|fivers?|tenners?"),
    (CASH, r"cash ?backs?|cash|gift ?(?:cards?|tokens?|certificates?|vouchers?)|e ?gift \w+|e ?vouchers?|vouchers?|coupons?|book tokens?"),
    (CASH, r"(?:store|shop|shopping|prepaid|pre paid|loyalty|debit|credit|money|amazon|itunes|steam) ?(?:cards?|credits?|points)"),
    (CASH, r"top ?ups?|topping up|(?:phone|mobile|meter|energy|gas|electric|electricity|data|game|gaming) ?credits?"),
    (CASH, r"money ?off|money back|for money|discount(?:s|ed)?|reduced (?:price|rate)s?|half price|(?:\d+|fifty|ten|twenty) ?(?:percent|per cent) off"),
    (CASH, r"rebates?|refunds?|bitcoins?|crypto(?:currency|currencies)?|paypal|paysafe ?cards?|gutscheine?|postal orders?"),
    (CHANCE, r"lotter(?:y|ies)|lotto|scratch ?cards?|raffles?|betting|bets?|casinos?|gambl(?:e|ing)|slot machines?|prize draws?|sweepstakes?"),
    (DRINK, r"alcohol(?:ic)?|beers?|wines?|ciders?|lagers?|ales?|vodkas?|whisk(?:e?y|ies)|rums?|gins?|brandy|prosecco|champagne|cocktails?|liquor|booze|pints? of (?!milk)\w+"),
    (SMOKE, r"tobacco|cigarettes?|cigs?|fags?|cigars?|vapes?|vaping|e ?cigs?|e ?cigarettes?|snus|shisha|nicotine|rolling papers?"),
)  # fmt: skip
_FOUND = [(kind, re.compile(rf"(?<!\w)(?:{words})(?!\w)")) for kind, words in _WORDS]
_NOT = re.compile(r"(?:\bno|\bnot|\bnever|\bwithout|\binstead of|\bfree (?:of|from)|\bnon) (?:any )?$")  # "no alcohol" says the opposite
_FREE = re.compile(r" free\b")
_RUN_TOGETHER = {  # in no other words, also when they are pulled apart in odd places: "vou-cher"
    kind: re.compile(words) for kind, words in (
        (CASH, r"giftcards?|giftvouchers?|vouchers?|cashback|moneyoff"), (CHANCE, r"scratchcards?|lottery"), (SMOKE, r"cigarettes?"),
    )
}  # fmt: skip
_SIGNS = re.compile(r"[£€$¥]")
_PERCENT = re.compile(r"\d\s*%\s*off")
_LETTERS = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
# letters of other alphabets that look like ours
_ALIKE = str.maketrans("асеорхуікмтнвαορτυνικ", "aceopxyikmthbaoptuvik")


@dataclass(frozen=True)
class CashLike:
    """What was found in a text, and of which kind it is."""

    word: str
    kind: str


def cash_like(text: str) -> CashLike | None:
    """What in a text works like cash, names a price, or is a bet, alcohol or tobacco; None when nothing does.

    Capitals, accents, look-alike letters, digits for letters and letters set apart do not hide it. "No alcohol" and "alcohol-free" may stand.
    """
    seen = _folded(text)
    if (sign := _SIGNS.search(re.sub(r"(?<=[a-z])\$(?=[a-z])", "s", seen))) or (sign := _PERCENT.search(seen)):
        return CashLike(sign[0].strip(), PRICE if len(sign[0]) == 1 else CASH)
    denied = set()
    for form in (_plain(seen), _plain(_as_letters(seen))):
        for kind, pattern in _FOUND:
            for found in pattern.finditer(form):
                if not _NOT.search(form[: found.start()]) and not _FREE.match(form, found.end()):
                    return CashLike(found[0], kind)
                denied.add(found[0].replace(" ", ""))
    letters = re.sub(r"[^a-z]", "", _as_letters(seen))
    for kind, pattern in _RUN_TOGETHER.items():
        for found in pattern.finditer(letters):
            if found[0] not in denied:
                return CashLike(found[0], kind)
    return None


def _folded(text: str) -> str:
    """Small letters without accents or invisible marks; look-alikes as ours."""
    wide = unicodedata.normalize("NFKD", text).casefold().translate(_ALIKE)
    return "".join(each for each in wide if not unicodedata.combining(each) and unicodedata.category(each) != "Cf")


def _as_letters(seen: str) -> str:
    """Digits and signs inside words as the letters that they stand for: "v0ucher", "c@sh"."""
    return re.sub(r"\S+", lambda word: word[0].translate(_LETTERS) if re.search(r"[a-z]", word[0]) else word[0], seen)


def _plain(seen: str) -> str:
    """Words with single spaces between them; single letters in a row joined: "g i f t" is "gift"."""
    words = re.sub(r"[^a-z0-9]+", " ", seen).strip()
    return re.sub(r"\b[a-z](?: [a-z]\b){2,}", lambda run: run[0].replace(" ", ""), words)
