"""Being somebody else, and tomorrow."""

from __future__ import annotations

import re


def courses(page):
    return page.eval_on_selector_all(".card[data-course]", "cards => cards.map(card => card.dataset.course)")


def test_the_picker_shows_who_it_is_and_the_page_follows(open_page):
    page = open_page("/?member=persona-leyla&lang=en")
    hers = courses(page)
    side = page.get_by_role("complementary")
    assert "accordions" in side.inner_text()
    assert side.get_by_text("Apache Kafka").is_visible()
    side.get_by_role("link", name="Dwight").click()
    page.get_by_role("heading", name="Picked for Dwight").wait_for()
    assert "Ohio" in page.get_by_role("complementary").inner_text()
    assert courses(page)[:5] != hers[:5]


def test_what_happens_today_stands_beside_the_page(open_page):
    page = open_page("/?member=persona-noor&lang=en")
    card = page.locator(".card[data-course]").first
    card.hover()
    card.locator(".hide").click()
    page.locator(".card.gone").wait_for()
    assert "hidden" not in page.get_by_role("complementary").inner_text()
    page.reload()
    hidden = page.locator(".happened li", has_text="hidden")
    hidden.wait_for()
    assert hidden.inner_text().split() == ["1", "hidden"]


def test_now_and_tomorrow(open_page, stores):
    page = open_page("/?member=persona-maelle&lang=en")
    day = page.locator(".turn .label").inner_text()
    served = stores[0].serving()
    page.set_default_timeout(120_000)
    page.get_by_role("button", name="Now, and tomorrow?").click()
    page.wait_for_function(
        "before => document.readyState === 'complete'"
        " && ![before, undefined].includes(document.querySelector('.turn .label')?.innerText)",
        arg=day,
    )
    assert stores[0].serving() != served
    morning = page.get_by_role("status").filter(has_text="Good morning")
    # how many, or why there are none: never "0 new courses"
    assert re.search(r"brought [1-9]\d* new courses|had already taken in what happened", morning.inner_text())
    assert page.locator(".card[data-course]").count() > 6
