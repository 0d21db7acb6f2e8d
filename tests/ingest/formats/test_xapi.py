"""xAPI statements become events; what we do not understand is kept apart, with the reason."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillfirst.ingest.formats.learning_records import mail_digest, seconds_of
from skillfirst.ingest.formats.xapi import from_statements, read_xapi, to_statement

ADL = "http://adlnet.gov/expapi/verbs/"
VIDEO = "https://w3id.org/xapi/video/"
COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def statement(verb, *, actor=None, object_=None, time="2026-11-22T12:00:00Z", **more):
    return {
        "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
        "actor": actor or {"account": {"homePage": "https://academy.test", "name": "ann"}},
        "verb": {"id": verb},
        "object": object_ or {"id": "https://academy.test/course/sql", "definition": {"type": COURSE_TYPE}},
        "timestamp": time,
        **more,
    }


def only(statement, **options):
    imported = from_statements([statement], **options)
    assert imported.kept_apart == []
    return imported.events[0]


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        (ADL + "registered", "enrol"),
        (ADL + "initialized", "click"),
        ("http://id.tincanapi.com/verb/viewed", "click"),
        (ADL + "progressed", "watch"),
        (ADL + "experienced", "watch"),
        (ADL + "failed", "watch"),
        (ADL + "completed", "complete"),
        (ADL + "passed", "complete"),
        ("https://w3id.org/xapi/adl/verbs/satisfied", "complete"),
        ("https://w3id.org/xapi/adl/verbs/waived", "complete"),
        ("http://id.tincanapi.com/verb/bookmarked", "bookmark"),
    ],
)
def test_verbs(verb, kind):
    event = only(statement(verb), prefixes=["https://academy.test/course/"])
    assert event == {
        "event_id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
        "time": NOON,
        "member_id": "ann",
        "kind": kind,
        "course_id": "sql",
    }


def test_unknown_verbs_are_reported_and_kept_apart():
    strange = [statement(ADL + "juggled"), statement("https://elsewhere.test/completed"), statement(ADL + "juggled")]
    imported = from_statements([*strange, statement(ADL + "completed")])
    assert [e["kind"] for e in imported.events] == ["complete"]
    assert [k.index for k in imported.kept_apart] == [0, 1, 2]
    assert imported.reasons() == {
        f"unknown verb: {ADL}juggled": 2,
        "unknown verb: https://elsewhere.test/completed": 1,
    }


def test_the_account_comes_before_the_mail_and_mails_are_hashed():
    account = {"account": {"homePage": "h", "name": "ann"}, "mbox": "mailto:ann@academy.test"}
    assert only(statement(ADL + "passed", actor=account))["member_id"] == "ann"
    by_mail = only(statement(ADL + "passed", actor={"mbox": "mailto:Ann@Academy.test"}))["member_id"]
    digest = mail_digest("ann@academy.test")
    by_digest = only(statement(ADL + "passed", actor={"mbox_sha1sum": digest.upper()}))["member_id"]
    assert by_mail == by_digest
    assert "ann" not in by_mail.lower()
    assert digest not in by_mail
    salted = only(statement(ADL + "passed", actor={"mbox_sha1sum": digest}), salt=b"s")["member_id"]
    assert salted != by_mail


@pytest.mark.parametrize(
    "actor", [{"objectType": "Group", "mbox": "mailto:all@a.test"}, {"name": "Ann"}, {"account": 3}]
)
def test_an_actor_who_is_not_one_person_is_kept_apart(actor):
    imported = from_statements([statement(ADL + "passed", actor=actor)])
    assert imported.events == []
    assert "not one identified person" in imported.kept_apart[0].reason


def test_finishing_a_part_is_watching_the_course():
    video = {"id": "https://academy.test/video/7", "definition": {"type": f"{VIDEO}activity-type/video"}}
    inside = {"contextActivities": {"parent": [{"id": "https://academy.test/course/sql"}]}}
    event = only(statement(ADL + "completed", object_=video, context=inside, result={"duration": "PT1M30.5S"}))
    assert (event["kind"], event["course_id"], event["seconds"]) == ("watch", "https://academy.test/course/sql", 90.5)
    grouped = {
        "contextActivities": {
            "parent": {"id": "https://academy.test/module/1"},
            "grouping": [{"id": "https://academy.test/course/sql", "definition": {"type": COURSE_TYPE}}],
        }
    }
    assert only(statement(ADL + "passed", object_=video, context=grouped))["course_id"].endswith("/course/sql")


def playing(verb, minute, position, **more):
    video = {"id": "v", "definition": {"type": f"{VIDEO}activity-type/video"}}
    vocabulary = ADL if verb in {"terminated", "completed"} else f"{VIDEO}verbs/"
    return statement(
        vocabulary + verb,
        object_=video,
        time=f"2026-11-22T12:{minute:02d}:00Z",
        context={"contextActivities": {"parent": [{"id": "sql"}]}},
        result={"extensions": {f"{VIDEO}extensions/time": position}},
        **more,
    )


def test_a_player_that_stops_tells_how_long_it_played():
    other = {"account": {"homePage": "h", "name": "bob"}}
    imported = from_statements(
        [
            playing("paused", 5, 300),
            playing("played", 0, 0),  # out of order
            playing("played", 1, 0, actor=other),
            playing("played", 6, 300),
            playing("terminated", 8, "PT7M"),
            playing("paused", 30, 900),  # no start before it
        ]
    )
    assert [e.get("seconds") for e in imported.events] == [300.0, None, None, None, 120.0, None]


def test_media_time_that_was_skipped_is_not_watched():
    imported = from_statements([playing("played", 0, 0), playing("paused", 1, 3000)])
    assert imported.events[1]["seconds"] == 120.0  # a minute at double speed at most
    backwards = from_statements([playing("played", 0, 100), playing("paused", 1, 20)])
    assert "seconds" not in backwards.events[1]


def test_a_statement_without_time_or_activity_is_kept_apart():
    imported = from_statements(
        [
            statement(ADL + "passed", time=None),
            statement(ADL + "passed", time="noon"),
            statement(ADL + "passed", object_={"objectType": "Agent", "id": "x"}),
            statement(ADL + "passed", time=None, stored="2026-11-22T13:00:00+01:00"),
        ]
    )
    assert [k.reason for k in imported.kept_apart] == ["the statement has no time"] * 2 + ["the object is no activity"]
    assert imported.events[0]["time"] == NOON


def test_files_come_in_several_wrappings():
    one = statement(ADL + "passed")
    text = json.dumps(one)
    for content in (
        text,
        f"[{text}]",
        f"{text}\n\n{text}\n",
        json.dumps({"statements": [one], "more": ""}),
        "\ufeff" + text,
    ):
        imported = read_xapi(content.encode())
        assert [e["kind"] for e in imported.events] == ["complete"] * (2 if "\n" in content else 1)
    assert read_xapi(b"").events == []
    broken = read_xapi(f'{text}\n{{"half\n[3]\n{text}'.encode())
    assert len(broken.events) == 2
    assert [(k.index, k.reason) for k in broken.kept_apart] == [(1, "the line is not JSON"), (2, "not a JSON object")]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1H2M3.5S", 3723.5), ("P1DT1S", 86401.0), ("P1W", 604800.0), ("PT0S", 0.0), (12, 12.0), ("P", None),
        ("PT", None), ("P1M", None), ("-PT1S", None), ("soon", None), (None, None), (True, None), (-1, None),
        ("", None),
    ],
)  # fmt: skip
def test_durations(text, seconds):
    assert seconds_of(text) == seconds


def test_impressions_and_clicks_go_out_and_come_back():
    for kind in ("impression", "click"):
        event = {
            "event_id": f"e-{kind}", "time": NOON, "member_id": "ann", "kind": kind, "course_id": "sql",
            "channel": "home", "carousel_rank": 1, "position": 3, "arms": {"x": "a"},
        }  # fmt: skip
        out = to_statement({**event, "skill_id": None}, platform="https://academy.test")
        assert out["actor"]["account"] == {"homePage": "https://academy.test", "name": "ann"}
        assert out["object"]["id"] == "urn:skillfirst:course:sql"
        assert only(json.loads(json.dumps(out))) == event
        assert to_statement(event, platform="https://academy.test")["id"] == out["id"], "the same event, the same id"
    assert to_statement({"kind": "watch"}, platform="https://academy.test") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["id", "actor", "verb", "object", "result", "context", "timestamp"]), JSON))
def test_any_json_is_an_event_or_kept_apart(record):
    imported = from_statements([record, {**statement(ADL + "passed"), **record}])
    assert len(imported.events) + len(imported.kept_apart) == 2


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40))
def test_any_bytes_are_read_without_an_exception(content):
    imported = read_xapi(content)
    assert imported.events == []


@pytest.mark.parametrize("left_out", ["kind", "member_id"])
def test_half_an_event_of_ours_inside_a_statement_is_no_event_of_ours(left_out):
    own = {"time": "2026-11-22T11:00:00Z", "kind": "watch", "member_id": "bob", "course_id": "java"}
    del own[left_out]
    told = statement(ADL + "completed", context={"extensions": {"urn:skillfirst:xapi:event": own}})
    assert [(e["member_id"], e["kind"]) for e in from_statements([told]).events] == [("ann", "complete")]


def test_a_type_that_is_no_text_is_no_type():
    around = {"parent": [{"id": "https://academy.test/course/java", "definition": {"type": [COURSE_TYPE]}}]}
    told = statement(ADL + "completed", object_={"id": "unit"}, context={"contextActivities": around})
    assert from_statements([told]).events[0]["course_id"] == "unit"
