"""Caliper 1.1 and 1.2 envelopes become events; what we do not understand is kept apart, with the reason."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillfirst.ingest.formats.caliper import VERSIONS, from_events, read_caliper

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
COURSE = {"id": "https://lms.test/courses/sql", "type": "CourseOffering"}
PREFIXES = ("https://lms.test/courses/", "https://lms.test/users/")


def event(action, object_=None, *, type_="Event", minute=0, **more):
    return {
        "@context": VERSIONS[0],
        "id": "urn:uuid:1",
        "type": type_,
        "actor": {"id": "https://lms.test/users/ann", "type": "Person"},
        "action": action,
        "object": object_ or COURSE,
        "eventTime": f"2026-11-22T12:{minute:02d}:00.000Z",
        **more,
    }


def only(record):
    imported = from_events([record], prefixes=PREFIXES)
    assert imported.kept_apart == []
    return imported.events[0]


def envelope(*records, version=VERSIONS[0]):
    return {"sensor": "https://lms.test", "sendTime": "2026-11-22T12:00:01Z", "dataVersion": version, "data": records}


@pytest.mark.parametrize(
    ("action", "object_", "type_", "kind"),
    [
        ("NavigatedTo", {"id": "p", "type": "Page"}, "NavigationEvent", "click"),
        ("Viewed", {"id": "p", "type": "WebPage"}, "ViewEvent", "click"),
        ("Submitted", {"id": "a", "type": "Assessment"}, "AssignableEvent", "watch"),
        ("Completed", {"id": "a", "type": "AssignableDigitalResource"}, "AssignableEvent", "watch"),
        ("Completed", COURSE, "Event", "complete"),
        ("Added", {"id": "m", "type": "Membership", "organization": COURSE}, "Event", "enrol"),
        ("Bookmarked", {"id": "p", "type": "Page"}, "AnnotationEvent", "bookmark"),
        ("http://purl.imsglobal.org/vocab/caliper/v1/action#Viewed", {"id": "p", "type": "Page"}, "ViewEvent", "click"),
    ],
)
def test_actions(action, object_, type_, kind):
    found = only(event(action, object_, type_=type_, group=COURSE))
    assert found == {"event_id": "urn:uuid:1", "time": NOON, "member_id": "ann", "kind": kind, "course_id": "sql"}


@pytest.mark.parametrize(
    "where",
    [
        {"object_": {"id": "b", "type": "VideoObject", "extensions": {"course_id": "sql"}}},
        {
            "object_": {"id": "b", "type": "VideoObject"},
            "group": {"id": "s", "type": "Group", "subOrganizationOf": COURSE},
        },
        {"object_": {"id": "b", "type": "VideoObject", "isPartOf": {"id": "c", "type": "Chapter", "isPartOf": COURSE}}},
        {"object_": {"id": "sql", "type": "DigitalResource"}},
        {"object_": "sql"},
    ],
)
def test_the_course_is_found_where_senders_put_it(where):
    assert only(event("Viewed", **where))["course_id"] == "sql"


def test_an_enrolment_and_a_completion_as_open_edx_sends_them():
    membership = {"id": "https://lms.test/courses/sql/", "type": "Membership", "extensions": {"course_id": "sql"}}
    assert only(event("Activated", membership))["kind"] == "enrol"
    assert only(event("Completed", membership))["kind"] == "complete"
    assert from_events([event("Deactivated", membership)]).reasons() == {"unknown action: Deactivated": 1}


def test_a_player_that_stops_tells_how_long_it_played():
    video = {"id": "v", "type": "VideoObject", "duration": "PT10M", "extensions": {"course_id": "sql"}}

    def at(seconds):
        return {"id": "v", "type": "MediaLocation", "currentTime": f"PT{seconds}S"}

    imported = from_events(
        [
            event("Started", video, minute=0, target=at(0), type_="MediaEvent"),
            event("Paused", video, minute=2, target=at(120), type_="MediaEvent"),
            event("Resumed", {**video, "currentTime": 120}, minute=10, type_="MediaEvent"),
            event("Ended", {**video, "currentTime": "PT5M"}, minute=13, type_="MediaEvent"),
        ]
    )
    assert [e["kind"] for e in imported.events] == ["watch"] * 4
    assert [e.get("seconds") for e in imported.events] == [None, 120.0, None, 180.0]


def test_what_is_no_event_of_a_learner_is_kept_apart():
    imported = from_events(
        [
            {"id": "x", "type": "Person"},
            event("Graded", type_="GradeEvent"),
            event("LoggedIn"),
            {**event("Viewed"), "actor": {"id": "app", "type": "SoftwareApplication"}},
            {**event("Viewed"), "eventTime": None},
            "the line is not JSON",
        ]
    )
    assert imported.events == []
    assert [k.reason for k in imported.kept_apart] == [
        "an entity, not an event",
        "who grades is not who learns",
        "unknown action",
        "the actor is not one identified person",
        "the event has no time",
        "the line is not JSON",
    ]


def test_mail_addresses_are_hashed():
    member = only({**event("Viewed"), "actor": "mailto:Ann@lms.test"})["member_id"]
    assert member == only({**event("Viewed"), "actor": {"id": "mailto:ann@lms.test", "type": "Person"}})["member_id"]
    assert "ann" not in member
    assert "@" not in member


def test_envelopes_of_both_versions_in_several_wrappings():
    one, two = envelope(event("Viewed")), envelope(event("Completed"), event("Viewed"), version=VERSIONS[1])
    for content in (json.dumps([one, two]), f"{json.dumps(one)}\n{json.dumps(two)}\n"):
        assert [e["kind"] for e in read_caliper(content.encode()).events] == ["click", "complete", "click"]
    assert read_caliper(json.dumps(event("Viewed")).encode()).events[0]["kind"] == "click"
    other = read_caliper(json.dumps(envelope(event("Viewed"), version="caliper/v9")).encode())
    assert (other.events, len(other.kept_apart)) == ([], 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["id", "actor", "action", "object", "group", "target", "eventTime"]), JSON))
def test_any_json_is_an_event_or_kept_apart(record):
    imported = from_events([record, {**event("Viewed"), **record}])
    assert len(imported.events) + len(imported.kept_apart) == 2
