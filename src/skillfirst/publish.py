"""From a run to the online store: write everyone's answers in shorthand, look whether too much was lost, switch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import RunError, StoreError
from skillfirst.ingest.documents import read_part
from skillfirst.kernel.model import Model, load_model
from skillfirst.kernel.render import Renderer
from skillfirst.kernel.shorthand import Shorthand
from skillfirst.stores.document_parts import document_parts
from skillfirst.stores.offline import OfflineStore, Run, table_part
from skillfirst.stores.online import DOCUMENT_NAME, OnlineMember, OnlineStore, Put, open_online
from skillfirst.tables.outputs import RECOMMENDATIONS
from skillfirst.tables.shorthand import packed, phrases_of

if TYPE_CHECKING:
    from skillfirst.engines.base import Engine

Progress = Callable[[str, int, int], None]
Writer = Renderer | Shorthand
AT_ONCE = 512  # documents made in one go


@dataclass(frozen=True, slots=True)
class Losses:
    """How much less than the serving run a run may bring, as shares of what serves now."""

    members: float = 0.10  # members with an answer
    coverage: float = 0.20  # distinct courses shown
    personal: float = 0.10  # share of members whose list has a reason of their own, not a fallback


def losses(manifest: Mapping[str, Any], serving: Mapping[str, Any], allowed: Losses) -> list[str]:
    """What a run lost too much of against the serving one (manifest counts), in words; empty when fine."""
    new, old = manifest["counts"], serving["counts"]
    found = []
    for name, words, limit in (
        ("served", "members with recommendations", allowed.members),
        ("distinct_courses", "different courses shown", allowed.coverage),
        ("personal", "members with personal reasons", allowed.personal),
    ):
        before, now = old.get(name, 0), new.get(name, 0)
        if before and now < before * (1 - limit):
            found.append(f"{words}: {now:,} instead of {before:,} ({now / before - 1:+.0%}, allowed {-limit:.0%})")
    return found


def publish(
    run: Run, store: OnlineStore, *, force: bool = False, allowed: Losses = Losses(), progress: Progress | None = None,
    engine: Engine | None = None, address: str | None = None,
) -> int:  # fmt: skip
    """Put a run into the online store and serve it; returns the members published.

    The offline store notes which runs the online one needs. With an `engine` its workers make the answers and write
    them into the store themselves, if it is one that they reach by its `address`; the switch happens here. Raises
    RunError when the run lost too much against the serving one, unless `force`. Until the switch, and when anything
    fails, the old version serves.
    """
    serving = store.serving()
    if serving is not None and not force:
        lost = losses(run.manifest, store.meta(serving), allowed)
        if lost:
            raise RunError(
                f"run {run.run_id} lost too much against {serving}: " + "; ".join(lost),
                next_step="Look into its manifest; --force publishes it all the same.",
            )
    keep = ("day", "counts", "model_version", "carousels_by_context", "log_position")
    meta = {"run_id": run.run_id, "model": str(run.path / "model"), **{name: run.manifest[name] for name in keep}}
    runs = OfflineStore(run.path.parent.parent)
    runs.note_published(store.place, _needed(store) | {run.run_id})  # before the put: a night may prune while it lasts
    if engine is not None and address is not None and store.reached_from_elsewhere:
        members = _put_from_workers(run, store, meta, engine, address, progress)
    else:
        writer = _writer(load_model(run.path / "model"))
        stored = Stored.under(run, store, writer.phrases.name)
        members = store.put(run.run_id, rendered(run, progress, stored, writer), meta, writer.phrases)
    store.switch(run.run_id)
    runs.note_published(store.place, _needed(store))
    return members


def _needed(store: OnlineStore) -> set[str]:
    """Runs that are served, could be gone back to, or wait for their switch."""
    return {version for version in (store.serving(), store.previous(), *store.versions()) if version is not None}


def _put_from_workers(
    run: Run, store: OnlineStore, meta: dict[str, Any], engine: Engine, address: str, progress: Progress | None
) -> int:
    """A put whose parts are added wherever the engine works."""
    folder = run.path.absolute()  # workers elsewhere start in other directories
    model = load_model(folder / "model")
    phrases = _writer(model).phrases
    put = store.begin(run.run_id, phrases)
    stored = Stored.under(run, store, phrases.name)
    work = PublishPart(model, folder, put, address, store, stored.version if stored else None)
    total, done = int(run.manifest["counts"].get("members", 0)), 0
    for added in engine.map(work, list(enumerate(document_parts(folder)))):
        done += added
        if progress:
            progress("publish", done, total)
    store.finish(put, done, meta)
    return done


@dataclass(frozen=True)
class PublishPart:
    """Writes one part of a run and adds it to a put; travels without the store, which is opened there once a process.

    `run`: the run's folder, which driver and workers see under the same path.
    """

    model: Model
    run: Path
    put: Put
    address: str
    store: OnlineStore | None
    version: str | None  # see Stored

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "store": None}

    def __call__(self, item: tuple[int, Path]) -> int:
        """The members added."""
        number, path = item
        documents = read_part(path)
        store = self.store or _opened(self.address)
        writer = _kept_writer(self.model)
        stored = Stored(self.run, store, self.version, writer.phrases.name) if self.version else None
        return store.add(self.put, number, _members(writer, documents, _rows(self.run, number), number, stored))


@lru_cache(maxsize=1)
def _opened(address: str) -> OnlineStore:
    return open_online(address)


def _writer(model: Model) -> Shorthand:
    return Shorthand(Renderer(model))


_kept_writer = lru_cache(maxsize=1)(_writer)  # of a worker process, for one part after the other


def _rows(run: Path, number: int) -> pa.RecordBatch:
    """What is recommended to the members of part `number` of the documents; it is a part of its table too."""
    rows = table_part(run, RECOMMENDATIONS.name, number)
    return rows if rows is not None else pa.RecordBatch.from_pylist([], RECOMMENDATIONS.schema)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the online store serves already of a delta's members: those that were not recomputed, in the very bytes
    that writing would make again, at a fraction of the price.

    `version`: the run that `run` is a delta of, which serves. `phrases`: the name of those that `run` is put with.
    """

    run: Path
    store: OnlineStore
    version: str
    phrases: bytes

    @classmethod
    def under(cls, run: Run, store: OnlineStore, phrases: bytes) -> Stored | None:
        """Where a delta is published over the run it is a delta of."""
        of = run.manifest.get("delta", {}).get("of")
        return cls(run.path, store, of, phrases) if of is not None and store.serving() == of else None

    def recomputed(self, number: int) -> pa.Array:
        """Members of a part whose answers are others now."""
        part = table_part(self.run, "recomputed", number)
        return pa.array([], pa.string()) if part is None else part.column("member_id")

    def get(self, member_id: str, channels: Sequence[str]) -> OnlineMember | None:
        """A member as stored; None where something is missing, stands on other phrases, or another version serves."""
        with self.store.snapshot() as snapshot:
            if snapshot.version != self.version:
                return None
            found = snapshot.stored(member_id, [DOCUMENT_NAME, *channels])
        document = found.pop(DOCUMENT_NAME)
        answers = {c: body for c, body in found.items() if body and phrases_of(body) in (None, self.phrases)}
        return OnlineMember(member_id, document, answers) if document and len(answers) == len(channels) else None


def _members(
    writer: Writer, documents: pa.RecordBatch, rows: pa.RecordBatch, number: int, stored: Stored | None
) -> Iterator[OnlineMember]:
    """The members of one part, written or as they are stored."""
    if stored is None or not documents.num_rows:
        yield from render_members(writer, documents, rows)
        return
    ids = documents.column("member_id")
    anew = pc.is_in(ids, stored.recomputed(number))
    many = _rows_each(documents, rows)
    channels = rows.column("channel").slice(0, many).to_pylist()
    fresh = render_members(
        writer, documents.filter(anew), rows.filter(pa.array(np.repeat(anew.to_numpy(zero_copy_only=False), many)))
    )
    for i, (member, other) in enumerate(zip(ids.to_pylist(), anew.to_pylist(), strict=True)):
        if other:
            yield next(fresh)
        elif (same := stored.get(member, channels)) is not None:
            yield same
        else:
            yield from render_members(writer, documents.slice(i, 1), rows.slice(i * many, many))


def rendered(
    run: Run, progress: Progress | None = None, stored: Stored | None = None, writer: Writer | None = None
) -> Iterator[OnlineMember]:
    """Every member of a run with its document and its answers by channel, in member_id order: as they are read, or with
    a `writer` of shorthand as they are stored."""
    writer = writer or Renderer(load_model(run.path / "model"))
    total, done = int(run.manifest["counts"].get("members", 0)), 0
    for number, path in enumerate(document_parts(run.path)):
        documents = read_part(path)
        yield from _members(writer, documents, _rows(run.path, number), number, stored)
        done += documents.num_rows
        if progress:
            progress("publish", done, total)


def render_members(writer: Writer, documents: pa.RecordBatch, rows: pa.RecordBatch) -> Iterator[OnlineMember]:
    """Documents (one a member) and their recommendations (one a member and channel, in the same order)."""
    languages = documents.column("languages").to_pylist()
    many = _rows_each(documents, rows)
    stored = document_bytes if isinstance(writer, Renderer) else lambda document: packed(document_bytes(document))
    answers = writer.answers(rows, [spoken or [] for spoken in languages for _ in range(many)])
    for document in _beside(stored, documents):
        own = {}
        member = ""
        for _ in range(many):
            member, channel, body = next(answers)
            own[channel] = body
        yield OnlineMember(member, document, own)


def _rows_each(documents: pa.RecordBatch, rows: pa.RecordBatch) -> int:
    """How many rows each member has. Raises StoreError where rows and documents are not of the same members."""
    many = int(rows.num_rows // max(documents.num_rows, 1))
    members = documents.column("member_id").take(pa.array(np.repeat(np.arange(documents.num_rows), many)))
    if not rows.column("member_id").equals(members):
        raise StoreError("members were erased while they were published", next_step="Publish again.")
    return many


def _beside(stored: Callable[[pa.RecordBatch], bytes], documents: pa.RecordBatch) -> Iterator[bytes]:
    """The documents one by one, made on another core while the answers are written on this one."""

    def some(start: int) -> list[bytes]:
        return [stored(documents.slice(i, 1)) for i in range(start, min(start + AT_ONCE, documents.num_rows))]

    with ThreadPoolExecutor(1) as beside:
        for made in beside.map(some, range(0, documents.num_rows, AT_ONCE)):
            yield from made


def document_bytes(document: pa.RecordBatch) -> bytes:
    """A document as an Arrow message without its schema, which is the same for all."""
    return bytes(document.serialize())
