"""Texts to codes, each distinct text asked once: what the taxonomy knows, lent to this room as functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int32]
ResolveSkills = Callable[[pa.Array], Codes]
# titles: lists of codes and of their weights, parallel, codes by falling weight
ResolveTitles = Callable[[pa.Array], tuple[Sequence[Sequence[int]], Sequence[Sequence[float]]]]
FindSkills = Callable[[pa.Array], Sequence[Sequence[int]]]
AssignArms = Callable[[pa.StringArray], pa.Array]

MOST_REMEMBERED = 500_000  # distinct texts; free-text titles of ten million members are not worth more memory
MOST_UNKNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Resolvers:
    """How texts become codes.

    `skills`: distinct skill texts (ids, names, aliases) -> int32 codes below `skill_count`, -1 unknown.
    `titles`: distinct title texts -> (lists of title codes, lists of weights). `find_skills`: distinct free texts ->
    lists of skill codes. `arms`: member ids -> the `arms` column (a map array of equal length).
    """

    skills: ResolveSkills
    skill_count: int
    titles: ResolveTitles | None = None
    find_skills: FindSkills | None = None
    arms: AssignArms | None = None


class Remembering:
    """A function of distinct texts that asks for each text once; safe to use from several threads."""

    def __init__(self, ask: Callable[[pa.Array], list[Any]]) -> None:
        self._ask, self._lock = ask, Lock()
        self._known: dict[str, Any] = {}

    def __call__(self, texts: list[str | None], nothing: Any) -> list[Any]:
        """One answer a text, `nothing` for null."""
        with self._lock:
            if len(self._known) > MOST_REMEMBERED:
                self._known.clear()
            new = sorted({t for t in texts if t is not None and t not in self._known})
            if new:
                self._known.update(zip(new, self._ask(pa.array(new, pa.string())), strict=True))
            return [nothing if t is None else self._known[t] for t in texts]


class Lookup:
    """The resolvers of one gather, with what they did not know."""

    def __init__(self, resolvers: Resolvers) -> None:
        self.resolvers = resolvers
        self._skills = Remembering(lambda texts: list(resolvers.skills(texts).tolist()))
        self._titles = Remembering(self._ask_titles)
        self._found = Remembering(self._ask_found)
        self.unknown_skills: Counter[str] = Counter()

    def __reduce__(self) -> tuple[Any, ...]:
        return Lookup, (self.resolvers,)

    def apart(self) -> Lookup:
        """The same memory of texts with a count of its own of what is unknown."""
        other = Lookup(self.resolvers)
        other._skills, other._titles, other._found = self._skills, self._titles, self._found
        return other

    def skills(self, column: pa.Array | pa.ChunkedArray) -> tuple[Codes, int]:
        """(codes, -1 for unknown and null; how many entries are unknown) of a text column."""
        indices, words = dictionary(column)
        codes = np.array([*self._skills(words, -1), -1], np.int32)
        unknown = (codes[:-1] < 0) & np.array([w is not None for w in words], bool)
        counts = np.bincount(indices[indices < len(words)], minlength=len(words)) if len(words) else np.empty(0, int)
        missing = {words[i]: int(counts[i]) for i in np.flatnonzero(unknown & (counts > 0))}
        if len(self.unknown_skills) < MOST_UNKNOWN:
            self.unknown_skills.update({w: n for w, n in missing.items() if w is not None})
        return codes[indices], sum(missing.values())

    def titles(self, column: pa.Array | pa.ChunkedArray) -> tuple[pa.ListArray, pa.ListArray]:
        """(codes, weights) as list columns, empty for null and unknown."""
        indices, words = dictionary(column)
        answers = [*self._titles(words, ((), ())), ((), ())]
        codes = pa.array([list(a[0]) for a in answers], pa.list_(pa.int32()))
        weights = pa.array([list(a[1]) for a in answers], pa.list_(pa.float32()))
        return codes.take(pa.array(indices)), weights.take(pa.array(indices))

    def found(self, column: pa.Array | pa.ChunkedArray) -> pa.ListArray:
        """Skills found in free texts, a list a row."""
        indices, words = dictionary(column)
        answers = pa.array([*(list(a) for a in self._found(words, ())), []], pa.list_(pa.int32()))
        return answers.take(pa.array(indices))

    def _ask_titles(self, texts: pa.Array) -> list[Any]:
        if self.resolvers.titles is None:
            return [((), ())] * len(texts)
        codes, weights = self.resolvers.titles(texts)
        return list(zip(_plain(codes), _plain(weights), strict=True))

    def _ask_found(self, texts: pa.Array) -> list[Any]:
        return [()] * len(texts) if self.resolvers.find_skills is None else _plain(self.resolvers.find_skills(texts))


def _plain(lists: Any) -> list[Any]:
    return list(lists.to_pylist()) if isinstance(lists, (pa.Array, pa.ChunkedArray)) else list(lists)


def dictionary(column: pa.Array | pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], list[str | None]]:
    """(places, distinct texts) of a text column; a null has the place behind the last text."""
    if isinstance(column, pa.ChunkedArray):
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if not isinstance(column, pa.DictionaryArray):
        column = column.dictionary_encode()
    words = column.dictionary.to_pylist()
    places = pc.fill_null(column.indices.cast(pa.int64()), len(words)).to_numpy(zero_copy_only=False)
    return places, words
