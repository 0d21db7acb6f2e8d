"""The rows of a page: what one row takes does not cost a member the reason of another."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend
from skillfirst.tables.member_document import INFERRED, Source

TITLE = int(Source.TITLE)


@pytest.fixture
def rows_of(academy):
    """Rows (context, courses) of a carpenter who may want `wanted`, among courses of wood, joints and drawing."""
    taxonomy = academy.taxonomy_of(["drawing", "joints", "wood"], ["carpenter"])

    def rows(courses, wanted, least=3):
        catalogue = academy.catalogue_of(taxonomy, {f"c{i}": {"skills": s} for i, s in enumerate(courses)})
        skills = taxonomy.skills
        batch = academy.people_of(catalogue, {"ann": {"title": [0], "title_weight": [1.0], "wanted": wanted}})
        believed = {
            "inferred_skill": [skills.code("joints"), skills.code("wood")], "inferred_weight": [0.5, 0.9],
            "inferred_source": [TITLE, TITLE], "predicted_skill": [], "predicted_weight": [], "predicted_source": [],
        }  # fmt: skip
        for column in INFERRED:
            batch = batch.append_column(column, pa.array([believed[column.name]], column.type))
        policy = Policy(floor=1, inference=academy.silent).with_settings({"page.row_least": least})
        page = recommend(batch, academy.model_of(catalogue, batch, policy), ["home"]).to_pylist()[0]
        found = {}
        for context, course in zip(page["context"], page["course_id"], strict=True):
            found.setdefault(context, []).append(course)
        return found

    return rows


# two of four courses of the title teach the wish as well
SHARED = [["wood"], ["joints"], ["drawing", "wood"], ["drawing", "joints"], ["drawing"]]


def test_a_wish_does_not_cost_the_row_of_the_title(rows_of):
    assert len(rows_of(SHARED, [])["title"]) == 4
    page = rows_of(SHARED, ["drawing"])
    assert set(page["wanted"]) == {"c2", "c3", "c4"}
    assert set(page["title"]) == {"c0", "c1"}  # what stands nowhere else


def test_one_course_left_over_is_no_row(rows_of):
    assert "title" not in rows_of([["wood"], *SHARED[2:]], ["drawing"])


def test_where_nothing_stands_above_a_row_of_the_title_is_as_long_as_any(rows_of):
    assert "title" not in rows_of([["wood"], ["joints"], ["drawing"], ["drawing"], ["drawing"]], ["drawing"])
    assert "title" in rows_of([["wood"], ["joints"], ["drawing"], ["drawing"], ["drawing"]], ["drawing"], least=2)
