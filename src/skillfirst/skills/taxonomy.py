"""The taxonomy: skills with their names in every language, what stands above them, and titles with their skills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from skillfirst.errors import DataError, NotFound
from skillfirst.skills.labels import first_labels, in_language, labelled
from skillfirst.skills.qualifiers import bare_name
from skillfirst.skills.text import fold_name
from skillfirst.tables.schemas import INPUT, SKILL_LABELS, SKILLS, TITLE_LABELS, TITLE_SKILLS, TITLES, Kind, Table
from skillfirst.tables.sparse import Csr
from skillfirst.tables.vocabulary import UNKNOWN, Codes, Vocabulary

TABLES = ("skills", "skill_labels", "titles", "title_labels", "title_skills")
Otherwise = Callable[[str], str | None]
_AMBIGUOUS = pa.schema([("name", pa.string())])


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """Skills and titles by code.

    `skills`, `titles`: ids in lexicographic order; everything else is by their codes. `parents`: skills x skills,
    without cycles. `labels`, `title_labels`: code (int32), language, label, in the order given (the first of a
    language is shown).
    `title_skills`: titles x skills, float32 weights 0 to 1. `ambiguous`: names as written whose proper case is
    part of the name (Go, Excel, Swift). `warnings`: what was repaired while reading, one sentence each.
    """

    skills: Vocabulary
    names: list[str]
    kinds: list[str | None]
    parents: Csr
    aliases: list[tuple[str, ...]]
    labels: pa.Table
    titles: Vocabulary
    title_names: list[str]
    title_aliases: list[tuple[str, ...]]
    title_families: list[str | None]
    title_labels: pa.Table
    title_skills: Csr
    ambiguous: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.skills)

    # --- names to codes -------------------------------------------------------------------------------------

    def resolve(self, texts: pa.Array | pa.ChunkedArray) -> Codes:
        """Skill codes (int32, -1 unknown or null) of ids, names, aliases or labels in any language, in that order.

        Names are compared folded (NFKC, case, white space). An alias or label of two skills is nobody's. A text nobody
        knows is looked up without the kind of software in brackets behind it (skills.qualifiers).
        """
        return _look_up(texts, self.skills, self._skill_index[0], bare_name)

    def resolve_titles(self, texts: pa.Array | pa.ChunkedArray) -> Codes:
        """Title codes (int32, -1 unknown or null) of ids, names, aliases or labels; exact, never a guess."""
        return _look_up(texts, self.titles, self._title_index[0])

    @cached_property
    def _skill_index(self) -> tuple[dict[str, int], list[str], list[str]]:
        levels = (
            list(enumerate(self.skills.ids.to_pylist())),
            list(enumerate(self.names)),
            [(code, alias) for code, aliases in enumerate(self.aliases) for alias in aliases],
            labelled(self.labels),
        )
        return _index(levels)

    @cached_property
    def _title_index(self) -> tuple[dict[str, int], list[str], list[str]]:
        levels = (
            list(enumerate(self.titles.ids.to_pylist())),
            list(enumerate(self.title_names)),
            [(code, alias) for code, aliases in enumerate(self.title_aliases) for alias in aliases],
            labelled(self.title_labels),
        )
        return _index(levels)

    @property
    def shared_aliases(self) -> list[str]:
        """Folded aliases and labels that two skills claim and that therefore resolve to none, ascending."""
        return self._skill_index[1]

    @property
    def duplicate_names(self) -> list[str]:
        """Folded names that two skills carry (the lower id wins), ascending."""
        return self._skill_index[2]

    # --- codes to names -------------------------------------------------------------------------------------

    def name(self, code: int, language: str | None = None) -> str:
        """The skill's name in a language (BCP 47: `pt-BR`, then `pt`), else the name of the taxonomy."""
        if not 0 <= code < len(self.names):
            raise NotFound(f"no skill with code {code}")
        return in_language(self._shown, int(code), language) or self.names[code]

    def title_name(self, code: int, language: str | None = None) -> str:
        """The title's name in a language, likewise."""
        if not 0 <= code < len(self.title_names):
            raise NotFound(f"no title with code {code}")
        return in_language(self._titles_shown, int(code), language) or self.title_names[code]

    @cached_property
    def _shown(self) -> dict[tuple[int, str], str]:
        return first_labels(self.labels)

    @cached_property
    def _titles_shown(self) -> dict[tuple[int, str], str]:
        return first_labels(self.title_labels)

    @cached_property
    def children(self) -> Csr:
        """Skills x skills: the skills directly below each."""
        return self.parents.transpose()

    @cached_property
    def families(self) -> Vocabulary:
        """The families of titles, in lexicographic order."""
        return Vocabulary.sorted([f for f in self.title_families if f])

    @cached_property
    def title_family(self) -> Codes:
        """Family code of each title, -1 for none."""
        return self.families.encode(pa.array(self.title_families, pa.string()))

    # --- where it comes from, where it goes -----------------------------------------------------------------

    @classmethod
    def builtin(cls) -> Taxonomy:
        """The taxonomy that comes with the package. Raises NotFound when the package was installed without it."""
        folder = files("skillfirst.skills").joinpath("builtin")
        with as_file(folder) as path:
            if not (path / "skills.csv").is_file():
                raise NotFound("the built-in taxonomy is not installed", next_step="Reinstall the package.")
            tables = {name: _read_csv(path / f"{name}.csv", INPUT[name]) for name in TABLES}
            ambiguous = path / "ambiguous.csv"
            names = pacsv.read_csv(ambiguous).column(0).to_pylist() if ambiguous.is_file() else []
        return cls.from_tables(tables, ambiguous=[str(n) for n in names if n is not None])

    @classmethod
    def from_tables(
        cls, tables: Mapping[str, pa.Table], *, ambiguous: Iterable[str] = (), builtin_titles: bool = False
    ) -> Taxonomy:
        """From the tables `skills`, `skill_labels`, `titles`, `title_labels`, `title_skills`; a missing one is empty.

        What points nowhere is dropped, cycles are cut, both with a warning. `builtin_titles`: without a table of
        titles take those of the package, their skills found by name. Raises DataError when a required column
        is missing.
        """
        warnings: list[str] = []
        skills = _distinct(_conform(tables.get("skills"), SKILLS), "skill_id", warnings)
        vocabulary = Vocabulary(skills["skill_id"].combine_chunks())
        names = [n or i for n, i in zip(skills["name"].to_pylist(), vocabulary.ids.to_pylist(), strict=True)]
        aliases = [tuple(dict.fromkeys(a for a in row or () if a)) for row in skills["aliases"].to_pylist()]
        parents = _parents(skills["parents"].to_pylist(), vocabulary, warnings)
        titles = _distinct(_conform(tables.get("titles"), TITLES), "title_id", warnings)
        title_vocabulary = Vocabulary(titles["title_id"].combine_chunks())
        taxonomy = cls(
            skills=vocabulary,
            names=names,
            kinds=skills["kind"].to_pylist(),
            parents=parents,
            aliases=aliases,
            labels=_labels(tables.get("skill_labels"), SKILL_LABELS, vocabulary, warnings),
            titles=title_vocabulary,
            title_names=[
                n or i for n, i in zip(titles["name"].to_pylist(), title_vocabulary.ids.to_pylist(), strict=True)
            ],
            title_aliases=[tuple(dict.fromkeys(a for a in row or () if a)) for row in titles["aliases"].to_pylist()],
            title_families=titles["family"].to_pylist(),
            title_labels=_labels(tables.get("title_labels"), TITLE_LABELS, title_vocabulary, warnings),
            title_skills=_title_skills(
                _conform(tables.get("title_skills"), TITLE_SKILLS), title_vocabulary, vocabulary, warnings
            ),
            ambiguous=frozenset(ambiguous),
            warnings=tuple(warnings),
        )
        if builtin_titles and not len(titles):
            return taxonomy.with_titles_of(cls.builtin())
        return taxonomy

    def with_titles_of(self, other: Taxonomy) -> Taxonomy:
        """These skills with the titles of another taxonomy; its skills are found here by id, else by name."""
        codes = self.resolve(other.skills.ids)
        codes = np.where(codes >= 0, codes, self.resolve(pa.array(other.names, pa.string())))
        rows = np.repeat(np.arange(len(other.titles)), np.diff(other.title_skills.offsets))
        columns = codes[other.title_skills.indices]
        keep = columns >= 0
        weights = other.title_skills.weights
        return Taxonomy(
            self.skills, self.names, self.kinds, self.parents, self.aliases, self.labels,
            other.titles, other.title_names, other.title_aliases, other.title_families, other.title_labels,
            Csr.from_pairs(rows[keep], columns[keep], weights[keep], (len(other.titles), len(self.skills))),
            self.ambiguous, self.warnings,
        )  # fmt: skip

    def to_tables(self) -> dict[str, pa.Table]:
        """The five tables again, as `from_tables` reads them."""
        width = np.diff(self.title_skills.offsets)
        title_codes = np.repeat(np.arange(len(self.titles), dtype=np.int32), width)
        columns = {
            "skills": (
                self.skills.ids, self.names, [list(a) for a in self.aliases],
                [self.skills.decode(self.parents.row(i)).to_pylist() for i in range(len(self.skills))], self.kinds,
            ),
            "skill_labels": (
                self.skills.decode(self.labels["code"].to_numpy()), self.labels["language"], self.labels["label"],
            ),
            "titles": (
                self.titles.ids, self.title_names, [list(a) for a in self.title_aliases], self.title_families,
            ),
            "title_labels": (
                self.titles.decode(self.title_labels["code"].to_numpy()), self.title_labels["language"],
                self.title_labels["label"],
            ),
            "title_skills": (
                self.titles.decode(title_codes), self.skills.decode(self.title_skills.indices),
                self.title_skills.weights.astype(np.float64),
            ),
        }  # fmt: skip
        return {
            name: pa.table(
                [c if isinstance(c, pa.ChunkedArray) else pa.array(c, f.type) for c, f in zip(cs, schema, strict=True)],
                schema=schema,
            )
            for name, cs in columns.items()
            for schema in (INPUT[name].schema,)
        }

    def save(self, folder: Path) -> None:
        """Arrow IPC files, one a table, into a folder that is made when missing."""
        folder.mkdir(parents=True, exist_ok=True)
        ambiguous = pa.table({"name": pa.array(sorted(self.ambiguous), pa.string())}, schema=_AMBIGUOUS)
        for name, table in {**self.to_tables(), "ambiguous": ambiguous}.items():
            with pa.OSFile(str(folder / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as out:
                out.write_table(table)

    @classmethod
    def load(cls, folder: Path) -> Taxonomy:
        """What `save` wrote. Raises NotFound when the folder holds no taxonomy."""
        if not (folder / "skills.arrow").is_file():
            raise NotFound(f"{folder} holds no taxonomy")
        tables = {}
        for name in (*TABLES, "ambiguous"):
            if name == "title_labels" and not (folder / f"{name}.arrow").is_file():
                continue  # saved before titles had labels
            with pa.memory_map(str(folder / f"{name}.arrow")) as source:
                tables[name] = pa.ipc.open_file(source).read_all()
        ambiguous = tables.pop("ambiguous")["name"].to_pylist()
        return cls.from_tables(tables, ambiguous=ambiguous)


# --- reading -------------------------------------------------------------------------------------------------


def _index(levels: Iterable[list[tuple[int, str]]]) -> tuple[dict[str, int], list[str], list[str]]:
    """Folded name -> code; then what two claim among aliases and labels, and among names.

    The levels are ids, names, aliases, labels: a name of an upper level hides the same name below it.
    """
    index: dict[str, int] = {}
    shared: list[str] = []
    doubled: list[str] = []
    for depth, level in enumerate(levels):
        here: dict[str, int] = {}
        for code, text in level:
            key = fold_name(text)
            if not key:
                continue
            first = here.setdefault(key, code)
            if first == code:
                continue
            if depth == 1:
                doubled.append(key)
            elif depth > 1 and first != UNKNOWN and key not in index:
                here[key] = UNKNOWN
                shared.append(key)
        for key, code in here.items():
            index.setdefault(key, code)
    return index, sorted(set(shared)), sorted(set(doubled))


def _look_up(
    texts: pa.Array | pa.ChunkedArray, ids: Vocabulary, index: dict[str, int], otherwise: Otherwise | None = None
) -> Codes:
    """`otherwise`: under what else to look for a folded name that is in no index."""
    if not len(texts):
        return np.empty(0, np.int32)
    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if pa.types.is_dictionary(array.type):
        array = array.cast(pa.string())
    coded = array.cast(pa.string()).dictionary_encode()
    exact = ids.encode(coded.dictionary)

    def find(name: str) -> int:
        if name in index or otherwise is None:
            return index.get(name, UNKNOWN)
        return index.get(otherwise(name) or "", UNKNOWN)

    unique = np.fromiter(
        (
            code if code >= 0 else find(fold_name(text))
            for code, text in zip(exact.tolist(), coded.dictionary.to_pylist(), strict=True)
        ),
        np.int32,
        len(coded.dictionary),
    )
    unique = np.append(unique, np.int32(UNKNOWN))
    return unique[np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)]


def _conform(table: pa.Table | None, contract: Table) -> pa.Table:
    """The contract's columns with its types; missing optional ones are null."""
    if table is None:
        return contract.schema.empty_table()
    columns = []
    for column in contract:
        if column.name in table.column_names:
            values = table[column.name]
            if pa.types.is_dictionary(values.type):
                values = values.cast(values.type.value_type)
            columns.append(values.cast(column.type))
        elif column.required:
            raise DataError("the column is missing", table=contract.name, column=column.name)
        else:
            columns.append(pa.nulls(len(table), column.type))
    return pa.table(columns, schema=contract.schema).combine_chunks()


def _distinct(table: pa.Table, key: str, warnings: list[str]) -> pa.Table:
    """Sorted by id, the first row of an id stays, rows without an id go."""
    table = table.filter(pc.is_valid(table[key]))
    order = pc.sort_indices(table[key])  # stable: the first given row of an id comes first
    table = table.take(order).combine_chunks()
    ids = table[key].to_numpy(zero_copy_only=False)
    keep = np.ones(len(ids), bool)
    keep[1:] = ids[1:] != ids[:-1]
    if not keep.all():
        first = ids[~keep][0]
        warnings.append(f"{int((~keep).sum()):,} rows repeat a {key} and were dropped (first: {first})")
        table = table.filter(pa.array(keep)).combine_chunks()
    return table if table.num_rows else table.schema.empty_table()


def _parents(rows: list[list[str] | None], skills: Vocabulary, warnings: list[str]) -> Csr:
    children = [child for child, row in enumerate(rows) for _ in row or ()]
    codes = skills.encode([parent for row in rows for parent in row or ()])
    child = np.asarray(children, np.int32)
    known = codes >= 0
    if not known.all():
        warnings.append(f"{int((~known).sum()):,} parents are no skill of the taxonomy and were dropped")
    graph = Csr.from_pairs(child[known], codes[known], None, (len(skills), len(skills)))
    back = _closing_edges(graph)
    if not back.any():
        return graph
    at = int(np.flatnonzero(back)[0])
    owner = np.repeat(np.arange(len(graph)), np.diff(graph.offsets))
    warnings.append(
        f"{int(back.sum()):,} parents closed a cycle and were dropped "
        f"(first: {skills[owner[at]]} under {skills[graph.indices[at]]})"
    )
    return Csr.from_pairs(owner[~back], graph.indices[~back], None, (len(skills), len(skills)))


def _closing_edges(graph: Csr) -> npt.NDArray[np.bool_]:
    """Mask over the edges that lead back into the path they come from: depth first in ascending order of codes."""
    offsets, target = graph.offsets.tolist(), graph.indices.tolist()
    back = np.zeros(len(target), bool)
    state = bytearray(len(graph))  # 0 new, 1 on the path, 2 done
    place = offsets[:-1]
    for root in range(len(graph)):
        if state[root]:
            continue
        path = [root]
        state[root] = 1
        while path:
            node = path[-1]
            at = place[node]
            if at == offsets[node + 1]:
                state[node] = 2
                path.pop()
                continue
            place[node] = at + 1
            above = target[at]
            if state[above] == 1:
                back[at] = True
            elif state[above] == 0:
                state[above] = 1
                path.append(above)
    return back


def _labels(given: pa.Table | None, contract: Table, known: Vocabulary, warnings: list[str]) -> pa.Table:
    """code, language, label of a table of labels, whose first column refers to `known`."""
    table = _conform(given, contract)
    key = contract.columns[0]
    codes = known.encode(table[key.name])
    valid = pc.and_(pc.is_valid(table["label"]), pc.is_valid(table["language"])).to_numpy(zero_copy_only=False)
    keep = (codes >= 0) & np.asarray(valid, bool)
    if not keep.all():
        whose = key.name.removesuffix("_id")
        warnings.append(f"{int((~keep).sum()):,} labels belong to no {whose} of the taxonomy and were dropped")
    kept = table.filter(pa.array(keep))
    return pa.table({"code": pa.array(codes[keep], pa.int32()), "language": kept["language"], "label": kept["label"]})


def _title_skills(table: pa.Table, titles: Vocabulary, skills: Vocabulary, warnings: list[str]) -> Csr:
    rows, columns = titles.encode(table["title_id"]), skills.encode(table["skill_id"])
    weights = np.asarray(pc.fill_null(table["weight"], 1.0).to_numpy(zero_copy_only=False), np.float32)
    keep = (rows >= 0) & (columns >= 0)
    if not keep.all():
        lost = Counter(table["skill_id"].filter(pa.array(columns < 0)).to_pylist())
        first = f" (most often the skill {min(lost, key=lambda s: (-lost[s], str(s)))})" if lost else ""
        warnings.append(f"{int((~keep).sum()):,} title_skills rows point nowhere and were dropped{first}")
    return Csr.from_pairs(rows[keep], columns[keep], weights[keep], (len(titles), len(skills)))


def _read_csv(path: Path, contract: Table) -> pa.Table:
    """A table of the package; lists are separated by semicolons; an empty cell is null."""
    if not path.is_file():
        return contract.schema.empty_table()
    text = {c.name: pa.string() for c in contract}
    table = pacsv.read_csv(path, convert_options=pacsv.ConvertOptions(column_types=text, strings_can_be_null=True))
    for column in contract:
        if column.name in table.column_names and column.kind in (Kind.TEXTS, Kind.IDS, Kind.LANGUAGES):
            cells = table[column.name].to_pylist()
            split = [[part.strip() for part in (cell or "").split(";") if part.strip()] for cell in cells]
            at = table.column_names.index(column.name)
            table = table.set_column(at, column.name, pa.array(split, column.type))
    return table
