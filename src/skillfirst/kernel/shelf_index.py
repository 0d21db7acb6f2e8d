"""Course lists by cohort, as the night collects them and the Model keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.contexts.kinds import Basis


@dataclass(slots=True)
class ShelfIndex:
    """Course lists under (kind, cohort kind, cohort code): `popular` and `trending` shelves.

    `basis`: what a popular shelf stands on, by (cohort kind, cohort code); of those that are not here, learners.
    """

    KEEP = 200  # courses a shelf, enough for a page after language and rest

    lists: list[npt.NDArray[np.int32]]
    rows: dict[tuple[str, str], dict[int, int]]
    basis: dict[tuple[str, int], Basis] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> ShelfIndex:
        return cls([], {})

    def add(self, kind: str, cohort: str, code: int, courses: npt.NDArray[np.integer]) -> None:
        self.rows.setdefault((kind, cohort), {})[code] = len(self.lists)
        self.lists.append(courses.astype(np.int32))

    def table(self, kind: str, cohort: str, size: int) -> npt.NDArray[np.int32]:
        """Shelf of each cohort code, -1 for none; one more entry at the end so that code -1 has none."""
        out = np.full(size + 1, -1, np.int32)
        for code, row in self.rows.get((kind, cohort), {}).items():
            out[code] = row
        return out

    def bases(self, sizes: Mapping[str, int]) -> dict[str, npt.NDArray[np.int8]]:
        """`popular_COHORT_basis`, int8 by code, of the kinds of cohort with a shelf that no learners stand behind."""
        kinds = sorted({kind for (kind, _), basis in self.basis.items() if basis})
        return {
            f"popular_{kind}_basis": np.array([self.basis.get((kind, c), 0) for c in range(sizes[kind])], np.int8)
            for kind in kinds
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        offsets = np.zeros(len(self.lists) + 1, np.int64)
        np.cumsum([len(x) for x in self.lists], out=offsets[1:])
        out: dict[str, npt.NDArray[Any]] = {
            "shelf_offsets": offsets,
            "shelf_course": np.concatenate(self.lists) if self.lists else np.empty(0, np.int32),
        }
        return out


SHELVES = (
    ("popular", "all"), ("popular", "language"), ("popular", "category"), ("popular", "title"), ("popular", "industry"),
    ("trending", "all"), ("trending", "title"), ("trending", "family"), ("trending", "industry"),
)  # fmt: skip
