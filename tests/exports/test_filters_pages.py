"""Every list that can be narrowed or paged, asked with what anybody can write into an address: none falls over."""

import inspect
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter, Rule

from portal.exports import filters
from tests.client import NS, Inspector
from tests.conftest import Store
from tests.exports.small import TODAY, Small
from tests.grants.season import person

ROOMS = ("portal.exports", "portal.books", "portal.grants", "portal.postroom", "portal.front", "portal.people", "portal.panels")
NAMED = re.compile(r"request\.(?:args|values)\.get(?:list)?\(\"(\w+)\"|request\.(?:args|values)\[\"(\w+)\"\]")
MORE = {"year", "part", "area", "fund", "since", "until", "basis", "name", "form"}  # told to a form, or in a loop
TOLD = {
    "/desk/privacy/seen": {"whom", "by", "since", "until"},
    "/desk/privacy/seen.csv": {"since"},
    "/finance/books/journal": {"run", "file"},
}
NASTY = ("x", "-1", "99999999999999999999", "9999-12-31", "0001-01-01", "2026-02-30", "9999-00", "٢٠٢٦-٢٧", "²", "\x00")


def narrowed(app: Flask) -> Iterator[tuple[Rule, list[str]]]:
    """The pages of the desk, finance, the books and the files that read the address, with the names that they read."""
    for rule in app.url_map.iter_rules():
        view = inspect.unwrap(app.view_functions[rule.endpoint])
        module = inspect.getmodule(view)
        if "GET" in (rule.methods or ()) and module is not None and module.__name__.startswith(ROOMS):
            source = _source(view, vars(module))
            if "request.args" in source or "request.values" in source:
                told = TOLD.get(rule.rule, set())
                yield (
                    rule,
                    sorted(
                        told
                        | {first or second for first, second in NAMED.findall(source)}
                        | {name for name in MORE if f'"{name}"' in source}
                    ),
                )


def _source(view: object, module: Mapping[str, object]) -> str:
    """Of a view, and of the functions of its module that it calls, and that those call."""
    found, todo = "", [view]
    seen: set[object] = set()
    while todo:
        one = todo.pop()
        if one in seen or not (inspect.isfunction(one) or inspect.isclass(one)):
            continue
        seen.add(one)
        try:
            text = inspect.getsource(one)
        except (OSError, TypeError):
            continue
        found += text
        todo += [
            each
            for name in set(re.findall(r"\b(_?\w+)\(", text))
            if (each := module.get(name)) is not None and inspect.getmodule(each) is inspect.getmodule(view)
        ]
    return found


def address(app: Flask, rule: Rule) -> str:
    values: dict[str, object] = {}
    for name in rule.arguments:
        items = getattr(rule._converters[name], "items", None)
        values[name] = 1 if isinstance(rule._converters[name], IntegerConverter) else sorted(items)[0] if items else "SPK-2222-2222"
    return str(app.url_map.bind("localhost").build(rule.endpoint, values))


@pytest.mark.slow
def test_no_filter_falls_over(small: Small, store: Store) -> None:
    everybody = person("Everybody", "officer", "finance", "administrator")
    client = Inspector(store.app).sign_in(everybody.id).client
    asked, wrong = set(), []
    for rule, names in narrowed(store.app):
        path = address(store.app, rule)
        if client.get(path).status_code in (302, 303, 404) and rule.arguments:
            continue  # nothing is there, whatever is asked of it
        for name in names:
            for value in NASTY:
                status = client.get(f"{path}?{name}={quote(value)}").status_code
                if status >= 500:
                    wrong.append((path, name, value, status))
        asked.add(path)
    assert not wrong
    assert {
        "/desk/privacy/seen",
        "/finance/exports",
        "/finance/figures",
        "/finance/books/",
        "/finance/books/year-end",
        "/finance/statement",
    } <= asked


def test_years_begin_with_the_first_in_which_there_is_anything(small: Small, store: Store) -> None:
    assert filters.years() == ["2026-27"], TODAY
    fay = Inspector(store.app, 40).sign_in(small.season.who("Fay").id)
    for page in ("/finance/exports", "/finance/figures", "/register/initiatives"):
        chooser = next(one for one in fay.get(page).tree.iter(f"{NS}select") if one.get("name") == "year")
        assert [one.get("value") for one in chooser.iter(f"{NS}option")] == ["2026-27"], page
    assert "2025-26" not in fay.get("/finance/books/year-end").text
    fay.get("/finance/books/year-end?year=2025-26", 404)


def test_who_saw_what_says_what_is_wrong_and_keeps_what_was_typed(small: Small, store: Store) -> None:
    olga = Inspector(store.app).sign_in(small.season.who("Olga").id)
    for asked, sentence in (
        ("since=31+March", "Write the day like 2026-03-31."), ("until=9999-12-31", "Write the day like 2026-03-31."), ("since=2026-06-02&until=2026-06-01", "The last day comes before the first."),
        ("whom=nobody", "We know nobody by “nobody”."), ("by=0000", "We know nobody by “0000”."),
    ):  # fmt: skip
        olga.get(f"/desk/privacy/seen?{asked}&whom=nobody", 422)
        assert sentence in olga.text
        for name, value in (pair.split("=") for pair in asked.split("&")):
            (box,) = [one for one in olga.tree.iter(f"{NS}input") if one.get("name") == name]
            assert box.get("value") == value.replace("+", " ")
    assert "There is a problem" in olga.get("/desk/privacy/seen.csv?until=never", 422).text
    assert "Write the day like" in olga.get("/finance/books/?day=31-3-2026").text and 'value="31-3-2026"' in olga.text
