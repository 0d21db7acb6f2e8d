"""What the questionnaire offers: frequent titles, then those courses are for; a title's own skills before others."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.serve import offers as room
from skillfirst.serve.offers import courses_by_title, offered_titles, offers
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.sparse import Csr

SKILLS = ["care", "dosage", "hygiene", "wound_care", "git", "python", "linux", "docker"]
HEALTH = ("care", "dosage", "hygiene", "wound_care")


def small_model(taught, members):
    """A Model as far as offers read it. `taught`: courses by skill; `members`: holders by skill."""
    taxonomy = Taxonomy.from_tables(
        {
            "skills": pa.table({
                "skill_id": [*SKILLS, "health"], "name": [*SKILLS, "Health"],
                "parents": [["health"] if s in HEALTH else [] for s in SKILLS] + [[]],
            }),
            "titles": pa.table({
                "title_id": ["actor", "baker", "coder", "devops", "nurse", "vet"],
                "name": ["Actor", "Baker", "Coder", "Devops", "Nurse", "Vet"],
                "family": ["arts", "crafts", "it", "it", "health", "health"],
            }),
            "title_skills": pa.table({
                "title_id": ["nurse"] * 4 + ["coder"] * 2 + ["devops", "devops", "vet"],
                "skill_id": [*HEALTH, "git", "python", "linux", "git", "care"],
                "weight": [0.9, 0.2, 0.2, 0.2, 0.5, 0.5, 1.0, 1.0, 0.5],
            }),
        }
    )  # fmt: skip
    codes = [taxonomy.skills.code(s) for s, n in taught.items() for _ in range(n)]
    matrix = Csr.from_pairs(np.arange(len(codes)), codes, np.ones(len(codes)), (len(codes), len(taxonomy)))
    holders = np.array([members.get(s, 0) for s in taxonomy.skills.ids.to_pylist()], np.int64)
    return SimpleNamespace(
        taxonomy=taxonomy, catalogue=SimpleNamespace(course_skills=matrix), idf=SimpleNamespace(members=holders)
    )


@pytest.fixture
def asked(monkeypatch):
    """asked(taught, members, people) -> a serving, of whose titles that many people are known."""

    def make(taught, members=None, people=None):
        model = small_model(taught, members or {})
        stated = np.array([(people or {}).get(t, 0) for t in model.taxonomy.titles.ids.to_pylist()], np.int64)
        monkeypatch.setattr(room, "people_by_title", lambda _: stated)
        chances = np.array([0.5 if n else 0.1 for n in model.idf.members])
        monkeypatch.setattr(room, "_probabilities", lambda *_: chances)
        return SimpleNamespace(model=model)

    return make


def names(serving, limit=12):
    titles = serving.model.taxonomy.titles
    return tuple([titles[c] for c in some] for some in offered_titles(serving, limit))


def test_frequent_titles_come_first_then_those_courses_are_for_never_the_alphabet(asked):
    serving = asked({"care": 4, "git": 3, "linux": 2}, people={"vet": 9, "actor": 5})
    assert names(serving) == (["vet", "actor"], ["devops", "nurse", "coder"])


def test_without_frequent_titles_those_with_the_most_courses_are_spread_over_families(asked):
    serving = asked({"care": 6, "linux": 3, "git": 1})
    assert names(serving) == ([], ["nurse", "devops", "vet", "coder"])
    assert names(serving, 2) == ([], ["nurse", "devops"])


def test_where_nothing_is_known_nothing_is_offered(asked):
    assert names(asked({})) == ([], [])


def test_a_course_counts_once_for_a_title_by_its_best_skill():
    model = small_model({}, {})
    git, python = (model.taxonomy.skills.code(s) for s in ("git", "python"))
    weights = [1.0, 0.5, 0.5]
    model.catalogue.course_skills = Csr.from_pairs([0, 0, 1], [git, python, python], weights, (2, len(model.taxonomy)))
    found = dict(zip(model.taxonomy.titles.ids.to_pylist(), courses_by_title(model).tolist(), strict=True))
    assert (found["coder"], found["devops"], found["baker"]) == (0.75, 1.0, 0.0)


EVERYBODYS = {"git": 40, "python": 90, "linux": 30, "docker": 35}
ELSEWHERE = {"git": 9, "python": 30, "linux": 8, "docker": 7}


def said(serving, title, picks=(), limit=24):
    taxonomy = serving.model.taxonomy
    found = offers(serving, taxonomy.titles.code(title), [taxonomy.skills.code(p) for p in picks], limit)
    return [taxonomy.skills[c] for c in found]


def test_a_nurse_is_asked_for_nursing_before_python_though_all_of_it_has_one_parent(asked):
    serving = asked({**ELSEWHERE, "care": 5, "dosage": 3, "hygiene": 4, "wound_care": 2}, EVERYBODYS)
    found = said(serving, "nurse")
    assert found[:3] == ["care", "hygiene", "dosage"]
    assert set(found[3:]) == set(ELSEWHERE)  # of wound care there are two courses, and others to ask for


def test_where_hardly_anything_of_the_trade_is_taught_even_one_course_leads(asked):
    serving = asked({**ELSEWHERE, "care": 1, "hygiene": 2}, EVERYBODYS)
    assert set(said(serving, "nurse")[:2]) == {"care", "hygiene"}
    assert said(serving, "baker")[0] == "python"


def test_the_titles_skills_take_at_most_half_of_the_room_and_picks_are_not_offered_again(asked):
    serving = asked({**ELSEWHERE, "care": 5, "dosage": 3, "hygiene": 4, "wound_care": 3}, EVERYBODYS)
    found = said(serving, "nurse", limit=4)
    assert [s in HEALTH for s in found] == [True, True, False, False]
    after = said(serving, "nurse", picks=["care"])
    assert "care" not in after
    assert set(after[:3]) == set(HEALTH) - {"care"}


def test_no_heading_calls_titles_frequent_that_are_not(client):
    young = client.get("/welcome?lang=en").text
    assert "Nurse" in young
    assert "Frequent answers" not in young  # nobody's title is frequent among eight


def test_the_heading_stands_over_frequent_titles_alone(client, monkeypatch):
    heading, fragment = "Frequent answers", {"hx-request": "true"}
    monkeypatch.setattr(room, "people_by_title", lambda _: np.array([7, 0]))
    page = client.get("/welcome?lang=en").text
    assert page.index(heading) < page.index("Developer") < page.index("Nurse")
    for path in ("/welcome?search=nur&lang=en", "/welcome?search=xyz&lang=en"):
        assert heading not in client.get(path, headers=fragment).text
    assert "Nothing found" in client.get("/welcome?search=xyz&lang=en", headers=fragment).text
