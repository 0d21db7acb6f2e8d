"""Drawn covers: a picture for every course, from its category, its skills and its id, the same one for ever.

A known category chooses the families of shapes, the first skill the hue within the category's range, the id one of the
families and the composition, so that courses on one skill look related and no two look alike. Where the category is not
known the first skill chooses the families and the hue as well: a catalogue whose categories mean nothing to us is as
colourful as the packaged one. 640 x 360, a few hundred bytes to three kilobytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from skillfirst.serve.page.colours import colour
from skillfirst.serve.page.motifs import MOTIFS, Chance, Palette

WIDTH, HEIGHT = 640, 360
#: hue in degrees and families of shapes of the categories of the packaged academy, the first one drawn most often;
#: other categories leave the choice to the skill
FAMILIES: dict[str, tuple[float, tuple[str, ...]]] = {
    "software_development": (268.0, ("lines", "lines", "tiles", "waves", "bauhaus")),
    "data_ai": (210.0, ("ridges", "ridges", "columns", "orbits")),
    "cloud_infrastructure_security": (240.0, ("tiles", "tiles", "rings", "waves")),
    "business_finance": (162.0, ("columns", "columns", "ridges", "lanes")),
    "design_creative": (22.0, ("bauhaus", "bauhaus", "waves", "leaves")),
    "people_leadership": (345.0, ("orbits", "orbits", "bauhaus", "ridges")),
    "project_product_operations": (70.0, ("lanes", "lanes", "tiles", "columns")),
    "marketing_sales": (308.0, ("waves", "waves", "orbits", "columns")),
    "engineering_trades": (48.0, ("rings", "rings", "tiles", "lanes")),
    "health_education_public": (140.0, ("leaves", "leaves", "orbits", "ridges")),
}
#: families of shapes of a skill whose category is not known: several, for a row may hold nothing but this skill
FAMILIES_A_SKILL = 4
HUE_RANGE = 26.0  # degrees to either side that a skill may lean
WARM = (38.0, 128.0)  # hues that turn to olive when they lean to green: they lean to red, and half as far


def draw_cover(course_id: str, category: str, skills: Sequence[str]) -> str:
    """The SVG of a course's cover; equal arguments give equal pictures."""
    chance = Chance(course_id)
    hue, families = look(course_id, category, skills)
    family = chance.pick(families)
    leaning = Chance(skills[0] if skills else category)
    warm = WARM[0] <= hue <= WARM[1]
    palette = _palette((hue + leaning.between(-HUE_RANGE, HUE_RANGE) * (0.5 if warm else 1.0)) % 360, chance)
    shapes = MOTIFS[family](chance, palette)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="xMidYMid slice">'
        f'<defs><linearGradient id="g" x1="0" y1="0" x2="{chance.between(0.3, 1):.2f}" y2="1">'
        f'<stop stop-color="{palette.ground}"/><stop offset="1" stop-color="{palette.ground_end}"/>'
        "</linearGradient></defs>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#g)"/>{shapes}</svg>'
    )


def look(course_id: str, category: str, skills: Sequence[str]) -> tuple[float, tuple[str, ...]]:
    """Hue in degrees and the families of shapes to choose from, by the category if we know it; else by what comes
    nearest to a subject: the first skill, the category all the same, the course itself."""
    if category in FAMILIES:
        return FAMILIES[category]
    subject = (skills[0] if skills else "") or category or course_id
    digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).digest()
    names = sorted(MOTIFS)
    chosen = tuple(names.pop(byte % len(names)) for byte in digest[1 : 1 + FAMILIES_A_SKILL])
    return digest[0] * 360 / 256, chosen


def _palette(hue: float, chance: Chance) -> Palette:
    """Ground and inks of one mood. Yellow and orange turn to mud when dark: they get the blue hour or the sun."""
    warm = WARM[0] <= hue <= WARM[1]
    mood = chance.pick(("dusk", "dusk", "sun", "dawn") if warm else ("night", "night", "day", "dawn"))
    lean = hue + chance.between(16, 36) * chance.pick((-1, -1) if warm else (-1, 1))
    accent = chance.pick((205, 190, 350) if warm else (55, 70, 30))
    if mood == "night":
        return Palette(
            colour(0.29, 0.075, hue), colour(0.40, 0.115, lean), colour(0.55, 0.14, hue), colour(0.72, 0.12, lean),
            colour(0.90, 0.05, hue), colour(0.82, 0.14, accent),
        )  # fmt: skip
    if mood == "dusk":
        return Palette(
            colour(0.27, 0.035, 262), colour(0.36, 0.05, 280), colour(0.55, 0.10, lean), colour(0.74, 0.13, hue),
            colour(0.92, 0.05, hue), colour(0.80, 0.11, accent),
        )  # fmt: skip
    if mood == "sun":
        return Palette(
            colour(0.84, 0.105, hue), colour(0.78, 0.13, lean), colour(0.72, 0.14, lean), colour(0.94, 0.05, hue),
            colour(0.36, 0.07, 30), colour(0.55, 0.12, accent),
        )  # fmt: skip
    if mood == "day":
        return Palette(
            colour(0.52, 0.135, hue), colour(0.63, 0.13, lean), colour(0.42, 0.12, hue), colour(0.76, 0.11, lean),
            colour(0.95, 0.03, hue), colour(0.85, 0.13, accent),
        )  # fmt: skip
    return Palette(
        colour(0.94, 0.028, hue), colour(0.87, 0.06, lean), colour(0.79, 0.09, hue), colour(0.63, 0.14, lean),
        colour(0.40, 0.11, hue), colour(0.74, 0.15, accent),
    )  # fmt: skip
