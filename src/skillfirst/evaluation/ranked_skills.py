"""Rankings of skills against what was hidden: the definitions every evaluation of members shares.

Per member with hidden set T and ranking r: P@5 = |top 5 in T| / 5, R@10 = |top 10 in T| / |T|, AP@10 and nDCG@10 as in
`metrics`; means over members with something hidden, with bootstrap intervals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.evaluation.metrics import average_precision, ndcg
from skillfirst.tables.sparse import Csr

TEST_FROM = 80  # members whose hash modulo 100 is at least this are for testing only
DEPTH = 10
CURVE_SIZES = (100, 300, 1_000, 3_000, 10_000)  # members to learn from, beside all
DRAWS = 300
INTERVAL = (2.5, 97.5)

Lists = npt.NDArray[np.integer]


def member_hash(member_id: str) -> int:
    """SHA-1 of the id, modulo 100."""
    return int(hashlib.sha1(member_id.encode()).hexdigest(), 16) % 100


def split_members(documents: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """(members to learn from, members to test on)."""
    test = np.array([member_hash(m) >= TEST_FROM for m in documents["member_id"].to_pylist()], bool)
    return documents.filter(pa.array(~test)), documents.filter(pa.array(test))


def hide(documents: pa.RecordBatch, held: Csr, share: float) -> tuple[Csr, Csr]:
    """(shown, hidden) skills of each member: the max(1, round(share n)) with the smallest SHA-1 of "member:skill"."""
    shown: list[dict[int, float]] = []
    hidden: list[dict[int, float]] = []
    for i, member in enumerate(documents["member_id"].to_pylist()):
        skills = held.row(i).tolist()
        count = min(len(skills), max(1, round(share * len(skills))))
        order = sorted(skills, key=lambda s: hashlib.sha1(f"{member}:{s}".encode()).digest())
        hidden.append(dict.fromkeys(order[:count], 1.0))
        shown.append(dict.fromkeys(order[count:], 1.0))
    return Csr.from_rows(shown, held.width), Csr.from_rows(hidden, held.width)


def with_skills(documents: pa.RecordBatch, held: Csr) -> pa.RecordBatch:
    """The same members listing other skills (all explicit)."""
    skills, _ = held.to_lists()
    at, source = documents.schema.get_field_index("skill"), documents.schema.get_field_index("skill_source")
    bits = pa.ListArray.from_arrays(skills.offsets, pa.array(np.ones(len(held.indices), np.int16)))
    return documents.set_column(at, documents.schema.field(at), skills).set_column(
        source, documents.schema.field(source), bits
    )


def best_first(scores: npt.NDArray[np.float64], shown: Csr, depth: int = DEPTH) -> Lists:
    """The `depth` best skills of each row of dense scores, without those shown; ties by code."""
    scores = scores.copy()
    scores[np.repeat(np.arange(len(shown)), np.diff(shown.offsets)), shown.indices] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    order[~np.isfinite(np.take_along_axis(scores, order, 1))] = -1
    return order


def fewer(documents: pa.RecordBatch) -> list[pa.RecordBatch]:
    """Smaller parts of the members for a learning curve, each inside the next, by the hash of the id; last all."""
    order = np.argsort([hashlib.sha1(f"curve:{m}".encode()).hexdigest() for m in documents["member_id"].to_pylist()])
    sizes = [size for size in CURVE_SIZES if size < documents.num_rows]
    return [*(documents.take(pa.array(np.sort(order[:size]))) for size in sizes), documents]


def seen_and_unseen(lists: Lists, hidden: Csr, seen: npt.NDArray[np.bool_]) -> dict[str, float | None]:
    """Of all hidden skills that training members have, and of those none has, the share within the first 10; None
    where there is none."""
    rows = np.repeat(np.arange(len(hidden)), np.diff(hidden.offsets))
    width = np.int64(hidden.width)
    first = lists[:, :DEPTH]
    shown = (np.arange(len(lists))[:, None] * width + first)[first >= 0]
    found = np.isin(rows * width + hidden.indices, shown)
    known = seen[hidden.indices]
    return {
        "seen R@10": round(float(found[known].mean()), 4) if known.any() else None,
        "unseen R@10": round(float(found[~known].mean()), 4) if (~known).any() else None,
    }


def measure(lists: Lists, hidden: Csr, draws: int = DRAWS, seed: int = 1) -> dict[str, dict[str, float]]:
    """{metric: {mean, low, high}} with bootstrap intervals over members."""
    rows = np.repeat(np.arange(len(hidden), dtype=np.int64), np.diff(hidden.offsets))
    keys = rows * hidden.width + hidden.indices
    hit = np.isin(np.arange(len(lists))[:, None] * hidden.width + lists, keys) & (lists >= 0)
    size = np.diff(hidden.offsets)
    known = size > 0
    values = {
        "P@5": hit[:, :5].sum(1)[known] / 5,
        "R@10": hit[:, :10].sum(1)[known] / size[known],
        "MAP@10": average_precision(lists, hidden, 10)[known],
        "nDCG@10": ndcg(lists, hidden, 10)[known],
    }
    pick = np.random.default_rng(seed).integers(0, max(int(known.sum()), 1), (draws, int(known.sum())))
    out = {}
    for name, value in values.items():
        means = value[pick].mean(axis=1) if len(value) else np.array([np.nan])
        low, high = np.percentile(means, INTERVAL)
        out[name] = {
            "mean": float(value.mean()) if len(value) else float("nan"),
            "low": float(low),
            "high": float(high),
        }
    return out


def point(members: int, metrics: dict[str, dict[str, float]]) -> dict[str, Any]:
    """One point of a learning curve: {"members": n, metric: [value, low, high]}."""
    return {"members": members, **{name: [m["mean"], m["low"], m["high"]] for name, m in metrics.items()}}


def lines_of(points: list[dict[str, Any]], metrics: Sequence[str] = ("nDCG@10", "R@10", "P@5")) -> dict[str, Any]:
    """Points of a learning curve as `drawings.draw_curves` takes them."""
    return {name: [(p["members"], *p[name]) for p in points] for name in metrics}


def calibration_error(p: npt.NDArray[np.float64], true: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: |mean probability - share true| over equal bins, weighted by their size."""
    if not len(p):
        return float("nan")
    place = np.minimum((p * bins).astype(int), bins - 1)
    n = np.bincount(place, minlength=bins)
    gap = np.abs(np.bincount(place, p, minlength=bins) - np.bincount(place, true, minlength=bins))
    return float(gap[n > 0].sum() / len(p))
