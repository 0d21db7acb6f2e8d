"""Catalogues and taxonomies of any size, for benchmarks and for tests that need no packaged tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa

from skillfirst.evaluation.world.ground import Ground, course_arrays, days, skill_codes
from skillfirst.evaluation.world.log import chosen, numbered
from skillfirst.evaluation.world.samplers import categorical, pairs, spread, stream
from skillfirst.tables.schemas import COURSES, LEVELS
from skillfirst.tables.sparse import Csr
from skillfirst.tables.vocabulary import Vocabulary

# As in the workload the notes measured on: 40 % of a catalogue re-uses another course's skill set.
REUSED = 0.40
SKILLS_MEAN = 5.3  # further skills of a course; with the first one 6.3
PATTERNS = (
    "{} essential training", "Learning {}", "{} in practice", "{}: the first steps", "Advanced {}",
    "{} for busy people", "{} step by step", "A field guide to {}", "{} case studies", "Mastering {}",
)  # fmt: skip
SYLLABLES = ("ba", "ri", "to", "len", "ka", "mo", "dis", "ver", "tal", "nu", "pe", "sor", "gam", "li", "fon", "ces")


def invent_ground(
    skills: int = 60, titles: int = 8, courses: int = 60, seed: int = 1, day: date = date(2025, 1, 6)
) -> Ground:
    """A small or huge ground without any packaged table: skills named by syllables in topics of about 12."""
    rng = stream(seed, 10)
    width = max(5, len(str(skills)))
    vocabulary = Vocabulary([f"s{i:0{width}d}" for i in range(skills)])
    names = [syllables(i) for i in range(skills)]
    topics = max(1, skills // 12)
    parents = Csr.from_pairs(
        np.arange(topics, skills), np.arange(topics, skills) % topics, None, (skills, skills)
    )  # the first skills stand for the topics
    place, _ = spread(np.full(titles, min(12, max(1, skills // 2))))
    topic = (np.arange(titles) % topics)[place]
    near = rng.random(len(place)) < 0.8
    skill = np.where(near, (topic + topics * rng.integers(0, max(1, skills // topics), len(place))) % skills,
                     rng.integers(0, skills, len(place)))  # fmt: skip
    title_skills = Csr.from_pairs(place, skill, 0.2 + 0.8 * rng.random(len(place)), (titles, skills))
    families = max(1, titles // 3)
    ground = Ground(
        skills=vocabulary,
        skill_names=names,
        skill_aliases=[[] for _ in names],
        skill_parents=parents,
        titles=Vocabulary([f"t{i:05d}" for i in range(titles)]),
        title_names=[f"{syllables(i)} specialist" for i in range(titles)],
        title_aliases=[[] for _ in range(titles)],
        title_family=(np.arange(titles) % families).astype(np.int32),
        title_skills=title_skills,
        families=[f"f{i}" for i in range(families)],
        **course_arrays(COURSES.schema.empty_table(), {}, parents),
    )
    return invent_catalogue(ground, courses, seed, day)


def invent_catalogue(ground: Ground, courses: int = 10_000, seed: int = 7, day: date = date(2025, 1, 6)) -> Ground:
    """The ground with as many invented courses added as are missing to `courses`; ids `invented-000001` onwards.

    Skills of a course: the first by popularity 1 / (rank + 3), 60 % of the others related to it, the rest popular;
    on average 6.3. 40 % of the new courses re-use the skill set of another course.
    """
    more = courses - len(ground.courses)
    if more <= 0:
        return ground
    rng = stream(seed, 11)
    sets = skill_sets(ground, more, rng)
    added = describe(ground, sets, rng, days(day), len(ground.courses))
    return replace_courses(ground, pa.concat_tables([ground.courses, added]))


def replace_courses(ground: Ground, courses: pa.Table) -> Ground:
    """The same skills and titles under other courses."""
    known = skill_codes(ground.skills, ground.skill_names, ground.skill_aliases)
    return replace(ground, **course_arrays(courses, known, ground.skill_parents, ground.top))


def skill_sets(ground: Ground, size: int, rng: np.random.Generator) -> Csr:
    """`size` sets of skills: courses x skills, no values."""
    skills = len(ground.skills)
    popularity = 1.0 / (rng.permutation(skills) + 3.0)
    place, within = spread(1 + np.minimum(rng.poisson(SKILLS_MEAN, size), 14))
    common = categorical(popularity, len(place), rng).astype(np.int32)
    main = common[within == 0]
    near = ground.skill_near.draw(main[place], rng)
    skill = np.where((within > 0) & (rng.random(len(place)) < 0.6) & (near >= 0), near, common)
    fresh = Csr.from_pairs(place, skill, None, (size, skills))
    copied = np.flatnonzero(rng.random(size) < REUSED)
    originals = np.setdiff1d(np.arange(size), copied)
    if not len(originals):
        return fresh
    source = np.arange(size)
    source[copied] = originals[rng.integers(0, len(originals), len(copied))]
    row, column, _ = pairs(fresh, source)
    return Csr.from_pairs(row, column, None, (size, skills))


def describe(ground: Ground, sets: Csr, rng: np.random.Generator, day: int, before: int) -> pa.Table:
    """Rows of the COURSES schema for the given skill sets, created in the six years before `day`."""
    size = len(sets)
    names = list(ground.skill_names)
    first = sets.indices[sets.offsets[:-1]]
    pattern = rng.integers(0, len(PATTERNS), size)
    words = [[names[k] for k in sets.row(i)] for i in range(size)]
    topic = rng.integers(0, 1 << 30, size)
    leads = [w[t % len(w)] for w, t in zip(words, topic.tolist(), strict=True)]
    columns: dict[str, pa.Array] = {
        "course_id": numbered(np.arange(before, before + size) + 1, "invented-"),
        "title": pa.array([PATTERNS[p].format(lead) for p, lead in zip(pattern.tolist(), leads, strict=True)]),
        "created_on": pa.array((day - 1 - rng.integers(0, 2190, size)).astype(np.int32)).cast(pa.date32()),
        "description": pa.array([f"A course on {', '.join(w)}." for w in words]),
        "category": chosen(names, first),
        "author": numbered(rng.integers(1, max(2, size // 12), size), "Author "),
        "language": chosen(("en", "de", "fr", "es", "ja"), categorical([80, 6, 5, 5, 4], size, rng)),
        "level": chosen(LEVELS, categorical([40, 40, 20], size, rng)),
        "duration_minutes": pa.array(np.round(np.exp(rng.normal(4.2, 0.7, size)))),
        "skills": pa.array(words),
    }
    return pa.Table.from_arrays(
        [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(size, f.type) for f in COURSES],
        schema=COURSES.schema,
    )


def syllables(number: int) -> str:
    """A pronounceable name, different for each number."""
    word = ""
    number += len(SYLLABLES)
    while number:
        number, rest = divmod(number, len(SYLLABLES))
        word = SYLLABLES[rest] + word
    return word.capitalize()
