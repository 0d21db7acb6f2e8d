"""kernel.tag: every path from no labels to many, people first, unchanged courses left alone, bad input survived."""

import json
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.kernel.tag import TagSettings, tag
from skillfirst.skills.tagging.formula import BATCH_CELLS, Reading
from skillfirst.skills.tagging.incremental import Previous
from skillfirst.skills.tagging.japanese import word_edges
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.outputs import COURSE_SKILLS

WORDS = {
    "java": "class object compile",
    "sql": "query table rows",
    "welding": "torch steel seam",
    "spanish": "verbs grammar",
}


def courses(count, start=0, tagged=True, named=True):
    skills = sorted(WORDS)
    about = [skills[(i * 7) % 4] for i in range(start, start + count)]
    return pa.table(
        {
            "course_id": [f"c{i:03d}" for i in range(start, start + count)],
            "title": [f"{s if named else WORDS[s].split()[0]} part {i}" for i, s in enumerate(about, start)],
            "description": [f"{WORDS[s]} number{i}" for i, s in enumerate(about, start)],
            "skills": pa.array([[s] if tagged else [] for s in about], pa.list_(pa.string())),
        }
    )


def remembered(result):
    """What the next tagging is told of this one."""
    return Previous(result.candidates, result.hashes, result.key)


@pytest.fixture
def taxonomy():
    names = ["Java", "SQL", "Welding", "Spanish"]
    return Taxonomy.from_tables({"skills": pa.table({"skill_id": [n.lower() for n in names], "name": names})})


def best_of(result):
    best = {}
    for row in result.candidates.to_pylist():
        best.setdefault(row["course_id"], row["skill_id"])
    return best


def test_human_tags_stay_and_unknown_ones_are_counted(taxonomy):
    table = courses(3).set_column(3, "skills", pa.array([["JAVA", "Cobol"], ["sql"], []], pa.list_(pa.string())))
    result = tag(table, taxonomy)
    human = [r for r in result.course_skills.to_pylist() if r["source"] == "human"]
    assert [(r["course_id"], r["skill_id"], r["weight"]) for r in human] == [
        ("c000", "java", 1.0),
        ("c001", "sql", 1.0),
    ]
    assert result.course_skills.schema.equals(COURSE_SKILLS.schema)
    assert set(
        result.candidates.filter(pa.compute.equal(result.candidates["course_id"], "c000"))["source"].to_pylist()
    ) == {"human"}
    assert result.report["unknown_tags_first"] == ["Cobol"]
    more = tag(table, taxonomy, None, TagSettings(add_to_tagged=True))
    assert len(more.candidates) >= len(result.candidates)


def test_without_labels_names_in_the_text_are_found_and_the_reason_is_said(taxonomy):
    result = tag(courses(8, tagged=False), taxonomy)
    assert all(s in t for s, t in zip(best_of(result).values(), courses(8)["title"].to_pylist(), strict=True))
    assert result.report["method"] == "formula"
    assert "no labelled course" in result.report["why"]
    row = result.course_skills.to_pylist()[0]
    assert json.loads(row["evidence"])[0]["kind"] == "alias"


def test_without_labels_what_a_text_only_resembles_is_no_feature():
    skills = pa.table({"skill_id": ["mt", "lead"], "name": ["Microsoft Teams", "Leading teams"]})
    table = pa.table({"course_id": ["1"], "title": ["Leading teams with care"]})
    result = tag(table, Taxonomy.from_tables({"skills": skills}))
    assert result.course_skills["skill_id"].to_pylist() == ["lead"]
    assert result.candidates["skill_id"].to_pylist() == ["lead", "mt"]


@pytest.mark.parametrize("labelled", [20, 60, 160])
def test_labels_teach_what_no_name_says(taxonomy, labelled):
    unseen = courses(12, start=500, tagged=False, named=False)
    result = tag(unseen, taxonomy, courses(labelled, named=False), TagSettings(own_tags=False))
    truth = courses(12, start=500)["skills"].to_pylist()
    assert [[s] for s in best_of(result).values()] == truth
    assert result.report["labelled_courses"] == labelled
    assert result.report["method"] != "formula"
    used = [r for r in result.course_skills.to_pylist() if r["course_id"] == "c500"]
    kinds = {e["kind"] for r in used for e in json.loads(r["evidence"])}
    assert "neighbour" in kinds
    if "ranker" in result.report["method"]:
        assert "features" in kinds


def test_tags_in_the_courses_are_ignored_when_asked(taxonomy):
    wrong = courses(4).set_column(3, "skills", pa.array([["welding"]] * 4, pa.list_(pa.string())))
    blind = TagSettings(own_tags=False)
    assert tag(wrong, taxonomy, None, blind).candidates.equals(
        tag(courses(4, tagged=False), taxonomy, None, blind).candidates
    )


def test_at_most_fifty_candidates_by_falling_probability():
    names = [f"topic word{i}" for i in range(80)]
    taxonomy = Taxonomy.from_tables({"skills": pa.table({"skill_id": names, "name": names})})
    table = pa.table({"course_id": ["1"], "title": ["topic"], "description": ["all about word3"]})
    found = tag(table, taxonomy).candidates
    assert len(found) == 50
    assert np.all(np.diff(found["probability"].to_numpy()) <= 0)
    assert found["skill_id"][0].as_py() == "topic word3"


def test_translations_inherit(taxonomy):
    table = pa.table(
        {
            "course_id": ["en", "de"],
            "title": ["Java", "Kurs eins"],
            "translation_of": pa.array([None, "en"], pa.string()),
            "skills": pa.array([["java"], []], pa.list_(pa.string())),
        }
    )
    rows = {r["course_id"]: r for r in tag(table, taxonomy).course_skills.to_pylist()}
    assert (rows["de"]["skill_id"], rows["de"]["source"]) == ("java", "translation")


def test_decisions_are_final(taxonomy):
    table = courses(4, tagged=False)
    answers = pa.table(
        {"course_id": ["c000", "c000"], "skill_id": ["java", "welding"], "decision": ["refused", "accepted"]}
    )
    rows = [r for r in tag(table, taxonomy, decisions=answers).course_skills.to_pylist() if r["course_id"] == "c000"]
    assert [(r["skill_id"], r["weight"], r["source"]) for r in rows if r["source"] == "review"] == [
        ("welding", 1.0, "review")
    ]
    assert all(r["skill_id"] != "java" for r in rows)


def answered(answer, skill, ids):
    return pa.table({"course_id": ids, "skill_id": [skill] * len(ids), "decision": [answer] * len(ids)})


def galvanising(count):
    """Courses nobody tagged, in words no tagged course has."""
    return pa.table(
        {
            "course_id": [f"z{i:03d}" for i in range(count)],
            "title": [f"zinc bath {i}" for i in range(count)],
            "description": [f"hot zinc dipping number{i}" for i in range(count)],
        }
    )


@pytest.mark.parametrize("labelled", [20, 60])
def test_accepted_tags_teach(taxonomy, labelled):
    table, labels = galvanising(12), courses(labelled, named=False)
    accepted = answered("accepted", "welding", [f"z{i:03d}" for i in range(11)])
    assert best_of(tag(table, taxonomy, labels)).get("z011") != "welding"
    taught = tag(table, taxonomy, labels, decisions=accepted)
    assert best_of(taught)["z011"] == "welding"
    assert taught.report["decisions"] == {"accepted": 11, "refused": 0, "unknown": 0}
    assert taught.report["labelled_courses"] == labelled


def test_refusing_the_tags_of_a_course_takes_it_from_the_labels(taxonomy):
    labels = courses(12)
    refused = answered("refused", labels["skills"][0][0].as_py(), ["c000"])
    assert tag(galvanising(2), taxonomy, labels, decisions=refused).report["labelled_courses"] == 11


def test_decisions_about_what_is_not_there_are_counted(taxonomy):
    unknown = pa.concat_tables([answered("accepted", "cobol", ["c000"]), answered("refused", "java", ["gone"])])
    result = tag(courses(2, tagged=False), taxonomy, decisions=unknown)
    assert result.report["decisions"] == {"accepted": 0, "refused": 0, "unknown": 2}
    assert "cobol" not in result.course_skills["skill_id"].to_pylist()


def test_a_decision_tags_its_course_again_and_taking_it_back_does_too(taxonomy):
    table = courses(6, tagged=False)
    first = tag(table, taxonomy)
    refused = answered("refused", "java", ["c000"])
    second = tag(table, taxonomy, decisions=refused, previous=remembered(first))
    third = tag(table, taxonomy, decisions=refused, previous=remembered(second))
    fourth = tag(table, taxonomy, previous=remembered(third))
    assert [r.report["tagged_now"] for r in (second, third, fourth)] == [1, 0, 1]
    assert third.candidates.equals(second.candidates)
    assert fourth.candidates.equals(first.candidates)


def test_where_a_model_is_trained_a_decision_changes_every_tag(taxonomy):
    table, labels = galvanising(4), courses(20, named=False)
    first = tag(table, taxonomy, labels)
    accepted = answered("accepted", "welding", ["z000"])
    assert tag(table, taxonomy, labels, decisions=accepted, previous=remembered(first)).report["tagged_now"] == 4


def test_only_changed_courses_are_tagged_again(taxonomy):
    table = courses(6, tagged=False)
    first = tag(table, taxonomy)
    again = tag(table, taxonomy, previous=remembered(first))
    assert again.report["tagged_now"] == 0
    assert again.candidates.equals(first.candidates)
    titles = table["title"].to_pylist()
    titles[2] = "welding after all"
    changed = tag(table.set_column(1, "title", [titles]), taxonomy, previous=remembered(first))
    assert changed.report["tagged_now"] == 1
    assert best_of(changed)["c002"] == "welding"
    other = replace(TagSettings(), seed=1)
    assert tag(table, taxonomy, None, other, previous=remembered(first)).report["tagged_now"] == 6


def test_the_same_input_gives_the_same_bytes(taxonomy):
    one, two = (
        tag(courses(10, 500, False, False), taxonomy, courses(60), TagSettings(own_tags=False)) for _ in range(2)
    )
    assert one.candidates.equals(two.candidates)
    assert one.report == two.report


def test_japanese_without_a_dictionary_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sudachipy", None)
    word_edges.cache_clear()
    skills = pa.table({"skill_id": ["ml"], "name": ["機械学習"]})
    table = pa.table({"course_id": ["1"], "title": ["Pythonで学ぶ機械学習"]})
    result = tag(table, Taxonomy.from_tables({"skills": skills}))
    word_edges.cache_clear()
    assert result.course_skills["skill_id"].to_pylist() == ["ml"]
    assert "not installed" in result.report["japanese"]
    assert tag(courses(1, tagged=False), Taxonomy.from_tables({"skills": skills})).report["japanese"] is None


# --- bad input ----------------------------------------------------------------------------------------------


def test_labels_naming_unknown_skills(taxonomy):
    labels = courses(3, 900).set_column(3, "skills", pa.array([["Cobol"], ["Cobol"], ["java"]], pa.list_(pa.string())))
    report = tag(courses(2, tagged=False), taxonomy, labels).report
    assert (report["unknown_label_tags"], report["labelled_courses"]) == (2, 1)


def test_a_text_of_two_megabytes(taxonomy):
    table = pa.table({"course_id": ["1"], "title": ["x"], "description": ["java steel " * 200_000]})
    assert best_of(tag(table, taxonomy))["1"] == "java"


def test_many_skills_with_cycles_and_shared_aliases():
    n = 3_000
    ids = [f"s{i:05d}" for i in range(n)]
    skills = pa.table(
        {
            "skill_id": ids,
            "name": [f"subject {i}" for i in range(n)],
            "aliases": [["everyone"]] * n,
            "parents": [[ids[(i + 1) % n]] for i in range(n)],
        }
    )
    taxonomy = Taxonomy.from_tables({"skills": skills})
    table = pa.table({"course_id": ["1"], "title": ["subject 77 for everyone"]})
    result = tag(table, taxonomy)
    assert best_of(result)["1"] == "s00077"
    assert any("cycle" in w for w in result.report["taxonomy_warnings"])


def test_nothing_to_tag_and_nothing_to_tag_with(taxonomy):
    assert len(tag(courses(0), taxonomy).candidates) == 0
    assert len(tag(courses(2, tagged=False), Taxonomy.from_tables({})).candidates) == 0
    empty = pa.table({"course_id": ["1"], "title": pa.array([None], pa.string())})
    assert len(tag(empty, taxonomy).candidates) == 0


def test_a_hundred_thousand_skills_stay_in_bounded_memory(monkeypatch):
    """Courses are held against all skills a few at a time: the blocks shrink as the skills grow."""
    n = 100_000
    names = [f"subject {i}" for i in range(n)]
    taxonomy = Taxonomy.from_tables({"skills": pa.table({"skill_id": names, "name": names})})
    many = BATCH_CELLS // n + 5  # more courses than one piece holds
    titles = ["subject 77777 step by step"] + [f"subject {i}" for i in range(1, many)]
    table = pa.table({"course_id": [str(i) for i in range(1, many + 1)], "title": titles})
    sizes = []
    evidences = Reading.evidences

    def watched(self, rows, **options):
        sizes.append(len(rows) * len(self.taxonomy))
        return evidences(self, rows, **options)

    monkeypatch.setattr(Reading, "evidences", watched)
    result = tag(table, taxonomy, None, TagSettings(thesaurus=False))
    assert best_of(result)["1"] == "subject 77777"
    assert len(result.candidates) == 50 * many
    assert max(sizes) <= BATCH_CELLS < sum(sizes)


def test_a_single_labelled_course_and_courses_labelled_alike(taxonomy):
    unseen = courses(4, 500, tagged=False)
    one = tag(unseen, taxonomy, courses(1))
    assert (one.report["method"], one.report["labelled_courses"]) == ("formula", 1)
    for count in (12, 60):
        alike = courses(count).set_column(3, "skills", pa.array([["sql"]] * count, pa.list_(pa.string())))
        result = tag(unseen, taxonomy, alike)
        said = {r["course_id"]: r["probability"] for r in result.candidates.to_pylist() if r["skill_id"] == "sql"}
        assert len(said) == 4
        assert min(said.values()) > 0.25  # though every title names another skill
        assert np.isfinite(result.candidates["probability"].to_numpy()).all()


def test_an_alias_of_two_skills_is_a_hint_for_both():
    skills = pa.table(
        {"skill_id": ["talks", "web"], "name": ["Crisis talks", "Web content"], "aliases": [["CM"], ["CM"]]}
    )
    result = tag(pa.table({"course_id": ["1"], "title": ["CM in practice"]}), Taxonomy.from_tables({"skills": skills}))
    assert len(result.course_skills) == 0  # said of neither
    assert sorted(result.candidates["skill_id"].to_pylist()) == ["talks", "web"]


@pytest.mark.parametrize("labelled", [4, 160])
def test_any_number_of_workers_gives_the_same(taxonomy, labelled):
    """With and without a trained model; enough courses that each of the threads has some."""
    table = pa.concat_tables([courses(labelled), courses(600, start=labelled, tagged=False, named=False)])
    one, three = (tag(table, taxonomy, workers=workers) for workers in (1, 3))
    assert one.candidates.equals(three.candidates)
    assert one.course_skills.equals(three.course_skills)
    assert (one.report, one.key) == (three.report, three.key)
