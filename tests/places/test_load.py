"""Areas from a CSV file: wrong lines are named, nothing is half-loaded, the same file changes nothing; and wards on a day."""

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import db
from portal.history import events_of
from portal.places import load, queries
from portal.places.model import Area, WardCode

HEADER = ",".join(load.COLUMNS)
GOOD = f"""{HEADER}
thurmoor,Thurmoor,scheme,,,,
mossgate,Mossgate,ward,thurmoor,E05099001,2015-05-07,2026-05-06
mossgate,Mossgate,ward,thurmoor,E05099101,2026-05-07,
pump-green,Pump Green,estate,mossgate,,,
"""


def file_of(*lines: str) -> bytes:
    return "\n".join((HEADER, *lines)).encode()


def everything() -> tuple[list[object], list[object]]:
    db.session.rollback()
    areas = db.session.execute(select(Area.code, Area.name, Area.kind, Area.parent_id).order_by(Area.id)).all()
    codes = db.session.execute(select(WardCode.ons_code, WardCode.valid_from, WardCode.valid_to).order_by(WardCode.id)).all()
    return list(areas), list(codes)


def test_a_file_is_loaded_and_the_second_time_changes_nothing(app: Flask) -> None:
    assert load.load(GOOD.encode()) == (3, 2)
    before = everything()
    events = len(events_of("area:1", "area:2", "area:3"))
    assert len(before[0]) == 3 and events == 3
    assert load.load(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()) == (0, 0)  # as Excel saves it
    assert everything() == before
    assert len(events_of("area:1", "area:2", "area:3")) == events


def test_the_ward_is_that_of_the_day(app: Flask) -> None:
    load.load(GOOD.encode())
    estate = queries.area("pump-green")
    assert queries.ward_on(estate, date(2026, 5, 6)) == ("E05099001", "Mossgate")
    assert queries.ward_on(estate, date(2026, 5, 7)) == ("E05099101", "Mossgate")
    assert queries.ward_on(estate, date(2015, 5, 6)) == ("", "")
    assert set(db.session.scalars(queries.within("mossgate"))) == {queries.area("mossgate").id, estate.id}


def test_a_boundary_change_ends_the_old_code_and_renames(app: Flask) -> None:
    load.load(file_of("mossgate,Mossgate,ward,,E05099001,2015-05-07,"))
    assert load.load(file_of("mossgate,Mossgate North,ward,,E05099001,2015-05-07,2026-05-06", "mossgate,Mossgate North,ward,,E05099101,2026-05-07,")) == (1, 2)  # fmt: skip
    area = queries.area("mossgate")
    assert area.name == "Mossgate North"
    assert [queries.ward_on(area, day)[0] for day in (date(2026, 5, 6), date(2026, 5, 7))] == ["E05099001", "E05099101"]


FAULTS = {
    "Moss Gate,Mossgate,ward,,,,": "no short code",
    "new,New,ward,,,,": "the address of a page of ours. Choose another, like new-area",
    "load,Load,ward,,,,": "the address of a page of ours. Choose another, like load-area",
    "mossgate,Mossgate,ward,,E05099001,9999-12-31,": "9999-12-31 is more than ten years ahead",
    "mossgate,Mossgate,ward,,E05099001,2015-05-07,9999-12-31": "Leave it empty when no end is known",
    "mossgate,Mossgate,ward,,,,,lost": "something in a column without a name",
    "mossgate,,ward,,,,": "the name is missing",
    "mossgate," + "x" * 81 + ",ward,,,,": "longer than 80",
    "mossgate,Mossgate,parish,,,,": "none of scheme, ward, estate, hub",
    "mossgate,Mossgate,ward,nowhere,,,": "does not stand above",
    "mossgate,Mossgate,ward,mossgate,,,": "does not stand above",
    "mossgate,Mossgate,ward,,E0509,2015-05-07,": "no ONS code",
    "mossgate,Mossgate,ward,,E05099001,,": "from which it holds",
    "mossgate,Mossgate,ward,,E05099001,7 May 2015,": "is no day",
    "mossgate,Mossgate,ward,,E05099001,2015-W01-1,": "is no day",
    "mossgate,Mossgate,ward,,E05099001,2015-02-30,": "is no day",
    "mossgate,Mossgate,ward,,E05099001,2015-05-07,2015-05-06": "ends before it begins",
    "mossgate,Mossgate,ward,,,2015-05-07,": "no ONS code that it belongs to",
    "mossgate,Moss\x00gate,ward,,,,": "cannot be printed",
    "other,Riverside,ward,,,,": "another area is called Riverside",
    "riverside,Riverside,ward,quay,,,": "lies in this area itself",
    "other,Other,ward,,E05099009,2020-01-01,": "Riverside has this code",
    "riverside,Riverside,ward,,E05099010,2018-01-01,2020-01-01": "two codes on the same day",
}


def test_each_wrong_line_is_named_and_nothing_is_loaded(app: Flask) -> None:
    load.load(file_of("riverside,Riverside,ward,,E05099009,2019-01-01,", "quay,Quay,estate,riverside,,,"))
    before = everything()
    for line, words in FAULTS.items():
        with pytest.raises(load.BadFile) as refused:
            load.load(file_of("fine,Fine,ward,,,,", line))
        assert len(refused.value.lines) == 1, line
        assert refused.value.lines[0].startswith("Line 3: ") and words in refused.value.lines[0], (line, refused.value.lines)
        assert everything() == before, line


def test_two_wrong_lines_are_both_named_in_order(app: Flask) -> None:
    with pytest.raises(load.BadFile) as refused:
        load.load(file_of("a,A,ward,,,,", "B,B,ward,,,,", "c,C,ward,,,,", "d,,ward,,,,"))
    assert [line[:7] for line in refused.value.lines] == ["Line 3:", "Line 5:"]
    assert everything() == ([], [])


def test_lines_of_one_area_must_agree(app: Flask) -> None:
    with pytest.raises(load.BadFile) as refused:
        load.load(file_of("a,A,ward,,,,", "a,Another,ward,,,,"))
    assert "another name, kind or parent for a" in refused.value.lines[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Line 1: the column code is missing"),
        (b"code,name\na,A\n", "Line 1: the column kind is missing"),
        (
            (HEADER + ",colour\na,A,ward,,,,,red").encode(),
            "Line 1: these columns are not known: colour. Take them out. The first line must read",
        ),
        ((HEADER + ",name\na,A,ward,,,,,B").encode(), "Line 1: the column name stands there twice"),
        (HEADER.encode(), "no lines below its header"),
        (b"\xff\xfe\x00bad", "not UTF-8"),
        ((HEADER + "\na," + "x" * 200_000 + ",ward,,,,").encode(), "cannot be read as CSV"),
        (b"x" * (load.MOST_BYTES + 1), "larger than 2 megabytes"),
    ],
)
def test_a_file_that_is_none(data: bytes, words: str) -> None:
    with pytest.raises(load.BadFile, match=words):
        load._rows(data)


def test_the_command_counts_in_words(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "areas.csv"
    for lines, said in (
        (("a,A,ward,,E05099001,2015-05-07,",), "one area made or changed, one code added or changed."),
        (("b,B,ward,,,,", "c,C,ward,,,,"), "2 areas made or changed, 0 codes added or changed."),
    ):
        file.write_bytes(file_of(*lines))
        assert app.test_cli_runner().invoke(args=["places", "load", str(file)]).output == said + "\n"


def test_empty_columns_beside_the_table_do_no_harm(app: Flask) -> None:
    assert load.load((HEADER + ",,\na,A,ward,,,,,,\n").encode()) == (1, 0)
