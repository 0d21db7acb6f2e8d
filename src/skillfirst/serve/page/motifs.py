"""The families of shapes of the covers. Each draws on 640 x 360 with one palette and one stream of chance."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")
W, H = 640, 360


class Palette(NamedTuple):
    """From the ground up: two ends of the ground, three inks ever farther from it, and one from across the circle."""

    ground: str
    ground_end: str
    low: str
    middle: str
    high: str
    accent: str


class Chance:
    """Numbers drawn from a text: the same text, the same numbers, on every machine."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode("utf-8", "surrogatepass")
        self._block = b""
        self._count = 0

    def _byte(self) -> int:
        if not self._block:
            self._block = hashlib.sha256(self._seed + b"\x1f%d" % self._count).digest()
            self._count += 1
        first, self._block = self._block[0], self._block[1:]
        return first

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * (self._byte() * 256 + self._byte()) / 65_535

    def whole(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return min(high, low + int(self.between(0, high - low + 1)))

    def pick(self, things: Sequence[T]) -> T:
        return things[self.whole(0, len(things) - 1)]


def _circle(x: float, y: float, r: float, fill: str, opacity: float = 1.0) -> str:
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{r:.0f}" fill="{fill}"{_faint(opacity)}/>'


def _ring(x: float, y: float, r: float, stroke: str, width: float, opacity: float = 1.0) -> str:
    faint = _faint(opacity)
    place = f'cx="{x:.0f}" cy="{y:.0f}" r="{r:.0f}"'
    return f'<circle {place} fill="none" stroke="{stroke}" stroke-width="{width:.0f}"{faint}/>'


def _box(x: float, y: float, w: float, h: float, fill: str, round_: float = 0, opacity: float = 1.0) -> str:
    corner = f' rx="{round_:.0f}"' if round_ else ""
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{h:.0f}"{corner} fill="{fill}"{_faint(opacity)}/>'


def _path(d: str, fill: str = "none", stroke: str = "", width: float = 0, opacity: float = 1.0) -> str:
    line = f' stroke="{stroke}" stroke-width="{width:.1f}" stroke-linecap="round"' if stroke else ""
    return f'<path d="{d}" fill="{fill}"{line}{_faint(opacity)}/>'


def _faint(opacity: float) -> str:
    return f' opacity="{opacity:.2f}"' if opacity < 1 else ""


def lines(c: Chance, p: Palette) -> str:
    """Code seen from afar: indented bars, one word lit."""
    out = [_circle(c.between(420, 620), c.between(-20, 120), c.between(120, 200), p.low, 0.35)]
    indent, x0 = 0, c.between(56, 110)
    lit = c.whole(2, 6)
    for row, y in enumerate(range(48, 320, 36)):
        x = x0 + indent * 44
        for word in range(c.whole(1, 3)):
            w = c.between(34, 150)
            if x + w > 590:
                break
            ink = p.accent if row == lit and word == 0 else c.pick((p.middle, p.middle, p.high, p.low))
            out.append(_box(x, y, w, 15, ink, 7.5, 1.0 if ink == p.accent else 0.85))
            x += w + 16
        indent = max(0, min(3, indent + c.pick((-1, 0, 1, 1))))
    return "".join(out)


def ridges(c: Chance, p: Palette) -> str:
    """Distributions behind one another, like hills in the mist."""
    out = [_circle(c.between(120, 520), c.between(80, 130), c.between(38, 62), p.accent, 0.95)]
    inks = (p.low, p.middle, p.low, p.middle, p.high)
    layers = 5
    for layer in range(layers):
        base = 170 + layer * 38
        peaks = [(c.between(0, W), c.between(50, 130), c.between(40, 110)) for _ in range(3)]
        points = []
        for x in range(0, W + 1, 32):
            y = base - sum(h * math.exp(-(((x - m) / s) ** 2)) for m, h, s in peaks)
            points.append((x, y))
        d = f"M0 {H}L0 {points[0][1]:.0f}"
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            d += f"C{x1 + 16} {y1:.0f} {x2 - 16} {y2:.0f} {x2} {y2:.0f}"
        out.append(_path(f"{d}L{W} {H}Z", inks[layer], opacity=0.30 + 0.13 * layer))
    return "".join(out)


def tiles(c: Chance, p: Palette) -> str:
    """Blocks of a data centre from above, stacked at random heights."""
    out = []
    size, cx = 66.0, c.between(280, 360)
    for row in range(-1, 6):
        for column in range(-5, 6):
            x = cx + (column - (row % 2) / 2) * size * 1.74
            y = 70 + row * size * 0.52
            height = c.pick((0, 0, 14, 28, 44))
            if c.between(0, 1) < 0.42 or not -90 < x < W + 90:
                continue
            y -= height
            half, up = size * 0.87, size * 0.5
            top = c.pick((p.middle, p.middle, p.high, p.accent if c.between(0, 1) < 0.3 else p.middle))
            left = f"M{x - half:.0f} {y:.0f}l{half:.0f} {up:.0f}v{height + 16}l-{half:.0f}-{up:.0f}z"
            right = f"M{x + half:.0f} {y:.0f}l-{half:.0f} {up:.0f}v{height + 16}l{half:.0f}-{up:.0f}z"
            roof = f"M{x:.0f} {y - up:.0f}l{half:.0f} {up:.0f}-{half:.0f} {up:.0f}-{half:.0f}-{up:.0f}z"
            out.append(
                _path(left, p.low, opacity=0.95) + _path(right, p.ground, opacity=0.8) + _path(roof, top, opacity=0.92)
            )
    return "".join(out)


def columns(c: Chance, p: Palette) -> str:
    """A rising row of columns with its line."""
    count = c.whole(7, 10)
    gap, width = 18, (W - 120) / count - 18
    out, points = [], []
    lit = c.whole(count // 2, count - 1)
    for i in range(count):
        height = 60 + 190 * (i / count) ** c.between(0.7, 1.3) + c.between(-26, 34)
        x = 60 + i * (width + gap)
        ink = p.accent if i == lit else (p.middle if i % 2 else p.low)
        out.append(_box(x, H - height, width, height + 20, ink, 10, 0.95))
        points.append((x + width / 2, H - height - 34))
    d = "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in points)
    out.append(_path(d, stroke=p.high, width=4, opacity=0.9))
    out += [_circle(x, y, 7, p.high) for x, y in points[:: c.whole(2, 3)]]
    return "".join(out)


def bauhaus(c: Chance, p: Palette) -> str:
    """Quarter discs and squares on a grid of 120."""
    out = []
    inks = (p.low, p.middle, p.high, p.accent, p.middle)
    for row in range(3):
        for column in range(6):
            x, y, s = column * 120 - 40, row * 120, 120
            shape, ink = c.whole(0, 6), c.pick(inks)
            if shape == 0:
                out.append(_path(f"M{x} {y}h{s}a{s} {s} 0 0 1-{s} {s}z", ink))
            elif shape == 1:
                out.append(_path(f"M{x + s} {y}v{s}h-{s}a{s} {s} 0 0 1 {s}-{s}z", ink))
            elif shape == 2:
                out.append(_path(f"M{x} {y + s}v-{s}a{s} {s} 0 0 1 {s} {s}z", ink))
            elif shape == 3:
                out.append(_circle(x + 60, y + 60, 60, ink))
            elif shape == 4:
                out.append(_circle(x + 60, y + 60, 60, ink, 0.5) + _circle(x + 60, y + 60, 26, p.high))
            elif shape == 5:
                out.append(_box(x, y, s, s, ink, 0, 0.45))
    return "".join(out)


def orbits(c: Chance, p: Palette) -> str:
    """People around a table: discs of many sizes that touch and overlap."""
    x, y = c.between(230, 410), c.between(150, 210)
    out = [_ring(x, y, r, p.middle, 2, 0.5) for r in (84, 148, 214, 282)]
    for r, count in ((84, 4), (148, 6), (214, 8)):
        turn = c.between(0, 6.28)
        for i in range(count):
            if c.between(0, 1) < 0.28:
                continue
            angle = turn + 6.283 * i / count + c.between(-0.15, 0.15)
            ink = c.pick((p.middle, p.high, p.low, p.accent, p.middle))
            out.append(_circle(x + r * math.cos(angle), y + r * math.sin(angle), c.between(13, 33), ink, 0.92))
    out.append(_circle(x, y, c.between(34, 50), p.high))
    return "".join(out)


def lanes(c: Chance, p: Palette) -> str:
    """A plan: bars that follow one another from left to right."""
    out = []
    x = c.between(20, 90)
    for row in range(6):
        y, w = 38 + row * 50, c.between(110, 260)
        out.append(_box(-20, y + 12, W + 40, 4, p.low, 2, 0.45))
        ink = c.pick((p.middle, p.high, p.low, p.accent, p.middle))
        out.append(_box(x, y, w, 28, ink, 14, 0.95))
        if c.between(0, 1) < 0.55:
            out.append(_box(x + w + 16, y, c.between(40, 110), 28, p.middle, 14, 0.55))
        x = min(x + w * c.between(0.35, 0.75), 430)
    mark = c.between(250, 460)
    out.append(_box(mark, 18, 4, 324, p.high, 2, 0.8) + _circle(mark + 2, 22, 11, p.accent))
    return "".join(out)


def waves(c: Chance, p: Palette) -> str:
    """A signal that goes out from a corner."""
    x, y = c.pick(((60, 330), (580, 330), (60, 30), (580, 30), (320, 380)))
    inks = (p.low, p.middle, p.low, p.middle, p.low, p.high, p.middle)
    out = [
        _ring(x, y, 66 + i * 74, inks[i % len(inks)], c.between(16, 40), 0.30 + 0.09 * ((7 - i) % 7)) for i in range(7)
    ]
    out.append(_circle(x, y, 40, p.accent))
    for _ in range(c.whole(3, 6)):
        angle, r = c.between(0, 6.28), 66 + 74 * c.whole(1, 6)
        out.append(_circle(x + r * math.cos(angle), y + r * math.sin(angle), c.between(8, 17), p.high))
    return "".join(out)


def rings(c: Chance, p: Palette) -> str:
    """Wheels of a drawing board: toothed rings and their centre lines."""
    out = []
    for x, y, r in (
        (c.between(180, 260), c.between(150, 220), c.between(96, 128)),
        (c.between(430, 500), c.between(110, 170), c.between(58, 84)),
        (c.between(440, 530), c.between(280, 320), c.between(38, 60)),
    ):
        teeth, ink = max(10, int(r / 6)), c.pick((p.middle, p.high, p.low))
        dash = 6.283 * r / teeth / 2
        out.append(
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{r:.0f}" fill="none" stroke="{ink}" stroke-width="24" '
            f'stroke-dasharray="{dash:.2f}"/>'
        )
        out.append(_ring(x, y, r - 14, ink, 14) + _ring(x, y, r * 0.42, p.accent, 10) + _circle(x, y, r * 0.14, p.high))
        out.append(_path(f"M{x - r * 1.6:.0f} {y:.0f}H{x + r * 1.6:.0f}M{x:.0f} {y - r * 1.6:.0f}V{y + r * 1.6:.0f}",
                         stroke=p.high, width=1.5, opacity=0.35))  # fmt: skip
    return "".join(out)


def leaves(c: Chance, p: Palette) -> str:
    """Leaves on rising stems, and a sun."""
    out = [_circle(c.between(430, 560), c.between(70, 120), c.between(44, 70), p.accent, 0.95)]
    for stem in range(c.whole(3, 5)):
        x, lean = 70 + stem * c.between(110, 140), c.between(-50, 70)
        top = c.between(60, 150)
        out.append(_path(f"M{x:.0f} 380Q{x:.0f} 220 {x + lean:.0f} {top:.0f}", stroke=p.middle, width=5))
        for i in range(4):
            share = 0.25 + 0.2 * i
            y = 380 - (380 - top) * share
            at, side, size = x + lean * share * share, 1 if i % 2 else -1, c.between(62, 96) * (1.15 - share * 0.6)
            ink = c.pick((p.middle, p.low, p.high, p.middle))
            tip_x, tip_y = at + side * size, y - size * 0.55
            out.append(_path(
                f"M{at:.0f} {y:.0f}Q{at + side * size * 0.2:.0f} {y - size * 0.75:.0f} {tip_x:.0f} {tip_y:.0f}"
                f"Q{at + side * size * 0.8:.0f} {y + size * 0.15:.0f} {at:.0f} {y:.0f}Z",
                ink, opacity=0.93))  # fmt: skip
    return "".join(out)


MOTIFS: dict[str, Callable[[Chance, Palette], str]] = {
    f.__name__: f for f in (lines, ridges, tiles, columns, bauhaus, orbits, lanes, waves, rings, leaves)
}
