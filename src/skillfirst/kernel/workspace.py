"""What calls share: a Model's arrays lent to the loop once, and the working memory of a thread."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from skillfirst.kernel.groups import Desk, Row, Rules, Shelves
from skillfirst.kernel.model import LEVEL_CODES, Model
from skillfirst.kernel.policy import Policy
from skillfirst.ranking.borrow import lend
from skillfirst.ranking.layout import nearest
from skillfirst.ranking.scratch import new_scratch

Table = npt.NDArray[np.int64]
MOST_SIMILAR = 256  # no list of similar courses is longer


class Lent(NamedTuple):
    """Tables of `lend`, and the groups that keep their arrays alive."""

    tables: tuple[Table, ...]
    groups: tuple[Any, ...]


_models: WeakKeyDictionary[Model, dict[bool, Lent]] = WeakKeyDictionary()
_rules: WeakKeyDictionary[Model, dict[int, tuple[Policy, Lent]]] = WeakKeyDictionary()
_thread = threading.local()


def _lent(*groups: Any) -> Lent:
    return Lent(tuple(lend(group) for group in groups), groups)


def model_tables(model: Model, policy: Policy) -> Lent:
    """(layout, shelves) of a Model: those that hold the response where the policy asks for it."""
    known = _models.setdefault(model, {})
    learned = policy.response == "learned"
    held = known.get(learned)
    if held is None:
        held = known[learned] = _lent(model.layout_for(policy), _shelves(model))
    return held


def _shelves(model: Model) -> Shelves:
    a, catalogue = model.arrays, model.catalogue
    offsets, course = a["shelf_offsets"], a["shelf_course"]
    shelves = len(offsets) - 1
    if (orders := a.get("response_shelf_course")) is not None:
        offsets = np.concatenate([offsets, *(offsets[1:] + len(course) * (1 + i) for i in range(len(orders)))])
        course = np.concatenate([course, *orders])
    return Shelves(
        courses=len(model.courses), shelves=shelves, offsets=offsets, course=course,
        similar_offsets=a["similar_offsets"], similar=a["similar"], group=a["group"],
        group_offsets=a["group_offsets"], group_course=a["group_course"], twin=a["twin"],
        twin_offsets=a["twin_offsets"], twin_course=a["twin_course"],
        level=np.ascontiguousarray(catalogue.level),
        categories=len(catalogue.categories), category=np.ascontiguousarray(catalogue.category),
        created=np.ascontiguousarray(catalogue.created), minutes=np.ascontiguousarray(catalogue.minutes),
        evidence_start=model.evidence[1],
    )  # fmt: skip


def rules_table(model: Model, policy: Policy) -> Lent:
    """(rules,) of a Policy; a Model sees few of them."""
    known = _rules.setdefault(model, {})
    held = known.get(id(policy))
    if held is None:
        if len(known) >= 64:  # whoever makes a new one for every call keeps none of them
            known.clear()
        held = known[id(policy)] = (policy, _lent(_numbers(model, policy)))
    return held[1]


def _numbers(model: Model, policy: Policy) -> Rules:
    page = policy.page
    learned = model.response is not None and policy.response == "learned"
    return Rules(
        k=policy.list_length, fill=policy.fill, fallback=int(policy.fallback == "on"), rows=page.rows,
        row_length=page.row_length, row_least=page.row_least, watched_rows=page.watched, wanted_rows=page.wanted,
        skill_rows=page.skill, predicted_rows=page.predicted, inferred_rows=page.inferred, new_days=page.new_days,
        rows_least=page.rows_least, round_robin=int(policy.diversify == "round_robin"),
        levels=LEVEL_CODES if learned else 0, nearest=nearest(model.layout),
        spill_over=policy.discount.spill_over, dismiss_rest=policy.discount.dismiss_rest_seconds,
        watching=policy.watching.parameters(), discount=policy.discount.parameters(),
    )  # fmt: skip


def working_memory(model: Model, policy: Policy, most: int, busiest: int) -> Lent:
    """(scratch, desk, row) of this thread, for members of at most `most` skills and `busiest` courses touched.

    Kept between calls for the last Model's sizes: about 120 bytes a course and 4 a skill.
    """
    layout = model.layout
    sizes = (len(layout.date_rank), len(layout.heavy_row), len(model.catalogue.categories))
    room = (max(most, 64), max(busiest, 64), max(policy.page.row_length + 1, MOST_SIMILAR))
    held = getattr(_thread, "held", None)
    if held is not None and held[0] == sizes and all(a <= b for a, b in zip(room, held[1], strict=True)):
        return held[2]  # type: ignore[no-any-return]
    most, busiest, row = room
    desk = Desk(
        state_course=np.empty(busiest, np.int32), state=np.empty(busiest, np.int32),
        state_time=np.empty(busiest, np.int64), slot_context=np.zeros(most, np.int8),
        slot_evidence=np.zeros(most, np.int32), slot_order=np.zeros(most, np.int32),
        exercised=np.zeros(most, np.uint8), watched=np.zeros(most, np.int32), watched_time=np.zeros(most, np.int64),
        wanted=np.zeros((most + 63) // 64, np.uint64), category_count=np.zeros(max(sizes[2], 1), np.int32),
        number=np.zeros(sizes[0] + most + 1, np.int32),
    )  # fmt: skip
    line = Row(
        np.empty(row, np.int32), np.empty(row, np.float64), np.empty(row, np.float64), np.empty(row, np.int64),
        np.empty(row, np.int64),
    )  # fmt: skip
    lent = _lent(new_scratch(layout, most), desk, line)
    _thread.held = (sizes, room, lent)
    return lent
