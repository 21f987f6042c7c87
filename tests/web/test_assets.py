"""What a browser fetches beside the page: small, kept for long, the same for everybody."""

import gzip
import re
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from flask import Flask

STATIC = Path(__file__).parents[2] / "static"
OPENED = {"br": brotli.decompress, "gzip": gzip.decompress}
FIRST_VISIT = 14_000  # bytes: design, page budgets
OWN_SCRIPT = 3_000


@pytest.mark.parametrize("name", ["kindling.css", "kindling.js", "htmx.min.js", "favicon.svg", "site.webmanifest"])
@pytest.mark.parametrize("how", ["br", "gzip"])
def test_text_goes_out_squeezed_and_comes_back_whole(app: Flask, name: str, how: str) -> None:
    for _time in range(2):  # the second answer is the kept one
        answer = app.test_client().get(f"/static/{name}?v=1", headers={"Accept-Encoding": how})
        assert answer.content_encoding == how
        assert OPENED[how](answer.data) == (STATIC / name).read_bytes()
        assert answer.content_length == len(answer.data)


def test_a_browser_that_takes_nothing_squeezed_gets_the_file(app: Flask) -> None:
    answer = app.test_client().get("/static/kindling.css", headers={"Accept-Encoding": "identity, br;q=0"})
    assert "Content-Encoding" not in answer.headers
    assert answer.data == (STATIC / "kindling.css").read_bytes()


def test_each_kind_of_squeezing_has_its_own_tag_and_an_unchanged_file_is_not_sent_again(app: Flask) -> None:
    client = app.test_client()
    tags = {how: client.get("/static/kindling.css", headers={"Accept-Encoding": how}).headers["ETag"] for how in ("br", "gzip", "identity")}
    assert len(set(tags.values())) == 3
    for how, tag in tags.items():
        again = client.get("/static/kindling.css", headers={"Accept-Encoding": how, "If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")


def test_files_are_kept_for_a_year_and_do_not_depend_on_who_asks(app: Flask) -> None:
    with app.test_request_context():
        address = app.jinja_env.globals["asset"]("kindling.css")  # type: ignore[operator]
    answer = app.test_client().get(address, headers={"Accept-Encoding": "br"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Set-Cookie" not in answer.headers


def test_a_first_visit_is_small(app: Flask) -> None:
    client = app.test_client()
    sizes = {
        path: len(client.get(path, headers={"Accept-Encoding": "gzip, deflate, br, zstd"}).data)
        for path in ("/", "/static/kindling.css", "/static/kindling.js")
    }
    assert sizes["/"] + sizes["/static/kindling.css"] <= FIRST_VISIT
    assert sizes["/static/kindling.js"] <= OWN_SCRIPT


def test_scripts_set_text_as_text() -> None:
    """The one place that sets HTML gets a block of a page of ours, escaped by the server."""
    ours = {each.name: each.read_text() for each in STATIC.glob("*.js") if each.name != "htmx.min.js"}
    assert len(ours) >= 5
    for name, script in ours.items():
        dangerous = re.findall(
            r"\beval\(|new Function|document\.write|outerHTML|insertAdjacentHTML|createContextualFragment|postMessage|__proto__", script
        )
        assert not dangerous, (name, dangerous)
    assert {name: script.count("innerHTML") for name, script in ours.items() if "innerHTML" in script} == {"hall.js": 1}


def test_every_page_with_an_island_brings_its_script() -> None:
    """A page that says hx-post and no more looks alive, and saves nothing."""
    templates = Path(__file__).parents[2] / "templates"
    with_islands = [
        one for one in templates.rglob("*.html") if re.search(r"\shx-(get|post)=", one.read_text()) and not one.name.startswith("_")
    ]
    assert with_islands
    for one in with_islands:
        assert one.read_text().startswith("{% set islands = true %}"), one
