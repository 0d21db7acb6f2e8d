"""The gazetteer: every spelling of every skill, found in running text with its place.

Spellings and texts are cut into the same tokens (`skills.text`) and searched by Aho-Corasick over tokens joined
by blanks, so a match always begins and ends at a token: java is not found in javascript, nor C in C++.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from skillfirst.skills.labels import labelled
from skillfirst.skills.tagging.japanese import WordEdges, has_japanese
from skillfirst.skills.tagging.words import is_ambiguous
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.skills.text import HIRAGANA, KATAKANA, LATIN, Tokens, fold_name, script, spellings, token_line, tokens

NAME, ALIAS, SHORT = range(3)  # how strongly a spelling stands for its skill

_PARENTHESIS = re.compile(r"\s*\(([^()]*)\)\s*")
_ACRONYM = re.compile(r"[A-Z][A-Z0-9/&.-]{1,7}")
_VENDOR_WORDS = "microsoft apache google amazon aws adobe ibm oracle sap ms autodesk cisco apple the"
_GENERIC_WORDS = (
    "programming software language skills basics fundamentals essentials framework technology technologies tools tool "
    "development management analysis design platform library techniques methods systems principles"
)
_VENDORS = frozenset(_VENDOR_WORDS.split())
_GENERIC = frozenset(_GENERIC_WORDS.split())
_GENERIC_ALONE = (
    _VENDORS | _GENERIC | {"data", "business", "computer", "web", "project", "product", "digital", "general"}
)


class Form(NamedTuple):
    """One spelling of one skill: how strongly, and its written form where the case is part of the name."""

    code: int
    level: int
    cased: str | None


class Mention(NamedTuple):
    """Forms found at characters [start, end) of a text; `inner` when a longer mention covers it."""

    forms: tuple[Form, ...]
    start: int
    end: int
    inner: bool


@lru_cache(maxsize=4)
def gazetteer(taxonomy: Taxonomy, edges: WordEdges | None = None) -> Gazetteer:
    """`Gazetteer.of`, built once for a taxonomy in use."""
    return Gazetteer.of(taxonomy, edges)


@dataclass(frozen=True)
class Gazetteer:
    """Spellings (token lines) and the forms behind each; immutable, its automaton is built on first use.

    `edges`: where words of Japanese begin and end; without it changes of script decide.
    """

    lines: list[str]
    forms: list[tuple[Form, ...]]
    edges: WordEdges | None = None

    @classmethod
    def of(cls, taxonomy: Taxonomy, edges: WordEdges | None = None) -> Gazetteer:
        """All spellings: names, aliases, labels, names without their parenthesis, acronyms, singular and plural;
        weaker ones without vendor or generic words. A spelling stands only for its strongest claimants."""
        proper = {fold_name(name): name for name in taxonomy.ambiguous}
        claims: dict[str, dict[int, Form]] = {}
        for code, level, text in (
            *((code, NAME, name) for code, name in enumerate(taxonomy.names)),
            *((code, ALIAS, alias) for code, aliases in enumerate(taxonomy.aliases) for alias in aliases),
            *((code, ALIAS, label) for code, label in labelled(taxonomy.labels)),
        ):
            for line, strength, written in _spellings(text, level):
                cased = proper.get(fold_name(written)) or (written if is_ambiguous(line) else None)
                form = Form(code, strength, cased)
                here = claims.setdefault(line, {})
                if code not in here or strength < here[code].level:
                    here[code] = form
        lines = sorted(claims)
        return cls(lines, [_strongest(claims[line]) for line in lines], edges)

    @cached_property
    def _automaton(self) -> Any:
        from ahocorasick_rs import AhoCorasick, MatchKind

        return AhoCorasick([f" {line} " for line in self.lines], matchkind=MatchKind.Standard)

    def find(self, text: str) -> list[Mention]:
        """Mentions by place; of overlapping ones the leftmost longest stands, those inside it are marked inner."""
        cut = tokens(text)
        if not cut.folded or not self.lines:
            return []
        line = f" {' '.join(cut.folded)} "
        place: list[int] = []
        at = 0
        for word in cut.folded:
            place.append(at)
            at += len(word) + 1
        edges = self.edges(text) if self.edges is not None and has_japanese(text) else None
        found = []
        for pattern, start, end in self._automaton.find_matches_as_indexes(line, overlapping=True):
            first, last = bisect_left(place, start), bisect_left(place, end - 1) - 1
            if _bounded(cut, first, last) if edges is None else _at_edges(cut, first, last, edges):
                found.append((first, -last, pattern))
        found.sort()
        mentions = []
        covered = -1
        for first, minus_last, pattern in found:
            last = -minus_last
            inner = first <= covered
            if inner and last > covered:
                continue  # crosses the longer one before it
            mentions.append(Mention(self.forms[pattern], cut.start[first], cut.end[last], inner))
            covered = max(covered, last)
        return mentions


def _spellings(text: str, level: int) -> Iterable[tuple[str, int, str]]:
    """(token line, level, as written) of one name."""
    forms = [(text, level)]
    bare = _PARENTHESIS.sub(" ", text).strip()
    if bare and bare != text:
        forms.append((bare, max(level, ALIAS)))
        forms += [(p, ALIAS) for p in _PARENTHESIS.findall(text) if _ACRONYM.fullmatch(p)]
    for written, strength in forms:
        for line in spellings(written):
            yield line, strength, written
            for turned in _turned(line):
                yield turned, max(strength, ALIAS), written
    short = _shortened(token_line(bare))
    if short:
        yield short, SHORT, bare


def _turned(line: str) -> Iterable[str]:
    """The singular of a plural and the plural of a singular, by the last word (English endings)."""
    head, _, word = line.rpartition(" ")
    prefix = f"{head} " if head else ""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return
    if word.endswith("ies"):
        yield prefix + word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is", "ics")):
        yield prefix + word[:-1]
    elif word.endswith("y") and word[-2] not in "aeou":
        yield prefix + word[:-1] + "ies"
    elif not word.endswith("s") and not word.endswith("ing"):
        yield prefix + word + "s"


def _shortened(line: str) -> str | None:
    words = line.split()
    while len(words) > 1 and words[0] in _VENDORS:
        words = words[1:]
    while len(words) > 1 and words[-1] in _GENERIC:
        words = words[:-1]
    short = " ".join(words)
    if short == line or len(short) < 3 or short in _GENERIC_ALONE or is_ambiguous(short):
        return None
    return short


def _strongest(claims: dict[int, Form]) -> tuple[Form, ...]:
    level = min(form.level for form in claims.values())
    return tuple(claims[code] for code in sorted(claims) if claims[code].level == level)


def _bounded(cut: Tokens, first: int, last: int) -> bool:
    """Whether the edges of a match are edges of a word; only scripts without blanks leave a doubt.

    Katakana and hiragana names need a change of script on both sides. A compound that begins or ends in
    kanji may go on in kanji on one side when it has at least three characters: 統計学 is in 統計学入門.
    """
    left, right = _open(cut, first - 1, first), _open(cut, last, last + 1)
    if not left and not right:
        return True
    if left and right:
        return False
    kind = script(cut.folded[first if left else last])
    return kind not in (KATAKANA, HIRAGANA, LATIN) and last - first >= 2


def _at_edges(cut: Tokens, first: int, last: int, edges: frozenset[int]) -> bool:
    """Whether both edges are those of words; a script with blanks needs no dictionary."""
    left = script(cut.folded[first]) == LATIN or cut.start[first] in edges
    return left and (script(cut.folded[last]) == LATIN or cut.end[last] in edges)


def _open(cut: Tokens, a: int, b: int) -> bool:
    """Whether tokens a and b = a + 1 may belong to one word: neighbours of the same script without blanks."""
    if a < 0 or b >= len(cut.folded) or cut.end[a] != cut.start[b]:
        return False
    before, after = script(cut.folded[a]), script(cut.folded[b])
    return before == after and before != LATIN
