"""A reading as a page that needs no statistician beside it, and as JSON. Nothing is loaded from anywhere."""

from __future__ import annotations

import json
import math
from html import escape
from typing import Any

from skillfirst.experiments.lift import MetricReading, Reading

WIDTH, ROW, LABEL, RIGHT, TOP = 720, 34, 220, 120, 30  # px of the plot
GOOD, BAD, NEUTRAL = "#1f7a3d", "#b3261e", "#5f6368"

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}"
    "table{border-collapse:collapse;width:100%;font-size:14px}th,td{padding:.35rem .5rem;text-align:right;"
    "border-bottom:1px solid #ddd}th:first-child,td:first-child{text-align:left}"
    ".verdict{font-size:1.25rem;border-left:4px solid #5f6368;padding-left:1rem}"
    ".blocked{border-color:#b3261e}.note{color:#444;font-size:14px}svg{max-width:100%;height:auto}"
)


def _number(value: float) -> float | None:
    """JSON knows neither nan nor infinity."""
    return None if math.isnan(value) or math.isinf(value) else value


def to_json(reading: Reading) -> str:
    """The reading as one JSON object; keys in a fixed order, fractions and not per cent, null for unknown."""

    def metric(r: MetricReading) -> dict[str, Any]:
        c = r.comparison
        values = {
            "control": c.control, "treatment": c.treatment, "lift": c.lift, "lift_low": c.lift_low,
            "lift_high": c.lift_high, "difference": c.difference, "low": c.low, "high": c.high, "p": c.p,
            "always_valid_low": r.always_low, "always_valid_high": r.always_high, "always_valid_p": r.always_p,
            "detectable_lift": r.detectable, "variance_kept": c.variance_kept,
        }  # fmt: skip
        out: dict[str, Any] = {"metric": r.metric.name, "guardrail": r.metric.guardrail, "method": c.method}
        return out | {key: _number(value) for key, value in values.items()}

    ratios = {
        what: {"observed": s.observed, "expected": s.expected, "p": s.p, "mismatch": s.mismatch}
        for what, s in reading.sample_ratios.items()
    }
    body = {
        "experiment": reading.experiment,
        "control": reading.control,
        "start": reading.period.start.isoformat(),
        "end": reading.period.end.isoformat(),
        "confidence": reading.confidence,
        "primary": reading.primary,
        "members": reading.members,
        "sample_ratio": ratios,
        "blocked": reading.blocked,
        "why": reading.why,
        "verdicts": {arm: reading.verdict(arm) for arm in _treated(reading)},
        "warnings": reading.warnings(),
        "treatments": {arm: [metric(r) for r in readings] for arm, readings in reading.treatments.items()},
        "coverage": reading.coverage,
        "gini": reading.gini,
        "catalogue": reading.catalogue,
    }
    return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)


def _treated(reading: Reading) -> list[str]:
    return [arm for arm in reading.members if arm != reading.control]


def _colour(r: MetricReading) -> str:
    c = r.comparison
    if not c.significant or not r.metric.better:
        return NEUTRAL
    return GOOD if (c.difference > 0) == (r.metric.better == "up") else BAD


def forest_svg(readings: tuple[MetricReading, ...], title: str) -> str:
    """Lift of each metric with its interval, one row each; a scale that fits them all, at most -100 % to +200 %."""
    drawn = [r for r in readings if math.isfinite(r.comparison.lift_low) and math.isfinite(r.comparison.lift_high)]
    edge = max([0.02, *(max(abs(r.comparison.lift_low), abs(r.comparison.lift_high)) for r in drawn)])
    edge = min(edge * 1.1, 2.0)
    height = TOP + ROW * max(len(drawn), 1) + 30

    def x(v: float) -> float:
        share = (min(max(v, -edge), edge) + edge) / (2 * edge)
        return round(LABEL + (WIDTH - LABEL - RIGHT) * share, 1)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="system-ui,sans-serif" font-size="13">',
        f'<text x="{x(0)}" y="16" text-anchor="middle" fill="#444">no difference</text>',
        f'<line x1="{x(0)}" x2="{x(0)}" y1="{TOP - 8}" y2="{height - 24}" stroke="#999"/>',
    ]
    for v in (-edge, -edge / 2, edge / 2, edge):
        out.append(f'<text x="{x(v)}" y="{height - 6}" text-anchor="middle" fill="#444">{v:+.1%}</text>')
    for k, r in enumerate(drawn):
        y, c, colour = TOP + ROW * k + ROW // 2, r.comparison, _colour(r)
        out.append(f'<text x="0" y="{y + 4}">{escape(r.metric.label)}</text>')
        out.append(
            f'<line x1="{x(c.lift_low)}" x2="{x(c.lift_high)}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="3"/>'
        )
        out.append(f'<circle cx="{x(c.lift)}" cy="{y}" r="5" fill="{colour}"/>')
        out.append(f'<text x="{WIDTH}" y="{y + 4}" text-anchor="end" fill="{colour}">{c.lift:+.1%}</text>')
    out.append("</svg>")
    return "\n".join(out)


def _value(r: MetricReading, value: float) -> str:
    return f"{value:.2%}" if r.metric.percent else f"{value:,.3f}"


def _table(readings: tuple[MetricReading, ...], control: str, arm: str) -> str:
    head = "".join(
        f"<th>{escape(h)}</th>"
        for h in (
            "",
            control,
            arm,
            "Change",
            "Lies between",
            "By chance alone",
            "Safe to peek?",
            "Smallest change seen",
        )
    )
    rows = []
    for r in readings:
        c = r.comparison
        chance = "under 0.1 %" if c.p < 0.001 else f"{c.p:.1%}"
        span = f"{c.lift_low:+.1%} to {c.lift_high:+.1%}" if math.isfinite(c.lift_low) else "unknown"
        change = f"{c.lift:+.1%}" if math.isfinite(c.lift) else "unknown"
        safe = "shown" if r.always_p < 1 - c.confidence else "not yet"
        seen = f"{r.detectable:.1%}" if math.isfinite(r.detectable) else "unknown"
        cells = (_value(r, c.control), _value(r, c.treatment), change, span, chance, safe, seen)
        name = f'<td title="{escape(r.metric.meaning)}">{escape(r.metric.label)}</td>'
        rows.append("<tr>" + name + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def to_html(reading: Reading) -> str:
    """One self-contained page: verdict first, then the picture, the numbers, the checks, and what the words mean."""
    title = f"Experiment {reading.experiment}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="note">{reading.period.start:%Y-%m-%d} to {reading.period.end:%Y-%m-%d}, '
        + ", ".join(f"{escape(arm)}: {n:,} members" for arm, n in reading.members.items())
        + f". Compared with {escape(reading.control)}.</p>",
    ]
    if reading.blocked:
        body.append(f'<p class="verdict blocked">No reading: {escape(reading.why)}. When members are missing from one')
        body.append("arm, those who are left differ, and every number would mislead. Find the cause first.</p>")
    for arm in () if reading.blocked else _treated(reading):
        readings = reading.treatments.get(arm, ())
        body.append(f"<h2>{escape(arm)}</h2>")
        body.append(f'<p class="verdict">{escape(reading.verdict(arm))}</p>')
        if readings:
            body.append(forest_svg(readings, f"Change of each metric, {arm} against {reading.control}"))
            body.append(_table(readings, reading.control, arm))
    if warnings := reading.warnings():
        body.append("<h2>Watch out</h2><ul>" + "".join(f"<li>{escape(w)}</li>" for w in warnings) + "</ul>")
    if reading.coverage:
        of = f" of {reading.catalogue:,}" if reading.catalogue else ""
        shown = "; ".join(f"{escape(arm)}: {n:,.0f}{of}" for arm, n in reading.coverage.items())
        body.append(f"<h2>Courses shown</h2><p>Different courses, at an equal number of showings: {shown}.</p>")
        uneven = "; ".join(f"{escape(arm)}: {value:.2f}" for arm, value in reading.gini.items())
        body.append(f"<p>How unequally showings are spread over them (Gini; 0: all alike, 1: one alone): {uneven}.</p>")
    checks = "; ".join(
        f"members {what}: {'do not keep the shares' if s.mismatch else 'keep the shares'} (p = {s.p:.3g})"
        for what, s in reading.sample_ratios.items()
    )
    body.append(f"<h2>Checks</h2><p>{escape(checks)}.</p>")
    body.append(_words(reading))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style></head><body>'
        + "\n".join(body)
        + "</body></html>\n"
    )


def _words(reading: Reading) -> str:
    metrics = {r.metric.name: r.metric for readings in reading.treatments.values() for r in readings}
    items = "".join(f"<li><b>{escape(m.label)}</b>: {escape(m.meaning)}.</li>" for m in metrics.values())
    return (
        '<h2>What the words mean</h2><ul class="note">'
        f"<li><b>Lies between</b>: in {reading.confidence:.0%} of experiments the true change lies in such an interval."
        "</li><li><b>By chance alone</b>: how often two equal arms would differ at least this much. Of twenty metrics "
        "that did not change, one falls under 5 % all the same: decide by the one named beforehand, "
        f"{escape(reading.primary.replace('_', ' '))}.</li>"
        "<li><b>Safe to peek?</b> &ldquo;Shown&rdquo; means the result stands although it was looked at every day; "
        "otherwise wait for the planned end.</li><li><b>Smallest change seen</b>: a smaller one would be missed more "
        f"often than in one of five experiments.</li>{items}</ul>"
    )
