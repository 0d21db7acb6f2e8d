"""Versions of one course share their tags, along chains and circles."""

import numpy as np
import pyarrow as pa

from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.translations import inherited
from skillfirst.tables.sparse import Csr


def texts(**links):
    ids = sorted(links)
    return CourseTexts.of(pa.table({"course_id": ids, "title": ids, "translation_of": [links[i] for i in ids]}))


def test_tags_travel_both_ways_and_name_their_origin(build):
    taxonomy = build(("java", "Java"), ("sql", "SQL"))
    courses = texts(a=None, b="a", c="b", d=None, e="nowhere")
    rows = inherited(courses, taxonomy, Csr.from_pairs([1], [1], None, (5, 2))).to_pylist()
    assert [(r["course_id"], r["skill_id"], r["source"]) for r in rows] == [
        ("a", "sql", "translation"), ("c", "sql", "translation"),
    ]  # fmt: skip
    assert rows[0]["evidence"] == '[{"kind":"translation","course_id":"b"}]'


def test_a_circle_of_links_is_one_family(build):
    tags = Csr.from_pairs([0], [0], None, (3, 1))
    rows = inherited(texts(a="c", b="a", c="b"), build(("java", "Java")), tags)
    assert rows["course_id"].to_pylist() == ["b", "c"]
    assert np.allclose(rows["weight"].to_numpy(), 0.95)
