"""A Policy per arm: members of one batch may be in different arms of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.errors import UsageError
from skillfirst.kernel.policy import Policy

# experiment -> arm -> settings of the Policy it overrides, as Policy.with_settings takes them
Arms = Mapping[str, Mapping[str, Mapping[str, Any]]]
Work = Callable[[pa.RecordBatch, Policy], pa.RecordBatch]


def check_arms(arms: Arms, policy: Policy) -> None:
    """Raise UsageError for an override that no Policy knows, before a night begins."""
    for experiment, overrides in arms.items():
        for arm, settings in overrides.items():
            try:
                policy.with_settings(dict(settings))
            except UsageError as error:
                raise UsageError(
                    f"experiment {experiment}, arm {arm}: {error.message}", next_step=error.next_step
                ) from None


def known_arms(pairs: Iterable[tuple[str, str]], arms: Arms) -> tuple[tuple[str, str], ...]:
    """A member's arms that override something, by experiment."""
    return tuple(sorted((experiment, arm) for experiment, arm in pairs if arm in arms.get(experiment, {})))


def _with_overrides(policy: Policy, own: Iterable[tuple[str, str]], arms: Arms) -> Policy:
    for experiment, arm in own:
        policy = policy.with_settings(dict(arms[experiment][arm]))
    return policy


def policy_of(pairs: Iterable[tuple[str, str]], policy: Policy, arms: Arms, known: dict[Any, Policy]) -> Policy:
    """The Policy that holds for one member; `known` keeps those that were made before."""
    if not arms:
        return policy
    own = known_arms(pairs, arms)
    theirs = known.get(own)
    if theirs is None:
        theirs = known[own] = _with_overrides(policy, own, arms)
    return theirs


def group_by_policy(column: pa.Array, policy: Policy, arms: Arms) -> list[tuple[Policy, npt.NDArray[np.int64]]]:
    """Rows of an `arms` column by the Policy that holds for them, in order of their first row.

    Overrides of several experiments are applied in the order of the experiments' names.
    """
    places: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for i, pairs in enumerate(column.to_pylist()):
        places.setdefault(known_arms(pairs or (), arms), []).append(i)
    return [(_with_overrides(policy, own, arms), np.array(rows, np.int64)) for own, rows in places.items()]


def by_policy(members: pa.RecordBatch, policy: Policy, arms: Arms, work: Work) -> pa.RecordBatch:
    """`work` done with each member's own Policy; rows come back in the order of the members.

    `work` gives the same number of rows for every member, those of one member together.
    """
    if not arms:
        return work(members, policy)
    groups = group_by_policy(members.column("arms"), policy, arms)
    if len(groups) <= 1:
        return work(members, groups[0][0] if groups else policy)
    parts = [work(members.take(pa.array(rows)), theirs) for theirs, rows in groups]
    many = parts[0].num_rows // max(len(groups[0][1]), 1)
    placed = np.concatenate([(rows[:, None] * many + np.arange(many)).ravel() for _, rows in groups])
    order = np.empty(len(placed), np.int64)
    order[placed] = np.arange(len(placed))
    stacked = pa.Table.from_batches(parts).take(pa.array(order)).combine_chunks()
    return pa.RecordBatch.from_arrays([c.chunk(0) for c in stacked.columns], schema=parts[0].schema)
