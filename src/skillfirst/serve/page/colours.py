"""Colours that stay equally bright and calm over all hues: OKLCH to sRGB (B. Ottosson, 2020)."""

from __future__ import annotations

import math


def colour(lightness: float, chroma: float, hue: float) -> str:
    """`#rrggbb` of an OKLCH colour: lightness 0 to 1, chroma 0 to about 0.3, hue in degrees; clipped to a screen."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _encoded(x)):02x}" for x in linear)


def _encoded(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return 12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055
