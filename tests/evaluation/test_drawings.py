"""Pictures are files of the same bytes for the same numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillfirst.evaluation.drawings import draw_curves, draw_reliability

pytest.importorskip("matplotlib")
BINS = [{"candidates": 10, "probability": 0.2, "true": 0.3}, {"candidates": 5, "probability": 0.8, "true": 0.7}]


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = (draw_reliability({"tags": BINS}, tmp_path / f"{i}" / "r.svg", "Reliability") for i in range(2))
    assert one.read_bytes() == two.read_bytes()
    assert b"Reliability" in one.read_bytes() or b"<svg" in one.read_bytes()


def test_a_curve_without_points_and_one_point(tmp_path: Path) -> None:
    lines = {"nDCG@10": [(100, 0.4, 0.3, 0.5)], "R@10": []}
    path = draw_curves(lines, tmp_path / "c.svg", "Learning curve", "members", "quality")
    assert "<svg" in path.read_text()
