"""What inference learned from a population: plain arrays, saved as they are and memory-mapped by whoever infers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.skills.inference.net import Net
from skillfirst.skills.inference.profiles import Profiles
from skillfirst.tables import schemas
from skillfirst.tables.sparse import Csr, Offsets
from skillfirst.tables.vocabulary import Vocabulary

Floats = npt.NDArray[np.float32]

LEVELS = 1 + len(schemas.LEVELS)  # unknown, and each level


def places_of(active: npt.NDArray[np.int32], skills: int) -> npt.NDArray[np.int32]:
    """int32, of length `skills`: position of a skill in `active`, -1 where it has none."""
    out = np.full(skills, -1, np.int32)
    out[active] = np.arange(len(active), dtype=np.int32)
    return out


@dataclass(frozen=True, slots=True)
class TitleTable:
    """Skills of titles.

    `popularity`: float32, S, P(s) over members who list any skill. A member with title t holds s with probability
    `base[t]` x popularity[s] + `excess`[t, s]: what is not stored in `excess` backs off to popularity.
    `goal`: titles x skills, how much s belongs to t, for those who want to get there.
    """

    popularity: Floats
    base: Floats
    excess: Csr
    goal: Csr


@dataclass(frozen=True)
class ProfileColumns:
    """The profile columns a network sees: titles (by weight), then industry, country and level (one each).

    `title`: int32, T, column of a title or -1. `industry`, `country`: the values seen often enough, sorted (numpy
    strings). Columns count from 0 after the skills.
    """

    title: npt.NDArray[np.int32]
    industry: npt.NDArray[np.str_]
    country: npt.NDArray[np.str_]

    @cached_property
    def titles(self) -> int:
        return int(self.title.max(initial=-1)) + 1

    @cached_property
    def names(self) -> tuple[Vocabulary, Vocabulary]:
        """Industries and countries by their place."""
        industry, country = (Vocabulary(str(name) for name in names) for names in (self.industry, self.country))
        return industry, country

    @cached_property
    def _columns(self) -> npt.NDArray[np.int32]:
        return np.ascontiguousarray(self.title, np.int32)

    @property
    def width(self) -> int:
        return self.titles + len(self.industry) + len(self.country) + LEVELS

    def encode(self, profiles: Profiles) -> tuple[Offsets, npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Offsets, columns and values a member; titles first, then industry, country, level."""
        from skillfirst.skills.inference.sources import profile_inputs

        industry, country = self.names
        known = profiles.documents
        return profile_inputs(  # type: ignore[no-any-return]
            *profiles.title, profiles.level, known.codes("industry", industry), known.codes("country", country),
            self._columns, self.titles, len(industry), len(country), LEVELS,
        )  # fmt: skip


@dataclass(frozen=True)
class InferenceTables:
    """All that `infer` needs.

    `method`: how co-occurrence is known (rows.NOTHING, NEIGHBOURS, EASE, NET). `active`: int32, A, the skills a dense
    method knows. `fusion`: float64, buckets x features. `calibrated`: int64, 4, which sources the fusion has learned
    (title and popularity, co-occurrence, activity, connections); the others join by noisy-OR.
    """

    title: TitleTable
    method: int
    active: npt.NDArray[np.int32]
    near: Csr
    ease: npt.NDArray[np.float32]
    net: Net
    columns: ProfileColumns
    course_skills: Csr
    fusion: npt.NDArray[np.float64]
    calibrated: npt.NDArray[np.int64]

    @property
    def skills(self) -> int:
        return len(self.title.popularity)

    @property
    def titles(self) -> int:
        return len(self.title.base)

    @cached_property
    def flat(self) -> dict[Any, Any]:
        """What is derived from the tables once, by its type."""
        return {}

    @cached_property
    def place(self) -> npt.NDArray[np.int32]:
        """`places_of` the skills of the dense method."""
        return places_of(self.active, self.skills)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything as named NumPy arrays without objects, to be saved one file each."""
        out: dict[str, npt.NDArray[Any]] = {
            "popularity": self.title.popularity,
            "title_base": self.title.base,
            "method": np.array(self.method, np.int64),
            "active": self.active,
            "ease": self.ease,
            "net_intercept": self.net.intercept,
            "net_linear": self.net.linear,
            "net_into": self.net.into,
            "net_hidden": self.net.hidden,
            "net_out": self.net.out,
            "column_title": self.columns.title,
            "column_industry": self.columns.industry,
            "column_country": self.columns.country,
            "fusion": self.fusion,
            "calibrated": self.calibrated,
        }
        for name, rows in self._matrices().items():
            out |= {f"{name}_offsets": rows.offsets, f"{name}_indices": rows.indices, f"{name}_values": rows.weights}
        return out

    def _matrices(self) -> dict[str, Csr]:
        return {
            "title_excess": self.title.excess,
            "title_goal": self.title.goal,
            "near": self.near,
            "course_skills": self.course_skills,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> InferenceTables:
        """The tables again; the arrays may be memory-mapped."""
        skills = len(arrays["popularity"])

        def matrix(name: str) -> Csr:
            return Csr(arrays[f"{name}_offsets"], arrays[f"{name}_indices"], arrays[f"{name}_values"], skills)

        names = ("intercept", "linear", "into", "hidden", "out")
        return cls(
            TitleTable(arrays["popularity"], arrays["title_base"], matrix("title_excess"), matrix("title_goal")),
            int(arrays["method"]),
            arrays["active"],
            matrix("near"),
            arrays["ease"],
            Net(*(arrays[f"net_{n}"] for n in names)),
            ProfileColumns(arrays["column_title"], arrays["column_industry"], arrays["column_country"]),
            matrix("course_skills"),
            arrays["fusion"],
            arrays["calibrated"],
        )


@dataclass(frozen=True)
class InterestTables:
    """A model of wants. `active`: int32, A, its skills; `known`: bool, A, those it may predict; `linear`: whether the
    network's output is the probability itself (ridge) or its logit."""

    active: npt.NDArray[np.int32]
    known: npt.NDArray[np.bool_]
    net: Net
    columns: ProfileColumns
    linear: npt.NDArray[np.bool_]

    @cached_property
    def plain(self) -> tuple[Any, ...]:
        """The arrays as `interest.predict_rows` reads them; saved ones may be memory-mapped."""
        m = self.net
        arrays = (self.active, self.known, m.intercept, m.linear, m.into, m.hidden, m.out)
        return *(np.asarray(a) for a in arrays), bool(self.linear)

    @cached_property
    def _places(self) -> dict[int, npt.NDArray[np.int32]]:
        return {}

    def place(self, skills: int) -> npt.NDArray[np.int32]:
        """`places_of` the model's skills among so many."""
        out = self._places.get(skills)
        if out is None:
            out = self._places[skills] = places_of(self.active, skills)
        return out

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything as named NumPy arrays without objects."""
        return {
            "active": self.active,
            "known": self.known,
            "linear": self.linear,
            "intercept": self.net.intercept,
            "weights": self.net.linear,
            "into": self.net.into,
            "hidden": self.net.hidden,
            "out": self.net.out,
            "column_title": self.columns.title,
            "column_industry": self.columns.industry,
            "column_country": self.columns.country,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> InterestTables:
        """The model again; the arrays may be memory-mapped."""
        net = Net(*(arrays[name] for name in ("intercept", "weights", "into", "hidden", "out")))
        columns = ProfileColumns(arrays["column_title"], arrays["column_industry"], arrays["column_country"])
        return cls(arrays["active"], arrays["known"], net, columns, arrays["linear"])
