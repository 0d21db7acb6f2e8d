"""Pages that are written by the code, so that they cannot say something else than it does.

python -m skillfirst.cli.docs docs
"""

from __future__ import annotations

import inspect
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
([below](#your-own-files)). Ids are texts; leading zeros stay. Only `courses` and `members` are needed.
`skillfirst check DATA` says what is wrong with your tables before a night does.

## Tables that go in
"""

MAPPING_INTRO = """## Your own files

`skillfirst.toml` in the directory of tables, or given as DATA, says which file and which column stands for which of
ours; nobody has to rewrite an export. `skillfirst init DIR` makes one with examples. A section a table,
`[sources.courses]`; `[[sources.courses]]` where a table has several sources.

```
[sources.courses]
path = "exports/Kursliste.csv"
columns = {course_id = "Kurs-Nr.", title = "Kurstitel", created_on = "Erstellt am", skills = "Schlagworte"}
separator = "|"
encoding = "cp1252"
date_format = "%d.%m.%Y"
constants = {language = "de"}

[sources.members]
path = "exports/Mitglieder.csv"
columns = {member_id = "Personalnr", title = "Stelle", joined_on = "Eintritt"}
date_format = "%d.%m.%Y"
constants = {languages = "de"}

[[sources.member_skills]]
path = "exports/Mitglieder.csv"
columns = {member_id = "Personalnr", skill = "Kenntnisse"}
separator = "|"
explode = "skill"
```

| key | example | meaning |
| --- | --- | --- |"""

CHECKS = """
`[variables]` gives names to texts, `{{name}}` in a `path` or `query`; `--var NAME=VALUE` overrides one.

### What is left out

A row without a required value, with an id that stands there already, or about a member or course that is not there is
left out. A value of an optional column that cannot be read is left empty and its row stays. Both are said with table,
column, count and the first of them, and are written to the rejects: `skillfirst check DATA --rejects FOLDER`, or the
run's `rejects/`; a line each with column, reason, row, `left_out` (row or value) and the row's values. The `source` of
`member_skills` and the `weight` of `title_skills` are no such values: without them a refusal would be a skill, and a
doubt a certainty.

A table is refused when more than `[checks] max_bad_share` of its rows are left out: {share:.0%} when nothing is said,
or one share a table, as in `max_bad_share = {{events = 0.2}}`. While nothing is said, up to {few} bad rows, and no more
than half of the table, are passed over whatever their share; `check` says so. Rows that refer to rows left out of
another table, and values left empty, do not count.
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

How recommendations are made: in `[policy]` of `skillfirst.toml`, and an experiment's arm may change each of them.
`policy.language` is the platform's language: members who state none are taken to understand it, and so is everybody
whose own languages have fewer than `policy.fill` courses. Where hardly any course is in it, the catalogue's main
languages take its place, and `run` says so. Where a whole academy learns in German, write
`language = "de"` under `[policy]` (`--set policy.language=de`), and for tables without a column of languages
`constants = {language = "de"}` under `[sources.courses]` and `constants = {languages = "de"}` under `[sources.members]`
([tables](tables.md#your-own-files)).
"""

# of the groups without a word beside each name, and of the policy's own names
MEANINGS = {
    "population": "whom M counts: `all` members or those `with_skills`",
    "floor": "a skill counts from so many holders on; `auto`: a ten-thousandth of the members, 5 to 100",
    "rare_inferred": "an inferred skill under the floor: taken as at the floor, or `drop`",
    "rare_explicit": "a skill a member lists, under the floor: as published `drop`, or taken as at the `floor`",
    "held": "weight of what a member holds", "wanted": "weight of what a member wants to learn",
    "normalise": "length of course vectors: as published `none`, or `pivoted`",
    "pivot": "slope of `pivoted`", "response": "what the log says of how people respond: `learned`, or `none`",
    "list_length": "courses of a list, at most", "fill": "a shorter list is filled with popular courses",
    "fallback": "whether it is filled: `on` or `none`",
    "diversify": "buckets take turns (`round_robin`), or `none`: by score alone",
    "collapse": "versions of one course stand for one: `auto` (also by title), `series`, `none`",
    "language": "the platform's language, BCP 47",
    "fatigue": "courses seen and passed by fade (`discount`), or `none`",
    "page.row_length": "courses of a carousel", "page.row_least": "a carousel with fewer is dropped",
    "page.rows": "carousels of a page, at most", "page.rows_least": "carousels a page has before it stops falling back",
    "page.watched": "carousels of what was watched, at most", "page.wanted": "of wishes", "page.skill": "of skills",
    "page.predicted": "of predicted wishes", "page.inferred": "of inferred skills",
    "page.new_days": "a course is new for so many days",
    "watching.seconds": "a look of so many seconds is a watch", "watching.share": "or of this share of the course",
    "watching.mostly": "share of a course from which on it is mostly watched",
    "watching.mostly_seconds": "the same in seconds, for a course without a length",
    "trending.prior": "strength of the belief that nothing changed, in learners",
    "trending.quantile": "quantile of the growth that must exceed `least_ratio`",
    "trending.least_ratio": "growth over the weeks before", "trending.least_learners": "learners in the last week",
    "trending.least_cohort": "active members of the cohort", "trending.weeks": "weeks before that are compared with",
    "trending.keep": "courses kept a cohort",
    "inference.title": "whether skills are inferred from the title", "inference.activity": "from activity",
    "inference.connections": "from connections",
    "inference.co_occurrence": "from skills that go together",
}  # fmt: skip


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
    lines += _mapping()
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


def _mapping() -> list[str]:
    """How a mapping file is written: its keys, and what the check leaves out."""
    from skillfirst.ingest.checks import FEW_ROWS, MAX_BAD_SHARE
    from skillfirst.ingest.mapping import KEYS

    examples = {name: key.example.replace("|", "\\|") for name, key in KEYS.items()}
    rows = [f"| `{name}` | `{name} = {examples[name]}` | {key.meaning} |" for name, key in KEYS.items()]
    return [MAPPING_INTRO, *rows, CHECKS.format(share=MAX_BAD_SHARE, few=FEW_ROWS)]


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
    lines += _policy(Policy(), "")
    return "\n".join(lines) + "\n"


def _policy(part: Any, prefix: str) -> Iterator[str]:
    """A group of the policy as a table, then the groups inside it."""
    said = said_of(part.__class__)
    yield from (["| name | default | meaning |", "| --- | --- | --- |"])
    inner = []
    for field in fields(part):
        value, name = getattr(part, field.name), prefix + field.name
        if is_dataclass(value):
            inner.append((name, value))
        else:
            yield f"| `policy.{name}` | {_default(value)} | {MEANINGS.get(name) or said.get(field.name, '')} |"
    for name, value in inner:
        module = value.__class__.__module__.replace(".", "/")
        words = _paragraphs(inspect.getdoc(value.__class__) or "")[0]
        yield from ("", f"### policy.{name}", "", f"{words} (`src/{module}.py`)", "")
        yield from _policy(value, f"{name}.")


def said_of(part: type) -> dict[str, str]:
    """What stands beside the names of a group of settings: the comment of the line, else the entry of the docstring."""
    out: dict[str, str] = {}
    for words in re.split(r"\n\s*\n", inspect.getdoc(part) or ""):
        for names, meaning in re.findall(
            r"((?:`\w+`(?:, )?)+): (.+?)(?= `\w+`(?:, `\w+`)*: |$)", " ".join(words.split())
        ):
            out |= dict.fromkeys(re.findall(r"\w+", names), meaning.rstrip("."))
    for name, comment in re.findall(r"^    (\w+): [^#\n]+  # (.+)$", inspect.getsource(part), re.M):
        out[name] = comment
    return {name: meaning.replace("|", "\\|") for name, meaning in out.items()}


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
