# ruff: noqa: E501 (sentences with numbers in them read best unbroken)
"""The digest of the evidence, README.md and its pictures, from the JSON files beside it.

    python docs/evidence/write.py            # after copying the reports' JSON files here
    python docs/evidence/write.py --from DIR # takes them from DIR first, without what the digest does not use

No number of the digest is typed: sentences take them from the files and fall away where a file is missing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from skillfirst.evaluation.trials import TRIALS
from skillfirst.evaluation.trials_plots import BAD, GOOD, NEUTRAL, Mark, bars, forest
from skillfirst.evaluation.trials_pooled import READ

HERE = Path(__file__).parent
EXPERIMENTS = ("personalised", "mapping", "fatigue", "diversity", "sensitivity")
SHOWN = {name for several in TRIALS.values() for trial in several for name in trial.shown} | {"watch_minutes"}
SEGMENTS = {
    "none": "members who list no skills",
    "few": "members who list 1 to 4",
    "many": "members who list 5 or more",
}
OURS, OTHERS = "#0a66c2", "#9aa0a6"


def percent(value: float | None, digits: int = 1) -> str:
    return "unknown" if value is None else f"{value:+.{digits}%}".replace("%", " %")


def span(row: dict[str, Any] | None) -> str:
    if row is None or row.get("low") is None:
        return "unknown"
    return f"{percent(row['lift'])} ({percent(row['low'])} to {percent(row['high'])})"


class Told:
    """One trial's JSON."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.name = values["trial"]

    def contrast(self, treatment: str, control: str, metric: str, segment: str | None = None) -> dict[str, Any] | None:
        wanted = (treatment, control, metric, segment)
        return next((c for c in self.values["contrasts"]
                     if (c["treatment"], c["control"], c["metric"], c["segment"]) == wanted), None)  # fmt: skip

    def say(self, treatment: str, control: str, metric: str, segment: str | None = None) -> str:
        return span(self.contrast(treatment, control, metric, segment))

    def level(self, arm: str, metric: str) -> dict[str, Any] | None:
        return next((v for v in self.values["levels"] if (v["arm"], v["metric"], v["segment"]) == (arm, metric, None)),
                    None)  # fmt: skip

    @property
    def shown(self) -> tuple[str, ...]:
        return next(t.shown for several in TRIALS.values() for t in several if t.name == self.name)

    def claims(self) -> str:
        marks = {"shown": "shown", "contradicted": "**contradicted**", "not shown": "not shown", "unknown": "unknown"}
        rows = [
            f"| {c['claim']} | {marks[c['verdict']]} | {READ[c['metric']].label.lower()} {span(c)} |"
            for c in self.values["claims"]
        ]
        return "\n".join(["| claim | verdict | change with its 95 % interval |", "| --- | --- | --- |", *rows])

    def numbers(self) -> str:
        names = [a["arm"] for a in self.values["arms"]]
        metrics = [*self.shown, "watch_minutes"]
        rows = []
        for name in names:
            cells = []
            for metric in metrics:
                level = self.level(name, metric)
                if level is None:
                    cells.append("")
                    continue
                value, half = level["value"], (level["high"] - level["low"]) / 2
                cells.append(f"{value:.2%} ± {half:.2%}".replace("%", " %") if READ[metric].percent
                             else f"{value:,.3f} ± {half:,.3f}")  # fmt: skip
            means = next(a["means"] for a in self.values["arms"] if a["arm"] == name)
            rows.append(f"| {name} | {' | '.join(cells)} | {means} |")
        head = " | ".join(READ[m].label.lower() for m in metrics)
        return "\n".join([f"| arm | {head} | what it shows |", "| --- |" + " --- |" * (len(metrics) + 1), *rows])

    def picture(self) -> str:
        metric = self.shown[0]
        marks = []
        for arm in self.values["arms"]:
            level = self.level(arm["arm"], metric)
            if level:
                colour = OURS if arm["policy"] == "skillfirst" else OTHERS
                marks.append(Mark(arm["arm"], level["value"], level["low"], level["high"], colour))
        return bars(marks, READ[metric].label, READ[metric].percent)

    def lifts(self, metrics: tuple[str, ...] | None = None) -> str:
        marks: list[Mark] = []
        for metric in metrics or self.shown:
            rows = [c for c in self.values["contrasts"] if c["metric"] == metric and c["segment"] is None
                    and c["control"] == self.values["control"] and c["low"] is not None]  # fmt: skip
            marks += [Mark(READ[metric].label, 0, 0, 0, heading=True)] if rows else []
            for c in rows:
                sure, up = c["low"] * c["high"] > 0, READ[metric].better
                colour = NEUTRAL if not sure or not up else GOOD if (c["lift"] > 0) == (up == "up") else BAD
                marks.append(Mark(c["treatment"], c["lift"], c["low"], c["high"], colour, span(c)))
        return forest(marks, f"Change against {self.values['control']}, with 95 % intervals")

    def segments(self, pairs: list[tuple[str, str]], metric: str = "engagement_rate") -> str:
        rows = []
        for treatment, control in pairs:
            cells = [self.say(treatment, control, metric, s) for s in SEGMENTS if s in self.values["segments"]]
            rows.append(f"| {treatment} against {control} | {' | '.join(cells)} |")
        head = " | ".join(f"{words} ({self.values['segments'][s]:,})" for s, words in SEGMENTS.items()
                          if s in self.values["segments"])  # fmt: skip
        return "\n".join([f"| {READ[metric].label.lower()} | {head} |", "| --- | --- | --- | --- |", *rows])

    def by_seed(self, treatment: str, control: str, metric: str = "engagement_rate") -> str:
        found = self.contrast(treatment, control, metric)
        return "unknown" if found is None else ", ".join(percent(v) for v in found["by_seed"].values())


def small(values: dict[str, Any]) -> dict[str, Any]:
    """What the digest uses: metrics that are shown, four digits."""
    for trial in values.get("trials", []):
        for name in ("levels", "contrasts"):
            trial[name] = [rounded(row) for row in trial[name] if row["metric"] in SHOWN]
        trial["claims"] = [rounded(row) for row in trial["claims"]]
    for row in values.get("constants", []):
        row["claims"] = {words: rounded(judged) for words, judged in row["claims"].items()}
    return values


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {k: float(f"{v:.5g}") if isinstance(v, float) else rounded(v) if isinstance(v, dict) else v
            for k, v in row.items()}  # fmt: skip


def method(files: dict[str, dict[str, Any]]) -> list[str]:
    t = next(iter(files.values()))["trials"][0]
    commands = "\n".join(values["command"] for values in files.values())
    return [
        "# Evidence", "",
        "Written by `python docs/evidence/write.py` from the JSON files of this folder; change those, not this page. "
        f"Version {next(iter(files.values()))['version']}.", "",
        "No public data has members, courses and repeated impressions. These experiments run in the invented world "
        "of `evaluation/world`: people with hidden interests who look, choose, tire, learn and come back as the "
        "literature says, every number in `constants.py` with its source or the word *assumption*, written before "
        "the first run and not changed since. It is a model of people, not people. What it can show is how policies "
        "compare under stated assumptions, and on which of them a conclusion hangs.", "",
        f"**How.** Worlds of {t['people_a_world']:,} people on "
        f"the first day, {t['weeks_before']} weeks of history on a plain front page, {t['days']} days of visits to the home "
        f"page and the feed, a mail every {t['mail_every_days']} days. The same people live once with each treatment: "
        "chance is a hash of person, day and course, so two lives differ by what was shown and by nothing else. Every "
        "member is compared with herself (seeds pooled; paired "
        "delta method, member as the unit, 95 % intervals). The Model is fitted every "
        f"{t['model_fitted_every_days']} days; between fits events are folded in daily as the service does. A claim is "
        "*shown* when its whole interval lies on the claim's side and the change reaches the number where one is named, "
        "*contradicted* when the whole interval lies on the other side, *not shown* otherwise.", "",
        "```", commands, "```", "",
    ]  # fmt: skip


def seeds(told: Told) -> str:
    t = told.values
    return f"Worlds: seeds {', '.join(map(str, t['seeds']))}; {t['member_lives_an_arm']:,} member lives an arm."


def personalised(told: Told) -> list[str]:
    def say(arm: str, control: str) -> str:
        return told.say(arm, control, "new_engagement")

    arms = ("personalised", "wants-first", "as-shipped")
    lines = [
        f"- **{arm}**: against random {say(arm, 'random')}, against the editor's lists {say(arm, 'curated')}, against popular "
        f"in the title {say(arm, 'popular')}. World by world against random: {told.by_seed(arm, 'random', 'new_engagement')}; "
        f"against popular: {told.by_seed(arm, 'popular', 'new_engagement')}." for arm in arms
    ]  # fmt: skip
    against = [(arm, c) for arm in arms[:2] for c in ("random", "curated", "popular")]
    return [
        "## 1. Personal pages", "", "Published: +58 % engagement over generic or random. " + seeds(told), "",
        "Engagement with new courses, the row that continues courses begun left out:", "", *lines, "",
        told.claims(), "", "![Engagement by arm](personalised-levels.svg)", "",
        "![Changes against random](personalised-lifts.svg)", "", told.numbers(), "",
        told.segments(against, "new_engagement"), "",
    ]  # fmt: skip


def mapping(taggers: Told, profiles: Told) -> list[str]:
    say = profiles.say
    return [
        "## 1b. Mapping: what hangs on right skills", "",
        f"Tagger variants, the recommender else the same. {seeds(taggers)}", "", taggers.claims(), "", taggers.numbers(), "",
        taggers.segments([(a["arm"], taggers.values["control"]) for a in taggers.values["arms"]
                          if a["arm"] != taggers.values["control"]]), "",
        "Profile variants: listed skills alone, then one source after the other. Everything against listed skills alone: "
        f"{say('all', 'explicit', 'engagement_rate')}; where no skill is listed "
        f"{say('all', 'explicit', 'engagement_rate', 'none')}, where five or more are "
        f"{say('all', 'explicit', 'engagement_rate', 'many')}.", "",
        profiles.claims(), "", "![Changes against listed skills alone](mapping-profiles-lifts.svg)", "",
        profiles.numbers(), "",
        profiles.segments([(a["arm"], "explicit") for a in profiles.values["arms"] if a["arm"] != "explicit"]), "",
    ]  # fmt: skip


def fatigue(told: Told) -> list[str]:
    say = told.say
    return [
        "## 2. Fatigue", "", seeds(told), "",
        "Published for the cool-off of whole members: click-through +10 %, impressions -34 %, hence clicks -27 %. Here a "
        f"rest of one day gives click-through {say('cool-off-1', 'none', 'click_through')}, impressions "
        f"{say('cool-off-1', 'none', 'impressions_per_member')} and clicks {say('cool-off-1', 'none', 'recommended_clicks')}; "
        f"three days {say('cool-off-3', 'none', 'click_through')}, {say('cool-off-3', 'none', 'impressions_per_member')} and "
        f"{say('cool-off-3', 'none', 'recommended_clicks')}. The same kind of trade, and a bad one.", "",
        f"Discounting keeps the impressions ({say('discount', 'none', 'impressions_per_member')}) and changes clicks by "
        f"{say('discount', 'none', 'recommended_clicks')}, click-through by {say('discount', 'none', 'click_through')}; with "
        f"the curve fitted weekly to the log {say('discount-fitted', 'none', 'recommended_clicks')} and "
        f"{say('discount-fitted', 'none', 'click_through')}. What fitting adds: "
        f"{say('discount-fitted', 'discount', 'recommended_clicks')} clicks.", "",
        told.claims(), "", "![Changes against no treatment](fatigue-lifts.svg)", "", told.numbers(), "",
    ]  # fmt: skip


def by_visits(rows: list[dict[str, Any]]) -> list[str]:
    return [
        "By how many pages a member was given, which no arm changes (`by_visits.py`):", "",
        "| pages in the 28 days | members | impressions | clicks, no treatment | discounting | fitted curve |",
        "| --- | --- | --- | --- | --- | --- |",
        *(f"| {row['from']} to {row['below'] - 1} | {row['members']:,} | {row['impressions']:.1f} | {row['clicks']:.3f} | "
          f"{span(row['discount'])} | {span(row['discount-fitted'])} |".replace(" to 9999", " and more") for row in rows), "",
    ]  # fmt: skip


def diversity(told: Told) -> list[str]:
    return ["## 3. Diversity", "", seeds(told), "", told.claims(), "", told.numbers(), "",
            f"Engagement of round robin against plain affinity order: "
            f"{told.say('round-robin', 'affinity', 'engagement_rate')}.", ""]  # fmt: skip


def sensitivity(values: dict[str, Any]) -> list[str]:
    rows, base = values["constants"], Told(values["trials"][0])
    t = base.values
    lines = [
        "## Sensitivity", "",
        f"One constant at a time at the low or the high end of its range: {len(rows)} worlds of "
        f"{t['people_a_world']:,} people and {t['days']} days, one seed each, so intervals are wide. The world as it is, at "
        "this size, and how the claim fares in the others:", "",
        "| claim | the world as it is | shown | not shown | contradicted |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for claim in t["claims"]:
        tally = values["verdicts"].get(claim["claim"], {})
        counts = " | ".join(str(tally.get(v, 0)) for v in ("shown", "not shown", "contradicted"))
        lines.append(f"| {claim['claim']} | {claim['verdict']}, {span(claim)} | {counts} |")
    lines += ["", "Where the change in engagement over popular pages and over random ones is moved most:", "",
              "| constant | over popular | over random |", "| --- | --- | --- |"]  # fmt: skip
    popular, chance = "personal pages engage more than popular ones", "personal pages engage more than random ones"
    order = sorted(rows, key=lambda row: row["claims"][popular].get("lift") or 0.0)
    for row in [*order[:4], *order[-6:]] if len(order) > 10 else order:
        lines.append(f"| {row['constant']} = {row['value']:g} | {span(row['claims'][popular])} | "
                     f"{span(row['claims'][chance])} |")  # fmt: skip
    lost = [row for row in rows if row["contradicted"]]
    lines += ["", "Conclusions of the world as it is that another world contradicts: "
              + ("; ".join(f"{row['constant']} = {row['value']:g} ({', '.join(row['contradicted'])})" for row in lost)
                 or "none") + ".", ""]  # fmt: skip
    return lines


def goals(values: dict[str, Any]) -> list[str]:
    lines = ["## 4. The estimators themselves", "",
             "`python benchmarks/experiments_goals.py --json`: on real logs and invented ones with known answers.", "",
             "| proof | met | found |", "| --- | --- | --- |"]  # fmt: skip
    for name, row in values.items():
        found = {k: v for k, v in row.items() if k not in ("met", "seconds")}
        text = json.dumps(found, ensure_ascii=False).replace("|", "/")[1:-1].replace('"', "")
        lines.append(f"| {name.replace('_', ' ')} | {'yes' if row['met'] else '**no**'} | {text} |")
    return [*lines, ""]


def split_test(reading: dict[str, Any]) -> list[str]:
    rows = [f"- {words}" for words in reading["verdicts"].values()] + [f"- watch out: {w}" for w in reading["warnings"]]
    shares = ", ".join(f"{arm} {n:,}" for arm, n in reading["members"].items())
    return [
        "### The same as a test in one world", "",
        f"`skillfirst simulate --experiment personalised --members 4000 --days 21 --seeds 1 --split --out test`, then "
        f"`skillfirst lift` as it says: members assigned by hash ({shares}), read from the event log alone. What a data "
        "scientist would see with so few members (here `popular` is the arm `popular-and-begun` of above):", "", *rows, "",
    ]  # fmt: skip


def curve(one: dict[str, Any], mixed: dict[str, Any]) -> list[str]:
    said = ", ".join(one["set"]) or "the default"
    return [
        "### The fitted curve", "",
        f"`skillfirst fit-discount --events test/personalised-1.parquet --arm personalised=as-shipped --out curve.svg`: "
        f"{one['impressions']:,} impressions, {one['why']}; {said}.", "",
        "![Click rate of a course seen before, fitted curve against the data](discount-curve.svg)", "",
        f"The whole log, all arms and the old front page in one ({mixed['impressions']:,} impressions), would give "
        f"{', '.join(mixed['set'])}: see below.", "",
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="source", type=Path, help="folder of the reports")
    options = parser.parse_args()
    if options.source:
        for name in (*EXPERIMENTS, "experiments_goals", "split_lift", "fit_one", "fit_mixed"):
            if (options.source / f"{name}.json").is_file():
                kept = small(json.loads((options.source / f"{name}.json").read_text()))
                (HERE / f"{name}.json").write_text(json.dumps(kept, separators=(",", ":")) + "\n")
    files = {n: json.loads((HERE / f"{n}.json").read_text()) for n in EXPERIMENTS if (HERE / f"{n}.json").is_file()}
    lines = method(files)
    told = {t["trial"]: Told(t) for values in files.values() for t in values["trials"]}
    pictures: dict[str, str] = {}
    if "personalised" in told:
        lines += personalised(told["personalised"])
        pictures["personalised-levels"] = told["personalised"].picture()
        pictures["personalised-lifts"] = told["personalised"].lifts(("new_engagement", "recommended_clicks"))
        if (HERE / "split_lift.json").is_file():
            lines += split_test(json.loads((HERE / "split_lift.json").read_text()))
        lines += analysis("personalised") + analysis("response")
    if "mapping-taggers" in told:
        lines += mapping(told["mapping-taggers"], told["mapping-profiles"]) + analysis("mapping")
        pictures["mapping-profiles-lifts"] = told["mapping-profiles"].lifts(("engagement_rate", "recommended_clicks"))
    if "fatigue" in told:
        lines += fatigue(told["fatigue"])
        if (HERE / "fit_one.json").is_file():
            lines += curve(*(json.loads((HERE / f"{n}.json").read_text()) for n in ("fit_one", "fit_mixed")))
        if (HERE / "fatigue_by_visits.json").is_file():
            lines += by_visits(json.loads((HERE / "fatigue_by_visits.json").read_text()))
        lines += analysis("fatigue")
        pictures["fatigue-lifts"] = told["fatigue"].lifts()
    if "diversity" in told:
        lines += diversity(told["diversity"]) + analysis("diversity")
    if "sensitivity" in files:
        lines += sensitivity(files["sensitivity"])
    if (HERE / "experiments_goals.json").is_file():
        lines += goals(json.loads((HERE / "experiments_goals.json").read_text()))
    lines += analysis("limits")
    for name, text in pictures.items():
        (HERE / f"{name}.svg").write_text(text + "\n")
    (HERE / "README.md").write_text("\n".join(lines).rstrip() + "\n")


def analysis(name: str) -> list[str]:
    """What was concluded, in words, from analysis/NAME.md where it exists."""
    place = HERE / "analysis" / f"{name}.md"
    return [place.read_text().strip(), ""] if place.is_file() else []


if __name__ == "__main__":
    main()
