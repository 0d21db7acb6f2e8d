"""The built-in taxonomy: what stands in its files holds together. Read with the csv module alone."""

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "src" / "skillfirst" / "skills" / "builtin"
LANGUAGES = ("de", "fr", "es", "ja")
KINDS = {"field", "group", "tool", "knowledge", "ability", "language"}
COLUMNS = {
    "skills": ["skill_id", "name", "aliases", "parents", "kind"],
    "skill_labels": ["skill_id", "language", "label"],
    "titles": ["title_id", "name", "aliases", "family"],
    "title_labels": ["title_id", "language", "label"],
    "title_skills": ["title_id", "skill_id", "weight"],
    "ambiguous": ["name", "rule"],
}
SLUG = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")

SURE_SKILLS = """
Java, JavaScript, TypeScript, Python, R, C, C++, C#, Go, Rust, Swift, Kotlin, PHP, Ruby, Scala, Dart, SQL, MySQL,
PostgreSQL, MongoDB, Redis, Oracle Database, SQL Server, Node.js, React, React Native, Angular, AngularJS, Vue.js,
jQuery, HTML, CSS, WordPress, Django, Flask, Spring, .NET, ASP.NET, Object-oriented programming,
Functional programming, Data structures, Algorithms, Git, Linux, Bash, Docker, Kubernetes, Terraform, AWS, Azure,
Google Cloud, Arduino, Raspberry Pi, Android development, iOS development, Objective-C, Unity, Unreal Engine, MATLAB,
Hadoop, Apache Spark, Cassandra, Salesforce, SharePoint, LAMP, Visual Basic, Perl, CoffeeScript, F#, Cordova, Clojure,
Elixir, Haskell, Machine learning, Deep learning, NLP, Data mining, Statistics, Excel, PowerPoint, Word, Outlook,
Teams, Tableau, Power BI, Photoshop, Illustrator, InDesign, Premiere Pro, After Effects, AutoCAD, SolidWorks, Revit,
Blender, Figma, Welding, Spanish, English, French, German, Japanese, Project management, Scrum, Agile, Leadership,
Negotiation, Public speaking, Accounting, Bookkeeping, SEO, Nursing, First aid, Teaching, JS, ECMAScript, k8s, PPC,
MS Excel, P&L
"""
SURVEY_TITLES = [
    "Back-end web developer", "Front-end web developer", "Full-stack web developer", "Mobile developer - Android",
    "Mobile developer - iOS", "Mobile developer", "Desktop developer", "Student", "Enterprise level services developer",
    "Embedded application developer", "DevOps", "Database administrator", "System administrator", "Data scientist",
    "Machine learning developer", "Developer with a statistics or mathematics background",
    "Business intelligence or data warehousing expert", "Executive (VP of Eng., CTO, CIO, etc.)",
    "Engineering manager", "Product manager", "Quality Assurance", "Designer", "Graphics programmer", "Growth hacker",
    "Analyst",
]  # fmt: skip
SURE_TITLES = [
    "Software Developer", "Programmer", "SWE", "Softwareentwickler", "Développeur logiciel",
    "Desarrollador de software", "ソフトウェアエンジニア",
]  # fmt: skip
SURE_AMBIGUOUS = """
Go, R, C, Excel, Swift, Spark, Word, Teams, Outlook, Express, Rust, Unity, Access, Dart, Ruby, Ada, Julia, Flask,
Spring, Make, Sketch, Notion, Slack, Oracle, Flux, Scheme, Chef, Puppet, Salt, Ant
"""


def fold(text):
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def split(cell):
    return cell.split(";") if cell else []


def listed(text):
    return [name.strip() for name in text.replace("\n", " ").split(",") if name.strip()]


@lru_cache
def rows(name):
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def skills():
    return {row["skill_id"]: row for row in rows("skills")}


def titles():
    return {row["title_id"]: row for row in rows("titles")}


def names_of(table, key):
    """Folded name or alias -> the ids that carry it, one entry for each time it is written."""
    found = defaultdict(list)
    for row in rows(table):
        for written in [row["name"], *split(row["aliases"])]:
            found[fold(written)].append(row[key])
    return found


def fields_of(skill):
    """Every field a skill reaches over its parents."""
    known, reached, waiting = skills(), set(), [skill]
    seen = {skill}
    while waiting:
        row = known[waiting.pop()]
        if row["kind"] == "field":
            reached.add(row["skill_id"])
        for parent in split(row["parents"]):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return reached


@pytest.mark.parametrize("name", COLUMNS)
def test_file_is_plain(name):
    raw = (FOLDER / f"{name}.csv").read_bytes()
    text = raw.decode("utf-8")
    assert not text.startswith("\ufeff")
    assert "\r" not in text
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == COLUMNS[name]
    assert all(len(line) == len(COLUMNS[name]) for line in lines)
    for line in lines:
        for cell in line:
            parts = split(cell)
            assert all(part and part == part.strip() for part in parts), line
            assert cell == unicodedata.normalize("NFC", cell), line
    assert len({tuple(line) for line in lines}) == len(lines)


def test_enough_skills_in_ten_fields():
    known = skills()
    roots = [s for s, row in known.items() if row["kind"] == "field"]
    assert len(known) >= 480
    assert len(roots) == 10
    assert set(roots) == {s for s, row in known.items() if not row["parents"]}

    def main_field(skill):
        passed = set()
        while known[skill]["parents"]:
            assert skill not in passed, f"cycle through {skill}"
            passed.add(skill)
            skill = split(known[skill]["parents"])[0]
        return skill

    # counted by the first parent, so that a skill of two fields helps only one of them
    counts = Counter(main_field(s) for s, row in known.items() if row["kind"] not in {"field", "group"})
    assert set(counts) == set(roots)
    assert min(counts.values()) >= 35, counts


def test_ids_are_unique_slugs():
    for table, key in (("skills", "skill_id"), ("titles", "title_id")):
        ids = [row[key] for row in rows(table)]
        assert len(set(ids)) == len(ids)
        assert all(SLUG.fullmatch(i) for i in ids), [i for i in ids if not SLUG.fullmatch(i)]
    assert all(row["kind"] in KINDS for row in rows("skills"))
    assert all(SLUG.fullmatch(row["family"]) for row in rows("titles"))


@pytest.mark.parametrize(("table", "key"), [("skills", "skill_id"), ("titles", "title_id")])
def test_no_name_or_alias_twice(table, key):
    assert {name: ids for name, ids in names_of(table, key).items() if len(ids) > 1} == {}


def test_parents_exist_without_cycles_and_lead_to_a_field():
    known = skills()
    for skill, row in known.items():
        parents = split(row["parents"])
        assert len(set(parents)) == len(parents), skill
        assert set(parents) <= set(known), (skill, set(parents) - set(known))
    done, open_ = set(), set()

    def walk(skill):
        assert skill not in open_, f"cycle through {skill}"
        if skill in done:
            return
        open_.add(skill)
        for parent in split(known[skill]["parents"]):
            walk(parent)
        open_.remove(skill)
        done.add(skill)

    for skill in known:
        walk(skill)
    assert [s for s in known if not fields_of(s)] == []


def test_every_group_has_members():
    used = {parent for row in rows("skills") for parent in split(row["parents"])}
    assert [s for s, row in skills().items() if row["kind"] in {"field", "group"} and s not in used] == []


def test_sure_skills_resolve():
    names = names_of("skills", "skill_id")
    assert [name for name in listed(SURE_SKILLS) if fold(name) not in names] == []
    # near namesakes are told apart
    pairs = """
    Java / JavaScript, C / C++, C / C#, Angular / AngularJS, React / React Native, Visual Basic / VB.NET,
    Spark / Spring, Sketch / SketchUp
    """
    for one, other in (pair.split(" / ") for pair in listed(pairs)):
        assert names[fold(one)] != names[fold(other)]


def test_labels_refer_to_skills_and_are_unique_in_a_language():
    known, taken = skills(), {}
    for row in rows("skill_labels"):
        assert row["skill_id"] in known, row
        assert row["language"] in LANGUAGES, row
        assert ";" not in row["label"], row
        key = row["language"], fold(row["label"])
        assert key not in taken, (row, taken.get(key))
        taken[key] = row["skill_id"]


def test_a_label_is_never_another_skills_name():
    names = names_of("skills", "skill_id")
    other = [
        row for row in rows("skill_labels") if names.get(fold(row["label"]), [row["skill_id"]]) != [row["skill_id"]]
    ]
    assert other == []


def test_a_label_means_one_skill_across_languages():
    meant = defaultdict(set)
    for row in rows("skill_labels"):
        meant[fold(row["label"])].add(row["skill_id"])
    assert {label: ids for label, ids in meant.items() if len(ids) > 1} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_common_terms_have_labels(language):
    labelled = {row["skill_id"] for row in rows("skill_labels") if row["language"] == language}
    assert len(labelled) >= 260
    # tools are mostly product names; everything else is a term of the language
    assert [s for s, row in skills().items() if row["kind"] != "tool" and s not in labelled] == []


def test_japanese_labels_are_written_in_japanese_script():
    japanese = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
    written = defaultdict(list)
    for row in rows("skill_labels"):
        if row["language"] == "ja":
            written[row["skill_id"]].append(row["label"])
    # an abbreviation may stand first, never alone
    assert {s: labels for s, labels in written.items() if not any(map(japanese.search, labels))} == {}


def test_every_title_has_one_label_a_language_and_no_two_share_it():
    labels = rows("title_labels")
    wanted = {(row["title_id"], language) for row in rows("titles") for language in LANGUAGES}
    assert Counter((row["title_id"], row["language"]) for row in labels) == dict.fromkeys(wanted, 1)
    meant, names = defaultdict(set), names_of("titles", "title_id")
    for row in labels:
        meant[fold(row["label"])].add(row["title_id"])
        assert names.get(fold(row["label"]), [row["title_id"]]) == [row["title_id"]], row
    assert {label: ids for label, ids in meant.items() if len(ids) > 1} == {}


def test_japanese_titles_are_written_in_japanese_script():
    japanese = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
    assert [r for r in rows("title_labels") if r["language"] == "ja" and not japanese.search(r["label"])] == []


def test_titles_and_their_families():
    assert len(rows("titles")) >= 90
    assert len({row["family"] for row in rows("titles")}) >= 10
    names = names_of("titles", "title_id")
    assert [name for name in [*SURVEY_TITLES, *SURE_TITLES] if fold(name) not in names] == []
    for row in rows("titles"):
        assert split(row["aliases"]), row["title_id"]


def test_titles_reach_all_fields():
    reached = Counter(
        f for row in rows("title_skills") for f in fields_of(row["skill_id"]) if float(row["weight"]) >= 0.8
    )
    assert set(reached) == {s for s, row in skills().items() if row["kind"] == "field"}


def test_title_skills():
    known, held = skills(), defaultdict(dict)
    for row in rows("title_skills"):
        assert row["title_id"] in titles(), row
        assert row["skill_id"] in known, row
        assert known[row["skill_id"]]["kind"] != "field", row
        assert re.fullmatch(r"[01]\.\d\d", row["weight"]), row
        assert 0 < float(row["weight"]) <= 1, row
        assert row["skill_id"] not in held[row["title_id"]], row
        held[row["title_id"]][row["skill_id"]] = float(row["weight"])
    assert set(held) == set(titles())
    for title, weights in held.items():
        assert 8 <= len(weights) <= 20, (title, len(weights))
        # weights tell the core of a title from what only some of its holders know
        assert len(set(weights.values())) >= 5, title
        assert max(weights.values()) - min(weights.values()) >= 0.15, title


def test_ambiguous_names_exist():
    names = names_of("skills", "skill_id")
    folded = [fold(row["name"]) for row in rows("ambiguous")]
    assert len(set(folded)) == len(folded)
    assert [name for name in folded if name not in names] == []
    assert {row["rule"] for row in rows("ambiguous")} == {"case"}
    assert [name for name in listed(SURE_AMBIGUOUS) if fold(name) not in folded] == []
    # written as the skill file writes it, since the case is what counts
    exact = {written for row in rows("skills") for written in [row["name"], *split(row["aliases"])]}
    assert [row["name"] for row in rows("ambiguous") if row["name"] not in exact] == []
