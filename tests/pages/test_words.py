"""Every sentence goes through the catalogue: in a language where each one stands in brackets, nothing of ours stands outside."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.dates import get_day_names, get_month_names
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from flask import Flask
from flask_babel import get_babel
from sqlalchemy import or_, select

from portal import vault
from portal.db import Base, db
from portal.demo.story import Story
from portal.exports.strengths import data
from portal.grants.bank_file import fitted
from portal.grants.bank_model import BankLine
from portal.grants.model import Payee
from portal.history import Event
from portal.outbox import Message
from portal.people import queries as people
from portal.settings.log import READERS
from tests.client import NS, Element, Inspector
from tests.conftest import Store, make_app
from tests.pages.test_walk import kind_of

TOP = Path(__file__).parents[2]
LANGUAGE = "en_AU"  # English dates, and a catalogue of its own
METHODS = [("portal/**.py", "python"), ("templates/**.html", "jinja2.ext.babel_extract")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "_n": (1, 2), "ngettext": (1, 2)}
SHOWN = ("alt", "aria-label", "placeholder", "title", "data-sum", "data-saved", "data-add")
# what is the same in every language: numbers, money, dates, references, hashes, addresses
ALIKE = re.compile(
    r"[\d\W_]+|[A-Z]{2,3}-[\w-]+|[0-9a-f]{8,64}|am|pm|CSV|XLSX|JSON|Excel|code|name|kind|parent|ons_code|valid_from|valid_to|Test|[a-z0-9.+-]+@[a-z0-9.-]+|/[\w/.-]*|\d+(st|nd|rd|th)|v?\d[\d.]*|GBP|MIN|MATCH"
    + "|" + "|".join([*data.COLUMNS, r"[a-z]+\.(csv|geojson)", r"(manifest|360giving)\.json", r"E\d{1,2}", "localhost", r"\{[a-z_]+\}"])
    + "|" + "|".join({*get_day_names("wide", locale="en").values(), *get_month_names("wide", locale="en").values()})
    + "|" + "|".join({*get_month_names("abbreviated", locale="en").values(), "Sept"})
)  # fmt: skip


def catalogue() -> Catalog:
    """All our messages, found as a translator's tool finds them, each in brackets."""
    made = Catalog(locale=LANGUAGE, fuzzy=False)
    for folder, method in (("portal", "python"), ("templates", "jinja2.ext.babel_extract")):
        options = {"**": {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.do"}}
        for _file, _line, message, comments, context in extract_from_dir(
            TOP / folder, [("**.py" if method == "python" else "**.html", method)], options, keywords=KEYWORDS, comment_tags=()
        ):
            both = message if isinstance(message, tuple) else (message,)
            made.add(message, tuple(f"⟦{each}⟧" for each in both) if len(both) > 1 else f"⟦{both[0]}⟧", context=context)
            assert not comments
    return made


@pytest.fixture
def abroad(store: Store, tmp_path: Path) -> Iterator[Flask]:
    """The demo, told in brackets by the same actions, and read in brackets."""
    folder = tmp_path / LANGUAGE / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        made = catalogue()
        assert len(made) > 900
        write_mo(file, made)
    app = make_app(store.url, store.home)
    get_babel(app).translation_directories = [str(tmp_path)]
    get_babel(app).locale_selector = lambda: LANGUAGE
    with app.test_request_context("/"):
        Story(7, Path(store.home), lambda _line: None).tell()
        db.session.remove()
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def typed_by_people() -> str:
    """Everything in the database that people wrote or are called."""
    found = []
    for table in Base.metadata.sorted_tables:
        if table.name in ("event", "message", "ledger_entry", "alembic_version"):
            continue
        words = [column for column in table.columns if str(column.type).startswith(("VARCHAR", "TEXT", "JSON"))]
        for row in db.session.execute(select(*words)) if words else ():
            found += [str(value) for value in row if value]
    found += [vault.unseal(sealed) for sealed in db.session.scalars(select(BankLine.sealed).where(BankLine.sealed != ""))]
    found += [fitted(name) for name in db.session.scalars(select(Payee.name))]  # as the bank's file writes it
    # what was written into the history of a panel, a member, somebody's roles or the settings; our own words there stand in brackets
    about = or_(*(Event.about.like(f"{what}:%") for what in ("panel", "person", "member")))
    written = select(Event.reason).where(or_(about, Event.about.in_({about for about, _kind in READERS})))
    found += [reason for reason in db.session.scalars(written) if reason]
    return "\n".join(found)


def outside(pieces: Iterator[str]) -> Iterator[str]:
    """The parts of a text that are in no bracket."""
    depth = 0
    for piece in pieces:
        rest = ""
        for letter in piece:
            if letter == "⟦":
                depth += 1
            elif letter == "⟧":
                depth -= 1
            elif not depth:
                rest += letter
        if rest.strip():
            yield " ".join(rest.split())


def pieces_of(tree: Element) -> Iterator[str]:
    for one in tree.iter():
        if not isinstance(one.tag, str) or one.tag.removeprefix(NS) in ("script", "style", "textarea"):
            if one.tail:
                yield one.tail
            continue
        for name in SHOWN:
            if one.get(name):
                yield one.get(name)
        if one.text and one.tag != f"{NS}code":  # what programs read is the same in every language
            yield one.text
        if one.tail:
            yield one.tail


def strange(piece: str, known: str) -> bool:
    """Whether a piece of text holds a phrase that is neither somebody's words nor alike everywhere."""
    phrases = re.split(r"\s*[·–→,:()“”/|]\s*|\s- |\s{2,}", re.sub(r"https?://\S+|\blocalhost/\S*", "", piece))
    return any(
        phrase not in known and not all(ALIKE.fullmatch(word) for word in phrase.split())
        for phrase in (each.strip(" -.") for each in phrases)
    )


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # words do not depend on the engine
def test_nothing_bypasses_the_catalogue(abroad: Flask) -> None:
    _no_message()
    _no_page(abroad)


def _no_page(abroad: Flask) -> None:
    known = typed_by_people()
    wrong: dict[str, str] = {}
    for person in [None, *people.demo_persons()]:
        browser = Inspector(abroad, budget=99)
        if person is not None:
            browser.sign_in(person.id)
        seen: set[str] = set()
        todo = [
            "/",
            "/grants/",
            "/people/me",
            "/people/sign-in",
            "/register/",
            "/panels/",
            "/desk/",
            "/finance/",
            "/help",
            "/nowhere",
            "/desk/areas",
            "/desk/scheme",
            "/desk/settings",
            "/setup/checklist",
        ]
        while todo:
            path = todo.pop(0)
            if kind_of(path) in seen or path.startswith(("/static/", "/photos/", "/people/me/data.json")):
                continue
            seen.add(kind_of(path))
            answer = browser.client.get(path)
            if answer.mimetype != "text/html" or answer.status_code not in (200, 404):
                continue
            browser.get(path, status=answer.status_code)
            for piece in outside(pieces_of(browser.tree)):
                if strange(piece, known):
                    wrong.setdefault(piece, path)
            todo += [link for link in browser.links() if not link.startswith(("//", "/dev/"))]
    assert not wrong, "\n".join(f"{path}: {piece}" for piece, path in sorted(wrong.items(), key=lambda each: each[1]))


def _no_message() -> None:
    known = typed_by_people()
    wrong: dict[str, str] = {}
    for message in db.session.scalars(select(Message)):
        for part in (message.subject, message.body, message.short):
            for piece in outside(iter([part])):
                if strange(piece, known):
                    wrong.setdefault(piece[:120], message.key)
    assert not wrong, "\n".join(f"{key}: {piece}" for piece, key in wrong.items())
