"""The table of ASVS says no more than is so: what it names is there."""

import ast
import re
from functools import cache
from pathlib import Path

TOP = Path(__file__).parents[2]
STATES = ("met", "written", "configuration", "not here", "**open**")
LINE = re.compile(
    r"\| (?P<number>\d+\.\d+\.\d+) \| (?P<level>[12]) \| (?P<asks>[^|]+) \| (?P<state>[^|]+) \| (?P<how>[^|]*) \| (?P<tests>[^|]*) \|"
)
LEVELS = {"1": 70, "2": 183}  # as many as the standard has, version 5.0.0


def lines() -> list[dict[str, str]]:
    table = [line for line in (TOP / "docs" / "asvs.md").read_text().splitlines() if re.match(r"\| \d", line)]
    found = [LINE.fullmatch(line) for line in table]
    assert all(found), [line for line, match in zip(table, found, strict=True) if match is None]
    return [match.groupdict() for match in found if match is not None]


@cache
def _names_in(path: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse((TOP / path).read_text())) if isinstance(node, ast.FunctionDef)}


@cache
def headings(page: str) -> set[str]:
    heads = re.findall(r"(?m)^#+ (.+)$", (TOP / "docs" / page).read_text())
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_number_stands_there_once_and_in_order() -> None:
    numbers = [tuple(map(int, each["number"].split("."))) for each in lines()]
    assert numbers == sorted(set(numbers))
    assert {level: sum(each["level"] == level for each in lines()) for level in LEVELS} == LEVELS


def test_every_line_has_a_state_and_what_that_needs() -> None:
    for each in lines():
        assert each["state"] in STATES, each
        assert each["how"].strip(), each
        assert each["tests"].strip() or each["state"] != "met", f"{each['number']} is met by which test?"
        assert ".md#" in each["how"] or each["state"] not in ("written", "configuration"), f"{each['number']}: on which page?"


def test_every_test_and_page_that_is_named_is_there() -> None:
    for each in lines():
        for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", each["tests"]):
            assert name.startswith("test_") and name in _names_in(path), f"{each['number']}: {path}::{name}"
        assert each["tests"].count("`") == 2 * each["tests"].count("::"), each["number"]
        for page, heading in re.findall(r"\((\w+\.md)#([\w-]+)\)", each["how"]):
            assert heading in headings(page), f"{each['number']}: {page}#{heading}"


def test_the_sum_on_top_is_right() -> None:
    top = (TOP / "docs" / "asvs.md").read_text().split("\n## ")[0]
    said = {name: int(number) for number, name in re.findall(r"(\d+) (met|written|configuration|not here|open)\b", top)}
    counted = {state.strip("*"): sum(each["state"] == state for each in lines()) for state in STATES}
    assert said == counted
