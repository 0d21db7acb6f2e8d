"""An LMS is pointed at the service as at a learning record store: what it sends counts once, and nothing is lost."""

from __future__ import annotations

import base64
import json
import re
import shlex
import time
import uuid
from pathlib import Path

import pytest

from skillfirst.ingest.formats.caliper import read_caliper
from skillfirst.ingest.formats.xapi import read_xapi
from skillfirst.serve import mint_token, new_key
from skillfirst.serve.settings import Limits, Records

STATEMENTS, CALIPER, HOME = "/api/v1/xapi/statements", "/api/v1/caliper", "/api/v1/members/ann/home"
VERSION = {"X-Experience-API-Version": "1.0.3"}
SECRET = b"the platform's own secret, 32 by"
VERB = "http://adlnet.gov/expapi/verbs/"
ACTIVITIES, PEOPLE = "https://lms.example/course/", "https://lms.example/user/"
ANN = {"account": {"homePage": "https://lms.example", "name": "ann"}}


def statement(word="completed", course="java-5", actor=ANN, **parts):
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{word} {course} {actor}")),
        "timestamp": "2026-11-21T11:00:00Z",
        "actor": actor,
        "verb": {"id": VERB + word},
        "object": {"id": ACTIVITIES + course, "definition": {"type": "http://adlnet.gov/expapi/activities/course"}},
        **parts,
    }


def caliper_event(action="Completed", course="java-5", **parts):
    return {
        "id": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{action} {course}')}",
        "type": "Event",
        "eventTime": "2026-11-21T11:00:00Z",
        "actor": {"id": PEOPLE + "ann", "type": "Person"},
        "action": action,
        "object": {"id": ACTIVITIES + course, "type": "CourseOffering"},
        **parts,
    }


def envelope(*events, version="http://purl.imsglobal.org/ctx/caliper/v1p2"):
    return {"sensor": "urn:lms", "sendTime": "2026-11-21T11:00:01Z", "dataVersion": version, "data": list(events)}


def bearer(text):
    return {"authorization": f"Bearer {text}"}


def basic(password, name="lms"):
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
def settings():
    return Records((ACTIVITIES, PEOPLE), b"salt of ours")


@pytest.fixture
def lms(world, settings):
    with world.client(records=settings) as client:
        yield client


@pytest.fixture
def kept(world):
    """kept("xapi"): the records kept apart, as they stand in the file."""

    def read(standard):
        path = world.kept_apart.folder / f"{standard}.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    return read


def metric(client, standard, outcome):
    line = f'skillfirst_learning_records_total{{outcome="{outcome}",standard="{standard}"}} '
    other = f'skillfirst_learning_records_total{{standard="{standard}",outcome="{outcome}"}} '
    found = [x for x in client.get("/metrics").text.splitlines() if x.startswith((line, other))]
    return float(found[0].split()[-1])


# --- what is understood changes the next answer


def test_a_statement_changes_the_next_answer(lms, world, courses_of):
    assert "java-5" in courses_of(lms.get(HOME).json())
    sent = statement()
    answer = lms.post(STATEMENTS, json=sent, headers=VERSION)
    assert (answer.status_code, answer.json()) == (200, [sent["id"]])
    assert answer.headers["x-experience-api-version"] == "1.0.3"
    assert "x-kept-apart" not in answer.headers
    following = lms.get(HOME)
    assert following.headers["x-answer"] == "folded"
    assert "java-5" not in courses_of(following.json())
    row = world.log.read_member("ann").to_pylist()[0]
    assert (row["event_id"], row["kind"], row["course_id"]) == (sent["id"], "complete", "java-5")


def test_an_envelope_changes_the_next_answer(lms, courses_of):
    assert "java-5" in courses_of(lms.get(HOME).json())
    answer = lms.post(CALIPER, json=envelope(caliper_event()))
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "duplicates": 0, "kept_apart": []}
    assert "java-5" not in courses_of(lms.get(HOME).json())


def test_sent_twice_counts_once(lms, world):
    unnamed = statement("launched", "java-2")
    del unnamed["id"]
    batch = [statement(), statement("launched"), unnamed]
    first, again = (lms.post(STATEMENTS, json=batch, headers=VERSION).json() for _ in range(2))
    assert first == again
    assert uuid.UUID(first[2])
    assert world.log.size() == 3
    assert metric(lms, "xapi", "accepted") == 3
    assert metric(lms, "xapi", "duplicate") == 3
    for duplicates in (0, 1):
        answer = lms.post(CALIPER, json=envelope(caliper_event(), version=envelope()["dataVersion"]))
        assert answer.json()["duplicates"] == duplicates
    assert world.log.size() == 4


def test_what_has_no_time_happens_when_it_arrives(lms, world):
    sent = statement()
    del sent["timestamp"]
    assert lms.post(STATEMENTS, json=sent, headers=VERSION).status_code == 200
    assert world.log.read_member("ann").to_pylist()[0]["time"] == world.now


def test_one_statement_is_put_under_its_id(lms, world):
    sent = statement()
    identity = sent.pop("id")
    put = lms.put(STATEMENTS, params={"statementId": identity}, json=sent, headers=VERSION)
    assert (put.status_code, put.content) == (204, b"")
    assert world.log.read_member("ann").to_pylist()[0]["event_id"] == identity
    other = lms.put(STATEMENTS, params={"statementId": str(uuid.UUID(int=7))}, json=statement(), headers=VERSION)
    assert other.status_code == 400
    assert world.log.size() == 1


def test_it_says_which_versions_it_understands(lms):
    answer = lms.get("/api/v1/xapi/about")
    assert answer.json() == {"version": ["1.0.3"]}
    assert answer.headers["x-experience-api-version"] == "1.0.3"


# --- what is not understood is reported and kept


def test_what_becomes_no_event_is_reported_and_kept(lms, kept, world):
    group = {"objectType": "Group", "member": [ANN]}
    batch = [
        statement("shrugged"),
        statement(),
        statement("launched", actor=group),
        statement("launched", timestamp="yesterday"),
        statement("launched", "java-2", timestamp="2026-12-24T00:00:00Z"),
    ]
    answer = lms.post(STATEMENTS, json=batch, headers=VERSION)
    assert answer.json() == [s["id"] for s in batch]
    assert answer.headers["x-kept-apart"] == (
        "the actor is not one identified person: 1; the event log does not take it: 1; "
        "the statement has no time: 1; unknown verb: 1"
    )
    assert [s["id"] for s in kept("xapi")] == [batch[i]["id"] for i in (0, 2, 3, 4)]
    assert world.log.size() == 1
    assert metric(lms, "xapi", "kept_apart") == 4


def test_caliper_says_of_each_what_became_of_it(lms, kept):
    events = [caliper_event("Pondered"), caliper_event(), caliper_event("Viewed", eventTime=None)]
    answer = lms.post(CALIPER, json=envelope(*events, {"id": "urn:x", "type": "Person"})).json()
    assert answer == {
        "accepted": 1,
        "duplicates": 0,
        "kept_apart": [
            {"index": 0, "verb": "Pondered", "reason": "unknown action"},
            {"index": 2, "verb": "Viewed", "reason": "the event has no time"},
            {"index": 3, "verb": "", "reason": "an entity, not an event"},
        ],
    }
    assert [e["id"] for e in kept("caliper")] == [events[0]["id"], events[2]["id"], "urn:x"]


def test_what_is_kept_is_what_an_import_reads(lms, world, settings):
    mail = {"mbox": "mailto:Ann@example.org", "name": "Ann Example"}
    lms.post(STATEMENTS, json=[statement("shrugged"), statement("shrugged", "sql-1", mail)], headers=VERSION)
    lms.post(CALIPER, json=envelope(caliper_event("Pondered"), caliper_event("Viewed", eventTime=None)))
    for standard, read in (("xapi", read_xapi), ("caliper", read_caliper)):
        content = (world.kept_apart.folder / f"{standard}.jsonl").read_bytes()
        assert b"example.org" not in content
        assert b"Ann Example" not in content
        assert sum(read(content).reasons().values()) == 2
    known = (world.kept_apart.folder / "xapi.jsonl").read_bytes().replace(b"shrugged", b"completed")
    events = read_xapi(known, prefixes=settings.prefixes, salt=settings.salt).events
    sent = [statement("completed"), statement("completed", "sql-1", mail)]
    as_sent = read_xapi(json.dumps(sent).encode(), prefixes=settings.prefixes, salt=settings.salt).events
    assert [e["member_id"] for e in events] == [e["member_id"] for e in as_sent]
    assert [e["course_id"] for e in events] == ["java-5", "sql-1"]


def test_a_mail_address_is_the_member_that_an_import_makes_of_it(lms, world, settings):
    sent = statement(actor={"mbox": "mailto:Ann@example.org"})
    member = read_xapi(json.dumps(sent).encode(), salt=settings.salt).events[0]["member_id"]
    assert member.startswith("mail:")
    assert member != read_xapi(json.dumps(sent).encode()).events[0]["member_id"]
    assert lms.post(STATEMENTS, json=sent, headers=VERSION).status_code == 200
    assert world.log.read_member(member).num_rows == 1
    assert "example.org" not in json.dumps(world.log.read_member(member).to_pylist(), default=str)


def test_without_a_place_to_keep_nothing_is_taken(world):
    world.kept_apart = None
    with world.client() as client:
        assert client.post(STATEMENTS, json=statement(), headers=VERSION).status_code == 503
        assert world.log.size() == 0


# --- who may, and what is refused


def test_keys_need_the_scope_and_come_as_basic_authentication_too(world):
    text, key = new_key("lms", ["events"])
    reader_text, reader = new_key("reader", ["read"])
    with world.client(client=("192.0.2.7", 5), keys=(key, reader)) as client:

        def post(headers):
            return client.post(STATEMENTS, json=statement(), headers={**VERSION, **headers}).status_code

        assert post({}) == 401
        assert post(bearer(text)) == post(basic(text)) == post(basic(text, "")) == 200
        assert post(basic(reader_text)) == 403
        for wrong in (basic(text[:-1]), basic(""), {"authorization": "Basic !"}, {"authorization": "Basic"}):
            assert post(wrong) == 401
        assert client.post(CALIPER, json=envelope(), headers=bearer(text)).status_code == 200
        # elsewhere Basic is not taken: browsers send it unasked, also for other sites' pages
        assert client.post(CALIPER, json=envelope(), headers=basic(text)).status_code == 401
        assert client.get(HOME, headers=basic(reader_text)).status_code == 401


def test_a_member_token_speaks_for_its_member_only(world, kept):
    with world.client(client=("192.0.2.7", 5), token_secrets=(SECRET,), records=Records((PEOPLE,))) as client:
        ann = bearer(mint_token(SECRET, "ann", int(time.time()), 600))
        bob = {"account": {"homePage": "https://lms.example", "name": "bob"}}
        own = {"extensions": {"urn:skillfirst:xapi:event": {"time": "2026-11-21T11:00:00Z", "member_id": "bob",
                                                            "kind": "click", "course_id": "java-0"}}}  # fmt: skip
        for sent in (
            statement(actor=bob),
            [statement(), statement(actor=bob)],
            statement("shrugged", actor=bob),
            statement("shrugged", actor={"objectType": "Group", "member": [ANN, bob]}),
            statement(context=own),
        ):
            assert client.post(STATEMENTS, json=sent, headers={**VERSION, **ann}).status_code == 403
        other = caliper_event("Pondered", actor={"id": PEOPLE + "bob", "type": "Person"})
        assert client.post(CALIPER, json=envelope(other), headers=ann).status_code == 403
        assert (world.log.size(), kept("xapi"), kept("caliper")) == (0, [], [])
        mine = [statement(), statement("shrugged")]
        assert client.post(STATEMENTS, json=mine, headers={**VERSION, **ann}).status_code == 200
        assert client.post(CALIPER, json=envelope(caliper_event("Pondered")), headers=ann).status_code == 200
        assert (world.log.size(), len(kept("xapi")), len(kept("caliper"))) == (1, 1, 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400), (b"", 400), (b"\xff\xfe", 400), (b"[" * 100_000, 400), (b'{"a": "\\ud800"}', 400),
        (b"7", 400), (b"[7]", 400), (b"{}", 400), (json.dumps(statement(id="seven")).encode(), 400),
        (json.dumps([statement(), statement(verb="completed")]).encode(), 400), (b"[]", 200),
    ],
)  # fmt: skip
def test_a_body_that_is_no_statements_is_refused_as_a_whole(lms, world, body, status):
    answer = lms.post(STATEMENTS, content=body, headers=VERSION)
    assert answer.status_code == status
    assert answer.headers["x-experience-api-version"] == "1.0.3"
    assert world.log.size() == 0


@pytest.mark.parametrize("version", [{}, {"X-Experience-API-Version": "0.95"}, {"X-Experience-API-Version": "2.0.0"}])
def test_a_version_of_xapi_must_be_said(lms, version):
    assert lms.post(STATEMENTS, json=statement(), headers=version).status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400), (b"[]", 422), (b"{}", 422), (json.dumps(envelope(7)).encode(), 422),
        (json.dumps(envelope(version="http://purl.imsglobal.org/ctx/caliper/v1p0")).encode(), 422),
    ],
)  # fmt: skip
def test_a_body_that_is_no_envelope_is_refused(lms, body, status):
    assert lms.post(CALIPER, content=body).status_code == status


def test_too_much_is_refused(world):
    with world.client(limits=Limits(events=2, body_bytes=10, events_bytes=3_000)) as client:
        many = [statement("launched", f"java-{n}") for n in range(3)]
        assert client.post(STATEMENTS, json=many, headers=VERSION).status_code == 413
        assert client.post(STATEMENTS, json=many[:2], headers=VERSION).status_code == 200
        assert client.post(CALIPER, json=envelope(*[caliper_event()] * 3)).status_code == 413
        large = statement(result={"response": "x" * 3_000})
        assert client.post(STATEMENTS, json=large, headers=VERSION).status_code == 413


def test_strange_contents_are_kept_apart_and_no_mistake_of_ours(lms, kept):
    deep = {}
    for _ in range(300):
        deep = {"deep": deep}
    strange = [
        statement("shrugged", result=deep),
        statement(context={"extensions": {"urn:skillfirst:xapi:event": {"time": "2026-11-21T11:00:00Z"}}}),
        statement(context={"contextActivities": {"parent": [{"definition": {"type": ["x"]}}]}}, object={"id": "a"}),
        statement("shrugged", actor={"account": ["ann"], "type": ["Person"]}),
    ]
    content = json.dumps(strange)[:-1] + ', {"actor": {}, "verb": {}, "object": {"n": '
    answer = lms.post(STATEMENTS, content=content + "9" * 400 + "}}]", headers=VERSION)
    assert answer.status_code == 200, answer.text
    assert len(kept("xapi")) == 3


def test_the_examples_of_the_documentation_work(world, settings):
    text, key = new_key("lms", ["events"])
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    commands = [c for c in re.findall(r"```\n(curl .*?)```", page, re.S) if "/api/v1/" in c]
    assert len(commands) == 2
    with world.client(client=("192.0.2.7", 5), keys=(key,), records=settings) as client:
        for command in commands:
            words = shlex.split(command.replace("$KEY", text))[1:]
            url = next(word for word in words if word.startswith("http://localhost:8000/"))
            told = {o: [words[i + 1] for i, w in enumerate(words) if w == o] for o in ("-u", "-H", "-d")}
            headers = dict(header.split(": ", 1) for header in told["-H"])
            for user in told["-u"]:
                headers |= basic(user.partition(":")[2], user.partition(":")[0])
            answer = client.post(url.removeprefix("http://localhost:8000"), content=told["-d"][0], headers=headers)
            assert answer.status_code == 200, answer.text
    rows = world.log.read_member("4711").to_pylist()
    assert [(row["kind"], row["course_id"]) for row in rows] == [("complete", "java"), ("click", "java")]
