"""Where the member documents of a run lie: STORE/runs/<run id>/documents/part-<number>.arrow, in member_id order."""

from __future__ import annotations

from pathlib import Path

DOCUMENTS = "documents"


def document_parts(run: Path) -> list[Path]:
    """The parts in their order, of the run in folder `run`; numbers may outgrow their leading zeros."""
    return sorted((run / DOCUMENTS).glob("*.arrow"), key=lambda path: (len(path.name), path.name))
