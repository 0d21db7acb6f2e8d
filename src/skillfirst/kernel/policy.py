"""Every number a recommendation depends on, in one frozen place; experiments override it by arm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from skillfirst.contexts.trending import Trending
from skillfirst.errors import UsageError
from skillfirst.feedback.cool_off import CoolOff
from skillfirst.feedback.discount import Behaviour, Discount
from skillfirst.feedback.watching import Watching
from skillfirst.skills.inference.settings import Inference


@dataclass(frozen=True, slots=True)
class Page:
    """The grid of carousels: at most `rows` of `row_length`, none but that of courses begun under `row_least`.
    The row of a title or goal counts what of it stands further up, and holds two itself."""

    row_length: int = 12
    row_least: int = 3
    rows: int = 20
    # rows a page has before it stops falling back, where the catalogue allows
    rows_least: int = 8
    # at most so many rows of a context, so that every kind of reason finds its place among `rows`
    watched: int = 3
    wanted: int = 4
    skill: int = 8
    predicted: int = 2
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
    # the same of one the member listed: the published description does not consider it
    rare_explicit: Literal["floor", "drop"] = "drop"
    # a member's weight of a skill: held x IDF x `held` + wanted x `wanted`
    held: float = 1.0
    wanted: float = 1.0
    # course vectors
    normalise: Literal["none", "pivoted"] = "none"
    pivot: float = 0.5
    # what the log says of how people respond to courses; `none`: the order is that of day 0
    response: Literal["learned", "none"] = "learned"
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
    inner = getattr(part, path[0])
    if len(path) > 1:
        if not is_dataclass(inner):
            raise UsageError(f"policy.{name}: {path[0]} has no parts")
        return replace(part, **{path[0]: _override(inner, path[1:], value, name)})
    if is_dataclass(inner):
        parts = ", ".join(f"policy.{name}.{f.name}" for f in fields(inner))
        raise UsageError(f"policy.{name} is a group of settings", next_step=f"Set one of them: {parts}.")
    return replace(part, **{path[0]: _read(value, _hints(part.__class__)[path[0]], name)})


@cache
def _hints(part: Any) -> dict[str, Any]:
    """Annotations of a part of the Policy; arms override settings of single members while the service waits."""
    return get_type_hints(part)


def _read(value: Any, wanted: Any, name: str) -> Any:
    """`value` (from TOML, or a text from the command line) as the annotated type; UsageError where it is none."""
    choices = get_args(wanted) if get_origin(wanted) in (UnionType, Union) else (wanted,)
    for choice in choices:
        try:
            return _READ[get_origin(choice) or choice](value, get_args(choice))
        except (KeyError, ValueError, TypeError):
            continue
    raise UsageError(f"policy.{name} cannot be {value!r}", next_step=f"It wants {' or '.join(map(_words, choices))}.")


def _boolean(value: Any, _: tuple[Any, ...]) -> bool:
    return {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}[
        str(value).strip().lower()
    ]


def _whole(value: Any, _: tuple[Any, ...]) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _word(value: Any, known: tuple[Any, ...]) -> Any:
    return known[known.index(value)]


def _several(value: Any, of: tuple[Any, ...]) -> tuple[Any, ...]:
    """A list, or a text with commas; of a stated length, or any where the type ends in an ellipsis."""
    items = value.split(",") if isinstance(value, str) else list(value)
    if of[-1] is not ... and len(items) != len(of):
        raise ValueError(value)
    return tuple(_READ[of[0]](item, ()) for item in items if item != "")


_READ: dict[Any, Callable[[Any, tuple[Any, ...]], Any]] = {
    bool: _boolean, int: _whole, float: lambda value, _: float(value), str: lambda value, _: str(value).strip(),
    Literal: _word, tuple: _several,
}  # fmt: skip


def _words(wanted: Any) -> str:
    """What a type is called in a message."""
    if get_origin(wanted) is Literal:
        return " or ".join(map(repr, get_args(wanted)))
    if get_origin(wanted) is tuple:
        return "a list"
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[wanted]


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
