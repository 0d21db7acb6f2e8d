"""What holds for the whole suite."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in the browser come last: its driver leaves an event loop behind that others would stumble over."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
