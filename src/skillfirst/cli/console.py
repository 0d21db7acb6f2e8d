"""What a command says and where: its answer on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# called as progress(stage, done, total); total 0 while it is not known
Progress = Callable[[str, int, int], None]
#: between two lines of one stage in a log
LINE_SECONDS = 60.0


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


def watched() -> bool:
    """Whether a person looks at standard error."""
    return sys.stderr.isatty()


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar for each stage while a person watches; for a log, lines that say when a stage begins and ends."""
    if not watched():
        lines = _Lines()
        yield lines.show
        lines.end()
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


class _Lines:
    """Stages as lines, a minute apart where one lasts: a night that says nothing looks like one that hangs."""

    def __init__(self) -> None:
        self._stage: str | None = None
        self._began = self._said = 0.0

    def show(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self.end()
            self._stage, self._began, self._said = stage, now, now
            note(f"skillfirst: {stage} begun")
        elif now - self._said >= LINE_SECONDS:
            self._said = now
            note(f"skillfirst: {stage}, {done:,} of {total:,}" if total else f"skillfirst: {stage}, {done:,}")

    def end(self) -> None:
        if self._stage is not None:
            note(f"skillfirst: {self._stage} done in {time.monotonic() - self._began:.1f} s")


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
