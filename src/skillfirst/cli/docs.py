"""Pages that are written by the code, so that they cannot say something else than it does.

python -m skillfirst.cli.docs docs
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import typer

HEAD = "<!-- Written by `make docs` from the code; change the code, not this page. -->\n\n"

TABLES_INTRO = """# Tables

A directory holds one file a table: `<table>.parquet`, `<table>.csv` or `<table>.jsonl`, or a folder of parts of that
name. In CSV the elements of a list stand between semicolons. A `skillfirst.toml` maps files and columns of other names
(see `skillfirst init`). Ids are texts; leading zeros stay. Only `courses` and `members` are needed.
`skillfirst check DATA` says what is wrong with your tables before a night does.

## Tables that go in
"""

RUN_INTRO = """## Tables that come out

In `STORE/runs/<run id>/`, each a folder of Parquet parts named `<table>.parquet`, beside `manifest.json`, the `model/`
and the members' `documents/`. `skillfirst export` writes the long form that people read. With `store_form = compact`
two of them are kept as codes and read back as these ([operations](operations.md)).
"""

COMMANDS_INTRO = """# Commands

Exit codes: 0 fine, 1 the data or the run failed, 2 wrong usage, 130 interrupted. With `--json` standard output is one
JSON object and nothing else; messages and progress go to standard error. An error is one message; its traceback comes
with `skillfirst --debug COMMAND`. `--set NAME=VALUE` overrides any name of [settings](settings.md).
"""

SETTINGS_INTRO = """# Settings

The later stands over the earlier: defaults, `skillfirst.toml` (of DATA, else of the working directory), the
environment, `--set`. One name, three spellings:

```
[policy.page]            # skillfirst.toml
rows = 10

SKILLFIRST_POLICY__PAGE__ROWS=10

--set policy.page.rows=10
```

## Of the commands

| name | default | meaning |
| --- | --- | --- |"""

EXPERIMENTS = """
## Experiments

In `skillfirst.toml` alone; arms are drawn by a salted hash of the member's id.

```
[experiments.rows]
shares = {few = 0.5, many = 0.5}
salt = "2026-11"
holdout = 0.0

[experiments.rows.arms.few]
page.rows = 5
```

## Of the policy

What they mean stands in `src/skillfirst/kernel/policy.py` and the rooms it names.

| name | default |
| --- | --- |"""


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    return {"tables.md": HEAD + tables(), "commands.md": HEAD + commands(), "settings.md": HEAD + settings()}


def tables() -> str:
    """The tables that go in and come out."""
    from skillfirst.tables.outputs import INFERRED_SKILLS, OUTPUT
    from skillfirst.tables.schemas import INPUT

    lines = [TABLES_INTRO]
    for table in INPUT.values():
        key = f" Rows are distinct by {' and '.join(f'`{name}`' for name in table.key)}." if table.key else ""
        needed = " Needed." if table.needed else ""
        lines += [
            f"### {table.name}",
            "",
            f"{table.meaning}{key}{needed}",
            "",
            "| column | type | meaning |",
            "| --- | --- | --- |",
        ]
        for column in table:
            meaning = column.meaning + (f"; refers to `{column.refers}`" if column.refers else "")
            if column.choices and not any(choice in column.meaning for choice in column.choices):
                meaning += ": " + ", ".join(column.choices)
            required = " (required)" if column.required else ""
            lines.append(f"| `{column.name}`{required} | {column.kind} | {meaning} |")
        lines.append("")
    lines.append(RUN_INTRO)
    for output in OUTPUT.values():
        lines += [f"### {output.name}", "", output.meaning, "", "| column | type |", "| --- | --- |"]
        lines += [f"| `{field.name}` | {_arrow(field.type)} |" for field in output.schema]
        lines.append("")
    lines += ["### what `infer` writes", "", INFERRED_SKILLS.meaning, "", "| column | type |", "| --- | --- |"]
    lines += [f"| `{field.name}` | {_arrow(field.type)} |" for field in INFERRED_SKILLS.schema]
    lines += ["", "### the long form of `export`", "", "| column | type |", "| --- | --- |"]
    from skillfirst.cli.long_form import LONG_FORM

    lines += [f"| `{field.name}` | {_arrow(field.type)} |" for field in LONG_FORM]
    return "\n".join(lines) + "\n"


def _arrow(kind: Any) -> str:
    """An Arrow type in words."""
    text = re.sub(r"dictionary<values=(\w+), indices=\w+, ordered=\d>", r"\1", str(kind))
    return re.sub(r"list<\w+: ([^>]+)>", r"list of \1", text).replace("map<string, string>", "map of text to text")


def commands() -> str:
    """Every command with its arguments, options and example."""
    from skillfirst.cli.main import app

    lines = [COMMANDS_INTRO]
    for name, command in _leaves(typer.main.get_command(app), "skillfirst"):
        lines += [f"## {name}", "", *_paragraphs(command.help or ""), ""]
        rows = [row for param in command.params if (row := _parameter(param))]
        if rows:
            lines += ["| argument | meaning |", "| --- | --- |", *rows, ""]
        if command.epilog:
            example = command.epilog.removeprefix("Example: ")
            lines += ["```", example, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _leaves(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _leaves(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) if part.strip() else "" for part in re.split(r"(\n\s*\n)", text.strip())]


def _parameter(param: Any) -> str:
    if param.name == "help":
        return ""
    is_argument = param.param_type_name == "argument"
    shown = param.metavar or param.name.upper() if is_argument else ", ".join(param.opts)
    if not is_argument and not getattr(param, "is_flag", False):
        shown += f" {param.metavar or _kind(param)}"
    words = (getattr(param, "help", "") or "").rstrip(".")
    default = param.default
    if param.required:
        words += " (required)"
    elif isinstance(default, (int, float, str, Path)) and not isinstance(default, bool) and str(default):
        words += f" (default {default})"
    return f"| `{shown.replace('|', '/')}` | {words} |"


def _kind(param: Any) -> str:
    """What an option without a placeholder of its own takes."""
    annotation = param.type_descriptor.annotation
    choices = get_args(annotation)
    if choices and all(isinstance(choice, str) for choice in choices):
        return "/".join(choices)
    numbers = annotation in (int, float) or any(choice in (int, float) for choice in choices)
    return "N" if numbers else "TEXT"


def settings() -> str:
    """Every setting and every name of the policy with its default."""
    from pydantic import BaseModel

    from skillfirst.kernel.policy import Policy
    from skillfirst.settings import Settings

    lines = [SETTINGS_INTRO]
    for name, field in Settings.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            for part, detail in inner.model_fields.items():
                lines.append(f"| `{name}.{part}` | {_default(detail.default)} | {detail.description} |")
        elif name not in ("policy", "experiments"):
            lines.append(f"| `{name}` | {_default(field.default)} | {field.description} |")
    lines.append(EXPERIMENTS)
    lines += [f"| `policy.{name}` | {_default(value)} |" for name, value in _names(Policy())]
    return "\n".join(lines) + "\n"


def _names(part: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for field in fields(part):
        value = getattr(part, field.name)
        if is_dataclass(value):
            yield from _names(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, value


def _default(value: Any) -> str:
    if value is None or value == "" or value == ():
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def main() -> None:
    """Write the pages into the folder named."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
