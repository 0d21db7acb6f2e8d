"""Charts as inline SVG: shapes and presentation attributes only, so that the strict policy lets them be."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT, LEAST = 520, 120, 8  # room for so many runs is there from the first one on


def trend(values: Sequence[float], labels: Sequence[str], name: str) -> Markup:
    """One bar a run before the room it could fill, oldest first, the last one lit and on the right; a title on each for
    the pointer, the name for a reader."""
    if not values:
        return Markup("")
    top = max(*values, 1e-09)
    many = max(len(values), LEAST)
    step = WIDTH / many
    wide = step * 0.78
    bars = [
        f'<rect class="chart-room" x="{i * step + (step - wide) / 2:.1f}" y="0" width="{wide:.1f}" height="{HEIGHT}" '
        'rx="4"/>'
        for i in range(many)
    ]
    for i, (value, label) in enumerate(zip(values, labels, strict=True), many - len(values)):
        height = max(4.0, HEIGHT * value / top)
        kind = "chart-last" if i == many - 1 else "chart-bar"
        bars.append(
            f'<rect class="{kind}" x="{i * step + (step - wide) / 2:.1f}" y="{HEIGHT - height:.1f}" '
            f'width="{wide:.1f}" height="{height:.1f}" rx="4"><title>{escape(label)}</title></rect>'
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
