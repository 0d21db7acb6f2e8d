"""Impression discounting: a course that was seen and passed by fades, and comes back with time.

The factor multiplies a course's score. By default

    d = floor + (1 - floor) * exp(-beta * n)

with n the exposures of `impressions.exposures` (weighted by slot, halved every `half_life_days`). The other
forms and the aggregate d = 1 + sum_b sign_b * w_b * f_b(X_b) over four behaviours (impression count, last seen,
position, member activity) follow P. Lee, L. Lakshmanan, M. Tiwari, S. Shah, "Modeling impression discounting in
large-scale recommender systems", KDD 2014. A course without a counted exposure has the factor 1 in every form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from skillfirst.errors import UsageError

Floats = npt.NDArray[np.float64]


class Form(IntEnum):
    """How a quantity acts; the numbers are the codes of the hot loop."""

    NONE = 0
    EXPONENTIAL = 1
    LINEAR = 2
    INVERSE = 3
    QUADRATIC = 4
    AGGREGATE = 5

    @classmethod
    def named(cls, name: str) -> Form:
        """The form of that name, in any case. Raises UsageError for an unknown one."""
        try:
            return cls[name.upper()]
        except KeyError:
            known = ", ".join(form.name.lower() for form in cls)
            raise UsageError(f"unknown form of discount '{name}'", next_step=f"Known: {known}.") from None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One term sign * weight * f(x) of the aggregate, u = x / scale.

    f is u (linear) or u^2 (quadratic), u cut at 1 so that nothing is extrapolated beyond the data `scale` was
    taken from; 1 / (1 + u) (inverse) or exp(-u) (exponential). `sign` is -1 or +1: repetition sometimes helps.
    """

    form: str = "none"
    weight: float = 0.0
    sign: int = -1
    scale: float = 1.0

    def __post_init__(self) -> None:
        if Form.named(self.form) is Form.AGGREGATE:
            raise UsageError("a behaviour of the aggregate cannot be an aggregate itself")
        if self.sign not in (-1, 1) or not self.weight >= 0 or not self.scale > 0:
            raise UsageError("a behaviour needs a sign of -1 or 1, a weight of 0 or more and a scale above 0")


@dataclass(frozen=True, slots=True)
class Discount:
    """Settings of impression discounting; frozen, so that a Policy can hold it.

    `form`: none, exponential, linear, inverse, quadratic or aggregate.
    `beta`: per exposure in slot 1; ln 2 / 3: three ignored views in slot 1 halve what stands above the floor
    (d = 0.53). Negative where the log says that repetition helps; `ceiling` then bounds the factor.
    `half_life_days`: an exposure counts half after so many days (infinite: never forgotten).
    `spill_over`: share of the exposure that courses with the same matched set take over.
    `click_rest_days`: after a click, impressions so soon do not count against the course: who comes back from it
    sees the card again without having passed it by.
    `activity_bounds`, `beta_by_activity`: two bounds and three betas, for members whose activity is under the first
    bound, under the second, and the others; empty: `beta` for all. Heavy users tire otherwise than rare ones (H. Ma,
    X. Liu, Z. Shen, "User fatigue in online news recommendation", WWW 2016).
    `dismiss_rest_days`: so long a dismissed course is not shown, whatever the form: a hundred years, for ever, unless
    said otherwise.
    """

    form: str = "exponential"
    floor: float = 0.05
    beta: float = 0.231
    half_life_days: float = 14.0
    spill_over: float = 0.25
    click_rest_days: float = 1.0
    dismiss_rest_days: float = 36_500.0
    ceiling: float = 1.0
    activity_bounds: tuple[float, ...] = ()
    beta_by_activity: tuple[float, ...] = ()
    impressions: Behaviour = Behaviour()
    last_seen: Behaviour = Behaviour()
    position: Behaviour = Behaviour()
    activity: Behaviour = Behaviour()

    def __post_init__(self) -> None:
        Form.named(self.form)
        if not 0 <= self.floor <= 1 or not self.ceiling >= 1 or math.isinf(self.ceiling):
            raise UsageError("discount: floor lies between 0 and 1, ceiling is finite and 1 or more")
        if not self.half_life_days > 0 or not 0 <= self.spill_over <= 1 or not math.isfinite(self.beta):
            raise UsageError("discount: half_life_days is above 0, spill_over between 0 and 1, beta finite")
        sizes = (len(self.activity_bounds), len(self.beta_by_activity))
        if sizes not in ((0, 0), (2, 3)) or list(self.activity_bounds) != sorted(self.activity_bounds):
            raise UsageError(
                "discount: activity_bounds are two ascending numbers, beta_by_activity three, or both empty"
            )
        if not self.click_rest_days >= 0 or not self.dismiss_rest_days >= 0:
            raise UsageError("discount: days of rest are 0 or more")

    @property
    def dismiss_rest_seconds(self) -> float:
        return self.dismiss_rest_days * 86_400

    @property
    def behaviours(self) -> tuple[Behaviour, Behaviour, Behaviour, Behaviour]:
        return self.impressions, self.last_seen, self.position, self.activity

    def parameters(self) -> Floats:
        """Everything `loops.discount_factor` needs, as one float64 array of 20.

        [form, floor, ceiling], two bounds of activity, three betas; then [form, signed weight, scale] of impressions,
        last seen, position, activity.
        """
        out = [float(Form.named(self.form)), self.floor, self.ceiling]
        out += [*(self.activity_bounds or (math.inf, math.inf)), *(self.beta_by_activity or (self.beta,) * 3)]
        for b in self.behaviours:
            out += [float(Form.named(b.form)), b.sign * b.weight, b.scale]
        return np.array(out, np.float64)


def discount(
    n: npt.ArrayLike,
    last_seen: npt.ArrayLike,
    position: npt.ArrayLike,
    activity: npt.ArrayLike,
    settings: Discount,
) -> Floats:
    """Factors of many courses, float64, broadcast over the arguments.

    `n`: exposures. `last_seen`: days since the newest one. `position`: its slot, from 1. `activity`: days with an
    impression in the last 28. The loop calls `loops.discount_factor`, so a value equals the hot loop's bit for bit.
    """
    from skillfirst.feedback.loops import discount_all

    arrays = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (n, last_seen, position, activity)))
    flat = [np.ascontiguousarray(a).ravel() for a in arrays]
    out: Floats = discount_all(*flat, settings.parameters())
    return out.reshape(arrays[0].shape)
