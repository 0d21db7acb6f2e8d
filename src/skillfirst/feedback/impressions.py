"""From seen cards to counted exposures: what the discount, and the lists' refill, are a function of.

An impression (half of the card in view for a second) counts once per member, course and channel in 30 minutes:
in time order, the first counts and opens a gate of 30 minutes. Exposure pools over channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.errors import DataError
from skillfirst.feedback.discount import Discount, discount
from skillfirst.tables.documents import Documents
from skillfirst.tables.member_document import Interaction

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_CLICK = int(Interaction.CLICK)


@dataclass(frozen=True, slots=True)
class Exposures:
    """Counted exposures of a batch, as compressed sparse rows; entry j of row i: offsets[i] <= j < offsets[i + 1].

    `courses`: int32, ascending within a row, only those with a counted exposure.
    `n`: float64, sum of e(slot) * 2^(-age / half-life), e(k) = 1 / log2(1 + k), age at the row's `now`.
    `count`: int32, impressions behind n. `last_seen`: float64, days since the newest. `position`: float64, its slot.
    `activity`: float64, one a row: UTC days with an impression in the 28 days up to `now`.
    """

    offsets: Longs
    courses: npt.NDArray[np.int32]
    n: Floats
    count: npt.NDArray[np.int32]
    last_seen: Floats
    position: Floats
    activity: Floats

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def row(self, i: int) -> dict[int, float]:
        """Course code -> n of row i; for reading, not for loops."""
        part = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        return dict(zip(self.courses[part].tolist(), self.n[part].tolist(), strict=True))

    def factors(self, settings: Discount) -> Floats:
        """Discount factor of each entry, without spill-over; float64, parallel to `courses`."""
        activity = np.repeat(self.activity, np.diff(self.offsets))
        return discount(self.n, self.last_seen, self.position, activity, settings)


def seconds_now(batch: pa.RecordBatch | Documents, now: npt.ArrayLike | None = None) -> Longs:
    """The moment each row stands at: int64, s since 1970 UTC; the batch's own `now` unless one is given.

    Raises DataError where a row has none: below the kernel's door there is no clock to ask.
    """
    if now is not None:
        return np.ascontiguousarray(np.broadcast_to(np.asarray(now, np.int64), batch.num_rows))
    documents = Documents.of(batch)
    if count := documents.nulls("now"):
        first = documents.batch.column("now").is_null().to_pylist().index(True)
        raise DataError(
            "a member document without its moment",
            table="documents",
            column="now",
            count=count,
            first=f"row {first}",
            next_step="Documents are made by ingest and by fold, both of which set it.",
        )
    return documents.numbers("now")


def exposures(batch: pa.RecordBatch | Documents, now: npt.ArrayLike | None, settings: Discount) -> Exposures:
    """Counted exposures of each member document (DOCUMENT rows; a slice or an empty batch is fine).

    `now`: s since 1970 UTC, one a row or one for all; None takes the documents' own. Impressions after it are not
    yet there, nor are clicks. A click forgets the impressions of its course up to `click_rest_days` after it.
    Rows do not depend on one another; the same row gives the same bits in any batch.
    """
    documents = Documents.of(batch)
    lists = documents.lists
    offsets, course = lists("seen_course")
    if now is None and not len(course):
        moments = np.zeros(documents.num_rows, np.int64)  # nothing was seen, so nothing has an age
    else:
        moments = seconds_now(documents, now)
    moments.flags.writeable = False  # as a document's own are, or the loop would be compiled for both
    clicks, clicked_course = lists("course")
    return Exposures(
        *_expose()(
            moments, offsets, course, lists("seen_channel")[1], lists("seen_time")[1], lists("seen_slot")[1], clicks,
            clicked_course, lists("course_kind")[1], lists("course_time")[1], _CLICK, settings.half_life_days,
            settings.click_rest_days,
        )
    )  # fmt: skip


@cache
def _expose() -> Any:
    """What loads the compiler, when somebody scores."""
    from skillfirst.feedback.loops import expose

    return expose
