"""tag, review-tags and evaluate on a handful of courses."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys

import pyarrow.parquet as pq
import pytest

HEAD = "course_id,title,description,skills\n"


@pytest.fixture
def files(tmp_path):
    """Courses without tags, courses with, and a closed vocabulary."""
    (tmp_path / "courses.csv").write_text(
        HEAD + "a,Welding for beginners,Welding steel plates,Spanish\nb,SQL by example,Queries in SQL,\n"
    )
    (tmp_path / "tagged.jsonl").write_text(
        "".join(
            json.dumps({"course_id": f"t{i}", "title": f"{skill} part {i}", "skills": [skill]}) + "\n"
            for i, skill in enumerate(["Bee keeping", "SQL", "Welding"] * 8)
        )
    )
    (tmp_path / "skills.csv").write_text("skill_id,name\nw,Welding\ns,SQL\n")
    return tmp_path


def test_tag_writes_candidates_and_says_why(skillfirst, files):
    said = skillfirst("tag", "--courses", "courses.csv", "--out", "tags.parquet", "--json")
    assert said.code == 0
    assert (said.json["method"], said.json["courses"]) == ("formula", 2)
    assert "no labelled course" in said.json["why"]
    tags = pq.read_table("tags.parquet")
    assert tags.column_names == ["course_id", "skill_id", "weight", "probability", "use", "source", "evidence"]
    best = {row["course_id"]: row["skill_id"] for row in reversed(tags.to_pylist())}
    assert best == {"a": "welding", "b": "sql"}
    assert max(tags["course_id"].to_pylist().count(c) for c in "ab") <= 50


def test_tag_says_whether_the_taxonomy_fits(skillfirst, files):
    slipped = "skill_id,name,aliases\nw,Welding,query language\ns,SQL,arc joining\np,Poetry,\n"
    (files / "slipped.csv").write_text(slipped)
    asked = ("tag", "--courses", "courses.csv", "--skills", "slipped.csv", "--out", "tags.csv")
    fit = skillfirst(*asked, "--json").json["taxonomy"]
    assert (fit["skills_no_course_teaches_first"], fit["courses_without_skill"]) == (["p"], 0)
    assert fit["strange_aliases_first"][0] == ["SQL", "arc joining"]
    said = skillfirst(*asked).out
    assert "1 skills no course teaches, 0 courses without a skill" in said
    assert "only 0% of aliases resemble their skill's name" in said
    assert "arc joining for SQL" in said


def test_tags_inside_the_courses_are_ignored_unless_asked_for(skillfirst, files):
    def human(*more):
        said = skillfirst("tag", "--courses", "courses.csv", "--out", "tags.csv", *more)
        assert said.code == 0
        with open("tags.csv", newline="") as file:
            return [row["skill_id"] for row in csv.DictReader(file) if row["source"] == "human"]

    assert human() == []
    assert human("--own-tags") == ["spanish"]


def test_skills_close_the_vocabulary_and_labels_open_it(skillfirst, files):
    closed = skillfirst("tag", "--courses", "courses.csv", "--skills", "skills.csv", "--out", "tags.jsonl", "--json")
    assert closed.json["skills"] == 2
    with open("tags.jsonl") as file:
        assert {json.loads(line)["skill_id"] for line in file} <= {"w", "s"}
    args = ("--courses", "courses.csv", "--labelled", "tagged.jsonl", "--out", "tags.jsonl", "--json")
    opened = skillfirst("tag", *args).json
    assert opened["labelled_courses"] == 24
    assert opened["unknown_label_tags"] == 0
    known = skillfirst("tag", "--courses", "courses.csv", "--out", "tags.jsonl", "--json").json["skills"]
    assert opened["skills"] == known + 1  # bee keeping is not in the built-in taxonomy
    both = skillfirst("tag", *args, "--skills", "skills.csv").json
    assert both["unknown_label_tags_first"] == ["Bee keeping"]


def test_a_persons_decision_is_taken_back(skillfirst, academy):
    said = skillfirst("review-tags", "--data", academy, "--out", "sheet.csv", "--json")
    assert said.json["rows"] > 0
    with open("sheet.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["course_id", "title", "skill_id", "skill", "probability", "evidence", "decision"]
    rows[0]["decision"] = "refused"
    with open("decided.csv", "w", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    again = skillfirst("review-tags", "--data", academy, "--decisions", "decided.csv", "--out", "again.csv", "--json")
    assert again.json["rows"] <= len(rows)
    with open("again.csv", newline="") as file:
        asked = {(row["course_id"], row["skill_id"]) for row in csv.DictReader(file)}
    assert (rows[0]["course_id"], rows[0]["skill_id"]) not in asked
    args = ("--courses", academy / "courses.csv", "--own-tags", "--decisions", "decided.csv", "--out", "tags.csv")
    assert skillfirst("tag", *args).code == 0
    with open("tags.csv", newline="") as file:
        left = {(row["course_id"], row["skill_id"]) for row in csv.DictReader(file)}
    assert (rows[0]["course_id"], rows[0]["skill_id"]) not in left


def test_review_puts_what_is_shown_first(skillfirst, academy, night):
    said = skillfirst("review-tags", "--data", academy, "--store", night, "--rows", "1", "--out", "one.jsonl", "--json")
    assert said.json["rows"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["tag", "--courses", "nowhere.csv", "--out", "t.csv"], 1, "there is no file nowhere.csv"),
        (["tag", "--courses", "bad.csv", "--out", "t.csv"], 1, "courses.course_id"),
        (["tag", "--courses", "courses.csv", "--out", "t.txt"], 2, "tells no format"),
        (["tag", "--courses", "courses.csv", "--out", "bad.csv/t.csv"], 1, "cannot be written"),
        (["tag", "--courses", "courses.csv", "--embeddings", "oracle", "--out", "t.csv"], 2, "oracle"),
        (["tag", "--courses", "courses.csv", "--decisions", "bad.csv", "--out", "t.csv"], 1, "decisions"),
        (["tag", "--courses", "courses.csv", "--decisions", "nowhere.csv", "--out", "t.csv"], 1, "cannot be read"),
        (["tag", "--courses", "courses.csv", "--skills", "bad.csv", "--out", "t.csv"], 1, "skills.skill_id"),
        (["review-tags", "--data", "nowhere", "--out", "t.csv"], 1, "there is nothing at nowhere"),
        (["review-tags", "--data", ".", "--store", "nowhere", "--out", "t.csv"], 1, "there is no store"),
        (["evaluate", "tagging", "--courses", "nowhere.csv"], 1, "there is no file"),
        (["evaluate", "tagging", "--courses", "courses.csv", "--draws", "1"], 2, "--draws"),
    ],
)
def test_what_goes_wrong_is_said_in_one_message(skillfirst, files, arguments, code, words):
    (files / "bad.csv").write_text("name\nx\n")
    skillfirst(*arguments).fails(code, words)


def test_evaluate_tagging_stands_beside_baselines(skillfirst, files):
    said = skillfirst("evaluate", "tagging", "--courses", "tagged.jsonl", "--draws", "20", "--json")
    assert said.code == 0
    assert set(said.json["methods"]) == {"popularity", "name match", "formula, no labels", "ours"}
    value, low, high = said.json["methods"]["ours"]["R@10"]
    assert low <= value <= high


def test_evaluate_without_anything_to_test_on(skillfirst, files):
    (files / "one.csv").write_text(HEAD + "a,Untagged,,\n")
    skillfirst("evaluate", "tagging", "--courses", "one.csv").fails(1, "no course with a known tag")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """An invented academy large enough to measure members on."""
    from skillfirst.evaluation.world import invent, write

    folder = tmp_path_factory.mktemp("crowd")
    write(invent(members=150, seed=3, day=dt.date(2026, 6, 10)), folder)
    return folder


@pytest.mark.parametrize(
    ("what", "found"), [("inference", ("some hidden", "methods", "skillfirst")), ("questionnaire", ("held", "3 picks"))]
)
def test_evaluate_members_of_ones_own(skillfirst, crowd, what, found):
    said = skillfirst("evaluate", what, "--data", crowd, "--day", "2026-06-10", "--json")
    assert said.code == 0
    value = said.json
    for name in found:
        value = value[name]
    value = value.get("nDCG@10", value)
    assert 0 < value["low"] <= value["mean"] <= value["high"] <= 1


@pytest.mark.parametrize("what", ["inference", "questionnaire"])
def test_a_report_is_told_in_words_and_its_folder_holds_numbers_and_pictures(skillfirst, crowd, tmp_path, what):
    pytest.importorskip("matplotlib")
    said = skillfirst("evaluate", what, "--data", crowd, "--day", "2026-06-10", "--report", tmp_path / "r")
    assert said.code == 0
    for name in (f"{what}.json", f"{what}_reliability.svg", f"{what}_learning_curve.svg"):
        assert (tmp_path / "r" / name).stat().st_size > 100
        assert name in said.out
    assert "members" in said.out.splitlines()[0]


def test_a_report_of_tagging_is_told_in_words_and_always_has_a_learning_curve(skillfirst, files):
    pytest.importorskip("matplotlib")
    in_words = skillfirst("evaluate", "tagging", "--courses", "tagged.jsonl", "--draws", "20", "--report", "r").out
    assert "popularity" in in_words
    assert "nDCG@10" in in_words
    numbers = json.loads((files / "r" / "tagging.json").read_text())
    assert numbers["learning_curve"][0]["labelled_courses"] == 0
    assert (files / "r" / "tagging_learning_curve.svg").is_file()


def test_evaluate_interest_says_when_there_are_too_few_wishes(skillfirst, academy):
    skillfirst("evaluate", "interest", "--data", academy).fails(1, "want a skill they do not hold")


def test_evaluate_titles_of_ones_own(skillfirst, tmp_path):
    aliases = ";".join(f"welder of kind {i}" for i in range(40))
    (tmp_path / "titles.csv").write_text(f"title_id,name,aliases\nw,Welder,{aliases}\nc,Cook,chef;kitchen hand\n")
    said = skillfirst("evaluate", "titles", "--titles", "titles.csv", "--json")
    assert said.json["titles"] == 2
    assert said.json["methods"]["skillfirst"]["accuracy@1"][0] > 0.9
    assert "accuracy@5" in skillfirst("evaluate", "titles", "--titles", "titles.csv").out
    skillfirst("evaluate", "titles", "--titles", "nowhere.csv").fails(1, "there is no file")


@pytest.mark.parametrize("what", ["inference", "tagging", "titles"])
def test_without_matplotlib_the_numbers_are_reported_and_only_the_plots_left_out(
    skillfirst, crowd, files, tmp_path, monkeypatch, what
):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    data = {
        "inference": ["--data", crowd, "--day", "2026-06-10"],
        "tagging": ["--courses", "tagged.jsonl", "--draws", "20"],
        "titles": [],
    }
    said = skillfirst("evaluate", what, *data[what], "--report", "r")
    assert said.code == 0
    assert len(said.out.splitlines()) > 4  # methods below one another
    assert f"written: r/{what}.json" in said.out
    assert "no plots" in said.err
    assert "pip install 'skillfirst[plots]'" in said.err
    numbers = json.loads((tmp_path / "r" / f"{what}.json").read_text())
    assert numbers["plots"] == []
    assert "learning_curve" in json.dumps(numbers)
    assert [path.name for path in (tmp_path / "r").iterdir()] == [f"{what}.json"]


OWN = """
[sources.courses]
path = "own.csv"
columns = {course_id = "nr", title = "titel", skills = "themen"}
separator = "|"
encoding = "cp1252"
"""


def test_a_table_with_columns_of_its_own_leads_to_a_mapping_and_the_mapping_is_taken(skillfirst, tmp_path):
    text = "nr;titel;themen\n" + "".join(f"{i};Schweißen {i};Welding|Java\n" for i in range(30))
    (tmp_path / "own.csv").write_bytes(text.encode("cp1252"))
    for command in (("tag", "--out", "t.csv"), ("evaluate", "tagging", "--draws", "20")):
        said = skillfirst(*command, "--courses", "own.csv")
        said.fails(1, "skillfirst.toml: [sources.courses]", "That file can be given here in place of the table")
    (tmp_path / "skillfirst.toml").write_text(OWN)
    for place in ("skillfirst.toml", "."):
        said = skillfirst("tag", "--courses", place, "--out", "t.csv", "--own-tags", "--json")
        assert (said.code, said.json["courses"]) == (0, 30)
    assert skillfirst("evaluate", "tagging", "--courses", "skillfirst.toml", "--draws", "20", "--json").code == 0
    skillfirst("tag", "--courses", ".", "--skills", ".", "--out", "t.csv").fails(1, "skills: . has no such table")


def test_a_folder_of_parts_is_a_table(skillfirst, tmp_path):
    (tmp_path / "parts").mkdir()
    for n in range(2):
        (tmp_path / "parts" / f"{n}.csv").write_text(f"course_id,title\nc{n},Welding {n}\n")
    assert skillfirst("tag", "--courses", "parts", "--out", "t.csv", "--json").json["courses"] == 2
