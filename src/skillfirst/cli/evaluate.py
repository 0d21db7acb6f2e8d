"""`evaluate`: how right the skills are, measured on one's own labels and members beside baselines."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillfirst.cli.console import answer, columns, note
from skillfirst.cli.options import Data, Day, Json, Set, Var
from skillfirst.cli.reading import (
    checked_files,
    day_of,
    lasting_messages,
    pairs,
    policy_of,
    settings_for,
    tagging_of,
)  # fmt: skip
from skillfirst.errors import ExtraMissing

if TYPE_CHECKING:
    import pyarrow as pa

    from skillfirst.kernel.catalogue import Catalogue
    from skillfirst.skills.inference.settings import Inference

family = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure the skills on labels of your own.")

Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="DIR", help="Write the numbers, a reliability diagram and a learning curve here."),
]
Skills = Annotated[Path | None, typer.Option("--skills", metavar="FILE", help="The skills there are.")]


def add_to(app: typer.Typer) -> None:
    app.add_typer(family, name="evaluate")


@family.command(epilog="Example: skillfirst evaluate tagging --courses tagged.csv --report report")
def tagging(
    courses: Annotated[
        Path, typer.Option("--courses", metavar="FILE", help="A courses table with `skills`, or DATA that has one.")
    ],
    skills: Skills = None,
    report: Report = None,
    curve: Annotated[
        bool, typer.Option("--learning-curve", help="Also with fewer labelled courses; --report always does.")
    ] = False,
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
    curve = curve or report is not None
    found = evaluate_tagging(table, taxonomy, tagging_of(settings), learning_curve=curve, folder=report, draws=draws)
    published = found["publish"]
    lines = [
        f"{found['train_courses']:,} courses to learn from, {found['test_courses']:,} to be measured on, "
        f"{found['skills']:,} skills; {found['test_tags_unseen']:.0%} of the tags to find were never seen in training",
        f"chosen: {found['chosen']} ({found['why']})",
        methods_in_words(found["methods"]),
    ]
    if published["precision"] is not None:
        lines.append(f"tags fit for an explanation: {published['tags']:,}, {published['precision']:.0%} of them right")
    _told(found, lines, report, "tagging", json)


@family.command(epilog="Example: skillfirst evaluate inference --data my-academy")
def inference(
    data: Data, report: Report = None, day: Day = None, set_: Set = None, var: Var = None, json: Json = False
) -> None:
    """Member to skill: skills of a fifth of the members are hidden and found again, beside simple methods."""
    from skillfirst.evaluation.inference import evaluate_inference

    documents, catalogue, rules = _members(data, day, set_, var)
    titles = catalogue.taxonomy.title_skills
    found = evaluate_inference(documents, titles, catalogue.course_skills, rules, folder=report)
    lines = []
    for task, part in found.items():
        if task != "plots":
            lines.append(f"{task}, {part['members']:,} members (calibration error {part['ECE']:.3f})")
            lines.append(methods_in_words(part["methods"]))
    _told(found, lines, report, "inference", json)


@family.command(epilog="Example: skillfirst evaluate interest --data my-academy")
def interest(
    data: Data, report: Report = None, day: Day = None, set_: Set = None, var: Var = None, json: Json = False
) -> None:
    """Member to wish: what a fifth of the members want to learn is predicted from the others, beside simple methods."""
    from skillfirst.evaluation.interest import evaluate_interest

    documents, catalogue, rules = _members(data, day, set_, var)
    titles = catalogue.taxonomy.title_skills
    found = evaluate_interest(documents, titles, catalogue.course_skills, rules, folder=report)
    lines = [f"{found['members']:,} members (calibration error {found['ECE']:.3f})", methods_in_words(found["methods"])]
    _told(found, lines, report, "interest", json)


@family.command(epilog="Example: skillfirst evaluate questionnaire --data my-academy")
def questionnaire(
    data: Data, report: Report = None, day: Day = None, set_: Set = None, var: Var = None, json: Json = False
) -> None:
    """How much a few picks of a new member tell, against none and against the full profile."""
    from skillfirst.evaluation.questionnaire import evaluate_questionnaire

    documents, catalogue, rules = _members(data, day, set_, var)
    taxonomy = catalogue.taxonomy
    found = evaluate_questionnaire(
        documents, taxonomy.title_skills, catalogue.course_skills, taxonomy.parents, rules, folder=report
    )
    lines = [f"{found['members']:,} members; nDCG@10 of the skills they hold and want"]
    for what in ("held", "wanted"):
        rows: list[tuple[Any, ...]] = [(name, _value(value)) for name, value in found[what].items()]
        lines += [what, columns(rows)] if rows else []
    _told(found, lines, report, "questionnaire", json)


@family.command(epilog="Example: skillfirst evaluate titles --titles titles.csv")
def titles(
    titles: Annotated[
        Path | None,
        typer.Option("--titles", metavar="FILE", help="A titles table with aliases; else the built-in one."),
    ] = None,
    report: Report = None,
    json: Json = False,
) -> None:
    """Titles as people write them: a fifth of all aliases is held out and matched to the titles."""
    from skillfirst.evaluation.titles import evaluate_titles
    from skillfirst.skills.taxonomy import Taxonomy

    if titles is None:
        taxonomy = Taxonomy.builtin()
    else:
        with checked_files(titles=titles) as checked:
            taxonomy = Taxonomy.from_tables(dict(checked.tables))
    found = evaluate_titles(taxonomy.title_names, taxonomy.title_aliases, folder=report)
    lines = [f"{found['aliases']:,} aliases of {found['titles']:,} titles", methods_in_words(found["methods"])]
    _told(found, lines, report, "titles", json)


def _members(
    data: Path, day: str | None, set_: list[str] | None, var: list[str] | None
) -> tuple[pa.RecordBatch, Catalogue, Inference]:
    """All members as one batch of documents, as the night of a day sees them, and what they are measured with."""
    import datetime as dt

    import pyarrow as pa

    from skillfirst.ingest.checks import read
    from skillfirst.ingest.documents import gather, read_part
    from skillfirst.kernel.catalogue import build_catalogue
    from skillfirst.kernel.tag import tag
    from skillfirst.pipeline import industries, read_taxonomy, resolvers

    settings = settings_for(data, set_)
    policy = policy_of(settings)
    end = dt.datetime.combine(day_of(day) + dt.timedelta(days=1), dt.time(), dt.UTC)
    with lasting_messages(), tempfile.TemporaryDirectory(prefix="skillfirst-") as folder:
        work = Path(folder)
        checked = read(
            data, work, variables=pairs(var, "--var"), memory=settings.memory, max_bad_share=settings.max_bad_share
        )
        courses = checked.tables["courses"]
        taxonomy = read_taxonomy(checked.tables)
        tags = tag(courses, taxonomy, settings=tagging_of(settings))
        catalogue = build_catalogue(courses, taxonomy, tags.course_skills, industries(checked), policy.language)
        gathered = gather(checked, resolvers(taxonomy), catalogue.courses, now=end, out_dir=work / "documents")
        documents = pa.concat_batches([read_part(path) for path in gathered.parts])
    return documents, catalogue, policy.inference


def _told(found: dict[str, Any], lines: list[str], folder: Path | None, kind: str, json: bool) -> None:
    """The answer on the screen, and in the report folder as JSON beside the plots."""
    import json as text

    from skillfirst.cli.files import whole_file

    if folder is not None:
        numbers = folder / f"{kind}.json"
        with whole_file(numbers) as place:
            place.write_text(text.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
        lines += [f"written: {path}" for path in (numbers, *found["plots"])]
    answer(found, "\n".join(lines), json)
    if folder is not None and not found["plots"]:
        note(f"no plots: {ExtraMissing('drawing', 'plots')}")


def methods_in_words(methods: dict[str, dict[str, Any]]) -> str:
    """Methods below one another, metrics beside one another."""
    names = list(dict.fromkeys(name for metrics in methods.values() for name in metrics))
    rows: list[tuple[Any, ...]] = [("", *names)]
    rows += [(method, *(_value(metrics.get(name)) for name in names)) for method, metrics in methods.items()]
    return columns(rows)


def _value(value: Any) -> str:
    if isinstance(value, dict) and "mean" in value:
        value = [value["mean"], value["low"], value["high"]]
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
