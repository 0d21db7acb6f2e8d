"""Where Japanese words begin and end: by SudachiPy's dictionary where it is installed (extra `japanese`), else not
known here, and the gazetteer goes by changes of script.

Mode C, the longest units: 機械学習 and データ分析 stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

WordEdges = Callable[[str], frozenset[int]]
"""A text to the places before its first, between its and after its last characters at which a word begins or ends."""

PIECE = 8_000  # characters at once; the dictionary refuses 49,149 bytes, and a character has up to six
BY_DICTIONARY = "words by SudachiPy"
BY_SCRIPT = "words by changes of script; SudachiPy is not installed (extra `japanese`)"

_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f]")
_STOPS = re.compile("[。．！？!?\\n]")


def has_japanese(text: str) -> bool:
    """Whether there is a character of a script written without blanks."""
    return not text.isascii() and _JAPANESE.search(text) is not None


@lru_cache(maxsize=1)
def word_edges() -> WordEdges | None:
    """Edges by the dictionary; None where SudachiPy or its dictionary is not installed."""
    try:
        import sudachipy

        dictionary = sudachipy.Dictionary()
    except (ImportError, OSError, RuntimeError):  # the last two: without a dictionary
        return None
    make: Any = getattr(dictionary, "tokenizer", None) or dictionary.create  # its name before 0.7
    cut = make(mode=sudachipy.SplitMode.C).tokenize

    def edges(text: str) -> frozenset[int]:
        found = {0, len(text)}
        for start, piece in pieces(text):
            for word in cut(piece):
                found |= {start + word.begin(), start + word.end()}
        return frozenset(found)

    return edges


def pieces(text: str) -> Iterable[tuple[int, str]]:
    """The text in pieces of at most PIECE characters with their places, cut after a full stop where there is one."""
    start = 0
    while len(text) - start > PIECE:
        ends = [m.end() for m in _STOPS.finditer(text, start, start + PIECE)]
        end = ends[-1] if ends else start + PIECE
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def reading_of(texts: Iterable[str]) -> tuple[WordEdges | None, str | None]:
    """What reads these texts, and what the report says of it; both None when nothing is Japanese, and then no
    dictionary is opened."""
    if not any(has_japanese(text) for text in texts):
        return None, None
    edges = word_edges()
    return edges, BY_SCRIPT if edges is None else BY_DICTIONARY
