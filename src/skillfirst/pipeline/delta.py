"""The delta run: the same night again with what has changed since, everything else copied.

The run before lends its Model (taxonomy, tags, IDF, cohorts, Policy) and its day. Members are gathered again, or the
log's new events folded into their documents where nothing else has changed; whose document is the same as then keeps
its rows, all others are inferred and recommended anew. The rows are, to the byte, those of recommending everybody
with that Model.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from skillfirst import __version__
from skillfirst.engines.base import Engine
from skillfirst.errors import RunError
from skillfirst.ingest.documents import gather, read_part
from skillfirst.kernel.infer import infer
from skillfirst.kernel.model import Model, load_model
from skillfirst.pipeline.folding import fold_new_events
from skillfirst.pipeline.manifest import experiments_of, what_was_made, what_was_read
from skillfirst.pipeline.night import resolvers
from skillfirst.pipeline.parts import COUNTED, Outcome, PartWriter, part_writer, take_in
from skillfirst.pipeline.plan import Clock, Night, Progress, silent
from skillfirst.pipeline.sources import checked_tables, keep_rejects, workshop
from skillfirst.pipeline.unchanged import Before, as_computed, in_member_order
from skillfirst.stores.arrow_parts import KEY, SUFFIX
from skillfirst.stores.compact import WORDS
from skillfirst.stores.document_parts import DOCUMENTS
from skillfirst.stores.durable import share_file
from skillfirst.stores.offline import MANIFEST, REJECTS, OfflineStore, Run, RunWriter
from skillfirst.stores.table_parts import write_part_apart

RECOMPUTED = "recomputed"  # the table of members whose document changed, in runs that are a delta
RECOMPUTED_SCHEMA = pa.schema([(KEY, pa.string())])
OF_MEMBERS = tuple(f"{name}{end}" for name in ("recommendations", "member_skills") for end in (".parquet", SUFFIX))
# what a delta makes itself; the rest of the run before it takes over
ITS_OWN = (DOCUMENTS, REJECTS, MANIFEST, WORDS, *OF_MEMBERS, f"{RECOMPUTED}.parquet")
SMALL_TABLES = ("course_skills", "skill_idf")


def run_delta(night: Night, engine: Engine, progress: Progress = silent) -> Run:
    """Bring the latest run up to date as a run of its own; returns it. One that fails leaves nothing behind.

    Raises RunError where the latest run is not of this night (another day, policy, experiments, channels or version:
    all rows would differ), NotFound without a run, DataError for unusable tables.
    """
    clock = Clock()
    night = replace(night, store=night.store.absolute())
    store = OfflineStore(night.store)
    previous = store.open()
    model = load_model(previous.path / "model")
    _same_night(night, previous, model)
    before = Before.of(previous)
    with store.begin(night.day) as writer, workshop(night.store) as work:
        progress("check", 0, 0)
        with clock.stage("fold"):
            folded = fold_new_events(night, previous, before, model, engine, work, writer.folder / DOCUMENTS)
        if folded is None:
            parts, said = _gathered(night, store, model, engine, writer, work, clock, progress)
        else:
            parts, said = folded.parts, folded.said
            if (previous.path / REJECTS).is_dir():
                shutil.copytree(previous.path / REJECTS, writer.folder / REJECTS)
        with clock.stage("recommend"):
            model = _taken_over(previous, writer)
            work_on = DeltaPart(part_writer(writer, model, night.store_form), tuple(night.channels), before)
            writer.table_writer(RECOMPUTED, RECOMPUTED_SCHEMA)
            results = engine.map(work_on, list(enumerate(parts)))
            outcome = take_in(results, writer, int(said["counts"].get("members", 0)), progress)
        said["tagging"] = previous.manifest["tagging"]
        said["delta"] = {"how": "gathered" if folded is None else "folded", **_told(previous, writer, outcome)}
        run = writer.commit({**said, **what_was_made(night, model, outcome, clock, engine, said)})
    store.keep_rejects(())
    store.prune(night.keep_runs)
    return run


def _gathered(
    night: Night, store: OfflineStore, model: Model, engine: Engine, writer: RunWriter, work: Path, clock: Clock,
    progress: Progress,
) -> tuple[list[Path], dict[str, Any]]:  # fmt: skip
    """All members' documents from tables and log, as the whole night makes them, but with the codes of the Model."""
    with clock.stage("check"):
        checked, log = checked_tables(night, store, work)
        keep_rejects(checked, writer.folder / REJECTS)
    progress("gather", 0, checked.members)
    with clock.stage("gather"):
        gathered = gather(
            checked, resolvers(model.taxonomy, night.experiments), model.courses, now=night.now,
            out_dir=writer.folder / DOCUMENTS, spread=engine.map,
        )  # fmt: skip
    return gathered.parts, what_was_read(night, checked, gathered, log)


def _same_night(night: Night, previous: Run, model: Model) -> None:
    """Raise RunError unless a delta of this night can keep the rows of the run before."""
    then = previous.manifest
    pairs: Sequence[tuple[str, Any, Any]] = (
        ("day", night.day.isoformat(), then["day"]),
        ("version of skillfirst", __version__, then["version"]),
        ("channels", list(night.channels), then.get("channels")),
        ("store_form", night.store_form, then.get("store_form", "full")),
        ("policy", night.policy, model.policy),
        ("experiments", experiments_of(night), then["experiments"]),
        ("arms", json.loads(json.dumps(night.arms)), json.loads(json.dumps(model.arms))),
    )
    for name, now, before in pairs:
        if now != before:
            shown = f" ({before}, not {now})" if isinstance(now, str) else ""
            raise RunError(
                f"a delta keeps the {name} of run {previous.run_id}{shown}",
                next_step="Do the whole night: skillfirst run without --delta.",
            )


def _taken_over(previous: Run, writer: RunWriter) -> Model:
    """Put what both runs share into the new one, without copying it where that is possible; the Model there."""
    for path in sorted(previous.path.iterdir()):
        if path.name in ITS_OWN or path.name.removesuffix(".parquet") in SMALL_TABLES:
            continue
        if path.is_dir():
            shutil.copytree(path, writer.folder / path.name, copy_function=share_file)
        else:
            share_file(path, writer.folder / path.name)
    for name in SMALL_TABLES:
        table = pq.read_table(previous.table_path(name))
        writer.table_writer(name, table.schema)
        writer.write_part(name, 0, table)
    return load_model(writer.folder / "model")


def _told(previous: Run, writer: RunWriter, outcome: Outcome) -> dict[str, Any]:
    """`of`: the run before; `model_of`: the whole night whose Model both have."""
    recomputed = writer.rows(RECOMPUTED)
    return {
        "of": previous.run_id,
        "model_of": previous.manifest.get("delta", {}).get("model_of", previous.run_id),
        "recomputed": recomputed,
        "copied": outcome.members - recomputed,
    }


@dataclass(frozen=True)
class DeltaPart:
    """Recommends the members of one part whose documents changed, copies the others' rows, writes both."""

    sink: PartWriter
    channels: tuple[str, ...]
    before: Before

    def __call__(self, item: tuple[int, Path]) -> tuple[int, tuple[Outcome, dict[str, int]]]:
        """(members, (counts, rows written by table)), as the whole night's parts give."""
        number, path = item
        documents = read_part(path)
        kept = list(self.before.alike(documents))
        same = np.zeros(documents.num_rows, bool)
        for _, rows in kept:
            same[rows] = True
        if len(kept) == 1 and same.all() and self.before.whole(kept[0][0], documents.num_rows):
            return documents.num_rows, self._linked(number, kept[0][0], documents)
        sink = self.sink
        members = infer(documents.filter(pa.array(~same)), sink.model)
        ids, anew = documents.column(KEY), members.column(KEY)
        lists, skills = [(_one(sink.lists(members, self.channels)), anew)], [(sink.skills(members), anew)]
        for earlier, rows in kept:
            theirs = ids.take(pa.array(rows))
            copied = self.before.rows(sink.recommendations.name, earlier)
            if copied is not None:
                lists.append((copied if sink.compact else as_computed(copied, sink.model), theirs))
            known = self.before.rows(sink.member_skills.name, earlier)
            if known is not None:
                skills.append((known, theirs))
        recommended = in_member_order(lists, ids)
        written = {
            "recommendations": write_part_apart(sink.recommendations, number, recommended),
            "member_skills": write_part_apart(sink.member_skills, number, in_member_order(skills, ids)),
            RECOMPUTED: self._recomputed(number, anew),
        }
        return documents.num_rows, (Outcome.of(documents, recommended), written)

    def _linked(self, number: int, earlier: int, documents: pa.RecordBatch) -> tuple[Outcome, dict[str, int]]:
        """A part in which nothing changed: the earlier files under a second name."""
        sink, written = self.sink, {RECOMPUTED: 0}
        for folder in (sink.recommendations, sink.member_skills):
            written[folder.stem] = self.before.share(earlier, folder, number)
        rows = self.before.rows(sink.recommendations.name, earlier, None if sink.compact else COUNTED)
        assert rows is not None
        return Outcome.of(documents, rows if sink.compact else as_computed(rows, sink.model)), written

    def _recomputed(self, number: int, members: pa.Array) -> int:
        rows = pa.RecordBatch.from_arrays([members], schema=RECOMPUTED_SCHEMA)
        return write_part_apart(self.sink.recommendations.with_name(f"{RECOMPUTED}.parquet"), number, rows)


def _one(rows: pa.RecordBatch | pa.Table) -> pa.RecordBatch:
    """Rows as one batch."""
    if isinstance(rows, pa.RecordBatch):
        return rows
    return pa.concat_batches(rows.to_batches()) if rows.num_rows else pa.RecordBatch.from_pylist([], rows.schema)
