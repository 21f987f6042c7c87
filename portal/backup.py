"""A whole scheme in one file and back: the database as of one instant, the photos, and what they are.

The keys (SECRET_KEY, VAULT_KEYS) are not in it, so a stolen file opens no bank details; keep them somewhere else.
"""

import hashlib
import json
import os
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import inspect

from portal import clock
from portal.config import BadSetting, Settings
from portal.db import db

LABEL, DATABASE, PHOTOS = "kindling.json", "database", "photos"
FORMAT = 1
NO_BACKUP = "that file is no backup of ours, or it is damaged."


def back_up(file: Path, settings: Settings) -> dict[str, Any]:
    """Write `file` (which must not be there yet); returns its label. BadSetting with one line when that cannot be."""
    if file.exists():
        raise BadSetting(f"{file} is there already; a backup never replaces another. Choose a new name.")
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".kindling-backup-") as folder:
            copy = Path(folder) / DATABASE
            _dump(settings.database_url, copy)
            label = {
                "format": FORMAT,
                "engine": db.engine.dialect.name,
                "written_at": clock.now().isoformat(timespec="seconds"),
                "bytes": copy.stat().st_size,
                "sha256": _sha256(copy),
            }
            (Path(folder) / LABEL).write_text(json.dumps(label))
            whole = Path(folder) / "whole"
            with (
                os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
                tarfile.open(fileobj=out, mode="w") as tar,
            ):
                tar.add(Path(folder) / LABEL, LABEL)
                tar.add(copy, DATABASE)
                if (settings.data_dir / PHOTOS).is_dir():  # after the database: a photo is kept before its row
                    tar.add(settings.data_dir / PHOTOS, PHOTOS)
                out.flush()
                os.fsync(out.fileno())
            os.link(whole, file)  # unlike a rename, this never replaces what somebody else has put there
    except OSError as why:
        raise BadSetting(f"cannot write {file}: {why.strerror or why}") from why
    return label


def restore(file: Path, settings: Settings) -> dict[str, Any]:
    """Bring an empty database and its photos to what `file` holds; returns its label. BadSetting with one line when that cannot be."""
    if inspect(db.engine).get_table_names():
        raise BadSetting("a backup is only restored into an empty database, and this one has tables. Point DATABASE_URL at a new one.")
    db.session.remove()
    db.engine.dispose()
    try:
        with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".kindling-restore-") as folder, tarfile.open(file, "r:") as tar:
            tar.extractall(folder, filter="data")  # refuses paths that lead elsewhere
            label = _judged(Path(folder), db.engine.dialect.name)
            _load(settings.database_url, Path(folder) / DATABASE)
            if (Path(folder) / PHOTOS).is_dir():
                _put_photos(Path(folder) / PHOTOS, settings.data_dir / PHOTOS)
    except tarfile.TarError as why:
        raise BadSetting(NO_BACKUP) from why
    except OSError as why:
        raise BadSetting(f"cannot restore {file}: {why.strerror or why}") from why
    return label


def _judged(folder: Path, engine: str) -> dict[str, Any]:
    try:
        label: dict[str, Any] = json.loads((folder / LABEL).read_text())
        whole = label["format"] == FORMAT and label["sha256"] == _sha256(folder / DATABASE)
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise BadSetting(NO_BACKUP)
    if label["engine"] != engine:
        raise BadSetting(f"that backup is of {label['engine']}, and DATABASE_URL is {engine}.")
    return label


def _dump(url: str, to: Path) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_sqlite_file(url))) as source, closing(sqlite3.connect(to)) as copy:
            source.backup(copy)  # one consistent view; writers go on meanwhile
            _judge_sqlite(copy)
        return
    _postgresql("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={to}")


def _load(url: str, copy: Path) -> None:
    if url.startswith("sqlite"):
        target = Path(_sqlite_file(url))
        target.unlink(missing_ok=True)  # looking whether it was empty has made it
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(target)) as whole:
            _judge_sqlite(source)
            source.backup(whole)
        return
    _postgresql("pg_restore", url, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(copy))


def _judge_sqlite(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",) or connection.execute("PRAGMA foreign_key_check").fetchone():
        raise BadSetting("SQLite finds this database damaged; restore an earlier backup.")


def _postgresql(program: str, url: str, *options: str) -> None:
    where = conninfo_to_dict(url.replace("postgresql+psycopg://", "postgresql://"))
    env = dict(os.environ)
    if password := where.pop("password", None):
        env["PGPASSWORD"] = str(password)  # not on the command line, where everybody on the machine reads it
    command = [program, f"--dbname={make_conninfo('', **where)}", *options]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError as why:
        raise BadSetting(f"{program} is not installed here: it comes with PostgreSQL's client programs.") from why
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise BadSetting(f"{program} did not succeed: {lines[0]}")


def _put_photos(found: Path, to: Path) -> None:
    for photo in found.rglob("*"):
        if photo.is_file():
            target = to / photo.relative_to(found)
            target.parent.mkdir(parents=True, exist_ok=True)
            photo.replace(target)


def _sqlite_file(url: str) -> str:
    return url.removeprefix("sqlite:///")


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
