"""The hygiene report finds slipped aliases, doubled names, idle skills and bare courses."""

import pyarrow as pa

from skillfirst.skills.tagging.hygiene import taxonomy_hygiene


def test_sound_aliases(build):
    taxonomy = build(
        ("1", "Machine Learning", ["ML", "machine-learning methods"]), ("2", "JavaScript", ["Java Script"])
    )
    report = taxonomy_hygiene(taxonomy)
    assert report["aliases"] == 3
    assert report["strange_aliases_first"] == []
    assert report["aliases_look_sound"]


def test_slipped_aliases_and_doubled_names(build):
    taxonomy = build(
        ("1", "Types of lathe tools", ["leads hiking trips"]),
        ("2", "Guide hikes", ["lathe bits"]),
        ("3", "guide  HIKES"),
    )
    report = taxonomy_hygiene(taxonomy)
    assert report["strange_aliases_first"][0] == ["Types of lathe tools", "leads hiking trips"]
    assert not report["aliases_look_sound"]
    assert report["duplicate_names_first"] == ["guide hikes"]


def test_coverage(build):
    course_skills = pa.table({"course_id": ["a"], "skill_id": ["1"]})
    report = taxonomy_hygiene(build(("1", "Java"), ("2", "SQL")), course_skills, pa.table({"course_id": ["a", "b"]}))
    assert report["skills_no_course_teaches_first"] == ["2"]
    assert report["courses_without_skill_first"] == ["b"]
    assert report["coverage"] == 0.5
    assert taxonomy_hygiene(build(("1", "Java")), course_skills.slice(0, 0))["skills_no_course_teaches"] == 1
