"""The fixed formula: how well a skill fits a course when nobody has labelled anything.

Mentions found by the gazetteer, similarity of words and pairs, similarity of characters, and embeddings where
there are some. The weights were set once over several catalogues and are never fitted to the one at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from skillfirst.skills.tagging.alias import Spans, named_skills
from skillfirst.skills.tagging.courses import FIELDS, CourseTexts
from skillfirst.skills.tagging.embeddings import Embedder
from skillfirst.skills.tagging.gazetteer import gazetteer
from skillfirst.skills.tagging.japanese import WordEdges
from skillfirst.skills.tagging.lexicon import CourseWords, Lexicon, Sparse, read
from skillfirst.skills.tagging.mentions import Mentions
from skillfirst.skills.taxonomy import Taxonomy

Block = npt.NDArray[np.float32]  # courses of a batch x skills
Rows = npt.NDArray[np.int64]
Result = TypeVar("Result")

MENTION_WEIGHT, WORD_WEIGHT, GRAM_WEIGHT = 0.4, 2.0, 0.5
CONCEPT_WEIGHT = 0.4
TITLE_EMBEDDING_WEIGHT, TEXT_EMBEDDING_WEIGHT = 1.0, 1.0
MENTION_SCALE = 6.0
BATCH_CELLS = 4_000_000  # courses x skills held at once, a block of 16 MB
PIECE = 1_024  # courses a thread looks at


@dataclass(frozen=True, slots=True)
class Evidences:
    """Dense blocks of one batch, courses x skills, every way in which a text speaks for a skill."""

    formula: Block
    parts: dict[str, Block]
    spans: list[dict[int, Spans]]


@dataclass(frozen=True)
class Reading:
    """A catalogue read once: its words, its mentions of skills, its vectors; label-free."""

    courses: CourseTexts
    taxonomy: Taxonomy
    lexicon: Lexicon
    words: CourseWords
    spans: list[dict[int, Spans]]
    mentions: Mentions
    vectors: Sparse
    grams: Sparse
    titles: Sparse
    shelves: Sparse
    name_vectors: tuple[Sparse, Sparse, Sparse]
    mention_idf: Block
    embeddings: dict[str, Block] = field(default_factory=dict)
    edges: WordEdges | None = None  # what told it where Japanese words begin and end
    concepts: tuple[Sparse, Sparse] | None = None  # courses and skills over a thesaurus, see `thesaurus`
    workers: int = 1  # threads that may work on it at once; says nothing about what comes out

    @classmethod
    def of(
        cls,
        courses: CourseTexts,
        taxonomy: Taxonomy,
        embed: Embedder | None = None,
        background: npt.NDArray[np.bool_] | None = None,
        edges: WordEdges | None = None,
        workers: int = 1,
        before: Reading | None = None,
    ) -> Reading:
        """Reads every text once. `background`: courses that only tell how rare words and names are; they get no
        vectors of meaning. `edges`: where Japanese words begin and end. `before`: a reading of the first of these
        courses by the same names of skills, whose places need not be looked for again."""
        known = gazetteer(taxonomy, edges)
        lexicon, words = read(courses, taxonomy)
        spans = [
            named_skills(((name, courses.field(name)[i]) for name in FIELDS), known, taxonomy)
            for i in range(0 if before is None else len(before.spans), len(courses))
        ]
        mentions = Mentions.of(spans)
        if before is not None:
            spans, mentions = before.spans + spans, before.mentions.then(mentions)
        mentioned = np.bincount(mentions.skills, minlength=len(taxonomy.skills))
        vectors = {}
        if embed is not None and len(courses) and len(taxonomy.skills):
            whole = [f"{t}. {b}" for t, b in zip(courses.title, courses.joined(), strict=True)]
            apart = np.zeros(len(courses), bool) if background is None else background
            vectors = {
                "title": _embedded(embed, courses.title, ~apart),
                "text": _embedded(embed, whole, ~apart),
                "name": embed(taxonomy.names),
            }
        return cls(
            courses, taxonomy, lexicon, words, spans, mentions,
            vectors=lexicon.course_vectors(words),
            grams=lexicon.gram_vectors(words.text),
            titles=lexicon.title_vectors(words),
            shelves=lexicon.shelf_vectors(words),
            name_vectors=lexicon.name_vectors(),
            mention_idf=np.log(1 + len(courses) / (1 + mentioned)).astype(np.float32),
            embeddings=vectors,
            edges=edges,
            workers=workers,
        )  # fmt: skip

    @cached_property
    def name_rarity(self) -> Block:
        """Mean idf of the words of each skill's name."""
        names = self.lexicon.names[self.lexicon.starts]
        count = np.maximum(np.asarray(names.sum(axis=1)).ravel(), 1)
        return np.asarray((names @ self.lexicon.idf) / count, np.float32)

    @cached_property
    def name_length(self) -> Block:
        """Characters of each skill's name."""
        return np.asarray([len(name) for name in self.taxonomy.names], np.float32)

    @property
    def batch_size(self) -> int:
        """Courses of a piece of bounded memory."""
        return max(1, BATCH_CELLS // max(1, len(self.taxonomy.skills)))

    def batches(self, rows: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
        """Rows in pieces of bounded memory."""
        for start in range(0, len(rows), self.batch_size):
            yield rows[start : start + self.batch_size]

    def spread(self, work: Callable[[Reading, int, Rows], Result], rows: Rows) -> list[Result]:
        """work(reading, place of the first, rows) of pieces of these rows, side by side, in their order.

        Pieces are the same for any number of workers. With vectors of meaning they are `batches`, whose products are a
        library's, which may sum otherwise in a smaller piece.
        """
        size = self.batch_size if self.embeddings else min(self.batch_size, PIECE)
        alone = replace(self, workers=1)
        with ThreadPoolExecutor(self.workers) as pool:
            # map begins no further piece when it is left by Ctrl-C
            return list(pool.map(lambda at: work(alone, at, rows[at : at + size]), range(0, len(rows), size)))

    def evidences(self, rows: npt.NDArray[np.int64], *, titles: bool = True) -> Evidences:
        """The formula and its parts for some courses. `titles`: with the parts of the title alone, which only a ranker
        reads."""
        both, _, grams = self.name_vectors
        parts = {
            "words": self._best_spelling(self.vectors[rows], both),
            "grams": self._best_spelling(self.grams[rows], grams),
            **self.mentions.blocks(rows, self.mention_idf),
        }
        if titles:
            parts["title_words"] = self.title_similarity(rows)
            parts["title_grams"] = self._best_spelling(self.lexicon.gram_vectors(self.words.title[rows]), grams)
        formula = (
            MENTION_WEIGHT * np.tanh(parts["mentions"] / MENTION_SCALE)
            + WORD_WEIGHT * parts["words"]
            + GRAM_WEIGHT * parts["grams"]
        )
        parts["concepts"] = np.zeros_like(parts["words"])
        if self.concepts is not None:
            parts["concepts"] = _product(self.concepts[0][rows], self.concepts[1], self.workers)
            formula = formula + CONCEPT_WEIGHT * parts["concepts"]
        if self.embeddings:
            name = self.embeddings["name"].T
            parts["title_meaning"] = self.embeddings["title"][rows] @ name
            parts["text_meaning"] = self.embeddings["text"][rows] @ name
            formula = formula + TITLE_EMBEDDING_WEIGHT * np.maximum(parts["title_meaning"], 0)
            formula = formula + TEXT_EMBEDDING_WEIGHT * np.maximum(parts["text_meaning"], 0)
        return Evidences(np.asarray(formula, np.float32), parts, [self.spans[i] for i in rows])

    def title_similarity(self, rows: npt.NDArray[np.int64]) -> Block:
        """Words of the title against the names of skills, courses x skills."""
        return self._best_spelling(self.titles[rows], self.name_vectors[1])

    def _best_spelling(self, courses: Sparse, spellings: Sparse) -> Block:
        """Courses x skills: similarity to the best spelling of each skill."""
        return _product(courses, spellings, self.workers, self.lexicon.starts)

    def kernel(self, rows: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> Block:
        """Similarity of courses, rows x others: words and pairs + .5 characters + .3 title + .3 shelf + meaning."""
        total = _product(self.vectors[rows], self.vectors[others], self.workers)
        for share, vectors in ((0.5, self.grams), (0.3, self.titles), (0.3, self.shelves)):
            total += np.float32(share) * _product(vectors[rows], vectors[others], self.workers)
        for name in ("title", "text"):
            if name in self.embeddings:
                total += np.float32(0.5) * (self.embeddings[name][rows] @ self.embeddings[name][others].T)
        return total


def _embedded(embed: Embedder, texts: list[str], wanted: npt.NDArray[np.bool_]) -> Block:
    rows = embed([text for text, asked in zip(texts, wanted.tolist(), strict=True) if asked])
    out = np.zeros((len(texts), rows.shape[1]), np.float32)
    out[wanted] = rows
    return out


def _product(left: Sparse, right: Sparse, workers: int, starts: npt.NDArray[np.int64] | None = None) -> Block:
    from skillfirst.skills.tagging.products import product  # compiles: who only looks for names needs none of it

    return product(left, right, workers, starts)
