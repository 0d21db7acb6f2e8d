"""`evaluate`: how right the skills are, measured on one's own labels beside baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from skillfirst.cli.console import answer, columns
from skillfirst.cli.options import Json, Set
from skillfirst.cli.reading import checked_files, settings_for, tagging_of

family = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure the skills on labels of your own.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(family, name="evaluate")


@family.command(epilog="Example: skillfirst evaluate tagging --courses tagged.csv --report report")
def tagging(
    courses: Annotated[Path, typer.Option("--courses", metavar="FILE", help="A courses table with `skills`.")],
    skills: Annotated[Path | None, typer.Option("--skills", metavar="FILE", help="The skills there are.")] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="DIR", help="Draw plots into this folder.")] = None,
    curve: Annotated[bool, typer.Option("--learning-curve", help="Also with fewer labelled courses.")] = False,
    draws: Annotated[int, typer.Option("--draws", min=20, help="Bootstrap draws behind the intervals.")] = 500,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Course to skill: trained on a part of the labelled courses, measured on the rest, beside simple methods."""
    from skillfirst.cli.vocabulary import taxonomy_for
    from skillfirst.evaluation.tagging import evaluate_tagging

    settings = settings_for(None, set_)
    with checked_files(settings.memory, courses=courses, skills=skills) as checked:
        table, own = checked.tables["courses"], checked.tables.get("skills")
    taxonomy = taxonomy_for(own, table)
    found = evaluate_tagging(table, taxonomy, tagging_of(settings), learning_curve=curve, folder=report, draws=draws)
    answer(found, _in_words(found), json)


def _in_words(found: dict[str, Any]) -> str:
    lines = [
        f"{found['train_courses']:,} courses to learn from, {found['test_courses']:,} to be measured on, "
        f"{found['skills']:,} skills; {found['test_tags_unseen']:.0%} of the tags to find were never seen in training",
        f"chosen: {found['chosen']} ({found['why']})",
    ]
    names = list(dict.fromkeys(name for metrics in found["methods"].values() for name in metrics))
    rows: list[tuple[Any, ...]] = [("", *names)]
    rows += [(method, *(_value(metrics.get(name)) for name in names)) for method, metrics in found["methods"].items()]
    lines.append(columns(rows))
    published = found["publish"]
    if published["precision"] is not None:
        lines.append(f"tags fit for an explanation: {published['tags']:,}, {published['precision']:.0%} of them right")
    lines += [f"drawn: {path}" for path in found.get("plots", ())]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"
    return f"{value:.3f}"
