"""Words, pairs and characters of courses and skills stand in the same columns."""

import numpy as np
import pyarrow as pa

from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.lexicon import read, stem


def reading(taxonomy, *courses):
    ids, titles, texts = zip(*courses, strict=True)
    table = pa.table({"course_id": list(ids), "title": list(titles), "description": list(texts)})
    return Reading.of(CourseTexts.of(table), taxonomy)


def test_stems():
    assert [stem(w) for w in ("tests", "studies", "class", "analysis", "c++", "été")] == [
        "test", "study", "class", "analysis", "c++", "été",
    ]  # fmt: skip


def test_unit_rows_and_best_spelling(build):
    taxonomy = build(("a", "Welding", ["Joining metal"]), ("b", "Baking"))
    r = reading(taxonomy, ("1", "Joining metals", "how to join"), ("2", "", ""))
    lengths = np.sqrt(r.vectors.multiply(r.vectors).sum(axis=1))
    assert np.allclose(lengths, [[1], [0]], atol=1e-5)
    words = r.evidences(np.arange(2)).parts["words"]
    assert words[0, 0] > 0.5 > words[0, 1] == 0
    assert not words[1].any()


def test_characters_find_relatives_in_another_language(build):
    r = reading(build(("a", "Statistics"), ("b", "Welding")), ("1", "Estadística básica", ""))
    formula = r.evidences(np.array([0])).formula[0]
    assert formula[0] > formula[1]


def test_batches_do_not_change_the_answer(catalogue, topics, monkeypatch):
    courses = CourseTexts.of(catalogue(7))
    r = Reading.of(courses, topics)
    whole = r.evidences(np.arange(7)).formula
    monkeypatch.setattr("skillfirst.skills.tagging.formula.BATCH_CELLS", 2 * len(topics))
    pieces = list(r.batches(np.arange(7)))
    assert [len(p) for p in pieces] == [2, 2, 2, 1]
    assert np.array_equal(np.concatenate([r.evidences(p).formula for p in pieces]), whole)


def test_an_empty_catalogue_and_an_empty_taxonomy(build, topics):
    lexicon, words = read(
        CourseTexts.of(pa.table({"course_id": pa.array([], pa.string()), "title": pa.array([], pa.string())})), topics
    )
    assert len(words) == 0
    assert lexicon.names.shape[0] == len(topics)


def test_columns_are_numbered_as_words_pairs_and_grams_first_come(build):
    """Titles, texts, shelves, names: sums run over columns, so that their order is part of the answer."""
    table = pa.table({"course_id": ["1", "2"], "title": ["Seams of steel", ""], "description": ["tests", "steel seam"]})
    lexicon, words = read(CourseTexts.of(table), build(("a", "Steel test")))
    assert words.title.toarray().tolist() == [[1, 1, 0], [0, 0, 0]]  # seam, steel, test
    assert words.bare.toarray().tolist() == [[0, 0, 1], [1, 1, 0]]
    assert words.pairs.toarray().tolist() == [[3, 0, 0], [0, 1, 0]]  # seam steel, steel seam, steel test
    assert lexicon.names.toarray().tolist() == [[0, 1, 1]]
    assert lexicon.name_pairs.toarray().tolist() == [[0, 0, 1]]
    first = lexicon.grams[0].toarray().ravel()
    assert first[:9].tolist() == [1] * 9  # " seam " has 4 + 3 + 2 grams
    assert not first[9:].any()


def test_pieces_side_by_side_come_back_in_order(catalogue, topics, monkeypatch):
    monkeypatch.setattr("skillfirst.skills.tagging.formula.PIECE", 3)
    r = Reading.of(CourseTexts.of(catalogue(8)), topics, workers=3)
    rows = np.asarray([7, 0, 1, 2, 6, 3, 4])

    def look(part, at, rows):
        assert part.workers == 1
        return at, part.evidences(rows).formula

    starts, formulas = zip(*r.spread(look, rows), strict=True)
    assert starts == (0, 3, 6)
    assert np.array_equal(np.concatenate(formulas), r.evidences(rows).formula)
    assert r.spread(look, rows[:0]) == []
