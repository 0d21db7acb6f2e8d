"""Charts as inline SVG: shapes and presentation attributes only, so that the strict policy lets them be."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT, EDGE = 520, 120, 6


def trend(values: Sequence[float], labels: Sequence[str], name: str) -> Markup:
    """One bar a run, oldest first, the last one lit; a title on each for the pointer, the name for a reader."""
    if not values:
        return Markup("")
    top = max(*values, 1e-09)
    step = (WIDTH - 2 * EDGE) / max(len(values), 8)
    bars = []
    for i, (value, label) in enumerate(zip(values, labels, strict=True)):
        height = max(2.0, (HEIGHT - 24) * value / top)
        kind = "chart-last" if i == len(values) - 1 else "chart-bar"
        bars.append(
            f'<rect class="{kind}" x="{EDGE + i * step:.1f}" y="{HEIGHT - height:.1f}" width="{step * 0.72:.1f}" '
            f'height="{height:.1f}" rx="3"><title>{escape(label)}</title></rect>'
        )
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">'
        f"{''.join(bars)}</svg>"
    )


def share(value: float, name: str) -> Markup:
    """A share of one as a bar. `value`: 0 to 1."""
    width = round(100 * min(max(value, 0.0), 1.0), 1)
    return Markup(
        f'<svg class="bar" width="100%" height="8" role="img" aria-label="{escape(name)}">'
        f'<rect class="bar-back" width="100%" height="8" rx="4"/>'
        f'<rect class="bar-fill" width="{width}%" height="8" rx="4"/></svg>'
    )
