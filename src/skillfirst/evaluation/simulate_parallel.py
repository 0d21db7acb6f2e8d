"""Parallel worlds: the same people live once with each treatment, and every member is compared with herself.

Chance in the world is a hash of who, what and when, so worlds of one seed differ by what their people are shown and by
nothing else. What a member did with one page is therefore measured against what the same member did with the other on
the same days: far fewer members say as much as a split of them between arms would. Each world's log is its own, as
after launching the treatment for everybody. An arm lived through once is kept on disk and not lived again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst import __version__
from skillfirst.evaluation.nights import KernelNights
from skillfirst.evaluation.simulate import Simulation, simulate
from skillfirst.evaluation.trials import SKILLFIRST, Arm, Trial
from skillfirst.evaluation.world.constants import Constants
from skillfirst.experiments.metrics import COUNTED
from skillfirst.experiments.totals import Period, member_totals

VARIETY = ("pages", "top_skills", "top_pairs", "top_same")
APART = ("impressions", "clicked_impressions", "shown_days", "engaged_days")  # once more without courses begun
ABOUT = b"skillfirst"

Progress = Callable[[int, int], None]


@dataclass
class Worlds:
    """One seed's worlds, arm by arm. `folder`: where lived arms are kept; None keeps nothing."""

    trial: Trial
    seed: int
    constants: Constants = field(default_factory=Constants)
    folder: Path | None = None
    tags: dict[Any, Any] = field(default_factory=dict)

    def lived(self, arm: Arm, progress: Progress | None = None) -> pa.Table:
        """Members of this arm's world: member_id, arm, listed, seed, `metrics.COUNTED` and VARIETY, by member_id."""
        about = self._about(arm)
        place = self._place(arm)
        if place is not None and place.exists():
            table = pq.read_table(place)
        else:
            began, cpu = time.time(), time.process_time()
            table = self._live(arm, progress)
            about |= {"version": __version__, "seconds": round(time.time() - began, 1)}
            about["cpu_seconds"] = round(time.process_time() - cpu, 1)
            table = table.replace_schema_metadata({ABOUT: json.dumps(about)})
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                part = place.with_suffix(f".{os.getpid()}")
                pq.write_table(table, part)
                part.replace(place)
        return table.set_column(table.column_names.index("arm"), "arm", pa.array([arm.name] * len(table)))

    def known(self, arm: Arm) -> bool:
        """Whether this arm was lived through already."""
        place = self._place(arm)
        return place is not None and place.exists()

    def _place(self, arm: Arm) -> Path | None:
        """Where this arm's life is kept; None where nothing is."""
        return None if self.folder is None else self.folder / f"{self.seed}-{_named(self._about(arm))}.parquet"

    def _about(self, arm: Arm) -> dict[str, Any]:
        """What decides the outcome. Names do not: one world serves every experiment that asks for it."""
        t = self.trial
        ours = arm.policy == SKILLFIRST
        about = {
            "seed": self.seed, "policy": arm.policy, "settings": dict(arm.settings), "members": t.members,
            "days": t.days, "weeks": t.weeks, "mail_every": t.mail_every, "fit_days": t.fit_days if ours else 0,
            **({"apart": True} if t.apart else {}),
            "constants": {k: v for k, v in asdict(self.constants).items() if v != getattr(Constants(), k)},
        }  # fmt: skip
        return dict(json.loads(json.dumps(about)))

    def _live(self, arm: Arm, progress: Progress | None) -> pa.Table:
        alone = replace(self.trial, arms=(arm,), control=arm.name, pairs=(), claims=())
        with tempfile.TemporaryDirectory(prefix="skillfirst-") as work:
            night = KernelNights(alone, Path(work), self.seed, fit_days=self.trial.fit_days, tags=self.tags)
            run = simulate(alone, self.seed, night, constants=self.constants, progress=progress)
            return outcomes(run, Path(work), self.trial.apart)


def _named(about: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


def outcomes(run: Simulation, spill: Path | None = None, apart: bool = False) -> pa.Table:
    """What each member of a run did, one row a member: see `Worlds.lived`.

    `apart`: and, with the prefix offered_, what was counted of courses that were not offered as a continuation.
    """
    arms, period = run.roster.select(["member_id", "arm"]), Period(run.start, run.end, 0.0)
    totals = member_totals(run.events, arms, period, run.courses, spill=spill).members
    roster = run.roster.sort_by("member_id")
    found = pc.index_in(run.top["member_id"].combine_chunks(), roster["member_id"].combine_chunks())
    member = np.asarray(found.to_numpy(zero_copy_only=False), np.int64)
    size = len(roster)
    columns: dict[str, Any] = {"member_id": totals["member_id"], "arm": totals["arm"], "listed": roster["listed"]}
    columns["seed"] = pa.array(np.full(size, run.seed, np.int64))
    columns |= {name: totals[name] for name in COUNTED}
    if apart:
        again = pc.equal(pc.utf8_lower(pc.fill_null(run.events["context"].cast(pa.string()), "")), "continue")
        rest = member_totals(run.events.filter(pc.invert(again)), arms, period, run.courses, spill=spill).members
        columns |= {f"offered_{name}": rest[name] for name in APART}
    parts = (np.ones(len(member)), *(run.top[name].to_numpy() for name in ("skills", "pairs", "same")))
    for name, values in zip(VARIETY, parts, strict=True):
        columns[name] = pa.array(np.bincount(member, values, minlength=size).astype(np.int64))
    return pa.table(columns)
