"""A target title makes wanted skills of what the title takes and the member lacks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from skillfirst.skills.inference.profiles import Profiles
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.inference.tables import InferenceTables
from skillfirst.skills.inference.top import by_code, joined, offer
from skillfirst.tables.member_document import Source

Wanted = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.int16]]
"""Offsets, skills ascending, weights, Source bits."""


@njit(cache=True, nogil=True)
def _goals(
    target_offsets: Any, target: Any, target_weight: Any, goal_offsets: Any, goal_skill: Any, goal_value: Any,
    held_offsets: Any, held: Any, wanted_offsets: Any, wanted: Any, refused_offsets: Any, refused: Any,
    inferred_offsets: Any, inferred: Any, inferred_weight: Any, skills: Any, threshold: Any, limit: Any,
    skill: Any, weight: Any,
) -> Any:  # fmt: skip
    members = len(target_offsets) - 1
    found = np.zeros(members, np.int64)
    need = np.zeros(skills)
    touched = np.empty(skills, np.int32)
    code = np.empty(limit, np.int32)
    value = np.empty(limit)
    for i in range(members):
        n = 0
        for j in range(target_offsets[i], target_offsets[i + 1]):
            t = target[j]
            for e in range(goal_offsets[t], goal_offsets[t + 1]):
                s = goal_skill[e]
                if need[s] == 0:
                    touched[n] = s
                    n += 1
                need[s] += target_weight[j] * goal_value[e]
        if n == 0:
            continue
        for j in range(held_offsets[i], held_offsets[i + 1]):
            need[held[j]] = 0
        for j in range(wanted_offsets[i], wanted_offsets[i + 1]):
            need[wanted[j]] = 0
        for j in range(refused_offsets[i], refused_offsets[i + 1]):
            need[refused[j]] = 0
        for j in range(inferred_offsets[i], inferred_offsets[i + 1]):
            need[inferred[j]] *= 1.0 - inferred_weight[j]
        kept = 0
        for j in range(n):
            s = touched[j]
            if need[s] >= threshold:
                kept = offer(code, value, kept, limit, s, need[s])
            need[s] = 0
        by_code(code, value, kept)
        for j in range(kept):
            skill[i, j] = code[j]
            weight[i, j] = min(value[j], 1.0)
        found[i] = kept
    return found


def goal_rows(
    profiles: Profiles,
    tables: InferenceTables,
    settings: Inference,
    inferred_offsets: npt.NDArray[np.int64],
    inferred: npt.NDArray[np.int32],
    inferred_weight: npt.NDArray[np.float32],
) -> Wanted:
    """Wanted skills of each row: how much the skill belongs to the target title x how surely the member lacks it.

    Neither what the member lists, nor what is wanted already, nor what was refused; at most `settings.goal_limit`.
    """
    n = len(profiles)
    offsets = np.zeros(n + 1, np.int64)
    if not settings.goals or not len(profiles.target[1]):
        return offsets, np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int16)
    skill, weight = np.zeros((n, settings.goal_limit), np.int32), np.zeros((n, settings.goal_limit), np.float32)
    goal = tables.title.goal
    found = _goals(
        *profiles.target, goal.offsets, goal.indices, goal.weights, profiles.held.offsets, profiles.held.indices,
        *profiles.wanted, *profiles.refused, inferred_offsets, inferred, inferred_weight, tables.skills,
        float(settings.goal_threshold), int(settings.goal_limit), skill, weight,
    )  # fmt: skip
    offsets, goals, weights = joined(found, skill, weight)
    return offsets, goals, weights, np.full(len(goals), int(Source.GOAL), np.int16)
