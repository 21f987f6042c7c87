"""Finance's page of exports: who may, what is refused, what is looked at first, what is taken, and the log of it."""

import hashlib
import io
import json
import zipfile

import pytest
from flask import Flask

from portal.exports import filters, packs
from portal.exports.publish import settings
from portal.exports.views import LOG_PAGE
from portal.history import events_of
from tests.client import NS, Inspector
from tests.conftest import Store
from tests.exports.small import Small
from tests.exports.test_giving import SET, signed
from tests.grants.season import person

E3, E4 = "vcse-grants-register", "lga-spend"
PAGE = "/finance/exports"


@pytest.fixture
def app(small: Small, store: Store) -> Flask:
    """The app of the small scheme; `small` has begun its context."""
    return store.app


@pytest.fixture
def fay(app: Flask, small: Small) -> Inspector:
    """Finance, at a browser."""
    return Inspector(app, 12).sign_in(small.season.who("Fay").id)


def shown(browser: Inspector) -> str:
    return " ".join("".join(browser.tree.itertext()).split())


def take(browser: Inspector, **chosen: str) -> tuple[int, bytes, str]:
    """Press "Take the file" with these choices, with the page's own token."""
    token = next(one.get("value") for one in browser.tree.iter(f"{NS}input") if one.get("name") == "csrf_token")
    answer = browser.client.post(f"{PAGE}/download", data={"csrf_token": token, "name": E4, "form": "csv", "year": "2026-27", **chosen})
    return answer.status_code, answer.data, answer.headers.get("Content-Disposition", "")


def test_who_may(app: Flask, small: Small) -> None:
    """Spending and the books are for finance and the auditor; officers have what is public anyway; nobody else sees the page."""
    Inspector(app).get(PAGE, status=303)
    for role in ("", "connector", "administrator"):
        browser = Inspector(app).sign_in(person(f"P{role}", *([role] if role else [])).id)
        browser.get(PAGE, status=404)
    officer = Inspector(app, 12).sign_in(small.season.who("Olga").id).get(PAGE)
    assert E3 in officer.text and E4 not in officer.text and "hledger" not in officer.text
    officer.get(f"{PAGE}?name={E3}&year=2026-27")
    for name, form in ((E4, "csv"), ("ledger", "hledger")):
        officer.get(f"{PAGE}?name={name}&form={form}", status=404)
        assert take(officer.get(f"{PAGE}?name={E3}"), name=name, form=form)[0] == 404
    auditor = Inspector(app, 12).sign_in(person("Augusta", "auditor").id)
    for name, form in ((E3, "xlsx"), (E4, "csv"), ("ledger", "beancount")):
        assert take(auditor.get(f"{PAGE}?name={name}&form={form}&year=2026-27"), name=name, form=form)[0] == 200
    assert events_of(f"export:{E4}")[-1].data["format"] == "csv"


def test_look_first_then_take(fay: Inspector) -> None:
    fay.get(PAGE)
    assert "Nobody has taken a file yet." in shown(fay)
    fay.get(f"{PAGE}?name={E4}&form=csv&year=2026-27&part=q2")
    assert f"{E4}-2026-07-01-to-2026-09-30.csv" in fay.text and "Rows3" in shown(fay).replace(" ", "") and "-£20.00" in fay.text
    assert "Mossgate Gardeners" in fay.text and "Rita" not in shown(fay)
    status, body, named = take(fay, part="q2")
    assert (status, named) == (200, f'attachment; filename="{E4}-2026-07-01-to-2026-09-30.csv"')
    assert body.count(b"\r\n") == 4
    fay.get(PAGE)
    log = [" ".join("".join(row.itertext()).split()) for row in fay.tree.iter(f"{NS}tr")]
    assert len(log) == 2
    for part in ("Saturday 15 August 2026, 11:00 am", "Fay", f"{E4}-2026-07-01-to-2026-09-30.csv"):
        assert part in log[1]
    (event,) = events_of(f"export:{E4}")
    assert (event.kind, event.actor_id is not None, event.data["filter"]["first_day"]) == ("downloaded", True, "2026-07-01")


def test_a_pack_holds_file_and_true_manifest(fay: Inspector) -> None:
    for name, form in ((E3, "xlsx"), (E4, "json"), ("ledger", "hledger")):
        fay.get(f"{PAGE}?name={name}&form={form}&year=2026-27")
        status, body, named = take(fay, name=name, form=form, zip="1")
        assert status == 200 and named.endswith('.zip"')
        with zipfile.ZipFile(io.BytesIO(body)) as pack:
            assert pack.testzip() is None
            (about,) = json.loads(pack.read("manifest.json"))["files"]
            assert pack.namelist() == [about["file"], "manifest.json"]
            file = pack.read(about["file"])
        assert hashlib.sha256(file).hexdigest() == about["sha256"]
        assert len(about["ledger_head"]) == 64 and about["rows"] > 0 and about["made_by"].startswith("PER-")
        assert take(fay, name=name, form=form)[1] == file, "and the file alone is the same"


def test_what_changed_is_what_was_looked_at(fay: Inspector) -> None:
    """Taking the file does not empty the pack that is taken after it."""
    fay.get(f"{PAGE}?name={E4}&form=csv&year=2026-27")
    take(fay)
    fay.get(f"{PAGE}?name={E4}&form=csv&year=2026-27&changed=y")
    assert "Nothing fits what you chose." in shown(fay)
    since = next(one.get("value") for one in fay.tree.iter(f"{NS}input") if one.get("name") == "since")
    assert take(fay, since=since)[1].count(b"\r\n") == 1
    for wrong in ("yesterday", "2026-08-15", "\x00"):
        assert take(fay, since=wrong)[0] == 409


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("name=spending", "There is no export called spending."),
        ("name=lga-spend&year=1066", "Write the financial year like 2026-27."),
        ("name=lga-spend&basis=awarded", "This file goes by the day of the payment."),
        ("name=ledger&form=csv", "This file comes as hledger or beancount."),
        ("name=lga-spend&form=hledger", "This file comes as csv or xlsx or json."),
        ("name=lga-spend&area=moon", "There is no area called moon."),
        ("name=lga-spend&part=%00", "Choose a part of the year"),
        ("name=%3Cscript%3E", "There is no export called &lt;script&gt;"),
        ("name=ledger&form=hledger&changed=y", ""),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(fay: Inspector, asked: str, sentence: str) -> None:
    if not sentence:
        fay.get(f"{PAGE}?name=ledger&form=hledger")
        take(fay, name="ledger", form="hledger")
        sentence = "The ledger goes out whole"
    fay.get(f"{PAGE}?{asked}", status=422)
    assert sentence in fay.text
    assert "Take the file" not in fay.text


def test_hostile_choices_never_hurt(fay: Inspector) -> None:
    fay.get(f"{PAGE}?name={E3}")
    for text in ("\x00", "x" * 5000, "=1+1", "'; --", "\u202e", "2026-27\n", "🌱"):
        for name in ("name", "form", "year", "part", "basis", "fund", "area", "since"):
            answer = fay.client.get(PAGE, query_string={"name": E3, "form": "csv", "year": "2026-27", name: text})
            assert answer.status_code in (200, 400, 422), (name, text)
            assert take(fay, **{name: text})[0] in (400, 409), (name, text)
    assert [event for event in events_of(f"export:{E4}") if event.kind == packs.TAKEN] == [], "what was refused was not taken"


def test_what_is_left_out_is_said(app: Flask, small: Small) -> None:
    """Nobody signs off by looking away: the page says what the file leaves out, and what it hides."""
    fay = Inspector(app, 16).sign_in(small.season.who("Fay").id)
    fay.get(f"{PAGE}?name={E4}&form=csv&year=2026-27")
    assert "In one row a person is not named." in shown(fay)
    fay.get(f"{PAGE}?name=360giving-organisations&form=json&year=2026-27", status=422)
    assert "Nothing can be published yet. Say first: the 360Giving prefix" in shown(fay)
    settings.change(SET, small.season.actor("Olga"))
    signed(small, "garden")
    fay.get(f"{PAGE}?name=360giving-organisations&form=json&year=2026-27")
    assert "3 grants are not in the file" in shown(fay) and "Sign them off" not in fay.text
    assert take(fay, name="360giving-organisations", form="json")[0] == 200
    fay.get(f"{PAGE}?name=360giving-individuals&form=csv&year=2026-27")
    assert "One grant is not in the file" in shown(fay)


def test_the_log_goes_on(fay: Inspector, small: Small) -> None:
    fay.get("/finance/exports/log")
    assert "Nobody has taken a file yet" in shown(fay)
    year = filters.of_year("2026-27", fund="small-sparks")
    for _time in range(LOG_PAGE + 2):
        packs.log_download(E3, "csv", year, small.season.actor("Fay"))
    fay.get("/finance/exports/log")
    assert len(list(fay.tree.iter(f"{NS}tr"))) == LOG_PAGE + 1 and "small-sparks" in shown(fay)
    (older,) = [link for link in fay.links() if "before=" in link]
    assert len(list(fay.get(older).tree.iter(f"{NS}tr"))) == 2 + 1
    for wrong in ("x", "-1", "9" * 30, "%00"):
        fay.get(f"/finance/exports/log?before={wrong}")


def test_hours_are_told_whole(fay: Inspector) -> None:
    fay.get(f"{PAGE}?name=time-credits&year=2026-27")
    take(fay, name="time-credits")
    fay.get(f"{PAGE}?name=time-credits&year=2026-27&changed=y", status=422)
    assert "Hours of a month are told together" in shown(fay)
