"""The taxonomy resolves names of every kind and repairs what it is given."""

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.errors import DataError, NotFound
from skillfirst.skills.taxonomy import Taxonomy


def table(**columns):
    return pa.table(columns)


@pytest.fixture
def taxonomy():
    return Taxonomy.from_tables(
        {
            "skills": table(
                skill_id=["java", "sql", "welding", "spanish", "language"],
                name=["Java", "SQL", "Welding", "Spanish", "Languages"],
                aliases=[["Java SE", "shared"], ["structured query language", "shared"], [], ["Castellano"], []],
                parents=[[], [], [], ["language"], []],
                kind=["tool", "tool", "ability", "language", "group"],
            ),
            "skill_labels": table(
                skill_id=["welding", "welding", "spanish"],
                language=["de", "fr", "de"],
                label=["Schweißen", "Soudage", "Spanisch"],
            ),
            "titles": table(
                title_id=["t2", "t1"],
                name=["Welder", "Programmer"],
                aliases=[["Schweißer"], ["Coder"]],
                family=["craft", "it"],
            ),
            "title_labels": table(
                title_id=["t2", "t2", "gone"],
                language=["de", "de", "de"],
                label=["Schweißfachkraft", "Löter", "Nichts"],
            ),
            "title_skills": table(
                title_id=["t1", "t1", "t2", "t2"],
                skill_id=["java", "sql", "welding", "nowhere"],
                weight=[0.9, 0.5, 1.0, 1.0],
            ),
        },
        ambiguous=["Go"],
    )


def resolved(taxonomy, *texts):
    codes = taxonomy.resolve(pa.array(texts, pa.string()))
    assert codes.dtype == np.int32
    return [taxonomy.skills[c] if c >= 0 else None for c in codes]


def test_ids_names_aliases_and_labels_resolve(taxonomy):
    assert resolved(taxonomy, "java", "ｊａｖａ ", "java  se", "SCHWEISSEN", "soudage", "castellano", None, "Go") == [
        "java", "java", "java", "welding", "welding", "spanish", None, None,
    ]  # fmt: skip


def test_an_alias_of_two_skills_is_nobodys_and_is_reported(taxonomy):
    assert resolved(taxonomy, "Shared") == [None]
    assert taxonomy.shared_aliases == ["shared"]


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("Go (Programming Language)", "go"),
        ("GO  ( programming language )", "go"),
        ("Java (Programming Language)", "java"),
        ("structured query language (software)", "sql"),  # an alias is a name, too
        ("Go（プログラミング言語）", "go"),
        ("Go (game)", "baduk"),  # who has a name of his own is found under it
        ("Go (card game)", None),
        ("Java (island)", None),
        ("Java (banking software)", None),
        ("Shared (framework)", None),  # an alias of two skills stays nobody's
        ("Cobol (Programming Language)", None),
        ("(Programming Language)", None),
        ("Java (Programming Language) basics", None),
    ],
)
def test_a_kind_of_software_in_brackets_may_be_left_out(text, skill):
    skills = table(
        skill_id=["go", "java", "sql", "baduk"],
        name=["Go", "Java", "SQL", "Go (game)"],
        aliases=[[], ["shared"], ["structured query language", "shared"], []],
    )
    assert resolved(Taxonomy.from_tables({"skills": skills}), text) == [skill]


def test_a_name_with_its_kind_is_found_by_that_name_before_the_bare_one():
    skills = table(skill_id=["a", "b"], name=["Rust", "Rust (programming language)"])
    assert resolved(Taxonomy.from_tables({"skills": skills}), "rust (Programming Language)", "Rust") == ["b", "a"]


def test_titles_keep_their_brackets():
    titles = table(title_id=["t"], name=["Engineer"])
    taxonomy = Taxonomy.from_tables({"titles": titles})
    assert taxonomy.resolve_titles(pa.array(["Engineer (software)", "Engineer"])).tolist() == [-1, 0]


def test_the_builtin_skills_are_found_under_the_names_of_platforms():
    said = ["Go (Programming Language)", "Rust (Programming Language)", "Ruby (Programming Language)",
            "PHP (Scripting Language)", "Swift (Programming Language)"]  # fmt: skip
    taxonomy = Taxonomy.builtin()
    found = taxonomy.resolve(pa.array(said))
    assert [taxonomy.names[c] for c in found] == ["Go", "Rust", "Ruby", "PHP", "Swift"]
    assert taxonomy.resolve(pa.array(["Go (game)", "Swift (banking system)", "Rust (corrosion)"])).tolist() == [-1] * 3


def test_a_name_hides_the_same_alias_elsewhere():
    skills = table(skill_id=["a", "b"], name=["Spark", "Other"], aliases=[[], ["Spark"]])
    assert resolved(Taxonomy.from_tables({"skills": skills}), "spark") == ["a"]


def test_of_two_equal_names_the_lower_id_wins():
    taxonomy = Taxonomy.from_tables({"skills": table(skill_id=["b", "a"], name=["C#", "c#"])})
    assert resolved(taxonomy, "C#") == ["a"]
    assert taxonomy.duplicate_names == ["c#"]


def test_chunked_sliced_and_dictionary_input(taxonomy):
    chunks = pa.chunked_array([["x", "java"], ["sql", None]])
    assert taxonomy.resolve(chunks).tolist() == [-1, 0, 3, -1]
    assert taxonomy.resolve(pa.array(["x", "java", "sql"])[1:]).tolist() == [0, 3]
    assert taxonomy.resolve(pa.array(["java", None]).dictionary_encode()).tolist() == [0, -1]
    assert taxonomy.resolve(pa.array([], pa.string())).tolist() == []


def test_names_by_language(taxonomy):
    welding = taxonomy.skills.code("welding")
    assert taxonomy.name(welding, "de-AT") == "Schweißen"
    assert taxonomy.name(welding, "ja") == "Welding"
    with pytest.raises(NotFound):
        taxonomy.name(99)


def test_titles(taxonomy):
    assert taxonomy.resolve_titles(pa.array(["coder", "t2", "schweisser", "boss"])).tolist() == [0, 1, 1, -1]
    assert taxonomy.title_name(0, "de") == "Programmer"
    assert taxonomy.title_name(1, "de-AT") == "Schweißfachkraft"
    assert taxonomy.title_name(1, "fr") == taxonomy.title_name(1) == "Welder"
    assert taxonomy.resolve_titles(pa.array(["löter", "NICHTS"])).tolist() == [1, -1]
    assert any("1 labels belong to no title" in w for w in taxonomy.warnings)
    assert taxonomy.families.ids.to_pylist() == ["craft", "it"]
    assert taxonomy.title_family.tolist() == [1, 0]
    assert taxonomy.title_skills.row_values(0).tolist() == pytest.approx([0.9, 0.5])
    assert any("nowhere" in w for w in taxonomy.warnings)


def test_cycles_are_cut_with_a_warning():
    skills = table(skill_id=["a", "b", "c", "d"], name=list("abcd"), parents=[["b"], ["c"], ["a"], ["d"]])
    taxonomy = Taxonomy.from_tables({"skills": skills})
    assert [taxonomy.parents.row(i).tolist() for i in range(4)] == [[1], [2], [], []]
    assert any("2 parents closed a cycle" in w and "c under a" in w for w in taxonomy.warnings)


def test_a_long_chain_of_parents_does_not_recurse():
    n = 20_000
    ids = [f"{i:06d}" for i in range(n)]
    skills = table(skill_id=ids, name=ids, parents=[[ids[(i + 1) % n]] for i in range(n)])
    assert len(Taxonomy.from_tables({"skills": skills}).parents.indices) == n - 1


def test_repeated_ids_and_unknown_parents_are_dropped():
    skills = table(skill_id=["a", "a", None], name=["first", "second", "x"], parents=[["zzz"], [], []])
    taxonomy = Taxonomy.from_tables({"skills": skills})
    assert taxonomy.names == ["first"]
    assert len(taxonomy.warnings) == 2


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match=r"skills\.name"):
        Taxonomy.from_tables({"skills": table(skill_id=["a"])})


def test_nothing_at_all_is_an_empty_taxonomy():
    taxonomy = Taxonomy.from_tables({})
    assert len(taxonomy) == 0
    assert taxonomy.resolve(pa.array(["x"])).tolist() == [-1]


def test_saved_and_loaded_it_is_the_same(taxonomy, tmp_path):
    taxonomy.save(tmp_path / "t")
    again = Taxonomy.load(tmp_path / "t")
    assert again.ambiguous == {"Go"}
    for name, saved in taxonomy.to_tables().items():
        assert again.to_tables()[name].equals(saved), name
    with pytest.raises(NotFound):
        Taxonomy.load(tmp_path / "nowhere")


def test_titles_of_another_taxonomy_find_their_skills_by_name(taxonomy):
    mine = Taxonomy.from_tables({"skills": table(skill_id=["1", "2"], name=["SQL", "Java"])})
    joined = mine.with_titles_of(taxonomy)
    assert joined.titles == taxonomy.titles
    assert joined.title_skills.row(0).tolist() == [0, 1]
    assert joined.title_skills.row_values(0).tolist() == pytest.approx([0.5, 0.9])


def test_a_taxonomy_saved_before_titles_had_labels_is_read(taxonomy, tmp_path):
    taxonomy.save(tmp_path)
    assert Taxonomy.load(tmp_path).title_name(1, "de") == "Schweißfachkraft"
    (tmp_path / "title_labels.arrow").unlink()
    assert Taxonomy.load(tmp_path).title_name(1, "de") == "Welder"
