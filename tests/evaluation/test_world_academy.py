"""The invented academy: its tables hold the contracts, come out equal for equal seeds, and look like life."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import skillfirst.evaluation.world as package
from skillfirst.errors import UsageError
from skillfirst.evaluation.world.academy import PARTS, Academy, invent, tables, write
from skillfirst.evaluation.world.catalogue import invent_ground
from skillfirst.tables.schemas import INPUT

DAY = date(2025, 3, 3)


@pytest.fixture(scope="module")
def academy() -> Academy:
    return invent(600, seed=3, day=DAY, ground=invent_ground(80, 10, 90, day=DAY))


@pytest.fixture(scope="module")
def read(academy: Academy) -> dict[str, pa.Table]:
    return {part: pa.concat_tables(tables(academy, part)) for part in PARTS}


@pytest.mark.parametrize("part", PARTS)
def test_a_table_has_the_columns_of_its_contract_and_no_null_in_a_required_one(
    read: dict[str, pa.Table], part: str
) -> None:
    table, contract = read[part], INPUT[part]
    assert table.schema.equals(contract.schema)
    assert table.num_rows > 0
    for name in contract.required:
        assert table[name].null_count == 0, name
    for column in contract:
        if column.choices:
            assert set(table[column.name].drop_null().to_pylist()) <= set(column.choices)
    if contract.key:
        assert table.group_by(list(contract.key)).aggregate([]).num_rows == table.num_rows


def test_every_reference_to_a_member_and_a_course_exists(read: dict[str, pa.Table]) -> None:
    members, courses = read["members"]["member_id"], read["courses"]["course_id"]
    for part, column in [("member_skills", "member_id"), ("connections", "member_id"), ("activity", "member_id"),
                         ("connections", "connection_id"), ("events", "member_id")]:  # fmt: skip
        assert pc.all(pc.is_in(read[part][column], members.combine_chunks())).as_py(), (part, column)
    named = read["events"]["course_id"].drop_null()
    assert pc.all(pc.is_in(named, courses.combine_chunks())).as_py()
    assert pc.count_distinct(read["events"]["event_id"]).as_py() == read["events"].num_rows


def test_equal_seeds_write_equal_bytes_and_another_seed_does_not(academy: Academy, tmp_path: Path) -> None:
    ground = academy.ground
    for name, seed in [("one", 3), ("again", 3), ("other", 4)]:
        write(invent(50, seed=seed, day=DAY, ground=ground), tmp_path / name)
    for part in PARTS:
        one, again = (tmp_path / n / f"{part}.parquet" for n in ("one", "again"))
        assert one.read_bytes() == again.read_bytes()
    assert (tmp_path / "one/events.parquet").read_bytes() != (tmp_path / "other/events.parquet").read_bytes()


def test_parts_can_be_left_out_and_an_unknown_part_is_refused(academy: Academy, tmp_path: Path) -> None:
    rows = write(academy, tmp_path, parts=("courses", "members"))
    assert rows == {"courses": 90, "members": 600}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["courses.parquet", "members.parquet"]
    assert pq.read_table(tmp_path / "members.parquet").schema.equals(INPUT["members"].schema)
    with pytest.raises(UsageError, match="grades"):
        write(academy, tmp_path, parts=("grades",))


def test_nothing_happens_before_a_member_joins_or_a_course_appears_or_on_the_day_itself(
    academy: Academy, read: dict[str, pa.Table]
) -> None:
    events = read["events"].filter(pc.is_valid(read["events"]["course_id"]))
    day = events["time"].cast(pa.date32())
    assert pc.max(events["time"]).as_py().date() < DAY
    for key, table, since in [("member_id", "members", "joined_on"), ("course_id", "courses", "created_on")]:
        at = pc.index_in(events[key], read[table][key].combine_chunks())
        assert pc.all(pc.greater_equal(day, read[table][since].combine_chunks().take(at.combine_chunks()))).as_py()


def test_profiles_are_incomplete_noisy_and_in_peoples_own_words(academy: Academy, read: dict[str, pa.Table]) -> None:
    explicit = read["member_skills"].filter(pc.equal(read["member_skills"]["source"], "explicit"))
    with_skills = pc.count_distinct(explicit["member_id"]).as_py() / 600
    assert 0.4 < with_skills < 0.85
    names = set(academy.ground.skill_names)
    written = set(explicit["skill"].to_pylist())
    assert written & names
    assert written - names
    titles = read["members"]["title"]
    assert 0.01 < titles.null_count / 600 < 0.12
    plain = sum(t in academy.ground.title_names for t in titles.to_pylist()) / 600
    assert 0.5 < plain < 0.85
    assert pc.count_distinct(titles).as_py() > 30


def test_clicks_come_from_hidden_interests(academy: Academy, read: dict[str, pa.Table]) -> None:
    ground, people = academy.ground, academy.population
    wanted = np.zeros((len(people), len(ground.skills)), np.float32)
    rows = np.repeat(np.arange(len(people)), np.diff(people.interest.offsets))
    wanted[rows, people.interest.indices] = people.interest.values
    taught = np.zeros((len(ground.course_skills), len(ground.skills)), np.float32)
    at = np.repeat(np.arange(len(taught)), np.diff(ground.course_skills.offsets))
    taught[at, ground.course_skills.indices] = ground.course_skills.values
    match = wanted @ taught.T

    def mean(kind: str) -> float:
        these = read["events"].filter(pc.equal(read["events"]["kind"], kind))
        who = pc.index_in(these["member_id"], people.ids()).to_numpy()
        what = pc.index_in(these["course_id"], ground.course_ids).to_numpy()
        return float(match[who, what].mean())

    assert mean("click") > 1.3 * mean("impression")
    assert mean("complete") > mean("impression")


def test_some_courses_trend_in_a_title_in_the_last_week(academy: Academy, read: dict[str, pa.Table]) -> None:
    watched = read["events"].filter(pc.equal(read["events"]["kind"], "watch"))
    who = pc.index_in(watched["member_id"], academy.population.ids()).to_numpy()
    weeks = (np.datetime64(DAY) - watched["time"].to_numpy().astype("datetime64[D]")).astype(int) > 7
    counts: dict[tuple[int, str], list[int]] = {}
    for title, course, past in zip(
        academy.population.title[who].tolist(), watched["course_id"].to_pylist(), weeks.tolist(), strict=True
    ):
        counts.setdefault((title, course), [0, 0])[int(past)] += 1
    rising = [key for key, (now, before) in counts.items() if now >= 5 and now > 3 * (before / 8 + 0.2)]
    assert len(rising) >= 2


def test_connections_are_homophilous_and_skewed_and_never_with_oneself(
    academy: Academy, read: dict[str, pa.Table]
) -> None:
    ids = academy.population.ids()
    one = pc.index_in(read["connections"]["member_id"], ids).to_numpy()
    other = pc.index_in(read["connections"]["connection_id"], ids).to_numpy()
    assert not (one == other).any()
    title = academy.population.title
    same = (title[one] == title[other]).mean()
    by_chance = ((np.bincount(title + 1) / len(title)) ** 2).sum()
    assert same > 2 * by_chance
    degrees = np.sort(np.bincount(other, minlength=len(title)))
    assert degrees[-6:].mean() > 4 * degrees.mean()


def test_a_prefix_of_members_is_the_same_whatever_part_is_asked_first(academy: Academy) -> None:
    first = pa.concat_tables(tables(academy, "events"))
    list(tables(academy, "members"))
    assert pa.concat_tables(tables(academy, "events")).equals(first)


def test_an_academy_without_members_is_refused() -> None:
    with pytest.raises(UsageError):
        invent(0, ground=invent_ground())


def test_the_world_imports_nothing_that_scores() -> None:
    """It would grade its own homework: of this package it may know errors, tables and itself."""
    allowed = ("skillfirst.errors", "skillfirst.tables", "skillfirst.evaluation.world")
    seen = 0
    for path in sorted(Path(package.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path.name}: relative import"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                assert called not in ("import_module", "__import__"), path.name
            for name in names:
                seen += 1
                if name.startswith("skillfirst"):
                    assert name.startswith(allowed), f"{path.name} imports {name}"
    assert seen > 50
