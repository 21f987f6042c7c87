"""`flask scheme init`: an empty database becomes a scheme with one administrator who can sign in."""

from flask import Flask
from sqlalchemy import select

from portal import cli
from portal.db import db
from portal.people import queries as people
from portal.people.model import Role
from portal.places.queries import scheme
from tests.client import Inspector

WORDS = ["--name", "Estuary Together", "--telephone", "07700 900123", "--administrator", "Farah Nasser"]


def begin(app: Flask, email: str, administrator: str) -> tuple[int, str]:
    answer = app.test_cli_runner().invoke(cli.scheme_init, [*WORDS, "--email", email, "--administrator-email", administrator])
    db.session.rollback()
    return answer.exit_code, answer.output


def test_an_empty_database_becomes_a_scheme_once(app: Flask) -> None:
    assert begin(app, "hello@estuary.example", "Farah@Council.example") == (
        0,
        "Estuary Together begins. Farah Nasser signs in with farah@council.example.\nWhat is still to do stands at http://localhost/setup/checklist\n",
    )
    here, farah = scheme(), people.person_at("email", "farah@council.example")
    assert here is not None and (here.name, here.email) == ("Estuary Together", "hello@estuary.example")
    assert farah is not None and db.session.scalars(select(Role.name).where(Role.person_id == farah.id)).all() == ["administrator"]
    Inspector(app).sign_in(farah.id).get("/desk/people")
    code, said = begin(app, "hello@estuary.example", "somebody@else.example")
    assert code == 1 and "a scheme in this database already" in said
    assert people.person_at("email", "somebody@else.example") is None


def test_a_slip_of_the_pen_is_one_line_and_changes_nothing(app: Flask) -> None:
    for email, administrator in (("hello", "farah@council.example"), ("hello@estuary.example", "farah")):
        code, said = begin(app, email, administrator)
        assert code == 1 and "Write an e-mail address" in said and "\n" not in said.strip()
        assert scheme() is None


def test_what_no_option_says_is_asked_until_it_is_understood(app: Flask) -> None:
    typed = "hello\nhello@estuary.example\n01375\n07700 900123\nfarah@council.example\n"
    answer = app.test_cli_runner().invoke(cli.scheme_init, ["--name", "Estuary Together", "--administrator", "Farah Nasser"], input=typed)
    db.session.rollback()
    assert answer.exit_code == 0, answer.output
    assert "Write an e-mail address" in answer.output and "Write a telephone number" in answer.output
    here = scheme()
    assert here is not None and here.telephone == "07700 900123" and people.person_at("email", "farah@council.example") is not None


def test_a_word_for_the_pages_is_printed_until_there_is_a_scheme(app: Flask) -> None:
    first, second = (app.test_cli_runner().invoke(cli.scheme_token).output for _time in range(2))
    assert "http://localhost/setup/" in first and first != second
    begin(app, "hello@estuary.example", "farah@council.example")
    answer = app.test_cli_runner().invoke(cli.scheme_token)
    assert answer.exit_code == 1 and "set up meanwhile" in answer.output
