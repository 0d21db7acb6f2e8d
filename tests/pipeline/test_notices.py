"""A run tells what it did not fail of: members without a course, a catalogue in another language."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.kernel.model import load_model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.render import Renderer
from skillfirst.pipeline import Night, run_night
from skillfirst.serve.newcomers import Newcomer, document_of

DAY = dt.date(2026, 6, 1)
MEMBERS = "member_id,languages\nann,\nbob,it\ncleo,de\n"


def folder(tmp_path, language="de", created="2026-01-01", courses=30):
    """An academy of a few members and as many courses in one language."""
    path = tmp_path / "data"
    path.mkdir()
    rows = [f"c{i},Kurs {i},{created},{language},{'Java' if i % 2 else 'SQL'}" for i in range(courses)]
    (path / "courses.csv").write_text("\n".join(["course_id,title,created_on,language,skills", *rows]) + "\n")
    (path / "skills.csv").write_text("skill_id,name\njava,Java\nsql,SQL\n")
    (path / "members.csv").write_text(MEMBERS)
    (path / "member_skills.csv").write_text("member_id,skill\nann,Java\nbob,SQL\ncleo,Java\n")
    return path


def run(data, tmp_path, **settings):
    policy = Policy(floor=1).with_settings(settings)
    return run_night(Night(data, tmp_path / "store", DAY, policy), LocalEngine(1))


def feeds(done):
    rows = pa.Table.from_batches(list(done.table("recommendations"))).to_pylist()
    return {r["member_id"]: r for r in rows if r["channel"] == "feed"}


def test_a_german_catalogue_serves_members_without_languages(tmp_path):
    done = run(folder(tmp_path), tmp_path)
    counts = done.manifest["counts"]
    assert (counts["served"], counts["distinct_courses"]) == (3, 30)
    found = feeds(done)
    assert found["ann"]["course_id"] == found["cleo"]["course_id"]
    assert found["bob"]["course_id"][0] != found["ann"]["course_id"][0]  # the own skill leads, whatever the language
    (said,) = done.manifest["notices"]
    assert "'en'" in said["what"]
    assert "are offered de" in said["what"]
    assert said["next_step"].endswith("--set policy.language=de.")


def test_by_day_somebody_without_languages_finds_the_same_courses_and_german_words(tmp_path):
    from skillfirst.kernel.recommend import recommend

    done = run(folder(tmp_path), tmp_path)
    model = load_model(done.path / "model")
    now = 86_400 * (model.day + 1)
    skilled = recommend(document_of("x", Newcomer(skills=("Java",)), model, now).batch, model, ["feed"])
    assert len(skilled.to_pylist()[0]["course_id"]) >= model.policy.fill
    assert Renderer(model).language([]) == "de"
    assert Renderer(model).language(["it"]) == "de"
    assert Renderer(model).language(["fr"]) == "fr"


def test_with_the_platforms_language_named_there_is_nothing_to_tell(tmp_path):
    assert run(folder(tmp_path), tmp_path, language="de").manifest["notices"] == []


def test_an_english_catalogue_is_as_the_platform_expects(tmp_path):
    assert run(folder(tmp_path, "en"), tmp_path).manifest["notices"] == []


@pytest.mark.parametrize(
    ("made", "settings", "why", "step"),
    [
        ({"created": "2026-07-01"}, {}, "none of the 30 courses is open on 2026-06-01", "--day"),
        ({}, {"fallback": "none", "floor": 9, "inference.limit": 0}, "policy.fallback is none", "policy.fallback=on"),
    ],
)
def test_where_hardly_anybody_is_served_the_run_says_why(tmp_path, made, settings, why, step):
    done = run(folder(tmp_path, "en", **made), tmp_path, **settings)
    said = done.manifest["notices"][0]
    assert said["what"].startswith("only 0 of 3 members are served: ")
    assert why in said["what"]
    assert step in said["next_step"]


def test_unknown_tags_and_skills_are_told_with_the_most_frequent_first(tmp_path):
    data = folder(tmp_path, "en")
    text = (data / "courses.csv").read_text()
    (data / "courses.csv").write_text(text.replace(",SQL", ",SQL (Query Language);Juggling").replace("Java", "Kava"))
    skills = [
        *[f"ann,u{i}" for i in range(11)],
        "bob,Juggling",
        "cleo,juggling",
        "cleo,Juggling",
        "ann,Java (software)",
    ]
    (data / "member_skills.csv").write_text("\n".join(["member_id,skill", *skills]) + "\n")
    done = run(data, tmp_path)
    tags, names = done.manifest["notices"]
    assert tags["what"] == "30 of 45 (67 %) tags of courses name no known skill: Juggling, Kava"
    assert names["what"].startswith("14 skills that members name are unknown: Juggling (2), ")
    assert names["what"].endswith(", u1 (1), u10 (1), u2 (1), u3 (1), u4 (1), u5 (1), u6 (1), ...")
    assert "aliases" in tags["next_step"]
    assert names["next_step"] == tags["next_step"]
