"""A world in which every rule of the loop has something to do."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.kernel.catalogue import build_catalogue
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.member_document import DOCUMENT, INFERRED, documents
from skillfirst.tables.schemas import LEVELS
from skillfirst.tables.vocabulary import Vocabulary

DAY = dt.date(2026, 6, 1)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
NOW = int(NOON.timestamp())
TONGUES = [[], ["en"], ["de", "en"], ["fr"], ["xx", "de-AT", "fr"], ["de", "fr", "es", "en"]]


def busy_catalogue(rng, courses, skills, days, draw):
    """Courses with everything a rule may ask for; many share a day, a set of skills or a series."""
    names = [f"s{i:05d}" for i in range(skills)]
    titles = [f"t{i}" for i in range(4)]
    taxonomy = Taxonomy.from_tables(
        {
            "skills": pa.table({"skill_id": names, "name": names}),
            "titles": pa.table({"title_id": titles, "name": titles, "family": ["f0", "f0", "f1", None]}),
        }
    )
    sets = [draw(rng.integers(1, 14)) for _ in range(max(courses * 6 // 10, 1))]
    ids = [f"c{rng.integers(10**9):09d}{i:06d}" for i in range(courses)]

    def some(share, make):
        return [make() if rng.random() < share else None for _ in ids]

    table = pa.table(
        {
            "course_id": ids,
            "title": [f"title {rng.integers(courses)}" for _ in ids],
            "created_on": pa.array(some(0.95, lambda: DAY - dt.timedelta(int(rng.integers(-3, days)))), pa.date32()),
            "category": pa.array(some(0.8, lambda: f"k{rng.integers(3)}"), pa.string()),
            "language": [("en", "de", "fr-CA", "en-GB")[rng.choice(4, p=[0.6, 0.2, 0.1, 0.1])] for _ in ids],
            "level": pa.array(some(0.75, lambda: LEVELS[rng.integers(3)]), pa.string()),
            "duration_minutes": pa.array(some(0.7, lambda: float(rng.integers(5, 90))), pa.float64()),
            "series_id": pa.array(some(0.3, lambda: f"z{rng.integers(courses // 6 + 1)}"), pa.string()),
            "retired": [bool(rng.random() < 0.05) for _ in ids],
        }
    )
    rows = [(c, names[s], float(rng.choice([1.0, 0.5, 0.9]))) for c in ids for s in sets[rng.integers(len(sets))]]
    tags = pa.table(
        {
            "course_id": [r[0] for r in rows], "skill_id": [r[1] for r in rows],
            "weight": pa.array([r[2] for r in rows], pa.float32()), "source": ["t"] * len(rows),
            "evidence": [""] * len(rows),
        }
    )  # fmt: skip
    return build_catalogue(table, taxonomy, tags, Vocabulary.sorted(["i0", "i1", "i2"]))


def busy_member(rng, i, courses, most, draw):
    """One document as a dictionary: a bit of everything, in the order documents keep."""
    skill = draw(rng.integers(0, most))
    inferred = [s for s in draw(rng.integers(0, 12)) if s not in skill]
    predicted = draw(rng.integers(0, 5))
    done = {(int(rng.integers(courses)), int(rng.choice([1, 2, 2, 2, 3, 4, 5, 6, 7]))) for _ in range(rng.integers(12))}
    done = sorted(done | {(c, 7) for c, kind in done if kind == 6 and rng.random() < 0.3})
    seen = sorted(
        (NOW - int(rng.integers(30 * 86_400)), int(rng.integers(courses)), int(rng.integers(1, 3)))
        for _ in range(rng.integers(60))
    )
    title, target = ([int(rng.integers(4))] if rng.random() < share else [] for share in (0.7, 0.4))
    return {
        "member_id": f"m{i:05d}", "now": NOON + dt.timedelta(days=int(rng.integers(-2, 1))),
        "title": title, "title_weight": [1.0] * len(title),
        "target_title": target, "target_title_weight": [1.0] * len(target),
        "industry": (None, "i0", "i1", "unknown")[rng.integers(4)], "languages": TONGUES[rng.integers(6)],
        "level": int(rng.integers(4)), "skill": skill, "skill_source": [1] * len(skill),
        "wanted": draw(rng.integers(0, 4)), "refused": draw(rng.integers(0, 2)),
        "course": [c for c, _ in done], "course_kind": [k for _, k in done],
        "course_time": [NOW - int(rng.integers(40 * 86_400)) for _ in done],
        "course_seconds": [int(rng.integers(4000)) if k == 2 else 0 for _, k in done],
        "seen_time": [s[0] for s in seen], "seen_course": [s[1] for s in seen], "seen_channel": [s[2] for s in seen],
        "seen_slot": [int(rng.integers(1, 12)) for _ in seen],
        "inferred_skill": inferred, "inferred_weight": rng.random(len(inferred)).astype(np.float32).tolist(),
        "inferred_source": rng.choice([8, 16, 32, 64, 24, 40], len(inferred)).tolist(),
        "predicted_skill": predicted, "predicted_weight": rng.random(len(predicted)).astype(np.float32).tolist(),
        "predicted_source": rng.choice([128, 256, 384], len(predicted)).tolist(),
    }  # fmt: skip


def busy_world(seed, members, courses, skills, most, days=60, tail=3):
    """(catalogue, documents with inferred columns). `tail`: 3 is a heavy skew of skills, 30 a light one."""
    rng = np.random.default_rng(seed)
    popularity = 1.0 / (np.arange(skills) + tail)
    order = rng.permutation(skills)

    def draw(n):
        return sorted(set(order[rng.choice(skills, size=n, p=popularity / popularity.sum())].tolist()))

    catalogue = busy_catalogue(rng, courses, skills, days, draw)
    people = [busy_member(rng, i, courses, most, draw) for i in range(members)]
    known = documents(members, **{f.name: [p[f.name] for p in people] for f in DOCUMENT if f.name in people[0]})
    inferred = [pa.array([p[f.name] for p in people], f.type) for f in INFERRED]
    return catalogue, pa.RecordBatch.from_arrays([*known.columns, *inferred], schema=pa.schema([*DOCUMENT, *INFERRED]))


@pytest.fixture(name="busy_world", scope="session")
def _busy_world():
    """The function above: (seed, members, courses, skills, most, days, tail) -> (catalogue, documents)."""
    return busy_world
