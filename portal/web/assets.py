"""Static files under names that change with their content, so that browsers may keep them for a year."""

import base64
import hashlib
from pathlib import Path

from flask import Flask, Response, request


def install(app: Flask) -> None:
    """Give templates `asset(name)` and `sri(name)`, and static answers their cache headers."""
    assert app.static_folder is not None
    folder = Path(app.static_folder)
    digests: dict[str, bytes] = {}

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
        return response
