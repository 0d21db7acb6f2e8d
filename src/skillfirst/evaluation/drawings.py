"""The two pictures of every evaluation: are probabilities what they say, and what do more examples bring?

SVG files, the same bytes for the same numbers. They need the extra `plots`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from skillfirst.errors import ExtraMissing

Bins = Sequence[Mapping[str, float]]
"""As `reliability` gives them: candidates, probability, true."""
Point = tuple[float, float, float, float]
"""Place on the x axis, value, lower and upper end of its interval."""


def draw_reliability(bins: Mapping[str, Bins], path: Path, title: str) -> Path:
    """A line for each name: the share that is true over the probability said."""
    axes = _axes(title, "probability said", "share true")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    for name, rows in bins.items():
        axes.plot([r["probability"] for r in rows], [r["true"] for r in rows], marker="o", label=name)
    return _written(axes, path, legend=len(bins) > 1)


def draw_curves(lines: Mapping[str, Sequence[Point]], path: Path, title: str, x: str, y: str) -> Path:
    """A line for each name, with its intervals."""
    axes = _axes(title, x, y)
    for name, points in lines.items():
        if not points:
            continue
        place, value, low, high = ([float(v) for v in column] for column in zip(*points, strict=True))
        below = [max(0.0, v - lo) for v, lo in zip(value, low, strict=True)]
        above = [max(0.0, hi - v) for v, hi in zip(value, high, strict=True)]
        axes.errorbar(place, value, yerr=[below, above], marker="o", label=name)
    return _written(axes, path, legend=True)


def drawn(draw: Callable[[], Iterable[Path]]) -> list[str]:
    """The files that `draw` writes; none where drawing is not installed, for the numbers are worth having alone."""
    try:
        return [str(path) for path in draw()]
    except ExtraMissing:
        return []


def _axes(title: str, x: str, y: str) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ExtraMissing("drawing", "plots") from error
    axes = Figure(figsize=(6, 4), layout="constrained").add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    return axes


def _written(axes: Any, path: Path, *, legend: bool) -> Path:
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.hashsalt": "skillfirst"}):  # else the ids inside are drawn by chance
        FigureCanvasSVG(axes.figure).print_svg(str(path), metadata={"Date": None})
    return path
