"""The door: documents in, the INFERRED columns out; every row depends on itself alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.skills.inference.goals import goal_rows
from skillfirst.skills.inference.interest import predict_rows
from skillfirst.skills.inference.profiles import Profiles, read_profiles
from skillfirst.skills.inference.rows import infer_rows
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.inference.sources import Knowledge, Members, Rules
from skillfirst.skills.inference.tables import InferenceTables, InterestTables
from skillfirst.skills.inference.top import joined
from skillfirst.tables.documents import Documents, Lists
from skillfirst.tables.member_document import INFERRED, Source
from skillfirst.tables.sparse import to_lists

SOURCES = (Source.TITLE, Source.CO_OCCURRENCE, Source.ACTIVITY, Source.CONNECTIONS)


def flat_members(profiles: Profiles, tables: InferenceTables, keys: npt.NDArray[np.uint64] | None = None) -> Members:
    """The arrays the loops read."""
    side = tables.columns.encode(profiles)
    return Members(
        profiles.now, profiles.held.offsets, profiles.held.indices, *profiles.title, *profiles.refused,
        *profiles.activity, *profiles.course, profiles.neighbours, *profiles.neighbour, *side,
        np.zeros(0, np.uint64) if keys is None else keys,
    )  # fmt: skip


def flat_knowledge(tables: InferenceTables) -> Knowledge:
    """The arrays of the tables; saved ones may be memory-mapped. Made once for each tables."""
    known: Knowledge | None = tables.flat.get(Knowledge)
    if known is None:
        known = tables.flat[Knowledge] = _knowledge(tables)
    return known


def _knowledge(tables: InferenceTables) -> Knowledge:
    title, courses, near = tables.title, tables.course_skills, tables.near
    plain = [
        title.popularity, title.base, title.excess.offsets, title.excess.indices, title.excess.values, tables.method,
        tables.active, tables.place, near.offsets, near.indices, near.values, tables.ease, tables.net.intercept,
        tables.net.linear, tables.net.into, tables.net.hidden, tables.net.out, courses.offsets, courses.indices,
        courses.weights, tables.fusion, tables.calibrated,
    ]  # fmt: skip
    return Knowledge(*(np.asarray(a) if isinstance(a, np.ndarray) else a for a in plain))


def flat_rules(settings: Inference, limit: int) -> Rules:
    """The numbers of the settings, in the types the loops are compiled for."""
    s = settings
    return Rules(
        bool(s.title), bool(s.co_occurrence), bool(s.activity), bool(s.connections), float(s.threshold),
        int(limit), float(s.lift), float(s.certain), bool(s.unsupported), int(s.anonymity),
        float(s.half_life * 86_400), int(s.watch_seconds), float(s.complete_weight), float(s.watch_weight),
        float(s.event_weight), float(s.connection_backoff), float(s.trust_title), float(s.trust_co_occurrence),
        float(s.trust_activity), float(s.trust_connections),
    )  # fmt: skip


def _rules(tables: InferenceTables, settings: Inference, limit: int) -> Rules:
    """`flat_rules`, made once for each settings: a hash of them takes as long."""
    known = tables.flat.get(Rules)
    if known is None or known[0] is not settings or known[1].limit != limit:
        known = tables.flat[Rules] = (settings, flat_rules(settings, limit))
    rules: Rules = known[1]
    return rules


def infer(
    batch: pa.RecordBatch | Documents, tables: InferenceTables, settings: Inference,
    interest: InterestTables | None = None,
) -> pa.RecordBatch:  # fmt: skip
    """The columns `tables.member_document.INFERRED` of a batch of documents, row by row in the same order.

    Inferred: likely skills the member does not list and has not refused, with probability and Source bits. Predicted:
    the target title's skills that are missing (Source.GOAL) and, where there is an `interest` model, what the member is
    likely to want (Source.PREDICTED). A batch of one gives the same bytes as any other cut.
    """
    lists = infer_lists(Documents.of(batch), tables, settings, interest)
    return pa.RecordBatch.from_arrays([to_lists(*lists[name]) for name in INFERRED.names], schema=INFERRED)


def infer_lists(
    documents: Documents, tables: InferenceTables, settings: Inference, interest: InterestTables | None = None
) -> dict[str, Lists]:
    """`infer` as (offsets, values) by column."""
    profiles = read_profiles(documents, tables.skills)
    skill, weight, source, found, _ = _infer(profiles, tables, settings)
    offsets, skill, weight, source = joined(found, skill, weight, source)
    wanted = goal_rows(profiles, tables, settings, offsets, skill, weight)
    if interest is not None:
        wanted = predict_rows(profiles, tables.skills, interest, wanted, settings)
    values = (skill, weight, source, *wanted[1:])
    bounds = (offsets, offsets, offsets, wanted[0], wanted[0], wanted[0])
    return dict(zip(INFERRED.names, zip(bounds, values, strict=True), strict=True))


def _infer(profiles: Profiles, tables: InferenceTables, settings: Inference, explain: bool = False) -> tuple[Any, ...]:
    n, limit = len(profiles), min(settings.limit, tables.skills)
    skill, weight = np.zeros((n, limit), np.int32), np.zeros((n, limit), np.float32)
    source = np.zeros((n, limit), np.int16)
    parts = np.zeros((n, limit, 4) if explain else (0, 0, 4))
    found = infer_rows(
        flat_members(profiles, tables),
        flat_knowledge(tables),
        _rules(tables, settings, limit),
        skill,
        weight,
        source,
        parts,
    )
    return skill, weight, source, found, parts


def explain_sources(
    document: pa.RecordBatch, tables: InferenceTables, settings: Inference
) -> dict[int, dict[Source, float]]:
    """For each inferred skill of a batch of one: what each source alone says, as a probability, of those that speak."""
    skill, _, _, found, parts = _infer(read_profiles(document, tables.skills), tables, settings, explain=True)
    return {
        int(skill[0, j]): {s: float(p) for s, p in zip(SOURCES, parts[0, j], strict=True) if p > 0}
        for j in range(int(found[0]))
    }
