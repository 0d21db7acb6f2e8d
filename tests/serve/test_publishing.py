"""A night publishes under the service: every answer is whole, of one version or the other."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import threading

import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.kernel.policy import policy_from_dict
from skillfirst.pipeline import Night, run_night
from skillfirst.publish import rendered
from skillfirst.serve.answers import Answers
from skillfirst.serve.serving import House

PUBLISHES = 100
DAY = dt.date(2026, 11, 20)


def marked(members, version):
    """The same members, each answer saying which version it is of."""
    for member in members:
        answers = {
            channel: json.dumps({**json.loads(body), "version": version}).encode()
            for channel, body in member.answers.items()
        }
        yield member._replace(answers=answers)


def test_a_hundred_publishes_under_readers(world):
    members = list(rendered(world.run))
    meta = world.online.meta(world.run.run_id)
    house = House(world.online, world.log, 1000)
    house.refresh()
    answers = Answers(house, world.clock)
    world.log.append([{"member_id": "cyd", "kind": "click", "course_id": "welding-0", "time": world.now}], world.now)
    house.follow()
    wrong: list[str] = []
    read = {"stored": 0, "fresh": 0}
    done = threading.Event()

    def reader() -> None:
        while not done.is_set():
            for member in ("ann", "bob", "dee"):
                body = answers.stored(member, "home")
                if body is None or json.loads(body)["member_id"] != member:
                    wrong.append(f"{member}: {body!r}")
                read["stored"] += 1
            page = json.loads(answers.fresh("cyd", "home").body)
            if not page["carousels"] or "version" in page:
                wrong.append(f"cyd: {page}")
            read["fresh"] += 1

    thread = threading.Thread(target=reader)
    thread.start()
    try:
        for number in range(PUBLISHES):
            version = f"v{number}"
            world.online.put(version, marked(members, version), meta)
            world.online.switch(version)
            house.refresh()
            house.follow()
            assert json.loads(answers.stored("ann", "home"))["version"] == version
    finally:
        done.set()
        thread.join()
    assert wrong == []
    assert read["stored"] > 0
    assert read["fresh"] > 0
    assert house.current.version == f"v{PUBLISHES - 1}"


@pytest.fixture(scope="module")
def other_run(academy, tmp_path_factory):
    """A night on the same academy with every title changed."""
    place = tmp_path_factory.mktemp("renamed")
    shutil.copytree(academy.data, place / "data")
    courses = pacsv.read_csv(place / "data" / "courses.csv")
    titles = pc.binary_join_element_wise(courses["title"], "II", " ")
    pacsv.write_csv(
        courses.set_column(courses.column_names.index("title"), "title", titles), place / "data" / "courses.csv"
    )
    policy = policy_from_dict(academy.run.manifest["policy"])
    return run_night(Night(place / "data", place / "store", DAY, policy), LocalEngine(1))


ASKED = (
    "/api/v1/members/ann/home", "/api/v1/members/cyd/home", "/api/v1/members/cyd/feed", "/?member=ann", "/?member=cyd",
    "/page/more?carousel=skill:java&offset=0&member=ann", "/page/why?course=java-1&member=ann",
    "/course/java-1?member=cyd", "/embed/fragment?member=ann", "/welcome/skills?pick=welding",
    "/api/v1/members/ann/carousels/skill:java", "/api/v1/courses/java-1/similar", "/saved?member=cyd",
)  # fmt: skip
VERBS, SKILLS = "Begin|Understand|Practise|Measure|Repair|Teach", "Java|SQL|Python|Welding|Spanish|Nursing"
TITLE = re.compile(rf"(?:{VERBS}) (?:{SKILLS})( II)?")


def test_the_page_and_its_api_are_of_one_version_while_a_hundred_are_published(world, other_run):
    versions = [list(rendered(run)) for run in (world.run, other_run)]
    metas = [
        world.online.meta(world.run.run_id),
        {**world.online.meta(world.run.run_id), "model": str(other_run.path / "model"),
         "model_version": other_run.manifest["model_version"]},
    ]  # fmt: skip
    failed: list[BaseException] = []
    done = threading.Event()

    def publish() -> None:
        try:
            for number in range(PUBLISHES):
                which = (number + 1) % 2
                world.online.put(f"night-{number}", iter(versions[which]), metas[which])
                world.online.switch(f"night-{number}")
                reached.wait(5)
                reached.clear()
        except BaseException as error:
            failed.append(error)
        finally:
            done.set()

    reached = threading.Event()  # an answer came between two publishes: they spread over all that is asked
    with world.client(watch_seconds=0.002) as client:
        for kind, course in (("bookmark", "welding-1"), ("click", "welding-0")):
            client.post("/api/v1/events", json={"member_id": "cyd", "kind": kind, "course_id": course})
        client.get("/api/v1/members/cyd/home")
        thread = threading.Thread(target=publish)
        thread.start()
        seen = {False: 0, True: 0}
        while not done.is_set():
            for path in ASKED:
                answer = client.get(path)
                assert answer.status_code == 200, (path, answer.text[:300])
                titles = TITLE.findall(answer.text.replace("&#34;", '"'))
                assert titles, path
                assert len(set(titles)) == 1, (path, sorted(set(titles)))
                seen[bool(titles[0])] += 1
                reached.set()
        thread.join()
    assert failed == []
    assert min(seen.values()) > 10
    assert world.online.serving() == f"night-{PUBLISHES - 1}"


def test_a_new_version_is_taken_over_with_its_own_events(world):
    """What a night has read is in its documents: it no longer counts as today's."""
    house = House(world.online, world.log, 1000)
    house.refresh()
    evening = dt.datetime(2026, 11, 20, 22, tzinfo=dt.UTC)  # of the night's day
    world.log.append([{"member_id": "ann", "kind": "click", "course_id": "java-0", "time": evening}], world.now)
    house.follow()
    assert "ann" in house.current.touched
    meta = {**world.online.meta(world.run.run_id), "log_position": world.log.position()}
    world.online.put("next", rendered(world.run), meta)
    world.online.switch("next")
    assert house.refresh()
    assert "ann" not in house.current.touched
    house.follow()
    assert "ann" not in house.current.touched


def test_what_happens_between_midnight_and_the_night_is_not_lost(world):
    """A night at two in the morning stands at the day before: it passes the events of two hours by, and we do not."""
    early = dt.datetime(2026, 11, 21, 1, tzinfo=dt.UTC)
    evening = early - dt.timedelta(hours=3)
    world.log.append(
        [
            {"member_id": "ann", "kind": "dismiss", "course_id": "python-1", "time": early},
            {"member_id": "bob", "kind": "dismiss", "course_id": "java-1", "time": evening},
        ],
        world.now,
    )
    meta = {**world.online.meta(world.run.run_id), "log_position": world.log.position()}
    world.online.put("night", rendered(world.run), meta)
    world.online.switch("night")
    house = House(world.online, world.log, 1000)
    house.refresh()
    answers = Answers(house, world.clock)
    for _ in range(2):  # by the index, then by what was read
        assert ["ann" in house.current.touched, "bob" in house.current.touched] == [True, False]
        feed = json.loads(answers.fresh("ann", "feed").body)
        assert "python-1" not in [course["course_id"] for course in feed["courses"]]
        assert answers.fresh("bob", "feed").origin == "stored"
        house.follow()
    # what arrives after the night counts too, once, whenever it happened
    world.log.append(
        [{"member_id": "ann", "kind": "dismiss", "course_id": "sql-2", "time": evening},
         {"member_id": "ann", "kind": "dismiss", "course_id": "sql-3", "time": world.now}], world.now,
    )  # fmt: skip
    events = house.current.touched.events("ann")
    assert sorted(event.course_id for event in events) == ["python-1", "sql-2", "sql-3"]


def test_touched_members_beyond_the_limit_are_looked_up(world):
    house = House(world.online, world.log, most_touched=1)
    house.refresh()
    events = [
        {"member_id": m, "kind": "click", "course_id": "java-0", "time": world.now} for m in ("ann", "bob", "cyd")
    ]
    world.log.append(events, world.now)
    house.follow()
    touched = house.current.touched
    assert len(touched) == 1
    assert [m in touched for m in ("ann", "bob", "cyd", "dee")] == [True, True, True, False]


def test_the_service_notices_a_publish_by_itself(world):
    with world.client(watch_seconds=0.01) as client:
        assert client.get("/health/ready").json()["version"] == world.run.run_id
        world.online.put("next", rendered(world.run), world.online.meta(world.run.run_id))
        world.online.switch("next")
        versions = {client.get("/health/ready").json()["version"] for _ in range(2_000)}
        assert "next" in versions
