"""Everybody's answers in shorthand (tables/shorthand.py), from RECOMMENDATIONS to bytes in one compiled loop.

Expanded, an answer is byte for byte what `Renderer.answers` gives for its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.kernel.render import Head, Renderer
from skillfirst.tables.shorthand import HEAD, MAGIC, Phrases

ROWS = 2_048  # rows whose bytes stand in memory at once
AN_ITEM = 128  # bytes of an item beside its reason, at most
OPENS = {"home": b',"carousels":['}  # what stands before the courses, by channel

Array = npt.NDArray[Any]


class Rows(NamedTuple):
    """What the loop reads: `offsets` of items and `heads` by row, the rest by item. `reason`: code in `reasons`, for
    the first item of a carousel and every item of a list.
    """

    offsets: Array
    heads: Array
    head_at: Array
    grid: Array
    code: Array
    rank: Array
    position: Array
    affinity: Array
    score: Array
    bucket: Array
    reason: Array
    reasons: Array
    reason_at: Array


class Shorthand:
    """Writes the answers of one Model."""

    def __init__(self, renderer: Renderer) -> None:
        self.renderer = renderer
        self.phrases = Phrases([renderer.card(code) + b"}" for code in range(len(renderer.model.courses))])
        self._name = np.frombuffer(MAGIC + self.phrases.name, np.uint8)
        self._encode = msgspec.json.Encoder().encode
        self._tails: dict[Any, bytes] = {}

    def answers(self, rows: pa.RecordBatch, languages: Sequence[Sequence[str]]) -> Iterator[tuple[str, str, bytes]]:
        """(member_id, channel, answer) of RECOMMENDATIONS rows; `languages`: the member's, one list a row."""
        if not rows.num_rows:
            return
        member, channel = rows.column("member_id").to_pylist(), rows.column("channel").to_pylist()
        spoken = [self.renderer.language(own) for own in languages]
        given, most = self._rows(rows, channel, spoken, self._heads(rows, member, channel, spoken))
        from skillfirst.kernel.shorthand_loop import write_rows

        mine, order = np.full(len(given.reason_at), -1, np.int32), np.empty(len(given.reason_at), np.int32)
        for first in range(0, rows.num_rows, ROWS):
            last = min(first + ROWS, rows.num_rows)
            out = np.empty(int(most[first:last].sum()), np.uint8)
            ends = np.empty(last - first, np.int64)
            write_rows(given, self._name, first, last, mine, order, out, ends)
            written, at = out.data, 0
            for i, end in enumerate(ends.tolist(), first):
                yield member[i], channel[i], bytes(written[at:end])
                at = end

    def _heads(self, rows: pa.RecordBatch, member: list[str], channel: list[str], spoken: list[str]) -> list[bytes]:
        """What stands before the courses of each row. All but the member's id repeats itself."""
        found, tails, encode = [], self._tails, self._encode
        about = zip(
            member, channel, rows.column("day").cast(pa.int32()).to_pylist(),
            [tuple(arms or ()) for arms in rows.column("arms").to_pylist()],
            rows.column("model_version").to_pylist(), spoken, strict=True,
        )  # fmt: skip
        for who, *rest in about:
            key = tuple(rest)
            tail = tails.get(key)
            if tail is None:
                where, day, arms, version, language = rest
                whole = self.renderer.about(Head("", where, day, arms, ()), version, language)
                tail = tails[key] = whole.removeprefix(b'{"member_id":""') + OPENS.get(where, b',"courses":[')
            found.append(b'{"member_id":' + encode(who) + tail)
        return found

    def _rows(
        self, rows: pa.RecordBatch, channel: list[str], spoken: list[str], heads: list[bytes]
    ) -> tuple[Rows, Array]:
        """What the loop reads, and how many bytes each row takes at most."""
        items = np.asarray(rows.column("course_id").value_lengths().fill_null(0).to_numpy(), np.int64)
        offsets = np.concatenate([[0], np.cumsum(items)])
        course, context, evidence = (
            rows.column(name).flatten() for name in ("course_id", "context", "context_evidence")
        )
        values = {
            name: rows.column(name).flatten().fill_null(0).to_numpy(zero_copy_only=False)
            for name in ("carousel_rank", "position", "affinity", "score", "bucket")
        }
        grid = np.array([where == "home" for where in channel], np.uint8)
        row = np.repeat(np.arange(len(items)), items)
        said = np.flatnonzero((grid[row] == 0) | (values["position"] == 1))
        reason = np.full(len(row), -1, np.int64)
        reason[said], texts = self._reasons(_indices(context)[said], _indices(evidence)[said], row[said], spoken,
                                            (context.dictionary, evidence.dictionary))  # fmt: skip
        lengths = np.array([len(text) for text in texts], np.int64)
        most = HEAD.size + np.array([len(head) for head in heads], np.int64) + AN_ITEM * items + 4
        most += np.bincount(row[said], lengths[reason[said]] + 32, len(items)).astype(np.int64)
        codes = self.renderer.model.courses.encode(course.dictionary)[_indices(course)] if len(row) else row
        given = Rows(
            offsets, *_joined(heads), grid, codes.astype(np.int64), values["carousel_rank"].astype(np.int64),
            values["position"].astype(np.int64), values["affinity"], values["score"],
            values["bucket"].astype(np.int64), reason, *_joined(texts),
        )  # fmt: skip
        return given, most

    def _reasons(
        self, context: Array, evidence: Array, row: Array, spoken: list[str], words: tuple[pa.Array, pa.Array]
    ) -> tuple[Array, list[bytes]]:
        """The code of each reason, and the reasons."""
        tongues = sorted(set(spoken))
        tongue = np.array([tongues.index(one) for one in spoken], np.int64)[row]
        several = len(words[1]) + 1
        keys, codes = np.unique((context * several + evidence + 1) * len(tongues) + tongue, return_inverse=True)
        contexts, named = words[0].to_pylist(), [None, *words[1].to_pylist()]
        return codes, [
            self.renderer.reason(contexts[key // len(tongues) // several], named[key // len(tongues) % several],
                                 tongues[key % len(tongues)])
            for key in keys.tolist()
        ]  # fmt: skip


def _indices(column: pa.DictionaryArray) -> Array:
    return np.asarray(column.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)


def _joined(texts: list[bytes]) -> tuple[Array, Array]:
    """Texts one after the other, and where each begins (and the last ends)."""
    at = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=at[1:])
    return np.frombuffer(b"".join(texts), np.uint8), at
