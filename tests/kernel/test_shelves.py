"""A shelf is called popular where people took its courses, and says what else it stands on where nobody did."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from skillfirst.contexts.kinds import Basis
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.model import load_model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend
from skillfirst.kernel.render import Renderer
from skillfirst.kernel.shorthand import Shorthand
from skillfirst.tables.member_document import DOCUMENT, documents

DAY = 20_605
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
POLICY = Policy(floor=1)
EVERYBODY = [f"m{i}" for i in range(40)]


@pytest.fixture(scope="module")
def catalogue(busy_world):
    return busy_world(8, 4, 90, 60, 20)[0]


def fitted(catalogue, took=(), skills=True, people=40):
    """The Model of members who took the courses `took`, and can do something or nothing."""
    held = [[i % 60] if skills else [] for i in range(people)]
    taken = [sorted(took) for _ in range(people)]
    given = {
        "member_id": EVERYBODY[:people], "now": [NOON] * people, "skill": held,
        "skill_source": [[1] * len(s) for s in held], "course": taken,
        "course_kind": [[4] * len(c) for c in taken], "course_time": [[DAY * 86_400 - 99] * len(c) for c in taken],
        "course_seconds": [[0] * len(c) for c in taken],
    }  # fmt: skip
    batch = documents(people, **given)
    assert batch.schema.names == DOCUMENT.names
    return finish([count(batch, catalogue, POLICY)], catalogue, POLICY, DAY)


def codes(catalogue, language):
    code = catalogue.languages.code(language)
    return np.flatnonzero((catalogue.language == code) & ~catalogue.retired).tolist()


def sentence(model, *asked):
    return Renderer(model).sentence(*asked)


def test_without_any_event_skills_are_the_reason(catalogue):
    model = fitted(catalogue)
    assert model.popular_basis("popular", None) is Basis.SKILLS
    assert sentence(model, "popular", None, "en") == "For skills members here have"
    assert sentence(model, "popular", "de", "en") == "For skills members here have: courses in German"
    assert sentence(model, "popular_category", "k1", "de") == "K1: zu Fähigkeiten der Mitglieder"
    assert sentence(model, "popular_title", "t1", "en").startswith("Popular with")  # stands on learners or not at all


def test_where_members_can_do_nothing_either_nothing_is_claimed(catalogue):
    model = fitted(catalogue, skills=False)
    assert sentence(model, "popular", None, "en") == "More courses"
    assert sentence(model, "popular_category", "k1", "en") == "More courses: K1"


def test_a_shelf_with_learners_is_popular_and_one_without_is_not(catalogue):
    model = fitted(catalogue, took=codes(catalogue, "en"))
    assert sentence(model, "popular", None, "en") == "Popular with learners"
    assert sentence(model, "popular", "de", "en") == "For skills members here have: courses in German"
    assert sentence(model, "popular_category", "k1", "en") == "Popular in K1"


def test_where_all_shelves_have_learners_the_model_holds_nothing_more(catalogue):
    model = fitted(catalogue, took=[*codes(catalogue, "en"), *codes(catalogue, "de"), *codes(catalogue, "fr")])
    assert not [name for name in model.arrays if name.endswith("_basis")]


def test_a_single_learner_makes_a_shelf_one_of_learners(catalogue):
    model = fitted(catalogue, took=codes(catalogue, "de")[:1], people=1)
    assert model.popular_basis("popular", "de") is Basis.LEARNERS
    assert model.popular_basis("popular", "fr") is Basis.SKILLS


def test_night_day_and_shorthand_say_the_same_out_of_a_stored_model(catalogue, tmp_path):
    model = load_model(fitted(catalogue).save(tmp_path / "model").path)
    nobody = documents(2, member_id=["a", "b"], languages=[["de", "en"], []], now=[NOON] * 2)
    rows = recommend(nobody, model, ["feed", "home"])
    tongues = [["de"], ["de"], [], []]
    told = list(Renderer(model).answers(rows, tongues))
    text = b"".join(body for *_, body in told).decode()
    assert "Zu Fähigkeiten der Mitglieder" in text
    assert "For skills members here have" in text
    assert "Beliebt" not in text
    assert "Popular" not in text
    shorthand = Shorthand(Renderer(model))
    assert [shorthand.phrases.expand(body) for *_, body in shorthand.answers(rows, tongues)] == [b for *_, b in told]
