"""What must be shown of experiments, measured: known answers, refusals, A/A runs, alarms, CUPED, peeking.

    python benchmarks/experiments_goals.py --shared ../shared/data [--events 1000000] [--json]

Every draw has its seed: two runs print the same numbers, the times apart. Exit code 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import kstest

from skillfirst.evaluation.off_policy import Refusal, off_policy
from skillfirst.experiments.always_valid import mixture_width, watch
from skillfirst.experiments.assignment import Experiment, assign
from skillfirst.experiments.comparison import Arm, compare, compare_bootstrap, compare_cuped
from skillfirst.experiments.sample_ratio import check_sample_ratio
from skillfirst.experiments.totals import Period, member_totals
from skillfirst.feedback.discount import Discount
from skillfirst.feedback.impressions import exposures
from skillfirst.tables.member_document import documents

Found = tuple[bool, dict[str, Any]]
HALVES = {"control": 0.5, "treatment": 0.5}


def hillstrom(shared: Path) -> Found:
    """Visit rates 18.28 / 15.14 / 10.62 % known; intervals by delta method and bootstrap."""
    t = pq.read_table(shared / "email_ab_hillstrom" / "customers.parquet")
    segment, visit = np.array(t["segment"].to_pylist()), t["visit"].to_numpy().astype(float)
    arms = {name: Arm(visit[segment == name]) for name in ("Mens E-Mail", "Womens E-Mail", "No E-Mail")}
    rates = {name: round(100 * arm.value, 2) for name, arm in arms.items()}
    ok = list(rates.values()) == [18.28, 15.14, 10.62]
    ratio = check_sample_ratio({n: len(a) for n, a in arms.items()}, dict.fromkeys(arms, 1 / 3))
    out: dict[str, Any] = {"rates_percent": rates, "sample_ratio_p": round(ratio.p, 3)}
    for name in ("Mens E-Mail", "Womens E-Mail"):
        for how in (compare, compare_bootstrap):
            c = how(arms["No E-Mail"], arms[name])
            out[f"{name}, {c.method}"] = {
                "points": [round(100 * v, 2) for v in (c.difference, c.low, c.high)],
                "lift": [round(v, 3) for v in (c.lift, c.lift_low, c.lift_high)],
            }
            ok &= c.significant and c.low < c.difference < c.high
    return ok and not ratio.mismatch, out


def open_bandit(shared: Path) -> Found:
    """The women's Thompson log must be refused; the uniform log answers for itself."""
    out: dict[str, Any] = {}
    verdicts = []
    for name in ("bts", "random"):
        t = pq.read_table(shared / "open_bandit" / f"women_{name}.parquet")
        click, p = t["click"].to_numpy(), t["propensity_score"].to_numpy()
        found = off_policy(click, p, np.full(len(p), 1 / 46))
        s = found.support
        verdicts.append(isinstance(found, Refusal))
        out[name] = {
            "refused": isinstance(found, Refusal), "effective": round(s.effective, 1),
            "mean_weight": round(s.mean_weight, 2), "largest": round(s.largest, 1),
        }  # fmt: skip
        if isinstance(found, Refusal):
            out[name]["reasons"] = list(found.reasons)
        else:
            e = found.self_normalised
            out[name]["click_rate_percent"] = [round(100 * v, 3) for v in (e.value, e.low, e.high)]
    return verdicts == [True, False], out


def invented_clicks(rng: np.random.Generator, members: int) -> Arm:
    """Members with showings and click rates of their own."""
    den = 1 + rng.poisson(rng.gamma(2.0, 5.0, members))
    return Arm(rng.binomial(den, rng.beta(2, 38, members)).astype(float), den.astype(float))


def a_a(experiments: int = 1_000, members: int = 4_000) -> Found:
    """Experiments without an effect: p of the click-through rate uniform; members assigned by the hash."""
    rng = np.random.default_rng(20_261)
    ids = [f"member {i}" for i in range(members)]
    p, covered = [], 0
    for k in range(experiments):
        everybody = invented_clicks(rng, members)
        treated = assign(Experiment(f"a/a {k}", HALVES), ids).indices.to_numpy() == 1
        assert everybody.den is not None
        arms = [Arm(everybody.num[s], everybody.den[s]) for s in (~treated, treated)]
        c = compare(arms[0], arms[1])
        p.append(c.p)
        covered += c.low <= 0 <= c.high
    ks = float(kstest(p, "uniform").pvalue)
    return ks > 0.001, {"experiments": experiments, "ks_p": round(ks, 3), "covered": covered / experiments}


def sample_ratio(runs: int = 1_000) -> Found:
    """One arm of a million loses 1 %: a million in all, and a million an arm; and the false alarms."""
    rng = np.random.default_rng(20_262)
    out: dict[str, Any] = {}
    for label, total, kept in (("a million in all", 10**6, 0.99), ("an arm of a million", 2 * 10**6, 0.99),
                               ("nothing lost", 10**6, 1.0)):  # fmt: skip
        a = rng.binomial(total, 0.5, runs)
        b = rng.binomial(total - a, kept)
        counts = [{"control": int(x), "treatment": int(y)} for x, y in zip(a, b, strict=True)]
        out[label] = sum(check_sample_ratio(c, HALVES).mismatch for c in counts) / runs
    ok = out["a million in all"] >= 0.95 and out["an arm of a million"] >= 0.95 and out["nothing lost"] <= 0.005
    return ok, {"alarms": out}


def cuped(runs: int = 40, members: int = 10_000) -> Found:
    """Variance of the differences over many experiments, with CUPED / without = 1 - rho^2 within 2 %."""
    rng = np.random.default_rng(20_263)
    out: dict[str, Any] = {}
    ok = True
    known = np.ones(members, bool)
    for rho in (0.3, 0.5, 0.7, 0.9):
        kept, covered = [], 0
        for _ in range(runs):
            arms = []
            for _ in range(2):
                x = rng.normal(size=members)
                arms.append((Arm(x), Arm(rho * x + math.sqrt(1 - rho * rho) * rng.normal(size=members))))
            c = compare_cuped(arms[0][1], arms[1][1], arms[0][0], arms[1][0], known, known)
            kept.append(c.variance_kept)
            covered += c.low <= 0 <= c.high
        ratio = float(np.mean(kept)) / (1 - rho * rho)
        out[f"rho {rho}"] = {
            "kept": round(float(np.mean(kept)), 4),
            "over_expected": round(ratio, 4),
            "covered": covered / runs,
        }
        ok &= abs(ratio - 1) <= 0.02
    return ok, out


def peeking(runs: int = 2_000, days: int = 28, members: int = 200) -> Found:
    """Without an effect, looked at daily: how often the always-valid and the fixed interval miss zero at some time.

    Two worlds: new members every day, and the same members coming back with a level of their own.
    """
    rng = np.random.default_rng(20_264)
    out: dict[str, Any] = {}
    ok = True
    n = members * np.arange(1, days + 1)
    for world in ("new members daily", "the same members daily"):
        missed = {"always valid": 0, "fixed": 0}
        for _ in range(runs):
            if world == "new members daily":
                sums = rng.exponential(1.0, (2, days, members))
                means = sums.sum(axis=2).cumsum(axis=1) / n
                squares = (sums**2).sum(axis=2).cumsum(axis=1) / n
                error = np.sqrt(((squares - means**2) / n).sum(axis=0))
                difference = means[1] - means[0]
            else:
                own = rng.gamma(1.0, 1.0, (2, members, 1))
                totals = rng.poisson(own, (2, members, days)).cumsum(axis=2)
                difference = totals[1].mean(axis=0) - totals[0].mean(axis=0)
                error = np.sqrt((totals.var(axis=1, ddof=1) / members).sum(axis=0))
                difference, error = difference / np.arange(1, days + 1), error / np.arange(1, days + 1)
            missed["fixed"] += bool((np.abs(difference) > 1.96 * error).any())
            looks = watch(difference.tolist(), error.tolist(), mixture_width(math.sqrt(2 / (members * days))))
            missed["always valid"] += any(k.low > 0 or k.high < 0 for k in looks)
        kept = {name: round(1 - m / runs, 4) for name, m in missed.items()}
        out[world] = kept
        ok &= kept["always valid"] >= 0.95
    return ok, {"kept": out, "looks": days, "runs": runs}


def assignment() -> Found:
    """A million members; equal to one by one is a test."""
    ids = pa.array([f"member-{i:07d}" for i in range(1_000_000)])
    started = time.perf_counter()
    arms = assign(Experiment("speed", HALVES), ids)
    took = time.perf_counter() - started
    share = float((arms.indices.to_numpy() == 0).mean())
    return abs(share - 0.5) < 0.002, {"members": 1_000_000, "seconds": round(took, 2), "share": round(share, 4)}


def exposure_speed(rows: int = 16_384, seen: int = 60) -> Found:
    """Counted exposures and factors of one batch of documents with 60 impressions each."""
    rng = np.random.default_rng(20_265)
    now, size = 1_700_000_000, rows * seen
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * seen)

    def lists(values: Any, kind: pa.DataType) -> pa.ListArray:
        return pa.ListArray.from_arrays(offsets, pa.array(values, kind))

    batch = documents(
        rows, now=[now] * rows, seen_course=lists(rng.integers(0, 400, size), pa.int32()),
        seen_channel=lists(rng.integers(1, 4, size), pa.int8()),
        seen_time=lists(np.sort(rng.integers(now - 60 * 86_400, now, (rows, seen)), axis=1).ravel(), pa.int64()),
        seen_slot=lists(rng.integers(1, 13, size), pa.int16()),
    )  # fmt: skip
    exposures(batch.slice(0, 2), None, Discount()).factors(Discount())  # compiled, or read from the cache
    started = time.perf_counter()
    found = exposures(batch, None, Discount())
    factors = found.factors(Discount())
    took = time.perf_counter() - started
    per_member = 1e6 * took / rows
    return bool((factors < 1).all()), {"rows": rows, "ms": round(1e3 * took, 1), "us_a_member": round(per_member, 2)}


def event_totals(events: int) -> Found:
    """An invented log of this many events summed per member from Parquet."""
    import resource

    rng = np.random.default_rng(20_266)
    members, start = max(events // 50, 10), datetime(2026, 3, 2, tzinfo=UTC)
    kinds = np.array(["impression", "click", "watch", "email_sent", "email_open", "email_click"])
    first = int(start.timestamp())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        writer = None
        for done in range(0, events, 1_000_000):
            n = min(1_000_000, events - done)
            table = pa.table(
                {
                    "event_id": [f"e{done + i}" for i in range(n)],
                    "time": pa.array(
                        (first + rng.integers(-14 * 86_400, 14 * 86_400, n)) * 10**6, pa.timestamp("us", "UTC")
                    ),
                    "member_id": [f"m{i:07d}" for i in rng.integers(0, members, n)],
                    "kind": kinds[rng.choice(6, n, p=[0.8, 0.06, 0.05, 0.05, 0.03, 0.01])],
                    "course_id": [f"c{i}" for i in rng.integers(0, 200, n)],
                    "channel": ["home"] * n,
                    "seconds": rng.random(n) * 600,
                    "list_id": [f"l{i}" for i in rng.integers(0, 28, n)],
                }
            )
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
        assert writer is not None
        writer.close()
        ids = [f"m{i:07d}" for i in range(members)]
        arms = pa.table({"member_id": ids, "arm": assign(Experiment("x", HALVES), ids).cast(pa.string())})
        started = time.perf_counter()
        totals = member_totals(path, arms, Period(start, start + timedelta(days=14)))
        took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    counted = sum(totals.members["impressions"].to_pylist())
    return counted > 0, {"events": events, "seconds": round(took, 1), "peak_gb": round(peak, 2), "impressions": counted}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="the folder with the real logs")
    parser.add_argument("--events", type=int, default=1_000_000, help="length of the invented log that is summed")
    parser.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    options = parser.parse_args()
    goals: dict[str, Callable[[], Found]] = {
        "hillstrom": lambda: hillstrom(options.shared),
        "open_bandit": lambda: open_bandit(options.shared),
        "a_a": a_a,
        "sample_ratio": sample_ratio,
        "cuped": cuped,
        "peeking": peeking,
        "assignment": assignment,
        "exposures": exposure_speed,
        "event_totals": lambda: event_totals(options.events),
    }
    report: dict[str, Any] = {}
    if not options.shared.is_dir():
        print(f"SKIPPED: hillstrom, open_bandit: the folder with real data, --shared {options.shared}, is not there")
        for name in ("hillstrom", "open_bandit"):
            del goals[name]
    for name, goal in goals.items():
        started = time.perf_counter()
        met, found = goal()
        report[name] = {"met": bool(met), "seconds": round(time.perf_counter() - started, 1), **found}
        if not options.json:
            print(f"{'ok  ' if met else 'MISS'} {name} ({report[name]['seconds']} s): {json.dumps(found)}", flush=True)
    if options.json:
        print(json.dumps(report, indent=2))
    return 0 if all(r["met"] for r in report.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
