"""`check` and `import`: tables at the door."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillfirst.cli.console import answer
from skillfirst.cli.options import Json, Set, Var
from skillfirst.cli.reading import (
    experiments_of,
    findings_of,
    pairs,
    policy_of,
    settings_for,
    tagging_of,
    without_passing_folders,
)  # fmt: skip

if TYPE_CHECKING:
    from skillfirst.ingest.checked import Checked


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst check my-academy")(check)


def check(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A directory of tables, or a mapping file.")],
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Keep the rows and values left out in this folder.")
    ] = None,
    set_: Set = None,
    var: Var = None,
    json: Json = False,
) -> None:
    """Say whether tables and settings can be used, and what is wrong: the same check as the first step of `run`."""
    from skillfirst.ingest.checks import check as check_tables
    from skillfirst.kernel.arms import check_arms

    settings = settings_for(data, set_)
    _, arms = experiments_of(settings)
    check_arms(arms, policy_of(settings))
    tagging_of(settings)
    with tempfile.TemporaryDirectory(prefix="skillfirst-") as folder:
        checked = check_tables(
            data, Path(folder), variables=pairs(var, "--var"), memory=settings.memory,
            max_bad_share=settings.max_bad_share,
        )  # fmt: skip
        if rejects is not None:
            _keep(checked, rejects)
    values: dict[str, Any] = {
        "usable": not checked.fatal,
        "counts": checked.counts,
        "rejected": checked.rejected,
        "emptied": checked.emptied,
        "passed_over": checked.passed_over,
        "findings": findings_of(checked),
    }
    text = _in_words(checked)
    if checked.rejects:
        what = "rows left out" if checked.rejected else "values left out"
        text += f"\n{what}: {rejects}" if rejects else f"\n{what}: see them with --rejects FOLDER"
    answer(values, text, json)
    raise typer.Exit(1 if checked.fatal else 0)


def _keep(checked: Checked, folder: Path) -> None:
    from skillfirst.cli.files import whole_file

    for path in checked.rejects.values():
        if path.exists():
            with whole_file(folder / path.name) as place:
                place.write_bytes(path.read_bytes())


def _in_words(checked: Checked) -> str:
    from skillfirst.ingest.checks import FEW_ROWS, MAX_BAD_SHARE

    lines = []
    for table, rows in checked.counts.items():
        bad, empty = checked.rejected.get(table, 0), checked.emptied.get(table, 0)
        line = f"{table}: {rows:,} rows" + (f", {bad:,} left out" if bad else "")
        if table in checked.passed_over:
            line += (
                f" (more than {MAX_BAD_SHARE:.0%}, but up to {FEW_ROWS} rows, and no more than half, stop nothing "
                "unless [checks] max_bad_share is set)"
            )
        lines.append(line + (f", {empty:,} value{'s' if empty != 1 else ''} left out" if empty else ""))
    lines += [f"{finding.weight}: {without_passing_folders(str(finding))}" for finding in checked.findings]
    lines.append("the tables cannot be used" if checked.fatal else "the tables can be used")
    return "\n".join(lines)
