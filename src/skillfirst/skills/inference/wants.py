"""What members said or showed that they want to learn, counted batch by batch and learned from once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from skillfirst.skills.inference import net
from skillfirst.skills.inference.counts import columns_of
from skillfirst.skills.inference.fitting import dense, net_members, profile_columns
from skillfirst.skills.inference.profiles import Profiles, read_profiles
from skillfirst.skills.inference.sampling import Hashes, hash_ids
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.inference.tables import InterestTables, places_of
from skillfirst.tables.member_document import ENGAGED
from skillfirst.tables.sparse import Csr

TAUGHT = 0.5  # a course's skill counts as wanted by who chose the course if the course teaches it more likely than not


@dataclass(frozen=True, slots=True)
class WantCounts:
    """The members with the smallest hashes among those who want anything; at most `sample` of them are kept.

    `members`: how many want anything. `skill_members`: int64, S, how many want each skill.
    """

    members: int
    skill_members: npt.NDArray[np.int64]
    hashes: Hashes
    documents: pa.RecordBatch
    sample: int


def wants(profiles: Profiles, course_skills: Csr) -> Csr:
    """Members x skills: stated interests, and what the chosen courses teach, less what the member holds.

    Chosen: clicked, watched, enrolled, completed or bookmarked.
    """
    offsets, course, kind, _, _ = profiles.course
    chosen = np.isin(kind, [int(k) for k in ENGAGED]) & (course < len(course_skills))
    lengths = np.diff(course_skills.offsets)
    room = len(profiles.wanted[1]) + int(lengths[course[chosen]].sum())
    taught = np.asarray(course_skills.weights) >= TAUGHT
    rows, skills = _wanted_rows(
        profiles.held.offsets, profiles.held.indices, *profiles.wanted, offsets, course, chosen,
        np.asarray(course_skills.offsets), np.asarray(course_skills.indices), taught, course_skills.width, room,
    )  # fmt: skip
    return Csr(rows, skills, None, course_skills.width)


@njit(cache=True, nogil=True)
def _wanted_rows(
    held_offsets: Any, held: Any, wanted_offsets: Any, wanted: Any, course_offsets: Any, course: Any, chosen: Any,
    teach_offsets: Any, teach: Any, taught: Any, skills: Any, room: Any,
) -> Any:  # fmt: skip
    members = len(held_offsets) - 1
    last = np.zeros(skills, np.int32)  # the member, from 1, whose row has the skill or need not have it
    offsets = np.zeros(members + 1, np.int64)
    out = np.empty(room, np.int32)
    made = 0
    for i in range(members):
        for j in range(held_offsets[i], held_offsets[i + 1]):
            last[held[j]] = i + 1
        for j in range(wanted_offsets[i], wanted_offsets[i + 1]):
            if last[wanted[j]] != i + 1:
                last[wanted[j]] = i + 1
                out[made] = wanted[j]
                made += 1
        for j in range(course_offsets[i], course_offsets[i + 1]):
            if not chosen[j]:
                continue
            for t in range(teach_offsets[course[j]], teach_offsets[course[j] + 1]):
                if taught[t] and last[teach[t]] != i + 1:
                    last[teach[t]] = i + 1
                    out[made] = teach[t]
                    made += 1
        out[offsets[i] : made].sort()
        offsets[i + 1] = made
    return offsets, out[:made]


def count_wants(batch: pa.RecordBatch, course_skills: Csr, settings: Inference) -> WantCounts:
    """The statistics of one batch of documents."""
    wanted = wants(read_profiles(batch, course_skills.width), course_skills)
    speaks = np.flatnonzero(np.diff(wanted.offsets))
    hashes = hash_ids(batch.column("member_id"))[speaks]
    order = np.argsort(hashes, kind="stable")[: settings.interest_documents]
    documents = columns_of(batch).take(pa.array(speaks[order]))
    members = np.bincount(wanted.indices, minlength=course_skills.width).astype(np.int64)
    return WantCounts(len(speaks), members, hashes[order], documents, settings.interest_documents)


def merge_wants(a: WantCounts, b: WantCounts) -> WantCounts:
    """The statistics of both parts; associative."""
    hashes = np.concatenate([a.hashes, b.hashes])
    order = np.argsort(hashes, kind="stable")[: a.sample]
    documents = pa.concat_batches([a.documents, b.documents]).take(pa.array(order))
    return WantCounts(a.members + b.members, a.skill_members + b.skill_members, hashes[order], documents, a.sample)


def finish_interest(counts: WantCounts, titles: int, course_skills: Csr, settings: Inference) -> InterestTables | None:
    """The interest model, or None where fewer than `settings.interest_minimum` members want anything.

    Up to `settings.net_skills` skills a small network learns P(want | skills, title, profile); beyond, ridge regression
    in closed form over the most wanted and most held skills. Possession is an input, never a proxy.
    """
    if counts.members < settings.interest_minimum:
        return None
    skills = course_skills.width
    profiles = read_profiles(counts.documents, skills)
    held = np.bincount(profiles.held.indices, minlength=skills)
    wanting = counts.skill_members
    active: npt.NDArray[np.int32] = np.flatnonzero(
        (held >= settings.anonymity) | (wanting >= settings.anonymity)
    ).astype(np.int32)
    if len(active) > settings.interest_skills:
        order = np.lexsort((active, -np.maximum(held, wanting)[active]))
        active = np.sort(active[order[: settings.interest_skills]])
    columns = profile_columns(profiles, titles)
    place = places_of(active, skills)
    linear = len(active) > settings.net_skills
    members = len(profiles) if linear else net_members(len(profiles), len(active), columns, settings)
    profiles = read_profiles(counts.documents.slice(0, members), skills)
    shown = _placed(profiles.held, place, len(active))
    target = _placed(wants(profiles, course_skills), place, len(active))
    offsets, columns_of_rows, values = columns.encode(profiles)
    side = Csr(offsets, columns_of_rows, values, columns.width)
    if linear:
        weights = _ridge(shown, side, target, settings.interest_lambda)
    else:
        drop, l2 = settings.interest_dropout, settings.interest_l2
        full = [dense(x.offsets, x.indices, x.values, x.width) for x in (shown, side, target)]
        weights = net.train(full[0], full[1], full[2], settings, dropout=drop, l2=l2)
    # a skill nobody was seen to want is never predicted
    known = wanting[active] >= settings.anonymity
    return InterestTables(active, known, weights, columns, np.array(linear))


def _placed(rows: Csr, place: npt.NDArray[np.int32], width: int) -> Csr:
    """The rows over the active skills alone, with weight 1."""
    at = place[rows.indices]
    owner = np.repeat(np.arange(len(rows)), np.diff(rows.offsets))[at >= 0]
    return Csr.from_pairs(owner, at[at >= 0], None, (len(rows), width))


def _ridge(shown: Csr, side: Csr, target: Csr, regularisation: float) -> net.Net:
    """Least squares of the wants on skills shown and profile columns, L2 `regularisation`, as a network without a
    hidden layer whose output is the probability itself. Sparse until the normal equations: members add no memory."""
    from scipy import sparse

    def matrix(rows: Csr) -> sparse.csr_array:
        values = rows.weights.astype(np.float64)
        return sparse.csr_array((values, rows.indices, rows.offsets), shape=(len(rows), rows.width))

    x, y = sparse.hstack([matrix(shown), matrix(side)], format="csr"), matrix(target)
    mean = np.asarray(y.sum(axis=0)) / max(len(target), 1)
    gram = (x.T @ x).toarray()
    gram[np.diag_indices_from(gram)] += regularisation
    weights = np.linalg.solve(gram, (x.T @ y).toarray() - np.outer(np.asarray(x.sum(axis=0)), mean))
    empty = np.zeros((len(gram), 0), np.float32)
    return net.Net(
        mean.astype(np.float32),
        np.ascontiguousarray(weights, np.float32),
        empty,
        np.zeros(0, np.float32),
        np.zeros((0, target.width), np.float32),
    )
