"""Editions of the open data: made of what was signed off, kept as they were, taken down at once; and their pages."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from portal import worker
from portal.clock import held_at
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.exports import minutes, register
from portal.exports.publish import leaving, publishing, settings, summaries
from portal.exports.publish.model import Publication, PublishedFile, PublishedPiece, Summary
from portal.grants import award
from portal.history import events_of
from portal.outcomes import stories
from portal.panels.views.matters import titles_of
from portal.people.access import Nobody
from portal.people.actions import create_person
from portal.people.model import Person
from portal.people.queries import COLLECTORS
from tests.client import NS, Inspector
from tests.conftest import Store
from tests.exports.giving import faults
from tests.exports.small import TODAY, Small, at
from tests.exports.test_giving import NAMES, SET, lines, made, signed
from tests.grants.season import person

E1, E2 = publishing.EXPORTS


@pytest.fixture
def app(small: Small, store: Store) -> Flask:
    """The app of the small scheme; `small` has begun its context."""
    return store.app


@pytest.fixture
def ready(small: Small) -> Small:
    """Publisher and prefix are set, five awards are signed off."""
    settings.change(SET, small.season.actor("Olga"))
    signed(small)
    return small


@pytest.fixture
def once(store: Store) -> None:
    """For tests of pages, which are the same on both engines."""
    if store.engine != "sqlite":
        pytest.skip("pages are judged on SQLite")


def body(name: str) -> bytes:
    return b"".join(publishing.pieces(publishing.file(name).sha256))


def test_an_edition(ready: Small) -> None:
    olga = ready.season.actor("Olga")
    ref = publishing.publish(olga)
    assert [file.name for file in publishing.current_files()] == [
        f"{export}{year}.{form}" for export, forms in ((E1, ("json", "csv", "xlsx")), (E2, ("json", "csv"))) for year in ("", "-2026-27") for form in forms
    ]  # fmt: skip
    told = {each["file"]: each for each in publishing.manifest()["files"]}
    for file in publishing.current_files():
        data = body(file.name)
        assert hashlib.sha256(data).hexdigest() == file.sha256 == told[file.name]["sha256"] and len(data) == file.size
        assert (told[file.name]["rows"], told[file.name]["total_pence"]) == (file.rows, file.pence)
    assert (told[f"{E1}.csv"]["rows"], told[f"{E1}.csv"]["total_pence"], told[f"{E1}.csv"]["basis"]) == (4, 500_00, "awarded")
    assert told[f"{E1}-2026-27.csv"]["filter"]["first_day"] == "2026-04-01" and told[f"{E1}.csv"]["made_by"] == "Estuary Council"
    for export in (E1, E2):
        assert faults(json.loads(body(f"{export}.json")), NAMES, TODAY.date()) == []
    edition = publishing.current()
    assert edition is not None and edition.ref == ref
    assert edition.package["publisher"] == {
        "name": "Estuary Council",
        "org_id": "GB-LAE-EST",
        "prefix": "360G-Estuary",
        "website": "http://localhost/",
    }
    (first, second) = edition.package["datasets"]
    assert first["license"] == "https://creativecommons.org/licenses/by/4.0/" and second["accessURL"] == "http://localhost/register/data/"
    assert first["distribution"][0]["downloadURL"] == f"http://localhost/register/data/{E1}.json"
    for wrong in (f"{E1}-2025-26.csv", f"{E2}.xlsx", "../secret", ""):
        with pytest.raises(NotFound):
            publishing.file(wrong)


def test_nothing_new_is_no_new_edition(ready: Small) -> None:
    olga = ready.season.actor("Olga")
    assert publishing.publish(olga) is not None
    assert publishing.publish(olga) is None
    before = body(f"{E1}.csv")
    found = summaries.item(ready.bids["bench"])
    summaries.sign_off(found.bid, "A seat", "To rest on the way.", found.stamp, True, olga)
    assert body(f"{E1}.csv") == before and b"A seat" not in body(f"{E2}.csv"), "what is published stays until it is published again"
    assert publishing.publish(olga) is not None
    assert b"A seat" in body(f"{E2}.csv")
    kept = db.session.scalar(select(func.count(func.distinct(PublishedPiece.sha256))))
    assert kept == 5 + 2, "the same file of all years and of one, or of two editions, is kept once"


def test_nothing_signed_off_is_not_published(small: Small) -> None:
    olga = small.season.actor("Olga")
    with pytest.raises(Refused, match="Say first"):
        publishing.publish(olga)
    settings.change(SET | {"every": "monthly"}, olga)
    with pytest.raises(Refused, match="Nothing is signed off yet"):
        publishing.publish(olga)
    assert publishing.publish_due() == 0 and publishing.current() is None
    with pytest.raises(NotFound):
        publishing.manifest()


def test_taken_down_is_gone_from_every_edition(ready: Small) -> None:
    olga, garden = ready.season.actor("Olga"), ready.bids["garden"]
    publishing.publish(olga)
    old = publishing.file(f"{E1}.csv").sha256
    untouched = publishing.file(f"{E2}.csv").sha256
    found = summaries.item(ready.bids["bench"])
    summaries.sign_off(found.bid, "A seat", "To rest on the way.", found.stamp, True, olga)
    publishing.publish(olga)
    for wrong, why in ((("", garden), "Write why"), (("x", ready.bids["gnomes"]), "not signed off")):
        with pytest.raises(Refused, match=why):
            publishing.take_down(wrong[1], wrong[0], olga)
    publishing.take_down(garden, "The group asked for it.", olga)
    with pytest.raises(Refused, match="taken down already"):
        publishing.take_down(garden, "Again", olga)
    with pytest.raises(NotFound):
        publishing.file(f"{E1}.csv")  # gone at once, also before the worker comes by
    assert (publishing.publish_due(), publishing.publish_due()) == (1, 0)
    assert garden.encode() not in body(f"{E1}.csv") and garden not in body(f"{E1}.json").decode()
    assert list(publishing.pieces(old)) == [], "the bytes of the old edition are gone"
    assert list(publishing.pieces(untouched)) != [], "what did not hold it stays"
    was = db.session.scalars(select(PublishedFile).where(PublishedFile.sha256 == old)).first()
    assert was is not None and (was.rows, was.pence, was.gone_at is not None) == (4, 500_00, True), "what it was stays known"
    edition = publishing.current()
    assert edition is not None and edition.why == "taken_down" and publishing.file(f"{E1}.csv").rows == 3
    with pytest.raises(Refused, match="Put it back first"):
        found = summaries.item(garden)
        summaries.sign_off(garden, "A garden", "For all.", found.stamp, True, olga)
    publishing.put_back(garden, "They changed their mind.", olga)
    with pytest.raises(Refused, match="not taken down"):
        publishing.put_back(garden, "Again", olga)
    publishing.publish(olga)
    assert publishing.file(f"{E1}.csv").rows == 4
    assert [event.kind for event in events_of(f"public:{summaries.item(garden).award_id}")] == ["signed_off", "taken_down", "put_back"]


def test_what_is_taken_down_leaves_no_words_in_the_register(ready: Small) -> None:
    """The sums stay, and how it was decided; words, name and search do not know it any more, until it is put back."""
    olga, garden = ready.season.actor("Olga"), ready.bids["garden"]
    panel, words = ready.season.panel_ref, "A garden for Mossgate"

    def everywhere() -> str:
        db.session.rollback()
        entry = register.entry(garden)
        said = minutes.read(Nobody(), panel, "2026-06", titles_of)
        found = [line for line in register.search(register.Asked()).lines if line.ref == garden]
        return f"{register.as_data(entry)} {found} {[each.title for each in said.decided]} {made('vcse-grants-register')!r} {made('lga-spend')!r}"

    assert words in everywhere() and "Mossgate Gardeners" in str(register.entry(garden))
    publishing.take_down(garden, "The group asked for it.", olga)
    db.session.rollback()
    assert words not in everywhere() and "Mossgate Gardeners" not in str(register.entry(garden))
    assert register.entry(garden).line.awarded == 250_00 and register.entry(garden).line.withheld
    assert garden not in [line.ref for line in register.search(register.Asked(q="garden")).lines]
    before = sum(int(float(row["Amount"]) * 100) for row in lines("vcse-grants-register"))
    publishing.put_back(garden, "They changed their mind.", olga)
    assert words in everywhere() and before == sum(int(float(row["Amount"]) * 100) for row in lines("vcse-grants-register"))


def test_a_story_of_what_is_taken_down_is_not_published(ready: Small) -> None:
    """Neither one that waits, nor one that is told anew; once the grant is put back it may be."""
    olga, rita, garden = ready.season.actor("Olga"), ready.season.actor("Rita"), ready.bids["garden"]
    story = stories.tell(garden, stories.Telling("We drink tea on the beds.", "", True, True), rita)
    publishing.publish(olga)
    publishing.ask(olga)
    publishing.take_down(garden, "The group asked for it.", olga)
    assert [event.kind for event in events_of("publishing")].count("asked") == 1, "the edition that is asked for leaves it out already"
    with pytest.raises(Refused, match="words of this grant were taken down"):
        stories.publish(story, 1, True, olga)
    stories.tell(garden, stories.Telling("We drink coffee.", "", True, True), rita)
    with pytest.raises(Refused, match="words of this grant were taken down"):
        stories.publish(story, 2, True, olga)
    publishing.put_back(garden, "They changed their mind.", olga)
    stories.publish(story, 2, True, olga)
    assert [each.words for each in stories.published().stories] == ["We drink coffee."]


def test_another_prefix_after_publishing_needs_a_yes(ready: Small, app: Flask) -> None:
    olga = ready.season.actor("Olga")
    settings.change(SET | {"publisher_prefix": "360G-Estuary2"}, olga)  # nothing is published yet
    settings.change(SET, olga)
    publishing.publish(olga)
    with pytest.raises(Refused, match="5 grants are published under 360G-Estuary"):
        settings.change(SET | {"publisher_prefix": "360G-Other"}, olga)
    settings.change(SET | {"every": "monthly"}, olga)
    db.session.rollback()
    assert settings.publisher().prefix == "360G-Estuary"
    page = Inspector(app).sign_in(ready.season.who("Olga").id).get("/desk/publish/settings")
    page.submit("Save", publisher_prefix="360G-Other", status=422)
    assert "5 grants are published under 360G-Estuary" in page.text and "360G-Other" in page.text
    page.submit("Save", sure="y")
    db.session.rollback()
    assert settings.publisher().prefix == "360G-Other"


def test_who_asks_gets_one_edition_however_often_the_worker_is_stopped(ready: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    olga = ready.season.actor("Olga")
    publishing.ask(olga)
    publishing.ask(olga)
    assert [event.kind for event in events_of("publishing")].count("asked") == 1
    real = publishing.asked
    calls: list[int] = []

    def stopped() -> publishing.Asking | None:
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit  # killed after the edition, before it was said
        return real()

    monkeypatch.setattr(publishing, "asked", stopped)
    with pytest.raises(SystemExit):
        publishing.publish_due()
    db.session.rollback()
    monkeypatch.setattr(publishing, "asked", real)
    assert (publishing.publish_due(), publishing.publish_due()) == (1, 0)
    asking, edition = publishing.asked(), publishing.current()
    assert asking is not None and edition is not None
    assert (asking.waits, asking.ref, edition.why, edition.by_id) == (False, edition.ref, "officer", olga.person_id)
    assert db.session.scalar(select(func.count()).select_from(Publication)) == 1


def test_what_cannot_be_made_is_said(ready: Small) -> None:
    olga = ready.season.actor("Olga")
    publishing.ask(olga)
    settings.change(SET | {"publisher_id": ""}, olga)
    assert (publishing.publish_due(), publishing.publish_due()) == (1, 0)
    asking = publishing.asked()
    assert asking is not None and "Say first" in asking.problem
    with pytest.raises(Refused, match="Say first"):
        publishing.ask(olga)


def test_when_the_last_one_is_taken_down_there_is_no_file(ready: Small) -> None:
    olga = ready.season.actor("Olga")
    publishing.publish(olga)
    publishing.take_down(ready.bids["bench"], "Too small a place", olga)
    assert publishing.publish_due() == 1
    with pytest.raises(NotFound):
        publishing.file(f"{E2}.json")
    assert publishing.file(f"{E1}.json").rows == 4
    assert publishing.publish(olga) is None


def test_by_the_clock(ready: Small) -> None:
    """Never; then at the beginning of each month in London, once however often the worker looks."""
    olga = ready.season.actor("Olga")
    assert publishing.publish_due() == 0
    settings.change(SET | {"every": "monthly"}, olga)
    assert (publishing.publish_due(), publishing.publish_due()) == (1, 0)
    edition = publishing.current()
    assert edition is not None and (edition.by_id, edition.why) == (None, "schedule")
    found = summaries.item(ready.bids["bench"])
    summaries.sign_off(found.bid, "A seat", "To rest on the way.", found.stamp, True, olga)
    with held_at(datetime(2026, 8, 31, 22, 59, tzinfo=UTC)):
        assert publishing.publish_due() == 0
    with held_at(datetime(2026, 8, 31, 23, 1, tzinfo=UTC)):  # the first of September in London
        assert (publishing.publish_due(), publishing.publish_due()) == (1, 0)
    with held_at(at(10, 2)):
        assert publishing.publish_due() == 0, "nothing changed, so no edition"
        settings.change(SET | {"every": "quarterly"}, olga)
        assert publishing.period_begins("quarterly") == datetime(2026, 9, 30, 23, 0, tzinfo=UTC)
    assert publishing.publish_due in worker.DUE
    settings.change(SET | {"publisher_id": ""}, olga)
    with held_at(at(12, 2)):
        assert publishing.publish_due() == 0, "blocked, and no accident"


def test_who_leaves_leaves_the_files(ready: Small) -> None:
    """A name that became known after the signature goes from the words, and the files that held it go."""
    olga = ready.season.actor("Olga")
    found = summaries.item(ready.bids["bench"])
    summaries.sign_off(found.bid, "A bench", "For Winnie Brook to rest.", found.stamp, True, olga)
    publishing.publish(olga)
    with transaction():
        winnie = create_person("Winnie Brook", email="winnie@example.org")
        leaving._erase(winnie)
    assert db.session.scalars(select(Summary.description).where(Summary.title == "A bench")).one() == "For a neighbour to rest."
    with pytest.raises(NotFound):
        publishing.file(f"{E2}.json")
    assert publishing.publish_due() == 1, "the worker makes it anew"
    assert b"Winnie" not in body(f"{E2}.json")
    rita = db.session.scalars(select(Person.id).where(Person.name == "Rita")).one()
    assert {each["idea"] for each in COLLECTORS["grants in the open data"](rita)} >= {ready.bids["bench"]}


def test_a_name_goes_from_old_editions_though_the_words_were_signed_anew(ready: Small) -> None:
    olga = ready.season.actor("Olga")
    found = summaries.item(ready.bids["bench"])
    summaries.sign_off(found.bid, "A bench", "For Siobhan O’Brien's rest, mary smith.", found.stamp, True, olga)
    publishing.publish(olga)
    old = publishing.file(f"{E2}.csv").sha256
    found = summaries.item(ready.bids["bench"])
    summaries.sign_off(found.bid, "A bench", "For all to rest.", found.stamp, True, olga)
    publishing.publish(olga)
    now = body(f"{E2}.csv")
    with transaction():
        leaving._erase(create_person("Siobhan O'Brien", email="siobhan@example.org"))
    assert list(publishing.pieces(old)) == [], "the bytes of the old edition are gone"
    assert body(f"{E2}.csv") == now
    assert [event.kind for event in events_of("publishing")][-1] == "name_gone"
    assert leaving.blotted("For Siobhan O’Brien's rest. siobhan obrien.", "siobhan obrien") == "For a neighbour's rest. a neighbour."


def test_who_leaves_while_the_files_are_made_is_in_no_edition(ready: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    olga = ready.season.actor("Olga")
    found = summaries.item(ready.bids["bench"])
    summaries.sign_off(found.bid, "A bench", "For Winnie Brook to rest.", found.stamp, True, olga)
    real, left = publishing.package, list[int]()

    def package(*words: object) -> object:
        if not left:
            with transaction():
                winnie = create_person("Winnie Brook", email="winnie@example.org")
                left.append(winnie.id)
                leaving._erase(winnie)
        return real(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(publishing, "package", package)
    publishing.publish(olga)
    assert left and b"For a neighbour to rest." in body(f"{E2}.csv") and b"Winnie" not in body(f"{E2}.csv")


def test_a_grant_that_is_none_any_more_goes_from_the_files_and_can_be_taken_down(ready: Small) -> None:
    """The lamps were offered, signed off and published; then nobody took them up."""
    olga, lamps = ready.season.actor("Olga"), ready.bids["lamps"]
    publishing.publish(olga)
    old = publishing.file(f"{E1}.csv").sha256
    assert lamps.encode() in body(f"{E1}.csv") and publishing.publish_due() == 0
    with held_at(at(8, 16)):
        award.decline(ready.season.award(lamps).ref, ready.season.actor("Rita"))
        assert publishing.publish_due() == 1, "the worker makes them anew"
    assert lamps.encode() not in body(f"{E1}.csv") and publishing.publish_due() == 0
    with pytest.raises(Refused, match="no grant any more"):
        found = summaries.item(lamps)
        summaries.sign_off(lamps, "Lamps", "For the path.", found.stamp, True, olga)
    assert summaries.item(lamps).state == "over"
    publishing.take_down(lamps, "It never came to be.", olga)
    assert list(publishing.pieces(old)) == [], "old editions are without it"


def test_an_edition_stays_what_it_was(ready: Small) -> None:
    publishing.publish(ready.season.actor("Olga"))
    for change in (
        "UPDATE publication SET why = 'schedule'", "DELETE FROM publication", "UPDATE published_file SET rows = 1", "UPDATE published_file SET sha256 = ''",
        "DELETE FROM published_file", "UPDATE published_piece SET number = 7", "INSERT INTO publication SELECT * FROM publication",
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction():
            db.session.execute(text(change))
    assert db.session.scalar(select(func.count()).select_from(Publication)) == 1


def test_what_is_taken_down_meanwhile_is_in_no_edition(ready: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody takes an award down after the files were read and before they are kept: they are read anew."""
    olga = ready.season.actor("Olga")
    real = publishing.package
    took: list[str] = []

    def package(*words: object) -> object:
        if not took:
            took.append(ready.bids["garden"])
            publishing.take_down(took[0], "Just now", olga)
        return real(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(publishing, "package", package)
    publishing.publish(olga)
    assert took and publishing.file(f"{E1}.csv").rows == 3


# --- pages ---------------------------------------------------------------------------------------------------------------


def shown(browser: Inspector) -> str:
    return " ".join("".join(browser.tree.itertext()).split())


def test_who_may(once: None, app: Flask, small: Small) -> None:
    Inspector(app).get("/desk/publish", status=303)
    for role in ("", "connector", "finance", "auditor", "administrator"):
        browser = Inspector(app).sign_in(person(f"P{role}", *([role] if role else [])).id)
        for path in ("/desk/publish", "/desk/publish/settings", f"/desk/publish/{small.bids['garden']}"):
            browser.get(path, status=404)
    Inspector(app, 8).get("/register/data/")
    olga = Inspector(app, 15).sign_in(small.season.who("Olga").id)
    for path in ("/desk/publish", "/desk/publish?state=signed", "/desk/publish/settings", f"/desk/publish/{small.bids['bench']}"):
        olga.get(path)


def test_a_day_at_the_desk(once: None, app: Flask, small: Small) -> None:
    olga = Inspector(app, 160).sign_in(small.season.who("Olga").id).get("/desk/publish")
    assert "Nothing can be published yet. Say first" in shown(olga) and "=Chairs for the hall" in olga.text
    olga.get("/desk/publish/settings")
    olga.submit("Save", 422, publisher_prefix="Estuary")
    assert "Write it as 360Giving gave it to you" in shown(olga)
    olga.get("/desk/publish/settings").submit("Save", 303, form=None, **SET).follow()
    olga.submit("Sign off these 4").follow()
    assert "4 awards are signed off." in shown(olga)
    hall = f"/desk/publish/{small.bids['hall']}"
    olga.get(hall).submit("Sign off these words", 422)
    assert "takes this for a formula" in shown(olga)
    olga.get(hall).submit("Sign off these words", 422, title="Chairs", description="Ring 07700 900123.")
    assert "Take out a telephone number" in shown(olga) and "Ring 07700 900123." in olga.text, "what was typed stays"
    olga.submit("Sign off these words", title="Chairs", description="For the hall, said Rita.", sure="y").follow()
    assert "Nothing to sign off" in shown(olga)
    for state in ("signed", "taken_down", "%00"):
        olga.get(f"/desk/publish?state={state}&before=99999999999")
    assert "(perhaps a name)" in shown(olga.get("/desk/publish?state=signed")) and "Signed off by Olga" in shown(olga.get(hall))
    olga.get("/desk/publish").submit("Publish what is signed off").follow()
    assert "The files are being made" in shown(olga) and 'hx-trigger="every 10s"' in olga.text
    olga.get("/desk/publish")
    assert "Publish what is signed off" not in shown(olga), "they are being made already"
    publishing.publish_due()
    assert "Published. It is there for everybody now." in shown(olga.get("/desk/publish/making")) and "every 10s" not in olga.text
    olga.get(hall).submit("Take it down", 422)
    olga.submit("Take it down", reason="They asked for it").follow()
    assert "They asked for it" in shown(olga)
    olga.submit("Put it back", reason="Said otherwise").follow()
    for _turn in range(2):
        publishing.publish_due()
        olga.get("/desk/publish").submit("Publish what is signed off").follow()
    publishing.publish_due()
    olga.get("/desk/publish/making")
    assert "Nothing has changed since it was published last." in shown(olga)


def test_the_page_of_a_grant_that_is_none_any_more(once: None, app: Flask, ready: Small) -> None:
    lamps = f"/desk/publish/{ready.bids['lamps']}"
    award.decline(ready.season.award(ready.bids["lamps"]).ref, ready.season.actor("Rita"))
    olga = Inspector(app, 60).sign_in(ready.season.who("Olga").id).get(lamps)
    assert "No grant any more" in shown(olga) and "Sign off these words" not in shown(olga)
    olga.submit("Take it down", reason="It never came to be").follow()
    assert "It never came to be" in shown(olga)


def test_an_officer_says_at_the_desk_that_it_is_a_group(once: None, app: Flask, small: Small) -> None:
    person("mill School")
    olga = Inspector(app, 60).sign_in(small.season.who("Olga").id).get(f"/desk/publish/{small.bids['books']}")
    assert "A person, who is not named" in shown(olga) and "Mill school" in shown(olga)
    olga.submit("Sign off these words", vouched="y").follow()
    olga.get(f"/desk/publish/{small.bids['books']}")
    assert "A person, who is not named" not in shown(olga) and "name it" not in shown(olga)


def test_what_everybody_finds(once: None, app: Flask, ready: Small) -> None:
    anyone = Inspector(app, 8).get("/register/data/")
    assert "No files yet" in shown(anyone)
    anyone.get("/register/data/manifest.json", 404).get("/register/data/360giving.json", 404)
    publishing.publish(ready.season.actor("Olga"))
    anyone.get("/register/data/")
    for words in ("Grants 4", "£500.00", "individuals", "CC BY 4.0", "Estuary Council", publishing.file(f"{E1}.csv").sha256[:32]):
        assert words.replace(" ", "") in shown(anyone).replace(" ", ""), words
    for path in [link for link in anyone.links() if link.startswith((f"/register/data/{E1}", f"/register/data/{E2}"))]:
        answer = anyone.client.get(path)
        assert (answer.status_code, answer.headers["ETag"].strip('"')) == (200, hashlib.sha256(answer.data).hexdigest())
    assert anyone.client.get("/register/data/360giving.json").status_code == 200
    again = anyone.client.get(f"/register/data/{E1}.csv", headers={"If-None-Match": f'"{publishing.file(f"{E1}.csv").sha256}"'})
    assert again.status_code == 304
    assert json.loads(anyone.client.get("/register/data/manifest.json").data)["files"][0]["file"] == f"{E1}.json"
    for wrong in ("x", "%00", f"{E1}-1066-67.csv", "..%2fsecret"):
        anyone.get(f"/register/data/{wrong}", 404)
    assert [one for one in anyone.get("/register/").tree.iter(f"{NS}a") if one.get("href") == "/register/data/"]
