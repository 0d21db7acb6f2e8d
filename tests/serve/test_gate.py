"""Who gets in, and what is said to those who do not."""

from __future__ import annotations

import asyncio
import io
import json

import pytest

from skillfirst.errors import UsageError
from skillfirst.serve import Settings, mint_token, new_key
from skillfirst.serve.gate import read_body
from skillfirst.serve.problems import Refused
from skillfirst.serve.server import check_host
from skillfirst.serve.settings import Limits

SECRET = b"the platform's own secret, 32 by"
HOME = "/api/v1/members/ann/home"


def bearer(text):
    return {"authorization": f"Bearer {text}"}


def token(world, member="ann", seconds=600):
    import time

    return mint_token(SECRET, member, int(time.time()), seconds)


# --- without keys: this machine only


def test_without_keys_this_machine_is_answered(world):
    with world.client() as client:
        assert client.get(HOME).status_code == 200


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.7", {}),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}),  # a proxy speaks for somebody
        ("127.0.0.1", {"host": "evil.example"}),  # somebody's DNS points here
        ("not-an-address", {}),
    ],
)
def test_without_keys_nobody_else_is(world, address, headers):
    with world.client(client=(address, 5)) as client:
        for path in (HOME, "/", "/admin", "/metrics", "/api/v1/questionnaire"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 403, path
        assert client.get("/health/live", headers=headers).status_code == 200


def test_an_open_address_needs_keys():
    with pytest.raises(UsageError, match="no keys"):
        check_host("0.0.0.0", Settings())
    check_host("0.0.0.0", Settings(keys=(new_key("lms")[1],)))
    check_host("127.0.0.1", Settings())
    check_host("::1", Settings())


# --- keys and scopes


def test_a_key_does_what_its_scopes_say(world):
    text, key = new_key("lms", ["read"])
    admin_text, admin = new_key("ops", ["admin"])
    with world.client(client=("192.0.2.7", 5), keys=(key, admin)) as client:
        assert client.get(HOME).status_code == 401
        assert client.get(HOME, headers=bearer(text)).status_code == 200
        assert client.get(HOME, headers={"x-api-key": text}).status_code == 200
        assert client.get(HOME, headers=bearer(text[:-1])).status_code == 401
        assert client.get(HOME, headers=bearer(admin_text)).status_code == 403
        assert client.post("/api/v1/events", headers=bearer(text), json={"kind": "click"}).status_code == 403
        assert client.get("/metrics", headers=bearer(text)).status_code == 403
        assert client.get("/metrics", headers=bearer(admin_text)).status_code == 200


def test_wrong_keys_are_slowed_down_and_never_logged(world):
    from skillfirst.serve.server import configure_logs

    lines = io.StringIO()  # loggers keep their stream: one of this test's capture would be closed for the next test
    configure_logs(lines)
    text, key = new_key("lms", ["read"])
    limits = Limits(failures_rate=0.001, failures_burst=3)
    with world.client(client=("192.0.2.7", 5), keys=(key,), limits=limits, access_log=True) as client:
        statuses = [client.get(HOME, headers=bearer("sf_lms_guess")).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        assert client.get(HOME, headers=bearer(text)).status_code == 200
    written = lines.getvalue()
    assert '"event": "request"' in written
    assert "guess" not in written
    assert text not in written


# --- member tokens


def test_a_member_token_opens_that_member_only(world):
    with world.client(client=("192.0.2.7", 5), token_secrets=(SECRET,)) as client:
        mine = bearer(token(world))
        assert client.get(HOME, headers=mine).status_code == 200
        assert client.get("/api/v1/members/ann/profile", headers=mine).status_code == 200
        for path in (
            "/api/v1/members/bob/home",
            "/api/v1/members/bob/profile",
            "/api/v1/members/bob/explain",
            "/metrics",
        ):
            assert client.get(path, headers=mine).status_code == 403, path
        assert client.get(HOME, headers=bearer(mint_token(b"x" * 32, "ann", 1_000))).status_code == 401


def test_a_token_speaks_for_its_member_only(world):
    with world.client(client=("192.0.2.7", 5), token_secrets=(SECRET,)) as client:
        events = [
            {"kind": "click", "course_id": "java-0"},
            {"kind": "click", "course_id": "java-0", "member_id": "bob"},
        ]
        answer = client.post("/api/v1/events", headers=bearer(token(world)), json=events).json()
        assert answer["accepted"] == 1
        assert [r["index"] for r in answer["rejected"]] == [1]
        assert world.log.read_member("bob").num_rows == 0


def test_a_beacon_brings_its_token_in_the_body(world):
    with world.client(client=("192.0.2.7", 5), token_secrets=(SECRET,)) as client:
        event = {"kind": "impression", "course_id": "java-0", "ago_ms": 1500}
        body = json.dumps({"token": token(world), "events": [event]})
        plain = {"content-type": "text/plain;charset=UTF-8"}
        assert client.post("/api/v1/events", content=body, headers=plain).json()["accepted"] == 1
        row = world.log.read_member("ann").to_pylist()[0]
        assert (world.now - row["time"]).total_seconds() == 1.5
        wrong = json.dumps({"token": "sft1.x.y", "events": [event]})
        assert client.post("/api/v1/events", content=wrong, headers=plain).status_code == 401
        assert client.post("/api/v1/events", content=json.dumps(event), headers=plain).status_code == 401


def test_a_token_in_the_address_becomes_a_cookie(world):
    with world.client(client=("192.0.2.7", 5), token_secrets=(SECRET,)) as client:
        answer = client.get("/", params={"token": token(world)}, follow_redirects=False)
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        client.cookies.update(answer.cookies)
        assert "Your courses" in client.get("/").text
        assert client.get(HOME).status_code == 200
        assert client.get("/api/v1/members/bob/home").status_code == 403


# --- other sites


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_another_sites_page_cannot_use_the_browsers_credentials(world, headers):
    with world.client() as client:
        answer = client.post(
            "/api/v1/events", json={"member_id": "ann", "kind": "click", "course_id": "java-0"}, headers=headers
        )
        assert answer.status_code == 403
        assert client.post("/page/hide?course=java-0&member=ann", headers=headers).status_code == 403
    assert world.log.size() == 0


def test_a_form_needs_the_token_of_its_page(world):
    with world.client() as client:
        for path in ("/page/hide?course=java-0&member=ann", "/skills/refuse?member=ann", "/admin/rollback", "/welcome"):
            assert client.post(path, data={"skill": "java"}).status_code == 403, path
        assert (
            client.post("/page/hide?course=java-0&member=ann", headers={"x-form-token": "sft1.a.b"}).status_code == 403
        )
    assert world.log.size() == 0


def test_only_named_origins_may_fetch(world):
    ask = {"origin": "https://lms.example", "access-control-request-method": "GET"}
    with world.client(client=("192.0.2.7", 5), token_secrets=(SECRET,), origins=("https://lms.example",)) as client:
        allowed = client.options("/embed/fragment", headers=ask)
        assert allowed.status_code == 204
        assert allowed.headers["access-control-allow-origin"] == "https://lms.example"
        other = client.options("/embed/fragment", headers={**ask, "origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        assert "*" not in str(client.get(HOME, headers=ask).headers.get("access-control-allow-origin"))


# --- too much, too slow


def test_a_body_of_50_mb_is_refused_before_it_is_read(client):
    answer = client.post("/api/v1/events", content=b"x" * 50_000_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "the body is larger than 5,000,000 bytes"


def test_a_body_without_a_length_is_cut_off():
    async def endless():
        return {"type": "http.request", "body": b"x" * 1_000, "more_body": True}

    with pytest.raises(Refused) as refused:
        asyncio.run(read_body({}, endless, 10_000, 5.0))
    assert refused.value.status == 413


def test_a_slow_sender_is_told_so():
    async def never():
        await asyncio.Event().wait()

    with pytest.raises(Refused) as refused:
        asyncio.run(read_body({}, never, 10, 0.01))
    assert refused.value.status == 408


def test_too_many_requests_of_one_member(world):
    limits = Limits(member_rate=0.001, member_burst=2)
    with world.client(client=("192.0.2.7", 5), token_secrets=(SECRET,), limits=limits) as client:
        mine = bearer(token(world))
        assert [client.get(HOME, headers=mine).status_code for _ in range(3)] == [200, 200, 429]
        assert client.get(HOME.replace("ann", "bob"), headers=bearer(token(world, "bob"))).status_code == 200


def test_every_answer_has_a_number_and_no_error_a_traceback(world, monkeypatch):
    app = world.app()
    monkeypatch.setattr(app.answers, "fresh", lambda *_, **__: 1 / 0)
    from starlette.testclient import TestClient

    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5), raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/members/stranger/home", headers={"x-request-id": "trace-1"})
        assert answer.status_code == 500
        assert answer.json()["error"]["request_id"] == "trace-1"
        assert "ZeroDivision" not in answer.text
        assert client.get(HOME, headers={"x-request-id": "bad id\t"}).headers["x-request-id"] != "bad id\t"
