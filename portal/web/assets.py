"""Static files under names that change with their content, small on the wire, so that browsers may keep them for a year."""

import base64
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # comes with Flask-Compress
from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

from portal.web.interface import is_for_programs

TEXT = (".css", ".js", ".svg", ".webmanifest")
SQUEEZES: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: bytes(brotli.compress(body, quality=11)),
    "gzip": lambda body: gzip.compress(body, 9, mtime=0),
}


class _NotForFiles(SecureCookieSessionInterface):
    """A file is the same for everybody: no cookie with it, and no `Vary: Cookie` that would fetch it again after signing in. What programs
    read is so too, and there no cookie is even looked at.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if is_for_programs(request.path):
            request.environ.pop("HTTP_COOKIE", None)
        return super().open_session(app, request)

    digest_method = staticmethod(hashlib.sha256)  # Flask signs with SHA-1

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint != "static" and not is_for_programs(request.path):
            super().save_session(app, session, response)


def install(app: Flask) -> None:
    """Give templates `asset(name)` and `sri(name)`; give static answers their cache headers and squeeze each text file once.

    Squeezed as hard as it goes, which a compressor of running answers cannot afford; so install this after Flask-Compress,
    whose turn then comes later and finds nothing to do.
    """
    assert app.static_folder is not None
    folder = Path(app.static_folder)
    digests: dict[str, bytes] = {}
    squeezed: dict[tuple[str, str], bytes] = {}
    app.session_interface = _NotForFiles()

    def digest(name: str) -> bytes:
        if name not in digests:
            digests[name] = hashlib.sha384((folder / name).read_bytes()).digest()
        return digests[name]

    def asset(name: str) -> str:
        return f"/static/{name}?v={digest(name).hex()[:10]}"

    def sri(name: str) -> str:
        return "sha384-" + base64.b64encode(digest(name)).decode()

    app.jinja_env.globals.update(asset=asset, sri=sri)

    @app.after_request
    def keep_static(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code == 200:
            response.cache_control.public = True
            response.cache_control.max_age = 31_536_000 if request.args.get("v") else 3600
            response.cache_control.no_cache = None
            response.cache_control.immutable = bool(request.args.get("v"))
            name = (request.view_args or {})["filename"]
            if name.endswith(TEXT):
                return squeeze(response, name)
        return response

    def squeeze(response: Response, name: str) -> Response:
        response.vary.add("Accept-Encoding")
        how = next((each for each in SQUEEZES if request.accept_encodings.quality(each) > 0), None)
        if how is None:
            return response
        response.direct_passthrough = False
        if (name, how) not in squeezed:
            squeezed[name, how] = SQUEEZES[how](response.get_data())
        response.close()
        response.set_data(squeezed[name, how])
        response.content_encoding = how
        response.set_etag(f"{response.get_etag()[0]}-{how}")
        response.make_conditional(request)
        return response
