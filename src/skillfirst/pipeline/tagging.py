"""The night's tagging: what people decided, what the night before already knew, what the next one needs to know."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.ingest.decisions import SCHEMA
from skillfirst.kernel.tag import TagResult, TagSettings, tag
from skillfirst.skills.tagging.incremental import Previous
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.stores.offline import OfflineStore


def tag_with_people(
    courses: pa.Table, taxonomy: Taxonomy, settings: TagSettings, decisions: pa.Table | None, store: OfflineStore
) -> TagResult:
    """kernel.tag with everybody's decisions and all that still holds of the run before.

    The report gets `decisions`: pairs accepted, refused, and left aside because there is no such course or skill now.
    """
    made = decisions if decisions is not None else SCHEMA.empty_table()
    known = pc.and_(
        pc.is_in(made["course_id"], courses["course_id"].combine_chunks()),
        pc.is_in(made["skill_id"], taxonomy.skills.ids),
    )
    usable = made.filter(known)
    before = _before(store, made)
    result = tag(courses, taxonomy, settings=settings, decisions=usable if usable.num_rows else None, previous=before)
    counts = Counter(_answers(usable).values())
    result.report["decisions"] = {
        "accepted": counts["accepted"], "refused": counts["refused"], "unknown": made.num_rows - usable.num_rows,
    }  # fmt: skip
    return result


def keep_tagging(folder: Path, tags: TagResult, decisions: pa.Table | None) -> None:
    """What the next night needs to tag only the courses that changed."""
    folder.mkdir()
    pq.write_table(tags.candidates, folder / "candidates.parquet", compression="zstd")
    pq.write_table(tags.hashes, folder / "hashes.parquet", compression="zstd")
    made = decisions if decisions is not None else SCHEMA.empty_table()
    pq.write_table(made, folder / "decisions.parquet", compression="zstd")
    (folder / "key").write_text(tags.key, encoding="utf-8")


def _before(store: OfflineStore, decisions: pa.Table) -> Previous | None:
    """The tagging of the run before, where there is one, without courses of which a decision was taken back."""
    if store.latest() is None:
        return None
    folder = store.open().path / "tagging"
    if not (folder / "key").is_file():
        return None
    candidates, hashes = (pq.read_table(folder / f"{name}.parquet") for name in ("candidates", "hashes"))
    made = folder / "decisions.parquet"
    now = _answers(decisions)
    then: dict[Any, str] = _answers(pq.read_table(made)) if made.is_file() else {}
    # a candidate that was refused is not among them, so the course is tagged again when nobody refuses it any more
    open_again = {course for (course, skill), answer in then.items() if now.get((course, skill)) != answer}
    hashes = hashes.filter(pc.invert(pc.is_in(hashes["course_id"], pa.array(sorted(open_again), pa.string()))))
    return Previous(candidates, hashes, (folder / "key").read_text(encoding="utf-8"))


def _answers(decisions: pa.Table) -> dict[tuple[str, str], str]:
    """The answer that counts of each pair: the last one."""
    columns = (decisions[name].to_pylist() for name in SCHEMA.names)
    return {(course, skill): answer for course, skill, answer in zip(*columns, strict=True)}
