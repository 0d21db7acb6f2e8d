"""Who is in which arm: a salted hash of experiment and member, nothing stored, the same answer everywhere.

bucket = first eight bytes (big-endian) of sha256(salt, experiment, member joined by \\x1f) mod 10,000; the arms, in
the order of their names, own consecutive ranges of buckets as wide as their shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.errors import UsageError

BUCKETS = 10_000  # a share is a multiple of 0.01 %
HOLDOUT = "holdout"
# One salt for all experiments: whoever is held out of one is held out of every one with as large a hold-out.
HOLDOUT_NAME = "skillfirst hold-out"
_SEPARATOR = b"\x1f"


@dataclass(frozen=True)
class Experiment:
    """`arms`: name -> share, together 1. `holdout`: share of members outside of every arm, named "holdout".

    The order in which arms are written does not matter. A new `salt` draws everybody again.
    Raises UsageError on shares that cannot be kept.
    """

    name: str
    arms: Mapping[str, float]
    salt: str = ""
    holdout: float = 0.0

    def __post_init__(self) -> None:
        if not self.name or not self.arms:
            raise UsageError("an experiment needs a name and at least one arm")
        shares = list(self.arms.values())
        if any(not 0 <= s <= 1 for s in shares) or abs(sum(shares) - 1) > 1e-6:
            raise UsageError(
                f"experiment '{self.name}': shares lie between 0 and 1 and add up to 1, not {sum(shares):g}"
            )
        if not 0 <= self.holdout < 1:
            raise UsageError(f"experiment '{self.name}': holdout lies between 0 and 1")
        if HOLDOUT in self.arms:
            raise UsageError(f"experiment '{self.name}': an arm cannot be called '{HOLDOUT}'")

    @property
    def names(self) -> tuple[str, ...]:
        """Arms in the order of their codes: by name."""
        return tuple(sorted(self.arms))

    def bounds(self) -> npt.NDArray[np.int64]:
        """Upper ends (exclusive) of the arms' bucket ranges, int64, the last one 10,000."""
        ends = np.rint(np.cumsum([self.arms[a] for a in self.names]) * BUCKETS).astype(np.int64)
        ends[-1] = BUCKETS
        return np.asarray(ends, np.int64)


def bucket(name: str, salt: str, member_id: str) -> int:
    """The member's bucket in an experiment, 0 to 9,999."""
    text = _SEPARATOR.join((salt.encode(), name.encode(), member_id.encode()))
    return int.from_bytes(sha256(text).digest()[:8], "big") % BUCKETS


def _buckets(name: str, salt: str, members: Sequence[str]) -> npt.NDArray[np.int64]:
    prefix = _SEPARATOR.join((salt.encode(), name.encode(), b""))
    heads: bytes = b"".join([sha256(prefix + member.encode()).digest()[:8] for member in members])
    buckets: npt.NDArray[np.int64] = (np.frombuffer(heads, ">u8") % BUCKETS).astype(np.int64)
    return buckets


def _as_list(member_ids: pa.Array | pa.ChunkedArray | Iterable[str]) -> list[str]:
    ids: Any = member_ids
    return list(ids.to_pylist() if isinstance(ids, (pa.Array, pa.ChunkedArray)) else ids)


def arm_of(experiment: Experiment, member_id: str) -> str:
    """The arm of one member; "holdout" for those held out."""
    if experiment.holdout and bucket(HOLDOUT_NAME, "", member_id) < round(experiment.holdout * BUCKETS):
        return HOLDOUT
    here = bucket(experiment.name, experiment.salt, member_id)
    return experiment.names[int(np.searchsorted(experiment.bounds(), here, side="right"))]


def assign(experiment: Experiment, member_ids: pa.Array | pa.ChunkedArray | Iterable[str]) -> pa.DictionaryArray:
    """Arms of many members, same order: a dictionary array over `names` and "holdout".

    Equal to `arm_of` of each. About a microsecond a member: the hash is the standard library's.
    """
    members = _as_list(member_ids)
    here = _buckets(experiment.name, experiment.salt, members)
    codes = np.searchsorted(experiment.bounds(), here, side="right").astype(np.int32)
    if experiment.holdout:
        out = _buckets(HOLDOUT_NAME, "", members) < round(experiment.holdout * BUCKETS)
        codes[out] = len(experiment.names)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([*experiment.names, HOLDOUT]))


def arms_column(
    experiments: Sequence[Experiment], member_ids: pa.Array | pa.ChunkedArray | Iterable[str]
) -> pa.MapArray:
    """The `arms` column of member documents: experiment -> arm, experiments by name."""
    ordered = sorted(experiments, key=lambda e: e.name)
    if len({e.name for e in ordered}) != len(ordered):
        raise UsageError("two experiments share a name")
    members = _as_list(member_ids)
    rows, width = len(members), len(ordered)
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * width)
    if not width:
        return pa.MapArray.from_arrays(offsets, pa.array([], pa.string()), pa.array([], pa.string()))
    arms = [assign(e, members).cast(pa.string()) for e in ordered]
    # arm k of member i stands at k * rows + i and belongs at i * width + k
    take = (np.arange(width)[None, :] * rows + np.arange(rows)[:, None]).ravel()
    values = pa.concat_arrays(arms).take(pa.array(take))
    keys = pa.DictionaryArray.from_arrays(
        pa.array(np.tile(np.arange(width, dtype=np.int32), rows)), pa.array([e.name for e in ordered])
    ).cast(pa.string())
    return pa.MapArray.from_arrays(offsets, keys, values)
