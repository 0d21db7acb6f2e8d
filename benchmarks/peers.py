"""What does recommending for everybody cost beside libraries that learn from the same interactions?

    python benchmarks/peers.py --install         implicit, RecTools, LensKit, each in an environment of its own, once
    python benchmarks/peers.py                   real interactions where the folder --shared is there, and invented ones
    python benchmarks/peers.py --sets invented --members 2000 --courses 500 --rounds 1

Everybody's hundred courses out of the same (member, course) pairs. Peers get them as arrays in memory and run their
fastest item-to-item model, RecTools EASE as well; ours is the whole night, from tables to a committed run, feed only,
and reads what else the tables hold. Every turn is a process of its own; rounds run all, in changing order; medians. Not
a comparison of quality: what each can do beyond the list stands in the second table. Peers are installed below the
user's cache, outside the project; what is missing is left out, visibly.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import CACHE, Report, Used, alone, median, options, peak_mib
from peer_models import MODELS

K = 100
OURS = "skillfirst, the night"
ENVIRONMENTS = {
    "implicit": ["implicit==0.7.3"],
    "rectools": ["rectools==0.19.0"],
    "lenskit": ["lenskit==2025.8.1", "torch==2.13.0"],
}
BESIDE = ["polars==2.1.0", "polars-runtime-32==2.1.0", "sparse_dot_topn==1.2.0", "psutil"]  # for kernel.py
TAKEN = ("enrol", "watch", "complete", "bookmark")
ABLE = [
    ("lists for members without interactions", "from skills, titles, goals; popular", "no", "other models", "popular"),
    ("courses nobody took yet", "from their text", "no", "other models", "no"),
    ("a reason for each course", "skills it shares, by contribution", "no (ALS only)", "no", "no"),
    ("a list that is not more of the same", "one of each overlap set in turn", "no", "measured", "another reranker"),
    ("newest first, series and languages once", "yes", "no", "no", "no"),
    ("what was seen too often fades", "yes", "no", "no", "no"),
    ("who already took it", "left out", "left out", "left out", "left out"),
    ("filters", "level, language, retired, refused", "items", "allow-list", "candidates"),
    ("similar tastes beyond skills", "rows of a page", "the model", "the model", "the model"),
    ("members on disk, memory flat", "yes", "no", "no", "no"),
    ("results stored, served, explained", "yes", "no", "no", "Parquet"),
]


def python_of(name: str) -> Path:
    return CACHE / name.split(",")[0].lower() / "bin" / "python"


def install() -> None:
    """Environments of this Python, below the user's cache."""
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    for name, wanted in ENVIRONMENTS.items():
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / name)], check=True)
        subprocess.run([str(python_of(name)), *pip, *wanted], check=True)
    pip += ["--no-deps", "--upgrade", "--target", str(CACHE / "beside")]
    subprocess.run([sys.executable, *pip, *BESIDE], check=True)
    print(f"installed below {CACHE}")


# --- interactions: tables for us, pairs for the peers


def real(folder: Path, asked: argparse.Namespace) -> dt.date:
    """Udemy's courses and ratings as tables; the day after the last."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = asked.shared / "udemy_coco"
    courses, taken = pq.read_table(source / "courses.parquet"), pq.read_table(source / "interactions.parquet")
    table = {
        "course_id": courses["course_id"].cast(pa.string()), "title": courses["title_from_slug"],
        "category": courses["category"], "skills": courses["concepts"],
    }  # fmt: skip
    pq.write_table(pa.table(table), folder / "courses.parquet")
    member = taken["user_id"].cast(pa.string())
    pq.write_table(pa.table({"member_id": member.unique()}), folder / "members.parquet")
    events = {
        "time": taken["ts"].cast(pa.timestamp("s", "UTC")), "member_id": member, "kind": ["watch"] * len(taken),
        "course_id": taken["course_id"].cast(pa.string()), "seconds": np.full(len(taken), 3_600.0),
    }  # fmt: skip
    pq.write_table(pa.table(events), folder / "events.parquet")
    return dt.datetime.fromtimestamp(max(taken["ts"].to_pylist()), dt.UTC).date()


def invented(folder: Path, asked: argparse.Namespace) -> dt.date:
    """An invented academy with profiles and months of events."""
    from night import DAY

    alone("night.py", "--courses", asked.courses, "--child", "invent", folder, folder, asked.members)
    return DAY


SETS: dict[str, Callable[[Path, argparse.Namespace], dt.date]] = {"real": real, "invented": invented}


def pairs(folder: Path) -> dict[str, int]:
    """Who took what, each pair once, as dense codes; written for the peers."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    events = pq.read_table(folder / "events.parquet", columns=["member_id", "course_id", "kind"])
    events = events.filter(pc.is_in(events["kind"], pa.array(TAKEN)))
    once = events.group_by(["member_id", "course_id"]).aggregate([])
    once = once.sort_by([("member_id", "ascending"), ("course_id", "ascending")])
    user, item = (np.unique(once[name].to_numpy(), return_inverse=True)[1] for name in ("member_id", "course_id"))
    np.savez(folder / "pairs.npz", user=user.astype(np.int32), item=item.astype(np.int32))
    return {
        "members": pq.read_metadata(folder / "members.parquet").num_rows, "takers": int(user.max()) + 1,
        "courses": pq.read_metadata(folder / "courses.parquet").num_rows, "taken": int(item.max()) + 1,
        "pairs": len(user),
    }  # fmt: skip


def ours(data: Path, day: dt.date) -> dict[str, Any]:
    """The whole night over the tables, in this process."""
    from skillfirst.engines.local import LocalEngine
    from skillfirst.pipeline import Night, run_night
    from skillfirst.tables.sparse import list_parts

    with tempfile.TemporaryDirectory(dir=data) as store:
        with Used() as used:
            run = run_night(Night(data, Path(store), day, channels=("feed",)), LocalEngine())
        peak, lists = peak_mib(), run.table("recommendations", ["course_id"])
        sizes = np.concatenate([np.diff(list_parts(batch.column("course_id"))[0]) for batch in lists])
    recommend = run.manifest["seconds"]["recommend"]
    told = {"fit": used.wall - recommend, "recommend": recommend, "cpu": used.cpu, "peak": peak}
    return {**told, "lists": int((sizes > 0).sum()), "length": float(sizes[sizes > 0].mean())}


# --- measuring


def compare(report: Report, name: str, asked: argparse.Namespace) -> None:
    present = [model for model in MODELS if python_of(model).exists()]
    for model in MODELS:
        if model not in present:
            report.skipped(f"{model}: python benchmarks/peers.py --install")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        day = SETS[name](folder, asked)
        size = pairs(folder)
        file = folder / "pairs.npz"
        turns = {OURS: lambda: alone("peers.py", "--child", folder, day.isoformat())}
        for model in present:
            turns[model] = lambda model=model: alone("peer_models.py", model, file, K, python=python_of(model))
        taken: dict[str, list[dict[str, Any]]] = {model: [] for model in turns}
        for number in range(asked.rounds):
            for model in [*turns] if number % 2 == 0 else [*turns][::-1]:
                taken[model].append(turns[model]())
    rows = []
    for model, runs in taken.items():
        fit, recommend, cpu, peak, lists, length = (
            median([run[what] for run in runs]) for what in ("fit", "recommend", "cpu", "peak", "lists", "length")
        )
        rows.append((model, fit, recommend, fit + recommend, cpu, int(peak), int(lists), length))
    report.table(
        f"Everybody's {K} courses, {name} interactions: {size['members']:,} members, {size['courses']:,} courses, "
        f"{size['pairs']:,} pairs of {size['takers']:,} members and {size['taken']:,} courses",
        ("model", "fit s", "recommend s", "both s", "CPU s", "MiB at most", "members with a list", "courses a list"),
        rows,
        f"Medians of {asked.rounds} interleaved rounds, {report.kept['machine']['cores']} cores. Our fit is everything "
        "before the lists: check, tags, gather, counts. Memory includes the processes that LensKit recommends in.",
    )


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=[*SETS])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="the folder with udemy_coco/")
    parser.add_argument("--members", type=int, default=20_000, help="invented ones")
    parser.add_argument("--courses", type=int, default=5_000, help="invented ones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.install:
        install()
        return
    if asked.child:
        print(json.dumps(ours(Path(asked.child[0]), dt.date.fromisoformat(asked.child[1]))))
        return
    report = Report(__doc__)
    for wanted in ENVIRONMENTS.values():
        report.kept["versions"] |= dict(w.split("==") for w in wanted)
    for name in asked.sets:
        if name == "real" and not (asked.shared / "udemy_coco").is_dir():
            report.skipped("real interactions: the folder --shared is not there")
            continue
        compare(report, name, asked)
    report.table("What each does", ("", "skillfirst", "implicit", "RecTools", "LensKit"), ABLE, "As far as documented.")
    report.save(asked.out)


if __name__ == "__main__":
    main()
