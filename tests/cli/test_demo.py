"""The demo without its service: invented, computed, published, and not again when it is there."""

from __future__ import annotations

import json

import pytest

from skillfirst.cli import demo
from skillfirst.stores.offline import OfflineStore
from skillfirst.stores.online import open_online


def test_the_demo_makes_an_academy_and_keeps_it(skillfirst, tmp_path):
    said = skillfirst("demo", "--members", "40", "--dir", "academy", "--no-serve")
    assert said.code == 0
    assert "An invented academy: 40 people" in said.out
    store = OfflineStore(tmp_path / "academy" / "store")
    assert store.open().manifest["counts"]["members"] == 40
    with open_online(f"lmdb:{tmp_path}/academy/store/online") as online:
        assert json.loads(online.get("persona-leyla", "home"))["carousels"]
    again = skillfirst("demo", "--members", "40", "--dir", "academy", "--no-serve")
    assert again.code == 0
    assert len(store.runs()) == 1


def test_the_demo_touches_no_folder_of_somebody_else(skillfirst, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    skillfirst("demo", "--dir", "mine", "--no-serve").fails(2, "holds something else")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_too_few_people_for_the_personas(skillfirst):
    skillfirst("demo", "--members", "3").fails(2, "--members")


def test_the_demo_serves_with_people_and_a_next_day(skillfirst, monkeypatch, tmp_path):
    told = {}
    monkeypatch.setattr("skillfirst.serve.server.run", lambda **given: told.update(given))
    monkeypatch.setattr(demo, "_make", lambda folder, made: None)
    monkeypatch.setattr(demo, "_welcome", lambda *_: "welcome")
    nights = []
    monkeypatch.setattr(demo, "night_and_publish", lambda folder, day, show: nights.append(day))
    said = skillfirst("demo", "--dir", "academy", "--port", "0")
    assert said.code == 0
    assert (told["host"], told["online"]) == ("127.0.0.1", "lmdb:academy/store/online")
    assert f"http://127.0.0.1:{told['port']} " in said.out
    leyla = told["demo"].person("persona-leyla")
    assert leyla.story("en") == leyla.story("pt") == ("en", leyla.biography, leyla.network)
    assert leyla.story("ja")[0] == "ja"
    assert leyla.story("ja")[1].startswith("レイラ")
    first = told["demo"].day
    told["demo"].turn()
    assert nights == [first + (told["demo"].day - first)]
    assert (told["demo"].day - first).days == 1


@pytest.fixture
def service(monkeypatch, tmp_path):
    """What the service would have been given."""
    told = {}
    monkeypatch.setattr("skillfirst.serve.server.run", lambda **options: told.update(options))
    (tmp_path / "s" / "runs").mkdir(parents=True)
    return told


SERVE = ("serve", "--store", "s", "--online", "memory:", "--port", "0")


def test_serve_hands_over_to_the_service(skillfirst, service, tmp_path):
    (tmp_path / "secret").write_bytes(b"0123456789abcdef0123456789abcdef\n")
    made = skillfirst("key", "lms", "--keys", "keys.json", "--scope", "read", "--scope", "events", "--json").json
    given = ("--keys", "keys.json", "--token-secret", "secret", "--embed-in", "https://a.example", "--log", "other")
    assert skillfirst(*SERVE, *given).code == 0
    settings = service["settings"]
    assert (service["online"], service["events"]) == ("memory:", "other")
    assert settings.frame_ancestors == settings.origins == ("https://a.example",)
    assert settings.token_secrets == (b"0123456789abcdef0123456789abcdef",)
    assert [k.name for k in settings.keys] == ["lms"]
    assert settings.keys[0].scopes == {"read", "events"}
    assert made["key"] not in (tmp_path / "keys.json").read_text()


def test_records_of_learning_are_read_as_import_reads_them(skillfirst, service, tmp_path):
    (tmp_path / "salt").write_bytes(b"pepper\n")
    prefixes = ("https://lms.example/course/", "urn:user:")
    assert skillfirst(*SERVE, "--prefix", prefixes[0], "--prefix", prefixes[1], "--salt", "salt").code == 0
    records = service["settings"].records
    assert (records.prefixes, records.salt) == (prefixes, b"pepper")
    assert "pepper" not in repr(service["settings"])
    service.clear()
    (tmp_path / "salt").write_bytes(b"x" * 65)
    skillfirst(*SERVE, "--salt", "salt").fails(2, "longer than 64 bytes")
    assert service == {}


def test_a_key_of_the_same_name_is_replaced_and_others_stay(skillfirst, tmp_path):
    for name in ("lms", "crm", "lms"):
        assert skillfirst("key", name, "--keys", "keys.json").code == 0
    from skillfirst.serve.keys import read_keys

    assert sorted(k.name for k in read_keys(tmp_path / "keys.json")) == ["crm", "lms"]


def test_a_port_that_is_taken(skillfirst, service):
    import socket

    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port = somebody.getsockname()[1]
        skillfirst(*SERVE[:-1], port).fails(2, "cannot be listened on", "--port")
        skillfirst("demo", "--dir", "d", "--port", port).fails(2, "cannot be listened on")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([*SERVE, "--keys", "nowhere.json"], 2, "the keys in nowhere.json cannot be read"),
        ([*SERVE, "--token-secret", "nowhere"], 2, "the secret in nowhere cannot be read"),
        ([*SERVE, "--salt", "nowhere"], 2, "the salt in nowhere cannot be read"),
        ([*SERVE, "--jwt-issuer", "https://id.example"], 2, "go together"),
        (["serve", "--store", "nowhere", "--online", "memory:"], 1, "there is no store at nowhere"),
        (["key", "Upper Case", "--keys", "keys.json"], 2, "a key has a name"),
        (["key", "lms", "--keys", "keys.json", "--scope", "everything"], 2, "no scope 'everything'"),
        (["key", "lms", "--keys", "nowhere/keys.json"], 1, "cannot be written"),
    ],
)
def test_what_goes_wrong_is_said_in_one_message(skillfirst, service, arguments, code, words):
    skillfirst(*arguments).fails(code, words)
    assert service == {}


def test_an_address_is_announced_when_it_answers_and_not_before(skillfirst, service, tmp_path, capfd):
    assert skillfirst(*SERVE).err == ""
    service["listening"]()
    assert f"serving on http://127.0.0.1:{service['port']} " in capfd.readouterr().err


def test_nothing_is_announced_where_a_store_cannot_be_opened(skillfirst, tmp_path):
    (tmp_path / "s" / "runs").mkdir(parents=True)
    (tmp_path / "file").touch()
    said = skillfirst("serve", "--store", "s", "--online", "lmdb:file/online", "--port", "0")
    said.fails(1, "the LMDB store file/online cannot be opened: a part of its path is a file, not a folder")
    assert "serving on" not in said.err


def test_ctrl_c_is_how_the_demo_ends_and_no_error(skillfirst, monkeypatch):
    def interrupted(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr("skillfirst.serve.server.run", interrupted)
    monkeypatch.setattr(demo, "_make", lambda folder, made: None)
    monkeypatch.setattr(demo, "_welcome", lambda *_: "welcome")
    said = skillfirst("demo", "--dir", "academy", "--port", "0")
    assert (said.code, said.err) == (0, "\nthe demo has ended; skillfirst demo goes on with the same academy\n")
