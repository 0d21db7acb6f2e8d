"""What members are shown: pages of cards, as arrays of the world's codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import DataError
from skillfirst.tables.member_document import Channel
from skillfirst.tables.sparse import list_parts

NONE = -1


@dataclass(frozen=True)
class Pages:
    """Parallel to pages: `member` int32, `channel` int8 (`Channel`), `arms` int16 (place in `arm_maps`, -1 none),
    `offsets` int64 (pages + 1). Parallel to cards: `course` int32, `row` int16 (1 is the top carousel, 0 a feed or
    mail), `position` int16 from 1, `propensity` float32 (NaN unknown), `context` int16 (place in `contexts`, -1 none).
    """

    member: npt.NDArray[np.int32]
    channel: npt.NDArray[np.int8]
    offsets: npt.NDArray[np.int64]
    course: npt.NDArray[np.int32]
    row: npt.NDArray[np.int16]
    position: npt.NDArray[np.int16]
    propensity: npt.NDArray[np.float32]
    context: npt.NDArray[np.int16]
    arms: npt.NDArray[np.int16]
    contexts: Sequence[str] = field(default=())
    arm_maps: Sequence[dict[str, str]] = field(default=())

    def __len__(self) -> int:
        return len(self.member)

    def checked(self, members: int, courses: int) -> Pages:
        """The pages themselves; raises DataError when a code is out of range or a card twice on one page."""
        cards = len(self.course)
        if int(self.offsets[-1]) != cards or len(self.offsets) != len(self) + 1:
            raise DataError("offsets do not span the cards", table="pages")
        for name, codes, size in (("member", self.member, members), ("course", self.course, courses)):
            wrong = np.flatnonzero((codes < 0) | (codes >= size))
            if len(wrong):
                raise DataError(
                    "unknown code", table="pages", column=name, count=len(wrong), first=str(codes[wrong[0]])
                )
        page = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        key = page * max(courses, 1) + self.course
        key.sort()
        twice = int((key[1:] == key[:-1]).sum())
        if twice:
            raise DataError("a course stands twice on a page", table="pages", column="course", count=twice)
        return self


def joined_pages(parts: Sequence[Pages]) -> Pages:
    """Pages of several arms as one; contexts and arm maps are merged."""
    contexts = sorted({c for p in parts for c in p.contexts})
    maps: list[dict[str, str]] = []
    for p in parts:
        maps += [m for m in p.arm_maps if m not in maps]
    lengths = np.concatenate([np.diff(p.offsets) for p in parts]) if parts else np.zeros(0, np.int64)

    def recoded(codes: npt.NDArray[np.int16], places: list[int]) -> npt.NDArray[np.int16]:
        return np.array([*places, NONE], np.int16)[codes]

    def column(name: str, type_: type[np.generic]) -> npt.NDArray[np.generic]:
        return np.concatenate([np.zeros(0, type_), *(getattr(p, name) for p in parts)]).astype(type_)

    return Pages(
        member=np.asarray(column("member", np.int32), np.int32),
        channel=np.asarray(column("channel", np.int8), np.int8),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        course=np.asarray(column("course", np.int32), np.int32),
        row=np.asarray(column("row", np.int16), np.int16),
        position=np.asarray(column("position", np.int16), np.int16),
        propensity=np.asarray(column("propensity", np.float32), np.float32),
        context=np.concatenate(
            [np.zeros(0, np.int16), *(recoded(p.context, [contexts.index(c) for c in p.contexts]) for p in parts)]
        ),
        arms=np.concatenate(
            [np.zeros(0, np.int16), *(recoded(p.arms, [maps.index(m) for m in p.arm_maps]) for p in parts)]
        ),
        contexts=contexts,
        arm_maps=maps,
    )


def pages_from_table(table: pa.Table, member_ids: pa.Array, course_ids: pa.Array) -> Pages:
    """Pages from a table of the RECOMMENDATIONS schema; `propensity` may stand beside the other lists.

    Members or courses that the world does not know raise DataError; an unknown channel is a KeyError.
    """
    offsets, courses = list_parts(table["course_id"])
    course = codes(courses, course_ids, "course_id")
    names = table["channel"].to_pylist()
    text = flat(table, "context", len(courses)).cast(pa.string())
    contexts = sorted(set(pc.unique(text).drop_null().to_pylist()))
    context = pc.fill_null(pc.index_in(text, pa.array(contexts, pa.string())), NONE)
    maps: list[dict[str, str]] = []
    arms = np.full(len(table), NONE, np.int16)
    for i, entry in enumerate(table["arms"].to_pylist() if "arms" in table.column_names else []):
        if entry:
            arm = dict(entry)
            if arm not in maps:
                maps.append(arm)
            arms[i] = maps.index(arm)
    propensity = np.full(len(courses), np.nan, np.float32)
    if "propensity" in table.column_names:
        propensity = flat(table, "propensity", len(courses)).fill_null(np.nan).to_numpy(zero_copy_only=False)
    return Pages(
        member=codes(table["member_id"], member_ids, "member_id"),
        channel=np.array([Channel[n.upper()] for n in names], np.int8),
        offsets=offsets,
        course=course,
        row=np.asarray(
            flat(table, "carousel_rank", len(courses)).fill_null(0).to_numpy(zero_copy_only=False), np.int16
        ),
        position=np.asarray(flat(table, "position", len(courses)).to_numpy(zero_copy_only=False), np.int16),
        propensity=np.asarray(propensity, np.float32),
        context=np.asarray(context.to_numpy(zero_copy_only=False), np.int16),
        arms=arms,
        contexts=contexts,
        arm_maps=maps,
    )


def flat(table: pa.Table, column: str, size: int) -> pa.Array:
    """The values of a list column, one after the other."""
    values = list_parts(table[column])[1]
    if len(values) != size:
        raise DataError("parallel lists differ in length", table="recommendations", column=column)
    return values


def codes(ids: pa.Array | pa.ChunkedArray, known: pa.Array, column: str) -> npt.NDArray[np.int32]:
    """Codes of ids, all of which must be known."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks()
    ids = ids.cast(pa.string())
    found = pc.index_in(ids, known)
    if found.null_count:
        first = ids.filter(pc.is_null(found))[0].as_py()
        raise DataError("not in the world", table="recommendations", column=column, count=found.null_count, first=first)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int32)
