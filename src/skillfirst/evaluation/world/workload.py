"""Arrays to measure the kernel on: members, courses and skills with the skew, topics and repeated sets of real ones.

The generator of the performance notes: 35,000 skills of popularity 1 / (rank + 3) in 300 topics; a member draws 70 %
of the skills from 3 topics, a course 60 % from one; 5 to 40 explicit draws (weight 1) and 20 inferred ones (weight
0.05 to 0.90), duplicates merged; 40 % of the courses re-use another course's skill set, half of those with new
weights; 0 to 50 courses watched. Generators without skew, topics and repeated sets hide everything that matters.

What the notes leave open (the skew within a topic, how courses draw outside their topic) was set so that the figures
they report are met. Heavy, 10,000 courses, ours against theirs: 28.7 / 28.7 skills a member, most common skill held by
30 / 29 %, 6.2 / 6.3 skills a course, 2,480 / 2,732 postings and 2,100 / 2,355 courses touched by a member, 252 / 304
of them with two skills or more. Light: 1,030 / 910 postings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from skillfirst.errors import UsageError
from skillfirst.evaluation.world.samplers import pairs, spread, stack, stream
from skillfirst.tables.sparse import Csr

SKILLS, TOPICS = 35_000, 300
TAIL = {"heavy": 3.0, "light": 10.0}
COURSE_TAIL = {"heavy": 0.0, "light": 10.0}
TOPIC_POWER = 1.3  # popularity within a topic is the popularity over all to this power
MEMBER_TOPICS, MEMBER_FROM_TOPICS, COURSE_FROM_TOPIC = 3, 0.70, 0.60
EXPLICIT_LEAST, EXPLICIT_MOST, INFERRED = 5, 40, 20
COURSE_DRAWS_LEAST, COURSE_DRAWS_MOST = 2, 14
REUSED = 0.40
WATCHED_MOST = 50
CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class Workload:
    """`member_skills`: members x skills, float32 weights, 1 where `explicit`. `course_skills`: courses x skills,
    weights 0.3 to 1. `created`: int32, days since 1970. `watched`: members x courses, no values. `explicit`: bool,
    parallel to the entries of `member_skills`. Courses are in no particular order.
    """

    member_skills: Csr
    explicit: npt.NDArray[np.bool_]
    course_skills: Csr
    created: npt.NDArray[np.int32]
    watched: Csr


class Skills:
    """Popularity of skills over all, the same for courses, and within topics; draws search cumulative sums."""

    def __init__(self, skills: int, topics: int, skew: str, rng: np.random.Generator) -> None:
        popularity = 1.0 / (np.arange(skills) + 1.0 + TAIL[skew])
        self.code = rng.permutation(skills).astype(np.int32)
        topic = rng.integers(0, topics, skills)
        self.order = np.argsort(topic, kind="stable")
        self.for_members = np.cumsum(popularity)
        self.for_courses = np.cumsum(1.0 / (np.arange(skills) + 1.0 + COURSE_TAIL[skew]))
        running = np.concatenate([[0.0], np.cumsum(popularity[self.order] ** TOPIC_POWER)])
        ends = np.cumsum(np.bincount(topic, minlength=topics))
        self.before = running[ends - np.bincount(topic, minlength=topics)]
        self.total = running[ends] - self.before
        self.inside = running[1:]
        self.topics = topics

    def anywhere(
        self, cumulative: npt.NDArray[np.float64], size: int, rng: np.random.Generator
    ) -> npt.NDArray[np.int32]:
        """Skills by `for_members` or `for_courses`."""
        at = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
        return np.asarray(self.code[np.minimum(at, len(cumulative) - 1)], np.int32)

    def within(self, topic: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int32]:
        """One skill of each of the topics; an empty topic gives any skill."""
        at = np.searchsorted(self.inside, self.before[topic] + rng.random(len(topic)) * self.total[topic], side="right")
        return np.asarray(self.code[self.order[np.minimum(at, len(self.order) - 1)]], np.int32)


def workload(
    members: int, courses: int, skew: Literal["heavy", "light"] = "heavy", seed: int = 7, *, skills: int = SKILLS
) -> Workload:
    """The seeded workload; raises UsageError on an unknown skew. About a minute and 1.2 GB for a million members."""
    if skew not in TAIL:
        raise UsageError(f"there is no skew {skew!r}", next_step="It is heavy or light.")
    taxonomy = Skills(skills, min(TOPICS, skills), skew, stream(seed, 20))
    course_skills, created = draw_courses(taxonomy, courses, skills, stream(seed, 21))
    profiles, marks, seen = [], [], []
    for start in range(0, max(members, 1), CHUNK):
        rng = stream(seed, 22, start // CHUNK)
        size = min(CHUNK, members - start)
        rows, explicit = draw_members(taxonomy, size, skills, rng)
        profiles.append(rows)
        marks.append(explicit)
        seen.append(draw_watched(size, courses, rng))
    return Workload(stack(profiles), np.concatenate(marks), course_skills, created, stack(seen))


def draw_courses(
    taxonomy: Skills, size: int, skills: int, rng: np.random.Generator
) -> tuple[Csr, npt.NDArray[np.int32]]:
    """Skill sets, 40 % of them copied from a course with a set of its own, and days of creation over six years."""
    place, _ = spread(rng.integers(COURSE_DRAWS_LEAST, COURSE_DRAWS_MOST + 1, size))
    topic = rng.integers(0, taxonomy.topics, size)[place]
    near = rng.random(len(place)) < COURSE_FROM_TOPIC
    skill = np.where(near, taxonomy.within(topic, rng), taxonomy.anywhere(taxonomy.for_courses, len(place), rng))
    fresh = Csr.from_pairs(place, skill, 0.3 + 0.7 * rng.random(len(place)), (size, skills))
    copied = rng.random(size) < REUSED
    originals = np.flatnonzero(~copied)
    source = np.arange(size)
    if len(originals):
        source[copied] = originals[rng.integers(0, len(originals), int(copied.sum()))]
    row, column, weight = pairs(fresh, source)
    anew = (copied & (rng.random(size) < 0.5))[row]
    weight = np.where(anew, 0.3 + 0.7 * rng.random(len(row)), weight)
    created = (18_000 + rng.integers(0, 2190, size)).astype(np.int32)
    return Csr.from_pairs(row, column, weight, (size, skills)), created


def draw_members(
    taxonomy: Skills, size: int, skills: int, rng: np.random.Generator
) -> tuple[Csr, npt.NDArray[np.bool_]]:
    """One chunk of profiles and which entries are explicit; a skill drawn twice keeps the larger weight."""
    explicit = rng.integers(EXPLICIT_LEAST, EXPLICIT_MOST + 1, size)
    place, within = spread(explicit + INFERRED)
    topics = rng.integers(0, taxonomy.topics, (size, MEMBER_TOPICS))
    topic = topics[place, rng.integers(0, MEMBER_TOPICS, len(place))]
    near = rng.random(len(place)) < MEMBER_FROM_TOPICS
    skill = np.empty(len(place), np.int32)
    skill[near] = taxonomy.within(topic[near], rng)
    skill[~near] = taxonomy.anywhere(taxonomy.for_members, int((~near).sum()), rng)
    inferred = within >= explicit[place]
    weight = np.where(inferred, 0.05 + 0.85 * rng.random(len(place)), 1.0)
    rows = merged(place, skill, weight, size, skills)
    assert rows.values is not None
    return rows, rows.values == 1.0


def merged(
    place: npt.NDArray[np.int64], skill: npt.NDArray[np.int32], weight: npt.NDArray[Any], size: int, skills: int
) -> Csr:
    """As Csr.from_pairs, by one sort of one integer an entry: row, column, falling weight in 1/1024."""
    quantised = np.round(weight * 1024).astype(np.int64)
    key = ((place * skills + skill) << 11) | (1024 - quantised)
    key.sort()
    keep = np.concatenate([[True], (key[1:] >> 11) != (key[:-1] >> 11)]) if len(key) else np.zeros(0, bool)
    key = key[keep]
    pair = key >> 11
    row = pair // skills
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=size))]).astype(np.int64)
    values = ((1024 - (key & 2047)) / 1024).astype(np.float32)
    return Csr(offsets, (pair - row * skills).astype(np.int32), values, skills)


def draw_watched(size: int, courses: int, rng: np.random.Generator) -> Csr:
    """0 to 50 courses a member, any of them."""
    place, _ = spread(rng.integers(0, min(WATCHED_MOST, courses) + 1, size))
    key = np.unique(place * courses + rng.integers(0, max(courses, 1), len(place)))
    row = key // max(courses, 1)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=size))]).astype(np.int64)
    return Csr(offsets, (key - row * courses).astype(np.int32), None, courses)
