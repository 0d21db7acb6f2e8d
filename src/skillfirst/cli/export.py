"""`export`: recommendations in the long readable form, one row a shown course."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from skillfirst.cli.console import answer, progress
from skillfirst.cli.options import Json, Out, RunId, Store
from skillfirst.cli.reading import open_run

if TYPE_CHECKING:
    import pyarrow as pa

    from skillfirst.cli.console import Progress
    from skillfirst.stores.offline import Run


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst export --store stores/academy --out recommendations.csv")(export)


def export(
    store: Store,
    out: Out,
    run: RunId = "latest",
    channel: Annotated[str | None, typer.Option("--channel", help="Only home or only feed.")] = None,
    json: Json = False,
) -> None:
    """Write every recommendation with its text, its matched skills and what each of them contributed."""
    from skillfirst.cli.files import check_ending, write_rows
    from skillfirst.cli.long_form import LONG_FORM
    from skillfirst.errors import UsageError

    check_ending(out)
    if channel not in (None, "home", "feed"):
        raise UsageError(f"there is no channel {channel!r}", next_step="There are home and feed.")
    chosen = open_run(store, run)
    with progress() as show:
        rows = write_rows(out, LONG_FORM, _rows(chosen, channel, show))
    answer(
        {"run_id": chosen.run_id, "out": str(out), "rows": rows},
        f"{rows:,} rows of {chosen.run_id} written to {out}",
        json,
    )


def _rows(run: Run, channel: str | None, show: Progress) -> Iterator[pa.RecordBatch]:
    from skillfirst.cli.long_form import LongForm
    from skillfirst.ingest.documents import read_part
    from skillfirst.kernel.model import load_model
    from skillfirst.stores.document_parts import document_parts

    form = LongForm(load_model(run.path / "model"))
    total, done = int(run.manifest["counts"].get("members", 0)), 0
    for path in document_parts(run.path):
        documents = read_part(path)
        for at in range(0, documents.num_rows, form.members_at_once):
            members = documents.slice(at, form.members_at_once)
            yield form.rows(members, channel)
            done += members.num_rows
            show("export", done, total)
