from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillfirst.serve.page.colours import colour
from skillfirst.serve.page.covers import FAMILIES, draw_cover, look
from skillfirst.serve.page.motifs import MOTIFS, Chance


def test_the_same_course_has_the_same_cover_for_ever():
    assert draw_cover("java-1", "software_development", ["java"]) == draw_cover(
        "java-1", "software_development", ["java"]
    )
    covers = {draw_cover(f"c{i}", "data_ai", ["sql"]) for i in range(200)}
    assert len(covers) == 200


@pytest.mark.parametrize("category", [*FAMILIES, "", "Something else"])
def test_every_category_has_a_well_formed_picture_without_anything_from_elsewhere(category):
    for n in range(12):
        svg = draw_cover(f"c{n}", category, ["x"])
        root = ET.fromstring(svg)
        assert root.attrib["viewBox"] == "0 0 640 360"
        assert len(svg) < 16_000
        assert "style=" not in svg
        assert svg.count("http") == 1  # the namespace


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_text_gets_into_the_picture(course, category, skill):
    picture = draw_cover(course, category, [skill])
    assert picture.isascii()
    assert not any(part.text or part.tail for part in ET.fromstring(picture).iter())


def test_colours_are_what_they_say():
    assert colour(0.0, 0.0, 0.0) == "#000000"
    assert colour(1.0, 0.0, 0.0) == "#ffffff"
    assert colour(0.628, 0.2577, 29.23) == "#ff0000"


def _family(course, category, skills):
    return Chance(course).pick(look(course, category, skills)[1])


@pytest.mark.parametrize("category", ["IT", ""])
def test_a_row_of_an_unknown_catalogue_shows_many_drawings(category):
    row = [(f"course-{n}", [f"skill {n % 6}"]) for n in range(60)]
    drawn = Counter(_family(course, category, skills) for course, skills in row)
    assert len(drawn) >= 8
    assert drawn.most_common(1)[0][1] <= 15
    one_skill = Counter(_family(f"course-{n}", category, ["welding"]) for n in range(12))
    assert 3 <= len(one_skill) <= 4
    assert len({_family(f"course-{n}", category, []) for n in range(40)}) >= (3 if category else 8)


def test_a_skill_has_its_hue_and_its_drawings_whatever_an_unknown_category_is_called():
    assert look("a", "IT", ["welding", "x"]) == look("b", "Metal", ["welding"])
    hues = {look("a", "IT", [f"skill {n}"])[0] for n in range(12)}
    assert len(hues) >= 10
    for n in range(50):
        families = look("a", "IT", [f"skill {n}"])[1]
        assert len(set(families)) == len(families)
        assert set(families) <= set(MOTIFS)
