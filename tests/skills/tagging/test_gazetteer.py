"""Spellings are found at token boundaries, the longest first, in every script."""

import pytest

from skillfirst.skills.tagging.gazetteer import ALIAS, NAME, SHORT, Gazetteer


def found(gazetteer, text, inner=False):
    return [
        (form.code, text[m.start : m.end], form.level) for m in gazetteer.find(text) for form in m.forms
        if inner or not m.inner
    ]  # fmt: skip


def test_java_is_not_in_javascript_nor_c_in_its_relatives(build):
    g = Gazetteer.of(build(("0", "Java"), ("1", "JavaScript"), ("2", "C"), ("3", "C++"), ("4", "C#"), ("5", ".NET")))
    assert [f[:2] for f in found(g, "JavaScript, C++/C# and .NET; javac")] == [
        (1, "JavaScript"), (3, "C++"), (4, "C#"), (5, ".NET"),
    ]  # fmt: skip


def test_the_longest_match_wins_and_covers_the_inner_one(build):
    g = Gazetteer.of(build(("0", "Data"), ("1", "Data Science"), ("2", "Science")))
    assert [f[0] for f in found(g, "data-science for data")] == [1, 0]
    assert [f[0] for f in found(g, "data science", inner=True)] == [1, 0, 2]


def test_plural_parenthesis_acronym_and_short_forms(build):
    g = Gazetteer.of(build(("0", "Large Language Models (LLM)"), ("1", "Microsoft Excel"), ("2", "Databases")))
    assert found(g, "LLM") == [(0, "LLM", ALIAS)]
    assert found(g, "a large language model") == [(0, "large language model", ALIAS)]
    assert found(g, "Large Language Models (LLM)")[0] == (0, "Large Language Models (LLM", NAME)
    assert found(g, "one database") == [(2, "database", ALIAS)]
    assert found(Gazetteer.of(build(("0", "Python Programming"))), "Python") == [(0, "Python", SHORT)]


def test_an_alias_gives_way_to_the_same_name_elsewhere(build):
    g = Gazetteer.of(build(("0", "Spark"), ("1", "Apache Flink", ["Spark"])))
    assert [f[0] for f in found(g, "Spark")] == [0]


def test_labels_accents_and_umlauts(build):
    g = Gazetteer.of(build(("0", "Welding"), labels=[("0", "de", "Schweißen"), ("0", "es", "Soldadura eléctrica")]))
    for text in ("SCHWEISSEN", "Schweißen", "soldadura electrica"):
        assert [f[0] for f in found(g, text)] == [0], text


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("機械学習入門", ["機械学習"]),  # kanji may go on on one side of a long name
        ("深層機械学習", ["機械学習"]),
        ("深機械学習入門", []),  # on both sides it is another word
        ("学習", ["学習"]),
        ("データ分析とPython", ["データ分析", "Python"]),
        ("プロジェクトマネージャー", []),  # katakana must end
        ("プロジェクトの管理", ["プロジェクト"]),
    ],
)
def test_japanese_by_changes_of_script(build, text, hits):
    g = Gazetteer.of(
        build(("0", "機械学習"), ("1", "データ分析"), ("2", "プロジェクト"), ("3", "学習"), ("4", "Python"))
    )
    assert [f[1] for f in found(g, text)] == hits


def test_nothing_to_find(build):
    assert Gazetteer.of(build()).find("Java") == []
    assert Gazetteer.of(build(("0", "Java"))).find("") == []
