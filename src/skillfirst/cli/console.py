"""What a command says and where: its answer on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# called as progress(stage, done, total); total 0 while it is not known
Progress = Callable[[str, int, int], None]


def answer(values: Mapping[str, Any], text: str, as_json: bool) -> None:
    """The one answer of a command: a JSON object for programs, or lines for people."""
    if as_json:
        json.dump(values, sys.stdout, ensure_ascii=False, indent=2, default=str, allow_nan=False)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """A line for whoever watches; never on standard output."""
    print(text, file=sys.stderr, flush=True)


def _silent(_stage: str, _done: int, _total: int) -> None:
    return


def watched() -> bool:
    """Whether a person looks at standard error."""
    return sys.stderr.isatty()


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar for each stage while a person watches, silence otherwise."""
    if not watched():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(), TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    bars.stop_task(task)
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield show


def columns(rows: list[tuple[Any, ...]], indent: str = "  ") -> str:
    """Rows as aligned lines: numbers to the right, texts to the left."""
    if not rows:
        return ""
    texts = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[k]) for row in texts) for k in range(len(texts[0]))]
    right = [all(isinstance(row[k], (int, float)) or row[k] is None for row in rows) for k in range(len(widths))]
    lines = []
    for row in texts:
        cells = [cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
