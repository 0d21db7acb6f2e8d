"""A record without mail addresses names the same members."""

from __future__ import annotations

import json

import pytest

from skillfirst.ingest.formats.caliper import from_events
from skillfirst.ingest.formats.learning_records import mail_digest, member_of_mail
from skillfirst.ingest.formats.persons import DEEPEST, people_in, speaks_of, without_mail
from skillfirst.ingest.formats.xapi import from_statements

SALT = b"salt"
DIGEST = mail_digest("ann@example.org")
ANN = member_of_mail(DIGEST, SALT)
AGENTS = [
    {"mbox": "mailto:Ann@Example.org", "name": "Ann"},
    {"mbox_sha1sum": DIGEST, "objectType": "Agent"},
    {"mbox": "mailto:ann@example.org", "account": {"name": "ann"}},
    {"mbox": "mailto:ann@example.org", "account": {"name": "  "}},
    {"openid": "https://people.example/ann"},
]


@pytest.mark.parametrize("agent", AGENTS)
def test_an_import_finds_the_same_member(agent):
    statement = {
        "timestamp": "2026-11-22T12:00:00Z", "actor": agent, "object": {"id": "sql"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"}, "context": {"team": {"member": [agent]}},
    }  # fmt: skip
    clean = without_mail(statement, SALT)
    text = json.dumps(clean).lower()
    assert "example.org" not in text
    assert DIGEST not in text
    assert "Ann" not in json.dumps(clean)
    assert from_statements([clean]).events == from_statements([statement], salt=SALT).events
    assert set(people_in(clean)) == {from_statements([statement], salt=SALT).events[0]["member_id"]}
    assert without_mail(clean, SALT) == clean


@pytest.mark.parametrize("actor", ["MAILTO:ann@example.org", {"id": "mailto:ann@example.org", "type": "Person"}])
def test_a_person_of_caliper_too(actor):
    event = {"eventTime": "2026-11-22T12:00:00Z", "actor": actor, "action": "Viewed", "object": {"id": "sql"}}
    clean = without_mail(event, SALT)
    assert from_events([clean]).events[0]["member_id"] == ANN == from_events([event], salt=SALT).events[0]["member_id"]
    assert set(people_in(clean)) == {ANN}


def test_who_is_spoken_of():
    record = {
        "actor": {"type": "Group", "member": [{"account": {"name": "lms:7"}}, {"openid": "https://p.example/8/"}]}
    }
    assert speaks_of(record, "7")
    assert speaks_of(record, "8")
    assert speaks_of(record, "lms:7")
    assert not speaks_of(record, "s:7")
    assert not speaks_of({"object": {"id": "7"}}, "7")


def test_what_is_too_deep_or_too_long_is_left_out():
    deep: dict = {}
    for _ in range(5 * DEEPEST):
        deep = {"deep": deep}
    assert json.dumps(without_mail(deep, SALT)).count("deep") == DEEPEST
    assert without_mail({"number": 10**6_000, "small": 7, "yes": True}, SALT) == {
        "number": None, "small": 7, "yes": True,
    }  # fmt: skip
