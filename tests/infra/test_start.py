"""Starting: an environment that is not fit says so in one line, and nothing half-way keeps running."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from portal import serving
from portal.config import BadSetting, Settings
from portal.db import db
from tests.conftest import Store
from tests.servers import NOTIFY_KEY, end, free_port

TOP = Path(__file__).parents[2]
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
RIGHT = {
    "SECRET_KEY": "s" * 40,
    "VAULT_KEYS": Fernet.generate_key().decode(),
    "DATABASE_URL": "sqlite:///unused.db",
    "BASE_URL": "https://sparks.example",
    "SENDER": "smtp",
    "SMTP_URL": "smtp://user:password@mail.example:587",
}


def bare(**env: str) -> dict[str, str]:
    """An environment with nothing of ours but `env`."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **env}


def said(command: list[str], env: dict[str, str]) -> str:
    """What it says on stderr as it refuses: one line, from us, with a code that is not 0."""
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=240, check=False)
    lines = done.stderr.strip().splitlines()
    assert done.returncode != 0, done.stdout
    assert len(lines) == 1 and lines[0].startswith("kindling: "), done.stderr
    return lines[0]


def test_real_people_need_a_second_factor_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    here = {"KINDLING_DATA": str(tmp_path)}
    assert Settings.from_environment({**here, **RIGHT}).second_factor
    assert not Settings.from_environment({**here, **RIGHT, "SECOND_FACTOR": "own-choice"}).second_factor
    assert not Settings.from_environment({**here, "KINDLING_DEMO": "1"}).second_factor
    assert Settings.from_environment({**here, "KINDLING_DEMO": "1", "SECOND_FACTOR": "required"}).second_factor


@pytest.mark.parametrize("name", ["SECRET_KEY", "VAULT_KEYS", "DATABASE_URL", "BASE_URL"])
def test_a_missing_setting_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSetting, match=f"{name} is not set"):
        Settings.from_environment({"KINDLING_DATA": str(tmp_path), **{key: value for key, value in RIGHT.items() if key != name}})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"VAULT_KEYS": "no key"}, "VAULT_KEYS"),
        ({"VAULT_KEYS": " , "}, "VAULT_KEYS"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"BASE_URL": "http://sparks.example"}, "BASE_URL"),
        ({"SENDER": "pigeon"}, "SENDER"),
        ({"SENDER": "console"}, "SENDER"),
        ({"SMTP_URL": ""}, "SMTP_URL"),
        ({"SMTP_URL": "mail.example:587"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://mail.example:port"}, "SMTP_URL"),
        ({"SENDER": "notify"}, "NOTIFY_API_KEY"),
        ({"NOTIFY_API_KEY": "half-a-key"}, "NOTIFY_API_KEY"),
        ({"SENDER": "notify", "NOTIFY_API_KEY": NOTIFY_KEY}, "NOTIFY_EMAIL_TEMPLATE"),
        ({"NOTIFY_URL": "http://notify.example"}, "NOTIFY_URL"),
        ({"MAIL_FROM": "nobody"}, "MAIL_FROM"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
        ({"SECOND_FACTOR": "no"}, "SECOND_FACTOR"),
    ],
)
def test_an_unsafe_setting_is_named(tmp_path: Path, change: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        Settings.from_environment({"KINDLING_DATA": str(tmp_path), **RIGHT, **change})


def test_and_it_is_one_line_and_a_code(tmp_path: Path) -> None:
    line = said([*FLASK, "routes"], bare(KINDLING_DATA=str(tmp_path), **{**RIGHT, "SECRET_KEY": ""}))
    assert line.startswith("kindling: SECRET_KEY is not set")
    assert "BASE_URL must begin with https" in said(
        [sys.executable, "-c", "import wsgi"], bare(KINDLING_DATA=str(tmp_path), **{**RIGHT, "BASE_URL": "http://x"})
    )


def test_right_settings_start(tmp_path: Path) -> None:
    env = bare(KINDLING_DATA=str(tmp_path), **{**RIGHT, "DATABASE_URL": f"sqlite:///{tmp_path / 'k.db'}"})
    assert subprocess.run([*FLASK, "db", "upgrade"], cwd=TOP, env=env, timeout=240, check=False).returncode == 0
    checked = subprocess.run([*FLASK, "ledger", "check"], cwd=TOP, env=env, capture_output=True, text=True, timeout=240, check=True)
    assert json.loads(checked.stdout)["ok"] is True


def test_the_demo_keeps_its_keys_to_itself(tmp_path: Path) -> None:
    env = bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path / "data"))
    assert subprocess.run([*FLASK, "db", "upgrade"], cwd=TOP, env=env, timeout=240, check=False).returncode == 0
    for name in ("secret.key", "vault.key"):
        assert (tmp_path / "data" / name).stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for folder in (tmp_path / "file" / "below", Path("/proc")):
        with pytest.raises(BadSetting, match="cannot use KINDLING_DATA"):
            Settings.from_environment({"KINDLING_DEMO": "1", "KINDLING_DATA": str(folder)})


def test_a_disk_without_room(tmp_path: Path) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); import wsgi"
    assert "cannot use KINDLING_DATA" in said([sys.executable, "-c", full], bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path)))


def demo(store: Store, **env: str) -> dict[str, str]:
    return bare(KINDLING_DEMO="1", KINDLING_DATA=str(store.home), DATABASE_URL=store.url, **env)


def put_back(store: Store, version: str) -> None:
    with store.app.app_context():
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        db.engine.dispose()


@pytest.mark.parametrize(
    ("version", "words"), [("0001", "older than the code: run  flask --app wsgi db upgrade"), ("9999", "newer than the code")]
)
def test_a_database_of_another_age(store: Store, version: str, words: str) -> None:
    put_back(store, version)
    assert words in said([sys.executable, "-c", "import wsgi"], demo(store))
    assert words in said([*FLASK, "worker", "--once"], demo(store))
    assert words in said([*FLASK, "ledger", "check"], demo(store))


def test_the_web_server_does_not_stay_up_over_an_old_database(store: Store) -> None:
    put_back(store, "0001")
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(free_port()), "--log-level", "warning", "wsgi:app"]
    done = subprocess.run(command, cwd=TOP, env=demo(store), capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode != 0 and "older than the code" in done.stderr + done.stdout


def test_no_database(tmp_path: Path) -> None:
    away = f"postgresql://kindling@127.0.0.1:{free_port()}/kindling"
    assert "cannot use the database" in said(
        [*FLASK, "worker", "--once"], bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), DATABASE_URL=away)
    )
    nowhere = f"sqlite:///{tmp_path}/no/such/folder/k.db"
    assert "cannot use the database" in said(
        [*FLASK, "worker", "--once"], bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), DATABASE_URL=nowhere)
    )
    (tmp_path / "k.db").write_text("this is no database, and it is long enough to be looked at as one " * 20)
    broken = f"sqlite:///{tmp_path}/k.db"
    assert "cannot use the database" in said(
        [*FLASK, "worker", "--once"], bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), DATABASE_URL=broken)
    )


@pytest.mark.parametrize("port", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none(port: str) -> None:
    with pytest.raises(BadSetting, match="PORT must be"):
        serving.place({"PORT": port})


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        line = said([*FLASK, "serve"], bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), PORT=port))
    assert port in line and "make run PORT=" in line
    assert not (tmp_path / "kindling.db").exists(), "nothing was begun"


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(what: Callable[[], bool], seconds: float = 45) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@pytest.mark.parametrize("ending", ["Ctrl-C", "stop", "kill -9", "web dies", "worker dies"])
def test_web_server_and_worker_live_and_end_together(tmp_path: Path, ending: str) -> None:
    port = free_port()
    env = bare(KINDLING_DEMO="1", KINDLING_DATA=str(tmp_path), PORT=str(port))
    process = subprocess.Popen([*FLASK, "serve"], cwd=TOP, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        until(lambda: "Kindling is at" in (process.stdout.readline() if process.stdout else "") or process.poll() is not None, 600)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
        children = children_of(process.pid)
        assert len(children) == 2
        everybody = [*children, *(grandchild for child in children for grandchild in children_of(child))]
        assert len(everybody) >= 3
        if ending == "Ctrl-C":
            process.send_signal(signal.SIGINT)
        elif ending == "stop":
            process.terminate()
        elif ending == "kill -9":
            process.kill()
        else:
            os.kill(children[0 if ending == "web dies" else 1], signal.SIGKILL)
        code = process.wait(60)
        assert code == (-9 if ending == "kill -9" else 0 if ending in ("Ctrl-C", "stop") else 1)
        until(lambda: not any(running(pid) for pid in everybody))
    finally:
        end(process)
        if process.stdout is not None:
            process.stdout.close()
