"""How often each course names each skill, as arrays: what the formula weighs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skillfirst.skills.tagging.alias import Spans

Block = npt.NDArray[np.float32]  # courses x skills
Rows = npt.NDArray[np.int64]

SHORT_SHARE, INNER_SHARE = 0.6, 0.5  # of a full mention: shortened names, names inside longer ones
_FIELDS = ("title", "description", "contents")


@dataclass(frozen=True, slots=True)
class Mentions:
    """`offsets`: where each course begins. `skills`: codes. `full`, `short`: times in title, description and contents;
    `inner`: times inside longer names; int32."""

    offsets: Rows
    skills: Rows
    full: npt.NDArray[np.int32]
    short: npt.NDArray[np.int32]
    inner: npt.NDArray[np.int32]

    @classmethod
    def of(cls, spans: Sequence[dict[int, Spans]]) -> Mentions:
        """`spans`: skill code -> where it is named, of each course."""
        found = [each for named in spans for each in named.values()]
        offsets = np.concatenate([[0], np.cumsum([len(named) for named in spans], dtype=np.int64)])
        full, short = (
            _table([counts[name] for name in _FIELDS] for counts in kind)
            for kind in ([each.counts for each in found], [each.short for each in found])
        )
        skills = np.asarray([code for named in spans for code in named], np.int64)
        inner = np.asarray([each.inner.total() for each in found], np.int32)
        return cls(offsets.astype(np.int64), skills, full, short, inner)

    def then(self, others: Mentions) -> Mentions:
        """These courses, then the others."""
        return Mentions(
            np.concatenate([self.offsets, self.offsets[-1] + others.offsets[1:]]),
            np.concatenate([self.skills, others.skills]),
            np.concatenate([self.full, others.full]),
            np.concatenate([self.short, others.short]),
            np.concatenate([self.inner, others.inner]),
        )

    def blocks(self, rows: Rows, rarity: Block) -> dict[str, Block]:
        """Dense parts of some courses; `rarity`: of each skill, what a mention of it counts."""
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        at = np.repeat(np.arange(len(rows)), lengths)
        begin = np.repeat(self.offsets[rows] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        taken = begin + np.arange(len(at))
        cell = (at, self.skills[taken])
        full, short, inner = self.full[taken], self.short[taken], self.inner[taken].astype(np.float32)
        title, description, contents = np.log1p(full.T)
        short_title, short_description, short_contents = np.log1p(short.T)
        total = (
            3 * title
            + description
            + 0.5 * contents
            + SHORT_SHARE * (3 * short_title + short_description)
            + 0.5 * SHORT_SHARE * short_contents
            + INNER_SHARE * np.log1p(inner)
        )
        columns = {
            "mentions": total,
            "title_mentions": full[:, 0],
            "text_mentions": full[:, 1] + full[:, 2],
            "short_mentions": short[:, 0] * 3 + short[:, 1] + short[:, 2],
            "inner_mentions": inner,
        }
        blocks = {}
        for name, values in columns.items():
            blocks[name] = np.zeros((len(rows), len(rarity)), np.float32)
            blocks[name][cell] = values
        blocks["mentions"] *= rarity
        return blocks


def _table(rows: Iterable[list[int]]) -> npt.NDArray[np.int32]:
    return np.asarray(list(rows), np.int32).reshape(-1, len(_FIELDS))
