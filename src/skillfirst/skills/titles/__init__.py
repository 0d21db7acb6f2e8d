"""Titles as people write them, matched to the taxonomy's titles: `TitleMatcher.fit`, then `match`."""

from __future__ import annotations

from skillfirst.skills.titles.matcher import TitleMatcher, Titles
from skillfirst.skills.titles.normal import normal_title

__all__ = ["TitleMatcher", "Titles", "normal_title"]
