"""What in a text speaks of medicines: surely, which cannot change hands here, or perhaps, at which a person looks first. Pure."""

import re

# what people call medicines, and what is sold and prescribed here under these names; the list is long so that nobody has to guess
_NAMES = (
    "paracetamol|calpol|panadol|anadin|ibuprofen|nurofen|brufen|aspirin|disprin|naproxen|diclofenac|voltarol|co ?codamol|co ?dydamol|codeine|dihydrocodeine"
    "|solpadeine|syndol|migraleve|sumatriptan|tramadol|morphine|oramorph|oxycodone|oxycontin|fentanyl|methadone|subutex|buprenorphine|pethidine|diazepam|valium"
    "|lorazepam|temazepam|nitrazepam|alprazolam|xanax|zopiclone|zolpidem|zimovane|nytol|melatonin|pregabalin|lyrica|gabapentin|amitriptyline|sertraline|citalopram"
    "|fluoxetine|prozac|mirtazapine|venlafaxine|quetiapine|olanzapine|risperidone|lithium tablets|ritalin|concerta|methylphenidate|elvanse|dexamfetamine|amoxicillin"
    "|penicillin|flucloxacillin|doxycycline|erythromycin|clarithromycin|azithromycin|trimethoprim|nitrofurantoin|metronidazole|co ?amoxiclav|salbutamol|ventolin"
    "|seretide|fostair|symbicort|beclometasone|prednisolone|hydrocortisone|betnovate|insulin|metformin|gliclazide|ozempic|wegovy|mounjaro|saxenda|semaglutide"
    "|tirzepatide|omeprazole|lansoprazole|gaviscon|rennies|zantac|ranitidine|imodium|loperamide|dulcolax|senokot|laxido|movicol|buscopan|levothyroxine|thyroxine"
    "|ramipril|lisinopril|amlodipine|bisoprolol|propranolol|atenolol|losartan|furosemide|simvastatin|atorvastatin|warfarin|apixaban|rivaroxaban|clopidogrel"
    "|cetirizine|loratadine|piriton|chlorphenamine|fexofenadine|piriteze|benadryl|sudafed|lemsip|beechams|benylin|strepsils|difflam|viagra"
    "|sildenafil|cialis|tadalafil|levonorgestrel|utrogestan|evorel|oestrogel|estradiol|aciclovir|zovirax|canesten|fluconazole|nicorette|niquitin|champix"
    "|epi ?pen|naloxone|baclofen|carbamazepine|lamotrigine|levetiracetam|sodium valproate|epilim"
)  # fmt: skip
_SURELY = re.compile(
    rf"\b((?:{_NAMES})s?"
    r"|medicines?|medications?|prescriptions?(?! (?:glasses|lenses|sunglasses|goggles))|pharmaceuticals?|antibiotics?|pain ?killers?|anti ?depressants?|anti ?histamines?"
    r"|sedatives?|tranquilli[sz]ers?|opi(?:oid|ate)s?|statins?|beta ?blockers?|steroid (?:creams?|tablets?|inhalers?)|inhalers?|suppositor(?:y|ies)"
    r"|sleeping (?:pills?|tablets?)|(?:nicotine|hrt|pain|hormone|oestrogen) patch(?:es)?|cough (?:syrups?|mixtures?|medicines?)|(?:eye|ear) drops?"
    r"|contraceptive pills?|(?:water|diet|slimming) (?:pills?|tablets?)"
    r"|(?:pills?|tablets?|capsules?) (?:from|of) (?:the|my|a) (?:doctor|gp|chemist|pharmacy|hospital)"
    r"|(?:left ?over|spare|unused|half a box of|half a packet of|a box of|a packet of|a strip of) (?:\w+ ){0,2}(?:pills?|tablets|capsules?)|(?<!\d)\d{1,3} ?mg)\b"
)  # fmt: skip
# a tablet is a computer as well, a patch mends trousers, capsules go into a coffee machine: where that is said there is no worry
_NO_MEDICINE = re.compile(
    r"\b(?:tablets? (?:computers?|pc|stands?|cases?|covers?|holders?|for (?:reading|school|drawing|games?))|(?:computer|drawing|graphics|android|samsung|amazon|fire|lenovo|kids|"
    r"dishwasher|washing|stock|salt|cleaning|laundry|descaling) tablets?|a tablet|medicine (?:balls?|cabinets?|chests?|books?)|(?:coffee|nespresso|dishwasher|washing|laundry|time) capsules?"
    r"|(?:iron|sew|elbow|knee|jeans|denim|leather|vegetable|cabbage|pumpkin|strawberry|bike|puncture|repair|fabric|patchwork) (?:on )?patch(?:es)?"
    r"|patch(?:es)? (?:on|for|of) (?:\w+ )?(?:jeans|trousers|jackets?|knees|elbows|clothes|coats?|quilts?|tyres?|tubes?|garden|grass|land|ground|earth|soil))\b"
)
_PERHAPS = re.compile(
    r"\b(tablets|pills?|capsules?|patches|syrups?|ointments?|drugs?|vitamins?|supplements?|pharmacy|chemist|the doctor gave|blister packs?|(?:night|day) nurse)\b"
)
_SPACED = re.compile(r"(?<![a-z0-9])[a-z](?:[\s.*_-]{1,2}[a-z]){4,}(?![a-z0-9])")


def _seen(folded: str) -> str:
    """ "z o p i c l o n e" and "z.o.p.i.c.l.o.n.e" as one word, "co-codamol" in two; without what is no medicine at all."""
    together = _SPACED.sub(lambda found: re.sub(r"[^a-z]", "", found[0]), folded)
    return _NO_MEDICINE.sub("; ", together.replace("-", " "))


def surely(folded: str) -> str | None:
    """The word in a text (in small letters, without accents) that is a medicine, or None."""
    found = _SURELY.search(_seen(folded))
    return found[0] if found else None


def perhaps(folded: str) -> list[str]:
    """Words in such a text that may be medicines, and may be something else."""
    return [found[0] for found in _PERHAPS.finditer(_seen(folded))]
