"""From nothing to carousels, in two screens."""

from __future__ import annotations

import re


def test_a_new_visitor_gets_a_page_of_her_own(open_page, serious):
    page = open_page("/?member=persona-leyla&lang=en")
    page.get_by_role("link", name="A new visitor").click()
    page.get_by_role("heading", name="What do you do?").wait_for()
    assert serious(page) == []
    page.get_by_label("Search titles").fill("weld")
    page.get_by_role("link", name="Welder").click()
    page.get_by_role("heading", name="What would you like to learn?").wait_for()
    preview = page.locator(".preview")
    before = preview.inner_text()
    page.get_by_label("Search skills").fill("spreads")
    page.locator(".choice", has_text=re.compile("spreadsheet", re.I)).first.wait_for()
    page.get_by_label("Search skills").fill("machine lea")
    choice = page.locator(".choice", has_text="Machine learning").first
    choice.click()
    page.locator(".choice.on", has_text="Machine learning").wait_for()
    page.wait_for_function(
        "before => ![before, undefined].includes(document.querySelector('.preview')?.innerText)", arg=before
    )
    assert serious(page) == []
    page.get_by_role("button", name="Show my page").click()
    page.get_by_role("heading", name="Because you want to learn Machine learning").wait_for()
    assert page.locator(".card[data-course]").count() >= 6


def test_taking_a_pick_back(open_page):
    page = open_page("/welcome/skills?member=somebody&lang=de")
    page.locator(".choice", has_text="Python").first.click()
    picked = page.locator(".choice.on", has_text="Python")
    picked.wait_for()
    picked.click()
    picked.wait_for(state="detached")
    assert page.get_by_role("button", name="Meine Seite zeigen").is_visible()


def test_a_title_alone_is_enough(open_page):
    page = open_page("/welcome/skills?member=only-title&title=data_analyst&lang=en")
    page.get_by_role("button", name="Show my page").click()
    page.locator(".card[data-course]").first.wait_for()
    assert page.locator(".card[data-course]").count() >= 6


def test_who_said_nothing_finds_courses_in_the_language_of_the_interface(open_page, serious):
    page = open_page("/?member=visitor-who-said-nothing&lang=ja")
    assert page.locator("html").get_attribute("lang") == "ja"
    titles = page.locator(".carousel .card[data-course] h3").all_inner_texts()
    japanese = [bool(re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", title)) for title in titles]
    assert len(titles) >= 6
    assert all(japanese[:6])
    assert serious(page) == []
    titles = open_page("/?member=visitor-who-said-nothing&lang=en").locator(".card[data-course] h3").all_inner_texts()
    assert not any(re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", title) for title in titles)


def test_who_chose_nothing_is_met_in_the_browser_s_language(chromium, demo):
    context = chromium.new_context(locale="ja-JP")
    page = context.new_page()
    page.goto(demo.url + "/?member=visitor-from-tokyo")
    assert page.locator("html").get_attribute("lang") == "ja"
    assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", page.locator(".card[data-course] h3").first.inner_text())
    page.goto(demo.url + "/?member=persona-leyla")
    assert page.locator("html").get_attribute("lang") != "ja"  # her own languages are known
    context.close()
