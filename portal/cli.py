"""The `flask` commands: each checks its ground, does one thing, and ends with one clear line."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import BinaryIO

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import DBAPIError

from portal import backup, serving, worker
from portal import db as database
from portal.books import agree
from portal.config import BadSetting, Settings
from portal.demo import bulk, ground
from portal.demo.story import Story
from portal.errors import Problem
from portal.exports import filters, packs
from portal.history import SCHEME
from portal.ledger import checks, export
from portal.people import actions as people
from portal.places import load
from portal.places import queries as places
from portal.setup import actions as setup
from portal.timebank import foreign, imports
from portal.web.forms import one_line, parse_email, parse_phone, show_phone
from portal.words import _, _n

SEED = 7  # the demo that everybody sees

ledger_group = AppGroup("ledger", help="Prove the books, or hand them to somebody else's program.")


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


@ledger_group.command("reconcile")
def ledger_reconcile() -> None:
    """Work each sum out from ledger, awards, payments, register and exports, and print them as JSON; exit 1 when two disagree."""
    must_be_ready()
    found = agree.agreement()
    print(json.dumps(found.summary(), indent=2, ensure_ascii=False))
    for each in found.apart:
        print(f"kindling: apart by {each.off} pence: {each.name}", file=sys.stderr)
    if not found.ok:
        raise SystemExit(1)


@ledger_group.command("export")
@click.option("--format", "form", type=click.Choice(["hledger", "beancount"]), required=True)
@click.option("--output", type=click.Path(dir_okay=False, allow_dash=True), required=True, help="A file, or - for the terminal.")
def ledger_export(form: str, output: str) -> None:
    """Write every entry for hledger or Beancount, which then come to the same balances as we do; say how many."""
    must_be_ready()
    try:
        with click.open_file(output, "w", encoding="utf-8", atomic=True) as file:
            entries = 0
            for piece in export.lines(form):
                file.write(piece)
                entries += export.begins_entry(piece)
    except OSError as why:
        raise BadSetting(f"cannot write {output}: {why.strerror}") from why
    # after the books, and beside them when they go to the terminal or to another program
    if output == "-":
        print("kindling: " + _n("one entry is written.", "%(num)d entries are written.", entries), file=sys.stderr)
    else:
        print(f"{output}: " + _n("one entry", "%(num)d entries", entries))


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
        fill_demo(_print)
    must_be_ready()
    if places.scheme() is None:
        _tell_word()
        database.db.session.remove()
    serving.serve(host, port, _settings())


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup_command(file: Path) -> None:
    """Write the database and the photos to FILE, while the portal goes on."""
    must_be_ready()
    label = backup.back_up(file, _settings())
    print(
        f"{file}: {label['bytes']} bytes of {label['engine']}, {label['written_at']}. The keys are not in it: keep SECRET_KEY and VAULT_KEYS elsewhere."
    )


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@with_appcontext
def restore_command(file: Path) -> None:
    """Bring an empty database to what FILE holds, and prove its books."""
    with _one_line_when_away():
        label = backup.restore(file, _settings())
    must_be_ready()
    report = checks.check(full=True, caches=worker.CACHES)
    if not report.ok:
        raise BadSetting(f"restored, but the books are broken: {'; '.join(report.broken[:3])}")
    print(f"Restored as of {label['written_at']}. The books are whole: {report.entries} entries in {report.accounts} accounts.")


def fill_demo(say: Callable[[str], None], *, seed: int = SEED, scale: int = 1, anew: bool = False) -> None:
    """Bring the demo's database up to date, and give it its people when it has none, lost half of them, or is to begin `anew`.

    One clear line instead, when real people are in it.
    """
    from flask_migrate import upgrade

    data_dir = _settings().data_dir
    with _one_line_when_away():
        found = ground.standing()
        if found == "people":
            raise BadSetting(
                "the database holds a scheme that is not the demo's, and KINDLING_DEMO=1 would open it to anybody. Nothing was changed."
            )
        if found == "half" or (found == "whole" and anew):
            ground.clear(data_dir)
            found = "nothing"
        if database.age() == "older":
            upgrade()
        must_be_ready()
        if found == "whole":
            return
        say("Filling the demo scheme: about a minute, once.")
        Story(seed, data_dir, say).tell()
        if scale > 1:
            bulk.grow(seed, scale, say)
    database.db.session.remove()


@click.command("demo")
@click.option(
    "--scale", type=click.IntRange(1, 200), default=1, show_default=True, help="1: 300 people, two years; 100: a borough over ten."
)
@click.option("--seed", type=int, default=SEED, show_default=True)
@click.option("--reset", is_flag=True, help="Throw an older demo away first, with everything that was done in it.")
@with_appcontext
def demo(scale: int, seed: int, reset: bool) -> None:
    """Fill an empty database with a fictional scheme. Only with KINDLING_DEMO=1."""
    if not _settings().demo:
        raise BadSetting("the demo scheme is only for KINDLING_DEMO=1: it would stand among real people.")
    with _one_line_when_away():
        if not reset and ground.standing() == "whole":
            raise BadSetting("the database is not empty. For a fresh demo: make demo-reset")
    fill_demo(_print, seed=seed, scale=scale, anew=reset)


scheme_group = AppGroup("scheme", help="Set up a new scheme in an empty database.")


def _asked(given: str | None, question: str, understood: Callable[[str], str]) -> str:
    """An option as it is kept; who left it out is asked until it can be understood. BadSetting: an option that cannot."""
    if given is None:
        return str(click.prompt(question, value_proc=lambda text: _understood(text, understood)))
    try:
        return understood(given)
    except ValueError as why:
        raise BadSetting(str(why)) from why


def _understood(text: str, understood: Callable[[str], str]) -> str:
    try:
        return understood(text)
    except ValueError as why:
        raise click.UsageError(str(why)) from why


def _name(text: str) -> str:
    if not one_line(text):
        raise ValueError(_("Write a name."))
    return one_line(text)


@scheme_group.command("init")
@click.option("--name", help="What the scheme is called, like “Estuary Together”.")
@click.option("--email", help="Where people write to.")
@click.option("--telephone", help="Where people call.")
@click.option("--administrator", help="The name of the first administrator.")
@click.option("--administrator-email", help="Where they get their sign-in code.")
@with_appcontext
def scheme_init(
    name: str | None, email: str | None, telephone: str | None, administrator: str | None, administrator_email: str | None
) -> None:
    """Make an empty database a scheme with one administrator. What no option says is asked; the administrator does the rest on the pages."""
    must_be_ready()
    if places.scheme() is not None:
        raise BadSetting(_("There is a scheme in this database already. Its administrators change it at /desk/settings."))
    known = _asked(name, "Name of the scheme", _name)
    ways = _asked(email, "E-mail address for questions", parse_email), _asked(telephone, "Telephone for questions", parse_phone)
    first = _asked(administrator, "Name of the first administrator", _name)
    address = _asked(administrator_email, "Their e-mail address", parse_email)
    try:
        people.begin_scheme(known, ways[0], show_phone(ways[1]), first, address)
    except Problem as why:
        raise BadSetting(why.sentence) from why
    print(f"{known} begins. {first} signs in with {address}.")
    print(f"What is still to do stands at {_settings().base_url}/setup/checklist")


@scheme_group.command("token")
@with_appcontext
def scheme_token() -> None:
    """Print a fresh word that opens the set-up pages of an empty database; the one before opens nothing any more."""
    must_be_ready()
    try:
        _tell_word()
    except Problem as why:
        raise BadSetting(why.sentence) from why


def _tell_word() -> None:
    print(f"Nobody has set this portal up. Open  {_settings().base_url}/setup/  and type  {setup.new_token()}", flush=True)


@click.group("places")
def places_group() -> None:
    """Areas and their ward codes."""


@places_group.command("load")
@click.argument("file", type=click.File("rb"))
@with_appcontext
def places_load(file: BinaryIO) -> None:
    """Load areas and codes from a CSV file: all of it or nothing."""
    must_be_ready()
    try:
        changed, codes = load.load(file.read())
    except load.BadFile as why:
        for line in why.lines:
            print(f"kindling: {line}", file=sys.stderr)
        raise SystemExit(1) from why
    print(load.in_words(changed, codes))


@click.group("timebank")
def timebank_group() -> None:
    """The timebank’s members and hours."""


@timebank_group.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "source", type=click.Choice(foreign.SOURCES), required=True, help="The program that the files come from.")
@click.option("--area", default="", help="The code of the area whose timebank it was, where the files do not say one.")
@click.option("--unit", default=60, show_default=True, help="Minutes that one unit of Komunitin's currency is worth.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="THEIRS=OURS",
    help="The code of our kind of help that one of theirs becomes; =other for posts that have none. Again for each.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be done, and every problem by its line.")
@with_appcontext
def timebank_import(files: tuple[Path, ...], source: str, area: str, unit: int, kinds: tuple[str, ...], dry_run: bool) -> None:
    """Take members, balances, offers and requests over from CSV FILES: all of it or nothing, and each only once."""
    must_be_ready()
    if odd := next((each for each in kinds if "=" not in each), None):
        raise BadSetting(f"write --kind as THEIRS=OURS, like --kind Cuina=cooking, not {odd!r}")
    known = dict(each.rsplit("=", 1) for each in kinds)
    read = [(file.name, file.read_bytes()) for file in files]
    try:
        made = imports.plan(read, source, area, unit, known) if dry_run else imports.take_over(read, source, area, SCHEME, unit, known)
    except imports.NotReady as why:
        made = why.plan
    except Problem as why:
        raise BadSetting(why.sentence) from why
    for problem in made.problems:
        print(f"kindling: {imports.in_words(problem)}", file=sys.stderr)
    if made.stops:
        raise SystemExit(1)
    print(imports.told(made, dry_run=dry_run))


@click.command("export")
@click.argument("name")
@click.option("--year", default=None, help="Financial year like 2026-27; this one when not said.")
@click.option("--part", default="", help="A quarter of it, q1 to q4, or a month, m1 to m12.")
@click.option("--basis", default="", help="Which day counts, awarded or paid; the file's usual one when not said.")
@click.option("--fund", default="", help="The code of a fund.")
@click.option("--area", default="", help="The code of an area.")
@click.option("--changed", is_flag=True, help="Only what changed since this file was last taken.")
@click.option("--format", "form", default="", help="csv, xlsx or json; for the ledger hledger or beancount. The first when not said.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="A folder; manifest.json is written beside the file.")
@with_appcontext
def export_command(
    name: str, year: str | None, part: str, basis: str, fund: str, area: str, changed: bool, form: str, output: Path
) -> None:
    """Write one export and its manifest into a folder: 360giving-organisations, vcse-grants-register, lga-spend, ledger and others."""
    must_be_ready()
    try:
        form = form or packs.formats(name)[0]
        chosen = filters.of_year(year, basis or "awarded", fund, area, part)
        if changed:
            chosen = replace(chosen, changed_since=packs.last_taken(name))
        about = packs.write(name, form, packs.fitting(name, form, chosen, basis=basis), output, "command line")
    except Problem as why:
        raise BadSetting(why.sentence) from why
    except OSError as why:
        raise BadSetting(f"cannot write to {output}: {why.strerror}") from why
    print(f"{output / about['file']}: {about['rows']} rows, {about['total_pence']} pence")


def must_be_ready() -> None:
    """End with one clear line unless the database is there and stands where this code needs it."""
    with _one_line_when_away():
        age = database.age()
    if age == "older":
        raise BadSetting("the database is older than the code: run  flask --app wsgi db upgrade")
    if age == "newer":
        raise BadSetting("the database is newer than the code: run the newer code, or restore a backup from before.")


def _print(line: str) -> None:
    print(line, flush=True)


@contextmanager
def _one_line_when_away() -> Iterator[None]:
    try:
        yield
    except DBAPIError as why:
        raise BadSetting(_away(why)) from why


def _away(why: DBAPIError) -> str:
    said = str(why.orig).strip().splitlines()
    return f"cannot use the database of DATABASE_URL: {said[0] if said else type(why.orig).__name__}"


def _settings() -> Settings:
    settings = current_app.extensions["kindling"]
    assert isinstance(settings, Settings)
    return settings


def install(app: Flask) -> None:
    """Register the commands."""
    for command in (
        ledger_group,
        scheme_group,
        places_group,
        timebank_group,
        worker_command,
        serve,
        demo,
        export_command,
        backup_command,
        restore_command,
    ):
        app.cli.add_command(command)
    app.cli.add_command(scheme_init, "begin")  # its first name


__all__ = ["fill_demo", "install", "must_be_ready"]
