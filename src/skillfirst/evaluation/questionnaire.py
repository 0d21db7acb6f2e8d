"""How much do a few picks tell? Real members answer the questionnaire from their profile and are then recommended to.

After 3, 5 and 8 picks, and beside them after none and with the full profile: nDCG@10 of the skills the member holds
(picked ones first, then inferred ones) and, where wants are known, of the skills the member wants. Skills are offered
once by log popularity x entropy and once by popularity alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.errors import DataError
from skillfirst.evaluation.drawings import draw_curves, draw_reliability, drawn
from skillfirst.evaluation.inference import Scores, dense, learn, probabilities
from skillfirst.evaluation.interest import learn_interest, want_scores, without_wants
from skillfirst.evaluation.ranked_skills import best_first, calibration_error, measure, split_members, with_skills
from skillfirst.skills.inference import Inference
from skillfirst.skills.inference.profiles import held_skills, read_profiles
from skillfirst.skills.inference.wants import wants
from skillfirst.skills.questionnaire import Questionnaire, next_screen
from skillfirst.skills.tagging.calibration import reliability
from skillfirst.tables.sparse import Csr

PICKS = (3, 5, 8)
CALIBRATED_AFTER = 5  # picks
LEAST = 4  # skills of a member who answers
MEMBERS = 2_000  # who answer; enough for intervals of a hundredth

Ask = Callable[[list[int], list[int], int], list[int]]
"""(picks so far, skills offered so far, member's row) -> the next screen."""


def answer(ask: Ask, row: int, held: set[int], most: int) -> list[int]:
    """What a member picks who holds `held` and stops after `most` picks: screen by screen, in the order shown."""
    picked: list[int] = []
    offered: list[int] = []
    while len(picked) < most:
        screen = ask(picked, offered, row)
        if not screen:
            break
        offered += screen
        picked += [s for s in screen if s in held]
    return picked[:most]


def evaluate_questionnaire(
    documents: pa.RecordBatch,
    title_skills: Csr,
    course_skills: Csr,
    parents: Csr,
    settings: Inference | None = None,
    rules: Questionnaire | None = None,
    *,
    folder: Path | None = None,
) -> dict[str, Any]:
    """JSON-ready report: {"members", "held" and "wanted": {"none", "full profile", "<n> picks", ...}, "ECE" and
    "reliability" of the skills inferred after five picks}; with `folder`, where the plots go, also "plots".

    "held" of the full profile is 1 by definition and left out. Raises DataError when nobody lists four skills.
    """
    inference, questions = settings or Inference(), rules or Questionnaire()
    train, test = split_members(documents)
    skills = title_skills.width
    test = test.filter(pa.array(np.diff(held_skills(test, skills).offsets) >= LEAST)).slice(0, MEMBERS)
    if not test.num_rows:
        raise DataError(f"no test member lists {LEAST} skills", table="member_skills", column="skill")
    tables = learn(train, title_skills, course_skills, inference)
    interest = learn_interest(train, len(title_skills), course_skills, inference)
    held, wanted = held_skills(test, skills), wants(read_profiles(test, skills), course_skills)
    blank = without_wants(test)
    members = np.bincount(held_skills(train, skills).indices, minlength=skills)
    none = Csr(np.zeros(test.num_rows + 1, np.int64), np.zeros(0, np.int32), None, skills)

    report: dict[str, Any] = {"members": test.num_rows, "held": {}, "wanted": {}}

    def judge(shown: Csr, name: str) -> tuple[dict[str, float], dict[str, float] | None]:
        visible = with_skills(blank, shown)
        inferred = probabilities(visible, tables, inference)
        told = measure(best_first(inferred + 2 * dense(shown), none), held)["nDCG@10"]
        if name == f"{CALIBRATED_AFTER} picks":
            open_ = dense(shown) == 0
            said, true = inferred[open_].clip(0, 1), dense(held)[open_] > 0
            report.update({"ECE": calibration_error(said, true), "reliability": reliability(said, true)})
        if interest is None:
            return told, None
        longing = want_scores(visible, tables, interest, inference)
        longing[dense(shown) > 0] = -np.inf
        return told, measure(best_first(longing, none), wanted)["nDCG@10"]

    def note(name: str, shown: Csr) -> None:
        told, longing = judge(shown, name)
        report["held"][name] = told
        if longing is not None:
            report["wanted"][name] = longing

    note("none", none)
    chosen = _pick(blank, held, _by_worth(blank, tables_of=lambda b: probabilities(b, tables, inference),
                                          members=members, parents=parents, rules=questions))  # fmt: skip
    popular = _pick(blank, held, _by_popularity(members, questions))
    for n in PICKS:
        note(f"{n} picks", _first(chosen, n, skills))
        note(f"{n} picks by popularity", _first(popular, n, skills))
    note("full profile", held)
    del report["held"]["full profile"]
    if folder is not None:
        report["plots"] = drawn(partial(_draw, report, folder))
    return report


def _draw(report: dict[str, Any], folder: Path) -> list[Path]:
    lines = {}
    for what in ("held", "wanted"):
        for way in ("", " by popularity"):
            found = {0: report[what].get("none"), **{n: report[what].get(f"{n} picks{way}") for n in PICKS}}
            lines[f"skills {what}{way}"] = [(n, m["mean"], m["low"], m["high"]) for n, m in found.items() if m]
    bins = {"inferred": report["reliability"]}
    title = f"Reliability after {CALIBRATED_AFTER} picks"
    return [
        draw_reliability(bins, folder / "questionnaire_reliability.svg", title),
        draw_curves(lines, folder / "questionnaire_learning_curve.svg", "What picks tell", "picks", "nDCG@10"),
    ]


def _first(picks: Sequence[list[int]], n: int, skills: int) -> Csr:
    return Csr.from_rows([dict.fromkeys(row[:n], 1.0) for row in picks], skills)


def _pick(documents: pa.RecordBatch, held: Csr, ask: Ask) -> list[list[int]]:
    return [answer(ask, i, set(held.row(i).tolist()), max(PICKS)) for i in range(documents.num_rows)]


def _by_worth(
    documents: pa.RecordBatch,
    tables_of: Callable[[pa.RecordBatch], Scores],
    members: npt.NDArray[np.int64],
    parents: Csr,
    rules: Questionnaire,
) -> Ask:
    skills = parents.width

    def ask(picked: list[int], offered: list[int], row: int) -> list[int]:
        def infer_from(picks: Sequence[int]) -> Scores:
            shown = Csr.from_rows([dict.fromkeys(picks, 1.0)], skills)
            return np.asarray(tables_of(with_skills(documents.slice(row, 1), shown))[0])

        return next_screen(members, infer_from, parents, picked, offered, rules)

    return ask


def _by_popularity(members: npt.NDArray[np.int64], rules: Questionnaire) -> Ask:
    order = np.lexsort((np.arange(len(members)), -members))

    def ask(picked: list[int], offered: list[int], row: int) -> list[int]:
        screens = rules.screens * rules.chips
        return [int(s) for s in order[len(offered) : min(len(offered) + rules.chips, screens)]]

    return ask
