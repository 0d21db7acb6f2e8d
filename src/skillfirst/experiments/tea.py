"""The same reading by tea-tasting, for who trusts a published package more than this one. Needs the extra `lift`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import ExtraMissing
from skillfirst.experiments.comparison import Comparison
from skillfirst.experiments.metrics import Metric


def _tea_tasting() -> Any:
    try:
        import tea_tasting
    except ImportError:
        raise ExtraMissing("the cross-check of an experiment by tea-tasting", "lift") from None
    return tea_tasting


def compare_by_tea_tasting(
    members: pa.Table, control: str, treatment: str, metric: Metric, confidence: float = 0.95, cuped: bool = False
) -> Comparison:
    """One metric of `member_totals` rows, unequal variances, normal quantiles as `comparison.compare` has them.

    With `cuped` the covariate is the pre_ column as it stands, without the indicator for members without history.
    Raises ExtraMissing when tea-tasting is not installed.
    """
    tt = _tea_tasting()
    rows = members.filter(pc.is_in(members["arm"], pa.array([control, treatment])))
    columns: dict[str, Any] = {"variant": (pc.equal(rows["arm"], treatment)).cast(pa.int64())}
    for name in {metric.numerator, metric.denominator} - {""}:
        scale = metric.scale if name == metric.numerator else 1.0
        columns[name] = np.asarray(rows[name].to_numpy(), np.float64) * scale
        if cuped:
            columns[f"pre_{name}"] = np.asarray(rows[f"pre_{name}"].to_numpy(), np.float64) * scale
    options = {"confidence_level": confidence, "equal_var": False, "use_t": False}
    before = {name: f"pre_{name}" if cuped else None for name in (metric.numerator, metric.denominator)}
    if metric.denominator:
        tested = tt.RatioOfMeans(
            metric.numerator, metric.denominator, before[metric.numerator], before[metric.denominator], **options
        )
    else:
        tested = tt.Mean(metric.numerator, before[metric.numerator], **options)
    r = tt.Experiment(m=tested).analyze(pa.table(columns), control=0)["m"]
    counts = (
        int(pc.sum(pc.equal(rows["arm"], control)).as_py()),
        int(pc.sum(pc.equal(rows["arm"], treatment)).as_py()),
    )
    half = (r.effect_size_ci_upper - r.effect_size_ci_lower) / 2
    z = half / abs(r.effect_size) * abs(r.statistic) if r.effect_size else math.nan
    return Comparison(
        float(r.control), float(r.treatment), counts, float(r.effect_size), half / z if z else math.nan,
        float(r.effect_size_ci_lower), float(r.effect_size_ci_upper), float(r.rel_effect_size),
        float(r.rel_effect_size_ci_lower), float(r.rel_effect_size_ci_upper), float(r.pvalue),
        confidence, "tea-tasting",
    )  # fmt: skip
