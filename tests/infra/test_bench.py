"""`make bench` runs, says every ratio, and ends well whatever they are; how large they are is no test's business."""

import json
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]


def test_it_runs_and_writes_what_it_found(tmp_path: Path) -> None:
    few = ["--rounds", "2", "--facts", "50", "--requests", "1", "--engines", "sqlite", "--output", str(tmp_path / "bench.json")]
    done = subprocess.run([sys.executable, "-m", "tests.bench", *few], cwd=TOP, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "bench.json").read_text())
    assert set(found["ratios"]) == {"start", "sqlite: the ledger", "sqlite: pages", "sqlite: search"}
    rows = [row for rows in found["ratios"].values() for row in rows]
    assert all(row["ours"] > 0 and row["bare"] > 0 and row["limit"] for row in rows)
    assert {row["what"] for row in rows} >= {
        "post one fact", "balance of an account", "statement page of 25 lines", "home, signed in", "register", "a bid, its applicant",
        "finance", "first visit: page and style",
    }  # fmt: skip
    for row in rows:
        assert row["what"].strip() in done.stdout
        assert row["held"] is (None if row["at_most"] is None else row["ours"] / row["bare"] <= row["at_most"])
