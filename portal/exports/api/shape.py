"""What an answer holds, said once: the description for programs, the page for people and the tests read it from here.

A schema is a plain mapping of JSON Schema 2020-12. What is not known, or not said, is null; no name is ever left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.words import N_, _

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """An object of the interface, by name. `fields` in the order in which they are told."""

    name: str
    about: str  # marked for translation
    fields: Mapping[str, Schema]

    def schema(self) -> dict[str, Any]:
        """As JSON Schema, in the reader's language."""
        return _translated(record(self.fields, self.about))

    def filled(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Facts in the order of the fields. Says so when a name is missing or new: what is told here is a promise."""
        assert facts.keys() == self.fields.keys(), sorted(facts.keys() ^ self.fields.keys())
        return {name: facts[name] for name in self.fields}


def _translated(schema: Schema) -> dict[str, Any]:
    """A schema with what is said in it, at whatever depth, in the reader's language."""
    made = dict(schema)
    if "description" in made:
        made["description"] = _(made["description"])
    if "properties" in made:
        made["properties"] = {name: _translated(each) for name, each in made["properties"].items()}
    if "items" in made:
        made["items"] = _translated(made["items"])
    return made


def _said(about: str, **schema: Any) -> dict[str, Any]:
    return schema | ({"description": about} if about else {})


def text(about: str = "") -> Schema:
    return _said(about, type="string")


def reference() -> Schema:
    return _said(N_("Our reference. It stays the same."), type="string", pattern="^[A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}$")


def address(about: str = "") -> Schema:
    return _said(about, type="string", format="uri")


def day(about: str = "") -> Schema:
    return _said(about, type="string", format="date")


def instant(about: str = "") -> Schema:
    return _said(about, type="string", format="date-time")


def number(about: str = "", least: int | None = 0) -> Schema:
    return _said(about, type="integer", **({} if least is None else {"minimum": least}))


def decimal(about: str, least: int, most: int) -> Schema:
    return _said(about, type="number", minimum=least, maximum=most)


def truth(about: str = "") -> Schema:
    return _said(about, type="boolean")


def one_of(codes: Iterable[str], about: str = "") -> Schema:
    return _said(about, type="string", enum=list(codes))


def some(each: Schema, about: str = "") -> Schema:
    return _said(about, type="array", items=dict(each))


def record(fields: Mapping[str, Schema], about: str = "") -> Schema:
    return _said(about, type="object", properties=dict(fields), required=list(fields), additionalProperties=False)


def or_null(schema: Schema) -> Schema:
    """The same, or null: not known, or not said."""
    made = dict(schema) | {"type": [schema["type"], "null"]}
    return made | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})
