"""A small invented catalogue whose tags follow from its words, with some noise."""

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.skills.taxonomy import Taxonomy

TOPICS = {
    "Welding": ["torch", "steel", "joint", "seam", "metal"],
    "SQL": ["query", "table", "database", "select", "rows"],
    "Java": ["class", "object", "compile", "threads", "method"],
    "Spanish": ["verbs", "speaking", "grammar", "Madrid", "conversation"],
    "Leadership": ["team", "motivate", "delegate", "feedback", "people"],
    "Baking": ["dough", "oven", "yeast", "bread", "flour"],
    "Statistics": ["variance", "sample", "estimate", "distribution", "test"],
    "Photography": ["lens", "light", "exposure", "portrait", "camera"],
}


def invented_courses(count: int, seed: int = 0) -> pa.Table:
    """Each course is about one topic, sometimes two; half of the titles name it, the texts use its words."""
    rng = np.random.default_rng(seed)
    names = sorted(TOPICS)
    rows = []
    for i in range(count):
        about = [names[j] for j in rng.choice(len(names), 1 + int(rng.random() < 0.4), replace=False)]
        words = [w for name in about for w in rng.choice(TOPICS[name], 3, replace=False)]
        title = f"{about[0]} course {i}" if rng.random() < 0.5 else f"{words[0]} and {words[1]} part {i}"
        rows.append(
            (f"c{seed}-{i:03d}", title, f"Learn about {' '.join(words)} in number {i}.", [a.lower() for a in about])
        )
    ids, titles, texts, tags = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "course_id": pa.array(ids, pa.string()),
            "title": pa.array(titles, pa.string()),
            "description": pa.array(texts, pa.string()),
            "skills": pa.array(tags, pa.list_(pa.string())),
        }
    )


@pytest.fixture
def catalogue():
    return invented_courses


@pytest.fixture
def topics():
    names = sorted(TOPICS)
    return Taxonomy.from_tables({"skills": pa.table({"skill_id": [n.lower() for n in names], "name": names})})


@pytest.fixture
def build():
    """A taxonomy from rows of (id, name, aliases, parents) and labels of (id, language, label)."""

    def make(*rows, labels=(), ambiguous=()):
        skills = {
            "skill_id": [r[0] for r in rows],
            "name": [r[1] for r in rows],
            "aliases": pa.array([list(r[2]) if len(r) > 2 else [] for r in rows], pa.list_(pa.string())),
            "parents": pa.array([list(r[3]) if len(r) > 3 else [] for r in rows], pa.list_(pa.string())),
        }
        names = {"skill_id": [], "language": [], "label": []}
        for row in labels:
            for column, value in zip(names, row, strict=True):
                names[column].append(value)
        tables = {"skills": pa.table(skills)}
        if labels:
            tables["skill_labels"] = pa.table(names)
        return Taxonomy.from_tables(tables, ambiguous=ambiguous)

    return make
