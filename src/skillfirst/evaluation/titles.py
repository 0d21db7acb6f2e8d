"""How well are titles understood as people write them? A fifth of all aliases is held out and matched to the titles.

An alias is for testing when `int(sha1(lower-case alias), 16) % 100 < 20`; it is right when the title found is one of
those that list it. Once per distinct lower-case alias.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.errors import DataError
from skillfirst.evaluation.drawings import draw_curves, draw_reliability, drawn
from skillfirst.evaluation.ranked_skills import DRAWS, INTERVAL, calibration_error
from skillfirst.skills.tagging.calibration import reliability
from skillfirst.skills.text import fold_name
from skillfirst.skills.titles import TitleMatcher, Titles

TEST_BELOW = 20
CURVE_PERCENT = (0, 25, 50, 100)  # of the aliases that are not for testing

Right = npt.NDArray[np.bool_]


def alias_hash(alias: str) -> int:
    """SHA-1 of the lower-case alias, modulo 100."""
    return int(hashlib.sha1(alias.lower().encode()).hexdigest(), 16) % 100


def curve_hash(alias: str) -> int:
    """Another hash, so that a share of the aliases is no share of the split."""
    return int(hashlib.sha1(f"curve:{alias.lower()}".encode()).hexdigest(), 16) % 100


def evaluate_titles(
    names: Sequence[str],
    aliases: Sequence[Sequence[str] | None],
    settings: Titles | None = None,
    *,
    folder: Path | None = None,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """JSON-ready report: accuracy@1 and @5 of the library's own door beside the name as written and nearest names,
    with bootstrap intervals over aliases, and its calibration.

    "seen" and "unseen": accuracy@1 where the title has another alias to learn from, and where only its name is known.
    With `folder`, where the plots go, also "learning_curve" (shares of the aliases known) and "plots".
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
    seen = np.array([any(kept[code] for code in truth[text]) for text in texts])
    report: dict[str, Any] = {"aliases": len(texts), "titles": len(names), "methods": {}}
    nearest = replace(rules, linear_names=1 << 60)
    matched = {
        "the same words": _same_words(names, kept, texts),
        "nearest names": TitleMatcher.fit(names, kept, nearest).match(texts),
        "skillfirst": TitleMatcher.fit(names, kept, rules).match(texts),
    }
    for name, (codes, weights) in matched.items():
        first, five = _right(texts, truth, codes)
        answered = np.array([bool(c) for c in codes])
        sure = np.array([w[0] if w else 0.0 for w in weights])
        report["methods"][name] = {
            "accuracy@1": _interval(first, draws),
            "accuracy@5": _interval(five, draws),
            "answered": round(float(answered.mean()), 4),
            "ECE of the first": (
                round(calibration_error(sure[answered].clip(0, 1), first[answered]), 4) if answered.any() else None
            ),
            "seen": round(float(first[seen].mean()), 4) if seen.any() else None,
            "unseen": round(float(first[~seen].mean()), 4) if (~seen).any() else None,
        }
        if name == "skillfirst":
            report["reliability"] = reliability(sure[answered].clip(0, 1), first[answered])
    if folder is not None:
        report["learning_curve"] = _learning_curve(names, kept, texts, truth, rules, draws)
        report["plots"] = drawn(partial(_draw, report, folder))
    return report


def _same_words(names: Sequence[str], kept: list[list[str]], texts: list[str]) -> tuple[list[Any], list[Any]]:
    """The titles whose name or known alias is the text, but for case and blanks."""
    known: dict[str, list[int]] = {}
    for code, name in enumerate(names):
        for text in dict.fromkeys(fold_name(t) for t in (name, *kept[code])):
            known.setdefault(text, []).append(code)
    codes = [known.get(fold_name(text), []) for text in texts]
    return codes, [[1 / max(1, len(found))] * len(found) for found in codes]


def _right(texts: list[str], truth: dict[str, set[int]], codes: Any) -> tuple[Right, Right]:
    first = [bool(len(c)) and c[0] in truth[t] for t, c in zip(texts, codes, strict=True)]
    five = [bool(set(c[:5]) & truth[t]) for t, c in zip(texts, codes, strict=True)]
    return np.array(first, bool), np.array(five, bool)


def _interval(right: Right, draws: int) -> list[float]:
    picks = np.random.default_rng(0).integers(0, len(right), (draws, len(right)))
    low, high = np.percentile(right[picks].mean(axis=1), INTERVAL)
    return [round(float(right.mean()), 4), round(float(low), 4), round(float(high), 4)]


def _learning_curve(
    names: Sequence[str], kept: list[list[str]], texts: list[str], truth: dict[str, set[int]], rules: Titles, draws: int
) -> list[dict[str, Any]]:
    """Accuracy with a share of the known aliases, smaller shares inside larger ones (by hash)."""
    points = []
    for percent in CURVE_PERCENT:
        some = [[a for a in row if curve_hash(a) < percent] for row in kept]
        first, five = _right(texts, truth, TitleMatcher.fit(names, some, rules).match(texts)[0])
        known = sum(map(len, some))
        points.append({"aliases": known, "accuracy@1": _interval(first, draws), "accuracy@5": _interval(five, draws)})
    return points


def _draw(report: dict[str, Any], folder: Path) -> list[Path]:
    metrics = ("accuracy@1", "accuracy@5")
    lines = {name: [(p["aliases"], *p[name]) for p in report["learning_curve"]] for name in metrics}
    bins = {"first title": report["reliability"]}
    return [
        draw_reliability(bins, folder / "titles_reliability.svg", "Reliability of matched titles"),
        draw_curves(lines, folder / "titles_learning_curve.svg", "Learning curve", "aliases known",
                    "on the aliases held out"),
    ]  # fmt: skip
