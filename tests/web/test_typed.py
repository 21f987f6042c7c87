"""What was typed into a form that could not be taken is shown under the words that stood at its boxes."""

from flask import Flask

from portal.web.typed import typed


def test_what_was_typed_stands_under_the_words_of_its_box(app: Flask) -> None:
    sent = {"days": "400", "reason": "The law says so", "csrf_token": "x", "once": "y", "act": "z"}
    with app.test_request_context("/desk/privacy/keeping/drafts", method="POST", data=sent):
        assert typed() == [("Days", "400"), ("Why?", "The law says so")]
    sent = {"last_day": "2026-03-31", "nobody_knows-this": "text", "account_number": "12345678"}
    with app.test_request_context("/finance/books/close", method="POST", data=sent):
        assert typed()[1] == ("Nobody knows-this", "text") and typed()[0][0] != "Last day" and len(typed()) == 2
    with app.test_request_context("/nowhere", method="POST", data={"what_now": "?"}):
        assert typed() == [("What now", "?")]
