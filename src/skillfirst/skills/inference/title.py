"""P(s | title): the cohort's own counts, shrunk towards the published prior, shrunk towards everybody.

p(s|t) = (n_ts + k m_ts) / (n_t + k) with m_ts = max(p(s), c w_ts): n_t members with the title who list any skill, n_ts
of them this one, w_ts the prior's weight, c the probability that a skill of weight 1 is listed, itself corrected by the
counts (Gelman et al., Bayesian Data Analysis, ch. 5: hierarchical shrinkage; k about 20 measured).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from skillfirst.skills.inference.counts import MILLI, InferenceCounts
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.inference.tables import Floats, TitleTable
from skillfirst.tables.sparse import Csr


def popularity(counts: InferenceCounts, anonymity: int) -> Floats:
    """P(s) over members who list any skill; 0 for skills of fewer than `anonymity` members."""
    members = np.where(counts.skill_members >= anonymity, counts.skill_members, 0)
    return (members / max(counts.with_skills, 1)).astype(np.float32)


def _prior_triples(prior: Csr) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    rows = np.repeat(np.arange(len(prior), dtype=np.int64), np.diff(prior.offsets))
    weights = prior.weights.astype(np.float64)
    return rows * prior.width + prior.indices, weights


def prior_strength(
    weight: npt.NDArray[np.float64],
    listed: npt.NDArray[np.float64],
    members: npt.NDArray[np.float64],
    settings: Inference,
) -> float:
    """c, the probability that a skill of prior weight 1 is listed: weighted least squares of n_ts / n_t on c w_ts.

    Weights n_t, so that a thousand pairs of a rare title do not outvote one of a common title; shrunk to the default.
    """
    belief = settings.prior_members
    top = float(np.sum(weight * listed)) + belief * settings.prior_strength
    bottom = float(np.sum(weight * weight * members)) + belief
    return float(np.clip(top / bottom, 0.01, 1.0))


def title_table(counts: InferenceCounts, prior: Csr, settings: Inference) -> TitleTable:
    """The table of one population. `prior`: titles x skills, weights 0 to 1."""
    skills, titles, k = counts.skills, counts.titles, settings.title_backoff
    everybody = popularity(counts, settings.anonymity)
    members = counts.title_members / MILLI
    floor = settings.anonymity * MILLI
    prior_key, prior_weight = _prior_triples(prior)
    seen = counts.pair_members >= floor
    key = np.union1d(prior_key, counts.pair_key[seen])
    title, skill = key // skills, key % skills
    listed = np.zeros(len(key))
    listed[np.searchsorted(key, counts.pair_key[seen])] = counts.pair_members[seen] / MILLI
    weight = np.zeros(len(key))
    weight[np.searchsorted(key, prior_key)] = prior_weight
    # a skill that nobody lists is no evidence that nobody has it: the prior then stands as it is
    observable = everybody[skill] > 0
    used = observable & (weight > 0)
    strength = prior_strength(weight[used], listed[used], members[title[used]], settings)
    n = members[title]
    expected = np.maximum(everybody[skill], strength * weight)
    p = np.where(observable, (listed + k * expected) / (n + k), settings.prior_strength * weight)
    p = np.minimum(p, 0.999)
    keep = (p >= settings.title_minimum) & ((listed > 0) | (weight > 0))
    title, skill, p, weight = title[keep], skill[keep], p[keep], weight[keep]
    order = np.lexsort((skill, -p, title))
    first = np.searchsorted(title[order], np.arange(titles))
    room = max(64, settings.title_entries // max(titles, 1))
    order = order[np.arange(len(order)) - first[title[order]] < room]
    title, skill, p, weight = title[order], skill[order], p[order], weight[order]
    base = _backoff(counts, everybody, title, skill, p, k)
    excess = p - base[title] * everybody[skill]
    belongs = _belongs(p, everybody[skill], weight, settings)
    wanted = belongs >= 0.05
    return TitleTable(
        everybody,
        base,
        Csr.from_pairs(title, skill, excess, (titles, skills)),
        Csr.from_pairs(title[wanted], skill[wanted], belongs[wanted], (titles, skills)),
    )


def _backoff(
    counts: InferenceCounts,
    everybody: Floats,
    title: npt.NDArray[np.int64],
    skill: npt.NDArray[np.int64],
    p: npt.NDArray[np.float64],
    k: float,
) -> Floats:
    """The factor on popularity for the skills of a title that are not stored: what they hold together stays the same.

    (skills a member of the title lists in all, minus those stored) / (popularity of the skills not stored), as Katz's
    back-off in language models; 1 where nobody has the title.
    """
    titles = counts.titles
    members = counts.title_members / MILLI
    listed = np.bincount(counts.pair_key // counts.skills, counts.pair_members / MILLI, minlength=titles)
    total = float(everybody.sum(dtype=np.float64))
    left = (listed + k * total) / (members + k) - np.bincount(title, p * (everybody[skill] > 0), minlength=titles)
    rest = total - np.bincount(title, everybody[skill].astype(np.float64), minlength=titles)
    factor = np.where(rest > 1e-9, np.maximum(left, 0) / np.maximum(rest, 1e-9), 1.0)
    floor = k / (members + k) / 10
    return np.clip(factor, floor, 2.0).astype(np.float32)


def _belongs(
    p: npt.NDArray[np.float64], everybody: Floats, weight: npt.NDArray[np.float64], settings: Inference
) -> npt.NDArray[np.float64]:
    """How much a skill belongs to a title: the published weight, or the cohort's share where it is typical there."""
    typical = (p >= settings.lift * everybody) | (p >= settings.certain)
    return np.maximum(weight, np.where(typical, p, 0.0))
