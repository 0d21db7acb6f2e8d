"""The evaluation: its split, its metrics by hand, its report beside the baselines, its plots."""

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.errors import DataError
from skillfirst.evaluation.tagging import draw_plots, evaluate_tagging, measure, split, title_hash
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.sparse import Csr

WORDS = {"java": "class object compile", "sql": "query table rows", "welding": "torch steel seam"}


@pytest.fixture
def taxonomy():
    return Taxonomy.from_tables({"skills": pa.table({"skill_id": sorted(WORDS), "name": sorted(WORDS)})})


@pytest.fixture
def courses():
    about = [sorted(WORDS)[i % 3] for i in range(60)]
    return pa.table(
        {
            "course_id": [f"c{i:03d}" for i in range(60)],
            "title": [f"{WORDS[s].split()[0]} {i}" for i, s in enumerate(about)],
            "description": [WORDS[s] for s in about],
            "skills": pa.array([[s] for s in about], pa.list_(pa.string())),
        }
    )


def test_the_split_follows_the_title_and_drops_repeats(courses, taxonomy):
    assert title_hash(" Java ") == title_hash("java")
    twice = pa.concat_tables([courses, courses.set_column(0, "course_id", [[f"d{i}" for i in range(60)]])])
    train, test = split(twice, taxonomy)
    assert len(train) + len(test) == 60
    assert all(title_hash(t) < 60 for t in train["title"].to_pylist())
    assert all(title_hash(t) >= 60 for t in test["title"].to_pylist())
    with pytest.raises(DataError, match="known tag"):
        split(courses.set_column(3, "skills", pa.array([[]] * 60, pa.list_(pa.string()))), taxonomy)


def test_metrics_by_hand(taxonomy):
    test = pa.table({"course_id": ["a", "b"]})
    truth = Csr.from_pairs([0, 0, 1], [0, 1, 2], None, (2, 3))
    candidates = pa.table(
        {
            "course_id": ["a", "a", "a", "b"],
            "skill_id": ["java", "welding", "sql", "java"],
            "probability": [0.9, 0.8, 0.6, 0.5],
        }
    )
    seen = np.array([True, False, True])
    metrics = measure(candidates, test, truth, taxonomy, seen, threshold=0.6, draws=20)
    assert metrics["P@1"][0] == 0.5
    assert metrics["P@5"][0] == pytest.approx((2 / 5 + 0) / 2)
    assert metrics["R@10"][0] == 0.5
    assert metrics["R-precision"][0] == 0.25
    assert metrics["nDCG@10"][0] == pytest.approx((1 + 0.5) / (1 + 1 / np.log2(3)) / 2, abs=1e-4)
    assert metrics["micro-F1"][0] == pytest.approx(2 * 2 / (3 + 3), abs=1e-4)
    assert (metrics["seen R@10"], metrics["unseen R@10"]) == (0.5, 1.0)
    low, high = metrics["R@10"][1:]
    assert low <= 0.5 <= high


def test_the_report_stands_beside_its_baselines(courses, taxonomy, tmp_path):
    report = evaluate_tagging(courses, taxonomy, learning_curve=True, draws=20)
    quality = {name: m["nDCG@10"][0] for name, m in report["methods"].items()}
    assert quality["ours"] > 0.95 > quality["popularity"]
    assert quality["ours"] > quality["formula, no labels"] >= quality["name match"]
    assert report["learning_curve"][0]["labelled_courses"] == 0
    assert report["learning_curve"][-1]["labelled_courses"] == report["train_courses"]
    pytest.importorskip("matplotlib")
    drawn = draw_plots(report, tmp_path)
    assert [p.name for p in drawn] == ["tagging_reliability.svg", "tagging_learning_curve.svg"]
    assert all("<svg" in p.read_text() for p in drawn)
