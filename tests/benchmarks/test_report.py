"""Results in the README come from what the scripts kept and from nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
KEPT = """{"question": "How fast?", "command": "python benchmarks/some.py", "day": "2026-06-01", "minutes": 2.0,
 "machine": {"processor": "One", "cores": 2, "memory_gb": 24, "virtual": true, "system": "Linux x86_64"},
 "versions": {"python": "3.11.7"}, "load_before": 0.1, "load_after": 1.9,
 "tables": [{"title": "Speed", "columns": ["engine", "us", "members"], "rows": [["ours", 12.345, 4096]], "note": ""}],
 "goals": [{"what": "ours / theirs", "measured": 2.0, "must": 1.5, "ambitious": null, "unit": "x", "verdict": "must"}],
 "skipped": ["theirs: install it"]}"""


def report(*arguments: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, str(FOLDER / "report.py"), *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def test_tables_goals_and_what_was_left_out_are_told(tmp_path: Path) -> None:
    (tmp_path / "some.json").write_text(KEPT, encoding="utf-8")

    lines = report("--results", str(tmp_path), "--print").stdout.splitlines()

    assert "| ours / theirs | 2.00 x | 1.5 x |  | must |" in lines
    assert "| ours | 12.3 | 4,096 |" in lines
    assert "Not measured: theirs: install it." in lines
    assert "One (virtual), 2 cores, 24 GB, Linux x86_64; python 3.11.7." in lines


def test_the_readme_says_what_the_results_say() -> None:
    assert report("--check").returncode == 0, "run: python benchmarks/report.py"
