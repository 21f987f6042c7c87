"""The `flask` commands: each checks its ground, does one thing, and ends with one clear line."""

import json
import os
import signal
import sys
import threading
from types import FrameType
from typing import TextIO

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import DBAPIError

from portal import db as database
from portal import serving, vault, worker
from portal.config import BadSetting, Settings
from portal.ledger import checks, export

vault_group = AppGroup("vault", help="Keys for bank details.")
ledger_group = AppGroup("ledger", help="Prove the books, or hand them to somebody else's program.")


@vault_group.command("new-key")
def vault_new_key() -> None:
    """Print a fresh key to put first in VAULT_KEYS."""
    print(vault.new_key())


@ledger_group.command("check")
@click.option("--since-last-proof", is_flag=True, help="Only what came after the last clean check.")
def ledger_check(since_last_proof: bool) -> None:
    """Replay the books and print what was found as JSON; exit 1 and name what broke when something did."""
    must_be_ready()
    report = checks.check(full=not since_last_proof, caches=worker.CACHES)
    print(json.dumps(report.summary(), indent=2, ensure_ascii=False))
    for line in report.broken:
        print(f"kindling: broken: {line}", file=sys.stderr)
    if not report.ok:
        raise SystemExit(1)


@ledger_group.command("export")
@click.option("--format", "form", type=click.Choice(["hledger", "beancount"]), required=True)
@click.option(
    "--output", type=click.File("w", encoding="utf-8", lazy=False, atomic=True), required=True, help="A file, or - for the terminal."
)
def ledger_export(form: str, output: TextIO) -> None:
    """Write every entry for hledger or Beancount, which then come to the same balances as we do."""
    must_be_ready()
    for line in export.lines(form):
        output.write(line)


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@with_appcontext
def worker_command(once: bool) -> None:
    """Send the outbox and do what is due, until stopped."""
    must_be_ready()
    if once:
        worker.run_once(_settings())
        return
    stop = threading.Event()

    def stopped(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, stopped)
    signal.signal(signal.SIGINT, stopped)
    worker.run(_settings(), stop)


@click.command("serve")
@with_appcontext
def serve() -> None:
    """Run the web server and the worker together, at HOST and PORT. A demo is brought up to date and filled first."""
    host, port = serving.place(os.environ)
    if _settings().demo:
        fill_demo(only_if_empty=True)
    must_be_ready()
    serving.serve(host, port, _settings())


def fill_demo(*, only_if_empty: bool) -> None:
    """Migrate the demo's database; give it its people when it has none."""
    from flask_migrate import upgrade

    try:
        upgrade()
    except DBAPIError as why:
        raise BadSetting(_away(why)) from why
    database.db.session.remove()


def must_be_ready() -> None:
    """End with one clear line unless the database is there and stands where this code needs it."""
    try:
        age = database.age()
    except DBAPIError as why:
        raise BadSetting(_away(why)) from why
    if age == "older":
        raise BadSetting("the database is older than the code: run  flask --app wsgi db upgrade")
    if age == "newer":
        raise BadSetting("the database is newer than the code: run the newer code, or restore a backup from before.")


def _away(why: DBAPIError) -> str:
    said = str(why.orig).strip().splitlines()
    return f"cannot use the database of DATABASE_URL: {said[0] if said else type(why.orig).__name__}"


def _settings() -> Settings:
    settings = current_app.extensions["kindling"]
    assert isinstance(settings, Settings)
    return settings


def install(app: Flask) -> None:
    """Register the commands."""
    for command in (vault_group, ledger_group, worker_command, serve):
        app.cli.add_command(command)


__all__ = ["fill_demo", "install", "must_be_ready"]
