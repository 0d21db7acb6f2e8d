"""The published description of 2016, sentence by sentence, on members and courses one can read."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from skillfirst.contexts.texts import text
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend
from skillfirst.ranking.idf import idf, support_floor

D = dt.date


def feed(academy, courses, people, skills=("java", "spanish", "sql", "welding"), policy=None, **member):
    """The feed of the first of `people`: (course ids, the whole row)."""
    catalogue = academy.catalogue_of(academy.taxonomy_of(skills), courses)
    batch = academy.people_of(catalogue, people)
    model = academy.model_of(catalogue, batch, policy or Policy(floor=1, fallback="none", inference=academy.silent))
    row = recommend(batch, model, ["feed"]).to_pylist()[0]
    return row["course_id"], row


def test_idf_is_the_logarithm_of_one_plus_members_over_holders():
    assert idf([50, 100], 100, 1).considered.tolist() == [math.log(3), math.log(2)]


def test_a_skill_of_99_members_has_no_idf_at_floor_100_and_one_of_100_has():
    assert (idf([99, 100], 10_000, 100).considered > 0).tolist() == [False, True]


def test_the_floor_is_as_published_from_a_million_members_on():
    assert support_floor(1_000_000) == 100
    assert support_floor(450_000_000) == 100
    assert support_floor(300) == 5


def test_rarer_skills_weigh_more(academy):
    courses = {"weld": {"skills": ["welding"]}, "query": {"skills": ["sql"]}}
    crowd = {"ann": {"skills": ["sql", "welding"]}, "bob": {"skills": ["sql"]}, "cem": {"skills": ["sql"]}}
    assert feed(academy, courses, crowd)[0] == ["weld", "query"]


def test_a_skill_under_the_floor_is_not_considered(academy):
    courses = {"weld": {"skills": ["welding"]}, "query": {"skills": ["sql"]}}
    crowd = {"ann": {"skills": ["sql", "welding"]}, "bob": {"skills": ["sql"]}}
    policy = Policy(floor=2, fallback="none", inference=academy.silent)
    assert feed(academy, courses, crowd, policy=policy)[0] == ["query"]


def test_affinity_is_the_idf_weighted_dot_product(academy):
    courses = {"both": {"skills": {"java": 0.5, "sql": 1.0, "spanish": 1.0}}}
    crowd = {"ann": {"skills": ["java", "sql"]}, "bob": {"skills": ["sql"]}, "cem": {}}
    _, row = feed(academy, courses, crowd)
    assert row["affinity"] == [pytest.approx(0.5 * math.log(1 + 3 / 1) + math.log(1 + 3 / 2))]


def test_three_courses_with_equal_skills_take_turns_with_the_next_bucket(academy):
    courses = {
        "java-2023": {"skills": ["java", "sql"], "created_on": D(2023, 1, 1)},
        "java-2024": {"skills": ["java", "sql"], "created_on": D(2024, 1, 1)},
        "java-2025": {"skills": ["java", "sql"], "created_on": D(2025, 1, 1)},
        "spanish-1": {"skills": ["spanish"], "created_on": D(2020, 1, 1)},
        "spanish-2": {"skills": ["spanish"], "created_on": D(2021, 1, 1)},
    }
    policy = Policy(floor=1, fallback="none", collapse="none", inference=academy.silent)
    shown, row = feed(academy, courses, {"ann": {"skills": ["java", "spanish", "sql"]}}, policy=policy)
    assert shown == ["java-2025", "spanish-2", "java-2024", "spanish-1", "java-2023"]
    assert row["bucket"] == [1, 2, 1, 2, 1]


def test_overlap_decides_the_bucket_not_the_skills_the_member_lacks(academy):
    courses = {
        "plain": {"skills": ["java"], "created_on": D(2024, 1, 1)},
        "with-welding": {"skills": ["java", "welding"], "created_on": D(2025, 1, 1)},
    }
    shown, row = feed(academy, courses, {"ann": {"skills": ["java"]}})
    assert (shown, row["bucket"]) == (["with-welding", "plain"], [1, 1])


def test_equal_scores_of_different_sets_are_different_buckets(academy):
    courses = {"j": {"skills": ["java"]}, "s": {"skills": ["sql"]}, "j2": {"skills": ["java"]}}
    policy = Policy(floor=1, fallback="none", collapse="none", inference=academy.silent)
    shown, row = feed(academy, courses, {"ann": {"skills": ["java", "sql"]}}, policy=policy)
    assert (shown, row["bucket"]) == (["j", "s", "j2"], [1, 2, 1])


def test_versions_of_one_course_are_shown_once_the_newest_at_the_members_level(academy):
    courses = {
        "new": {"skills": ["java"], "series_id": "x", "created_on": D(2025, 1, 1), "level": "advanced"},
        "old": {"skills": ["java"], "series_id": "x", "created_on": D(2021, 1, 1), "level": "beginner"},
        "older": {"skills": ["java"], "series_id": "x", "created_on": D(2020, 1, 1), "level": "beginner"},
    }
    assert feed(academy, courses, {"ann": {"skills": ["java"], "level": 1}})[0] == ["old"]
    assert feed(academy, courses, {"ann": {"skills": ["java"], "level": 2}})[0] == ["new"]


def test_cold_start_by_picks_alone(academy):
    courses = {"j": {"skills": ["java"]}, "w": {"skills": ["welding"]}}
    shown, row = feed(academy, courses, {"new": {"wanted": ["welding"]}, "old": {"skills": ["java"]}})
    assert (shown, row["context"], row["context_evidence"]) == (["w"], ["wanted"], ["welding"])


def test_cold_start_by_title_alone(academy):
    taxonomy = academy.taxonomy_of(["java", "sql", "welding"], ["welder"], [("welder", "welding", 1.0)])
    catalogue = academy.catalogue_of(taxonomy, {"j": {"skills": ["java"]}, "w": {"skills": ["welding"]}})
    people = {"new": {"title": [0], "title_weight": [1.0]}, "old": {"skills": ["java", "welding"]}}
    batch = academy.people_of(catalogue, people)
    model = academy.model_of(catalogue, batch, Policy(floor=1, fallback="none"))
    row = recommend(batch, model, ["feed"]).to_pylist()[0]
    assert (row["course_id"], row["context"], row["context_evidence"]) == (["w"], ["title"], ["welder"])


def test_a_member_nobody_knows_still_gets_a_page(academy):
    catalogue = academy.catalogue_of(academy.taxonomy_of(["java"]), {f"c{i}": {"skills": ["java"]} for i in range(5)})
    batch = academy.people_of(catalogue, {"nobody": {}})
    policy = Policy(collapse="none", inference=academy.silent)
    rows = recommend(batch, academy.model_of(catalogue, batch, policy)).to_pylist()
    assert [len(row["course_id"]) for row in rows] == [5, 5]
    assert set(rows[0]["context"]) == {"popular"}


HOUR = 3_600


@pytest.fixture
def page(academy):
    """A page on which every published context has its reason, and the row (context, evidence) -> courses."""
    skills = ["java", "objects", "spanish", "sql", "welding"]
    taxonomy = academy.taxonomy_of(skills, ["engineer"], [("engineer", "sql", 1.0)])
    courses = {
        f"{skill}-{i}": {
            "skills": [skill],
            "created_on": D(2024, 1, i),
            "title": f"{skill} {i}",
            "duration_minutes": 60.0,
        }
        for skill in skills
        for i in range(1, 13)
    }
    catalogue = academy.catalogue_of(taxonomy, courses)
    now = int(academy.noon.timestamp())
    code = catalogue.courses.code

    def did(*entries):
        entries = sorted((code(c), k, now - hours * HOUR, s) for c, k, hours, s in entries)
        c, k, t, s = zip(*entries, strict=True)
        return {"course": list(c), "course_kind": list(k), "course_time": list(t), "course_seconds": list(s)}

    people = {
        "ann": {
            "skills": ["java", "objects"], "wanted": ["spanish"], "title": [0], "title_weight": [1.0],
            **did(("objects-1", 4, 100, 0), ("java-1", 2, 5, 900), ("java-2", 2, 6, 900), ("java-3", 2, 7, 900)),
        }
    }  # fmt: skip
    for i in range(30):  # a cohort in which one course is suddenly taken up
        people[f"peer{i}"] = {"skills": ["java", "objects", "sql"], "title": [0], "title_weight": [1.0]} | did(
            *[(f"welding-{j}", 2, 24, 900) for j in (1, 2, 3)]
        )
    batch = academy.people_of(catalogue, people)
    model = academy.model_of(catalogue, batch, Policy(floor=1, collapse="none"))
    row = recommend(batch.slice(0, 1), model, ["home"]).to_pylist()[0]
    rows = {}
    for course, rank, context, evidence in zip(
        row["course_id"], row["carousel_rank"], row["context"], row["context_evidence"], strict=True
    ):
        rows.setdefault((rank, context, None if context == "continue" else evidence), []).append(course)
    return rows


def courses_of(page, context, evidence):
    return next((c for (_, x, e), c in page.items() if (x, e) == (context, evidence)), None)


@pytest.mark.parametrize(
    ("context", "evidence", "subject"),
    [
        ("continue", None, "java"),
        ("watched", "java-1", "java"),
        ("wanted", "spanish", "spanish"),
        ("stay_sharp", "objects", "objects"),
        ("title", "engineer", "sql"),
        ("trending_title", "engineer", "welding"),
    ],
)
def test_each_context_appears_with_a_true_reason(page, context, evidence, subject):
    courses = courses_of(page, context, evidence)
    assert courses is not None
    assert {c.split("-")[0] for c in courses} == {subject}


def test_because_you_have_skill_names_a_skill_of_the_profile_and_of_the_course(academy):
    courses = {f"j{i}": {"skills": ["java"]} for i in range(4)}
    catalogue = academy.catalogue_of(academy.taxonomy_of(["java"]), courses)
    batch = academy.people_of(catalogue, {"ann": {"skills": ["java"]}})
    policy = Policy(floor=1, collapse="none", inference=academy.silent)
    row = recommend(batch, academy.model_of(catalogue, batch, policy), ["home"]).to_pylist()[0]
    assert set(zip(row["context"], row["context_evidence"], strict=True)) == {("skill", "java")}
    assert text("skill", "Java", "en") == "Because you have skill “Java”"


def test_the_page_shows_a_course_once_in_rows_of_three_to_twelve(page):
    shown = [c for courses in page.values() for c in courses]
    assert len(shown) == len(set(shown))
    assert all(3 <= len(courses) <= 12 for courses in page.values())
    assert [rank for rank, _, _ in page] == list(range(1, len(page) + 1))


def test_the_newest_comes_first_in_a_row(page):
    days = [int(c.split("-")[1]) for c in courses_of(page, "wanted", "spanish")]
    assert days == sorted(days, reverse=True)


@pytest.mark.parametrize(("kind", "shown"), [(4, False), (3, False), (6, False), (1, True)])
def test_completed_enrolled_and_dismissed_courses_are_never_recommended_a_click_is_not_enough(academy, kind, shown):
    courses = {"a": {"skills": ["java"]}, "b": {"skills": ["java"]}}
    done = {"course": [0], "course_kind": [kind], "course_time": [1], "course_seconds": [0]}
    policy = Policy(floor=1, fallback="none", collapse="none", inference=academy.silent)
    got, _ = feed(academy, courses, {"ann": {"skills": ["java"], **done}}, policy=policy)
    assert ("a" in got) is shown
    assert "b" in got


def test_a_three_second_look_is_not_a_watch(academy):
    courses = {"a": {"skills": ["java"], "duration_minutes": 60.0}, "b": {"skills": ["java"], "duration_minutes": 60.0}}
    looked = {"course": [0], "course_kind": [2], "course_time": [1], "course_seconds": [3]}
    policy = Policy(floor=1, fallback="none", collapse="none", inference=academy.silent)
    assert feed(academy, courses, {"ann": {"skills": ["java"], **looked}}, policy=policy)[0] == ["a", "b"]


def test_a_course_of_tomorrow_a_retired_one_and_one_in_another_language_stay_out(academy):
    courses = {
        "tomorrow": {"skills": ["java"], "created_on": academy.day + dt.timedelta(days=1)},
        "today": {"skills": ["java"], "created_on": academy.day},
        "retired": {"skills": ["java"], "retired": True},
        "japanese": {"skills": ["java"], "language": "ja"},
        "german": {"skills": ["java"], "language": "de-CH"},
    }
    policy = Policy(floor=1, fallback="none", collapse="none", inference=academy.silent)
    shown, _ = feed(academy, courses, {"ann": {"skills": ["java"], "languages": ["de-DE"]}}, policy=policy)
    assert shown == ["today", "german"]


def test_of_a_course_and_its_translation_the_one_in_the_members_first_language_is_shown(academy):
    courses = {
        "english": {"skills": ["java"], "language": "en"},
        "french": {"skills": ["java"], "language": "fr", "translation_of": "english"},
    }
    policy = Policy(floor=1, fallback="none", inference=academy.silent)
    for languages, shown in (
        (["fr", "en"], ["french"]),
        (["en", "fr"], ["english"]),
        (["fr"], ["french"]),
        ([], ["english"]),
    ):
        assert feed(academy, courses, {"ann": {"skills": ["java"], "languages": languages}}, policy=policy)[0] == shown
    done = {"course": [0], "course_kind": [4], "course_time": [1], "course_seconds": [0]}
    people = {"ann": {"skills": ["java"], "languages": ["en", "fr"], **done}}
    assert feed(academy, courses, people, policy=policy)[0] == []


def test_without_round_robin_the_best_score_comes_first_whatever_the_bucket(academy):
    courses = {f"j{i}": {"skills": {"java": w}, "title": f"J {i}"} for i, w in enumerate((1.0, 0.9, 0.8))}
    courses |= {"s": {"skills": {"sql": 0.5}}}
    policy = Policy(floor=1, fallback="none", collapse="none", diversify="none", inference=academy.silent)
    shown, row = feed(academy, courses, {"ann": {"skills": ["java", "sql"]}}, policy=policy)
    assert (shown, row["bucket"], row["context_evidence"]) == (
        ["j0", "j1", "j2", "s"],
        [1, 1, 1, 2],
        ["java"] * 3 + ["sql"],
    )


def test_a_newcomer_finds_several_rows_of_what_others_take(academy):
    courses = {
        f"{field}{i}": {"skills": [field], "category": field} for field in ("java", "sql", "welding") for i in range(20)
    }
    catalogue = academy.catalogue_of(academy.taxonomy_of(["java", "sql", "welding"]), courses)
    batch = academy.people_of(catalogue, {"nobody": {}})
    row = recommend(
        batch, academy.model_of(catalogue, batch, Policy(collapse="none", inference=academy.silent)), ["home"]
    )
    contexts = {
        (r, c, e)
        for r, c, e in zip(
            *(row.column(n)[0].as_py() for n in ("carousel_rank", "context", "context_evidence")), strict=True
        )
    }
    assert contexts == {
        (1, "popular", None), (2, "popular_category", "java"), (3, "popular_category", "sql"),
        (4, "popular_category", "welding"),
    }  # fmt: skip
