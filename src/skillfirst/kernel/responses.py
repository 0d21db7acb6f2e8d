"""What members were shown and clicked, as their documents tell it: what the response model is fitted to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.kernel.catalogue import Catalogue
from skillfirst.ranking.response_counts import CHANNELS, GAPS, PLACES, SLOTS, UNKNOWN_GAP, ResponseCounts
from skillfirst.tables.documents import Documents
from skillfirst.tables.languages import primary
from skillfirst.tables.member_document import Interaction
from skillfirst.tables.sparse import list_parts


def count_responses(documents: Documents, catalogue: Catalogue) -> ResponseCounts | None:
    """Cards and clicks of these documents by course and circumstances; None where nothing was shown."""
    lists = documents.lists
    offsets, course = lists("seen_course")
    if not len(course):
        return None
    from skillfirst.ranking.response_cards import counted_cards

    channel, slot = lists("seen_channel")[1], lists("seen_slot")[1]
    counted, clicked = counted_cards(
        offsets, course, channel, lists("seen_time")[1], *lists("course"), lists("course_kind")[1],
        lists("course_time")[1], len(catalogue.cards), int(Interaction.CLICK), int(Interaction.WATCH),
    )  # fmt: skip
    member = np.repeat(np.arange(documents.num_rows), np.diff(offsets))[counted]
    course = course[counted].astype(np.int64)
    level = documents.numbers("level")[member].astype(np.int64)
    taught = catalogue.level[course].astype(np.int64)
    gap = np.where((level > 0) & (taught > 0), np.minimum(np.abs(level - taught), GAPS - 2), UNKNOWN_GAP)
    foreign = ~_named(documents.batch, catalogue)[member, catalogue.language[course]]
    place = np.minimum(channel[counted].astype(np.int64), CHANNELS - 1) * (PLACES // CHANNELS)
    place += SLOTS[np.clip(slot[counted], 0, len(SLOTS) - 1)]
    keys = ((course * 2 + foreign) * GAPS + gap) * PLACES + place
    return ResponseCounts.of(keys, clicked[counted], len(catalogue.cards))


def _named(batch: pa.RecordBatch, catalogue: Catalogue) -> npt.NDArray[np.bool_]:
    """bool, members x languages of courses: named on the profile; who names none is at home in all."""
    offsets, tags = list_parts(batch.column("languages"))
    named = np.zeros((batch.num_rows, max(len(catalogue.languages), 1)), bool)
    named[np.diff(offsets) == 0] = True
    encoded = tags.dictionary_encode()
    codes = catalogue.languages.encode(pa.array([primary(tag) for tag in encoded.dictionary.to_pylist()], pa.string()))
    code = np.asarray(codes)[encoded.indices.to_numpy(zero_copy_only=False)]
    rows = np.repeat(np.arange(batch.num_rows), np.diff(offsets))
    named[rows[code >= 0], code[code >= 0]] = True
    return named
