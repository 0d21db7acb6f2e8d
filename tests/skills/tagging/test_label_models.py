"""Neighbours and co-occurrence by hand; nothing a course's own tags say reaches its held-out scores."""

import numpy as np
import pyarrow as pa

from skillfirst.skills.tagging.co_occurrence import co_occurrence_scores, conditional
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.human import human_tags
from skillfirst.skills.tagging.label_models import NAMES, LabelModels, bounded, folds_of
from skillfirst.skills.tagging.neighbours import NEIGHBOURS, neighbour_scores, neighbour_weights


def test_neighbours_vote_by_the_cube_of_similarity():
    kernel = np.array([[1.0, 2.0, -1.0]], np.float32)
    assert np.allclose(neighbour_weights(kernel), [[1 / 9, 8 / 9, 0]])
    assert np.allclose(neighbour_scores(kernel, np.array([[1], [0], [1]], np.float32)), [[1 / 9]])
    assert (neighbour_weights(np.arange(100, dtype=np.float32)[None]) > 0).sum() == NEIGHBOURS
    assert neighbour_weights(np.zeros((1, 3), np.float32)).sum() == 0


def test_what_stands_together():
    targets = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32)
    given = conditional(targets)
    assert np.allclose(given[0], [0, 2 / 4, 0])
    assert np.allclose(co_occurrence_scores(np.array([[0.5, 0, 0]], np.float32), given), [[0, 0.5, 0]])


def test_folds_are_even_and_follow_the_ids():
    ids = [f"c{i}" for i in range(13)]
    folds = folds_of(ids, 5)
    assert sorted(np.bincount(folds).tolist()) == [2, 2, 3, 3, 3]
    assert folds_of(ids[::-1], 5)[::-1].tolist() == folds.tolist()


def test_held_out_scores_do_not_see_their_own_fold(catalogue, topics):
    courses = catalogue(30)
    reading = Reading.of(CourseTexts.of(courses), topics)
    rows = np.arange(30)
    models = LabelModels.fit(reading, rows, human_tags(courses, topics).tags)
    inside = np.flatnonzero(models.folds == 0)
    tags = courses["skills"].to_pylist()
    for i in inside:
        tags[i] = ["leadership"]
    changed = courses.set_column(3, "skills", pa.array(tags, pa.list_(pa.string())))
    again = LabelModels.fit(reading, rows, human_tags(changed, topics).tags)
    assert np.array_equal(models.seen, again.seen)
    for name in NAMES:
        np.testing.assert_allclose(models.held_out[name][inside], again.held_out[name][inside], atol=1e-4)


def test_of_too_many_labelled_courses_some_are_used_with_their_own_tags(catalogue, topics, monkeypatch):
    courses = catalogue(9)
    reading = Reading.of(CourseTexts.of(courses), topics)
    tags = human_tags(courses, topics).tags
    assert bounded(reading.courses.ids, np.arange(9), tags)[1] is tags
    monkeypatch.setattr("skillfirst.skills.tagging.label_models.MAX_LABELLED", 4)
    rows, kept = bounded(reading.courses.ids, np.arange(9), tags)
    assert len(rows) == len(kept) == 4
    assert all(kept.row(i).tolist() == tags.row(int(row)).tolist() for i, row in enumerate(rows))
