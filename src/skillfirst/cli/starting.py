"""`init`: a folder to start from, small enough to read."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from skillfirst.cli.console import answer
from skillfirst.cli.options import Json
from skillfirst.errors import UsageError


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst init my-academy && skillfirst check my-academy")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite files of the same names.")] = False,
    json: Json = False,
) -> None:
    """Make a folder with a commented skillfirst.toml and tiny sample tables, to be replaced by your own."""
    from skillfirst.cli.files import whole_file

    sample = files("skillfirst.cli").joinpath("sample")
    names = sorted(entry.name for entry in sample.iterdir() if entry.name.endswith((".csv", ".toml")))
    there = [name for name in names if (folder / name).exists()]
    if there and not force:
        raise UsageError(f"{folder / there[0]} exists already", next_step="Choose another folder, or use --force.")
    for name in names:
        with whole_file(folder / name) as place:
            place.write_text(sample.joinpath(name).read_text(encoding="utf-8"), encoding="utf-8")
    text = "\n".join(
        [
            f"{folder} holds {', '.join(names)}",
            "next:",
            f"  skillfirst check {folder}",
            f"  skillfirst run --data {folder} --store {folder}/store",
            f"  skillfirst publish --store {folder}/store --to lmdb:{folder}/store/online",
            f"  skillfirst serve --store {folder}/store --online lmdb:{folder}/store/online",
        ]
    )
    answer({"folder": str(folder), "files": names}, text, json)
