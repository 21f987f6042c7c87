"""How often somebody may do the things that cost something: sign-in codes, links, searches, exports.

A person who is signed in is counted as themselves, so that twelve seats who vote in one hall over one wifi do not stop each other;
everybody else by their address.

Counted in each server process; what must hold across processes (codes sent to one address, wrong tries) is counted in the
database by the action itself.
"""

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user


def who() -> str:
    """Whom a try is counted for."""
    return f"person {current_user.id}" if current_user.is_authenticated else get_remote_address()


limiter = Limiter(who, storage_uri="memory://", headers_enabled=True, strategy="moving-window")


def install(app: Flask) -> None:
    """Bind to the app; `RATELIMIT_ENABLED` false turns it off for tests that are about something else."""
    app.config.setdefault("RATELIMIT_ENABLED", not app.testing)

    @app.after_request
    def only_who_must_wait_is_told_to(response: Response) -> Response:
        """The limiter says so in every answer; what is asked for first is called last."""
        if response.status_code not in (429, 503):
            response.headers.pop("Retry-After", None)
        return response

    limiter.init_app(app)

    @app.before_request
    def without_files_it_is_small() -> None:
        if request.mimetype == "application/x-www-form-urlencoded":  # read whole into memory, which MAX_FORM_MEMORY_SIZE does not see
            request.max_content_length = app.config["MAX_FORM_MEMORY_SIZE"]
