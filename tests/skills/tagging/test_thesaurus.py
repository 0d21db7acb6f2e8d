"""A text and a skill without a common word meet on the skills of the thesaurus."""

import numpy as np
import pyarrow as pa

from skillfirst.skills.tagging import formula, thesaurus
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.thesaurus import builtin_taxonomy, with_concepts


def test_meaning_passes_over_broader_skills(build):
    meant = build(
        ("baking", "Baking", [], ["food"]), ("food", "Cookery"), ("pastry", "Pastry", [], ["food"]), ("law", "Law")
    )
    skills = build(("1", "Cookery"), ("2", "Law"), ("3", "Unheard of"))
    courses = CourseTexts.of(pa.table({"course_id": ["a", "b"], "title": ["Baking at home", "zzz"]}))
    plain = Reading.of(courses, skills)
    rich = with_concepts(plain, meant)
    before, after = plain.evidences(np.arange(2)), rich.evidences(np.arange(2))
    assert before.formula[0].tolist() == [0, 0, 0]
    assert after.formula[0, 0] > 0 == after.formula[0, 1]
    assert not after.parts["concepts"][1].any()
    assert not after.parts["concepts"][:, 2].any()


def test_a_taxonomy_with_the_meantown_names_is_not_searched_twice(catalogue, monkeypatch):
    """The built-in skills under other titles: the same concepts as when every text is searched again."""
    builtin = builtin_taxonomy()
    reading = Reading.of(CourseTexts.of(catalogue(12)), builtin.with_titles_of(builtin))
    searched = []
    monkeypatch.setattr(
        formula,
        "named_skills",
        lambda texts, *rest, real=formula.named_skills: searched.append(1) or real(texts, *rest),
    )
    short = with_concepts(reading, builtin)
    assert len(searched) == len(builtin)
    monkeypatch.setattr(thesaurus, "_same_names", lambda *_: False)
    long = with_concepts(reading, builtin)
    assert len(searched) == 2 * len(builtin) + 12
    for one, other in zip(short.concepts, long.concepts, strict=True):
        assert (one != other).nnz == 0
