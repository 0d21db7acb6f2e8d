"""A saved tagger tags as before; nothing in its folder is a pickle."""

import numpy as np
import pytest

from skillfirst.errors import DataError, NotFound
from skillfirst.skills.tagging.artefact import load_choice, save_choice
from skillfirst.skills.tagging.choice import choose
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.human import human_tags
from skillfirst.skills.tagging.tagger import tag_rows


@pytest.mark.parametrize("labelled", [0, 20, 60, 160])
def test_saved_and_loaded_it_tags_alike(catalogue, topics, tmp_path, labelled):
    courses = catalogue(labelled + 5)
    reading = Reading.of(CourseTexts.of(courses), topics)
    choice = choose(reading, np.arange(labelled), human_tags(courses.slice(0, labelled), topics).tags)
    save_choice(choice, reading, tmp_path / "tagger")
    again = load_choice(tmp_path / "tagger", reading)
    rows = np.arange(labelled, labelled + 5)
    assert tag_rows(reading, rows, again).equals(tag_rows(reading, rows, choice))
    assert {p.suffix for p in (tmp_path / "tagger").iterdir()} <= {".json", ".npz", ".txt"}


def test_a_catalogue_without_the_labelled_courses(catalogue, topics, tmp_path):
    courses = catalogue(20)
    reading = Reading.of(CourseTexts.of(courses), topics)
    save_choice(choose(reading, np.arange(20), human_tags(courses, topics).tags), reading, tmp_path)
    with pytest.raises(DataError, match="Train it again"):
        load_choice(tmp_path, Reading.of(CourseTexts.of(courses.slice(0, 5)), topics))
    with pytest.raises(NotFound, match="no trained tagger"):
        load_choice(tmp_path / "nowhere", reading)
