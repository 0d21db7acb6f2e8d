"""The kernel for one member at a time: `infer` and `recommend` from arrays to arrays, without Arrow in between.

The rules are those of a batch, called for a batch of one; what a batch would be made rows of is left as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from skillfirst.kernel.arms import policy_of
from skillfirst.kernel.groups import Out
from skillfirst.kernel.infer import infer_documents
from skillfirst.kernel.member_arrays import CHANNELS, member_arrays
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import empty_lists, fill_lists, widest_list
from skillfirst.tables.documents import Documents

_policies: WeakKeyDictionary[Model, dict[Any, Policy]] = WeakKeyDictionary()


def own_policy(document: Documents, model: Model) -> Policy:
    """The Policy of the member's arms: the same object for the same arms, as working tables are kept under it."""
    if not model.arms:
        return model.policy
    return policy_of(document.one["arms"], model.policy, model.arms, _policies.setdefault(model, {}))


def lists_of_one(
    document: Documents, model: Model, channels: Sequence[str] = CHANNELS, policy: Policy | None = None
) -> Out:
    """`recommend` for one member (DOCUMENT columns), as the compiled loop leaves it."""
    policy = policy or own_policy(document, model)
    out = empty_lists(1, channels, sum(widest_list(channel, model, policy) for channel in channels))
    fill_lists(member_arrays(infer_documents(document, model, policy), model, policy)[0], model, policy, out)
    return out
