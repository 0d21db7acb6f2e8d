"""Every number a recommendation depends on, in one frozen place; experiments override it by arm."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal

from skillfirst.contexts.trending import Trending
from skillfirst.errors import UsageError
from skillfirst.feedback.cool_off import CoolOff
from skillfirst.feedback.discount import Behaviour, Discount
from skillfirst.feedback.watching import Watching
from skillfirst.skills.inference.settings import Inference


@dataclass(frozen=True, slots=True)
class Page:
    """The grid of carousels: rows of `row_length`, none under `row_least`, at most `rows`."""

    row_length: int = 12
    row_least: int = 3
    rows: int = 20
    # rows a page has before it stops falling back, where the catalogue allows
    rows_least: int = 4
    # at most so many rows of a context, so that every kind of reason finds its place among `rows`
    watched: int = 3
    wanted: int = 4
    skill: int = 8
    inferred: int = 1
    new_days: int = 90


@dataclass(frozen=True, slots=True)
class Policy:
    """Defaults where the published description is silent; each is a setting (`--set policy.NAME=VALUE`)."""

    # IDF
    population: Literal["all", "with_skills"] = "all"
    floor: int | Literal["auto"] = "auto"
    # an inferred skill that fewer members list than the floor: N(s) taken as the floor, or the skill dropped
    rare_inferred: Literal["floor", "drop"] = "floor"
    # a member's weight of a skill: held x IDF x `held` + wanted x `wanted`
    held: float = 1.0
    wanted: float = 1.0
    # course vectors
    normalise: Literal["none", "pivoted"] = "none"
    pivot: float = 0.5
    # lists
    list_length: int = 100
    fill: int = 24
    fallback: Literal["on", "none"] = "on"
    # `none`: by score alone, kept to compare
    diversify: Literal["round_robin", "none"] = "round_robin"
    collapse: Literal["auto", "series", "none"] = "auto"
    language: str = "en"
    page: Page = field(default_factory=Page)
    watching: Watching = field(default_factory=Watching)
    trending: Trending = field(default_factory=Trending)
    inference: Inference = field(default_factory=Inference)
    # fatigue: discounting fades courses, the cool-off rests members (days 0: off)
    fatigue: Literal["discount", "none"] = "discount"
    discount: Discount = field(default_factory=Discount)
    cool_off: CoolOff = field(default_factory=lambda: CoolOff(days=0.0))

    def with_settings(self, settings: dict[str, Any]) -> Policy:
        """A copy with dotted names overridden, `{"list_length": 50, "page.rows": 10}`; UsageError for unknown ones."""
        policy = self
        for name, value in settings.items():
            policy = _override(policy, name.split("."), value, name)
        return policy


def _override(part: Any, path: list[str], value: Any, name: str) -> Any:
    known = {f.name for f in fields(part)}
    if path[0] not in known:
        raise UsageError(f"there is no setting policy.{name}", next_step=f"Known here: {', '.join(sorted(known))}.")
    if len(path) > 1:
        inner = getattr(part, path[0])
        if not is_dataclass(inner):
            raise UsageError(f"policy.{name}: {path[0]} has no parts")
        return replace(part, **{path[0]: _override(inner, path[1:], value, name)})
    current = getattr(part, path[0])
    return replace(part, **{path[0]: _cast(current, value, name)})


def _cast(current: Any, value: Any, name: str) -> Any:
    try:
        if isinstance(current, bool):
            return str(value).lower() in {"1", "true", "yes", "on"}
        if isinstance(current, int) and not isinstance(value, str):
            return int(value)
        if isinstance(current, int):
            return int(value)
        if isinstance(current, float):
            return float(value)
    except ValueError:
        raise UsageError(f"policy.{name} wants a number, not {value!r}") from None
    if name == "floor" and str(value).isdigit():
        return int(value)
    return value


PARTS: dict[str, type] = {
    "page": Page, "watching": Watching, "trending": Trending, "inference": Inference, "discount": Discount,
    "cool_off": CoolOff, "impressions": Behaviour, "last_seen": Behaviour, "position": Behaviour, "activity": Behaviour,
}  # fmt: skip


def policy_from_dict(values: dict[str, Any]) -> Policy:
    """The Policy that `dataclasses.asdict` wrote, lists read as tuples. Unknown names raise TypeError."""
    return Policy(**{name: _part(name, value) for name, value in values.items()})


def _part(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return PARTS[name](**{k: _part(k, v) for k, v in value.items()})
    return tuple(value) if isinstance(value, list) else value
