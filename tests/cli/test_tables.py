"""init, check and import."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest


def test_what_init_makes_can_be_checked(skillfirst, tmp_path):
    assert skillfirst("init", "new").code == 0
    said = skillfirst("check", "new", "--json")
    assert said.code == 0
    assert said.json["usable"] is True
    assert said.json["findings"] == []
    assert said.json["counts"] == {"courses": 8, "members": 5, "member_skills": 8, "events": 5}


def test_init_overwrites_only_when_told(skillfirst, tmp_path):
    said = skillfirst("init", "new", "--json")
    assert said.json["files"] == ["courses.csv", "events.csv", "member_skills.csv", "members.csv", "skillfirst.toml"]
    (tmp_path / "new" / "members.csv").write_text("mine")
    skillfirst("init", "new").fails(2, "exists already", "--force")
    assert (tmp_path / "new" / "members.csv").read_text() == "mine"
    assert skillfirst("init", "new", "--force").code == 0
    assert (tmp_path / "new" / "members.csv").read_text().startswith("member_id")


def test_init_where_nothing_can_be_written(skillfirst, tmp_path):
    (tmp_path / "file").write_text("")
    skillfirst("init", "file/new").fails(1, "cannot be written")


def test_the_comments_of_the_sample_are_settings_that_exist(academy, tmp_path, skillfirst):
    """Every commented line of [settings] and [policy] works when the sign is taken away."""
    text = (academy / "skillfirst.toml").read_text()
    part = text[text.index("[settings]") :]
    lines = [line.removeprefix("# ") if " = " in line.split("#", 2)[1:2][0:1].__str__() else line
             for line in part.splitlines() if line.strip()]  # fmt: skip
    (tmp_path / "skillfirst.toml").write_text("\n".join(line for line in lines if not line.startswith("# ")))
    from skillfirst.cli.reading import policy_of
    from skillfirst.settings import read_settings

    settings = read_settings(tmp_path)
    assert settings.keep_runs == 7
    policy = policy_of(settings)
    assert (policy.floor, policy.fill, policy.page.row_least, policy.page.rows) == (1, 24, 1, 20)


@pytest.fixture
def spoiled(academy, tmp_path):
    """The sample with a bad level, an unknown member and a date that does not exist."""
    folder = shutil.copytree(academy, tmp_path / "spoiled")
    with (folder / "members.csv").open("a") as file:
        file.write("m6,,,,,,genius,\n")
    with (folder / "member_skills.csv").open("a") as file:
        file.write("m77,Java,explicit\n")
    return folder


def test_check_names_what_is_wrong(skillfirst, spoiled, tmp_path):
    said = skillfirst("check", spoiled, "--json", "--rejects", tmp_path / "rejects")
    assert said.code == 0
    told = {(f["table"], f["column"]): f for f in said.json["findings"]}
    assert told["members", "level"]["count"] == 1
    assert "genius" in told["members", "level"]["first"]
    assert told["member_skills", "member_id"]["count"] == 1
    rejected = json.loads((tmp_path / "rejects" / "member_skills.jsonl").read_text())
    assert rejected["values"]["member_id"] == "m77"


def test_check_says_which_values_a_row_goes_without(skillfirst, spoiled, tmp_path):
    said = skillfirst("check", spoiled, "--json", "--rejects", tmp_path / "rejects")
    assert (said.json["counts"]["members"], said.json["emptied"]) == (6, {"members": 1})
    (line,) = map(json.loads, (tmp_path / "rejects" / "members.jsonl").read_text().splitlines())
    assert (line["column"], line["left_out"], line["values"]["level"]) == ("level", "value", "genius")
    in_words = skillfirst("check", spoiled).out
    assert "members: 6 rows, 1 value left out" in in_words
    assert "it is left empty, the row stays (1 row, first: 'genius' with member_id 'm6'). Map the words:" in in_words


def test_check_says_that_a_few_bad_rows_are_passed_over(skillfirst, spoiled):
    said = skillfirst("check", spoiled)
    assert said.code == 0
    assert "member_skills: 8 rows, 1 left out (more than 5%, but up to 10 rows" in said.out
    assert skillfirst("check", spoiled, "--json").json["passed_over"] == ["member_skills"]
    (spoiled / "skillfirst.toml").write_text("[checks]\nmax_bad_share = 0.05\n")
    assert skillfirst("check", spoiled).code == 1


def test_check_refuses_what_run_would_refuse(skillfirst, spoiled):
    (spoiled / "courses.csv").unlink()
    said = skillfirst("check", spoiled, "--json")
    assert said.code == 1
    assert said.json["usable"] is False
    in_words = skillfirst("check", spoiled)
    assert in_words.code == 1
    assert "the tables cannot be used" in in_words.out
    assert "courses" in in_words.out


def test_a_message_names_no_folder_that_is_gone(skillfirst, spoiled):
    said = skillfirst("check", spoiled, "--set", "max_bad_share=0")
    assert said.code == 1
    assert "--rejects FOLDER" in said.out
    assert "/tmp/skillfirst-" not in said.out
    said = skillfirst("run", "--data", spoiled, "--store", "s", "--set", "max_bad_share=0")
    said.fails(1, "s/rejects/")
    kept = Path("s/rejects")
    assert "level" in "".join(path.read_text() for path in kept.iterdir())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda f: None, "there is nothing at"),
        (lambda f: f.mkdir(), "no table was found"),
        (lambda f: f.write_text("hello"), "neither a directory of tables nor a mapping file"),
    ],
)
def test_check_without_tables(skillfirst, tmp_path, make, words):
    make(tmp_path / "data")
    skillfirst("check", tmp_path / "data").fails(1, words)


def test_check_with_an_unknown_variable(skillfirst, academy):
    skillfirst("check", academy, "--var", "shared=x").fails(1, "no variable 'shared'")


def test_a_toml_with_an_unknown_section(skillfirst, tmp_path, academy):
    folder = shutil.copytree(academy, tmp_path / "data")
    (folder / "skillfirst.toml").write_text("[polizy]\nfloor = 1\n")
    skillfirst("check", folder).fails(2, "[polizy]", "policy")


@pytest.mark.parametrize(
    ("toml", "set_", "words"),
    [
        ("", "policy.page.rowz=3", "there is no setting policy.page.rowz"),
        ("", "policy.page.rows=abc", "policy.page.rows cannot be 'abc'"),
        ("", "tagging.candidates=many", "tagging.candidates"),
        ("[policy]\nflor = 1\n", None, "there is no setting policy.flor"),
        ("[experiments.e]\nshares = {a = 0.5, b = 0.6}\n", None, "shares"),
        ("[experiments.e]\nshares = {a = 0.5, b = 0.5}\n[experiments.e.arms.a]\npage.rowz = 3\n", None, "page.rowz"),
    ],
)
def test_check_refuses_the_settings_that_run_refuses(skillfirst, tmp_path, academy, toml, set_, words):
    folder = shutil.copytree(academy, tmp_path / "data")
    (folder / "skillfirst.toml").write_text(toml)
    options = ["--set", set_] if set_ else []
    skillfirst("check", folder, *options).fails(2, words)
    skillfirst("run", "--data", folder, "--store", "s", *options).fails(2, words)


def test_check_names_the_files_it_found_and_the_names_it_knows(skillfirst, tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    for name in ("Kursliste.csv", "Mitglieder.xlsx", "member.csv"):
        (folder / name).write_text("a,b\n")
    skillfirst("check", folder).fails(
        1, "no table was found", "There are: Kursliste.csv, Mitglieder.xlsx, member.csv", "Known names are: courses, ",
        "title_skills", "skillfirst.toml",
    )  # fmt: skip
    (folder / "courses.csv").write_text("course_id,title\n1,a\n")
    said = skillfirst("check", folder)
    assert said.code == 1
    assert "members: the table is missing" in said.out
    assert (
        "note: files that are not read: Kursliste.csv, Mitglieder.xlsx, member.csv. Did you mean 'members'?" in said.out
    )
    # a mapping file says what counts; what lies beside it is nobody's business
    (folder / "members.csv").write_text("member_id\nana\n")
    (folder / "skillfirst.toml").write_text("[policy]\nfloor = 1\n")
    assert "not read" not in skillfirst("check", folder).out


def test_import_csv_gives_tables_that_check_accepts(skillfirst, tmp_path, academy):
    (tmp_path / "own.csv").write_text("name,aliases,parents\nWelding,TIG welding;MIG welding,\nTIG,,Welding\n")
    folder = shutil.copytree(academy, tmp_path / "data")
    said = skillfirst("import", "csv", "own.csv", "--out", folder, "--json")
    assert said.code == 0
    assert said.json["counts"]["skills"] == 2
    assert skillfirst("check", folder, "--json").json["counts"]["skills"] == 2


def test_import_of_titles_alone_gives_a_prior_over_the_builtin_skills(skillfirst, tmp_path, academy):
    published = tmp_path / "published"
    published.mkdir()
    (published / "Occupation Data.txt").write_text(
        "O*NET-SOC Code\tTitle\tDescription\n1\tKettle Designers\tThey design kettles.\n"
    )
    (published / "Technology Skills.txt").write_text(
        "O*NET-SOC Code\tExample\tCommodity Code\tCommodity Title\tHot Technology\tIn Demand\n"
        "1\tJavaScript\t1\tWeb\tY\tY\n1\tObscura software\t1\tWeb\tN\tN\n"
    )
    folder = shutil.copytree(academy, tmp_path / "data")
    said = skillfirst("import", "onet", published, "--titles-only", "--out", folder, "--json")
    assert (said.code, said.json["counts"]) == (0, {"titles": 1, "title_skills": 1})
    assert not (folder / "skills.parquet").exists()
    from skillfirst.ingest.checks import check
    from skillfirst.pipeline import read_taxonomy

    taxonomy = read_taxonomy(check(folder, tmp_path / "work").tables)
    assert taxonomy.title_names == ["Kettle Designers"]
    assert [taxonomy.names[s] for s in taxonomy.title_skills.row(0)] == ["JavaScript"]


STATEMENT = {
    "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee", "timestamp": "2026-06-09T12:00:00Z",
    "actor": {"mbox": "mailto:ann@academy.example"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {
        "id": "https://academy.example/course/c1",
        "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
    },
}  # fmt: skip
ENVELOPE = {
    "dataVersion": "http://purl.imsglobal.org/ctx/caliper/v1p2",
    "data": [
        {
            "id": "urn:uuid:1", "type": "ViewEvent", "action": "Viewed", "eventTime": "2026-06-09T12:00:00Z",
            "actor": {"id": "https://academy.example/people/m1", "type": "Person"},
            "object": {"id": "https://academy.example/course/c1", "type": "CourseOffering"},
        }
    ],
}  # fmt: skip


def test_import_xapi_gives_events_and_says_what_was_left_out(skillfirst, tmp_path):
    odd = {**STATEMENT, "verb": {"id": "https://academy.example/verbs/sang"}}
    (tmp_path / "records.jsonl").write_text("\n".join(map(json.dumps, (STATEMENT, odd))))
    (tmp_path / "key").write_text("pepper")
    said = skillfirst("import", "xapi", "records.jsonl", "--out", "d", "--prefix", "https://academy.example/course/",
                      "--salt", "key", "--json")  # fmt: skip
    assert (said.code, said.json["counts"]) == (0, {"events": 1})
    assert len(said.json["notes"]) == 1
    assert "https://academy.example/verbs/sang: 1" in said.json["notes"][0]
    event = json.loads((tmp_path / "d" / "events.jsonl").read_text())
    assert (event["kind"], event["course_id"], event["time"]) == ("complete", "c1", "2026-06-09T12:00:00+00:00")
    assert event["member_id"].startswith("mail:")


def test_imported_records_are_events_that_check_accepts(skillfirst, tmp_path, academy):
    folder = shutil.copytree(academy, tmp_path / "data")
    (folder / "events.csv").unlink()
    (tmp_path / "envelope.json").write_text(json.dumps(ENVELOPE))
    prefixes = ("--prefix", "https://academy.example/course/", "--prefix", "https://academy.example/people/")
    assert skillfirst("import", "caliper", "envelope.json", "--out", folder, *prefixes).code == 0
    checked = skillfirst("check", folder, "--json").json
    assert (checked["counts"]["events"], checked["findings"]) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import", "xapi", "nothing.json", "--out", "y"], 1, "nothing.json"),
        (["import", "csv", "x.csv", "--prefix", "z", "--out", "y"], 2, "--prefix and --salt go with xapi and caliper"),
        (["import", "xapi", "x.json", "--titles-only", "--out", "y"], 2, "--titles-only goes with esco and onet"),
        (["import", "csv", "x.csv", "--titles-only", "--out", "y"], 2, "--titles-only goes with esco and onet"),
        (["import", "linkedin", "x", "--out", "y"], 2, "'linkedin' is not one of"),
        (["import", "csv", "nothing.csv", "--out", "y"], 1, "there is no file"),
        (["import", "esco", "nothing", "--out", "y"], 1, "nothing"),
        (["import", "onet", "nothing", "--out", "y"], 1, "nothing"),
        (["import", "csv", "nothing.csv", "--out", "y", "--language", "de"], 2, "--language goes with esco"),
    ],
)
def test_import_of_what_is_not_there(skillfirst, arguments, code, words):
    skillfirst(*arguments).fails(code, words)
