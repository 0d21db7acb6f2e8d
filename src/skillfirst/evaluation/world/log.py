"""Events as arrays and as a table of the EVENTS schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.evaluation.world.ground import Ground
from skillfirst.evaluation.world.population import Population
from skillfirst.tables.member_document import Channel
from skillfirst.tables.schemas import EVENT_KINDS, EVENTS

NONE = -1
CHANNELS = tuple(c.name.lower() for c in sorted(Channel))


def kind(name: str) -> int:
    """Code of an event kind."""
    return EVENT_KINDS.index(name)


@dataclass
class Events:
    """Parallel arrays, one entry an event. -1 (NaN for the two floats) stands for "none".

    `kind`: code in EVENT_KINDS. `time`: int64, seconds since 1970 UTC. `visit`: names the served list. `channel`:
    `Channel` number. `context`: code in the caller's list. `arms`: code in the caller's list of arm maps.
    """

    kind: npt.NDArray[np.int8]
    time: npt.NDArray[np.int64]
    member: npt.NDArray[np.int32]
    course: npt.NDArray[np.int32]
    channel: npt.NDArray[np.int8]
    row: npt.NDArray[np.int16]
    position: npt.NDArray[np.int16]
    seconds: npt.NDArray[np.float32]
    propensity: npt.NDArray[np.float32]
    context: npt.NDArray[np.int16]
    arms: npt.NDArray[np.int16]
    visit: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, which: npt.NDArray[Any]) -> Events:
        return Events(**{f.name: getattr(self, f.name)[which] for f in fields(self)})


TYPES = {
    "kind": np.int8, "time": np.int64, "member": np.int32, "course": np.int32, "channel": np.int8, "row": np.int16,
    "position": np.int16, "seconds": np.float32, "propensity": np.float32, "context": np.int16, "arms": np.int16,
    "visit": np.int64,
}  # fmt: skip


def events(name: str, size: int, **columns: npt.NDArray[Any]) -> Events:
    """`size` events of one kind; columns that are not given are "none"."""
    columns["kind"] = np.full(size, kind(name))
    blank = {"seconds": np.nan, "propensity": np.nan}
    return Events(
        **{
            key: np.asarray(columns[key] if key in columns else np.full(size, blank.get(key, NONE))).astype(type_)
            for key, type_ in TYPES.items()
        }
    )


def joined(parts: Sequence[Events]) -> Events:
    """All events in the order of (time, member, kind, course)."""
    if not parts:
        return events("served", 0)
    whole = Events(**{key: np.concatenate([getattr(p, key) for p in parts]) for key in TYPES})
    return whole.take(np.lexsort((whole.course, whole.kind, whole.member, whole.time)))


def numbered(values: npt.NDArray[Any], prefix: str) -> pa.Array:
    """`prefix` followed by the number; null for -1."""
    numbers = pa.array(values, mask=np.asarray(values) < 0).cast(pa.string())
    return pc.binary_join_element_wise(prefix, numbers, "")


def chosen(names: Sequence[str] | pa.Array, codes: npt.NDArray[np.integer]) -> pa.Array:
    """Names of codes as plain strings; null for -1."""
    array = names if isinstance(names, pa.Array) else pa.array(list(names), pa.string())
    return array.take(pa.array(codes, mask=np.asarray(codes) < 0))


def table(
    log: Events,
    ground: Ground,
    population: Population,
    prefix: str,
    *,
    contexts: Sequence[str] = (),
    arms: Sequence[dict[str, str]] = (),
) -> pa.Table:
    """The log as a table of the EVENTS schema; event ids are `prefix` and the place in the log."""
    size = len(log)
    optional = {"row": log.row, "position": log.position}
    columns = {
        "event_id": numbered(np.arange(size), prefix),
        "time": pa.array(log.time * 1_000_000).cast(pa.timestamp("us", "UTC")),
        "member_id": population.ids(log.member) if size else pa.array([], pa.string()),
        "kind": chosen(EVENT_KINDS, log.kind),
        "course_id": chosen(ground.course_ids, log.course),
        "skill_id": pa.nulls(size, pa.string()),
        "channel": chosen(CHANNELS, np.where(log.channel > 0, log.channel - 1, NONE)),
        "context": chosen(contexts, log.context) if contexts else pa.nulls(size, pa.string()),
        "carousel_rank": pa.array(optional["row"].astype(np.int64), mask=log.row < 0),
        "position": pa.array(optional["position"].astype(np.int64), mask=log.position < 0),
        "propensity": pa.array(log.propensity.astype(np.float64), mask=np.isnan(log.propensity)),
        "seconds": pa.array(log.seconds.astype(np.float64), mask=np.isnan(log.seconds)),
        "list_id": numbered(log.visit, prefix + "v"),
        "arms": arm_maps(log.arms, arms),
    }
    return pa.Table.from_arrays([columns[c.name].cast(c.type) for c in EVENTS], schema=EVENTS.schema)


def arm_maps(codes: npt.NDArray[np.int16], arms: Sequence[dict[str, str]]) -> pa.Array:
    """A map column: experiment -> arm; null for -1."""
    type_ = EVENTS.column("arms").type
    if not arms or not (codes >= 0).any():
        return pa.nulls(len(codes), type_)
    maps = pa.array([sorted(a.items()) for a in arms], type_)
    return maps.take(pa.array(codes, mask=codes < 0))
