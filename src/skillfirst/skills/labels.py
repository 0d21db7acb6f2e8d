"""Names in the reader's language: tables of labels by code, for skills and for titles alike."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from skillfirst.tables.languages import primary


def labelled(labels: pa.Table) -> list[tuple[int, str]]:
    """(code, label) of every row of `code`, `language`, `label`."""
    return list(zip(labels["code"].to_pylist(), labels["label"].to_pylist(), strict=True))


def first_labels(labels: pa.Table) -> dict[tuple[int, str], str]:
    """(code, language in lower case) -> the first label, which is the one shown."""
    shown: dict[tuple[int, str], str] = {}
    rows = (labels[name].to_pylist() for name in ("code", "language", "label"))
    for code, language, label in zip(*rows, strict=True):
        shown.setdefault((code, language.lower()), label)
    return shown


def in_language(shown: Mapping[tuple[int, str], str], code: int, language: str | None) -> str | None:
    """What `first_labels` knows in a language (BCP 47: `pt-BR`, then `pt`), or None."""
    if not language:
        return None
    wanted = language.lower()
    return shown.get((code, wanted)) or shown.get((code, primary(wanted)))
