"""Member documents against the obvious version: dictionaries in Python, and the same questions in SQL."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from skillfirst.ingest import documents, member_tables
from skillfirst.ingest.checks import read
from skillfirst.ingest.documents import gather, read_part
from skillfirst.ingest.resolving import Resolvers
from skillfirst.tables.member_document import DOCUMENT, Interaction, Source
from skillfirst.tables.schemas import EVENT_KINDS
from skillfirst.tables.vocabulary import Vocabulary

NOW = int(dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC).timestamp())
SKILLS = {"java": 0, "jdk": 0, "spanish": 1, "sql": 2, "welding": 3}
TITLES = {"developer": [1, 0], "welder": [2]}


def resolve(texts):
    return np.array([SKILLS.get(t.lower(), -1) for t in texts.to_pylist()], np.int32)


def resolve_titles(texts):
    codes = [TITLES.get(t.lower(), []) for t in texts.to_pylist()]
    return codes, [[1.0 / (1 + i) for i in range(len(c))] for c in codes]


def find(texts):
    return [sorted({SKILLS[w] for w in t.lower().split() if w in SKILLS}) for t in texts.to_pylist()]


RESOLVERS = Resolvers(resolve, 4, resolve_titles, find)
COURSES = Vocabulary(["c3", "c2", "c1"])  # newest first


def gathered(checked, tmp_path, **options):
    result = gather(checked, RESOLVERS, COURSES, now=NOW, out_dir=tmp_path / "documents", **options)
    table = pa.Table.from_batches([read_part(p) for p in result.parts], DOCUMENT)
    table.validate(full=True)
    return table.to_pylist(), result


@pytest.fixture
def three(export, tmp_path):
    """Ana the developer, Ben of whom nothing is known, Cem the welder."""
    return read(
        export(
            "jsonl",
            members=[
                {"member_id": "cem", "title": "Welder", "languages": ["de", "en"], "level": "advanced",
                 "country": "CH"},
                {"member_id": "ana", "title": "developer", "target_title": "welder", "industry": "Steel"},
                {"member_id": "ben", "title": "Wizard"},
            ],
            member_skills=[
                {"member_id": "ana", "skill": "JDK"}, {"member_id": "ana", "skill": "java", "source": "credential"},
                {"member_id": "ana", "skill": "sql"}, {"member_id": "ana", "skill": "juggling"},
                {"member_id": "ana", "skill": "welding", "source": "interest"},
                {"member_id": "cem", "skill": "welding"}, {"member_id": "cem", "skill": "sql", "source": "interest"},
                {"member_id": "cem", "skill": "sql", "source": "refused"},
            ],
            connections=[
                {"member_id": "ana", "connection_id": "cem"}, {"member_id": "cem", "connection_id": "ana"},
                {"member_id": "ben", "connection_id": "ana"}, {"member_id": "ben", "connection_id": "ben"},
                {"member_id": "ben", "connection_id": "cem"},
            ],
            activity=[
                {"member_id": "ana", "time": "2024-05-02", "skill": "spanish"},
                {"member_id": "ana", "time": "2024-05-01", "text": "from sql to java and SQL", "kind": "search"},
                {"member_id": "ana", "time": "2024-07-01", "skill": "java"},
            ],
            events=[
                {"member_id": "ana", "time": "2024-05-03T10:00:00Z", "kind": "watch", "course_id": "c1",
                 "seconds": 90.4},
                {"member_id": "ana", "time": "2024-05-03T10:00:00Z", "kind": "impression", "course_id": "c3",
                 "channel": "feed", "position": 4},
                {"member_id": "cem", "time": "2024-05-03T10:00:00Z", "kind": "refuse_skill", "skill_id": "welding"},
                {"member_id": "cem", "time": "2024-05-04T10:00:00Z", "kind": "interest", "skill_id": "jdk"},
                {"member_id": "cem", "time": "2024-06-01T12:00:01Z", "kind": "click", "course_id": "c1"},
            ],
        ),
        tmp_path / "work",
    )  # fmt: skip


def seconds(text):
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp())


def test_three_members_by_eye(three, tmp_path):
    (ana, ben, cem), result = gathered(three, tmp_path)
    assert [ana["member_id"], ben["member_id"], cem["member_id"]] == ["ana", "ben", "cem"]
    assert {m["now"].timestamp() for m in (ana, ben, cem)} == {NOW}
    assert (ana["title"], ana["title_weight"]) == ([1, 0], [1.0, 0.5])
    assert (ana["target_title"], ana["industry"], ana["country"]) == ([2], "Steel", None)
    assert (ben["title"], ben["skill"], ben["languages"], ben["level"]) == ([], [], [], 0)
    assert (cem["languages"], cem["level"], cem["country"]) == (["de", "en"], 3, "CH")
    # java stands there under two names; juggling is no skill of ours
    assert ana["skill"] == [0, 2]
    assert ana["skill_source"] == [Source.EXPLICIT | Source.CREDENTIAL, Source.EXPLICIT]
    assert (ana["wanted"], ana["refused"]) == ([3], [])
    assert (cem["skill"], cem["wanted"], cem["refused"]) == ([3], [0], [2, 3])
    assert (ana["activity_skill"], ana["activity_time"]) == (
        [0, 1, 2], [seconds("2024-05-01"), seconds("2024-05-02"), seconds("2024-05-01")],
    )  # fmt: skip
    assert (ana["course"], ana["course_kind"], ana["course_seconds"]) == ([2], [Interaction.WATCH], [90])
    assert (ana["seen_course"], ana["seen_channel"], ana["seen_slot"]) == ([0], [2], [4])
    assert cem["course"] == []  # that click is still to come
    assert (ana["neighbours"], ana["neighbour_skill"], ana["neighbour_count"]) == (1, [3], [1])
    assert (ben["neighbours"], ben["neighbour_skill"], ben["neighbour_count"]) == (2, [0, 2, 3], [1, 1, 1])
    assert (result.counts["members"], result.counts["unknown_skills"]) == (3, 1)
    assert result.unknown_skills == [("juggling", 1)]


def test_arms_are_assigned_by_the_function_given(three, tmp_path):
    def arms(ids):
        return pa.array([[("page", "b" if i == "ben" else "a")] for i in ids.to_pylist()], DOCUMENT.field("arms").type)

    result = gather(three, Resolvers(resolve, 4, arms=arms), COURSES, now=NOW, out_dir=tmp_path / "documents")
    assert [dict(a) for a in read_part(result.parts[0])["arms"].to_pylist()] == [
        {"page": "a"},
        {"page": "b"},
        {"page": "a"},
    ]


def test_members_alone_are_enough(export, tmp_path):
    people, result = gathered(read(export(), tmp_path / "work"), tmp_path)
    assert [p["member_id"] for p in people] == ["ana", "ben", "cem"]
    assert all(p["skill"] == p["course"] == p["seen_time"] == p["neighbour_skill"] == [] for p in people)
    assert result.counts["explicit_skills"] == 0


@pytest.mark.parametrize("batch_rows", [1, 2, 5, 100])
def test_batches_and_threads_do_not_change_a_byte(random_academy, tmp_path, batch_rows):
    whole, _ = gathered(random_academy, tmp_path, threads=1)
    parts, result = gathered(random_academy, tmp_path, batch_rows=batch_rows, threads=3)
    assert parts == whole
    assert max(read_part(p).num_rows for p in result.parts) <= batch_rows
    again = [p.read_bytes() for p in result.parts]
    _, second = gathered(random_academy, tmp_path, batch_rows=batch_rows, threads=1)
    assert [p.read_bytes() for p in second.parts] == again


@pytest.fixture
def random_academy(export, tmp_path, monkeypatch):
    """40 members in ranges of 16, everything drawn at random, some of it unknown."""
    monkeypatch.setattr(member_tables, "RANGE_ROWS", 16)
    r = np.random.default_rng(5)
    ids = np.array([f"m{i:02d}" for i in range(40)])
    words = np.array([*SKILLS, "nothing", "JAVA"])

    def some(values, size):
        return values[r.integers(0, len(values), size)].tolist()

    start = NOW - 200 * 86_400
    times = (start + r.integers(0, 205 * 86_400, 900)) * 1_000_000 + r.integers(0, 1_000_000, 900)
    about_skill = r.random(900) < 0.3
    kinds = np.where(
        about_skill, some(np.array(["interest", "refuse_skill", "undo"]), 900), some(np.array(EVENT_KINDS[:8]), 900)
    )
    return read(
        export(
            members=[{"member_id": i} for i in r.permutation(ids).tolist()],
            member_skills=pa.table({
                "member_id": some(ids, 300), "skill": some(words, 300),
                "source": some(np.array(["explicit", "interest", "credential", "refused"]), 300),
            }),
            connections=pa.table({"member_id": some(ids, 200), "connection_id": some(ids, 200)}),
            activity=pa.table({
                "member_id": some(ids, 100), "skill": some(words, 100),
                "time": pa.array(some(times, 100), pa.timestamp("us", "UTC")),
            }),
            events=pa.table({
                "event_id": some(np.array([f"e{i}" for i in range(600)]), 900), "member_id": some(ids, 900),
                "time": pa.array(times, pa.timestamp("us", "UTC")), "kind": kinds.tolist(),
                "course_id": pa.array(some(np.array(["c1", "c2", "c3"]), 900), mask=about_skill),
                "skill_id": pa.array(some(words, 900), mask=~about_skill),
                "channel": some(np.array(["home", "feed", "email", "tv"]), 900),
                "position": r.integers(1, 9, 900), "seconds": r.integers(0, 900, 900).astype(float),
            }),
        ),
        tmp_path / "work",
    )  # fmt: skip


def test_documents_equal_what_sql_says(random_academy, export, tmp_path):
    people, _ = gathered(random_academy, tmp_path)
    data = tmp_path / "data"
    con = duckdb.connect()
    con.register("codes", pa.table({"word": [w.lower() for w in [*SKILLS, "JAVA"]], "code": [*SKILLS.values(), 0]}))
    for name in ("member_skills", "connections", "activity", "events"):
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM '{data}/{name}.parquet'")
    con.execute(f"DELETE FROM events WHERE floor(epoch(time)) > {NOW}")
    con.execute(
        "CREATE TABLE once AS SELECT DISTINCT ON (member_id, event_id) * FROM events "
        f"ORDER BY member_id, event_id, time, list_position({list(EVENT_KINDS)}, kind)"
    )
    held = con.execute(
        "SELECT member_id, list(DISTINCT code ORDER BY code) FROM member_skills JOIN codes ON word = lower(skill) "
        "WHERE source IN ('explicit', 'credential') GROUP BY member_id"
    ).fetchall()
    assert {p["member_id"]: p["skill"] for p in people if p["skill"]} == dict(held)
    kinds = {"click": 1, "watch": 2, "complete": 4, "enrol": 3, "bookmark": 5, "dismiss": 6}
    done = con.execute(
        "SELECT member_id, course_id, kind, CAST(max(floor(epoch(time))) AS BIGINT), CAST(sum(seconds) AS BIGINT) "
        f"FROM once WHERE course_id IS NOT NULL AND kind IN {tuple(kinds)} GROUP BY ALL"
    ).fetchall()
    mine = [
        (p["member_id"], COURSES[c], k, t, s)
        for p in people
        for c, k, t, s in zip(p["course"], p["course_kind"], p["course_time"], p["course_seconds"], strict=True)
    ]
    assert sorted((m, c, kinds[k], t, s) for m, c, k, t, s in done) == sorted(mine)
    seen = con.execute(
        "SELECT member_id, count(*) FROM once WHERE kind = 'impression' AND floor(epoch(time)) >= "
        f"{NOW - 112 * 86400} GROUP BY member_id"
    ).fetchall()
    assert {p["member_id"]: len(p["seen_course"]) for p in people if p["seen_course"]} == dict(seen)


def test_neighbours_equal_the_obvious_count(random_academy, tmp_path):
    people, _ = gathered(random_academy, tmp_path)
    held = {p["member_id"]: p["skill"] for p in people}
    pairs = pq.read_table(tmp_path / "data" / "connections.parquet").to_pylist()
    near = {i: set() for i in held}
    for pair in pairs:
        near[pair["member_id"]].add(pair["connection_id"])
        near[pair["connection_id"]].add(pair["member_id"])
    for p in people:
        others = near[p["member_id"]] - {p["member_id"]}
        counted = Counter(s for o in others for s in held[o])
        assert p["neighbours"] == sum(1 for o in others if held[o])
        assert dict(zip(p["neighbour_skill"], p["neighbour_count"], strict=True)) == counted


def test_only_the_commonest_skills_of_neighbours_stay(random_academy, tmp_path, monkeypatch):
    everything, _ = gathered(random_academy, tmp_path)
    monkeypatch.setattr(documents, "NEIGHBOUR_SKILLS", 2)
    few, _ = gathered(random_academy, tmp_path)
    for all_, two in zip(everything, few, strict=True):
        counts = dict(zip(all_["neighbour_skill"], all_["neighbour_count"], strict=True))
        best = sorted(counts, key=lambda s: (-counts[s], s))[:2]
        assert two["neighbour_skill"] == sorted(best)
        assert two["neighbour_count"] == [counts[s] for s in sorted(best)]


def test_a_member_whom_everybody_knows(export, tmp_path):
    ids = [f"m{i:05d}" for i in range(5000)]
    checked = read(
        export(
            members=pa.table({"member_id": ids}),
            member_skills=pa.table({"member_id": ids, "skill": ["java", "sql"] * 2500}),
            connections=pa.table({"member_id": ["m00000"] * 5000, "connection_id": ids}),
        ),
        tmp_path / "work",
    )
    people, _ = gathered(checked, tmp_path)
    assert (people[0]["neighbours"], people[0]["neighbour_count"]) == (4999, [2499, 2500])
    assert people[1]["neighbours"] == 1


def test_only_the_newest_activity_stays(export, tmp_path):
    times = [NOW - i * 60 for i in range(700)]
    activity = pa.table({
        "member_id": ["ana"] * 700, "skill": ["sql", "java"] * 350,
        "time": pa.array([t * 1_000_000 for t in times], pa.timestamp("us", "UTC")),
    })  # fmt: skip
    (ana, *_), _ = gathered(read(export(activity=activity), tmp_path / "work"), tmp_path)
    assert sorted(ana["activity_time"], reverse=True) == times[: documents.ACTIVITY_MOST]
    assert ana["activity_skill"] == sorted(ana["activity_skill"])


def test_courses_that_left_the_catalogue_are_left_out(export, tmp_path):
    events = [{"member_id": "ana", "time": "2024-05-01", "kind": "click", "course_id": c} for c in ("c1", "c2")]
    checked = read(export(events=events), tmp_path / "work")
    result = gather(checked, RESOLVERS, Vocabulary(["c2"]), now=NOW, out_dir=tmp_path / "documents")
    assert pc.list_flatten(read_part(result.parts[0])["course"]).to_pylist() == [0]
