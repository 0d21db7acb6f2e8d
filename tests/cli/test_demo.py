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
    assert (told["host"], told["port"], told["online"]) == ("127.0.0.1", 0, "lmdb:academy/store/online")
    assert told["demo"].person("persona-leyla").biography
    first = told["demo"].day
    told["demo"].turn()
    assert nights == [first + (told["demo"].day - first)]
    assert (told["demo"].day - first).days == 1


@pytest.mark.parametrize("given", [[], ["--keys", "nowhere.json"]])
def test_serve_hands_over_to_the_service(skillfirst, monkeypatch, given):
    told = {}
    monkeypatch.setattr("skillfirst.serve.server.run", lambda **options: told.update(options))
    said = skillfirst(
        "serve", "--store", "s", "--online", "memory:", "--port", "0", "--embed-in", "https://a.example", *given
    )
    if given:
        said.fails(2, "the keys in nowhere.json cannot be read")
    else:
        assert said.code == 0
        assert told["online"] == "memory:"
        assert told["settings"].frame_ancestors == ("https://a.example",)
