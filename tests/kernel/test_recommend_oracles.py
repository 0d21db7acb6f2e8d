"""The hot loop against two independent answers: plain Python, and SQL."""

from __future__ import annotations

import math
from collections import defaultdict

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend


def plain_feed(member, courses, holders, population, floor, k):
    """The published description in plain Python: courses are (id, day, {skill: weight})."""
    weight = {}
    for s in member["skills"]:
        if holders.get(s, 0) >= floor:
            weight[s] = math.log(1 + population / holders[s])
    for s in member["wanted"]:
        weight[s] = weight.get(s, 0.0) + 1.0
        if s in member["skills"] and holders.get(s, 0) < floor:
            weight[s] = 1.0 + math.log(1 + population / floor)
    buckets = defaultdict(list)
    for course, day, skills in courses:
        matched = tuple(sorted(s for s in skills if weight.get(s, 0) > 0))
        if matched:
            affinity = 0.0
            for s in matched:
                affinity += weight[s] * skills[s]
            buckets[matched].append((-(day if day is not None else -math.inf), -affinity, course))
    for bucket in buckets.values():
        bucket.sort()
    best = {key: max(-a for _, a, _ in bucket) for key, bucket in buckets.items()}
    order = sorted(buckets, key=lambda key: (-best[key], -len(key), key))
    out, turn = [], 0
    while len(out) < k and any(turn < len(buckets[key]) for key in order):
        for number, key in enumerate(order, 1):
            if turn < len(buckets[key]) and len(out) < k:
                _, affinity, course = buckets[key][turn]
                out.append((course, -affinity, number))
        turn += 1
    return out


def as_plain(catalogue, members):
    skills, matrix = catalogue.taxonomy.skills, catalogue.course_skills
    courses = [
        (catalogue.courses[i], None if day < -(2**30) else int(day),
         dict(zip([skills[int(s)] for s in matrix.row(i)], matrix.row_values(i).tolist(), strict=True)))
        for i, day in enumerate(catalogue.created)
    ]  # fmt: skip
    people = [
        {
            "member_id": m["member_id"],
            "skills": [skills[s] for s in m["skill"]],
            "wanted": [skills[s] for s in m["wanted"]],
        }
        for m in members.select(["member_id", "skill", "wanted"]).to_pylist()
    ]
    holders = defaultdict(int)
    for m in people:
        for s in m["skills"]:
            holders[s] += 1
    return courses, people, holders


@pytest.mark.parametrize(
    ("seed", "members", "courses", "skills", "most", "k", "floor"),
    [
        (1, 60, 300, 40, 20, 100, 1),
        (2, 60, 300, 40, 20, 7, 3),
        (3, 25, 1, 5, 5, 10, 1),
        (4, 20, 900, 400, 300, 2000, 1),
        (5, 8, 3000, 90, 70, 3000, 1),
        (6, 40, 64, 12, 12, 1, 2),
        (7, 30, 500, 3, 4, 500, 1),
    ],
)
@pytest.mark.parametrize("weights", [(1.0,), (1.0, 0.5, 0.25, 0.9)])
def test_the_feed_equals_plain_python(world, academy, seed, members, courses, skills, most, k, floor, weights):
    catalogue, batch = world(seed, members, courses, skills, most, weights, days=60)
    policy = Policy(floor=floor, list_length=k, fallback="none", collapse="none", inference=academy.silent)
    model = academy.model_of(catalogue, batch, policy)
    rows = recommend(batch, model, ["feed"]).to_pylist()
    plain, people, holders = as_plain(catalogue, batch)
    for row, member in zip(rows, people, strict=True):
        expected = plain_feed(member, plain, holders, len(people), floor, k)
        assert row["member_id"] == member["member_id"]
        assert row["course_id"] == [c for c, _, _ in expected]
        assert row["affinity"] == [a for _, a, _ in expected]
        assert row["bucket"] == [b for _, _, b in expected]


SQL = """
with counted as (select skill, count(*) n from holds group by skill),
held as (select member, skill, ln(1 + (select count(*) from people) / n) w
         from holds join counted using (skill) where n >= $floor),
matched as (select member, course, any_value(day) as created, sum(w * weight) affinity,
                   list_sort(list(skill)) as overlap
            from held join teaches using (skill) group by member, course),
placed as (select *, max(affinity) over (partition by member, overlap) best,
           row_number() over (partition by member, overlap
                              order by created desc nulls last, round(affinity, 9) desc, course) turn from matched)
select member, list(course order by turn, round(best, 9) desc, len(overlap) desc, overlap) courses
from placed group by member order by member
"""


def test_the_feed_equals_sql(world, academy):
    catalogue, batch = world(11, 80, 400, 60, 15, (1.0,), days=5_000)
    policy = Policy(floor=2, list_length=400, fallback="none", collapse="none", wanted=0.0, inference=academy.silent)
    model = academy.model_of(catalogue, batch, policy)
    plain, people, _ = as_plain(catalogue, batch)
    con = duckdb.connect(config={"threads": 1})
    holds = pa.table(
        {
            "member": [m["member_id"] for m in people for _ in m["skills"]],
            "skill": [s for m in people for s in m["skills"]],
        }
    )
    teaches = pa.table(
        {
            "course": [c for c, _, t in plain for _ in t], "day": [d for _, d, t in plain for _ in t],
            "skill": [s for _, _, t in plain for s in t], "weight": [w for _, _, t in plain for w in t.values()],
        }
    )  # fmt: skip
    con.register("people", pa.table({"member": [m["member_id"] for m in people]}))
    con.register("holds", holds)
    con.register("teaches", teaches)
    expected = dict(con.execute(SQL, {"floor": 2}).fetchall())
    rows = recommend(batch, model, ["feed"]).to_pylist()
    assert {r["member_id"]: r["course_id"] for r in rows if r["course_id"]} == expected


def test_batches_of_any_size_give_the_same_bytes(world, academy):
    catalogue, batch = world(5, 50, 300, 60)
    model = academy.model_of(catalogue, batch)
    whole = recommend(batch, model)
    ones = pa.Table.from_batches([recommend(batch.slice(i, 1), model) for i in range(batch.num_rows)])
    assert pa.Table.from_batches([whole]).equals(ones.combine_chunks())
    assert recommend(batch.slice(0, 0), model).num_rows == 0


def test_a_saved_model_and_its_pickle_recommend_alike(world, academy, tmp_path):
    import pickle

    catalogue, batch = world(6, 20, 200, 60)
    model = academy.model_of(catalogue, batch)
    saved = model.save(tmp_path / "model")
    again = pickle.loads(pickle.dumps(saved))
    assert again.version == model.version == saved.version
    assert recommend(batch, again).equals(recommend(batch, model))
    assert not any(a.flags.writeable for a in saved.arrays.values())


def test_explained_contributions_add_up_to_the_affinity(world, academy):
    catalogue, batch = world(8, 40, 300, 60, weights=(1.0, 0.3, 0.7))
    model = academy.model_of(catalogue, batch)
    rarity = model.idf
    skills = model.taxonomy.skills
    for member, row in zip(batch.to_pylist(), recommend(batch, model, ["feed"]).to_pylist(), strict=True):
        for course, affinity, context, evidence in zip(
            row["course_id"], row["affinity"], row["context"], row["context_evidence"], strict=True
        ):
            code = model.courses.code(course)
            parts = {}
            for s, w in zip(catalogue.course_skills.row(code), catalogue.course_skills.row_values(code), strict=True):
                held = rarity.considered[s] if s in member["skill"] else 0.0
                if s in member["wanted"] and s in member["skill"]:
                    held = rarity.floored[s]
                parts[skills[int(s)]] = (held + (1.0 if s in member["wanted"] else 0.0)) * float(w)
            assert np.isclose(sum(parts.values()), affinity)
            if affinity:
                assert context in ("skill", "wanted")
                assert np.isclose(parts[evidence], max(parts.values()))
