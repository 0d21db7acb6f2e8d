"""Members' skills, inferred: `count` and `merge` statistics, `finish` them into tables, `infer` any batch."""

from __future__ import annotations

from skillfirst.skills.inference.counts import InferenceCounts, count, merge
from skillfirst.skills.inference.fitting import finish
from skillfirst.skills.inference.members import explain_sources, infer
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.inference.tables import InferenceTables

__all__ = ["Inference", "InferenceCounts", "InferenceTables", "count", "explain_sources", "finish", "infer", "merge"]
