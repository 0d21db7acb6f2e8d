"""Results as Markdown: writes the results of the README from what the scripts kept.

    python benchmarks/report.py                        benchmarks/results into benchmarks/README.md
    python benchmarks/report.py --check                exit code 1 where the README says something else
    python benchmarks/report.py --results build/bench --print

Numbers stand in the README only by way of this script.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measure import shown

HERE = Path(__file__).parent
BEGIN, END = "<!-- results: python benchmarks/report.py -->", "<!-- end of results -->"
ORDER = ("kernel", "night", "scaling", "serving", "spark", "peers", "guard", "stores")


def read(folder: Path) -> list[dict[str, Any]]:
    """What the scripts kept, in the order of `ORDER`, variants of a script by name."""
    files = sorted(folder.glob("*.json"))
    place = {name: at for at, name in enumerate(ORDER)}
    files.sort(key=lambda file: (place.get(file.stem.split("_")[0], len(place)), file.stem))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def markdown(found: Sequence[dict[str, Any]]) -> str:
    """All goals in one table, then every script's tables."""
    lines: list[str] = []
    goals = [goal for one in found for goal in one["goals"]]
    if goals:
        rows = [(g["what"], f"{shown(g['measured'])} {g['unit']}", _with_unit(g, "must"), _with_unit(g, "ambitious"),
                 g["verdict"]) for g in goals]  # fmt: skip
        lines += ["### Goals", "", *table(("goal", "measured", "must", "ambitious", "verdict"), rows)]
    for one in found:
        lines += ["", f"### {one['question']}", "", *how(one)]
        for each in one["tables"]:
            lines += ["", f"**{each['title']}**", "", *table(each["columns"], each["rows"])]
            if each["note"]:
                lines += ["", each["note"]]
        lines += [line for skipped in one.get("skipped", []) for line in ("", f"Not measured: {skipped}.")]
    return "\n".join(lines).strip() if lines else "Nothing was measured yet."


def how(one: dict[str, Any]) -> Iterator[str]:
    """Command, machine, versions."""
    machine, versions = one["machine"], ", ".join(f"{k} {v}" for k, v in one["versions"].items())
    kind = " (virtual)" if machine["virtual"] else ""
    load = f"load {one['load_before']} before and {one['load_after']} after"
    yield f"`{one['command']}`, {one['minutes']} minutes on {one['day']}, {load}."
    where = f"{machine['processor']}{kind}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}"
    yield f"{where}; {versions}."


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "| " + " | ".join(["---"] + ["---:"] * (len(columns) - 1)) + " |"
    for row in rows:
        yield "| " + " | ".join(shown(cell).replace("|", "\\|") for cell in row) + " |"


def placed(text: str, results: str) -> str:
    """The README with other results between its marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{results}\n\n{END}{rest.partition(END)[2]}"


def _with_unit(goal: dict[str, Any], name: str) -> str:
    return "" if goal[name] is None else f"{goal[name]:g} {goal['unit']}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--print", action="store_true", help="to the terminal, not into the README")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    results = markdown(read(asked.results))
    if asked.print:
        print(results)
        return 0
    readme = HERE / "README.md"
    now = readme.read_text(encoding="utf-8")
    text = placed(now, results)
    if asked.check:
        return int(text != now)
    readme.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
