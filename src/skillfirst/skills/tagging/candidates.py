"""Candidates: the few skills of a course worth ranking, from several generators that err differently."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

PER_GENERATOR = 50  # 30 lose a tenth of the truth where tags are noisy, 100 gained nothing over 50 in the ranking


def best(block: Block, count: int) -> npt.NDArray[np.bool_]:
    """Mask of the `count` largest positive cells of each row; ties go to the lower column."""
    width = block.shape[1]
    if width <= count:
        return np.asarray(block > 0)
    bound = -np.partition(-block, count - 1, axis=1)[:, count - 1 : count]
    over = block > bound
    room = count - over.sum(axis=1, keepdims=True)
    level = block == bound
    tied = level & (np.cumsum(level, axis=1, dtype=np.int32) <= room)
    return np.asarray((over | tied) & (block > 0))


def union(blocks: Iterable[Block], always: npt.NDArray[np.bool_], count: int = PER_GENERATOR) -> tuple[Rows, Rows]:
    """(row, skill) pairs among the best of any block or marked in `always`, by row, then skill."""
    mask = always.copy()
    for block in blocks:
        mask |= best(block, count)
    rows, skills = np.nonzero(mask)
    return rows.astype(np.int64), skills.astype(np.int64)


def ranks(block: Block, limit: int) -> Block:
    """Place of each cell in its row, 0 for the largest, ties by column; capped at `limit`."""
    width = block.shape[1]
    if width <= 4 * limit:
        order = np.argsort(-block, axis=1, kind="stable")
    else:
        top = np.argpartition(-block, limit, axis=1)[:, :limit]
        top.sort(axis=1)
        inner = np.argsort(-np.take_along_axis(block, top, axis=1), axis=1, kind="stable")
        order = np.take_along_axis(top, inner, axis=1)
    out = np.full(block.shape, limit, np.float32)
    place = np.broadcast_to(np.minimum(np.arange(order.shape[1]), limit).astype(np.float32), order.shape)
    np.put_along_axis(out, order, place, axis=1)
    return out
