"""The floors of the house, checked as `make lint` checks them; and that heavy parts are named where they belong."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "skillfirst").rglob("*.py"))


def test_imports_run_downward_only(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def _named(path: Path) -> set[str]:
    """Top-level modules that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_spark_is_named_in_one_file():
    assert [p.name for p in SOURCES if "pyspark" in _named(p)] in ([], ["spark.py"])


def test_nothing_from_outside_is_unpickled():
    """Pickles travel between our own processes (engines) and nowhere else."""
    allowed = ROOT / "src" / "skillfirst" / "engines"
    assert [str(p) for p in SOURCES if "pickle" in _named(p) and allowed not in p.parents] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src" / "skillfirst")))
def test_a_file_stays_readable(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 520
    assert path.stem not in ("utils", "common", "helpers", "misc")
    for word in ("TODO", "FIXME", "XXX"):
        assert word not in text
