"""The hot loop against the slow, obvious version of itself, for every way in which co-occurrence is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillfirst.skills.inference import Inference, InferenceTables, infer
from skillfirst.skills.inference.goals import goal_rows
from skillfirst.skills.inference.net import Net
from skillfirst.skills.inference.profiles import read_profiles
from skillfirst.skills.inference.sources import EASE, NEIGHBOURS, NET, NOTHING
from skillfirst.skills.inference.top import by_code, offer
from skillfirst.tables.sparse import Csr

JAVA, SPANISH, SQL, WELDING = range(4)
ENGINEER, WELDER = range(2)
METHODS = {
    NOTHING: Inference(co_occurrence=False),
    NEIGHBOURS: Inference(net_skills=0, ease_skills=0),
    EASE: Inference(net_skills=0),
    NET: Inference(net_epochs=3),
}


@pytest.fixture(scope="module")
def learned(make_town_module: pa.RecordBatch, make_tables_module: Any) -> dict[int, InferenceTables]:
    prior, courses = [{JAVA: 1.0, SQL: 0.5}, {WELDING: 1.0}], [{JAVA: 1.0}, {SQL: 0.7, SPANISH: 0.2}]
    return {method: make_tables_module([make_town_module], rules, prior, courses) for method, rules in METHODS.items()}


def logit(p: float) -> float:
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def net_logits(net: Net, inputs: dict[int, float]) -> Any:
    x = np.zeros(len(net.linear))
    for place, value in inputs.items():
        x[place] += value
    return net.intercept + x @ net.linear + np.tanh(net.hidden + x @ net.into) @ net.out


def expected(batch: pa.RecordBatch, t: InferenceTables, rules: Inference) -> dict[int, float]:
    """Skill -> probability of a batch of one, before threshold, lift and limit."""
    d = {name: batch[name][0].as_py() for name in batch.schema.names}
    now = int(batch["now"].cast(pa.int64())[0].as_py())
    profiles = read_profiles(batch, t.skills)
    out = {}
    shown = [s for s in d["skill"] if rules.co_occurrence]
    bare = full = np.zeros(t.skills)
    if t.method == NET and rules.co_occurrence:
        _, columns, values = t.columns.encode(profiles)
        side = {len(t.active) + int(c): float(v) for c, v in zip(columns, values, strict=True)}
        bare = net_logits(t.net, side)
        full = net_logits(t.net, side | {int(t.place[s]): 1.0 for s in shown if t.place[s] >= 0})
    for s in range(t.skills):
        if s in d["skill"] or s in d["refused"]:
            continue
        pop = float(t.title.popularity[s])
        p_title, near = pop, 0.0
        for code, w in zip(d["title"], d["title_weight"], strict=True):
            excess = dict(zip(t.title.excess.row(code).tolist(), t.title.excess.row_values(code), strict=True))
            p_title += w * ((t.title.base[code] - 1) * pop + excess.get(s, 0.0))
        raw = [p_title if d["title"] else 0.0, 0.0, 0.0, 0.0]
        x = [1.0, logit(p_title), 0.0, 0.0, 0.0, 0.0, 0.0]
        if t.method == NEIGHBOURS and shown:
            for h in shown:
                near += dict(zip(t.near.row(h).tolist(), t.near.row_values(h), strict=True)).get(s, 0.0)
            raw[1] = (near + pop) / (len(shown) + 1)
            x[2] = logit(raw[1]) - logit(pop)
        elif t.method == EASE and shown and t.place[s] >= 0:
            e = sum(float(t.ease[t.place[h], t.place[s]]) for h in shown if t.place[h] >= 0)
            raw[1] = min(max(e, 0.0), 1.0)
            x[2], x[3] = e, logit(min(max(e, 1e-3), 0.999)) - logit(pop)
        elif t.method == NET and rules.co_occurrence and t.place[s] >= 0:
            x[2], x[3] = full[t.place[s]] - bare[t.place[s]], bare[t.place[s]] - x[1]
            raw[1] = 1 / (1 + math.exp(-full[t.place[s]])) if shown else 0.0
        mass = 0.0
        for course in {*d["course"]}:
            best = 0.0
            rows = zip(d["course"], d["course_kind"], d["course_time"], d["course_seconds"], strict=True)
            for c, kind, time, seconds in rows:
                weight = {4: 1.0, 2: 0.6 * (seconds >= 60)}.get(kind, 0.0) * (c == course)
                best = max(best, weight * 0.5 ** (max(0, now - time) / 86_400 / 90))
            teaches = dict(zip(t.course_skills.row(course).tolist(), t.course_skills.row_values(course), strict=True))
            mass += best * teaches.get(s, 0.0)
        if mass:
            x[4] = raw[2] = 1 - math.exp(-mass)
        n = d["neighbours"]
        if n >= 5:
            count = dict(zip(d["neighbour_skill"], d["neighbour_count"], strict=True)).get(s, 0)
            raw[3] = (count + 20 * p_title) / (n + 20)
            x[5] = logit(raw[3]) - x[1]
            x[6] = x[5] * math.log(n / 20)
        held = len(shown)
        bucket = 0 if held == 0 else 1 if held <= 2 else 2 if held <= 5 else 3
        z = float(np.dot(t.fusion[bucket], x))
        p = 1 / (1 + math.exp(-z)) if t.calibrated[0] else raw[0]
        for source, trust in ((1, 0.5), (2, 0.6), (3, 0.3)):
            if not t.calibrated[source]:
                p = 1 - (1 - p) * (1 - trust * raw[source])
        out[s] = p
    return out


person = st.fixed_dictionaries(
    {},
    optional={
        "skills": st.lists(st.sampled_from(range(4)), unique=True, max_size=3),
        "title": st.sampled_from([[ENGINEER], [WELDER, ENGINEER]]),
        "refused": st.sampled_from([[], [SQL]]),
        "neighbours": st.sampled_from([3, 7, 60]),
        "near": st.dictionaries(st.sampled_from(range(4)), st.integers(1, 3)),
        "courses": st.sampled_from(
            [[(0, 2, 1_790_000_000, 90)], [(0, 1, 5, 0), (1, 2, 1_780_000_000, 70), (1, 4, 5, 0)]]
        ),
    },
)


@pytest.mark.parametrize("method", METHODS, ids=["nothing", "neighbours", "EASE", "network"])
@given(row=person)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_loop_says_what_the_formula_says(
    learned: dict[int, InferenceTables], make_people: Any, method: int, row: dict[str, Any]
) -> None:
    tables = learned[method]
    assert tables.method == method
    batch = make_people([row])
    rules = METHODS[method]
    every = Inference(threshold=0.0, limit=4, unsupported=True, co_occurrence=rules.co_occurrence)
    out = infer(batch, tables, every)
    found = dict(zip(out["inferred_skill"][0].as_py(), out["inferred_weight"][0].as_py(), strict=True))
    wanted = expected(batch, tables, every)
    assert found == pytest.approx({s: wanted[s] for s in found}, rel=1e-4, abs=1e-6)
    kept = infer(batch, tables, Inference(co_occurrence=rules.co_occurrence))["inferred_skill"][0].as_py()
    assert all(wanted[s] >= 0.0999 for s in kept)
    assert list(found) == sorted(found)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0.0, 0.5, 1.0])), max_size=12), st.integers(0, 5))
@settings(deadline=None)
def test_the_best_few_are_the_first_of_all_sorted(pairs: list[tuple[int, float]], limit: int) -> None:
    code, value, kept = np.zeros(limit, np.int32), np.zeros(limit), 0
    for c, v in pairs:
        kept = offer(code, value, kept, limit, c, v)
    best = sorted(((-v, c) for c, v in pairs))[:limit]
    assert [(-v, c) for c, v in zip(code[:kept].tolist(), value[:kept].tolist(), strict=True)] == best
    by_code(code, value, kept)
    assert code[:kept].tolist() == sorted(c for _, c in best)


def test_goals_are_what_the_title_takes_less_what_is_held(
    learned: dict[int, InferenceTables], make_people: Any
) -> None:
    tables = learned[NOTHING]
    profiles = read_profiles(make_people([{"target": [ENGINEER], "skills": [JAVA]}, {"target": [WELDER]}]), 4)
    belongs = {s: float(v) for s, v in zip(tables.title.goal.row(ENGINEER), tables.title.goal.row_values(ENGINEER),
                                           strict=True)}  # fmt: skip
    half = (np.array([0, 1, 1]), np.array([SQL], np.int32), np.array([0.5], np.float32))
    offsets, skill, weight, _ = goal_rows(profiles, tables, Inference(), *half)
    first = dict(zip(skill[: offsets[1]].tolist(), weight[: offsets[1]].tolist(), strict=True))
    assert JAVA not in first
    assert first[SQL] == pytest.approx(belongs[SQL] * 0.5)
    assert WELDING in skill[offsets[1] :].tolist()


def test_csr_of_the_tables_is_ascending(learned: dict[int, InferenceTables]) -> None:
    for rows in (learned[NOTHING].title.excess, learned[NEIGHBOURS].near):
        assert isinstance(rows, Csr)
        assert all(np.all(np.diff(rows.row(i)) > 0) for i in range(len(rows)))
