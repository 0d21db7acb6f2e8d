"""Language tags (BCP 47), as far as anything here looks into them."""

from __future__ import annotations

from typing import overload


@overload
def primary(tag: str) -> str: ...
@overload
def primary(tag: None) -> None: ...
def primary(tag: str | None) -> str | None:
    """Primary subtag of a tag, in lower case: `pt-BR` -> `pt`."""
    return None if tag is None else tag.split("-")[0].lower()
