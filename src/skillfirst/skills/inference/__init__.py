"""Members' skills, inferred: `count` and `merge` statistics, `finish` them into tables, `infer` any batch.

What members want is learned apart, from wants: `count_wants`, `merge_wants`, `finish_interest`; `infer` takes it.
"""

from __future__ import annotations

from skillfirst.skills.inference.counts import InferenceCounts, count, merge
from skillfirst.skills.inference.fitting import finish
from skillfirst.skills.inference.interest import InterestTables
from skillfirst.skills.inference.members import explain_sources, infer
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.inference.tables import InferenceTables
from skillfirst.skills.inference.wants import WantCounts, count_wants, finish_interest, merge_wants

__all__ = [
    "Inference",
    "InferenceCounts",
    "InferenceTables",
    "InterestTables",
    "WantCounts",
    "count",
    "count_wants",
    "explain_sources",
    "finish",
    "finish_interest",
    "infer",
    "merge",
    "merge_wants",
]
