"""Tags of people: names and aliases resolve, what nobody knows is counted."""

import pyarrow as pa

from skillfirst.skills.tagging.human import human_tags


def test_tags_resolve_once_and_unknown_ones_are_counted(build):
    taxonomy = build(("java", "Java", ["Java SE"]), ("sql", "SQL"))
    skills = pa.array([["Java", "java se", "Cobol"], None, ["Cobol"]], pa.large_list(pa.large_string()))
    people = human_tags(pa.table({"course_id": ["1", "2", "3"], "title": list("abc"), "skills": skills}), taxonomy)
    assert people.tags.row(0).tolist() == [0]
    assert people.tagged.tolist() == [True, False, False]
    assert people.unknown == [("Cobol", 2)]
    assert people.given == 4


def test_a_tag_with_its_kind_in_brackets_is_known(build):
    table = pa.table({"course_id": ["1"], "title": ["a"], "skills": [["Java (Programming Language)", "Java (island)"]]})
    people = human_tags(table, build(("java", "Java")))
    assert people.tags.row(0).tolist() == [0]
    assert (people.unknown, people.given) == ([("Java (island)", 1)], 2)


def test_a_table_without_tags(build):
    assert not human_tags(pa.table({"course_id": ["1"], "title": ["a"]}), build(("java", "Java"))).tagged.any()
