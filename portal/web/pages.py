"""Answer with a whole page, with one block of it for HTMX, or with a 303; and whether a form did what it is for."""

from collections.abc import Callable
from typing import Any

from flask import Response, current_app, make_response, render_template
from htmx_flask import request
from jinja2_fragments.flask import render_block
from werkzeug.wrappers import Response as AnyResponse

from portal.errors import Refused
from portal.web.documents import Document, Printed, pdf


def page(template: str, *, block: str | None = None, status: int = 200, **context: Any) -> Response:
    """Render `template`; only its `block` when an HTMX request asks and the view names one."""
    if block and request.htmx:
        response = make_response(render_block(template, block, **context), status)
    else:
        response = make_response(render_template(template, **context), status)
    if block:
        response.vary.add("HX-Request")
    return response


def form_page(template: str, form: Any, *, block: str | None = None, **context: Any) -> Response:
    """A page with a form: 422 when it was sent and has errors, 200 otherwise."""
    return page(template, block=block, status=422 if form.errors else 200, form=form, **context)


def pdf_page(document: Document | Printed, name: str) -> Response:
    """A PDF to look at or to keep."""
    response = Response(pdf(document), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def done(form: Any, act: Callable[[], object]) -> bool:
    """Whether the form was sent, could be understood, and the action did not refuse."""
    if not form.validate_on_submit():
        return False
    try:
        act()
    except Refused as why:
        form.refuse(why.sentence, why.field)
        return False
    return True


def see_other(path: str) -> AnyResponse:
    """303 to a path of our own; the browser's Back button then never sends a form again."""
    assert path.startswith("/") and not path.startswith("//"), path
    response = current_app.make_response(("", 303))
    response.headers["Location"] = path
    return response


def safe_path(path: str | None, otherwise: str = "/") -> str:
    """A path of this site to go on to, from a value that anybody can write. No host, no scheme, no control characters."""
    if (
        not path
        or not path.startswith("/")
        or path.startswith(("//", "/\\"))
        or any(ord(c) < 33 or c in "\\" or ord(c) == 127 for c in path)
    ):
        return otherwise
    return path
