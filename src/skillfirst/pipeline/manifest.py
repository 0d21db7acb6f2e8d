"""What a run says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from skillfirst import __version__
from skillfirst.engines.base import Engine
from skillfirst.ingest.checked import Checked
from skillfirst.ingest.documents import GatherResult
from skillfirst.kernel.model import Model
from skillfirst.pipeline.notices import notices
from skillfirst.pipeline.parts import Outcome
from skillfirst.pipeline.plan import Clock, Night
from skillfirst.pipeline.sources import LogRead, mapping_hash


def what_was_read(night: Night, checked: Checked, gathered: GatherResult, log: LogRead) -> dict[str, Any]:
    """The sources."""
    return {
        "inputs": checked.hashes,
        "mapping": mapping_hash(night),
        "log_position": log.position,
        "log_newest_wish": log.newest_wish,
        "counts": {
            **checked.counts,
            **{f"documents_{name}": n for name, n in gathered.counts.items()},
            "rejected": sum(checked.rejected.values()),
        },
        "rejected": checked.rejected,
        "findings": [str(finding) for finding in checked.findings],
        "unknown_skills": gathered.unknown_skills[:20],
    }


def what_was_made(
    night: Night, model: Model, outcome: Outcome, clock: Clock, engine: Engine, said: Mapping[str, Any]
) -> dict[str, Any]:
    """The rules and the result; `said`: what the run says of what was read, whose counts the result's join."""
    counts = {
        **said["counts"],
        "served": outcome.served,
        "personal": outcome.personal,
        "distinct_courses": len(outcome.courses),
        "catalogue_courses": len(model.catalogue.cards),
        "skills_with_idf": int((model.idf.considered > 0).sum()),
        "carousels": sum(outcome.contexts.values()),
    }
    return {
        "format": 1,
        "version": __version__,
        "day": night.day.isoformat(),
        "model_version": model.version,
        "engine": type(engine).__name__,
        "channels": list(night.channels),
        "store_form": night.store_form,
        "policy": asdict(model.policy),
        "experiments": experiments_of(night),
        "arms": model.arms,
        "counts": counts,
        "notices": notices(night, model, outcome, said),
        "carousels_by_context": dict(sorted(outcome.contexts.items())),
        "seconds": clock.seconds,
    }


def experiments_of(night: Night) -> dict[str, Any]:
    """The experiments that run, JSON-ready."""
    return {e.name: {"shares": dict(e.arms), "salt": e.salt, "holdout": e.holdout} for e in night.experiments}
