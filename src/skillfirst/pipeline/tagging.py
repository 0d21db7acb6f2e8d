"""The night's tagging: what the night before already knew, and what the next one needs to know."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from skillfirst.engines.cores import cores
from skillfirst.kernel.tag import TagResult, TagSettings, tag
from skillfirst.skills.tagging.incremental import Previous
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.stores.offline import OfflineStore


def tag_with_people(
    courses: pa.Table,
    taxonomy: Taxonomy,
    settings: TagSettings,
    decisions: pa.Table | None,
    store: OfflineStore,
    workers: int,
) -> TagResult:
    """kernel.tag with everybody's decisions and all that still holds of the run before. `workers`: those of the night's
    engine; courses are tagged in this process, so that no more of them help than it has cores."""
    workers = min(workers, cores())
    return tag(courses, taxonomy, settings=settings, decisions=decisions, previous=_before(store), workers=workers)


def keep_tagging(folder: Path, tags: TagResult) -> None:
    """What the next night needs to tag only the courses that changed."""
    folder.mkdir()
    pq.write_table(tags.candidates, folder / "candidates.parquet", compression="zstd")
    pq.write_table(tags.hashes, folder / "hashes.parquet", compression="zstd")
    (folder / "key").write_text(tags.key, encoding="utf-8")


def _before(store: OfflineStore) -> Previous | None:
    """The tagging of the run before, where there is one."""
    if store.latest() is None:
        return None
    folder = store.open().path / "tagging"
    if not (folder / "key").is_file():
        return None
    candidates, hashes = (pq.read_table(folder / f"{name}.parquet") for name in ("candidates", "hashes"))
    return Previous(candidates, hashes, (folder / "key").read_text(encoding="utf-8"))
