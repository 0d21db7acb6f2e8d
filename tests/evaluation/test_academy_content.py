"""The written academy (courses.csv, people.csv): wide enough, consistent, and pointing only at what exists."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "skillfirst"
ACADEMY = PACKAGE / "evaluation" / "academy"
BUILTIN = PACKAGE / "skills" / "builtin"
Row = dict[str, str]

COURSE_COLUMNS = (
    "course_id", "title", "description", "contents", "category", "author", "language", "level",
    "duration_minutes", "created_on", "series_id", "translation_of", "skills",
)  # fmt: skip
PEOPLE_COLUMNS = (
    "persona_id", "name", "title_id", "industry", "country", "languages", "level", "skills", "wants",
    "biography", "network",
)  # fmt: skip
LEVELS = {"beginner", "intermediate", "advanced"}
# At least so many courses of each field and of each language.
CATEGORIES = {
    "software_development": 80,
    "data_ai": 55,
    "cloud_infrastructure_security": 35,
    "business_finance": 30,
    "marketing_sales": 40,
    "design_creative": 60,
    "people_leadership": 30,
    "project_product_operations": 25,
    "engineering_trades": 90,
    "health_education_public": 90,
}
LANGUAGES = {"en": 500, "de": 25, "fr": 25, "es": 25, "ja": 25}
# Words a description may have; Japanese is counted in characters.
WORDS = (35, 80)
CHARACTERS_JA = (80, 240)
SENTENCE_END = re.compile(r"[.?!](?=[\s»”\"]|$)|[。？！]")


def read(path: Path, columns: tuple[str, ...] | None = None) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        rows = list(reader)
    if columns is not None:
        assert tuple(reader.fieldnames or ()) == columns
    assert not any(None in row or None in row.values() for row in rows), "ragged rows"
    return rows


def cells(text: str) -> list[str]:
    return text.split(";") if text else []


def wrong(rows: list[Row], is_wrong: Callable[[Row], bool]) -> list[str]:
    """The ids of the rows that are wrong, so that a failure names them."""
    return [row.get("course_id") or row["persona_id"] for row in rows if is_wrong(row)]


@pytest.fixture(scope="module")
def courses() -> list[Row]:
    return read(ACADEMY / "courses.csv", COURSE_COLUMNS)


@pytest.fixture(scope="module")
def people() -> list[Row]:
    return read(ACADEMY / "people.csv", PEOPLE_COLUMNS)


@pytest.fixture(scope="module")
def skills() -> dict[str, Row]:
    return {row["skill_id"]: row for row in read(BUILTIN / "skills.csv")}


@pytest.fixture(scope="module")
def titles() -> set[str]:
    return {row["title_id"] for row in read(BUILTIN / "titles.csv")}


def test_there_are_enough_courses_of_every_field_and_language(courses: list[Row]) -> None:
    assert len(courses) >= 600
    fields, languages = Counter(c["category"] for c in courses), Counter(c["language"] for c in courses)
    assert fields.keys() == CATEGORIES.keys()
    assert languages.keys() == LANGUAGES.keys()
    assert {k: n for k, n in fields.items() if n < CATEGORIES[k]} == {}
    assert {k: n for k, n in languages.items() if n < LANGUAGES[k]} == {}


def test_a_category_is_the_root_of_a_field(skills: dict[str, Row]) -> None:
    assert set(CATEGORIES) == {k for k, row in skills.items() if row["kind"] == "field"}


def test_no_cell_has_blanks_around_it_or_an_empty_item(courses: list[Row], people: list[Row]) -> None:
    for row in courses + people:
        for name, text in row.items():
            assert text == text.strip(), (row, name)
    for row in courses:
        for name in ("contents", "skills"):
            items = cells(row[name])
            assert all(i and i == i.strip() for i in items), (row["course_id"], name)
            assert len(set(items)) == len(items), (row["course_id"], name)


def test_ids_and_descriptions_are_distinct(courses: list[Row]) -> None:
    for name in ("course_id", "title", "description", "contents"):
        assert [k for k, n in Counter(c[name] for c in courses).items() if n > 1] == [], name
    slug = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
    assert wrong(courses, lambda c: not slug.fullmatch(c["course_id"])) == []


def test_descriptions_do_not_come_from_a_mould(courses: list[Row]) -> None:
    """No four words open many descriptions, and no sentence is used twice."""
    english = [c["description"] for c in courses if c["language"] == "en"]
    assert Counter(" ".join(d.split()[:4]) for d in english).most_common(1)[0][1] <= 3
    sentences = Counter(
        s.strip() for c in courses for s in re.split(r"(?<=[.?!。])\s*", c["description"]) if len(s) > 25
    )
    assert [s for s, n in sentences.items() if n > 1] == []


def test_descriptions_have_two_to_four_sentences_of_the_right_length(courses: list[Row]) -> None:
    def too_short_or_long(course: Row) -> bool:
        text = course["description"]
        size, (low, high) = (len(text), CHARACTERS_JA) if course["language"] == "ja" else (len(text.split()), WORDS)
        return not low <= size <= high or not 2 <= len(SENTENCE_END.findall(text)) <= 4

    assert wrong(courses, too_short_or_long) == []


def test_japanese_courses_are_written_in_japanese_and_others_are_not(courses: list[Row]) -> None:
    kana = re.compile(r"[\u3040-\u30ff]")
    assert wrong(courses, lambda c: bool(kana.search(c["description"])) != (c["language"] == "ja")) == []


def test_contents_level_duration_and_author(courses: list[Row]) -> None:
    assert wrong(courses, lambda c: not 4 <= len(cells(c["contents"])) <= 8) == []
    assert wrong(courses, lambda c: c["level"] not in LEVELS) == []
    assert {c["level"] for c in courses} == LEVELS
    assert wrong(courses, lambda c: not 20 <= int(c["duration_minutes"]) <= 600) == []
    assert wrong(courses, lambda c: not c["author"]) == []
    assert len({c["author"] for c in courses}) >= 60


def test_dates_lie_in_the_range_and_many_are_recent(courses: list[Row]) -> None:
    made = {c["course_id"]: date.fromisoformat(c["created_on"]) for c in courses}
    assert [k for k, day in made.items() if not date(2021, 1, 1) <= day <= date(2026, 10, 31)] == []
    assert {day.year for day in made.values()} == set(range(2021, 2027))
    assert sum(day.year >= 2024 for day in made.values()) >= len(made) / 2
    late = [c["course_id"] for c in courses if c["translation_of"] and made[c["translation_of"]] > made[c["course_id"]]]
    assert late == []


def test_skills_exist_and_a_course_has_at_most_six(courses: list[Row], skills: dict[str, Row]) -> None:
    assert wrong(courses, lambda c: not set(cells(c["skills"])) <= skills.keys()) == []
    assert wrong(courses, lambda c: len(cells(c["skills"])) > 6) == []
    assert wrong(courses, lambda c: any(skills[s]["kind"] == "field" for s in cells(c["skills"]))) == []
    assert 30 <= sum(not c["skills"] for c in courses) <= 55


def test_skills_are_covered_widely_with_popular_ones_and_a_long_tail(courses: list[Row]) -> None:
    taught = Counter(s for c in courses for s in cells(c["skills"]))
    assert len(taught) >= 300
    assert sum(n >= 8 for n in taught.values()) >= 8
    assert sum(n <= 2 for n in taught.values()) >= 100


def test_many_courses_have_exactly_equal_skill_sets(courses: list[Row]) -> None:
    sets = Counter(frozenset(cells(c["skills"])) for c in courses if c["skills"])
    assert sum(n >= 2 for n in sets.values()) >= 25
    assert sum(n >= 4 for n in sets.values()) >= 4


def test_series_have_two_or_three_courses_of_one_language_and_field(courses: list[Row]) -> None:
    series: dict[str, list[Row]] = {}
    for course in courses:
        if course["series_id"]:
            series.setdefault(course["series_id"], []).append(course)
    assert len(series) >= 18
    for name, members in series.items():
        assert 2 <= len(members) <= 3, name
        assert len({m["created_on"] for m in members}) == len(members), name
        assert len({(m["language"], m["category"]) for m in members}) == 1, name


def test_translations_point_at_an_english_course_and_agree_with_it(courses: list[Row]) -> None:
    by_id = {c["course_id"]: c for c in courses}
    translations = [c for c in courses if c["translation_of"]]
    count = Counter(c["language"] for c in translations)
    all_of = Counter(c["language"] for c in courses)
    for language in LANGUAGES.keys() - {"en"}:
        assert 0.4 <= count[language] / all_of[language] <= 0.7, language
    for course in translations:
        original = by_id[course["translation_of"]]
        assert (original["language"], original["translation_of"]) == ("en", ""), course["course_id"]
        assert course["language"] != "en", course["course_id"]
        for name in ("category", "level", "duration_minutes", "skills"):
            assert course[name] == original[name], (course["course_id"], name)
    pairs = Counter((c["translation_of"], c["language"]) for c in translations)
    assert [p for p, n in pairs.items() if n > 1] == []


def test_there_are_eight_people_with_two_sentences_each(people: list[Row]) -> None:
    assert len(people) == 8
    assert len({p["persona_id"] for p in people}) == len({p["name"] for p in people}) == 8
    assert wrong(people, lambda p: len(SENTENCE_END.findall(p["biography"])) != 2) == []
    assert wrong(people, lambda p: not p["network"].endswith(".")) == []
    assert wrong(people, lambda p: p["level"] not in LEVELS | {""}) == []


def test_every_story_is_told_in_every_language(people: list[Row]) -> None:
    stories = read(ACADEMY / "stories.csv", ("persona_id", "language", "biography", "network"))
    told = Counter((s["persona_id"], s["language"]) for s in stories)
    assert told == dict.fromkeys(((p["persona_id"], k) for p in people for k in LANGUAGES if k != "en"), 1)
    assert wrong(stories, lambda s: len(SENTENCE_END.findall(s["biography"])) != 2) == []
    assert wrong(stories, lambda s: s["network"][-1] not in ".。") == []
    assert wrong(stories, lambda s: bool(re.search("[\u3040-\u30ff]", s["biography"])) != (s["language"] == "ja")) == []


def test_people_name_titles_skills_and_languages_that_exist(
    people: list[Row], courses: list[Row], skills: dict[str, Row], titles: set[str]
) -> None:
    taught = {s for c in courses for s in cells(c["skills"])}
    assert wrong(people, lambda p: bool(p["title_id"]) and p["title_id"] not in titles) == []
    assert wrong(people, lambda p: not set(cells(p["skills"]) + cells(p["wants"])) <= skills.keys()) == []
    assert wrong(people, lambda p: not set(cells(p["wants"])) <= taught) == []
    assert wrong(people, lambda p: bool(set(cells(p["skills"])) & set(cells(p["wants"])))) == []
    assert wrong(people, lambda p: not set(cells(p["languages"])) <= LANGUAGES.keys()) == []


def test_people_range_from_a_rich_profile_to_none(people: list[Row]) -> None:
    known = sorted(len(cells(p["skills"])) for p in people)
    assert known[0] == 0
    assert known[-1] >= 10
    assert any(p["title_id"] and not p["skills"] and not p["wants"] for p in people), "only a title"
    nothing = [p for p in people if not any(p[k] for k in ("title_id", "industry", "country", "languages", "skills"))]
    assert len(nothing) == 1
    assert {language for p in people for language in cells(p["languages"])} == LANGUAGES.keys()


def test_every_title_has_courses_for_what_it_does(courses: list[Row]) -> None:
    """Whoever gives a title alone gets a row: eight courses at least teach one of the nine skills it implies most."""
    implied: dict[str, list[tuple[float, str]]] = {}
    for row in read(BUILTIN / "title_skills.csv"):
        implied.setdefault(row["title_id"], []).append((-float(row["weight"] or 1.0), row["skill_id"]))
    taught = [set(cells(c["skills"])) for c in courses]
    thin = {}
    for title, ranked in implied.items():
        first = {skill for _, skill in sorted(ranked)[:9]}
        found = sum(bool(first & own) for own in taught)
        if found < 8:
            thin[title] = found
    assert thin == {}
