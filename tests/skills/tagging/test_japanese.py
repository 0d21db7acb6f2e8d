"""Word edges by a dictionary: a fake one, and the real one where it is installed."""

import sys
from types import SimpleNamespace

import pytest

from skillfirst.skills.tagging.gazetteer import Gazetteer
from skillfirst.skills.tagging.japanese import (
    BY_DICTIONARY,
    BY_SCRIPT,
    PIECE,
    has_japanese,
    pieces,
    reading_of,
    word_edges,
)

WORDS = ("機械学習", "データ分析", "入門", "統計", "管理部門", "と")


class Word:
    def __init__(self, start, end):
        self.begin, self.end = (lambda: start), (lambda: end)


class FakeTokenizer:
    """Cuts off the longest word of WORDS that fits, else one character."""

    def tokenize(self, text):
        if len(text.encode()) > 49_149:
            raise RuntimeError("Input is too long")
        at, found = 0, []
        while at < len(text):
            fits = [w for w in WORDS if text.startswith(w, at)]
            size = len(max(fits, key=len)) if fits else 1
            found.append(Word(at, at + size))
            at += size
        return found


@pytest.fixture
def dictionary(monkeypatch):
    """A fake SudachiPy, of the older or the newer kind."""

    def install(method):
        dictionary = SimpleNamespace(**{method: lambda mode: FakeTokenizer()})
        fake = SimpleNamespace(Dictionary=lambda: dictionary, SplitMode=SimpleNamespace(C="C"))
        monkeypatch.setitem(sys.modules, "sudachipy", fake)
        word_edges.cache_clear()
        return word_edges()

    yield install
    word_edges.cache_clear()


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "sudachipy", None)
    word_edges.cache_clear()
    yield
    word_edges.cache_clear()


@pytest.mark.parametrize("method", ["create", "tokenizer"])
def test_edges_of_words(dictionary, method):
    assert dictionary(method)("機械学習とデータ分析入門") == {0, 4, 5, 10, 12}


def test_only_whole_words_are_mentions(dictionary, build):
    g = Gazetteer.of(build(("0", "機械学習"), ("1", "学習"), ("2", "管理"), ("3", "統計")), dictionary("tokenizer"))
    text = "機械学習と管理部門の統計入門 統計Python"
    found = [(m.start, m.end) for m in g.find(text)]
    assert [text[a:b] for a, b in found] == ["機械学習", "統計", "統計"]


def test_latin_names_need_no_dictionary(dictionary, build):
    g = Gazetteer.of(build(("0", "Python")), dictionary("tokenizer"))
    assert [(m.start, m.end) for m in g.find("Pythonと機械学習")] == [(0, 6)]


def test_without_the_dictionary(nothing_installed, build):
    assert word_edges() is None
    assert [m.start for m in Gazetteer.of(build(("0", "統計学")), word_edges()).find("統計学入門")] == [0]


def test_a_long_text_is_cut_at_full_stops(dictionary):
    sentence = "機械学習とデータ分析入門。"
    text = sentence * 3_000
    parts = list(pieces(text))
    assert "".join(part for _, part in parts) == text
    assert max(len(part) for _, part in parts) <= PIECE
    assert all(part.endswith("。") for _, part in parts)
    assert len(dictionary("tokenizer")(text)) == 5 * 3_000 + 1
    assert [start for start, _ in pieces("あ" * (PIECE + 1))] == [0, PIECE]


def test_what_the_report_says(dictionary):
    assert not has_japanese("Größe")
    assert reading_of(["Java", "Größe"]) == (None, None)
    dictionary("tokenizer")
    assert reading_of(["Java", "統計"])[1] == BY_DICTIONARY


def test_what_the_report_says_without(nothing_installed):
    assert reading_of(["Java", "統計"]) == (None, BY_SCRIPT)


def test_the_real_dictionary_keeps_compounds_whole():
    pytest.importorskip("sudachipy")
    edges = word_edges()
    if edges is None:
        pytest.skip("SudachiPy has no dictionary here")
    assert {0, 4, 6, 7, 12} <= edges("機械学習入門とデータ分析")
    assert 2 not in edges("機械学習入門とデータ分析")
