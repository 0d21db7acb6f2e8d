"""A text and a skill without a common word meet on the skills of the thesaurus."""

import numpy as np
import pyarrow as pa

from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.thesaurus import with_concepts


def test_meaning_passes_over_broader_skills(build):
    thesaurus = build(
        ("baking", "Baking", [], ["food"]), ("food", "Cookery"), ("pastry", "Pastry", [], ["food"]), ("law", "Law")
    )
    skills = build(("1", "Cookery"), ("2", "Law"), ("3", "Unheard of"))
    courses = CourseTexts.of(pa.table({"course_id": ["a", "b"], "title": ["Baking at home", "zzz"]}))
    plain = Reading.of(courses, skills)
    rich = with_concepts(plain, thesaurus)
    before, after = plain.evidences(np.arange(2)), rich.evidences(np.arange(2))
    assert before.formula[0].tolist() == [0, 0, 0]
    assert after.formula[0, 0] > 0 == after.formula[0, 1]
    assert not after.parts["concepts"][1].any()
    assert not after.parts["concepts"][:, 2].any()
