"""The invented world: an academy to look at, people who behave as the literature says, and workloads to measure on.

It is independent of the recommender: it reads the packaged tables with plain csv and imports no room that scores.
"""

from skillfirst.evaluation.world.academy import PARTS, Academy, invent, tables, write
from skillfirst.evaluation.world.catalogue import invent_catalogue, invent_ground
from skillfirst.evaluation.world.constants import Constants, described, sensitivity
from skillfirst.evaluation.world.ground import Ground, built_in
from skillfirst.evaluation.world.life import World
from skillfirst.evaluation.world.pages import Pages, joined_pages, pages_from_table
from skillfirst.evaluation.world.workload import Workload, workload

__all__ = [
    "PARTS",
    "Academy",
    "Constants",
    "Ground",
    "Pages",
    "Workload",
    "World",
    "built_in",
    "described",
    "invent",
    "invent_catalogue",
    "invent_ground",
    "joined_pages",
    "pages_from_table",
    "sensitivity",
    "tables",
    "workload",
    "write",
]
