"""What was learnt, saved as text and arrays: no pickle, readable by eye where it can be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from skillfirst.errors import DataError, NotFound
from skillfirst.skills.tagging.calibration import Curve
from skillfirst.skills.tagging.choice import Choice
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.label_models import LabelModels
from skillfirst.skills.tagging.ranker import Boosted, Logistic, Ranker
from skillfirst.skills.tagging.ridge import KernelRidge
from skillfirst.skills.tagging.thresholds import Thresholds


def save_choice(choice: Choice, reading: Reading, folder: Path) -> None:
    """choice.json, arrays.npz and one model_<n>.txt a boosted model, into a folder that is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    limits = choice.thresholds
    about = {
        "method": choice.method,
        "thresholds": {"publish": limits.publish, "feature": limits.feature, "review": limits.review},
        "report": choice.report,
    }
    arrays: dict[str, np.ndarray] = {}
    if choice.curve is not None:
        arrays |= {"curve_score": choice.curve.score, "curve_probability": choice.curve.probability}
    models = choice.models
    if models is not None:
        about["labelled"] = [reading.courses.ids[i] for i in models.rows]
        about["seen"] = reading.taxonomy.skills.decode(models.seen).to_pylist()
        arrays |= {"targets": models.targets, "folds": models.folds, "dual": models.model.dual, "given": models.given}
    kinds = []
    for i, model in enumerate(choice.ranker.models if choice.ranker is not None else ()):
        if isinstance(model, Boosted):
            kinds.append("boosted")
            (folder / f"model_{i}.txt").write_text(model.text, encoding="utf-8")
        else:
            kinds.append("logistic")
            arrays[f"logistic_{i}"] = np.stack([model.mean, model.scale, model.weights])
            arrays[f"bias_{i}"] = np.asarray([model.bias])
    about["models"] = kinds
    with (folder / "arrays.npz").open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    (folder / "choice.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")


def load_choice(folder: Path, reading: Reading) -> Choice:
    """What `save_choice` wrote, for a reading that holds the labelled courses.

    Raises NotFound without a saved choice, DataError when a labelled course or a skill is no longer there.
    """
    path = folder / "choice.json"
    if not path.is_file():
        raise NotFound(f"{folder} holds no trained tagger")
    about = json.loads(path.read_text(encoding="utf-8"))
    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    models = None
    if "labelled" in about:
        place = {course_id: i for i, course_id in enumerate(reading.courses.ids)}
        lost = [i for i in about["labelled"] if i not in place]
        seen = reading.taxonomy.skills.encode(pa.array(about["seen"], pa.string())).astype(np.int64)
        if lost or (seen < 0).any():
            raise DataError(
                "the catalogue or taxonomy lacks what the tagger was trained on", table="courses",
                count=len(lost) + int((seen < 0).sum()), next_step="Train it again.",
            )  # fmt: skip
        rows = np.asarray([place[i] for i in about["labelled"]], np.int64)
        dual = KernelRidge(arrays["dual"])
        models = LabelModels(rows, arrays["folds"], seen, arrays["targets"], dual, arrays["given"], {})
    ranked: list[Logistic | Boosted] = []
    for i, kind in enumerate(about["models"]):
        if kind == "boosted":
            ranked.append(Boosted((folder / f"model_{i}.txt").read_text(encoding="utf-8")))
        else:
            mean, scale, weights = arrays[f"logistic_{i}"]
            ranked.append(Logistic(mean, scale, weights, float(arrays[f"bias_{i}"][0])))
    curve = Curve(arrays["curve_score"], arrays["curve_probability"]) if "curve_score" in arrays else None
    limits = Thresholds(**about["thresholds"])
    return Choice(about["method"], limits, curve, models, Ranker(tuple(ranked)) if ranked else None, about["report"])
