"""The front door: home, help, health."""

from flask import Blueprint

from portal.web.policy import allow

front = Blueprint("front", __name__)


@front.get("/healthz")
@allow("anyone")
def healthz() -> tuple[dict[str, str], int]:
    """Whether the process answers."""
    return {"status": "ok"}, 200
