"""Pages of the documentation as text."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def page():
    """page("how-it-works.md"): its text."""
    return lambda name: (ROOT / name if "/" in name or name.isupper() else ROOT / "docs" / name).read_text("utf-8")
