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


@pytest.mark.parametrize(
    "path", ["/admin", "/admin/coverage", "/admin/carousels", "/admin/inspect?member=persona-leyla"]
)
def test_a_phone_is_not_wider_than_it_is(open_page, path):
    page = open_page(path, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_chart_has_room_for_the_nights_to_come(open_page):
    chart = open_page("/admin").locator(".chart").first
    rooms, bars = chart.locator(".chart-room").count(), chart.locator("rect:not(.chart-room)").count()
    assert rooms == max(bars, 8)
    last, room = chart.locator(".chart-last").bounding_box(), chart.locator(".chart-room").last.bounding_box()
    assert (last["x"], last["y"] + last["height"]) == pytest.approx((room["x"], room["y"] + room["height"]), abs=1)


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
