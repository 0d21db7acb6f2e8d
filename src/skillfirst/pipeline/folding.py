"""The short way of a delta: where only the event log has grown, its new events are folded into the documents.

kernel.fold is the merge that gathering does, so both ways give the same documents. That holds where nothing else can
have changed and where the order in which events arrived does not matter; otherwise the delta gathers.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.engines.base import Engine, ToFold
from skillfirst.ingest.sources import find_sources
from skillfirst.kernel.model import Model
from skillfirst.pipeline.plan import Night
from skillfirst.pipeline.sources import LogRead, mapping_hash, oldest_wish, read_log
from skillfirst.pipeline.unchanged import Before
from skillfirst.stores.durable import share_file
from skillfirst.stores.offline import Run

# what a run says of its sources, which a fold adds nothing to
SAID = ("inputs", "mapping", "rejected", "findings", "unknown_skills")


@dataclass(frozen=True, slots=True)
class Folded:
    """`parts`: documents in member_id order. `said`: the manifest's words about the sources."""

    parts: list[Path]
    said: dict[str, Any]


def fold_new_events(
    night: Night, previous: Run, before: Before, model: Model, engine: Engine, work: Path, out: Path
) -> Folded | None:
    """The documents of the run before with the log's events since then, in `out`; None where that is not the same as
    gathering."""
    if not _tables_unchanged(night, previous):
        return None
    log = read_log(night, work / "new.parquet", after=int(previous.manifest["log_position"]))
    events = pq.read_table(log.path) if log.path is not None else None
    if events is not None and not _foldable(events, previous, model):
        return None
    out.mkdir(parents=True)
    touched = _by_part(events, before, work) if events is not None else {}
    fold = [ToFold(before.parts[n], path, out / before.parts[n].name) for n, path in touched.items()]
    list(engine.fold(fold, night.now, model))
    for number, path in enumerate(before.parts):
        if number not in touched:
            share_file(path, out / path.name)
    return Folded([out / path.name for path in before.parts], _said(previous, log))


def _tables_unchanged(night: Night, previous: Run) -> bool:
    """Whether the tables are, to the byte, those of the run before, and hold no events of their own.

    An event may stand in a table of events and in the log; only gathering, which sees both, counts it once.
    """
    manifest = previous.manifest
    if "erased_rows" in manifest or manifest.get("mapping") != mapping_hash(night):
        return False
    sources = find_sources(night.data, night.variables)
    if "events" in sources.by_table:
        return False
    then = {name: digest for name, digest in manifest["inputs"].items() if not name.startswith("events/")}
    return sources.hashes() == then


def _foldable(events: pa.Table, previous: Run, model: Model) -> bool:
    """Whether it does not matter that these events came after those the documents hold.

    Times, sums and the newest 512 can be taken in any order; of wishes the newest counts, and a document does not hold
    when they were made. A skill may be named by another word than its id, which gathering would look up.
    """
    first, last = oldest_wish(events), previous.manifest.get("log_newest_wish")
    if first is not None and last is not None and first <= last:
        return False
    skills = pc.drop_null(events["skill_id"].cast(pa.string()))
    return bool(pc.all(pc.is_in(skills, model.taxonomy.skills.ids), min_count=0).as_py())


def _by_part(events: pa.Table, before: Before, work: Path) -> dict[int, Path]:
    """The events as one file a part that they touch, by the part's number."""
    numbers = [n for n, bounds in enumerate(before.bounds) if bounds is not None]
    firsts = [bounds[0] for bounds in before.bounds if bounds is not None]
    members = events["member_id"].cast(pa.string()).combine_chunks().dictionary_encode()
    place = np.array([bisect_right(firsts, member) - 1 for member in members.dictionary.to_pylist()], np.int64)
    place = place[members.indices.to_numpy()]
    files = {}
    for at in np.unique(place[place >= 0]).tolist():
        path = work / f"events-{numbers[at]:05d}.arrow"
        own = events.filter(pa.array(place == at))
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, own.schema) as writer:
            writer.write_table(own)
        files[numbers[at]] = path
    return files


def _said(previous: Run, log: LogRead) -> dict[str, Any]:
    manifest = previous.manifest
    wishes = [time for time in (manifest.get("log_newest_wish"), log.newest_wish) if time is not None]
    return {
        **{name: manifest[name] for name in SAID},
        "log_position": log.position,
        "log_newest_wish": max(wishes, default=None),
        # rows behind the documents stay counted as they were
        "counts": {**manifest["counts"], "events": int(manifest["counts"].get("events", 0)) + log.rows},
    }
