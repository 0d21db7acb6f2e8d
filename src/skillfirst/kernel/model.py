"""The Model: everything a worker must hold, frozen, saved as plain files and memory-mapped.

    DIR/model.json          version, policy, arms, day, counts
    DIR/arrays/*.npy        matrices, postings, IDF, shelves, inference
    DIR/cards.arrow, course_sources.arrow, industries.arrow, taxonomy/

A Model that was loaded from (or saved to) a directory pickles as that path.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.contexts.kinds import Basis, Context
from skillfirst.errors import StoreError
from skillfirst.kernel.arms import Arms
from skillfirst.kernel.catalogue import UNDATED, Catalogue
from skillfirst.kernel.policy import Policy, policy_from_dict
from skillfirst.kernel.shelf_index import SHELVES, ShelfIndex
from skillfirst.kernel.tongues import platform_tongues
from skillfirst.ranking.idf import Idf
from skillfirst.ranking.layout import VARIED, Layout, build_layout, date_ranks, pivot, with_response
from skillfirst.ranking.response import Response, by_response
from skillfirst.ranking.series import series_groups, translations
from skillfirst.skills.inference.tables import InferenceTables, InterestTables
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.schemas import LEVELS
from skillfirst.tables.sparse import Csr
from skillfirst.tables.vocabulary import Vocabulary

FORMAT = 1
LEVEL_CODES = 1 + len(LEVELS)  # of members: unknown, and each level


@dataclass(frozen=True, eq=False)
class Model:
    """See the module. `arrays`: every numeric part by name, read-only; `day`: days since 1970."""

    version: str
    day: int
    members: int
    policy: Policy
    arms: Arms
    catalogue: Catalogue
    arrays: dict[str, npt.NDArray[Any]]
    path: Path | None = None
    _views: dict[Any, Any] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is None:
            raise StoreError("this model has no directory yet", next_step="Save it first: model.save(DIR).")
        return load_model, (self.path,)

    @property
    def taxonomy(self) -> Taxonomy:
        return self.catalogue.taxonomy

    @property
    def courses(self) -> Vocabulary:
        return self.catalogue.courses

    @cached_property
    def layout(self) -> Layout:
        return Layout(*(self.arrays[f"layout_{name}"] for name in Layout._fields))

    @cached_property
    def response(self) -> Response | None:
        """How people respond to courses; None where the log holds too little."""
        a = self.arrays
        if "response_course" not in a:
            return None
        return Response(
            a["response_course"], a["response_gap"], float(a["response_foreign"][0]), int(a["response_clicks"][0])
        )

    @cached_property
    def learned_layout(self) -> Layout | None:
        """The layout with the response to every course in it; None where nothing was learned."""
        if self.response is None:
            return None
        return self.layout._replace(**{name: self.arrays[f"response_layout_{name}"] for name in VARIED})

    def layout_for(self, policy: Policy) -> Layout:
        """What ranks courses under this policy."""
        return (self.learned_layout if policy.response == "learned" else None) or self.layout

    @cached_property
    def inference(self) -> InferenceTables:
        return InferenceTables.from_arrays(self._part("inference_"))

    @cached_property
    def interest(self) -> InterestTables | None:
        """What predicts wants; None where too few members said or showed what they want."""
        arrays = self._part("interest_")
        return InterestTables.from_arrays(arrays) if arrays else None

    def _part(self, prefix: str) -> dict[str, npt.NDArray[Any]]:
        return {name[len(prefix) :]: a for name, a in self.arrays.items() if name.startswith(prefix)}

    @cached_property
    def evidence(self) -> tuple[pa.StringArray, npt.NDArray[np.int64]]:
        """Every id a context can name, one after the other, and where each context's ids begin (-1: names nothing)."""
        vocabularies = {
            "course": self.courses, "skill": self.taxonomy.skills, "title": self.taxonomy.titles,
            "family": self.taxonomy.families, "industry": self.catalogue.industries,
            "category": self.catalogue.categories, "language": self.catalogue.languages,
        }  # fmt: skip
        begin, start = 0, {}
        for name, vocabulary in vocabularies.items():
            start[name] = begin
            begin += len(vocabulary)
        starts = np.full(len(Context) + 1, -1, np.int64)
        for context in Context:
            if context.evidence:
                starts[context] = start[context.evidence]
        return pa.concat_arrays([v.ids for v in vocabularies.values()]), starts

    @property
    def idf(self) -> Idf:
        a = self.arrays
        population, floor = (int(x) for x in a["idf_population"])
        return Idf(a["idf_members"], population, floor, a["idf_considered"], a["idf_floored"])

    def tongues(self, languages: tuple[str, ...], day: int, policy: Policy) -> frozenset[str]:
        """The languages whose courses such a member is offered: the member's own, and those of `platform` where those
        hold fewer than `policy.fill` courses open on `day`, so that nobody finds an empty page."""
        own = self.catalogue.languages.encode(pa.array(sorted(set(languages)), pa.string()))
        least: float = policy.fill
        if policy.response == "learned" and self.response is not None:
            # who passes by courses in a language they do not name is better served by few of their own
            least = min(least, max(least * self.response.foreign, policy.page.row_length))
        enough = int((self._offered(day) & np.isin(self.catalogue.language, own[own >= 0])).sum()) >= least
        return frozenset(languages if enough else (*languages, *self.platform(policy)))

    def platform(self, policy: Policy) -> tuple[str, ...]:
        """The languages everybody is taken to understand (kernel.tongues), by the courses open on the Model's day."""
        key = (policy.language, policy.fill)
        with self._lock:
            if key not in self._views:
                open_ = self.catalogue.language[self._offered(self.day)]
                courses = np.bincount(open_[open_ >= 0], minlength=len(self.catalogue.languages))
                self._views[key] = platform_tongues(self.catalogue.languages, courses, policy.language, policy.fill)
            return self._views[key]  # type: ignore[no-any-return]

    def popular_basis(self, context: str, evidence: str | None) -> Basis:
        """What a shelf of popular courses stands on; `evidence`: the id the context names, or None.

        Without one a `popular` shelf is that of the platform's language, and categories are looked at together.
        """
        kind = {"popular": "language", "popular_category": "category"}.get(context)
        known = self.arrays.get(f"popular_{kind}_basis")
        if known is None:
            return Basis.LEARNERS
        if kind == "category":
            code = self.catalogue.categories.code(evidence) if evidence else -1
        else:
            code = self.catalogue.languages.code(evidence or self.platform(self.policy)[0])
        return Basis(int(known[code] if code >= 0 else known.min()))

    @property
    def open_courses(self) -> int:
        """How many courses are open on the Model's day."""
        return int(self._offered(self.day).sum())

    def _offered(self, day: int) -> npt.NDArray[np.bool_]:
        created = self.catalogue.created
        return np.asarray(~self.catalogue.retired & ((created <= day) | (created == UNDATED)), bool)

    def view(
        self, languages: tuple[str, ...], level: int, day: int, policy: Policy
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        """Bitmaps of the courses open to such a member, (one a series, all); uint64 words, bit = course code.

        Open: not retired, created on or before `day`, in one of `tongues`. Of translations the one in the language the
        member named first stands for all, of a series the newest at the member's level, else the newest.
        """
        key = (
            languages, level, day, policy.language, policy.collapse, policy.fill, policy.response,
            policy.page.row_length,
        )  # fmt: skip
        with self._lock:
            if key in self._views:
                return self._views[key]  # type: ignore[no-any-return]
        catalogue = self.catalogue
        spoken = catalogue.languages.encode(pa.array(sorted(self.tongues(languages, day, policy)), pa.string()))
        open_ = self._offered(day) & np.isin(catalogue.language, spoken[spoken >= 0])
        known = (*languages, *self.platform(policy))
        tongue = {catalogue.languages.code(t): i for i, t in reversed(list(enumerate(known)))}
        offsets, course = self.arrays["twin_offsets"], self.arrays["twin_course"]
        for g in range(len(offsets) - 1):
            own = course[offsets[g] : offsets[g + 1]]
            own = own[open_[own]]
            if len(own) > 1:
                stands = min(own.tolist(), key=lambda c: (tongue[int(catalogue.language[c])], c))
                open_[own] = False
                open_[stands] = True
        one = open_.copy()
        offsets, course = self.arrays["group_offsets"], self.arrays["group_course"]
        for g in range(len(offsets) - 1):
            own = course[offsets[g] : offsets[g + 1]]
            own = own[open_[own]]
            if len(own) > 1:
                at_level = own[catalogue.level[own] == level]
                stands = at_level[0] if len(at_level) else own[0]
                one[own] = False
                one[stands] = True
        view = (_words(one), _words(open_))
        with self._lock:
            if len(self._views) > 4096:
                self._views.clear()
            self._views[key] = view
        return view

    def save(self, path: Path) -> Model:
        """Write to an empty or new directory; returns the Model as loaded from there."""
        path = Path(path)
        (path / "arrays").mkdir(parents=True, exist_ok=True)
        for name, array in self.arrays.items():
            np.save(path / "arrays" / f"{name}.npy", array)
        _write_table(path / "cards.arrow", self.catalogue.cards)
        _write_table(path / "course_sources.arrow", self.catalogue.sources)
        _write_table(path / "industries.arrow", pa.table({"id": self.catalogue.industries.ids}))
        self.taxonomy.save(path / "taxonomy")
        head = {
            "format": FORMAT, "version": self.version, "day": self.day, "members": self.members,
            "policy": asdict(self.policy), "arms": self.arms,
        }  # fmt: skip
        (path / "model.json").write_text(json.dumps(head, indent=1, sort_keys=True) + "\n", "utf-8")
        return load_model(path)


def _words(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    padded = np.zeros((len(mask) + 63) // 64 * 64, bool)
    padded[: len(mask)] = mask
    return np.packbits(padded, bitorder="little").view(np.uint64)


def _write_table(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _read_table(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path), "r")).read_all()


def load_model(path: Path | str) -> Model:
    """Open a saved Model; its arrays are memory-mapped and read-only. Raises StoreError when it is not one."""
    path = Path(path)
    try:
        head = json.loads((path / "model.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"no model at {path}: {error}", next_step="Run the night: skillfirst run.") from None
    if head.get("format") != FORMAT:
        raise StoreError(f"the model at {path} has format {head.get('format')}, this version reads {FORMAT}")
    arrays = {f.stem: _mapped(f) for f in sorted((path / "arrays").glob("*.npy"))}
    arrays = {name: _plain(array) for name, array in arrays.items()}
    cards = _read_table(path / "cards.arrow")
    taxonomy = Taxonomy.load(path / "taxonomy")
    matrix = Csr(arrays["course_offsets"], arrays["course_skill"], arrays["course_weight"], len(taxonomy))
    industries = Vocabulary(_read_table(path / "industries.arrow").column("id").combine_chunks())
    catalogue = Catalogue(taxonomy, cards, matrix, _read_table(path / "course_sources.arrow"), industries)
    return Model(
        head["version"],
        head["day"],
        head["members"],
        policy_from_dict(head["policy"]),
        head["arms"],
        catalogue,
        arrays,
        path,
    )


def _mapped(path: Path) -> npt.NDArray[Any]:
    """An array of a file, memory-mapped. Python 3.11 may fail to parse two texts in two threads at once (NumPy parses a
    file's head, the compiler its functions), and says so with a SystemError; the next time it works."""
    for _ in range(9):
        with suppress(SystemError):
            return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An ndarray view of a memory map: the compiled loop knows one type, mapped or not."""
    view = np.asarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view


def build_model(
    catalogue: Catalogue,
    rarity: Idf,
    inference: InferenceTables,
    interest: InterestTables | None,
    shelves: ShelfIndex,
    together: Csr | None,
    response: Response | None,
    policy: Policy,
    day: int,
    members: int,
    arms: Arms,
) -> Model:
    """Put together what was fitted; the version is a hash of everything in it."""
    from skillfirst.ranking.similar import similar_courses

    matrix = catalogue.course_skills
    if policy.normalise == "pivoted":
        matrix = matrix.scaled(pivot(matrix, policy.pivot))
    dates = date_ranks(catalogue.created, UNDATED)
    layout = build_layout(matrix, dates)
    cards = catalogue.cards
    group, group_offsets, group_course = series_groups(
        cards.column("title").to_pylist(), cards.column("author").to_pylist(), cards.column("language").to_pylist(),
        cards.column("series_id").to_pylist(), catalogue.course_skills, policy.collapse,
    )  # fmt: skip
    nothing = [None] * len(cards)
    twin, twin_offsets, twin_course = translations(
        cards.column("translation_of").to_pylist() if policy.collapse == "auto" else nothing,
        cards.column("course_id").to_pylist(),
    )
    similar_offsets, similar = similar_courses(catalogue.course_skills, together)
    own = catalogue.course_skills
    arrays: dict[str, npt.NDArray[Any]] = {
        "course_offsets": own.offsets, "course_skill": own.indices,
        "course_weight": own.weights,
        "idf_members": rarity.members, "idf_considered": rarity.considered, "idf_floored": rarity.floored,
        "idf_population": np.array([rarity.population, rarity.floor], np.int64),
        "group": group, "group_offsets": group_offsets, "group_course": group_course,
        "twin": twin, "twin_offsets": twin_offsets, "twin_course": twin_course,
        "similar_offsets": similar_offsets, "similar": similar,
        **shelves.arrays(),
        **{f"layout_{name}": np.asarray(array) for name, array in zip(Layout._fields, layout, strict=True)},
        **{f"inference_{name}": array for name, array in inference.arrays().items()},
        **({f"interest_{name}": array for name, array in interest.arrays().items()} if interest is not None else {}),
    }  # fmt: skip
    sizes = {
        "all": 1, "language": len(catalogue.languages), "category": len(catalogue.categories),
        "title": len(catalogue.taxonomy.titles),
        "family": len(catalogue.taxonomy.families), "industry": len(catalogue.industries),
    }  # fmt: skip
    arrays["top_categories"] = _top_categories(shelves, catalogue)
    if response is not None:
        arrays |= _learned(response, matrix, dates, catalogue, shelves)
    for kind, cohort in SHELVES:
        arrays[f"{kind}_{cohort}"] = shelves.table(kind, cohort, sizes[cohort])
    arrays |= shelves.bases(sizes)
    arrays = {name: _plain(np.require(array, requirements="C")) for name, array in arrays.items()}
    return Model(_version(arrays, catalogue, policy, day, arms), day, members, policy, arms, catalogue, arrays)


def _learned(
    response: Response, matrix: Csr, dates: npt.NDArray[np.int32], catalogue: Catalogue, shelves: ShelfIndex
) -> dict[str, npt.NDArray[Any]]:
    """The response, what it makes of the layout, and the order of popular courses by level of the member."""
    by_level = [response.factors(catalogue.level, level) for level in range(LEVEL_CODES)]
    plain = shelves.arrays()
    popular = np.zeros(len(shelves.lists), bool)
    for (kind, _), rows in shelves.rows.items():
        if kind == "popular":
            popular[list(rows.values())] = True
    return {
        "response_course": response.course, "response_gap": response.gap,
        "response_foreign": np.array([response.foreign]), "response_clicks": np.array([response.clicks], np.int64),
        "response_shelf_course": np.stack(
            [by_response(plain["shelf_offsets"], plain["shelf_course"], popular, row) for row in by_level]
        ),
        **{f"response_layout_{n}": a for n, a in with_response(matrix, dates, response.of_courses()).items()},
    }  # fmt: skip


def _top_categories(shelves: ShelfIndex, catalogue: Catalogue) -> npt.NDArray[np.int32]:
    """Category codes by how many of the popular courses are of them, most first; only those that occur."""
    shelf = shelves.rows.get(("popular", "all"), {}).get(0)
    of = catalogue.category[shelves.lists[shelf] if shelf is not None else np.empty(0, np.int64)]
    counts = np.bincount(of[of >= 0], minlength=len(catalogue.categories))
    order = np.lexsort((np.arange(len(counts)), -counts))
    return order[counts[order] > 0].astype(np.int32)


def _version(arrays: dict[str, npt.NDArray[Any]], catalogue: Catalogue, policy: Policy, day: int, arms: Arms) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    for column in catalogue.cards.columns:
        digest.update(json.dumps(pc.cast(column, pa.string()).to_pylist()).encode())
    digest.update(json.dumps(catalogue.taxonomy.skills.ids.to_pylist()).encode())
    digest.update(json.dumps([asdict(policy), day, arms], sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]
