"""A trial as JSON and as a page that needs no statistician beside it. Nothing is loaded from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from skillfirst.evaluation.trials import SKILLFIRST
from skillfirst.evaluation.trials_plots import BAD, GOOD, NEUTRAL, Mark, bars, forest
from skillfirst.evaluation.trials_pooled import READ, Contrast, Pooled

SEGMENT_WORDS = {"none": "list no skills", "few": "list 1 to 4 skills", "many": "list 5 skills or more"}
COLOURS = {"shown": GOOD, "contradicted": BAD, "not shown": NEUTRAL, "unknown": NEUTRAL}
OURS, OTHERS = "#0a66c2", "#9aa0a6"
STYLE = (
    "body{font:16px/1.55 system-ui,sans-serif;max-width:54rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}"
    "h1{line-height:1.2}h2{margin-top:2.2rem}table{border-collapse:collapse;width:100%;font-size:14px;margin:.5rem 0}"
    "th,td{padding:.3rem .5rem;text-align:right;border-bottom:1px solid #ddd}th:first-child,td:first-child{"
    "text-align:left}.claims{list-style:none;padding:0}.claims li{padding:.35rem 0 .35rem .9rem;margin:.35rem 0;"
    "border-left:4px solid}.badge{font-size:12px;font-weight:600;text-transform:uppercase;letter-spacing:.04em}"
    ".note{color:#444;font-size:14px}svg{max-width:100%;height:auto;margin:.6rem 0}code{background:#f3f3f3;"
    "padding:.1rem .3rem}.scroll{overflow-x:auto}"
)


def to_dict(found: Pooled) -> dict[str, Any]:
    """Everything the report shows, JSON-ready: fractions and not per cent, null for unknown."""
    t = found.trial
    return {
        "trial": t.name, "question": t.question, "control": t.control, "seeds": list(found.seeds),
        "people_a_world": t.members, "member_lives_an_arm": found.members, "days": t.days, "weeks_before": t.weeks,
        "mail_every_days": t.mail_every, "model_fitted_every_days": t.fit_days, "segments": found.segments,
        "arms": [{"arm": a.name, "means": a.means, "policy": a.policy, "settings": dict(a.settings)} for a in t.arms],
        "claims": [
            {"claim": j.claim.words, "treatment": j.claim.treatment, "control": j.claim.control,
             "metric": j.claim.metric, "segment": j.claim.segment, "least": j.claim.least, "over": j.claim.over,
             "direction": j.claim.direction, "verdict": j.met,
             **({} if j.contrast is None else _lift(j.contrast))}
            for j in found.claims
        ],
        "levels": [
            {"arm": v.arm, "metric": v.metric.name, "segment": v.segment, "value": v.value, "low": v.low,
             "high": v.high} for v in found.levels
        ],
        "contrasts": [
            {"treatment": c.treatment, "control": c.control, "metric": c.metric.name, "segment": c.segment,
             **_lift(c), "p": _known(c.comparison.p), "by_seed": {str(s): _known(v) for s, v in c.by_seed.items()}}
            for c in found.contrasts
        ],
    }  # fmt: skip


def _lift(c: Contrast) -> dict[str, float | None]:
    r = c.comparison
    return {"lift": _known(r.lift), "low": _known(r.lift_low), "high": _known(r.lift_high)}


def _known(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def span(lift: float, low: float, high: float) -> str:
    """ "+12.3 % (+8.1 % to +16.7 %)"."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "unknown"
    return f"{lift:+.1%} ({low:+.1%} to {high:+.1%})".replace("%", " %")


def words_of(c: Contrast | None) -> str:
    return "unknown" if c is None else span(c.comparison.lift, c.comparison.lift_low, c.comparison.lift_high)


def to_html(experiment: str, told: Sequence[Pooled], command: str, version: str, more: str = "") -> str:
    """One self-contained page: verdicts first, then pictures, numbers, and how it was measured. `more`: HTML of a
    further section."""
    body = [f"<h1>{escape(experiment.capitalize())}: what the invented population says</h1>"]
    body += [_trial(found) for found in told]
    body += [more, _method(told, command, version)]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(experiment)}</title><style>{STYLE}</style></head><body>" + "\n".join(body) + "</body></html>\n"
    )


def _trial(found: Pooled) -> str:
    t = found.trial
    parts = [f"<h2>{escape(t.question)}</h2>", _arms(found), _claims(found)]
    for name in t.shown[:1]:
        parts.append(levels_svg(found, name))
    parts.append(lifts_svg(found))
    if len(found.segments) > 1:
        parts.append(segments_svg(found))
    parts.append(_table(found))
    return "\n".join(part for part in parts if part)


def _arms(found: Pooled) -> str:
    items = "".join(f"<li><b>{escape(a.name)}</b>: {escape(a.means or a.policy)}</li>" for a in found.trial.arms)
    return f'<ul class="note">{items}</ul>'


def _claims(found: Pooled) -> str:
    if not found.claims:
        return ""
    items = []
    for j in found.claims:
        colour = COLOURS[j.met]
        metric = READ[j.claim.metric].label.lower()
        items.append(
            f'<li style="border-color:{colour}"><span class="badge" style="color:{colour}">{j.met}</span> '
            f"{escape(j.claim.words)}.<br><span class='note'>{escape(metric)}, {escape(j.claim.treatment)} against "
            f"{escape(j.claim.control)}: {words_of(j.contrast)}</span></li>"
        )
    return f'<h3>What was claimed, and what happened</h3><ul class="claims">{"".join(items)}</ul>'


def levels_svg(found: Pooled, metric: str) -> str:
    """One metric in every arm."""
    marks = []
    for arm in found.trial.arms:
        level = found.level(arm.name, metric)
        if level is not None:
            colour = OURS if arm.policy == SKILLFIRST else OTHERS
            marks.append(Mark(arm.name, level.value, level.low, level.high, colour))
    m = READ[metric]
    return bars(marks, m.label, m.percent) if marks else ""


def _mark(c: Contrast, label: str) -> Mark:
    r = c.comparison
    colour = NEUTRAL
    if c.metric.better and math.isfinite(r.lift_low) and r.lift_low * r.lift_high > 0:
        colour = GOOD if (r.lift > 0) == (c.metric.better == "up") else BAD
    return Mark(label, r.lift, r.lift_low, r.lift_high, colour, words_of(c))


def lifts_svg(found: Pooled) -> str:
    """Every arm against the control, grouped by the trial's metrics; one scale for all."""
    marks: list[Mark] = []
    for metric in found.trial.shown:
        rows = [(t, c, found.of(t, c, metric)) for t, c in found.trial.contrasts if c == found.trial.control]
        known = [_mark(contrast, t) for t, c, contrast in rows if contrast is not None]
        if known:
            marks += [Mark(READ[metric].label, 0, 0, 0, heading=True), *known]
    return forest(marks, f"Change against {found.trial.control}, with 95 % intervals") if marks else ""


def segments_svg(found: Pooled) -> str:
    """The first metric by segment of members."""
    metric = found.trial.shown[0]
    marks: list[Mark] = []
    for segment in sorted(found.segments, key=list(SEGMENT_WORDS).index):
        words = f"Members who {SEGMENT_WORDS[segment]} ({found.segments[segment]:,})"
        wanted = [(j.claim.treatment, j.claim.control) for j in found.claims if j.claim.segment == segment]
        wanted = wanted or [pair for pair in found.trial.contrasts if pair[1] == found.trial.control]
        rows = [(t, c, found.of(t, c, metric, segment)) for t, c in dict.fromkeys(wanted)]
        marks.append(Mark(words, 0, 0, 0, heading=True))
        marks += [_mark(contrast, f"{t} against {c}") for t, c, contrast in rows if contrast is not None]
    return forest(marks, f"{READ[metric].label} by what the profile lists")


def _table(found: Pooled) -> str:
    names = [a.name for a in found.trial.arms]
    head = "".join(f"<th>{escape(n)}</th>" for n in names)
    rows = []
    for metric in READ.values():
        cells = []
        for name in names:
            level = found.level(name, metric.name)
            value = "" if level is None else f"{level.value:.2%}" if metric.percent else f"{level.value:,.2f}"
            cells.append(f"<td>{value}</td>")
        title = escape(metric.meaning)
        rows.append(f'<tr><td title="{title}">{escape(metric.label)}</td>{"".join(cells)}</tr>')
    return (
        "<h3>All numbers</h3><div class='scroll'><table><thead><tr><th></th>"
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _method(told: Sequence[Pooled], command: str, version: str) -> str:
    first = told[0]
    t = first.trial
    words = "".join(f"<li><b>{escape(m.label)}</b>: {escape(m.meaning)}.</li>" for m in READ.values())
    verdicts = (
        "<b>Shown</b>: the whole 95 % interval lies on the claim's side (and the change reaches the number where "
        "one is named). <b>Contradicted</b>: the whole interval lies on the other side. <b>Not shown</b>: neither."
    )
    return (
        "<h2>How this was measured</h2>"
        f"<p>{len(first.seeds)} invented worlds (seeds {', '.join(map(str, first.seeds))}), each with "
        f"{t.members:,} people on the first day, {t.weeks} weeks of history and {t.days} days of visits on the home "
        f"page and the feed, a mail every {t.mail_every} days. The same people live once with each treatment: chance "
        "is tied to person, day and course, so two lives differ only by what was shown. Every member is compared with "
        "herself, "
        f"{first.members:,} member lives a treatment; intervals take the member as the unit, over all worlds together."
        f"</p><p>The recommender's statistics are fitted every {t.fit_days} days (every night in real use), events are "
        "taken in daily. How people look, choose, tire and learn is written down with sources in "
        "<code>evaluation/world/constants.py</code>, before the first run. It is a model of people, not people.</p>"
        f"<p>{verdicts}</p><h3>What the words mean</h3><ul class='note'>{words}</ul>"
        f"<p class='note'>skillfirst {escape(version)}. To repeat: <code>{escape(command)}</code></p>"
    )


def sensitivity_html(rows: Sequence[Mapping[str, Any]]) -> str:
    """Which conclusions survive each constant at the ends of its range: the exceptions named, the rest counted."""
    lost = [row for row in rows if row["contradicted"]]
    items = "".join(
        f"<tr><td>{escape(row['constant'])} = {row['value']:g}</td><td style='text-align:left'>"
        f"{escape('; '.join(row['contradicted']))}</td></tr>" for row in lost
    )  # fmt: skip
    table = f"<table><tbody>{items}</tbody></table>" if items else ""
    return (
        f"<h2>One constant at a time</h2><p>{len(rows)} worlds, each with one constant at the low or the high end of "
        f"its range. In {len(rows) - len(lost)} of them no conclusion of the world as it is was contradicted.</p>"
        f"{table}"
    )
