"""The interface's own words, by language; what a carousel says comes from `contexts.texts`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from skillfirst.contexts.languages import language_name
from skillfirst.contexts.texts import LANGUAGES, spoken
from skillfirst.tables.languages import primary

NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ja": "日本語"}
#: sentences of kernel.explain.filters, by how they begin
_FILTERS = (
    ("is retired", "flt_retired"), ("is not yet open", "flt_later"), ("is in a language", "flt_language"),
    ("was completed", "flt_completed"), ("is in progress", "flt_progress"), ("was dismissed", "flt_dismissed"),
    ("another version", "flt_series"), ("stands at place", "flt_place"), ("teaches none", "flt_skills"),
    ("its translation", "flt_translation"),
)  # fmt: skip


class Words:
    """`words("more_left", n=3)` in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        path = Path(__file__).parent / "words" / f"{language}.json"
        self._texts: Mapping[str, str] = json.loads(path.read_text("utf-8"))

    def __call__(self, name: str, /, **values: Any) -> str:
        text = self._texts[name]
        return text.format(**values) if values else text

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def duration(self, minutes: float | None) -> str:
        """How long a course is, as people say it; empty where unknown."""
        if not minutes:
            return ""
        hours, rest = divmod(round(minutes), 60)
        if not hours:
            return self("minutes", m=rest)
        return self("hours_minutes", h=hours, m=rest) if rest else self("hours", h=hours)

    def tongue(self, tag: str | None) -> str:
        """The name of a language, in this one."""
        tongue = primary(tag or "")
        if f"lang_{tongue}" in self:
            return self(f"lang_{tongue}")
        name = language_name(tongue, self.language)
        return name[:1].upper() + name[1:] if name != tongue else tongue

    def level(self, level: str | None) -> str:
        return self(level) if level and level in self else level or ""

    def number(self, value: float, digits: int = 2) -> str:
        """A number as written here: a comma in German, French and Spanish."""
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if self.language in ("de", "fr", "es") else text

    def whole(self, value: int) -> str:
        """A whole number with its thousands apart, as written here."""
        return f"{value:,}".replace(",", {"de": ".", "fr": "\u202f", "es": "."}.get(self.language, ","))

    def filter(self, sentence: str) -> str:
        """A reason that keeps a course out, in this language; as it is when nobody foresaw it."""
        return next((self(name) for start, name in _FILTERS if sentence.startswith(start)), sentence)


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> Words:
    """The words of a language (BCP 47); English where we do not speak it."""
    return Words(spoken(language))


def preferred(header: str | None) -> str | None:
    """The first language of an Accept-Language header that we speak; None when there is none."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate((header or "")[:500].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if primary(tag) in LANGUAGES:
            wanted.append((-weight, place, primary(tag)))
    return min(wanted)[2] if wanted else None
