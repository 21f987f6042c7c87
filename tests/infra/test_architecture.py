"""The house rules that a machine can hold: imports point downwards, only the edge knows Flask, files stay readable."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PORTAL = TOP / "portal"


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False)


def test_imports_point_downwards() -> None:
    found = contracts(TOP)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("portal/ledger/queries.py", "from portal.people import model"),  # upwards
        ("portal/money.py", "import portal.grants.rules"),
        ("portal/worker.py", "import portal.demo"),  # beside
        ("portal/exports/files.py", "from portal.connecting import queries"),  # who links whom is in no export
        ("portal/utils.py", ""),  # a room that nobody has planned
    ],
)
def test_an_import_that_points_elsewhere_breaks_the_build(tmp_path: Path, file: str, line: str) -> None:
    shutil.copytree(PORTAL, tmp_path / "portal", ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    (tmp_path / "portal" / "demo").mkdir(exist_ok=True)
    (tmp_path / "portal" / "demo" / "__init__.py").touch()
    with (tmp_path / file).open("a") as code:
        code.write(f"\n{line}\n")
    found = contracts(tmp_path)
    assert found.returncode != 0
    assert "BROKEN" in found.stdout or "not listed" in found.stdout or "utils" in found.stdout, found.stdout


def knows_flask(path: Path) -> bool:
    """The edge: the app itself, its commands, the web room, and files or packages named views (and forms, which are fields)."""
    inside = path.relative_to(PORTAL)
    return inside.parts[0] in ("app.py", "cli.py", "web") or "views" in inside.with_suffix("").parts


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def web_library(name: str) -> bool:
    top = name.split(".")[0]
    # Flask-SQLAlchemy is bound in db.py, and only there
    return top in ("flask", "werkzeug", "wtforms", "htmx_flask", "jinja2_fragments") or (
        top.startswith("flask_") and top != "flask_sqlalchemy"
    )


@pytest.mark.parametrize("path", sorted(PORTAL.rglob("*.py")), ids=lambda path: str(path.relative_to(TOP)))
def test_only_the_edge_knows_flask(path: Path) -> None:
    names = imported(ast.parse(path.read_text()))
    if "flask_sqlalchemy" in names:
        assert path == PORTAL / "db.py"
    if knows_flask(path):
        return
    found = {name for name in names if web_library(name)}
    if "forms" in path.relative_to(PORTAL).with_suffix("").parts:
        found = {name for name in found if name.split(".")[0] != "wtforms"}
    assert not found


@pytest.mark.parametrize("path", sorted(PORTAL.rglob("*.py")), ids=lambda path: str(path.relative_to(TOP)))
def test_time_comes_from_the_clock(path: Path) -> None:
    """No module but clock.py asks the computer what time it is (durations may be measured)."""
    if path == PORTAL / "clock.py":
        return
    asked = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr)
        in {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
    ]
    assert not asked, f"{path.name} asks the computer on line {asked}"


def test_nothing_else_stands_at_the_top() -> None:
    kept = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=False)
    if kept.returncode:
        pytest.skip("not a checkout")
    top = {line.split("/")[0] for line in kept.stdout.splitlines()}
    assert top <= {
        ".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "docs", "migrations", "portal", "pyproject.toml",
        "requirements-dev.lock", "requirements.lock", "static", "templates", "tests", "wsgi.py",
    }  # fmt: skip
