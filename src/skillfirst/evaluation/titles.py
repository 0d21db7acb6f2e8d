"""How well are titles understood as people write them? A fifth of all aliases is held out and matched to the titles.

An alias is for testing when `int(sha1(lower-case alias), 16) % 100 < 20`; it is right when the title found is one of
those that list it. Once per distinct lower-case alias.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from skillfirst.errors import DataError
from skillfirst.evaluation.ranked_skills import calibration_error
from skillfirst.skills.titles import TitleMatcher, Titles

TEST_BELOW = 20


def alias_hash(alias: str) -> int:
    """SHA-1 of the lower-case alias, modulo 100."""
    return int(hashlib.sha1(alias.lower().encode()).hexdigest(), 16) % 100


def evaluate_titles(
    names: Sequence[str], aliases: Sequence[Sequence[str] | None], settings: Titles | None = None
) -> dict[str, Any]:
    """JSON-ready report: accuracy@1 and @5 of the library's own door beside nearest names alone, and its calibration.

    Raises DataError when no alias is left to test on.
    """
    rules = settings or Titles()
    kept: list[list[str]] = []
    truth: dict[str, set[int]] = {}
    for code, others in enumerate(aliases):
        kept.append([a for a in others or () if alias_hash(a) >= TEST_BELOW])
        for alias in others or ():
            if alias_hash(alias) < TEST_BELOW:
                truth.setdefault(alias.lower(), set()).add(code)
    if not truth:
        raise DataError("no alias is left to test on", table="titles", column="aliases")
    texts = sorted(truth)
    report: dict[str, Any] = {"aliases": len(texts), "titles": len(names), "methods": {}}
    for name, rule in (("nearest names", replace(rules, linear_names=1 << 60)), ("skillfirst", rules)):
        codes, weights = TitleMatcher.fit(names, kept, rule).match(texts)
        first = np.array([bool(c) and c[0] in truth[t] for t, c in zip(texts, codes, strict=True)])
        five = np.array([bool(set(c[:5]) & truth[t]) for t, c in zip(texts, codes, strict=True)])
        answered = np.array([bool(c) for c in codes])
        sure = np.array([w[0] if w else 0.0 for w in weights])
        report["methods"][name] = {
            "accuracy@1": float(first.mean()),
            "accuracy@5": float(five.mean()),
            "answered": float(answered.mean()),
            "ECE of the first": calibration_error(sure[answered].clip(0, 1), first[answered]),
        }
    return report
