"""The night: sources in, carousels out, as one whole run or none."""

from skillfirst.pipeline.delta import run_delta
from skillfirst.pipeline.inferring import infer_members
from skillfirst.pipeline.night import industries, read_taxonomy, resolvers, run_night
from skillfirst.pipeline.parts import Outcome, PartWriter
from skillfirst.pipeline.plan import CHANNELS, EPOCH, Night, Progress

__all__ = [
    "CHANNELS",
    "EPOCH",
    "Night",
    "Outcome",
    "PartWriter",
    "Progress",
    "industries",
    "infer_members",
    "read_taxonomy",
    "resolvers",
    "run_delta",
    "run_night",
]
