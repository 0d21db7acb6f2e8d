"""The page as people use it: with a pointer, with a keyboard, wide and narrow, in five languages."""

from __future__ import annotations

import re

import pytest

CARDS = ".card[data-course]"
HEADINGS = {
    "en": "Picked for Leyla", "de": "Ausgesucht für Leyla", "fr": "Choisis pour Leyla", "es": "Elegido para Leyla",
    "ja": "Leylaさんへのおすすめ",
}  # fmt: skip


def courses(page):
    return page.eval_on_selector_all(CARDS, "cards => cards.map(card => card.dataset.course)")


@pytest.mark.parametrize("language", sorted(HEADINGS))
def test_the_page_in_five_languages(open_page, serious, language):
    page = open_page(f"/?member=persona-leyla&lang={language}")
    assert page.locator("h1").inner_text() == HEADINGS[language]
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator(CARDS).count() > 12
    assert len(set(courses(page))) == len(courses(page))  # a course once a page
    assert page.locator(".story p").first.get_attribute("lang") == language
    assert serious(page) == []


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_titles_of_people_stay_in_their_places(open_page, language):
    page = open_page(f"/?member=persona-leyla&lang={language}")
    sticking_out = """people => people.filter(a => [...a.querySelectorAll('small')].some(
        s => s.scrollWidth > s.clientWidth + 1 || s.getBoundingClientRect().right > a.getBoundingClientRect().right))
        .map(a => a.innerText)"""
    assert page.locator(".people small").count() >= 7
    assert page.eval_on_selector_all(".people a", sticking_out) == []


@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    ["/?member=persona-haruka", "/skills?member=persona-haruka", "/course/java-essentials-2025?member=persona-leyla"],
)
def test_nothing_sticks_out_and_everything_can_be_read(open_page, serious, width, scheme, path):
    page = open_page(path, width=width, scheme=scheme)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []


def test_hide_and_undo(open_page):
    page = open_page("/?member=persona-haruka&lang=en")
    kept, hidden = courses(page)[1], courses(page)[2]

    def hide(course):
        card = page.locator(f'{CARDS}[data-course="{course}"]')
        place = "#" + card.get_attribute("id")
        card.hover()
        card.get_by_role("button", name=re.compile("Not interested")).click()
        page.locator(f"{place}.gone").get_by_text("You will not see this course again").wait_for()
        return place

    place = hide(kept)
    assert page.evaluate("document.activeElement.innerText") == "Undo"  # the keyboard is where it was
    page.locator(place).get_by_role("button", name="Undo").click()
    page.locator(f'{place}[data-course="{kept}"]').wait_for()
    hide(hidden)
    page.reload()
    assert hidden not in courses(page)
    assert kept in courses(page)


def test_why_shows_the_numbers(open_page, serious):
    page = open_page("/?member=persona-leyla&lang=en")
    page.locator('.carousel[data-context="skill"] .why, .carousel[data-context="wanted"] .why').first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="Why you see this course").wait_for()
    assert dialog.locator(".bar-fill").count() >= 1
    assert float(dialog.locator(".bar-fill").first.get_attribute("width").rstrip("%")) == 100.0
    assert dialog.locator(".dialog-reason").inner_text().startswith("Because you")  # numbers when asked for
    number = dialog.locator(".bar-number").first
    assert not number.is_visible()
    assert serious(page) == []
    dialog.get_by_text("The numbers").click()
    number.wait_for()
    assert re.search(r"rare × \d\.\d\d held", dialog.locator(".bar-number").first.inner_text())
    assert serious(page) == []
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_refusing_a_skill_changes_the_page(open_page):
    page = open_page("/?member=persona-dwight&lang=en")
    rows = page.locator(".carousel").evaluate_all("rows => rows.map(row => row.dataset.key)")
    skill = next(key.split(":")[1] for key in rows if key.split(":")[0] in ("skill", "stay_sharp", "wanted"))
    page.get_by_role("link", name="My skills").click()
    page.locator(f'#skills li[data-skill="{skill}"] button').click()
    page.get_by_role("heading", name="Taken out by you").wait_for()
    page.get_by_role("link", name="For you").click()
    page.get_by_role("heading", level=1).wait_for()
    assert not any(
        key.endswith(f":{skill}") for key in page.locator(".carousel").evaluate_all("r => r.map(x => x.dataset.key)")
    )
    page.get_by_role("link", name="My skills").click()
    page.get_by_role("button", name=re.compile("Restore")).click()
    page.get_by_role("heading", name="Taken out by you").wait_for(state="detached")


def test_adding_a_skill_by_its_name(open_page):
    page = open_page("/skills?member=persona-iker&lang=es")
    page.get_by_label("Añade una aptitud").fill("Python")
    page.get_by_role("button", name="Añadir").click()
    wanted = page.locator("#group-wanted ~ ul li[data-skill]")
    wanted.and_(page.locator('[data-skill="python"]')).wait_for()
    before = wanted.evaluate_all("rows => rows.map(row => row.dataset.skill)")
    page.get_by_label("Añade una aptitud").fill("flying carpets")
    page.get_by_role("button", name="Añadir").click()
    page.get_by_text("No conocemos esa aptitud").wait_for()
    assert wanted.evaluate_all("rows => rows.map(row => row.dataset.skill)") == before


def test_more_without_a_page_load(open_page):
    page = open_page("/?member=persona-haruka&lang=en")
    page.evaluate("window.same = true")
    row = page.locator(".carousel:has(.more)").first
    before, whole = row.locator(CARDS).count(), row.element_handle()
    row.locator(".more").click()
    page.wait_for_function(
        "([row, n]) => row.querySelectorAll('.card[data-course]').length > n || !row.querySelector('.more')",
                           arg=[whole, before])  # fmt: skip
    assert page.evaluate("window.same") is True
    assert len(set(courses(page))) == len(courses(page))


def test_saving_keeps_a_course(open_page):
    page = open_page("/?member=persona-valentina&lang=en")
    card = page.locator(CARDS).first
    title = card.locator("h3").inner_text()
    card.hover()
    card.get_by_role("button", name=re.compile("Save")).click()
    card.locator('.save[aria-pressed="true"]').wait_for()
    course = card.get_attribute("data-course")
    page.get_by_role("link", name="Saved", exact=True).click()
    page.get_by_role("heading", name=title).wait_for()
    assert courses(page)[0] == course  # before what she saved on other days


def look(page, row):
    """Look at a row for a second, then send what was seen: by the page's own clock, so that nobody waits."""
    row.scroll_into_view_if_needed()
    row.locator(f"{CARDS}[data-view]").first.wait_for()
    page.clock.run_for(1_000)
    row.locator(f'{CARDS}[data-view="seen"]').first.wait_for()
    with page.expect_event("requestfinished", lambda r: "/api/v1/events" in r.url):
        page.clock.run_for(5_000)
    return row.locator(f'{CARDS}[data-view="seen"]').evaluate_all("cards => cards.map(card => card.dataset.course)")


def test_what_is_seen_is_told_and_what_is_not_is_not(open_page, stores):
    page = open_page("/?member=persona-tamsin&lang=en", clock=True)
    look(page, page.locator(".carousel").first)
    told = stores[1].read_member("persona-tamsin").to_pylist()
    events = [e for e in told if e["kind"] != "served"]
    assert {e["kind"] for e in events} == {"impression"}
    seen = {e["course_id"] for e in events}
    first, last = courses(page)[0], courses(page)[-1]
    assert first in seen
    assert last not in seen  # below the fold
    top = next(e for e in events if e["course_id"] == first)
    assert (top["carousel_rank"], top["position"], top["channel"]) == (1, 1, "home")


def test_seen_and_passed_by_makes_room_and_a_click_does_not(open_page, demo, eventually):
    """Scroll past a row on four visits: others of the same skills stand there. Click one that faded: it is back."""
    page = open_page("/?member=persona-haruka&lang=en", width=820, clock=True)
    rows = page.locator('.carousel[data-context="skill"]').evaluate_all(
        "rows => rows.map(row => [row.querySelectorAll('.card[data-course]').length, row.dataset.key])"
    )
    key = max(rows)[1]  # more courses than can be seen at once

    def row():
        return page.locator(f'.carousel[data-key="{key}"]')

    def list_of_hers():
        feed = page.request.get(f"{demo.url}/api/v1/members/persona-haruka/feed").json()["courses"]
        return {course["course_id"]: course["score"] for course in feed}

    fresh = list_of_hers()
    for visit in range(4):
        seen = look(page, row())
        if visit == 0:
            first = seen
        demo.visits.hours += 1  # what is seen again within half an hour counts once
        page.reload()
    faded = list_of_hers()
    assert all(faded[course] < 0.9 * fresh[course] for course in first if course in faded)
    now = page.locator(f'.carousel[data-key="{key}"] {CARDS}').evaluate_all("c => c.map(x => x.dataset.course)")
    assert now[0] != first[0]
    assert set(now[:2]) - set(first)
    passed_by = next(course for course in first if course in now)
    page.locator(f'{CARDS}[data-course="{passed_by}"] a[data-open]').click()
    # a browser need not say that the beacon of a page it left was heard
    eventually(lambda: list_of_hers().get(passed_by, 0.0) > faded[passed_by])


def test_a_click_opens_the_course_and_is_told(open_page, stores, eventually):
    log = stores[1]
    page = open_page("/?member=persona-leyla&lang=en")
    card = page.locator(CARDS).nth(2)
    course = card.get_attribute("data-course")
    card.locator("h3 a").click()
    page.wait_for_url(f"**/course/{course}**")
    eventually(
        lambda: course in [e["course_id"] for e in log.read_member("persona-leyla").to_pylist() if e["kind"] == "click"]
    )
    page.get_by_role("button", name="Mark as completed").click()
    page.get_by_text("Noted: completed").wait_for()
    page.get_by_role("link", name="Back to your page").click()
    page.get_by_role("heading", level=1).wait_for()
    assert course not in courses(page)


def focused(page, what="document.activeElement.className"):
    return page.evaluate(what)


def tab_to(page, selector, most=60):
    """Press Tab until something that matches has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_by_keyboard_alone(open_page):
    """Skip, walk along a row, ask why, save, hide, take it back, show more: the focus is never lost."""
    page = open_page("/?member=persona-haruka&lang=en")
    page.keyboard.press("Tab")
    assert focused(page) == "skip"
    page.keyboard.press("Enter")
    assert focused(page, "document.activeElement.id") == "main"
    tab_to(page, "main a[data-open]")
    page.keyboard.press("ArrowRight")
    place = "document.activeElement.closest('.card').dataset.position"
    assert focused(page, place) == "2"
    assert focused(page, "getComputedStyle(document.activeElement, '::after').outlineStyle") == "solid"
    tab_to(page, ".hide")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.innerText === 'Undo'")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.matches('a[data-open]')")
    assert focused(page, place) == "2"
    tab_to(page, ".save")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.activeElement.getAttribute('aria-pressed') === 'true'")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.activeElement.getAttribute('aria-pressed') === 'false'")
    tab_to(page, ".why")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    assert page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    page.keyboard.press("Escape")
    assert focused(page) == "why"
    tab_to(page, ".more", 200)
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.matches('a[data-open]')")
    assert int(focused(page, place)) >= 12  # the first that came, or the last where none did
    page.keyboard.press("Enter")
    page.wait_for_url("**/course/**")


def test_a_slow_answer_does_not_lose_the_focus(open_page):
    page = open_page("/?member=persona-haruka&lang=en")
    page.evaluate("htmx.config.defaultSettleDelay = 400")
    page.locator(".save").first.focus()
    for pressed in ("true", "false"):
        page.keyboard.press("Space")
        page.wait_for_function("p => document.querySelector('.save').getAttribute('aria-pressed') === p", arg=pressed)
        page.wait_for_function("() => document.activeElement !== document.body")
        assert focused(page, "document.activeElement === document.querySelector('.save')")


def test_the_profile_by_keyboard_alone(open_page):
    page = open_page("/skills?member=persona-haruka&lang=en")
    tab_to(page, "#add-skill")
    page.keyboard.type("graphq")
    page.locator("#skill-names option").first.wait_for(state="attached")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("GraphQL")
    page.keyboard.press("Enter")
    page.locator('#group-wanted ~ ul li[data-skill="graphql"]').wait_for()
    page.wait_for_function("() => document.activeElement.id === 'add-skill'")
    tab_to(page, "#skills li button")
    refused = focused(page, "document.activeElement.closest('li').dataset.skill")
    page.keyboard.press("Enter")
    page.locator(f'#group-refused ~ ul li[data-skill="{refused}"]').wait_for()
    page.wait_for_function("() => document.activeElement.closest('#skills li') !== null")
    assert page.locator(f'#skills li[data-skill="{refused}"]').count() == 1  # refused, and in no other group


def test_a_style_that_something_else_left_on_a_field_is_not_copied_against_the_policy(open_page):
    """Extensions and tools write `style` on what has the focus; the policy refuses it when htmx writes it anew."""
    page = open_page("/skills?member=persona-haruka&lang=en")
    page.locator("#add-skill").evaluate("f => { f.style.caretColor = 'transparent'; f.style.caretColor = ''; }")
    page.locator("#add-skill").fill("GraphQL")
    page.keyboard.press("Enter")
    page.locator('#group-wanted ~ ul li[data-skill="graphql"]').wait_for()
    page.wait_for_function("() => !document.querySelector('#add-skill').hasAttribute('style')")
    assert page.locator("#add-skill").input_value() == ""  # the field that came with the answer


def test_light_and_dark_by_choice(open_page):
    page = open_page("/?member=persona-leyla")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name=re.compile("Light or dark|Hell oder dunkel")).click()
    dark = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == dark


def test_weak_guesses_are_folded_and_can_be_taken_out_by_keyboard(open_page, serious):
    page = open_page("/skills?member=persona-maelle&lang=en")
    sure = page.locator(".skill-group.inferred > .skill-list .sure").all_inner_texts()
    assert sure
    assert all(int(re.search(r"\d+", text)[0]) >= 30 for text in sure)
    guesses = page.locator("#unsure li[data-skill]")
    total = guesses.count()
    assert total >= 2
    assert not guesses.first.is_visible()
    page.locator("#unsure > summary").focus()
    page.keyboard.press("Enter")
    guesses.first.wait_for()
    assert serious(page) == []
    skill, following = (guesses.nth(i).get_attribute("data-skill") for i in (0, 1))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(f'.refused li[data-skill="{skill}"]').wait_for()
    page.locator(f'#unsure[open] li[data-skill="{following}"] button:focus').wait_for()  # on to the next
    assert guesses.count() == total - 1
    page.locator(f'.refused li[data-skill="{skill}"] button').click()
    page.locator(f'#unsure[open] li[data-skill="{skill}"]').wait_for()
