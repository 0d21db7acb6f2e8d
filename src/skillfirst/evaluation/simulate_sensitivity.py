"""Each constant of the world at the ends of its range: which conclusions survive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from skillfirst.evaluation.simulate_parallel import Worlds
from skillfirst.evaluation.trials import Trial
from skillfirst.evaluation.trials_pooled import Pooled, pooled, survivors
from skillfirst.evaluation.world.constants import Constants, sensitivity

# what the conclusions rest on comes first, so that a run cut short says most
FIRST = (
    "interest_work", "known_loss", "relevance_gain", "quality_gain", "tiring", "base_click", "listed_share",
    "no_skills", "held_interest", "interest_related", "interest_goal", "interests_mean", "related_share", "memory_days",
    "tiring_alike", "blindness", "warming_share", "attention_row", "attention_position", "row_on", "list_on",
    "daily_share", "weekly_share", "feed_share", "human_tagged", "human_kept", "fresh_gain", "level_loss", "searches",
)  # fmt: skip


def ordered() -> list[tuple[str, float, Constants]]:
    """All of `constants.sensitivity`, those of FIRST first."""
    rank = {name: place for place, name in enumerate(FIRST)}
    return sorted(sensitivity(), key=lambda row: (rank.get(row[0], len(FIRST)), row[0], row[1]))


def lived(trial: Trial, seed: int, constants: Constants, folder: Path | None) -> dict[tuple[int, str], pa.Table]:
    worlds = Worlds(trial, seed, constants, folder)
    return {(seed, arm.name): worlds.lived(arm) for arm in trial.arms}


def sweep(
    trial: Trial, folder: Path | None = None, only_known: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Pooled, list[dict[str, Any]]]:  # fmt: skip
    """The trial in the world as it is, and a row for each constant and end: constant, value, claims (words ->
    verdict, lift, low, high) and the conclusions contradicted. `only_known`: worlds kept in `folder` and no others."""
    seed = trial.seeds[0]
    base = pooled(trial, lived(trial, seed, Constants(), folder))
    rows, every = [], ordered()
    for place, (name, value, constants) in enumerate(every):
        worlds = Worlds(trial, seed, constants, folder)
        if only_known and not all(worlds.known(arm) for arm in trial.arms):
            continue
        found = pooled(trial, lived(trial, seed, constants, folder))
        rows.append(_row(name, value, found, base))
        if progress:
            progress(place + 1, len(every))
    return base, rows


def _row(name: str, value: float, found: Pooled, base: Pooled) -> dict[str, Any]:
    return {
        "constant": name,
        "value": value,
        "claims": {j.claim.words: dict(_judged(j)) for j in found.claims},
        "contradicted": survivors(found.claims, base.claims),
    }


def _judged(judged: Any) -> Iterator[tuple[str, Any]]:
    yield "verdict", judged.met
    if judged.contrast is not None:
        c = judged.contrast.comparison
        yield from (("lift", c.lift), ("low", c.lift_low), ("high", c.lift_high))


def counted(rows: list[dict[str, Any]]) -> Mapping[str, dict[str, int]]:
    """Words of each claim -> verdict -> worlds."""
    out: dict[str, dict[str, int]] = {}
    for row in rows:
        for words, judged in row["claims"].items():
            tally = out.setdefault(words, {})
            tally[judged["verdict"]] = tally.get(judged["verdict"], 0) + 1
    return out
