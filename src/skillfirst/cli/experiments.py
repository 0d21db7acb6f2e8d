"""`lift`, `fit-discount`, `replay`: what the log says about treatments, fatigue and policies nobody has seen yet."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from skillfirst.cli.console import answer, columns
from skillfirst.cli.options import Json, MaybeStore
from skillfirst.cli.reading import day_of, pairs
from skillfirst.errors import DataError, NotFound, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from skillfirst.experiments.assignment import Experiment

NEEDED = ("reward", "logged", "target")  # columns of a log of decisions

EventsFile = Annotated[
    Path | None,
    typer.Option("--events", metavar="FILE", help="An events table (.parquet, .csv, .jsonl) instead of a store."),
]


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst lift --experiment fatigue --control none --store stores/academy "
                       "--from 2026-10-01 --to 2026-11-01 --out lift.html")(lift)  # fmt: skip
    app.command(epilog="Example: skillfirst fit-discount --store stores/academy --out discount.svg")(fit_discount)
    app.command(epilog="Example: skillfirst replay --store stores/academy --recommended recommendations.parquet")(
        replay
    )


def lift(
    experiment: Annotated[str, typer.Option("--experiment", metavar="NAME", help="The experiment's name in the arms.")],
    control: Annotated[str, typer.Option("--control", metavar="ARM", help="The arm the others are compared with.")],
    start: Annotated[str, typer.Option("--from", metavar="DAY", help="First day.")],
    end: Annotated[str, typer.Option("--to", metavar="DAY", help="The day after the last.")],
    store: MaybeStore = None,
    events: EventsFile = None,
    share: Annotated[
        list[str] | None, typer.Option("--share", metavar="ARM=SHARE", help="Shares as assigned; equal by default.")
    ] = None,
    primary: Annotated[
        str, typer.Option("--primary", metavar="METRIC", help="The metric to decide by.")
    ] = "engagement_rate",
    history: Annotated[
        float, typer.Option("--history", min=0, help="Days before the start used against noise.")
    ] = 14.0,
    method: Annotated[
        Literal["cuped", "delta", "bootstrap", "tea-tasting"],
        typer.Option("--method", help="How intervals are made; tea-tasting: by that package, as a cross-check."),
    ] = "cuped",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A report, .html or .json.")] = None,
    json: Json = False,
) -> None:
    """Read an experiment from the log: is it sound, what moved, how sure is that.

    Exit code 1 when it cannot be read, for example because members are missing from one arm.
    """
    from json import loads

    from skillfirst.experiments.lift import lift as read
    from skillfirst.experiments.metrics import METRICS
    from skillfirst.experiments.report import to_html, to_json
    from skillfirst.experiments.totals import Period

    if out is not None and out.suffix not in (".html", ".json"):
        raise UsageError(f"{out} tells no format by its ending", next_step="Let it end in .html or .json.")
    if primary not in {m.name for m in METRICS}:
        raise UsageError(
            f"there is no metric {primary!r}", next_step=f"There are {', '.join(m.name for m in METRICS)}."
        )
    period = Period(_midnight(start), _midnight(end), history)
    with tempfile.TemporaryDirectory(prefix="skillfirst-") as spill, events_parquet(store, events) as path:
        design = _design(experiment, share, path, store)
        reading = read(path, design, control, period, primary=primary, method=method, spill=spill)
    if out is not None:
        _write(out, to_html(reading) if out.suffix == ".html" else to_json(reading) + "\n")
    lines = [
        f"{experiment}, {start} to {end}, against {control}: "
        + ", ".join(f"{a} {n:,}" for a, n in reading.members.items())
    ]
    if reading.blocked:
        lines.append(f"no reading: {reading.why}")
    else:
        lines += [reading.verdict(arm) for arm in reading.members if arm != control]
    lines += [f"watch out: {warning}" for warning in reading.warnings()]
    lines += [f"written to {out}"] if out is not None else []
    answer(loads(to_json(reading)), "\n".join(lines), json)
    raise typer.Exit(1 if reading.blocked else 0)


def _midnight(day: str) -> dt.datetime:
    return dt.datetime.combine(day_of(day), dt.time(), dt.UTC)


def _design(name: str, share: list[str] | None, path: Path, store: Path | None) -> Experiment:
    """The experiment with its shares: as given, else as of the store's latest run, else equal among the log's arms."""
    from skillfirst.experiments.assignment import HOLDOUT, Experiment
    from skillfirst.experiments.exposure import exposed_by_events

    given = pairs(share, "--share")
    if given:
        try:
            return Experiment(name, {arm: float(value) for arm, value in given.items()})
        except ValueError as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"--share wants ARM=SHARE with a number, not {share}") from None
    if store is not None and (known := _running(store).get(name)):
        return Experiment(name, known["shares"], known.get("salt", ""), known.get("holdout", 0.0))
    met = exposed_by_events(path, name).members
    arms = [arm for arm in sorted(set(met["arm"].to_pylist())) if arm != HOLDOUT]
    if not arms:
        raise DataError(
            f"no member met an arm of '{name}'", table="events", column="arms",
            next_step="Is the experiment's name spelled as in the events?",
        )  # fmt: skip
    return Experiment(name, dict.fromkeys(arms, 1 / len(arms)))


def _running(store: Path) -> dict[str, Any]:
    """The experiments of the store's latest run."""
    from skillfirst.stores.offline import OfflineStore

    offline = OfflineStore(store)
    return dict(offline.open().manifest.get("experiments", {})) if offline.latest() else {}


def fit_discount(
    store: MaybeStore = None,
    events: EventsFile = None,
    arm: Annotated[
        str | None,
        typer.Option("--arm", metavar="EXPERIMENT=ARM", help="Only what members of this arm saw."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The curve against the data, .svg.")] = None,
    json: Json = False,
) -> None:
    """Fit the fading of courses seen before to the log of impressions; the default stays where the log cannot tell.

    Where arms of an experiment showed different courses, fit to one arm: what a good arm shows again is liked better
    than what a poor one shows once, and a mixed log would take that for a gain by repetition.
    """
    from dataclasses import asdict

    import pyarrow.dataset as ds

    from skillfirst.feedback.curve import curve_svg
    from skillfirst.feedback.discount import Discount
    from skillfirst.feedback.exposed import log_of_events
    from skillfirst.feedback.fit_discount import fit_discount as fit

    if out is not None and out.suffix != ".svg":
        raise UsageError(f"{out} is drawn as .svg")
    with events_parquet(store, events) as path:
        kinds = ds.field("kind").isin(["impression", "click"])
        rows = ds.dataset(path).to_table(filter=kinds)
    rows, mixed = _of_arm(rows, arm)
    log = log_of_events(rows)
    found = fit(log)
    settings = {k: v for k, v in _plain(asdict(found.settings)).items() if v != _plain(asdict(Discount())).get(k)}
    if out is not None:
        curves = [("fitted", found.settings)] if found.accepted else []
        title = () if found.bins else ("The default curve alone: nothing seen before to compare it with",)
        _write(out, curve_svg(found.bins, [*curves, ("default", Discount())], *title))
    values: dict[str, Any] = {
        "accepted": found.accepted, "why": found.why, "impressions": len(log),
        "settings": _plain(asdict(found.settings)),
        "set": [f"policy.discount.{name}={_short(value)}" for name, value in _flat(settings).items()],
        "candidates": {n: {"z": _finite(c.z), "gain": _finite(c.gain), "accepted": c.accepted, "why": c.why}
                       for n, c in found.candidates.items()},
        "bins": [asdict(b) for b in found.bins],
    }  # fmt: skip
    values["mixed"] = mixed
    lines = [f"{len(log):,} impressions: {found.why}"]
    lines += [f"watch out: the log mixes arms of {name}; --arm {name}=ARM fits to one" for name in mixed]
    if found.bins:
        table: list[tuple[Any, ...]] = [("seen before", "impressions", "clicks", "of a first view's rate")]
        table += [
            (f"{b.n:.2f}", f"{b.impressions:,}", f"{b.clicks:,}", f"{b.ratio:.2f} +- {1.96 * b.error:.2f}")
            for b in found.bins
        ]
        lines.append(columns(table))
    lines.append("use it with:" if values["set"] else "the settings stay as they are")
    lines += [f"  --set {text}" for text in values["set"]]
    alone = "" if found.bins else ", the default curve alone: there is nothing to compare it with"
    lines += [f"drawn: {out}{alone}"] if out is not None else []
    answer(values, "\n".join(lines), json)


def _of_arm(rows: pa.Table, arm: str | None) -> tuple[pa.Table, list[str]]:
    """The rows of one arm, and the experiments of which several arms are left."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if "arms" not in rows.column_names:
        return rows, []
    name, wanted = next(iter(pairs([arm], "--arm").items())) if arm else ("", "")
    if arm:
        met = pc.map_lookup(rows["arms"], pa.scalar(name), "first")
        if not pc.any(pc.equal(met, wanted)).as_py():
            raise DataError(f"no event of arm {wanted!r} of {name!r}", table="events", column="arms")
        rows = rows.filter(pc.equal(met, wanted))
    there = rows["arms"].combine_chunks()
    several = pa.table({"name": there.keys, "arm": there.items}).group_by(["name", "arm"]).aggregate([])
    counts = several.group_by("name").aggregate([("arm", "count")])
    return rows, sorted(row["name"] for row in counts.to_pylist() if row["arm_count"] > 1)


def replay(
    log: Annotated[Path | None, typer.Option("--log", metavar="FILE", help="Decisions, one row each.")] = None,
    store: MaybeStore = None,
    events: EventsFile = None,
    recommended: Annotated[
        Path | None,
        typer.Option("--recommended", metavar="FILE", help="What the new policy shows, as export writes it."),
    ] = None,
    clip: Annotated[float, typer.Option("--clip", min=1e-9, help="Largest weight of the clipped estimate.")] = 20.0,
    confidence: Annotated[float, typer.Option("--confidence", min=0.5, max=0.999, help="Of the intervals.")] = 0.95,
    json: Json = False,
) -> None:
    """What a policy would have earned that nobody has seen yet, from a log whose propensities are known.

    Columns of FILE: reward, logged (propensity of what was shown), target (the new policy's probability of the same);
    optional: member, and model_logged with model_target (predicted rewards, for the doubly robust estimate).
    Or from an event log (--events or --store) whose impressions carry propensities, and the lists of the new policy
    (--recommended): the reward is a click within 24 hours. Exit code 1 with the reasons when the log cannot answer.
    """
    from dataclasses import asdict

    from skillfirst.evaluation.off_policy import Refusal, off_policy

    table, told = _decided(log, store, events, recommended)
    for needed in NEEDED:
        if needed not in table.column_names:
            raise DataError(
                "column is missing", table="log", column=needed, next_step="Needed are reward, logged, target."
            )
    given = {
        n: _numbers(table, n)
        for n in ("reward", "logged", "target", "model_logged", "model_target")
        if n in table.column_names
    }
    unit = table["member"].to_numpy() if "member" in table.column_names else None
    found = off_policy(**given, unit=unit, clip=clip, confidence=confidence)
    if isinstance(found, Refusal):
        text = "the log cannot answer:\n" + "\n".join(f"  {reason}" for reason in found.reasons)
        values = {"refused": True, "reasons": list(found.reasons), "support": asdict(found.support)}
        answer(values, "\n".join([*told, text]), json)
        raise typer.Exit(1)
    rows: list[tuple[Any, ...]] = []
    for name in ("ips", "self_normalised", "clipped", "doubly_robust"):
        estimate = getattr(found, name)
        if estimate is not None:
            rows.append((name.replace("_", " "), f"{estimate.value:.6g}", f"{estimate.low:.6g} to {estimate.high:.6g}"))
    support = found.support
    text = f"{support.rows:,} rows, worth {support.effective:,.0f} under the new policy\n" + columns(rows)
    answer({"refused": False, **asdict(found)}, "\n".join([*told, text]), json)


def _decided(
    log: Path | None, store: Path | None, events: Path | None, recommended: Path | None
) -> tuple[pa.Table, list[str]]:
    """Decisions, and what is to be said about how they were found."""
    from skillfirst.evaluation.off_policy_log import decisions

    if (log is None) == (recommended is None):
        raise UsageError(
            "name either --log, or --recommended with --events or --store",
            next_step="`skillfirst export` writes what a run recommends.",
        )
    if log is not None:
        return _any_table(log), []
    assert recommended is not None
    with tempfile.TemporaryDirectory(prefix="skillfirst-") as spill, events_parquet(store, events) as path:
        found = decisions(path, _any_table(recommended), spill=spill)
    same = sum(found.rows["target"].to_pylist())
    return found.rows, [
        f"{found.rows.num_rows:,} showings in places the new policy fills, the same course in {same:,.0f}; left out: "
        f"{found.without_propensity:,} without a propensity, {found.unfilled:,} in places it leaves empty"
    ]


@contextmanager
def events_parquet(store: Path | None, events: Path | None) -> Iterator[Path]:
    """The events of a store's log, or of a file, as one Parquet file. Raises UsageError unless exactly one is named."""
    import pyarrow.parquet as pq

    from skillfirst.stores.event_log import EventLog
    from skillfirst.tables.schemas import EVENTS

    if (store is None) == (events is None):
        raise UsageError("name either --store or --events")
    if events is not None and events.suffix == ".parquet":
        _any_table(events, only_look=True)
        yield events
        return
    with tempfile.TemporaryDirectory(prefix="skillfirst-") as folder:
        path = Path(folder) / "events.parquet"
        if events is not None:
            pq.write_table(_as_events(_any_table(events)), path)
        elif store is not None:
            if not (store / "events").exists():
                raise NotFound(
                    f"{store} holds no event log yet", next_step="It begins with the first event the service takes."
                )
            with EventLog.open(store / "events") as log, pq.ParquetWriter(path, EVENTS.schema) as out:
                for batch in log.read():
                    out.write_batch(batch)
        yield path


def _as_events(table: pa.Table) -> pa.Table:
    """Columns of an events file with their types; arms of a text file are JSON."""
    from json import loads

    import pyarrow as pa

    from skillfirst.tables.schemas import EVENTS

    out = {}
    for column in EVENTS:
        if column.name not in table.column_names:
            continue
        values = table[column.name]
        try:
            if column.name == "arms" and not pa.types.is_map(values.type):
                texts = [loads(v) if isinstance(v, str) and v else v for v in values.to_pylist()]
                out[column.name] = pa.array([list(v.items()) if v else None for v in texts], column.type)
            else:
                out[column.name] = values.cast(column.type)
        except (pa.ArrowException, ValueError, AttributeError) as error:
            raise DataError(str(error).split("\n")[0][:200], table="events", column=column.name) from None
    return pa.table(out)


def _any_table(path: Path, only_look: bool = False) -> pa.Table:
    """A file by its ending. Raises DataError when it cannot be read."""
    import pyarrow as pa
    import pyarrow.csv as pacsv
    import pyarrow.json as pajson
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DataError(f"there is no file {path}")
    try:
        if path.suffix == ".parquet":
            return pa.table({}) if only_look and pq.read_schema(path) is not None else pq.read_table(path)
        if path.suffix == ".csv":
            return pacsv.read_csv(path)
        if path.suffix == ".jsonl":
            return pajson.read_json(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0][:200]}") from None
    raise UsageError(f"{path} tells no format by its ending", next_step="Let it end in .parquet, .csv or .jsonl.")


def _numbers(table: pa.Table, name: str) -> Any:
    import pyarrow as pa

    try:
        return table[name].cast(pa.float64()).to_numpy()
    except pa.ArrowException:
        raise DataError("not numbers", table="log", column=name) from None


def _write(path: Path, text: str) -> None:
    from skillfirst.cli.files import whole_file

    with whole_file(path) as place:
        place.write_text(text, encoding="utf-8")


def _short(value: Any) -> Any:
    """A number as people type it: six digits are more than any log supports."""
    if isinstance(value, list):
        return ",".join(str(_short(v)) for v in value)
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _finite(value: float) -> float | None:
    return value if value == value and abs(value) != float("inf") else None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values as JSON knows them."""
    return {k: _plain(v) if isinstance(v, dict) else list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            out.update(_flat(value, f"{prefix}{name}."))
        else:
            out[prefix + name] = value
    return out
