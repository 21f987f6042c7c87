"""`make`: lists itself, and says in one line what a machine lacks."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MAKEFILE = (TOP / "Makefile").read_text()


def make(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name not in ("PYTHON", "PORT", "DATABASE_URL")
    }
    return subprocess.run(["make", *words], cwd=folder, env={**clean, **env}, capture_output=True, text=True, check=False)


def test_help_lists_every_target_that_people_call() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert {"run", "install", "test", "bench", "lint", "lock", "demo-reset", "css", "help"} <= targets
    listed = set(re.findall(r"^  make ([a-z-]+) ", make(TOP).stdout, re.MULTILINE))
    assert listed == targets
    assert set(re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE)) == targets


def test_run_hands_over_port_and_database(tmp_path: Path) -> None:
    """What would run, with the settings that a person gave on the command line or in the environment."""
    shutil.copy(TOP / "Makefile", tmp_path)
    seen = tmp_path / "seen"
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$KINDLING_DEMO|$PORT|$DATABASE_URL|$*" > {seen}\n')
    python.chmod(0o755)
    (tmp_path / "requirements.lock").touch()
    (tmp_path / ".venv" / ".runs").touch()
    assert make(tmp_path, "run", "PORT=8123", "DATABASE_URL=postgresql://me@db/kindling").returncode == 0
    assert seen.read_text() == "1|8123|postgresql://me@db/kindling|-m flask --app wsgi serve\n"
    assert make(tmp_path, "run", PORT="8124", DATABASE_URL="sqlite:///x.db").returncode == 0
    assert seen.read_text() == "1|8124|sqlite:///x.db|-m flask --app wsgi serve\n"
    assert make(tmp_path, "run").returncode == 0
    assert seen.read_text() == "1|8000||-m flask --app wsgi serve\n"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('[ "$1" = -V ] && { echo "Python 3.9.2"; exit; }; exit 1', "needs Python 3.11 or newer; {python} is Python 3.9.2"),
        ('[ "$1" = -m ] && exit 1; exit 0', "cannot make an environment: install its venv package"),
    ],
)
def test_a_python_that_will_not_do_is_named(tmp_path: Path, script: str, words: str) -> None:
    shutil.copy(TOP / "Makefile", tmp_path)
    shutil.copy(TOP / "requirements.lock", tmp_path)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    done = make(tmp_path, "install", f"PYTHON={python}")
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1 and words.format(python=python) in said[0], done.stderr
    assert not (tmp_path / ".venv").exists()


def test_no_python_at_all(tmp_path: Path) -> None:
    shutil.copy(TOP / "Makefile", tmp_path)
    shutil.copy(TOP / "requirements.lock", tmp_path)
    done = make(tmp_path, "install", "PYTHON=")
    assert done.returncode != 0 and "needs Python 3.11 or newer, and there is none here" in done.stderr


def test_the_locks_carry_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (TOP / name).read_text()
        pins = re.findall(r"^[a-z0-9][^=\s]*==", text, re.MULTILINE)
        assert len(pins) > 20
        assert text.count("--hash=sha256:") >= len(pins)
        assert not re.search(r"https?://|--index-url|--find-links |file://", text), name


def test_ci_needs_nothing_from_us_and_asks_nothing() -> None:
    script = TOP / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert "</dev/null" in text and "CI=true" in text and "make test" in text and "make lint" in text
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
