"""The fitted discount against the data, as a small SVG that stands inside a page. No fonts, scripts or links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

import numpy as np

from skillfirst.feedback.discount import Discount, discount
from skillfirst.feedback.fit_discount import Bin

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 56, 16, 36, 48  # px
COLOURS = ("#0a66c2", "#b24020", "#44712e")


def curve_svg(
    bins: Sequence[Bin], curves: Sequence[tuple[str, Discount]], title: str = "Click rate of a course seen before"
) -> str:
    """Bins (dots with 95 % bars) and curves (name, settings) over exposure n, as one <svg> element.

    An aggregate needs more than n; it is drawn at a last sight of three days ago, slot 1 and eight active days.
    """
    top_n = max([b.n for b in bins] + [4.0]) * 1.05
    grid = np.linspace(0.0, top_n, 161)
    lines = [(name, discount(grid, 3.0, 1.0, 8.0, replace(s))) for name, s in curves]
    highest = max(
        [1.0] + [b.ratio + 1.96 * b.error for b in bins if b.impressions] + [float(v.max()) for _, v in lines]
    )
    top_y = min(max(1.2, highest * 1.05), 3.0)

    def x(n: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * n / top_n, 2)

    def y(v: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(v, 0.0), top_y) / top_y, 2)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for v in np.arange(0.0, top_y + 1e-9, 0.25):
        dash = "" if abs(v - 1) < 1e-9 else ' stroke-dasharray="2 3"'
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v)}" y2="{y(v)}" stroke="#bbb"{dash}/>')
        out.append(f'<text x="{LEFT - 6}" y="{y(v) + 4}" text-anchor="end">{v:g}</text>')
    step = 1 if top_n <= 12 else int(np.ceil(top_n / 10))
    for n in range(0, int(top_n) + 1, step):
        out.append(f'<text x="{x(n)}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{n}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    below = "exposure n (views in slot 1, fading with time)"
    out.append(f'<text x="{middle:g}" y="{HEIGHT - 10}" text-anchor="middle">{below}</text>')
    for k, (name, values) in enumerate(lines):
        colour = COLOURS[k % len(COLOURS)]
        points = " ".join(f"{x(float(n))},{y(float(v))}" for n, v in zip(grid[1:], values[1:], strict=True))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(
            f'<text x="{WIDTH - RIGHT}" y="{TOP + 14 + 16 * k}" text-anchor="end" fill="{colour}">{escape(name)}</text>'
        )
    for b in bins:
        low, high = y(b.ratio - 1.96 * b.error), y(b.ratio + 1.96 * b.error)
        tip = (
            f"n = {b.n:.2f}: {b.clicks:,} clicks on {b.impressions:,} impressions, {b.ratio:.2f} of a first view's rate"
        )
        out.append(f'<g stroke="#222"><title>{tip}</title><line x1="{x(b.n)}" x2="{x(b.n)}" y1="{low}" y2="{high}"/>')
        out.append(f'<circle cx="{x(b.n)}" cy="{y(b.ratio)}" r="3.5" fill="#222"/></g>')
    out.append("</svg>")
    return "\n".join(out)
