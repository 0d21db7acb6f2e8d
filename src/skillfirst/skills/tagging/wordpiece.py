"""Word pieces: how BERT cuts a text (J. Devlin et al., 2018): words and marks, then the longest known pieces of each.

The uncased vocabulary: lower case, accents dropped, every Chinese character a word of its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from skillfirst.errors import DataError

LONGEST_WORD = 100  # letters; a longer word is unknown
_START, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_HAN = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPieces:
    """`vocabulary`: pieces in the order of their numbers; pieces inside a word begin with ##."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._number = {piece: i for i, piece in enumerate(vocabulary)}
        lost = [piece for piece in (_START, _END, _UNKNOWN) if piece not in self._number]
        if lost:
            raise DataError(f"the vocabulary lacks {', '.join(lost)}", table="embeddings", column="vocabulary")
        self._start, self._end = self._number[_START], self._number[_END]
        self._pieces = lru_cache(maxsize=1 << 16)(self._cut)

    @classmethod
    def load(cls, path: Path) -> WordPieces:
        """From vocab.txt, one piece a line."""
        return cls(path.read_text(encoding="utf-8").rstrip("\n").split("\n"))

    def __call__(self, text: str, most: int) -> list[int]:
        """Numbers of the pieces, start and end marks included, at most `most` in all."""
        numbers = [self._start]
        for word in _words(text[: most * LONGEST_WORD]):
            numbers += self._pieces(word)
            if len(numbers) >= most - 1:
                break
        return [*numbers[: most - 1], self._end]

    def _cut(self, word: str) -> tuple[int, ...]:
        if len(word) > LONGEST_WORD:
            return (self._number[_UNKNOWN],)
        found = []
        at = 0
        while at < len(word):
            for end in range(len(word), at, -1):
                number = self._number.get(word[at:end] if at == 0 else f"##{word[at:end]}")
                if number is not None:
                    break
            else:
                return (self._number[_UNKNOWN],)
            found.append(number)
            at = end
        return tuple(found)


def _words(text: str) -> list[str]:
    if text.isascii():
        letters = [_ASCII[c] for c in text.lower()]
    else:
        plain = unicodedata.normalize("NFD", "".join(map(_spaced, text)).lower())
        letters = [_marked(c) for c in plain if unicodedata.category(c) != "Mn"]
    return "".join(letters).split()


def _spaced(c: str) -> str:
    """Without control characters; Chinese characters apart."""
    if any(low <= ord(c) <= high for low, high in _HAN):
        return f" {c} "
    return " " if c.isspace() else "" if c == "\ufffd" or unicodedata.category(c).startswith("C") else c


def _marked(c: str) -> str:
    """Punctuation apart; in ASCII everything that is neither letter nor digit counts as such."""
    ascii_mark = c.isascii() and not c.isalnum() and not c.isspace() and c.isprintable()
    return f" {c} " if ascii_mark or unicodedata.category(c).startswith("P") else c


_ASCII = {chr(i): _marked(chr(i)) if chr(i).isprintable() else " " if chr(i).isspace() else "" for i in range(128)}
