"""Lists from CSV files: whatever programs make of them, looked at first, taken over once, taken back as a whole."""

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.errors import NotFound, Refused
from portal.history import Actor
from portal.people.access import Who
from portal.strengths import actions, desk, imports, queries, reading, shapes, today
from portal.strengths.queries import Filters
from tests.strengths.ground import Ground, begin, the

SOURCE = "Council list"
HEAD = "id,name,kind,offers,area,contact"
LINES = ("1,Mossgate Choir,people,We sing.,Mossgate,Just come", "2,Larch Hall,Places,A hall.,larch-court,Ring the bell")


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    yield begin()


def csv(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join((head, *lines)).encode()


def bring(ground: Ground, data: bytes, publish: bool = True, source: str = SOURCE) -> tuple[imports.Plan, str]:
    return imports.take_over(data, "list.csv", source, "", ground.who("Olga"), publish=publish)


def said(data: bytes, area: str = "") -> list[tuple[int, str]]:
    return [(problem.line, problem.sentence) for problem in imports.plan(data, SOURCE, area).problems]


def on_map() -> list[str]:
    return sorted(row.name for row in queries.search("", Filters()).rows)


def test_it_is_taken_over_once(ground: Ground) -> None:
    data = csv(*LINES)
    assert len(imports.plan(data, SOURCE).coming) == 2 and on_map() == []
    made, ref = bring(ground, data)
    assert ref.startswith("LOD-") and on_map() == ["Larch Hall", "Mossgate Choir"]
    again, nothing = bring(ground, data)
    assert (len(again.coming), again.done, nothing) == (0, 2, "")
    assert "2 came before" in imports.told(again, dry_run=True) and "Brought: 2" in imports.told(made, dry_run=False)
    third, _ref = bring(ground, csv(*LINES, "3,River Walk,culture,A walk.,Riverside,Come"))
    assert (len(third.coming), third.done) == (1, 2)
    assert len(imports.loads()) == 2 and list(imports.standing(imports.loads()).values()) == [2, 1]


def test_what_waits_for_a_look(ground: Ground) -> None:
    bring(ground, csv(*LINES), publish=False)
    assert on_map() == [] and today.numbers(None)["look"] == 2


@pytest.mark.parametrize("how", ["bom", "semicolons", "tabs", "cp1252", "utf-16", "quotes"])
def test_whatever_programs_make_of_it(ground: Ground, how: str) -> None:
    text = f"{HEAD}\r\n1,Café Größe,place,“Tea” & cake.,Mossgate,Just come\r\n"
    data = {
        "bom": ("\ufeff" + text).encode(), "semicolons": text.replace(",", ";").encode(), "tabs": text.replace(",", "\t").encode(), "cp1252": text.encode("cp1252"),
        "utf-16": text.encode("utf-16"), "quotes": text.replace("“Tea” & cake.", '"“Tea”, ""and""\r\ncake."').encode(),
    }[how]  # fmt: skip
    assert said(data) == []
    bring(ground, data)
    assert on_map() == ["Café Größe"]


def test_every_problem_is_told_by_its_line(ground: Ground) -> None:
    head = HEAD + ",email,public,latitude,longitude,links,ways,open_door"
    wrong = {
        2: (",,people,We sing.,Mossgate,Come,,,,,,,", "3 to 120"),
        3: ("1,Choir,thing,We sing.,Mossgate,Come,,,,,,,", "none of people, place"),
        4: ("1,Choir,people,,Mossgate,Come,,,,,,,", "what it offers"),
        5: ("1,Choir,people,We sing.,Nowhere,Come,,,,,,,", "do not know the area"),
        6: ("1,Choir,people,We sing.,,Come,,,,,,,", "in which area"),
        7: ("1,Choir,people,We sing.,Mossgate,,,,,,,,", "get in touch"),
        8: ("1,Choir,people,We sing.,Mossgate,,choir,yes,,,,,", "e-mail address like"),
        9: ("1,Choir,people,We sing.,Mossgate,,a@b.example,,,,,,", "public already"),
        10: ("1,Choir,people,We sing.,Mossgate,,maya@example.org,yes,,,,,", "person’s own"),
        11: ("1,Choir,people,We sing.,Mossgate,Come,,,51.4,0.3,,,", "nobody lives"),
        12: ("1,Choir,people,We sing.,Mossgate,Come,,,51.4,,,,yes", "no such position"),
        13: ("1,Choir,people,We sing.,Mossgate,Come,,,,,http://a.example,,", "https://"),
        14: ("1,Choir,support,We listen.,Mossgate,Come,,,,,,,", "one to one"),
        15: ("1,=HYPERLINK(1),people,We sing.,Mossgate,Come,,,,,,,", "formula"),
        16: ("1,Choir,people,@SUM(A1),Mossgate,Come,,,,,,,", "formula"),
        17: ("1,Choir,people,Call 07700 900123,Mossgate,Come,,,,,,,", "telephone number"),
        18: ("1,Choir,people,We sing.,Mossgate,Come,,maybe,,,,,", "neither yes nor no"),
        19: ("1,Choir,people,We sing.,Mossgate,Come,,,,,,,,extra", "column without a name"),
    }
    found = dict(said(csv(*(line for line, _part in wrong.values()), head=head)))
    for line, (_text, part) in wrong.items():
        assert part in found.get(line, ""), (line, found.get(line))
    with pytest.raises(imports.NotReady) as not_ready:
        bring(ground, csv(LINES[0], *(line for line, _part in wrong.values()), head=head))
    assert len(not_ready.value.plan.problems) >= len(wrong) and on_map() == []


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "file is empty"), (b" \r\n", "file is empty"), (b"a,b,c\n1,2,3", "must name the columns"), (b"name,kind\nx,people", "offers is missing"), (b"name,kind,offers,colour\n", "not known: colour"),
        (b"name,name,kind,offers\n", "stands there twice"), (b"name,kind,offers\n\n", "no lines"), (b"\x00\xff\xfe\x89PNG\r\n" * 50, "must name the columns"),
        (b"name,kind,offers\n" + b'"' + b"x" * 200_000 + b'"', "cannot be read"), (b"x" * (reading.MOST_BYTES + 1), "2 megabytes"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_ours(ground: Ground, data: bytes, part: str) -> None:
    found = said(data, "mossgate")
    assert len(found) == 1 and part in found[0][1], found


def test_a_ward_by_its_ons_code_and_a_position_outside(ground: Ground) -> None:
    head = f"{HEAD},open_door,latitude,longitude"
    inside, far = "1,Larch Hall,place,A hall.,e05000001,Ring,yes,51.480,0.330", "2,River Hall,place,A hall.,E05000001,Ring,yes,53.0,0.33"
    made = imports.plan(csv(inside, far, head=head), SOURCE)
    assert [one.area for one in made.coming] == ["Mossgate"] * 2 and made.problems == []
    outline = "51.4, 0.3\n51.4, 0.4\n51.5, 0.4\n51.5, 0.3"
    shapes.set_shape("mossgate", None, None, outline, Actor(ground.who("Olga").id))
    made = imports.plan(csv(inside, far, head=head), SOURCE)
    assert [(one.line, one.stops) for one in made.problems] == [(3, False)] and "outside all areas" in made.problems[0].sentence
    assert len(made.coming) == 2


def test_doubles_are_left_out_and_told(ground: Ground) -> None:
    ground.published(name="mossgate choir")
    made = imports.plan(csv(LINES[0], LINES[1], LINES[1], "9,Larch Hall,place,Again.,larch-court,Ring"), SOURCE)
    assert [one.draft.name for one in made.coming] == ["Larch Hall"] and made.twins == 2 and not made.stops
    assert [(problem.line, problem.stops) for problem in made.problems] == [(2, False), (4, False), (5, False)]
    with pytest.raises(Refused) as refused:
        imports.plan(csv(*LINES), "")
    assert refused.value.field == "source"


def test_our_own_export_comes_back_as_it_was(ground: Ground) -> None:
    bring(ground, csv("1,Choir,people,'-5 to 5: we sing.,Mossgate,'+come+"))
    row = queries.search("", Filters()).rows[0]
    assert (row.offers, row.contact) == ("-5 to 5: we sing.", "+come+")


def test_three_thousand_lines(ground: Ground) -> None:
    rows = [
        f"{number},Group {number},people,Number {number} of many.,{'Mossgate' if number % 2 else 'Riverside'},Just come"
        for number in range(3000)
    ]
    made, ref = bring(ground, csv(*rows), publish=False)
    assert len(made.coming) == 3000
    assert today.numbers(None)["look"] == 3000
    assert "more than 3000" in said(csv(*rows, rows[0]))[0][1]
    assert imports.undo(ref, ground.who("Olga")) == (3000, 0)


def test_a_list_is_taken_back_but_for_what_somebody_made_theirs(ground: Ground) -> None:
    olga = ground.who("Olga")
    _made, ref = bring(
        ground,
        csv(
            *LINES,
            "3,River Walk,culture,A walk.,Riverside,Come",
            "4,Chess,people,Chess.,Riverside,Come",
            "5,Go Club,people,Go.,Riverside,Come",
        ),
    )
    by_name = {row.name: row.ref for row in queries.search("", Filters()).rows}
    actions.edit(by_name["Larch Hall"], ground.draft("Larch Hall", "larch-court", kind="place"), olga, shown=1)
    desk.keep_it_myself(by_name["River Walk"], olga)
    desk.merge(by_name["Go Club"], by_name["Chess"], "One club", olga)
    assert imports.undo(ref, olga) == (1, 4)
    assert imports.undo(ref, olga) == (1, 4)
    assert the(by_name["Mossgate Choir"]).status == "undone"
    assert not queries.may_see(Who(1, "", "", None), the(by_name["Mossgate Choir"]))
    again, _ref = bring(ground, csv(*LINES))  # what was taken back may come again
    assert [one.draft.name for one in again.coming] == ["Mossgate Choir"] and again.done == 1
    with pytest.raises(NotFound):
        imports.undo("LOD-2222-2222", olga)


def test_the_template_is_right(ground: Ground) -> None:
    made = imports.plan(reading.template().encode(), SOURCE)
    assert len(made.coming) == 2 and made.problems == []
