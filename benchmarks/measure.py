"""What every benchmark measures with: interleaved rounds, processes of their own, tables that are printed and kept.

`Report` prints its tables as they come; with `--out FILE` it keeps them as JSON, which `report.py` turns into the
results of the README. Times of a shared machine mislead: ratios compare neighbours in time, and CPU seconds stand
where work on one core is compared.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "skillfirst-benchmarks"
PLACES = ("--out", "--keep", "--shared", "--folder")  # options that say where, not what


def options(doc: str) -> argparse.ArgumentParser:
    """A parser with `--out`; the script's docstring is its help."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="keep the tables as JSON here")
    return parser


def beside() -> None:
    """Let Python find the libraries that `peers.py --install` put beside the project's own; those come first."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    if str(CACHE / "beside") not in sys.path:
        sys.path.append(str(CACHE / "beside"))


def machine() -> dict[str, Any]:
    """Processor, cores, memory, system."""
    info, memory = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    models = [x.split(":", 1)[1].strip() for x in _lines(info) if x.startswith("model name")]
    total = [int(x.split()[1]) for x in _lines(memory) if x.startswith("MemTotal")]
    shared = any("hypervisor" in x for x in _lines(info) if x.startswith("flags"))
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(total[0] / 2**20) if total else None,
        "virtual": shared,
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions(packages: Sequence[str]) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def shown(value: Any) -> str:
    """A cell: three figures of a float, thousands apart."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".") if value else "0"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


class Report:
    """The tables of one script, with machine, versions, command and goals."""

    def __init__(self, doc: str, packages: Sequence[str] = ("numpy", "numba", "pyarrow")) -> None:
        self.began = time.perf_counter()
        self.kept: dict[str, Any] = {
            "question": doc.strip().splitlines()[0],
            "command": command(),
            "day": dt.datetime.now(dt.UTC).date().isoformat(),
            "machine": machine(),
            "versions": versions(packages),
            "load_before": _load(),
            "tables": [],
            "goals": [],
        }
        print(", ".join(str(x) for x in self.kept["machine"].values()), self.kept["versions"], flush=True)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], note: str = "") -> None:
        """Print a table and keep it. The first column names the row."""
        self.kept["tables"].append({"title": title, "columns": [*columns], "rows": [[*r] for r in rows], "note": note})
        cells = [[*columns], *[[shown(cell) for cell in row] for row in rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
        print(f"\n{title}")
        for first, *others in cells:
            print("  ".join([first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(others, widths[1:], strict=True))]))
        if note:
            print(note)
        sys.stdout.flush()

    def goal(
        self, what: str, measured: float, must: float, ambitious: float | None, unit: str = "x", more: bool = True
    ) -> None:
        """Hold a figure against its goals; `more`: the larger the better."""

        def reached(goal: float | None) -> bool:
            return goal is not None and (measured >= goal if more else measured <= goal)

        verdict = "ambitious" if reached(ambitious) else "must" if reached(must) else "missed"
        self.kept["goals"].append(
            {"what": what, "measured": measured, "must": must, "ambitious": ambitious, "unit": unit, "verdict": verdict}
        )
        further = "" if ambitious is None else f", ambitious {ambitious}"
        print(f"goal: {what}: {shown(measured)} {unit} (must {must}{further}): {verdict}", flush=True)

    def skipped(self, what: str) -> None:
        """Say what was not measured and what is missing for it."""
        self.kept.setdefault("skipped", []).append(what)
        print(f"SKIPPED: {what}", flush=True)

    def save(self, path: Path | None) -> None:
        self.kept["load_after"], self.kept["minutes"] = _load(), round((time.perf_counter() - self.began) / 60, 1)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self.kept, ensure_ascii=False, default=_plain)
            path.write_text(re.sub(r"(?<=[\]}]), (?=[\[{\"])", ",\n ", text) + "\n", encoding="utf-8")


def command() -> str:
    """How this process was called, without the places of files."""
    words, kept = iter(sys.argv[1:]), []
    for word in words:
        if word in PLACES:
            next(words, None)
        elif word.split("=")[0] not in PLACES:
            kept.append(word)
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *kept])


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _load() -> float:
    return round(os.getloadavg()[0], 1)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)


# --- time and memory


def interleaved(
    work: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = time.process_time
) -> dict[str, list[float]]:
    """Seconds of each piece of work; every round does each once, every other round backwards."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for number in range(rounds):
        for name in [*work] if number % 2 == 0 else [*work][::-1]:
            began = clock()
            work[name]()
            taken[name].append(clock() - began)
    return taken


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def peak_mib() -> int:
    """The highest memory of this process, MiB; unlike ru_maxrss it knows nothing of the process that started it."""
    high = [x for x in _lines(Path("/proc/self/status")) if x.startswith("VmHWM")]
    return int(high[0].split()[1]) // 1024 if high else 0


class Used:
    """Wall and CPU seconds between `with` and its end."""

    def __enter__(self) -> Used:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu


def alone(script: str, *arguments: object, python: str | Path = sys.executable) -> dict[str, Any]:
    """What a script of this folder prints as JSON on its last line, run in a process of its own."""
    call = [str(python), str(Path(__file__).parent / script), *map(str, arguments)]
    done = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(call)} ended with {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])
