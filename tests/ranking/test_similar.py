"""Courses like a course: by skills, by learners, by both."""

from __future__ import annotations

import numpy as np
import pytest

from skillfirst.ranking.co_watch import co_watched
from skillfirst.ranking.similar import similar_courses
from skillfirst.tables.sparse import Csr


def near(offsets, course, c):
    return course[offsets[c] : offsets[c + 1]].tolist()


def test_shared_rare_skills_make_courses_alike():
    skills = Csr.from_rows([{0: 1, 1: 1}, {0: 1}, {1: 1, 2: 1}, {2: 1}, {0: 1, 3: 1}], 4)
    offsets, course = similar_courses(skills)
    assert near(offsets, course, 0)[0] == 1
    assert 3 not in near(offsets, course, 0)


def test_similarity_equals_the_dense_cosine():
    rng = np.random.default_rng(3)
    dense = (rng.random((30, 8)) < 0.3) * rng.random((30, 8)).astype(np.float32)
    skills = Csr.from_rows([{j: float(v) for j, v in enumerate(row) if v} for row in dense], 8)
    weighted = dense * np.log1p(30 / np.maximum((dense > 0).sum(0), 1))
    unit = weighted / np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-12)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, 0)
    offsets, course = similar_courses(skills, keep=5)
    for c in range(30):
        best = sorted(cosine[c][cosine[c] >= 0.2])[::-1][:5]
        assert [cosine[c, o] for o in near(offsets, course, c)] == pytest.approx(best, abs=1e-6)


def test_co_watching_counts_people_and_believes_few_of_them_little():
    taken = Csr.from_rows([{0: 1, 1: 1}] * 20 + [{0: 1, 2: 1}] * 6 + [{0: 1, 3: 1}] * 4, 5)
    together = co_watched(taken)
    assert together.row(0).tolist() == [1, 2]  # four common learners are too few to speak of
    n, m, both = 30, 20, 20
    assert together.row_values(0)[0] == pytest.approx(both / np.sqrt(n * m) * both / (both + 10))


def test_co_watching_joins_courses_without_a_common_skill():
    skills = Csr.from_rows([{0: 1}, {1: 1}], 2)
    together = co_watched(Csr.from_rows([{0: 1, 1: 1}] * 20, 2))
    offsets, course = similar_courses(skills, together)
    assert (near(offsets, course, 0), near(offsets, course, 1)) == ([1], [0])
