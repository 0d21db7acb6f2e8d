"""What a profile says of a skill that too few members list to compare by."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.ingest.documents import read_part
from skillfirst.kernel.model import load_model
from skillfirst.kernel.policy import Policy
from skillfirst.pipeline import Night, run_night
from skillfirst.serve.profiles import profile
from skillfirst.stores.document_parts import document_parts


@pytest.fixture
def told(academy, tmp_path):
    """told(rare_explicit) -> Fay's skills by id: two members speak Spanish, which is the floor, she alone nurses."""

    def tell(rare):
        policy = Policy(floor=2, rare_explicit=rare)
        run = run_night(Night(academy.data, tmp_path, dt.date(2026, 11, 20), policy), LocalEngine(1))
        (part,) = document_parts(run.path)
        members = read_part(part)
        place = members.column("member_id").to_pylist().index("fay")
        serving = SimpleNamespace(model=load_model(run.path / "model"))
        fay = SimpleNamespace(document=members.slice(place, 1), serving=serving, policy=policy, known=True)
        return {skill["skill_id"]: skill for skill in profile(fay)["skills"]}

    return tell


def test_a_stated_skill_under_the_floor_is_told_to_be_too_rare(told):
    skills = told("drop")
    assert {s for s, skill in skills.items() if skill["too_rare"]} == {"nursing"}
    assert (skills["nursing"]["status"], skills["nursing"]["weight"]) == ("yours", 0.0)
    assert skills["spanish"]["weight"] > 0


def test_where_it_counts_as_at_the_floor_it_is_not(told):
    skills = told("floor")
    assert not any(skill["too_rare"] for skill in skills.values())
    assert skills["nursing"]["weight"] == pytest.approx(skills["spanish"]["weight"])
