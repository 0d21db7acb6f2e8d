"""Published taxonomies into our tables: ESCO, O*NET and one's own CSV, in miniature."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.errors import DataError
from skillfirst.ingest.checks import check
from skillfirst.ingest.formats.esco import import_esco
from skillfirst.ingest.formats.onet import import_onet, short_names
from skillfirst.ingest.formats.plain import import_plain
from skillfirst.ingest.formats.published import resembles, sound_aliases
from skillfirst.tables.schemas import INPUT

ESCO = {
    "skills_en.csv": "conceptType,conceptUri,skillType,preferredLabel,altLabels,status\n"
    'K,uri:weld,skill/competence,operate welding equipment,"use welding equipment\nwelding",released\n'
    "K,uri:java,knowledge,Java (computer programming),,released\n"
    "K,uri:old,knowledge,COBOL,,obsolete\n",
    "skills_de.csv": "conceptUri,preferredLabel\nuri:weld,Schweißgeräte bedienen\nuri:gone,Nichts\n",
    "skillGroups_en.csv": "conceptUri,preferredLabel\nuri:metal,working with metal\n",
    "broaderRelationsSkillPillar_en.csv": "conceptType,conceptUri,broaderType,broaderUri\n"
    "K,uri:weld,G,uri:metal\nK,uri:weld,G,uri:unknown\n",
    "occupations_en.csv": "conceptUri,preferredLabel,altLabels,iscoGroup\n"
    'uri:welder,welder,"arc welder\nwelding operator",7212\n',
    "occupationSkillRelations_en.csv": "occupationUri,relationType,skillType,skillUri\n"
    "uri:welder,essential,s,uri:weld\nuri:welder,optional,k,uri:java\nuri:welder,optional,k,uri:nowhere\n",
}
ONET = {
    "Occupation Data.txt": "O*NET-SOC Code\tTitle\tDescription\n15-1252.00\tSoftware Developers\tThey \"develop\".\n",
    "Alternate Titles.txt": "O*NET-SOC Code\tAlternate Title\tShort Title\tSource(s)\n"
    "15-1252.00\tApplication Developer (App Developer)\tApp Developer\t01\n15-1252.00\tSoftware Developer\tn/a\t02\n",
    "Technology Skills.txt": "O*NET-SOC Code\tExample\tCommodity Code\tCommodity Title\tHot Technology\tIn Demand\n"
    "15-1252.00\tJavaScript\t1\tWeb platform development software\tY\tY\n"
    "15-1252.00\tStructured query language SQL\t2\tData base software\tY\tN\n"
    "15-1252.00\tObscura software\t2\tData base software\tN\tN\n99-9999.00\tPhantom\t1\tX\tN\tN\n",
    "Skills.txt": "O*NET-SOC Code\tElement ID\tElement Name\tScale ID\tData Value\n"
    "15-1252.00\t2.B.3.e\tProgramming\tIM\t4.00\n15-1252.00\t2.B.3.e\tProgramming\tLV\t5.00\n"
    "15-1252.00\t2.A.1.c\tRepairing\tIM\t1.50\n",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    def write(files, leave_out=()):
        path = tmp_path / "published"
        path.mkdir(exist_ok=True)
        for name, text in files.items():
            if name not in leave_out:
                (path / name).write_text(text, encoding="utf-8")
        return path

    return write


def tables(imported):
    found = {name: pq.read_table(path) for name, path in imported.tables.items()}
    assert all(table.schema == INPUT[name].schema for name, table in found.items())
    return {name: table.to_pylist() for name, table in found.items()}


def test_esco_becomes_our_tables(folder, tmp_path):
    imported = import_esco(folder(ESCO), tmp_path / "out")
    found = tables(imported)
    assert [(s["skill_id"], s["parents"], s["kind"]) for s in found["skills"]] == [
        ("uri:weld", ["uri:metal"], "ability"), ("uri:java", [], "knowledge"), ("uri:metal", [], "group"),
    ]  # fmt: skip
    assert found["skills"][0]["aliases"] == ["use welding equipment", "welding"]
    assert found["skill_labels"] == [{"skill_id": "uri:weld", "language": "de", "label": "Schweißgeräte bedienen"}]
    assert found["titles"] == [
        {"title_id": "uri:welder", "name": "welder", "aliases": ["arc welder", "welding operator"], "family": "7212"}
    ]
    assert {(r["skill_id"], r["weight"]) for r in found["title_skills"]} == {("uri:weld", 1.0), ("uri:java", 0.5)}
    assert any("1 of 3 relations" in note for note in imported.notes)
    assert "European Commission" in (tmp_path / "out" / "README.md").read_text()


def test_esco_in_parquet_with_relations_by_label(folder, tmp_path):
    path = folder({"occupations_en.csv": ESCO["occupations_en.csv"]})
    skills = {"conceptUri": ["uri:weld", None], "preferredLabel": ["weld", "juggle"], "altLabels": [["welding"], None]}
    pq.write_table(pa.table(skills), path / "skills_en.parquet")
    links = {"occupation_uri": ["uri:welder"] * 2, "skill": ["weld", "juggle"], "relation": ["essential", "optional"],
             "skill_uri": ["uri:weld", None]}  # fmt: skip
    pq.write_table(pa.table(links), path / "occupation_skill_relations_en.parquet")
    found = tables(import_esco(path, tmp_path / "out"))
    assert [s["skill_id"] for s in found["skills"]] == ["uri:weld", "esco:juggle"]
    assert {r["skill_id"]: r["weight"] for r in found["title_skills"]} == {"uri:weld": 1.0, "esco:juggle": 0.5}


def test_onet_becomes_our_tables(folder, tmp_path):
    found = tables(import_onet(folder(ONET), tmp_path / "out"))
    by_name = {s["name"]: s for s in found["skills"]}
    assert set(by_name) == {
        "JavaScript", "Structured query language SQL", "Obscura software", "Programming",
        "Web platform development software", "Data base software",
    }  # fmt: skip
    assert by_name["Structured query language SQL"]["aliases"] == ["SQL", "Structured query language"]
    assert by_name["JavaScript"]["parents"] == [by_name["Web platform development software"]["skill_id"]]
    (title,) = found["titles"]
    assert (title["title_id"], title["family"]) == ("15-1252.00", "15-12")
    assert title["aliases"] == ["Application Developer (App Developer)", "App Developer", "Software Developer"]
    weights = {r["skill_id"].split(":")[-1]: r["weight"] for r in found["title_skills"]}
    assert weights == {
        "javascript": 1.0,
        "structured-query-language-sql": 0.75,
        "obscura-software": 0.5,
        "programming": 0.75,
    }


def test_imported_tables_pass_the_check(export, folder, tmp_path):
    data = export()
    import_onet(folder(ONET), data)
    checked = check(data, tmp_path / "work")
    assert checked.findings == []
    assert checked.counts["title_skills"] == 4


@pytest.mark.parametrize(
    ("importer", "files", "without", "says"),
    [
        (import_esco, ESCO, "skills_en.csv", "no file 'skills_en'"),
        (import_esco, ESCO, "occupations_en.csv", "no file 'occupations_en'"),
        (import_esco, ESCO, "occupationSkillRelations_en.csv", "no file 'occupationSkillRelations_en'"),
        (import_onet, ONET, "Occupation Data.txt", "no file 'Occupation Data'"),
        (import_onet, ONET, "Technology Skills.txt", "no file 'Technology Skills'"),
    ],
)
def test_a_missing_file_is_named(folder, tmp_path, importer, files, without, says):
    with pytest.raises(DataError) as caught:
        importer(folder(files, leave_out=[without]), tmp_path / "out")
    assert says in str(caught.value)


def test_a_file_with_other_columns(folder, tmp_path):
    with pytest.raises(DataError, match="has no column 'preferredLabel'"):
        import_esco(folder({**ESCO, "skills_en.csv": "conceptUri,b\n1,2\n"}), tmp_path / "out")
    with pytest.raises(DataError, match="there is no folder"):
        import_onet(tmp_path / "nowhere", tmp_path / "out")


def test_files_of_different_releases(folder, tmp_path):
    other = ESCO["occupationSkillRelations_en.csv"].replace("uri:", "other:")
    with pytest.raises(DataError, match="one release"):
        import_esco(folder({**ESCO, "occupationSkillRelations_en.csv": other}), tmp_path / "out")


@pytest.mark.parametrize(
    ("alias", "label", "expected"),
    [
        ("welding operator", "welder", False), ("arc welding", "operate welding equipment", True),
        ("SQL", "structured query language", True), ("cash machines", "ATM systems", False), ("C#", "C#", True),
        ("programmers", "programming", True),
    ],
)  # fmt: skip
def test_what_resembles(alias, label, expected):
    assert resembles(alias, label) is expected


def test_aliases_of_other_rows_are_left_out():
    labels = [f"skill {chr(97 + i % 26)}{chr(97 + i // 26)}xyz" for i in range(60)]
    own = [[label.split()[1] + " craft"] for label in labels]
    kept, note = sound_aliases(labels, own, "skills")
    assert kept == own
    assert "100% resemble" in note
    slipped = [*own[1:], own[0]]
    kept, note = sound_aliases(labels, slipped, "skills")
    assert sum(map(len, kept)) == 0
    assert "only 0% of 60 aliases" in note
    assert "60 that do not were left out" in note


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("The MathWorks MATLAB", ["MATLAB"]), ("Microsoft PowerPoint", ["PowerPoint"]), ("Microsoft Word", []),
        ("SAP software", ["SAP"]), ("JavaScript", []),
    ],
)  # fmt: skip
def test_short_names(name, expected):
    assert short_names(name) == expected


def test_a_taxonomy_of_ones_own(tmp_path):
    path = tmp_path / "skills.csv"
    path.write_text(
        "\ufeffname,aliases,parent,label_de\n"
        + "Welding,arc welding|MIG,Metalwork,Schweißen\nMetalwork,,,\nRiveting,,Carpentry,\nWelding,,,\n",
        encoding="utf-8",
    )
    imported = import_plain(path, tmp_path / "out")
    found = tables(imported)
    assert [(s["skill_id"], s["aliases"], s["parents"]) for s in found["skills"]] == [
        ("welding", ["arc welding", "MIG"], ["metalwork"]), ("metalwork", [], []), ("riveting", [], []),
    ]  # fmt: skip
    assert found["skill_labels"] == [{"skill_id": "welding", "language": "de", "label": "Schweißen"}]
    assert any("Carpentry" in n for n in imported.notes)
    assert any("1 rows repeat" in n for n in imported.notes)


@pytest.mark.parametrize(("text", "says"), [("title_x\na\n", "no column 'name'"), ("name\n\n", "names no skill")])
def test_a_taxonomy_without_names(tmp_path, text, says):
    path = tmp_path / "skills.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=says):
        import_plain(path, tmp_path / "out")
