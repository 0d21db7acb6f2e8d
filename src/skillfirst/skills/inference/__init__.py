"""Members' skills, inferred: `count` and `merge` statistics, `finish` them into tables, `infer` any batch.

What members want is learned apart, from wants: `count_wants`, `merge_wants`, `finish_interest`; `infer` takes it.
A door is imported when it is first asked for: settings and tables load no compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skillfirst.skills.inference.counts import InferenceCounts, count, merge
    from skillfirst.skills.inference.fitting import finish
    from skillfirst.skills.inference.members import explain_sources, infer, infer_lists
    from skillfirst.skills.inference.settings import Inference
    from skillfirst.skills.inference.tables import InferenceTables, InterestTables
    from skillfirst.skills.inference.wants import WantCounts, count_wants, finish_interest, merge_wants

_ROOMS = {
    "counts": ("InferenceCounts", "count", "merge"),
    "fitting": ("finish",),
    "members": ("explain_sources", "infer", "infer_lists"),
    "settings": ("Inference",),
    "tables": ("InferenceTables", "InterestTables"),
    "wants": ("WantCounts", "count_wants", "finish_interest", "merge_wants"),
}
_DOORS = {door: room for room, doors in _ROOMS.items() for door in doors}

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
    "infer_lists",
    "merge",
    "merge_wants",
]


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_DOORS[name]}"), name)
