"""One member, from the stored bytes to the answer without Arrow, gets what a night's batch gives."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.fold import fold, fold_one
from skillfirst.kernel.infer import infer
from skillfirst.kernel.one_member import lists_of_one, own_policy
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import DAY, recommend
from skillfirst.kernel.render import Head, Renderer
from skillfirst.skills.inference.settings import Inference
from skillfirst.tables.documents import Documents
from skillfirst.tables.member_document import DOCUMENT
from skillfirst.tables.schemas import EVENT_KINDS, EVENTS

MEMBERS = 60
ARMS = {"length": {"short": {"list_length": 5, "fill": 3}, "plain": {"diversify": "none", "fatigue": "none"}}}


@dataclass
class Event:
    """An event as the log keeps it."""

    time: int
    kind: str
    event_id: str | None = None
    course_id: str | None = None
    skill_id: str | None = None
    channel: str | None = None
    position: int | None = None
    seconds: float | None = None


@pytest.fixture(scope="module")
def busy(busy_world):
    """A Model that infers from everything, and documents with something of everything in three arms."""
    catalogue, members = busy_world(8, MEMBERS, 90, 60, 20)
    members, rng = members.select(DOCUMENT.names), np.random.default_rng(8)
    near = [sorted(set(rng.integers(0, 60, rng.integers(0, 9)).tolist())) for _ in range(MEMBERS)]
    given = {
        "arms": [[("length", ("short", "plain", "other")[i % 3])] for i in range(MEMBERS)],
        "neighbours": rng.integers(0, 12, MEMBERS).tolist(),
        "neighbour_skill": near, "neighbour_count": [[3] * len(x) for x in near],
        "activity_skill": near[::-1], "activity_time": [[1_780_000_000] * len(x) for x in near[::-1]],
    }  # fmt: skip
    columns = [pa.array(given[f.name], f.type) if f.name in given else members.column(f.name) for f in DOCUMENT]
    members = pa.RecordBatch.from_arrays(columns, schema=DOCUMENT)
    policy = Policy(floor=2, inference=Inference(calibration_minimum=20, interest_minimum=5, ease_skills=0))
    return finish([count(members, catalogue, policy)], catalogue, policy, 20_605, ARMS), members


def stored(batch, i):
    return Documents.read(bytes(batch.slice(i, 1).serialize()))


def test_a_stored_document_gets_the_answers_of_the_batch(busy):
    model, members = busy
    renderer, languages = Renderer(model), members.column("languages").to_pylist()
    for channel in ("home", "feed"):
        rows = recommend(members, model, [channel])
        bodies = [body for _, _, body in renderer.answers(rows, [spoken or [] for spoken in languages])]
        for i, body in enumerate(bodies):
            document = stored(members, i)
            known, day = document.one, (int(document.numbers("now")[0]) - 1) // DAY
            head = Head(known["member_id"], channel, day, known["arms"], known["languages"])
            assert renderer.answer(head, lists_of_one(document, model, (channel,))) == body


def test_the_policy_is_that_of_the_member_s_arms_and_made_once(busy):
    model, members = busy
    policies = [own_policy(stored(members, i), model) for i in range(6)]
    assert [policy.list_length for policy in policies[:3]] == [5, 100, 100]
    assert [policy.diversify for policy in policies[:3]] == ["round_robin", "none", "round_robin"]
    assert all(mine is again for mine, again in zip(policies[:3], policies[3:], strict=True))


def some_events(model, rng, many):
    courses, skills = model.courses.ids.to_pylist(), model.taxonomy.skills.ids.to_pylist()
    now = 1_780_315_200_000_000
    for _ in range(many):
        yield Event(
            now + int(rng.integers(-(40 * 86_400), 3_600)) * 1_000_000 + int(rng.integers(1_000_000)),
            EVENT_KINDS[rng.integers(len(EVENT_KINDS))],
            None if rng.random() < 0.1 else f"e{rng.integers(40)}",
            None if rng.random() < 0.2 else [*courses, "nowhere"][rng.integers(len(courses) + 1)],
            None if rng.random() < 0.2 else [*skills, "nothing"][rng.integers(len(skills) + 1)],
            (None, "home", "feed", "email", "elsewhere")[rng.integers(5)],
            None if rng.random() < 0.3 else int(rng.integers(0, 40)),
            None if rng.random() < 0.3 else float(rng.choice([0.4, 0.5, 30.0, 700.5])),
        )  # fmt: skip


def as_table(events, member_id):
    rows = [
        {
            **vars(event),
            "member_id": member_id,
            "time": dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=event.time),
        }
        for event in events
    ]
    return pa.RecordBatch.from_pylist(rows, EVENTS.schema)


@pytest.mark.parametrize("many", [0, 1, 7, 90])
def test_folding_one_is_folding_a_batch(busy, many):
    model, members = busy
    rng, now = np.random.default_rng(many), 1_780_315_200
    for i in range(12):
        events = list(some_events(model, rng, many))
        document = members.slice(i, 1)
        expected = fold(document, as_table(events, document.column("member_id")[0].as_py()), now, model)
        folded = fold_one(stored(members, i), events, now, model)
        assert folded.batch.equals(expected)
        assert infer(folded.batch, model).equals(infer(expected, model))
        rows = recommend(expected, model, ["feed"]).to_pylist()[0]
        out = lists_of_one(folded, model, ("feed",))
        assert [model.courses[code] for code in out.course[: out.offsets[1]]] == rows["course_id"]
        assert out.score[: out.offsets[1]].tolist() == rows["score"]


def test_an_event_of_an_unknown_kind_is_an_error(busy):
    model, members = busy
    with pytest.raises(ValueError, match="unknown kind"):
        fold_one(stored(members, 0), [Event(0, "sneeze")], 10, model)
