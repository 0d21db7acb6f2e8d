"""From counted parts to tables: co-occurrence is fitted, the fusion calibrated on skills hidden on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.skills.inference import co_occurrence, net
from skillfirst.skills.inference.counts import InferenceCounts, count, take_rows
from skillfirst.skills.inference.fusion import ROWS, fit_fusion
from skillfirst.skills.inference.members import flat_knowledge, flat_members, flat_rules
from skillfirst.skills.inference.profiles import Profiles, read_profiles, select
from skillfirst.skills.inference.rows import BUCKETS, FEATURES, feature_rows
from skillfirst.skills.inference.sampling import hidden_skills, mix
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.inference.sources import EASE, NEIGHBOURS, NET, NOTHING
from skillfirst.skills.inference.tables import InferenceTables, ProfileColumns, places_of
from skillfirst.skills.inference.title import title_table
from skillfirst.tables.sparse import Csr

EMPTY_EVERY = 5  # every fifth calibration member shows no skill at all
COLUMN_MEMBERS = 20  # members of the sample a title, industry or country needs to be a column of the network
COLUMN_VALUES = 256  # columns a kind, memory bound


def finish(counts: InferenceCounts, title_skills: Csr, course_skills: Csr, settings: Inference) -> InferenceTables:
    """The tables of a population.

    `title_skills`: titles x skills, weights 0 to 1 (the published prior; empty rows where there is none).
    `course_skills`: courses x skills, weights of the tags. A tenth of the members with skills (at most
    `settings.calibration`) is kept out while everything is fitted, some of their skills are hidden, and the fusion
    learns how much each source is worth; then everything is fitted again with them.
    """
    held_out, rest = _hold_out(counts, settings)
    fusion = np.zeros((BUCKETS, FEATURES))
    learned = np.zeros(4, np.int64)
    speaks = counts.documents.num_rows >= settings.calibration_minimum
    if held_out.num_rows and speaks:
        part = _without(counts, held_out, rest, settings)
        tables = _fit(part, title_skills, course_skills, settings)
        fusion, learned = calibrate(tables, held_out, settings)
        if held_out.num_rows * 20 < counts.with_skills:
            # a twentieth more members would not change co-occurrence; the counts are always those of everybody
            title = title_table(counts, title_skills, settings)
            return replace(tables, title=title, fusion=fusion, calibrated=learned)
    tables = _fit(counts, title_skills, course_skills, settings, trained=bool(learned[0]))
    return replace(tables, fusion=fusion, calibrated=learned)


def _hold_out(counts: InferenceCounts, settings: Inference) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
    """(documents of the members held out, places in the sample of all others)."""
    size = min(settings.calibration, counts.documents.num_rows // 10)
    return counts.documents.slice(0, size), np.arange(size, len(counts.lists))


def _without(
    counts: InferenceCounts, held_out: pa.RecordBatch, rest: npt.NDArray[np.int64], settings: Inference
) -> InferenceCounts:
    """The statistics as if the held-out members did not exist: all counts are whole numbers and subtract exactly."""
    minus = count(held_out, counts.skills, counts.titles, settings)
    pairs = counts.pair_members.copy()
    pairs[np.searchsorted(counts.pair_key, minus.pair_key)] -= minus.pair_members
    return replace(
        counts,
        members=counts.members - minus.members,
        with_skills=counts.with_skills - minus.with_skills,
        skill_members=counts.skill_members - minus.skill_members,
        title_members=counts.title_members - minus.title_members,
        pair_members=pairs,
        hashes=counts.hashes[rest],
        lists=take_rows(counts.lists, rest),
        documents=counts.documents.slice(held_out.num_rows),
    )


def _fit(
    counts: InferenceCounts, prior: Csr, course_skills: Csr, settings: Inference, *, trained: bool = True
) -> InferenceTables:
    title = title_table(counts, prior, settings)
    active = np.flatnonzero(title.popularity > 0).astype(np.int32)
    columns = ProfileColumns(np.full(counts.titles, -1, np.int32), np.zeros(0, "U1"), np.zeros(0, "U1"))
    near = Csr(np.zeros(counts.skills + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), counts.skills)
    tables = InferenceTables(
        title, NOTHING, active[:0], near, np.zeros((0, 0), np.float32), net.no_net(), columns, course_skills,
        np.zeros((BUCKETS, FEATURES)), np.zeros(4, np.int64),
    )  # fmt: skip
    if not settings.co_occurrence or not len(active):
        return tables
    if len(active) <= settings.net_skills and counts.documents.num_rows >= settings.calibration_minimum and trained:
        columns, weights = _train_net(counts, active, settings)
        return replace(tables, method=NET, active=active, net=weights, columns=columns)
    if len(active) <= settings.ease_skills:
        pairs = co_occurrence.gram(counts.lists, places_of(active, counts.skills), len(active))
        weights_ = co_occurrence.ease(pairs, settings.ease_lambda, settings.anonymity)
        return replace(tables, method=EASE, active=active, ease=weights_)
    near = co_occurrence.neighbours(
        counts.lists, title.popularity, settings.neighbours, settings.anonymity, settings.title_backoff
    )
    return replace(tables, method=NEIGHBOURS, near=near)


def profile_columns(profiles: Profiles, titles: int) -> ProfileColumns:
    """The titles, industries and countries that enough members of the sample have."""
    batch = profiles.documents.batch
    _, codes, weights = profiles.title
    members = np.bincount(codes, weights, minlength=titles) if len(codes) else np.zeros(titles)
    common = np.flatnonzero(members >= COLUMN_MEMBERS)
    common = np.sort(common[np.argsort(-members[common], kind="stable")][:COLUMN_VALUES])
    title = np.full(titles, -1, np.int32)
    title[common] = np.arange(len(common), dtype=np.int32)

    def names(values: pa.Array) -> npt.NDArray[np.str_]:
        tally = {v["values"]: v["counts"] for v in values.drop_null().value_counts().to_pylist()}
        often = sorted((v for v, n in tally.items() if n >= COLUMN_MEMBERS), key=lambda v: (-tally[v], v))
        return np.array(sorted(often[:COLUMN_VALUES]), dtype=np.str_)

    return ProfileColumns(title, names(batch.column("industry")), names(batch.column("country")))


def dense(
    offsets: npt.NDArray[Any], places: npt.NDArray[Any], values: npt.NDArray[Any] | None, width: int
) -> npt.NDArray[Any]:
    """Rows as float32, rows x width; places of -1 are left out."""
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    out = np.zeros((len(offsets) - 1, width), np.float32)
    known = places >= 0
    out[rows[known], places[known]] = 1.0 if values is None else values[known]
    return out


def net_members(members: int, active: int, columns: ProfileColumns, settings: Inference) -> int:
    """How many of the members a network of so many active skills learns from within `settings.net_work`."""
    work = active * (active + columns.width + settings.net_width)
    return min(members, max(settings.net_work // work, 1_000))


def _train_net(
    counts: InferenceCounts, active: npt.NDArray[np.int32], settings: Inference
) -> tuple[ProfileColumns, net.Net]:
    columns = profile_columns(read_profiles(counts.documents, counts.skills), counts.titles)
    members = net_members(counts.documents.num_rows, len(active), columns, settings)
    profiles = read_profiles(counts.documents.slice(0, members), counts.skills)
    place = places_of(active, counts.skills)
    shown = dense(profiles.held.offsets, place[profiles.held.indices], None, len(active))
    side = dense(*columns.encode(profiles), columns.width)
    return columns, net.train(shown, side, shown, settings, dropout=settings.net_dropout, l2=settings.net_l2)


def show_less(profiles: Profiles, keys: npt.NDArray[np.uint64], settings: Inference) -> tuple[Profiles, Csr]:
    """(the members with some of their skills hidden, the hidden skills): deterministic by member and skill."""
    held = profiles.held
    hide = hidden_skills(keys, held.offsets, held.indices, settings.hidden, EMPTY_EVERY)
    shown = Csr(select(held.offsets, ~hide), held.indices[~hide], None, held.width)
    return profiles.with_held(shown), Csr(select(held.offsets, hide), held.indices[hide], None, held.width)


def calibrate(
    tables: InferenceTables, documents: pa.RecordBatch, settings: Inference
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Fusion weights from members the tables do not know."""
    profiles = read_profiles(documents, tables.skills)
    keys = np.array([mix(np.uint64(i)) for i in range(len(profiles))], np.uint64)
    shown, hidden = show_less(profiles, keys, settings)
    candidates = len(tables.active) if len(tables.active) else settings.neighbours * 10
    thin = max(1, -(-len(profiles) * candidates // ROWS))
    room = min(ROWS + len(hidden.indices), len(profiles) * tables.skills)
    x = np.zeros((room, FEATURES))
    label, group = np.zeros(room, np.bool_), np.zeros(room, np.int64)
    members = flat_members(shown, tables, keys)
    filled = feature_rows(
        members, flat_knowledge(tables), flat_rules(settings, 0), hidden.offsets, hidden.indices, thin, x, label, group
    )
    x, label, group = x[:filled], label[:filled], group[:filled]
    return fit_fusion(x, label, group, np.where(label, 1.0, float(thin)))
