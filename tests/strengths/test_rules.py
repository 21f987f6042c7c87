"""What an entry may say, and the arithmetic of outlines and tiles: no database."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.errors import Refused
from portal.strengths import geometry, maps, rules
from portal.strengths.rules import Draft

GOOD = Draft("people", "Choir", "We sing.", 1, contact="Just come")


def why(draft: Draft, names: tuple[str, ...] = ()) -> str:
    """At which field it is refused."""
    with pytest.raises(Refused) as refused:
        rules.judge(draft, names)
    assert refused.value.sentence.endswith(".")
    return refused.value.field or ""


def test_what_is_right_passes() -> None:
    rules.judge(GOOD)
    rules.judge(replace(GOOD, contact="", links="https://choir.example/sing?x=1"))
    rules.judge(replace(GOOD, email="hello@choir.example", contact_public=True))
    rules.judge(replace(GOOD, kind="place", place="Market Square, RM17 6SL", open_door=True, latitude=51482, longitude=331))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "thing"}, "kind"), ({"name": "ab"}, "name"), ({"name": "x" * 121}, "name"), ({"offers": ""}, "offers"), ({"offers": "x" * 1501}, "offers"),
        ({"contact": ""}, "contact"), ({"kind": "support"}, "ways"), ({"tags": "a,b,c,d,e,f,g,h,i"}, "tags"),
        ({"email": "hello@choir.example"}, "contact_public"), ({"phone": "+441375000000"}, "contact_public"),
        ({"offers": "Write to me@home.example"}, "offers"), ({"contact": "07700 900123"}, "contact"), ({"place": "At RM17 6SL"}, "place"),
        ({"links": "http://choir.example"}, "links"), ({"links": "https://a.example\n" * 1 + "javascript:alert(1)"}, "links"),
        ({"links": "\n".join(f"https://{n}.example" for n in "abcde")}, "links"), ({"latitude": 51000}, "position"),
        ({"latitude": 51000, "longitude": 0}, "position"), ({"latitude": 99000, "longitude": 0, "open_door": True}, "position"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(change: dict[str, object], field: str) -> None:
    assert why(replace(GOOD, **change)) == field  # type: ignore[arg-type]


def test_nobody_is_named() -> None:
    assert why(replace(GOOD, offers="Maya Greene sings"), ("Maya Greene",)) == "offers"


@pytest.mark.parametrize("text", ["https://user:pw@choir.example", "https://localhost", "https://1.2.3.4/", "https://[::1", "https://a b.example", "HTTPS:choir", "https://x.example/\u202e", "https://x.example/'onclick"])  # fmt: skip
def test_what_is_no_link(text: str) -> None:
    assert not rules.is_link(text)


def test_positions_are_rounded() -> None:
    assert rules.position("51.48176, -0.33149") == (51482, -331)
    assert rules.degrees(-331) == "-0.331" and rules.degrees(51482) == "51.482"
    for text in ("91, 0", "0, 181", "here", "51.4", "1e5, 2", "NaN, 1"):
        with pytest.raises(ValueError, match="position"):
            rules.position(text)


SQUARE = "51.0, 0.0\n51.0, 0.1\n51.1, 0.1\n51.1, 0.0"


class TestOutlines:
    def test_lines_and_geojson_are_the_same_ring(self) -> None:
        ring = geometry.outline(SQUARE)
        corners = [[0.0, 51.0], [0.1, 51.0], [0.1, 51.1], [0.0, 51.1], [0.0, 51.0]]
        for shape in (
            {"type": "Polygon", "coordinates": [corners]},
            {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [corners]}},
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[corners]]}}],
            },
        ):
            assert geometry.outline(json.dumps(shape)) == ring

    def test_it_goes_anticlockwise_and_closes(self) -> None:
        for text in (SQUARE, "\n".join(reversed(SQUARE.split("\n")))):
            ring = geometry.outline(text)
            assert ring is not None and geometry.area_of(ring) > 0
            closed = geometry.closed(ring)
            assert closed[0] == closed[-1] and len(closed) == 5

    @pytest.mark.parametrize(
        "text",
        [
            "51.0, 0.0\n51.0, 0.1", "51, 0\n51, 1\n51, 2", "95, 0\n51, 1\n52, 2", "here", "{", '{"type": "Point", "coordinates": [1, 2]}', '{"type": "Polygon", "coordinates": []}',
            "51.0, 0.0\n51.1, 0.1\n51.0, 0.1\n51.1, 0.0", "[" * 5000, '{"type": "Polygon", "coordinates": [[[1e999, 2], [3, 4], [5, 5]]]}', "x" * 300_000,
        ],
    )  # fmt: skip
    def test_what_cannot_be_drawn(self, text: str) -> None:
        with pytest.raises(Refused) as refused:
            geometry.outline(text)
        assert refused.value.field == "outline"

    def test_nothing_is_nothing(self) -> None:
        assert geometry.outline(" \n") is None

    def test_thousands_of_points_become_few(self) -> None:
        from math import cos, pi, sin

        text = "\n".join(f"{51 + 0.1 * sin(n * pi / 2000):.5f}, {0.1 * cos(n * pi / 2000):.5f}" for n in range(4000))
        ring = geometry.outline(text)
        assert ring is not None and 3 <= len(ring) <= geometry.MOST_POINTS
        assert abs(geometry.area_of(ring) / 2 / geometry.FINE**2 - pi * 0.01) < 0.001


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.dictionaries(st.integers(0, 39), st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=12))
def test_every_tile_has_a_place_of_its_own(number: int, places: dict[int, tuple[int, int]]) -> None:
    once = {place: key for key, place in places.items()}
    set_ = {key: place for place, key in once.items()}
    grid = geometry.tiles(range(number), set_)
    assert set(grid) == set(range(number)) and len(set(grid.values())) == number
    assert all(grid[key] == place for key, place in set_.items() if key < number)


def test_shades_and_names() -> None:
    assert [maps.shade_of(number, 8) for number in (0, 1, 2, 3, 8)] == [0, 1, 1, 2, 4]
    assert maps.shade_of(1, 1) == 1
    assert maps.lines_of("Mossgate") == ["Mossgate"]
    assert maps.lines_of("Orchard Park Heights") == ["Orchard", "Park Heights"]
