"""The read interface for other sites: its routes, made from the declarations, and the page that explains it to people."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from portal.errors import NotFound, Refused
from portal.exports.api import openapi, resource
from portal.exports.api.resource import Resource
from portal.exports.api.resources import ALL
from portal.exports.strengths.data import LICENCE, LICENCE_NAME
from portal.outbox import address_of
from portal.refs import clean_ref
from portal.web.interface import ROOT, must_take_json, problem, told
from portal.web.limits import limiter
from portal.web.pages import page
from portal.web.policy import allow
from portal.words import _

api = Blueprint("api", __name__)
OFTEN = "120/minute"
together = limiter.shared_limit(OFTEN, scope="api")  # of all its addresses


@api.get("/api/")
@allow("anyone")
def about() -> Any:
    """What there is, for people who write programs."""
    return page(
        "api/index.html",
        resources=ALL,
        root=address_of(ROOT),
        home=ROOT,
        description=openapi.PATH,
        licence=LICENCE,
        licence_name=LICENCE_NAME,
        most=resource.MOST,
    )


def _links(**more: str | None) -> dict[str, str]:
    always = {"license": LICENCE, "service-desc": address_of(openapi.PATH), "service-doc": address_of("/api/")}
    return {name: where for name, where in more.items() if where} | always


def _list_of(one: Resource) -> Callable[[], Response]:
    def view() -> Response:
        must_take_json()
        try:
            asked = resource.question(one, list(request.args.items(multi=True)))
        except Refused as why:
            return problem(400, why.sentence, parameter=why.field or "")
        found = one.read(asked)
        following = resource.next_address(one, asked, found.last)
        return told({"items": found.items, "next": following, "licence": LICENCE}, _links(next=following, first=address_of(one.path)))

    return view


def _thing_of(one: Resource) -> Callable[[str], Response]:
    def view(reference: str) -> Response:
        must_take_json()
        assert one.one is not None
        if request.args:
            return problem(400, _("This address has no parameters."))
        ref = clean_ref(reference)
        found = one.one(ref) if ref is not None else None
        if found is None:
            raise NotFound(_("We cannot find that page."))
        return told(found, _links(collection=address_of(one.path)))

    return view


@api.get(ROOT)
@api.get(ROOT + "/")
@allow("anyone")
@together
def contents() -> Response:
    """Where everything is, for programs that begin here."""
    must_take_json()
    there = [{"title": _(one.title), "about": _(one.about), "address": address_of(one.path)} for one in ALL]
    return told({"resources": there, "description": address_of(openapi.PATH), "licence": LICENCE}, _links())


@api.get(openapi.PATH)
@allow("anyone")
@together
def description() -> Response:
    must_take_json()
    return told(openapi.document(), _links())


def _route(path: str, name: str, view: Callable[..., Response]) -> None:
    view.__name__ = view.__qualname__ = name  # the limiter tells views apart by name
    api.add_url_rule(path, name, allow("anyone")(together(view)), methods=["GET"])


for _each in ALL:
    _name = _each.name.replace("-", "_")
    _route(_each.path, f"list_{_name}", _list_of(_each))
    if _each.one is not None:
        _route(f"{_each.path}/<reference>", f"read_{_name}", _thing_of(_each))
