"""From options to what the rooms below take: days, settings, policies, tables of one file, documents of one member."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillfirst.errors import DataError, NotFound, UsageError

MAPPING = "skillfirst.toml"
_PASSING = re.compile(r"\S*/rejects/[\w.]+\.jsonl")

if TYPE_CHECKING:
    import pyarrow as pa

    from skillfirst.experiments.assignment import Experiment
    from skillfirst.ingest.checked import Checked
    from skillfirst.kernel.policy import Policy
    from skillfirst.kernel.tag import TagSettings
    from skillfirst.settings import Settings
    from skillfirst.stores.offline import Run


def day_of(text: str | None) -> dt.date:
    """A day as written, today (UTC) without one. Raises UsageError."""
    if text is None:
        return dt.datetime.now(dt.UTC).date()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"a day is written like 2026-11-22, not {text!r}") from None


def pairs(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """`NAME=VALUE` options as a dict. Raises UsageError."""
    out = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} wants NAME=VALUE, not {text!r}")
        out[name] = value
    return out


def settings_for(place: Path | None, overrides: Sequence[str] | None) -> Settings:
    """Settings for a command on DATA, or on the working directory's skillfirst.toml where it has none."""
    from skillfirst.settings import read_settings

    return read_settings(place if place is not None else Path(), overrides or ())


def policy_of(settings: Settings) -> Policy:
    """The Policy these settings ask for. Raises UsageError for a name or value it does not know."""
    from skillfirst.kernel.policy import Policy

    return Policy().with_settings(settings.policy)


def experiments_of(settings: Settings) -> tuple[list[Experiment], dict[str, dict[str, dict[str, Any]]]]:
    """The experiments that run, and by experiment and arm what is changed. Raises UsageError for bad shares."""
    from skillfirst.experiments.assignment import Experiment

    running = [Experiment(name, t.shares, t.salt, t.holdout) for name, t in settings.experiments.items()]
    for experiment in running:
        strange = sorted(set(settings.experiments[experiment.name].arms) - set(experiment.arms))
        if strange:
            raise UsageError(f"experiment {experiment.name} has no arm {strange[0]!r} among its shares")
    return running, {name: dict(t.arms) for name, t in settings.experiments.items()}


def tagging_of(settings: Settings) -> TagSettings:
    """The settings of the taggers."""
    from skillfirst.kernel.tag import TagSettings

    return TagSettings(**settings.tagging.model_dump())


def open_run(store: Path, run_id: str = "latest") -> Run:
    """A run of a store. Raises NotFound with the next step."""
    from skillfirst.stores.offline import OfflineStore

    if not (store / "runs").is_dir():
        raise NotFound(
            f"there is no store at {store}", next_step=f"Make one: skillfirst run --data DATA --store {store}"
        )
    return OfflineStore(store).open(run_id)


def without_passing_folders(text: str) -> str:
    """A message in which rejects stand in a folder that is gone when it is read."""
    return _PASSING.sub("what `skillfirst check DATA --rejects FOLDER` keeps", text)


@contextmanager
def lasting_messages() -> Iterator[None]:
    """An error about rejected rows says how to see them, not where they were."""
    try:
        yield
    except DataError as error:
        if error.next_step is not None:
            error.next_step = without_passing_folders(error.next_step)
        error.message = without_passing_folders(error.message)
        raise


@contextmanager
def checked_files(memory: str = "1GB", **files: Path | None) -> Iterator[Checked]:
    """The one check on single tables (courses=..., skills=...), whatever else lies beside them.

    Each is a file with our names of columns, or a directory or mapping file that has that table. Raises DataError when
    one of them cannot be used.
    """
    import tempfile
    from dataclasses import replace

    from skillfirst.ingest.checks import check
    from skillfirst.ingest.mapping import MappingFile
    from skillfirst.ingest.sources import Sources, table_sources

    given = {table: path for table, path in files.items() if path is not None}
    sources = Sources({table: table_sources(table, path) for table, path in given.items()}, MappingFile())
    with tempfile.TemporaryDirectory(prefix="skillfirst-") as folder:
        checked = check(sources, Path(folder) / "work", memory=memory, needed=())
        checked.findings = [
            replace(f, next_step=f"{f.next_step} That file can be given here in place of the table")
            if f.next_step and MAPPING in f.next_step
            else f
            for f in checked.findings
        ]
        checked.raise_fatal()
        yield checked


def find_document(run: Run, member_id: str) -> pa.RecordBatch:
    """A member's document in a run, as a batch of one. Raises NotFound."""
    from skillfirst.stores.document_parts import document_parts
    from skillfirst.stores.table_parts import rows_in_parts

    found = rows_in_parts(document_parts(run.path), member_id)
    if found is None:
        raise NotFound(
            f"there is no member '{member_id}' in run {run.run_id}", next_step="Ids are written as in the tables."
        )
    return found.combine_chunks().to_batches()[0]


def findings_of(checked: Checked) -> list[dict[str, Any]]:
    """What a check found, JSON-ready."""
    return [
        {
            "weight": str(f.weight), "table": f.table, "column": f.column, "message": without_passing_folders(str(f)),
            "count": f.count, "first": f.first, "next_step": without_passing_folders(f.next_step or "") or None,
        }
        for f in checked.findings
    ]  # fmt: skip
