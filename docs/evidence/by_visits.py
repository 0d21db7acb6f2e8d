"""What discounting does to people who come often and to those who come rarely.

    python docs/evidence/by_visits.py DIR    # the --out of `skillfirst simulate --experiment fatigue`

Writes fatigue_by_visits.json beside this file: by pages a member was given in the 28 days (the same in every arm, since
who comes when is not up to the recommender), clicks on recommendations with no treatment, and the change by discounting
and by the fitted curve, every member compared with herself.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from skillfirst.evaluation.simulate_parallel import Worlds
from skillfirst.evaluation.trials import FATIGUE

HERE = Path(__file__).parent
METRIC = "clicked_impressions"
BOUNDS = (0, 5, 10, 20, 10_000)


def lives(folder: Path, arm: str) -> pa.Table:
    """Members of every seed, in the same order for every arm."""
    return pa.concat_tables(
        Worlds(FATIGUE, seed, folder=folder / "worlds").lived(FATIGUE.arm(arm)) for seed in FATIGUE.seeds
    )


def change(control: Any, treatment: Any) -> dict[str, float]:
    """Relative change of the mean and its 95 % interval, pairs as the unit."""
    lift = treatment.mean() / control.mean() - 1
    error = (treatment - (1 + lift) * control).std(ddof=1) / np.sqrt(len(control)) / control.mean()
    return {"lift": lift, "low": lift - 1.96 * error, "high": lift + 1.96 * error}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    none, discount, fitted = (lives(folder, arm) for arm in ("none", "discount", "discount-fitted"))
    pages = none["pages"].to_numpy()
    rows = []
    for low, high in pairwise(BOUNDS):
        some = (pages >= low) & (pages < high)
        clicks = [table[METRIC].to_numpy()[some].astype(np.float64) for table in (none, discount, fitted)]
        rows.append(
            {"from": low, "below": high, "members": int(some.sum()), "clicks": float(clicks[0].mean()),
             "impressions": float(none["impressions"].to_numpy()[some].mean()),
             "discount": change(clicks[0], clicks[1]), "discount-fitted": change(clicks[0], clicks[2])}
        )  # fmt: skip
    (HERE / "fatigue_by_visits.json").write_text(json.dumps(rows, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
