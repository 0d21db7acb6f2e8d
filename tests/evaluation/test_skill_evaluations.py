"""The evaluations run on any academy's own members; here two trades whose skills and wants are easily learned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from skillfirst.errors import DataError
from skillfirst.evaluation.inference import evaluate_inference
from skillfirst.evaluation.interest import evaluate_interest
from skillfirst.evaluation.questionnaire import evaluate_questionnaire
from skillfirst.evaluation.titles import evaluate_titles
from skillfirst.skills.inference import Inference
from skillfirst.tables.member_document import documents
from skillfirst.tables.sparse import Csr

SKILLS = 10  # 0-4 belong to trade 0, 5-9 to trade 1
NO_PRIOR, NO_COURSES = Csr.from_rows([{}, {}], SKILLS), Csr.from_rows([{}], SKILLS)
RULES = Inference(interest_minimum=50)


@pytest.fixture(scope="module")
def trades() -> pa.RecordBatch:
    """Each member lacks one skill of the own trade, and wants it; two skills of either trade are rarer."""
    skills, wanted = [], []
    for i in range(600):
        base = 5 * (i % 2)
        lacking = base + (i // 2) % 5
        skills.append([base + s for s in range(5) if base + s != lacking])
        wanted.append([lacking])
    return documents(
        600,
        member_id=[f"m{i}" for i in range(600)],
        title=[[i % 2] for i in range(600)],
        title_weight=[[1.0]] * 600,
        skill=skills,
        skill_source=[[1] * 4] * 600,
        wanted=wanted,
    )


def test_hidden_skills_are_found(trades: pa.RecordBatch) -> None:
    report = evaluate_inference(trades, NO_PRIOR, NO_COURSES, RULES)
    for task in ("some hidden", "all hidden"):
        methods = report[task]["methods"]
        assert report[task]["members"] > 50
        assert methods["skillfirst"]["nDCG@10"]["mean"] > methods["popularity"]["nDCG@10"]["mean"] + 0.05
    assert report["some hidden"]["ECE"] < 0.2


def test_wants_are_found(trades: pa.RecordBatch) -> None:
    methods = evaluate_interest(trades, NO_PRIOR, NO_COURSES, RULES)["methods"]
    assert methods["skillfirst"]["nDCG@10"]["mean"] > 0.95  # the one skill of the trade that is lacking
    assert methods["skillfirst"]["nDCG@10"]["mean"] > methods["popularity of wanting"]["nDCG@10"]["mean"]


def test_picks_tell_more_the_more_they_are(trades: pa.RecordBatch) -> None:
    report = evaluate_questionnaire(trades, NO_PRIOR, NO_COURSES, Csr.from_rows([{}] * SKILLS, SKILLS), RULES)
    held = {name: value["mean"] for name, value in report["held"].items()}
    assert held["none"] < held["3 picks"] + 1e-9
    assert held["3 picks"] <= held["8 picks"]
    assert report["wanted"]["full profile"]["mean"] > 0.95


@pytest.mark.parametrize("evaluate", [evaluate_inference, evaluate_interest])
def test_a_report_has_its_curve_and_its_pictures(trades: pa.RecordBatch, tmp_path: Path, evaluate: Any) -> None:
    pytest.importorskip("matplotlib")
    report = evaluate(trades, NO_PRIOR, NO_COURSES, RULES, folder=tmp_path)
    part = report.get("some hidden", report)
    curve = part["learning_curve"]
    assert [p["members"] for p in curve] == sorted(p["members"] for p in curve)
    assert curve[-1]["nDCG@10"][0] == part["methods"]["skillfirst"]["nDCG@10"]["mean"]
    assert sum(row["candidates"] for row in part["reliability"]) > 0
    assert all("<svg" in Path(name).read_text() for name in report["plots"])
    json.dumps(report)


def test_the_questionnaire_draws_what_picks_tell(trades: pa.RecordBatch, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    flat = Csr.from_rows([{}] * SKILLS, SKILLS)
    report = evaluate_questionnaire(trades, NO_PRIOR, NO_COURSES, flat, RULES, folder=tmp_path)
    assert 0 <= report["ECE"] <= 1
    assert [Path(name).name for name in report["plots"]] == [
        "questionnaire_reliability.svg", "questionnaire_learning_curve.svg",
    ]  # fmt: skip


def test_without_skills_or_wants_there_is_nothing_to_evaluate(trades: pa.RecordBatch) -> None:
    nobody = documents(40, member_id=[str(i) for i in range(40)])
    with pytest.raises(DataError, match="lists 4 skills"):
        evaluate_inference(nobody, NO_PRIOR, NO_COURSES)
    with pytest.raises(DataError, match="interest"):
        evaluate_interest(nobody, NO_PRIOR, NO_COURSES)
    with pytest.raises(DataError, match="lists 4 skills"):
        evaluate_questionnaire(nobody, NO_PRIOR, NO_COURSES, NO_COURSES)


def test_held_out_aliases_are_matched(tmp_path: Path) -> None:
    trades = {"Welder": "metalworker", "Nurse": "caregiver", "Cook": "kitchen chef"}
    kinds = ["night", "day", "shift", "ship", "head", "school", "hotel", "street", "field", "station", "city", "farm"]
    aliases = [[f"{kind} {word}" for kind in kinds] for word in trades.values()]
    report = evaluate_titles(list(trades), aliases)
    assert report["aliases"] > 2
    value, low, high = report["methods"]["skillfirst"]["accuracy@1"]
    assert value > 0.8
    assert low <= value <= high
    assert report["methods"]["the same words"]["accuracy@1"][0] == 0
    pytest.importorskip("matplotlib")
    drawn = evaluate_titles(list(trades), aliases, folder=tmp_path)
    known = [p["aliases"] for p in drawn["learning_curve"]]
    assert known[0] == 0
    assert known == sorted(known)
    assert len(drawn["plots"]) == 2
    with pytest.raises(DataError, match="no alias"):
        evaluate_titles(["Welder"], [[]])
