"""kernel.recommend: member documents in, recommendations out. No clock, no file, no environment, no random draw."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.contexts.kinds import LABELS
from skillfirst.errors import UsageError
from skillfirst.feedback.impressions import seconds_now
from skillfirst.kernel.arms import by_policy
from skillfirst.kernel.groups import Out
from skillfirst.kernel.infer import infer
from skillfirst.kernel.member_arrays import CHANNELS, DAY, member_arrays, weighted_skills
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.tables.outputs import RECOMMENDATIONS

__all__ = ["CHANNELS", "DAY", "member_arrays", "recommend", "recommend_compact", "weighted_skills"]

ROWS = 4_096  # members whose output stands in memory at once, a thread
SLOTS = ROWS * 512  # shown courses it has room for, 37 bytes each
LABEL_NAMES = pa.array(LABELS)

Array = npt.NDArray[Any]
# (members, model, channels, what the loop wrote) -> rows of one of the forms
Shape = Callable[[pa.RecordBatch, Model, Sequence[str], Out], pa.RecordBatch]
# (members, channels, longest list of a member) -> where the loop writes
Room = Callable[[int, Sequence[str], int], Out]
_thread = threading.local()


def recommend(
    members: pa.RecordBatch, model: Model, channels: Sequence[str] = CHANNELS, policy: Policy | None = None
) -> pa.RecordBatch:
    """Recommendations (RECOMMENDATIONS schema), one row a member and channel, members in the order given.

    `members`: DOCUMENT columns, with the INFERRED ones or without (they are inferred then). `policy`: one for all,
    instead of the Model's with the overrides of the members' arms. Equal input gives equal bytes in any batch size and
    engine. Raises UsageError for an unknown channel.
    """
    parts = _in_parts(members, model, channels, policy, _rows)
    return pa.concat_batches(parts) if len(parts) > 1 else parts[0]


def recommend_compact(
    members: pa.RecordBatch, model: Model, channels: Sequence[str] = CHANNELS, policy: Policy | None = None
) -> pa.Table:
    """As `recommend`, in the compact form (tables/compact.py, codes of `kernel.compact.words_of`)."""
    from skillfirst.kernel.compact import compact_rows

    def rows(batch: pa.RecordBatch, model: Model, channels: Sequence[str], out: Out) -> pa.RecordBatch:
        return compact_rows(_heads(batch, len(channels)), model, channels, out)

    return pa.Table.from_batches(_in_parts(members, model, channels, policy, rows, _kept_lists))


def _in_parts(
    members: pa.RecordBatch,
    model: Model,
    channels: Sequence[str],
    policy: Policy | None,
    rows: Shape,
    room: Room | None = None,
) -> list[pa.RecordBatch]:
    unknown = [c for c in channels if c not in CHANNELS]
    if unknown:
        raise UsageError(f"unknown channel '{unknown[0]}'", next_step=f"Known: {', '.join(CHANNELS)}.")
    if "inferred_skill" not in members.schema.names:
        members = infer(members, model, policy)

    def work(batch: pa.RecordBatch, theirs: Policy) -> pa.RecordBatch:
        return _recommend(batch, model, channels, theirs, rows, room or empty_lists)

    return [
        by_policy(members.slice(at, ROWS), policy or model.policy, {} if policy else model.arms, work)
        for at in range(0, max(members.num_rows, 1), ROWS)
    ]


def widest_list(channel: str, model: Model, policy: Policy) -> int:
    """Most courses a list can show: each once."""
    page = policy.page
    return min(policy.list_length if channel == "feed" else page.rows * page.row_length, len(model.courses))


def _recommend(
    batch: pa.RecordBatch, model: Model, channels: Sequence[str], policy: Policy, rows: Shape, room: Room
) -> pa.RecordBatch:
    width = sum(widest_list(channel, model, policy) for channel in channels)
    most = max(SLOTS // max(width, 1), 1)
    parts = []
    for at in range(0, max(batch.num_rows, 1), most):
        part = batch.slice(at, most)
        out = room(part.num_rows, channels, width)
        fill_lists(member_arrays(part, model, policy)[0], model, policy, out)
        parts.append(rows(part, model, channels, out))
    return pa.concat_batches(parts) if len(parts) > 1 else parts[0]


def fill_lists(members: Any, model: Model, policy: Policy, out: Out) -> None:
    """Run the compiled loop over the members of `member_arrays` into `out`."""
    loop, workspace, lend = _compiled()
    most, busiest = _longest(members.skill_offsets), _longest(members.course_offsets)
    held, rules = workspace.model_tables(model, policy), workspace.rules_table(model, policy)
    memory = workspace.working_memory(model, policy, most, busiest)
    pages = 1 if loop.HOME in out.channel.tolist() else None
    tables = (*held.tables, lend(members), *rules.tables, *memory.tables, lend(out), pages)
    if not loop.recommend_members(loop.STAMP, *tables):
        # the compiler's cache holds a loop of another version of this package
        loop.recommend_members.recompile()
        loop.recommend_members(loop.STAMP, *tables)


@cache
def _compiled() -> tuple[Any, Any, Any]:
    """What loads the compiler, when somebody scores; asked for once, an import statement costs a microsecond."""
    from skillfirst.kernel import member_loop, workspace
    from skillfirst.ranking.borrow import lend

    return member_loop, workspace, lend


def _longest(offsets: Array) -> int:
    """Elements of the longest list; of one list without asking NumPy, a service has no more."""
    return int(offsets[1] - offsets[0]) if len(offsets) == 2 else int(np.diff(offsets).max(initial=0))


@cache
def _places(channels: tuple[str, ...]) -> npt.NDArray[np.int8]:
    return np.array([CHANNELS.index(c) for c in channels], np.int8)


def empty_lists(rows: int, channels: Sequence[str], width: int) -> Out:
    """Room for the lists of `rows` members; pages of memory nobody writes to cost nothing."""
    slots = rows * width

    def new(dtype: type[np.generic]) -> Array:
        return np.empty(slots, dtype)

    return Out(
        channels=len(channels), channel=_places(tuple(channels)),
        offsets=np.empty(rows * len(channels) + 1, np.int32), course=new(np.int32), affinity=new(np.float64),
        score=new(np.float64), bucket=new(np.int32), rank=new(np.int16), position=new(np.int16),
        context=new(np.int32), evidence=new(np.int32),
    )  # fmt: skip


def _rows(batch: pa.RecordBatch, model: Model, channels: Sequence[str], out: Out) -> pa.RecordBatch:
    """The lists as columns, nothing copied; rows of one member stand together, channels in the order asked for."""
    rows, many = batch.num_rows, len(channels)
    shown = int(out.offsets[-1])
    offsets = pa.array(out.offsets)
    member, arms, day = _heads(batch, many)
    columns: dict[str, pa.Array] = {
        "member_id": member, "channel": pa.array([*channels] * rows, pa.string()), "arms": arms,
        "day": day,
        "model_version": pa.repeat(model.version, rows * many),
        "course_id": _named(out.course[:shown], model.courses.ids),
        "affinity": pa.array(out.affinity[:shown]), "score": pa.array(out.score[:shown]),
        "bucket": _some(out.bucket[:shown], out.bucket[:shown] > 0),
        "carousel_rank": pa.array(out.rank[:shown]), "position": pa.array(out.position[:shown]),
        "context": _named(out.context[:shown], LABEL_NAMES),
        "context_evidence": _named(out.evidence[:shown], model.evidence[0], out.evidence[:shown] >= 0),
    }  # fmt: skip
    arrays = [
        pa.ListArray.from_arrays(offsets, columns[f.name], type=f.type) if pa.types.is_list(f.type) else columns[f.name]
        for f in RECOMMENDATIONS.schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=RECOMMENDATIONS.schema)


def _kept_lists(rows: int, channels: Sequence[str], width: int) -> Out:
    """`empty_lists` in memory the thread keeps, at most SLOTS courses: new pages cost more than laying rows out."""
    held = getattr(_thread, "lists", None)
    if held is None or len(held.course) < rows * width or len(held.offsets) < rows * len(channels) + 1:
        held = _thread.lists = empty_lists(rows, channels, width)
    return held._replace(
        channels=len(channels), channel=_places(tuple(channels)), offsets=held.offsets[: rows * len(channels) + 1]
    )


def _heads(batch: pa.RecordBatch, many: int) -> tuple[pa.Array, pa.Array, pa.Array]:
    """(member_id, arms, day), `many` rows a member."""
    day = ((seconds_now(batch) - 1) // DAY).astype(np.int32)
    member, arms = batch.column("member_id"), batch.column("arms")
    if many > 1:
        each = pa.array(np.repeat(np.arange(batch.num_rows), many))
        member, arms, day = member.take(each), arms.take(each), np.repeat(day, many)
    return member, arms, pa.Array.from_buffers(pa.date32(), len(day), [None, pa.py_buffer(day)])


def _some(values: Array, there: npt.NDArray[np.bool_]) -> pa.Array:
    """An int32 array, null where `there` is not."""
    bits = pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(pa.int32(), len(values), [bits, pa.py_buffer(values)])


def _named(codes: Array, ids: pa.Array, there: npt.NDArray[np.bool_] | None = None) -> pa.DictionaryArray:
    """Codes as an Arrow dictionary array, no strings copied."""
    indices = pa.array(codes) if there is None else _some(codes, there)
    return pa.DictionaryArray.from_arrays(indices, ids, safe=False)
