"""Words and characters: how a name is folded and where a token begins and ends, in any script.

One rule serves names and running text, so that a name found by folding is also found by matching.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_SPACE = re.compile(r"\s+")
_MARKS = re.compile("[\u0300-\u036f]")

# characters of scripts written without spaces: each is a token of its own, its script decides where words may end
_CJK = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
_WORD = rf"(?:[^\W_{_CJK}]|[\u0300-\u036f])"
# c++ c# a+ keep their signs; .net keeps its dot unless it ends a host name; each CJK character stands alone
_SIGNS = r"(?:(?:\+\+?|\#)(?!\w))?"
TOKEN = re.compile(rf"(?<!\w)\.net(?!\w)|[{_CJK}][\u3099\u309a\uff9e\uff9f]*|{_WORD}+{_SIGNS}", re.IGNORECASE)
_ASCII_TOKEN = re.compile(rf"(?<!\w)\.net(?!\w)|[A-Za-z0-9]+{_SIGNS}", re.IGNORECASE)

LATIN, HAN, HIRAGANA, KATAKANA = range(4)


def fold_name(text: str) -> str:
    """NFKC, case-folded, runs of white space as one blank: names that differ in nothing else are the same name."""
    if text.isascii():
        return " ".join(text.lower().split())
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def fold_accents(text: str) -> str:
    """Without the accents of Latin, Greek and Cyrillic letters; Japanese voicing marks stay."""
    if text.isascii():
        return text
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", bare)


@lru_cache(maxsize=1 << 17)
def fold_token(token: str) -> str:
    """A token as it is compared: folded and without accents."""
    return token.lower() if token.isascii() else fold_accents(fold_name(token))


def script(token: str) -> int:
    """LATIN stands for every script with spaces between words."""
    c = token[0]
    if c < "\u3005":
        return LATIN
    if "\u3040" <= c <= "\u309f":
        return HIRAGANA
    if "\u30a0" <= c <= "\u30ff" or "\u31f0" <= c <= "\u31ff" or "\uff66" <= c <= "\uff9f":
        return KATAKANA
    if c <= "\u9fff" or "\uf900" <= c <= "\ufaff":
        return HAN
    return LATIN


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as tokens: `folded` as compared, `start` and `end` as character places in `text` (end excluded)."""

    text: str
    folded: list[str]
    start: list[int]
    end: list[int]

    def __len__(self) -> int:
        return len(self.folded)


def tokens(text: str) -> Tokens:
    """The tokens of a text with their places."""
    pattern = _ASCII_TOKEN if text.isascii() else TOKEN
    places = [match.span() for match in pattern.finditer(text)]
    folded = [fold_token(text[start:end]) for start, end in places]
    if not all(folded):
        places = [place for place, word in zip(places, folded, strict=True) if word]
        folded = [word for word in folded if word]
    return Tokens(text, folded, [start for start, _ in places], [end for _, end in places])


def folded(text: str) -> list[str]:
    """The tokens of a text as compared, for whom their places do not matter; three times as fast."""
    if text.isascii():
        return _ASCII_TOKEN.findall(text.lower())
    return [word for word in map(fold_token, TOKEN.findall(text)) if word]


def token_line(text: str) -> str:
    """The folded tokens joined by blanks: what two spellings of one name have in common."""
    return " ".join(folded(text))


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "oe", "å": "aa"})


def spellings(name: str) -> list[str]:
    """Token lines under which a name may be written: folded, and with umlauts spelt out."""
    lines = [token_line(name)]
    if not name.isascii():
        lines.append(token_line(name.translate(_UMLAUTS)))
    return list(dict.fromkeys(line for line in lines if line))


def character_grams(text: str, low: int, high: int) -> Iterable[str]:
    """Character n-grams of each token with its edges marked, low <= n <= high."""
    for word in folded(text):
        edged = f" {word} "
        for n in range(low, high + 1):
            for i in range(len(edged) - n + 1):
                yield edged[i : i + n]
