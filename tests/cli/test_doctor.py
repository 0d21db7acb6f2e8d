"""What doctor looks for is what can be installed."""

import tomllib
from pathlib import Path

from skillfirst.cli.doctor import EXTRAS

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]


def test_every_extra_of_the_project_is_looked_for() -> None:
    assert set(EXTRAS) == set(PROJECT["optional-dependencies"])
