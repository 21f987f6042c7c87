"""The application, put together: settings, database, pages, access. The table of contents."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, g
from flask_babel import Babel, gettext, ngettext
from flask_compress import Compress
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from portal import cli, outbox, vault, words
from portal.books import views as books
from portal.config import Settings
from portal.connecting.views import connecting
from portal.db import db
from portal.events.views import events
from portal.exports.api.views import api
from portal.exports.dashboard.views import dashboard
from portal.exports.initiatives.views import initiatives
from portal.exports.privacy.views import privacy
from portal.exports.publish.views import publish
from portal.exports.strengths.views import strengths_data
from portal.exports.views import exports
from portal.front.views import front
from portal.gifts import views as gifts
from portal.grants.views.appeals import appeals
from portal.grants.views.apply import bids
from portal.grants.views.award import awards
from portal.grants.views.bank import bank
from portal.grants.views.cheques import cheques
from portal.grants.views.corrections import put_right
from portal.grants.views.decide import decisions
from portal.grants.views.finance import finance
from portal.grants.views.from_idea import idea_bids
from portal.grants.views.funders import desk_funders
from portal.grants.views.goods import other_help
from portal.grants.views.match import neighbours
from portal.grants.views.match_offers import desk_match_offers
from portal.grants.views.purchases import purchases
from portal.grants.views.quick import quick
from portal.grants.views.quick_review import quick_reviews
from portal.grants.views.report import reports
from portal.grants.views.rounds import desk_rounds
from portal.grants.views.top_slice import desk_top_slice
from portal.grants.views.wishes import line_wishes
from portal.ideas import views as ideas
from portal.merging.views import merging
from portal.outcomes import views as outcomes
from portal.panels.views import panels
from portal.panels.views.seats import panel_seats
from portal.people import sessions
from portal.people.access import Nobody, Who
from portal.people.views import demo_people, people
from portal.people.views.proving import proving
from portal.places import queries as places
from portal.places.views import desk_places
from portal.postroom.views import dev, postroom
from portal.settings.views import PAGES as settings_pages
from portal.setup.views import setup
from portal.strengths import views as strengths
from portal.surveys import views as surveys
from portal.timebank import views as timebank
from portal.web import assets, csp, failures, filters, interface, limits, logs, policy

BLUEPRINTS: list[Blueprint] = [
    setup,
    front,
    people,
    proving,
    desk_places,
    *settings_pages,
    idea_bids,
    put_right,
    line_wishes,
    bids,
    neighbours,
    other_help,
    reports,
    awards,
    decisions,
    quick,
    quick_reviews,
    appeals,
    desk_rounds,
    desk_funders,
    desk_top_slice,
    desk_match_offers,
    *outcomes.PAGES,
    panels,
    panel_seats,
    *timebank.PAGES,
    events,
    *ideas.PAGES,
    *strengths.PAGES,
    *gifts.PAGES,
    connecting,
    *surveys.PAGES,
    finance,
    bank,
    cheques,
    purchases,
    merging,
    postroom,
    publish,
    exports,
    *books.PAGES,
    strengths_data,
    dashboard,
    privacy,
    initiatives,
    api,
]
DEMO_BLUEPRINTS: list[Blueprint] = [demo_people, dev]
TOP = Path(__file__).parent.parent


class RowNumber(IntegerConverter):
    """A number in an address: one that no row can have is no address, rather than an error of the database."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(map, *args, **{"max": 2**31 - 1, **kwargs})


def create_app(settings: Settings | None = None) -> Flask:
    """A ready application. Without `settings` they are read from the environment, which may end the process with one line."""
    settings = settings or Settings.from_environment()
    app = Flask("portal", root_path=str(TOP / "portal"), template_folder=str(TOP / "templates"), static_folder=str(TOP / "static"))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-kindling" if settings.https else "kindling",
        PERMANENT_SESSION_LIFETIME=180 * 24 * 3600,
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # same-origin is already proved by the token; proxies strip referrers
        MAX_CONTENT_LENGTH=40 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        BABEL_DEFAULT_TIMEZONE="Europe/London",
        BABEL_DEFAULT_LOCALE="en_GB",
        BABEL_TRANSLATION_DIRECTORIES=str(TOP / "portal" / "translations"),
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
        KINDLING=settings,
        TESTING=settings.testing,
    )
    app.url_map.converters["int"] = RowNumber
    app.extensions["kindling"] = settings
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)  # type: ignore[method-assign]
    vault.open_with(settings.vault_keys)
    outbox.reached_at(settings.base_url)
    db.init_app(app)
    Migrate(app, db, directory=str(TOP / "migrations"), render_as_batch=False)
    Babel(app, locale_selector=lambda: g.get("locale") or "en_GB")
    words.translate_with(gettext, ngettext)
    Htmx(app)
    for install in (logs.install, limits.install, filters.install, failures.install, interface.install):
        install(app)
    csrf = CSRFProtect(app)
    _sign_in(app, settings)
    policy.install(app)
    csp.install(app, settings.https)
    Compress(app)
    assets.install(app)
    _every_page(app, settings)
    for blueprint in BLUEPRINTS + (DEMO_BLUEPRINTS if settings.demo else []):
        app.register_blueprint(blueprint)
    policy.exempt(app, csrf)
    cli.install(app)
    return app


def _engine_options(settings: Settings) -> dict[str, object]:
    if settings.database_url.startswith("sqlite"):
        return {"hide_parameters": True}
    # READ COMMITTED: every action locks what it judges by
    return {
        "hide_parameters": True,  # what people typed is not for the log
        "pool_size": 4,
        "max_overflow": 4,
        "pool_pre_ping": True,
        "connect_args": {"options": "-c lock_timeout=10s -c statement_timeout=60s"},
    }


def _sign_in(app: Flask, settings: Settings) -> None:
    manager = LoginManager(app)
    manager.anonymous_user = Nobody
    manager.session_protection = None  # phones change networks; the session row is what ends a sign-in

    @manager.user_loader
    def load(token: str) -> Who | None:
        return sessions.who_has(token, second=settings.second_factor)


def _every_page(app: Flask, settings: Settings) -> None:
    @app.context_processor
    def context() -> dict[str, object]:
        return {"scheme": None if g.get("failed") else places.scheme(), "demo": settings.demo}
