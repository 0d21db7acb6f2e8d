"""The member's side of the dot product: w(s) = a x held(s) x IDF(s) + b x wanted(s), one weight a skill.

held is 1 for an explicit skill and the probability of an inferred one; wanted is 1 for a stated interest and the
weight of a predicted one. IDF stands once, here; wants are not about rarity. An explicit skill under the support floor
is not considered unless the caller's `considered` has it; where it is wanted, or the skill was inferred, N(s) is taken
as the floor. The parts are kept for explanations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from skillfirst.ranking.borrow import borrow, lend

EXPLICIT = 1  # flag: the skill is on the profile
STATED = 2  # flag: the member said it wants to learn it

I2 = npt.NDArray[np.int16]
I4 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int64]
F4 = npt.NDArray[np.float32]
F8 = npt.NDArray[np.float64]


class Profiles(NamedTuple):
    """Skills of a batch of members: lists of codes ascending within a member, offsets rows + 1."""

    rows: int
    explicit_offsets: I8
    explicit: I4
    explicit_source: I2  # bits of Source
    inferred_offsets: I8
    inferred: I4
    inferred_weight: F4
    inferred_source: I2
    wanted_offsets: I8
    wanted: I4
    predicted_offsets: I8
    predicted: I4
    predicted_weight: F4
    predicted_source: I2
    refused_offsets: I8
    refused: I4
    considered: F8  # IDF by skill, 0 under the floor
    considered_inferred: F8  # the same for an inferred skill
    floored: F8  # for a skill somebody asked for
    a: float
    b: float
    stated_source: int  # bit of a stated want


class Weighed(NamedTuple):
    """Scored skills of the batch, ascending within a member: both parts of the weight, flags, bits of Source."""

    offsets: I8
    skill: I4
    held: F8
    wanted: F8
    flags: I4
    source: I4
    want_source: I4


@njit(cache=True, nogil=True, error_model="numpy")
def _weigh(profiles, weighed):  # type: ignore[no-untyped-def]
    x, out = borrow(profiles, Profiles), borrow(weighed, Weighed)
    made = 0
    out.offsets[0] = 0
    for i in range(x.rows):
        e, e_end = x.explicit_offsets[i], x.explicit_offsets[i + 1]
        f, f_end = x.inferred_offsets[i], x.inferred_offsets[i + 1]
        w, w_end = x.wanted_offsets[i], x.wanted_offsets[i + 1]
        p, p_end = x.predicted_offsets[i], x.predicted_offsets[i + 1]
        r, r_end = x.refused_offsets[i], x.refused_offsets[i + 1]
        while e < e_end or f < f_end or w < w_end or p < p_end:
            s = 2147483647
            if e < e_end:
                s = min(s, x.explicit[e])
            if f < f_end:
                s = min(s, x.inferred[f])
            if w < w_end:
                s = min(s, x.wanted[w])
            if p < p_end:
                s = min(s, x.predicted[p])
            held, want, flag, bits, want_bits = 0.0, 0.0, 0, 0, 0
            if f < f_end and x.inferred[f] == s:
                held, bits = float(x.inferred_weight[f]), int(x.inferred_source[f])
                f += 1
            if e < e_end and x.explicit[e] == s:
                held, flag, bits = 1.0, EXPLICIT, bits | int(x.explicit_source[e])
                e += 1
            if p < p_end and x.predicted[p] == s:
                want, want_bits = float(x.predicted_weight[p]), int(x.predicted_source[p])
                p += 1
            if w < w_end and x.wanted[w] == s:
                want, flag, want_bits = 1.0, flag | STATED, want_bits | x.stated_source
                w += 1
            while r < r_end and x.refused[r] < s:
                r += 1
            if r < r_end and x.refused[r] == s:
                continue
            if flag & STATED:
                rarity = x.floored[s]
            else:
                rarity = x.considered[s] if flag & EXPLICIT else x.considered_inferred[s]
            h, t = x.a * held * rarity, x.b * want
            if h + t > 0.0:
                out.skill[made], out.held[made], out.wanted[made] = s, h, t
                out.flags[made], out.source[made], out.want_source[made] = flag, bits, want_bits
                made += 1
        out.offsets[i + 1] = made
    return made


def weigh_skills(profiles: Profiles) -> Weighed:
    """Merge the four ascending lists of every member; skills without weight and refused ones are left out."""
    most = sum(len(x) for x in (profiles.explicit, profiles.inferred, profiles.wanted, profiles.predicted))
    out = Weighed(
        np.empty(profiles.rows + 1, np.int64), np.empty(most, np.int32), np.empty(most, np.float64),
        np.empty(most, np.float64), np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.int32),
    )  # fmt: skip
    made = _weigh(lend(profiles), lend(out))
    return Weighed(
        out.offsets, out.skill[:made], out.held[:made], out.wanted[:made], out.flags[:made], out.source[:made],
        out.want_source[:made],
    )  # fmt: skip
