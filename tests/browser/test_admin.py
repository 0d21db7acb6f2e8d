"""The manager's view in a browser."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "path",
    [
        "/admin",
        "/admin/coverage",
        "/admin/carousels",
        "/admin/inspect?member=persona-leyla&course=java-essentials-2025",
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible(open_page, serious, path, scheme):
    page = open_page(path, scheme=scheme)
    assert page.get_by_role("heading", level=1).inner_text()
    assert serious(page) == []


def test_from_runs_to_the_inspector(open_page):
    page = open_page("/admin")
    page.get_by_role("link", name="Coverage").click()
    page.get_by_role("heading", name="Coverage").wait_for()
    page.get_by_role("link", name="Why / why not").click()
    page.get_by_label("Member").fill("persona-leyla")
    page.get_by_label("Course, id or title (optional)").fill("java-essentials-2025")
    page.get_by_role("button", name="Look").click()
    page.get_by_role("heading", name="Java Essentials").wait_for()
    assert "×" in page.locator(".rows .num").first.inner_text()
