"""The policy by number of labels, kept only when it is best out of fold."""

import numpy as np
import pytest

from skillfirst.skills.tagging import boosting
from skillfirst.skills.tagging.choice import BOOSTED, FORMULA, LOGISTIC, RIDGE, choose
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.human import human_tags


def chosen(courses, taxonomy, labelled, **options):
    reading = Reading.of(CourseTexts.of(courses), taxonomy)
    tags = human_tags(courses.slice(0, labelled), taxonomy).tags
    return choose(reading, np.arange(labelled), tags, **options)


def test_without_labels_the_fixed_formula(catalogue, topics):
    choice = chosen(catalogue(5), topics, 0)
    assert (choice.method, choice.models) == (FORMULA, None)
    assert "no labelled course" in choice.report["why"]


def test_a_single_label_is_too_few_to_judge_by(catalogue, topics):
    choice = chosen(catalogue(5), topics, 1)
    assert choice.method == FORMULA
    assert "only 1 labelled" in choice.report["why"]


@pytest.mark.parametrize(("labelled", "tried"), [(20, {FORMULA, RIDGE}), (60, {FORMULA, RIDGE, LOGISTIC})])
def test_what_is_tried_and_the_best_is_kept(catalogue, topics, labelled, tried):
    choice = chosen(catalogue(labelled), topics, labelled)
    quality = choice.report["ndcg_out_of_fold"]
    assert set(quality) == tried
    assert quality[choice.method] == max(quality.values())
    assert choice.method != FORMULA  # half of these titles do not name their topic


@pytest.mark.skipif(not boosting.available(), reason="no LightGBM")
def test_boosting_from_150_labels(catalogue, topics):
    assert BOOSTED in chosen(catalogue(160), topics, 160).report["ndcg_out_of_fold"]


def test_without_boosting_the_report_says_so(catalogue, topics):
    choice = chosen(catalogue(160), topics, 160, boosting=False)
    assert LOGISTIC in choice.report["ndcg_out_of_fold"]
    assert "LightGBM is not installed" in choice.report["why"]


def test_labels_all_alike(catalogue, topics):
    courses = catalogue(60)
    reading = Reading.of(CourseTexts.of(courses), topics)
    tags = human_tags(courses, topics).tags
    same = type(tags).from_pairs(np.arange(60), np.zeros(60, int), None, (60, len(topics)))
    choice = choose(reading, np.arange(60), same)
    assert choice.report["ndcg_out_of_fold"][choice.method] > 0.9


def test_useless_labels_leave_the_formula(build, catalogue, topics):
    """Titles name the skills plainly and tags are right for them: nothing learnt may push the formula out."""
    courses = catalogue(40).set_column(1, "title", [[f"x{i}" for i in range(40)]])
    names = [f"Topic{i:02d}" for i in range(40)]
    taxonomy = build(*((n.lower(), n) for n in names))
    titled = courses.set_column(1, "title", [names])
    reading = Reading.of(CourseTexts.of(titled), taxonomy)
    tags = human_tags(titled.set_column(3, "skills", [[[n] for n in names]]), taxonomy).tags
    choice = choose(reading, np.arange(40), tags)
    assert choice.method == FORMULA
