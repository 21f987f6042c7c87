"""What everybody can read holds nothing that reaches a person elsewhere; plain talk is left alone."""

import pytest

from portal.people.contacts import EMAIL, PHONE, contacts
from portal.people.shield import not_for_the_public, shielded

HELD = [
    "Ring 07700 900123", "Ring 0 7 7 0 0 9 0 0 1 2 3", "(01375) 000-000", "+44 7700 900 123", "0044 7700 900123", "7700 900123", "+33 1 23 45 67 89",
    "wa.me/447700900123", "https://wa.me/447700900123", "t.me/rosa", "instagram.com/rosa.d", "٠٧٧٠٠٩٠٠١٢٣", "०७७०० ९००१२३", "０７７００９００１２３", "077\u200b00 900\u200b123",
    "oh seven seven double oh nine double oh one two three", "Zero seven seven zero zero nine zero zero one two three", "07700 nine double oh 123",
    "mail rosa (at) mail dot com", "mail rosa at mail dot com", "rosa [at] mail [dot] co [dot] uk", "rosa@mail.com", "rosa＠mail.com", "rosa @ mail.com",
    "rosa@mail dot com", "rosa at gmail", "rosa(at)gmail", "IG: @rosa_d", "IG: rosa_d", "Snap: rosa.d99", "Find me: @rosa_d", "@RosaDelgado on any app", "fb me @rosad",
    "RM17 6SL", "20-12-34", "AB123456C",
]  # fmt: skip
PLAIN = [
    "I can mend bicycles", "Walk your dog at the park", "Weekday mornings 9.30 to 11.30", "Every Tuesday 10-12, 14-16 and 18-20", "From 01/02/2026 10.30", "On 01-02-2026, 10 o'clock",
    "On 01.02.2026 10.30", "2026-02-01 10:30", "09.00-12.00 13.00-15.00", "Open 09:00 to 17:00, 7 days", "Lunch @ the hub", "Study @home", "Yoga @ Mossgate Hall. Bring a mat",
    "Fun @school", "Meet at mossgate.org", "See us at mossgate dot org", "Look at mossgate dot org dot uk", "More at www.mossgate.org/garden", "facebook.com/groups/mossgate",
    "Help with Facebook: learn to post safely", "Help with Gmail and Outlook", "WhatsApp for beginners", "Signal box visit: bring your camera", "A look at Gmail", "Telegram: how people wrote",
    "Connect the dots at the library", "Polka dot dress at cost", "Dot to dot at the cafe", "One, two, three, four, five, once I caught a fish alive", "One two three four five six seven eight nine ten",
    "Oh one more thing: two cups", "Zero waste in five easy steps", "Double room for two", "Sing Seven Nation Army", "£250 for 12 h on 3 May 2026 (SPK-7F3K-9QXA)", "MEM-2345-6789",
    "Charity 1100223", "ISBN 9780306406157", "Bus 66 or 73, stop 4, platform 2", "Class of 1985, 1986 and 1987", "Rooms 101, 102, 103, 104 and 105", "3 x 4 m² of turf", "Ages 8-11 and 12-16",
    "24/7 help", "Insta help for beginners", "Needs 10 000 steps", "1 000 000 bulbs", "A4 paper, 80 g", "H2O for plants", "Flat on the 3rd floor (no lift)", "Room (at) the back", "Come (at 10) on Monday", "Bring 2 or 3 friends, 10+",
    "Walking 5 km, 10 km, 15 km or 20 km", "Ingredients: 200 g flour, 100 g butter, 3 eggs", "The wheel is 700 x 28", "Tyres 26, 27.5 and 29 inch", "Chess at one, dot-com stories at two",
]  # fmt: skip


@pytest.mark.parametrize("text", HELD)
def test_what_reaches_a_person_elsewhere_is_found(text: str) -> None:
    assert not_for_the_public(f"I can help. {text}") is not None
    assert "[left out]" in shielded(f"I can help. {text}!") and shielded(f"I can help. {text}!").startswith("I can help.")


@pytest.mark.parametrize("text", PLAIN)
def test_plain_talk_stays(text: str) -> None:
    assert [text[each.begins : each.ends] for each in contacts(text)] == []
    assert shielded(text) == text


@pytest.mark.parametrize(
    "text", ["1" * 3000 + "x", "oh " * 1000 + "x", "a.b" * 1000 + "@", "0 " * 1500 + "x", "dot " * 700, "( at " * 600, "double " * 400]
)
def test_what_is_typed_to_take_for_ever_is_read_to_its_end(text: str) -> None:
    """Patterns that try every way to cut a long run of figures would never come back."""
    assert shielded(text)


def test_all_of_it_goes_and_nothing_else() -> None:
    assert shielded("Ring ٠٧٧٠٠ ٩٠٠١٢٣ or 077\u200b00900123 today") == "Ring [left out] or [left out] today"
    assert (
        shielded("Say oh seven seven double oh nine double oh one two three, or rosa (at) mail dot com.")
        == "Say [left out], or [left out]."
    )
    assert shielded("IG: @rosa_d, wa.me/447700900123 now") == "[left out], [left out] now"
    assert not_for_the_public("Ring 07700 900123") == PHONE and not_for_the_public("a (at) b.com") == EMAIL
