"""Files of many rows: no more memory than for few, and one moment of the books however long they take. Copies of one real award."""

import gc
import json
import sys
from collections.abc import Iterable, Iterator

import pytest
from flask import Flask
from sqlalchemy import inspect, text

from portal.db import Base, db, transaction
from portal.exports import filters, packs
from portal.exports.publish import giving, publishing, settings
from portal.exports.publish.model import Summary
from portal.grants.model import Application, Award
from portal.people.model import Organisation
from tests.conftest import Store
from tests.exports.small import Small
from tests.exports.test_giving import E1, E3, SET, signed

FEW, MANY, TOWN = 1_000, 20_000, 100_000
COLUMNS = tuple(giving.ORGANISATIONS)[:4]


@pytest.fixture
def app(small: Small, store: Store) -> Flask:
    """The app of the small scheme; `small` has begun its context."""
    return store.app


@pytest.fixture
def ready(small: Small) -> Small:
    settings.change(SET, small.season.actor("Olga"))
    signed(small, "garden")
    return small


def fill(first: int, last: int) -> None:
    """Copies of the garden with these numbers, each of a group of its own; the database knows how many, as one that has stood a night does."""
    bid, award, group = db.session.execute(
        text(
            "SELECT a.application_id, a.id, b.organisation_id FROM award a JOIN application b ON b.id = a.application_id"
            " JOIN public_summary s ON s.award_id = a.id WHERE a.id < 1000"
        )
    ).one()
    series = f"WITH RECURSIVE n(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM n WHERE n < {last})"
    own: dict[type[Base], tuple[str, int, dict[str, str]]] = {
        Organisation: ("id", group, {"id": "10000 + n", "ref": "'ORG-' || n"}),
        Application: ("id", bid, {"id": "10000 + n", "ref": "'SPK-' || n", "organisation_id": "10000 + n"}),
        Award: ("id", award, {"id": "10000 + n", "ref": "'AWD-' || n", "application_id": "10000 + n"}),
        Summary: ("award_id", award, {"award_id": "10000 + n", "code": "'IND-' || n"}),
    }
    with transaction():
        for table, (key, id_, changed) in own.items():
            columns = _columns(table)
            values = ", ".join(changed.get(column, column) for column in columns)
            db.session.execute(
                text(
                    f"INSERT INTO {table.__tablename__} ({', '.join(columns)}) {series} SELECT {values} FROM {table.__tablename__}, n WHERE {key} = {id_}"
                )
            )
        db.session.execute(text("ANALYZE"))


def _columns(table: type[Base]) -> list[str]:
    return [column.name for column in inspect(table).local_table.columns]


def most_held(pieces: Iterable[bytes]) -> int:
    """The most objects that Python held between two pieces of a file. Counting costs nothing; tracing each of them takes minutes."""
    gc.collect()
    before, most = sys.getallocatedblocks(), 0
    for _piece in pieces:
        most = max(most, sys.getallocatedblocks() - before)
    return most


def of_file(name: str, rows: int) -> int:
    db.session.rollback()
    totals = packs.Totals()
    held = most_held(packs.chunks(name, "csv", packs.fitting(name, "csv", filters.of_year("2026-27")), totals))
    assert totals.rows >= rows
    return held


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(ready: Small) -> None:
    """20,000 rows would be more than half a million objects."""
    fill(1, FEW)
    few = {name: max(of_file(name, FEW), of_file(name, FEW)) for name in (E3, E1)}
    fill(FEW + 1, MANY)
    for name in few:
        assert of_file(name, MANY) < 1.5 * few[name], name


@pytest.mark.slow
def test_a_whole_town_is_written_in_the_same_room() -> None:
    """The three forms of a file, of rows that are made one by one."""

    def held(form: str, number: int) -> int:
        rows = ([f"Words {n} in column {place}" for place in range(len(COLUMNS))] for n in range(number))
        return most_held(giving.WRITERS[form](COLUMNS, rows, giving.DAY_FORMAT))

    for form, many in (("csv", TOWN), ("json", MANY), ("xlsx", FEW * 5)):
        held(form, 10)  # what the library itself needs
        assert held(form, many) < held(form, FEW) + 5_000, form


def test_awards_that_change_meanwhile_are_in_a_file_whole_or_not_at_all(ready: Small) -> None:
    """The file, its sums and every other file of the edition are of the moment at which the first was begun."""
    fill(1, FEW)
    year, totals = filters.of_year("2026-27"), packs.Totals()
    chosen = packs.fitting(E1, "csv", year)
    packs.hold_still()
    pieces = packs.pieces(E1, "csv", chosen, totals)
    begun = [next(pieces)]
    assert totals.rows < FEW, "it is not read to its end yet"
    with db.engine.begin() as somebody_else:
        somebody_else.execute(text("DELETE FROM public_summary WHERE award_id > 10500"))
        somebody_else.execute(text("UPDATE public_summary SET title = 'Something else'"))
    whole = b"".join([*begun, *pieces])
    assert (totals.rows, totals.pence) == (FEW + 1, (FEW + 1) * 250_00)
    assert b"Something else" not in whole
    again = packs.Totals()
    grants = json.loads(b"".join(packs.pieces(E1, "json", chosen, again)))["grants"]
    assert (len(grants), again.pence, again.head) == (FEW + 1, totals.pence, totals.head)
    db.session.rollback()
    assert publishing.publish(ready.season.actor("Olga")) is not None
    assert publishing.file(f"{E1}.csv").rows == 501


def test_published_files_are_kept_and_given_in_pieces(ready: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "PIECE", 100)
    publishing.publish(ready.season.actor("Olga"))
    pieces: Iterator[bytes] = publishing.pieces(publishing.file(f"{E1}.json").sha256)
    found = list(pieces)
    assert len(found) > 5 and {len(piece) for piece in found[:-1]} == {100}
    assert len(json.loads(b"".join(found))["grants"]) == 1
    publishing.take_down(ready.bids["garden"], "It is found also where two pieces meet.", ready.season.actor("Olga"))
    assert [file.name for file in publishing.current_files() if file.gone_at is None] == []
