"""Every command, on a machine that is not fit for it: one clear line from us, a code that is not 0, and nothing half-done."""

import signal
import subprocess
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from portal.app import create_app
from portal.config import Settings
from portal.db import db
from portal.demo import ground
from portal.people.queries import holders
from tests.conftest import VAULT_KEY, Store, make_app
from tests.grants.season import begin
from tests.infra.test_start import FLASK, RIGHT, TOP, bare, demo, put_back, said
from tests.servers import end, free_port

COMMANDS = {
    "serve": ["serve"],
    "worker": ["worker", "--once"],
    "demo": ["demo"],
    "begin": ["begin", "--name", "X", "--email", "x@example.org", "--telephone", "01375 000000", "--administrator", "Ann",
              "--administrator-email", "ann@example.org"],
    "scheme init": ["scheme", "init"],
    "scheme token": ["scheme", "token"],
    "ledger check": ["ledger", "check"],
    "ledger export": ["ledger", "export", "--format", "hledger", "--output", "-"],
    "export": ["export", "lga-spend", "--output", "{home}/out"],
    "places load": ["places", "load", "{home}/places.csv"],
    "timebank import": ["timebank", "import", "{home}/places.csv", "--from", "template"],
    "backup": ["backup", "{home}/backup.tar"],
    "restore": ["restore", "{home}/places.csv"],
}  # fmt: skip


def all_say(home: Path, env: dict[str, str], *but: str) -> dict[str, str]:
    """The one line of each command, within one process: Python takes longer to start than a command to refuse."""
    (home / "places.csv").write_text("code,name,kind,parent,ons_code,valid_from\n")
    app = create_app(Settings.from_environment(env))
    lines = {}
    for name, words in COMMANDS.items():
        if name in but:
            continue
        done = app.test_cli_runner().invoke(args=[word.format(home=home) for word in words], env={"PORT": str(free_port())})
        assert done.exit_code == 1 and len(done.output.splitlines()) == 1, (name, done.output, done.exception)
        lines[name] = done.output.strip()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return lines


def test_every_command_is_here(tmp_path: Path) -> None:
    app = make_app(f"sqlite:///{tmp_path / 'k.db'}", tmp_path)
    known = set(app.cli.commands) - {"db", "ledger", "places", "scheme", "timebank"} | {
        "ledger check",
        "ledger export",
        "places load",
        "scheme init",
        "scheme token",
        "timebank import",
    }
    assert known == set(COMMANDS), "a new command needs its line here"


def test_a_key_is_made_before_there_are_settings() -> None:
    done = subprocess.run([sys.executable, "-m", "portal.vault"], cwd=TOP, env=bare(), capture_output=True, text=True, check=True)
    Fernet(done.stdout.strip())


def test_with_the_database_away(tmp_path: Path) -> None:
    url = f"postgresql://kindling@127.0.0.1:{free_port()}/kindling"
    for name, line in all_say(tmp_path, bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), DATABASE_URL=url)).items():
        assert line.startswith("kindling: cannot use the database of DATABASE_URL:"), name
    assert not (tmp_path / "out").exists() and not (tmp_path / "backup.tar").exists()


def test_over_an_old_database(tmp_path: Path) -> None:
    """But `restore`, which wants an empty one, and `demo`, which is not for such a scheme."""
    env = bare(KINDLING_DATA=str(tmp_path), **{**RIGHT, "DATABASE_URL": f"sqlite:///{tmp_path / 'k.db'}"})
    for name, line in all_say(tmp_path, env, "demo", "restore").items():
        assert line == "kindling: the database is older than the code: run  flask --app wsgi db upgrade", name


def test_over_a_newer_database(store: Store, tmp_path: Path) -> None:
    """Also a demo, which would bring an older one up to date."""
    put_back(store, "9999")
    for name, line in all_say(tmp_path, demo(store), "restore").items():
        assert "the database is newer than the code" in line, name


def test_with_no_room_on_the_disk(tmp_path: Path) -> None:
    """A full disk in the middle of a write: the file of the database may not grow, as under a quota."""
    url = f"sqlite:///{tmp_path / 'k.db'}"
    env = bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), DATABASE_URL=url)
    assert subprocess.run([*FLASK, "db", "upgrade"], cwd=TOP, env=env, capture_output=True, timeout=240, check=False).returncode == 0
    size = (tmp_path / "k.db").stat().st_size
    full = f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 4096}, {size + 4096})); sys.argv[0] = 'flask'; "
    full += "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from flask.__main__ import main; main()"
    line = said([sys.executable, "-c", full, "--app", "wsgi", "demo"], env)
    assert line.startswith("kindling: cannot use the database of DATABASE_URL: "), line
    again = subprocess.run([*FLASK, "ledger", "check"], cwd=TOP, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert again.returncode == 0 and '"ok": true' in again.stdout


def test_a_disk_that_can_only_be_read(tmp_path: Path) -> None:
    """Files may only be read: `export` and `backup` say so before they begin; a database file, when it is to be written."""
    assert "cannot use KINDLING_DATA=/proc" in said([*FLASK, "worker"], bare(KINDLING_DEMO="1", KINDLING_DATA="/proc"))
    env = bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), DATABASE_URL=f"sqlite:///{tmp_path / 'k.db'}")
    assert subprocess.run([*FLASK, "db", "upgrade"], cwd=TOP, env=env, capture_output=True, timeout=240, check=False).returncode == 0
    assert "cannot write" in said([*FLASK, "export", "lga-spend", "--output", "/proc/out"], env)
    assert "cannot write" in said([*FLASK, "backup", "/proc/backup.tar"], env)
    assert "cannot write" in said([*FLASK, "ledger", "export", "--format", "hledger", "--output", "/proc/books"], env)


def test_the_demo_stays_away_from_real_people(store: Store, tmp_path: Path) -> None:
    with store.app.app_context():
        begin()
    real = bare(KINDLING_DATA=str(tmp_path), **{**RIGHT, "DATABASE_URL": store.url, "VAULT_KEYS": VAULT_KEY})
    playing = bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), DATABASE_URL=store.url, PORT=str(free_port()))
    for words in (["demo"], ["demo", "--reset"]):
        assert "only for KINDLING_DEMO=1" in said([*FLASK, *words], real)
    for words in (["demo"], ["demo", "--reset"], ["serve"]):
        assert "is not the demo's" in said([*FLASK, *words], playing)
    with store.app.app_context():
        assert [each.name for each in holders("finance")] == ["Fay"]


def test_the_demo_is_kept_and_begins_anew_when_told(store: Store, tmp_path: Path) -> None:
    """A filling that was interrupted is begun again; a whole one is kept, unless somebody asks for a new one."""
    env = bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), DATABASE_URL=store.url)
    process = subprocess.Popen([*FLASK, "demo"], cwd=TOP, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stderr is not None
        while "of 3" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _rest, errors = process.communicate(timeout=240)
        # where the signal meets a destructor, Python says so in a line of its own before ours
        assert (process.returncode, errors.strip().rpartition("\n")[2]) == (1, "Aborted!"), errors
    finally:
        end(process)
    app = create_app(Settings.from_environment(env))
    with app.app_context():
        assert ground.standing() == "half"
        ground.clear(tmp_path)
        assert ground.standing() == "nothing"
        db.session.remove()
        db.engine.dispose()
    assert subprocess.run([*FLASK, "db", "upgrade"], cwd=TOP, env=env, capture_output=True, timeout=240, check=False).returncode == 0


def test_ctrl_c_ends_a_worker_cleanly(store: Store) -> None:
    env = bare(KINDLING_DEMO="1", KINDLING_DATA=str(store.home), DATABASE_URL=store.url)
    process = subprocess.Popen([*FLASK, "worker"], cwd=TOP, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        while "worker begins" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _said, errors = process.communicate(timeout=240)
        assert process.returncode == 0 and "Traceback" not in errors
    finally:
        end(process)
