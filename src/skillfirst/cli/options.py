"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path, typer.Option("--data", metavar="DATA", help="A directory of tables, or a mapping file (skillfirst.toml).")
]
Store = Annotated[Path, typer.Option("--store", metavar="STORE", help="The directory of the offline store.")]
MaybeStore = Annotated[
    Path | None, typer.Option("--store", metavar="STORE", help="The directory of the offline store.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Override a setting, for example policy.page.rows=10."),
]
Var = Annotated[
    list[str] | None,
    typer.Option("--var", metavar="NAME=VALUE", help="Override a variable of the mapping file."),
]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write: .parquet, .csv or .jsonl.")]
RunId = Annotated[str, typer.Option("--run", metavar="ID", help="The run, such as 2026-11-22-001; else the latest.")]
Day = Annotated[
    str | None,
    typer.Option("--day", metavar="YYYY-MM-DD", help="The day the night stands at; today (UTC) by default."),
]
ONLINE = "lmdb:PATH, sqlite:PATH, redis://HOST:PORT/DB or postgresql://USER@HOST/NAME"
OnlineStores = Annotated[
    list[str] | None, typer.Option("--online", metavar="URL", help=f"Online stores, repeatable: {ONLINE}.")
]
