# ruff: noqa: E501
"""The anatomy of the first night: what each arm's pages are made of, with the truth the recommender never sees.

    python docs/evidence/first_night.py [--members 3000] [--seed 1]

Writes first_night.json beside this file: by arm and channel the cards and rows of a page, and the chance that a visit
brings a click, computed from the world's own behaviour instead of drawn, so without noise; and of the cards that are
looked at, weighted by the chance of being looked at, their true relevance, the share of their skills the member masters
already, and their hidden quality.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from skillfirst.evaluation.nights import KernelNights
from skillfirst.evaluation.page_policies import PAGE_POLICIES, Ledger, Wanted
from skillfirst.evaluation.simulate import FIRST_DAY
from skillfirst.evaluation.trials import PERSONALISED, SKILLFIRST, Trial
from skillfirst.evaluation.world import World, behaviour, pages_from_table
from skillfirst.evaluation.world.state import Standing
from skillfirst.tables.member_document import Channel

HERE = Path(__file__).parent


def anatomy(world: World, pages: Any, wide: Any) -> dict[str, float]:
    """Means over the pages."""
    c, ground, people, state = world.constants, world.ground, world.people, world.state
    page = np.repeat(np.arange(len(pages)), np.diff(pages.offsets))
    member, course = pages.member[page].astype(np.int64), pages.course.astype(np.int64)
    row, position = pages.row.astype(np.int64), pages.position.astype(np.int64)
    relevance = behaviour.relevance(wide, member, course, ground.course_skills)
    mastered = behaviour.mastered(state.held[pages.member], page, course, ground.course_skills)
    level = ground.level[course].astype(np.float64)
    attracted = behaviour.attraction(
        c, relevance, ground.quality[course], np.where(level > 0, np.abs(level - people.level[member]), 0.0),
        ~people.speaks[member, ground.language[course]], (world.day - ground.created[course]).astype(np.float64), mastered,
    )  # fmt: skip
    attracted *= np.where(state.standing[member, course] >= Standing.DONE, c.known_again, 1.0)
    screens = np.ceil(position / c.cards_in_view)
    seen = np.where(row > 0, c.row_on ** (row - 1.0) * c.swipe_on ** (screens - 1.0), c.list_on ** (position - 1.0))
    look = seen * behaviour.examined(row, position, c)
    none = np.bincount(page, np.log1p(-look * np.minimum(attracted, 1.0)), minlength=len(pages))
    return {
        "cards": float(np.diff(pages.offsets).mean()),
        "rows": float(np.maximum.reduceat(row, pages.offsets[:-1]).mean()),
        "shown": float(np.bincount(page, seen, minlength=len(pages)).mean()),
        "visits_with_a_click": float(1 - np.exp(none).mean()),
        "relevance": float(np.average(relevance, weights=look)),
        "mastered": float(np.average(mastered, weights=look)),
        "quality": float(np.average(ground.quality[course], weights=look)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    world = World(options.seed, members=options.members, day=FIRST_DAY, length=2, weeks=PERSONALISED.weeks)
    ledger = Ledger(world)
    world.day_begin()
    everybody = np.arange(world.present, dtype=np.int32)
    wide = behaviour.widened_dense(world.state.interest[everybody], world.near, world.constants)
    tables = {**world.tables(), "events": world.past}
    out: dict[str, Any] = {"members": options.members, "seed": options.seed, "channels": {}}
    tags: dict[Any, Any] = {}
    for channel in (Channel.HOME, Channel.FEED):
        name = channel.name.lower()
        found = out["channels"][name] = {}
        for arm in PERSONALISED.arms:
            if arm.policy == SKILLFIRST:
                alone = Trial("first-night", "", arm.name, (arm,))
                asked = pa.table({"member_id": world.people.ids(everybody), "channel": [name] * len(everybody),
                                  "arm": [arm.name] * len(everybody)})  # fmt: skip
                with tempfile.TemporaryDirectory() as work:
                    rows = KernelNights(alone, Path(work), options.seed, tags=tags)(tables, world.date, asked)
                pages = pages_from_table(rows, world.member_ids, world.course_ids)
            else:
                codes = np.full(len(everybody), int(channel), np.int8)
                pages = PAGE_POLICIES[arm.policy](Wanted(world, ledger, everybody, codes, options.seed, arm.begun))
            found[arm.name] = {k: float(f"{v:.4g}") for k, v in anatomy(world, pages, wide).items()}
    (HERE / "first_night.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
