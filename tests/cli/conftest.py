"""Commands run in this process; the sample tables of `init` are their data, one night of them their store."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import Any

import pytest

from skillfirst.cli.main import run

DAY = "2026-06-10"


@dataclass(frozen=True)
class Said:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON object it must be."""
        return json.loads(self.out)

    def fails(self, code: int, *words: str) -> None:
        """One message on standard error, nothing on standard output, no traceback."""
        assert self.code == code, (self.code, self.err)
        assert self.out == ""
        assert self.err.startswith("skillfirst: ")
        assert "Traceback" not in self.err
        assert "nobody foresaw" not in self.err
        for word in words:
            assert word in self.err


@pytest.fixture
def skillfirst(capfd, monkeypatch, tmp_path):
    """Call a command: skillfirst("run", "--data", path)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: Any) -> Said:
        capfd.readouterr()
        code = run([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return call


@pytest.fixture(scope="session")
def academy(tmp_path_factory):
    """The folder that `init` makes; not to be changed."""
    folder = tmp_path_factory.mktemp("cli") / "academy"
    assert run(["init", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def night(academy):
    """A store with one run of the academy; not to be changed."""
    store = academy.parent / "store"
    assert run(["run", "--data", str(academy), "--store", str(store), "--day", DAY]) == 0
    return store


@pytest.fixture
def store(night, tmp_path):
    """A copy of the store to change."""
    return shutil.copytree(night, tmp_path / "store", symlinks=True)
