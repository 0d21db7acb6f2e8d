"""Pictures of a trial: plain SVG that stands inside a page or a document, without fonts, scripts or links."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760  # px
GOOD, BAD, NEUTRAL, INK, FAINT = "#1f7a3d", "#b3261e", "#5f6368", "#1b1b1b", "#c9c9c9"


@dataclass(frozen=True)
class Mark:
    """One row of a picture: a value with its interval. `note` stands at the right."""

    label: str
    value: float
    low: float
    high: float
    colour: str = NEUTRAL
    note: str = ""
    heading: bool = False


def nice_step(span: float, most: int = 6) -> float:
    """1, 2 or 5 times a power of ten, so that `span` has at most `most` steps."""
    rough = max(span, 1e-12) / most
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= rough * (1 - 1e-9)))


def _per_cent(value: float, step: float) -> str:
    return f"{value:+.0%}" if step >= 0.0099 else f"{value:+.1%}"


def forest(marks: Sequence[Mark], title: str, zero: str = "no difference", label_width: int = 260) -> str:
    """Lifts with intervals, one row each, around a line at zero; headings group the rows."""
    drawn = [m for m in marks if not m.heading and math.isfinite(m.low) and math.isfinite(m.high)]
    low, high = min([-0.02, *(m.low for m in drawn)]), max([0.02, *(m.high for m in drawn)])
    low, high = max(low, -1.0), min(high, 4.0)
    step = nice_step(high - low)
    low, high = step * math.floor(low / step), step * math.ceil(high / step)
    row, top, note_width = 26, 44, 190
    height = top + row * len(marks) + 34
    left, right = label_width, WIDTH - note_width

    def x(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return round(left + (right - left) * share, 1)

    out = [_open(height, title), f'<text x="{x(0)}" y="34" text-anchor="middle" fill="{NEUTRAL}">{escape(zero)}</text>']
    for k in range(round((high - low) / step) + 1):
        v = low + k * step
        colour, width = (NEUTRAL, 1.4) if abs(v) < step / 1e6 else (FAINT, 0.7)
        out.append(_line(x(v), top - 4, x(v), height - 26, colour, width))
        words = _per_cent(v, step)
        out.append(f'<text x="{x(v)}" y="{height - 10}" text-anchor="middle" fill="{NEUTRAL}">{words}</text>')
    for k, m in enumerate(marks):
        y = top + row * k + row // 2
        if m.heading:
            out.append(f'<text x="0" y="{y + 5}" font-weight="600">{escape(m.label)}</text>')
            continue
        out.append(f'<text x="14" y="{y + 5}">{escape(m.label)}</text>')
        if math.isfinite(m.low) and math.isfinite(m.high):
            out.append(_line(x(m.low), y, x(m.high), y, m.colour, 3))
            out.append(f'<circle cx="{x(m.value)}" cy="{y}" r="5" fill="{m.colour}"/>')
        out.append(f'<text x="{WIDTH}" y="{y + 5}" text-anchor="end" fill="{m.colour}">{escape(m.note)}</text>')
    return "\n".join([*out, "</svg>"])


def bars(marks: Sequence[Mark], title: str, per_cent: bool, label_width: int = 170) -> str:
    """Levels as bars from zero with their intervals."""
    top, row = 36, 34
    height = top + row * len(marks) + 8
    edge = max([1e-9, *(m.high for m in marks if math.isfinite(m.high))])
    left, right = label_width, WIDTH - 110

    def x(value: float) -> float:
        return round(left + (right - left) * max(value, 0.0) / edge, 1)

    out = [_open(height, title)]
    for k, m in enumerate(marks):
        y = top + row * k
        shown = f"{m.value:.2%}" if per_cent else f"{m.value:,.2f}"
        out.append(f'<text x="{left - 10}" y="{y + 18}" text-anchor="end">{escape(m.label)}</text>')
        width = f"{x(m.value) - left:.1f}"
        out.append(f'<rect x="{left}" y="{y + 3}" width="{width}" height="20" rx="2" fill="{m.colour}"/>')
        out.append(_line(x(m.low), y + 13, x(m.high), y + 13, INK, 1.5))
        out.append(f'<text x="{x(m.high) + 8}" y="{y + 18}">{shown}</text>')
    return "\n".join([*out, "</svg>"])


def _open(height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="system-ui,sans-serif" font-size="13" fill="{INK}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="0" y="16" font-size="14" font-weight="600">{escape(title)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}" stroke-width="{width}"/>'
