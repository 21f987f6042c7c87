"""The description for programs (OpenAPI 3.1), made from the very declarations that serve the routes."""

from collections.abc import Mapping
from typing import Any

from portal.exports.api.resource import MOST, USUAL, Resource
from portal.exports.api.resources import ALL
from portal.exports.strengths.data import LICENCE, LICENCE_NAME
from portal.outbox import address_of
from portal.web.interface import JSON, PROBLEM, ROOT
from portal.words import N_, _

VERSION = "1.0.0"
PATH = f"{ROOT}/openapi.json"
# every no that a page or a thing can have, and what it means
NOES = {
    400: N_("A parameter is not known or not understood. The sentence says which, and how to write it."),
    404: N_("It is not there, or not public any more."),
    406: N_("Asked for something other than JSON."),
    412: N_("Sent an If-Match that names another version."),
    429: N_("Asked too often. Retry-After says in how many seconds to come back."),
    503: N_("We cannot reach our data just now. Retry-After says when to come back."),
}
_SHOWN = {"ETag": N_("For If-None-Match: while nothing has changed, the answer is 304 and empty."), "Cache-Control": N_("How long it may be shown without asking again.")}  # fmt: skip
LATER = frozenset((429, 503))


def document() -> dict[str, Any]:
    """The whole description. No query."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": _problem()}
    for resource in ALL:
        schemas[resource.shape.name] = resource.shape.schema()
        schemas[_page(resource)] = _page_schema(resource)
        paths[f"/{resource.name}"] = {"get": _list(resource)}
        if resource.one is not None:
            schemas[resource.of_one.name] = resource.of_one.schema()
            paths[f"/{resource.name}/{{reference}}"] = {"get": _one(resource)}
    return {
        "openapi": "3.1.0", "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema", "info": _info(), "servers": [{"url": address_of(ROOT)}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {f"No{status}": _no(status) for status in NOES},
            "headers": {name: {"schema": {"type": "string"}, "description": _(words)} for name, words in _SHOWN.items()},
        },
    }  # fmt: skip


def _info() -> Mapping[str, Any]:
    return {
        "title": _("What everybody may read, for programs"), "version": VERSION,
        "description": _("Public data of the scheme: nobody signs in, and nobody is named. Names of fields stay as they are; new ones may come in a new version."),
        "license": {"name": _(LICENCE_NAME), "url": LICENCE},
    }  # fmt: skip


def _page(resource: Resource) -> str:
    return f"{resource.shape.name}Page"


def _page_schema(resource: Resource) -> Mapping[str, Any]:
    items = {"type": "array", "items": _schema(resource.shape.name)}
    following = {
        "type": ["string", "null"],
        "format": "uri",
        "description": _("The whole address of the next page; null: this is the last."),
    }
    properties = {"items": items, "next": following, "licence": {"type": "string", "format": "uri"}}
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _problem() -> Mapping[str, Any]:
    properties = {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string", "description": _("One sentence that says how to go on.")},
        "parameter": {"type": "string", "description": _("The parameter that it is about.")},
    }  # fmt: skip
    return {
        "type": "object",
        "description": _("A no, as RFC 9457 has it."),
        "properties": properties,
        "required": ["type", "title", "status", "detail"],
    }


def _list(resource: Resource) -> Mapping[str, Any]:
    filters = [_parameter(name, filter_.schema(), _(filter_.about), filter_.example) for name, filter_ in resource.filters.items()]
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
    paging = [
        _parameter("limit", limit, _("How many on a page.")),
        _parameter("cursor", {"type": "string"}, _("Where the page begins: comes with the address in “next”.")),
    ]
    about = {"operationId": f"list_{_plain(resource)}", "summary": _(resource.title), "description": _(resource.about)}
    return about | {"parameters": [*filters, *paging], "responses": _responses(_page(resource), 400, 406, 412, 429, 503)}


def _one(resource: Resource) -> Mapping[str, Any]:
    where = {"name": "reference", "in": "path", "required": True, "schema": {"type": "string"}}
    about = {"operationId": f"read_{_plain(resource)}", "summary": _("One of: %(what)s", what=_(resource.title))}
    return about | {"parameters": [where], "responses": _responses(resource.of_one.name, *NOES)}


def _plain(resource: Resource) -> str:
    return resource.name.replace("-", "_")


def _parameter(name: str, schema: Mapping[str, Any], about: str, example: str = "") -> Mapping[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": about} | (
        {"example": example} if example else {}
    )


def _responses(name: str, *noes: int) -> Mapping[str, Any]:
    headers = {each: {"$ref": f"#/components/headers/{each}"} for each in _SHOWN}
    found = {"description": _("It is there."), "headers": headers, "content": {JSON: {"schema": _schema(name)}}}
    unchanged = {"description": _("Nothing has changed since you asked.")}
    return {"200": found, "304": unchanged} | {str(status): {"$ref": f"#/components/responses/No{status}"} for status in noes}


def _no(status: int) -> Mapping[str, Any]:
    later = {"headers": {"Retry-After": {"schema": {"type": "integer"}, "description": _("Seconds.")}}} if status in LATER else {}
    return {"description": _(NOES[status]), "content": {PROBLEM: {"schema": _schema("Problem")}}} | later


def _schema(name: str) -> Mapping[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
