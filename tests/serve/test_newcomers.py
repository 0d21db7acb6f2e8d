"""Members the night has never seen: what they say, and the arm the night would give them."""

from __future__ import annotations

import pytest

from skillfirst.experiments.assignment import Experiment, arm_of
from skillfirst.publish import document_bytes, rendered
from skillfirst.serve.newcomers import Newcomer
from skillfirst.stores.online.base import OnlineMember
from skillfirst.tables.member_document import documents

SHARES = {"shares": {"short": 0.5, "long": 0.5}, "salt": "s", "holdout": 0.1}


@pytest.fixture
def experiment(world):
    """The version that serves says that an experiment runs."""
    meta = {**world.online.meta(world.run.run_id), "experiments": {"length": SHARES}}
    world.online.put("with-arms", rendered(world.run), meta)
    world.online.switch("with-arms")
    return Experiment("length", SHARES["shares"], SHARES["salt"], SHARES["holdout"])


def test_a_stranger_gets_the_arm_the_night_would_give(experiment, client):
    arms = {}
    for number in range(12):
        answer = client.get(f"/api/v1/members/stranger-{number}/home").json()
        arms[answer["member_id"]] = answer["arms"]["length"]
    assert arms == {member: arm_of(experiment, member) for member in arms}
    assert len(set(arms.values())) > 1


def test_nobody_in_particular_is_in_no_experiment(experiment, client):
    assert client.post("/api/v1/questionnaire", json={"picks": ["welding"]}).json()["arms"] == {}


def test_the_runs_own_manifest_says_which_experiments_run(world, client):
    assert client.get("/api/v1/members/stranger/home").json()["arms"] == {}
    assert client.app.service.house.current.experiments == ()


JAPANESE = {"accept-language": "ja,en;q=0.5"}


def languages(client, member, **params):
    return client.get(f"/api/v1/members/{member}/profile", params=params).json()["languages"]


def test_the_language_of_the_texts_is_a_strangers_own(client):
    assert languages(client, "stranger") == []
    assert languages(client, "stranger", language="ja") == ["ja"]
    assert languages(client, "stranger", language="ja", languages="de,fr") == ["de", "fr"]  # what is said counts
    assert languages(client, "ann", language="ja") == ["en"]


def test_a_kept_answer_is_of_its_language(client):
    pages = [
        client.get("/api/v1/members/stranger/home", params=params).json()["language"]
        for params in ({}, {"language": "ja"}, {}, {"languages": "de"}, {"language": "ja"})
    ]
    assert pages == ["en", "ja", "en", "de", "ja"]


@pytest.mark.parametrize("path", ["/", "/saved", "/skills", "/course/java-0", "/welcome"])
def test_a_strangers_pages_speak_as_the_browser_does(client, path):
    page = client.get(path, params={"member": "stranger"}, headers=JAPANESE).text
    assert '<html lang="ja"' in page
    assert '<html lang="de"' in client.get(path, params={"member": "stranger", "lang": "de"}, headers=JAPANESE).text


def test_whoever_the_night_knows_keeps_her_languages(world, client):
    client.get("/api/v1/members/stranger/home")
    assert '<html lang="en"' in client.get("/?member=ann", headers=JAPANESE).text
    answer = client.get("/api/v1/members/ann/home")
    assert (answer.content, answer.headers["x-answer"]) == (world.online.get("ann", "home"), "stored")
    assert client.app.service.answers.whole("ann", "home", Newcomer(languages=("ja",))).answer.origin == "stored"


def test_a_known_member_without_languages_understands_the_interface(world, client):
    bare = documents(1, member_id=["bare"], now=[int(world.now.timestamp()) - 86_400])
    answers = {"home": b'{"night": "home"}', "feed": b'{"night": "feed"}'}
    online = [*rendered(world.run), OnlineMember("bare", document_bytes(bare), answers)]
    world.online.put("one-more", online, world.online.meta(world.run.run_id))
    world.online.switch("one-more")
    client.app.service.house.refresh()
    assert client.get("/api/v1/members/bare/home").content == answers["home"]
    assert languages(client, "bare") == []
    assert languages(client, "bare", language="ja") == ["ja"]
    assert '<html lang="ja"' in client.get("/?member=bare", headers=JAPANESE).text
    assert client.get("/api/v1/members/bare/home").content == answers["home"]  # what is stored stays as it is
