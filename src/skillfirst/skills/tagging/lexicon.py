"""The words of a catalogue and its skills as sparse counts: the ground every similarity stands on.

Fitted without labels on every text at hand, as a real catalogue would be. Words lose their plural s, stop words
go, neighbouring words are counted as pairs, and characters are counted through the words that hold them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from skillfirst.skills.labels import labelled
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.skills.text import fold_name, folded

Sparse = Any  # scipy.sparse.csr_matrix of float32
Words = npt.NDArray[np.int64]

TITLE_WEIGHT = 3.0  # a word of the title counts as three of the text
GRAM_LOW, GRAM_HIGH = 3, 5
_PAIR = 1 << 31
_STOP_WORDS = """
a an the and or of to in on for with by from at as is are be this that it you your we our will how what i s t
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def stem(word: str) -> str:
    """Without an English plural; other words stay as they are."""
    if len(word) > 3 and word.isascii() and word.isalpha():
        if word.endswith("ies"):
            return word[:-3] + "y"
        if word.endswith("s") and not word.endswith(("ss", "us", "is")):
            return word[:-1]
    return word


@dataclass(frozen=True)
class CourseWords:
    """Counts (courses x words or pairs, float32 CSR) of the weighted text, of the title and of the shelf."""

    text: Sparse
    pairs: Sparse
    title: Sparse
    shelf: Sparse
    bare: Sparse

    def __len__(self) -> int:
        return int(self.text.shape[0])

    def rows(self, keep: Any) -> CourseWords:
        """Some of the courses, by slice or indices."""
        return CourseWords(self.text[keep], self.pairs[keep], self.title[keep], self.shelf[keep], self.bare[keep])


@dataclass(frozen=True)
class Lexicon:
    """Word and pair columns, their idf, and the spellings of skills in the same columns.

    `owner`: skill code of each spelling, ascending, every skill at least once. `grams`: words x character grams.
    """

    idf: npt.NDArray[np.float32]
    pair_idf: npt.NDArray[np.float32]
    gram_idf: npt.NDArray[np.float32]
    shelf_idf: npt.NDArray[np.float32]
    grams: Sparse
    names: Sparse
    name_pairs: Sparse
    starts: npt.NDArray[np.int64]

    # --- unit rows --------------------------------------------------------------------------------------------

    def course_vectors(self, words: CourseWords) -> Sparse:
        """TF-IDF over words and pairs, logarithmic counts, unit rows."""
        return unit_rows(sp.hstack([_weighted(words.text, self.idf), _weighted(words.pairs, self.pair_idf)]).tocsr())

    def title_vectors(self, words: CourseWords) -> Sparse:
        return unit_rows(_weighted(words.title, self.idf))

    def gram_vectors(self, counts: Sparse) -> Sparse:
        """TF-IDF over character grams of any word counts, unit rows."""
        return unit_rows(_weighted((counts @ self.grams).tocsr(), self.gram_idf))

    def shelf_vectors(self, words: CourseWords) -> Sparse:
        return unit_rows(_weighted(words.shelf, self.shelf_idf))

    def name_vectors(self) -> tuple[Sparse, Sparse, Sparse]:
        """Spellings over (words and pairs), words alone, character grams; unit rows."""
        words = _weighted(self.names, self.idf)
        both = sp.hstack([words, _weighted(self.name_pairs, self.pair_idf)]).tocsr()
        return unit_rows(both), unit_rows(words), self.gram_vectors(self.names)


def read(courses: CourseTexts, taxonomy: Taxonomy) -> tuple[Lexicon, CourseWords]:
    """The lexicon of these courses and skills, and the courses' counts in it."""
    words = _Columns()
    title, body, shelf = (_Coded.of(texts, words) for texts in (courses.title, courses.joined(), courses.shelf))
    owner, spelt = _spellings(taxonomy)
    names = _Coded.of(spelt, words)
    width = len(words.order)
    (title_pairs, body_pairs, name_pairs), pairs = _paired([title, body, names])
    title_counts = title.counts(width)
    course_words = CourseWords(
        text=(TITLE_WEIGHT * title_counts + body.counts(width)).tocsr(),
        pairs=(TITLE_WEIGHT * title_pairs.counts(pairs) + body_pairs.counts(pairs)).tocsr(),
        title=title_counts,
        shelf=shelf.counts(width),
        bare=body.counts(width),
    )
    grams = _grams(words.order)
    lexicon = Lexicon(
        idf=_idf(course_words.text),
        pair_idf=_idf(course_words.pairs),
        gram_idf=_idf((course_words.text @ grams).tocsr()),
        shelf_idf=_idf(course_words.shelf),
        grams=grams,
        names=names.counts(width),
        name_pairs=name_pairs.counts(pairs),
        starts=np.flatnonzero(np.diff(owner, prepend=-1)).astype(np.int64),
    )
    return lexicon, course_words


def unit_rows(matrix: Sparse) -> Sparse:
    """Each row divided by its Euclidean length; empty rows stay empty."""
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    length[length == 0] = 1.0
    return sp.diags((1.0 / length).astype(np.float32)) @ matrix


def _weighted(counts: Sparse, idf: npt.NDArray[np.float32]) -> Sparse:
    weighted = counts.copy()
    weighted.data = np.log1p(weighted.data)
    return (weighted @ sp.diags(idf)).tocsr()


def _idf(counts: Sparse) -> npt.NDArray[np.float32]:
    n = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(np.log((1 + n) / (1 + frequency)) + 1, np.float32)


def _spellings(taxonomy: Taxonomy) -> tuple[npt.NDArray[np.int64], list[str]]:
    labels: dict[int, list[str]] = {}
    for code, label in labelled(taxonomy.labels):
        labels.setdefault(code, []).append(label)
    shared = set(taxonomy.shared_aliases)  # nobody's: the gazetteer takes them as a hint, no more
    owner: list[int] = []
    spelt: list[str] = []
    for code, name in enumerate(taxonomy.names):
        others = (text for text in (*taxonomy.aliases[code], *labels.get(code, [])) if fold_name(text) not in shared)
        for text in dict.fromkeys([name, *others]):
            owner.append(code)
            spelt.append(text)
    return np.asarray(owner, np.int64), spelt


class _Columns(dict[str, int]):
    """Folded word -> its column, -1 for a stop word; each word is looked at once. `order`: stems by column."""

    def __init__(self) -> None:
        super().__init__()
        self.order: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        column = -1 if word in STOP_WORDS else self.order.setdefault(stem(word), len(self.order))
        self[word] = column
        return column


@dataclass(frozen=True)
class _Coded:
    """Texts one after another as columns, and how many each text has."""

    codes: Words
    lengths: Words

    @classmethod
    def of(cls, texts: Sequence[str], words: _Columns) -> _Coded:
        flat, ends = array("q"), np.zeros(len(texts) + 1, np.int64)
        for i, text in enumerate(texts):
            if text:
                flat.extend(map(words.__getitem__, folded(text)))
            ends[i + 1] = len(flat)
        codes = np.frombuffer(flat, np.int64) if flat else np.empty(0, np.int64)
        kept = np.concatenate([[0], np.cumsum(codes >= 0)])
        return cls(codes[codes >= 0], np.diff(kept[ends]))

    def counts(self, width: int) -> Sparse:
        """Texts x columns, how often."""
        at = np.repeat(np.arange(len(self.lengths)), self.lengths)
        values = np.ones(len(self.codes), np.float32)
        matrix = sp.csr_matrix((values, (at, self.codes)), (len(self.lengths), width))
        matrix.sum_duplicates()
        return matrix


def _paired(texts: Sequence[_Coded]) -> tuple[list[_Coded], int]:
    """Neighbouring words of each text as columns, numbered as they first come; and how many columns there are."""
    keys, lengths = [], []
    for text in texts:
        owner = np.repeat(np.arange(len(text.lengths)), text.lengths)
        keys.append((text.codes[:-1] * _PAIR + text.codes[1:])[owner[:-1] == owner[1:]])
        lengths.append(np.maximum(text.lengths - 1, 0))
    numbered = pa.array(np.concatenate(keys)).dictionary_encode()
    edges = np.cumsum([len(part) for part in keys])[:-1]
    columns = np.split(numbered.indices.to_numpy(), edges)
    return [_Coded(codes, n) for codes, n in zip(columns, lengths, strict=True)], len(numbered.dictionary)


def _grams(words: Iterable[str]) -> Sparse:
    """Words x character grams of GRAM_LOW to GRAM_HIGH letters inside each word, edges marked."""
    found: list[str] = []
    ends = [0]
    for word in words:
        edged = f" {word[:64]} "
        for n in range(GRAM_LOW, GRAM_HIGH + 1):
            found += [edged[i : i + n] for i in range(len(edged) - n + 1)]
        ends.append(len(found))
    numbered = pa.array(found, pa.string()).dictionary_encode()
    return _Coded(numbered.indices.to_numpy(), np.diff(ends)).counts(len(numbered.dictionary))
