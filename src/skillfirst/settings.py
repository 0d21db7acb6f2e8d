"""Settings of the commands: what a `skillfirst.toml`, the environment and `--set` may say, the later over the earlier.

    [settings]                       SKILLFIRST_KEEP_RUNS=3            --set keep_runs=3
    keep_runs = 3
    [settings.tagging]               SKILLFIRST_TAGGING__CANDIDATES=20 --set tagging.candidates=20
    candidates = 20
    [policy.page]                    SKILLFIRST_POLICY__PAGE__ROWS=10  --set policy.page.rows=10
    rows = 10

`policy` holds dotted names and values as written; the Policy itself checks them.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from skillfirst.errors import UsageError

FILE = "skillfirst.toml"
SECTIONS = ("sources", "variables", "checks", "settings", "policy", "experiments")
PREFIX = "SKILLFIRST_"


class Tagging(BaseModel):
    """How courses get their skills; names as in kernel.tag.TagSettings."""

    model_config = ConfigDict(extra="forbid")

    own_tags: bool = Field(default=True, description="believe the skills people gave the courses, and learn from them")
    add_to_tagged: bool = Field(default=False, description="also add automatic skills to courses people tagged")
    candidates: int = Field(default=50, ge=1, le=1000, description="candidates kept a course")
    publish_precision: float = Field(default=0.94, gt=0, lt=1, description="precision of tags fit for an explanation")
    embeddings: str = Field(default="none", description="none, static:FILE or minilm:FOLDER")
    seed: int = Field(default=0, description="seed of the trained ranker")


class Losses(BaseModel):
    """How much less than the serving run a run may bring and still be published."""

    model_config = ConfigDict(extra="forbid")

    members: float = Field(default=0.10, ge=0, le=1, description="share of members with an answer lost")
    coverage: float = Field(default=0.20, ge=0, le=1, description="share of different courses shown lost")
    personal: float = Field(default=0.10, ge=0, le=1, description="share of members with personal reasons lost")


class Trial(BaseModel):
    """An experiment that runs: who is in which arm, and what each arm changes in the policy."""

    model_config = ConfigDict(extra="forbid")

    shares: dict[str, float] = Field(description="arm -> share of the members, together 1")
    salt: str = Field(default="", description="a new salt draws everybody again")
    holdout: float = Field(default=0.0, ge=0, lt=1, description="share of members in no arm")
    arms: dict[str, dict[str, Any]] = Field(default_factory=dict, description="arm -> names of the policy it changes")


class Settings(BaseSettings):
    """Everything a command can be told beside its options."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid")

    memory: str = Field(default="1GB", pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$", description="memory of check and gather")
    workers: int = Field(default=0, ge=0, description="threads of the local engine; 0: one a core")
    keep_runs: int = Field(default=7, ge=1, description="runs kept in the offline store")
    max_bad_share: float | None = Field(default=None, ge=0, le=1, description="share of bad rows a table may have")
    store_form: Literal["full", "compact"] = Field(
        default="full", description="how a run keeps what members get: full, or compact"
    )
    channels: tuple[Literal["feed", "home"], ...] = Field(default=("feed", "home"), description="channels of a night")
    tagging: Tagging = Tagging()
    losses: Losses = Losses()
    policy: dict[str, Any] = Field(default_factory=dict, description="every name of the policy, with dots")
    experiments: dict[str, Trial] = Field(default_factory=dict, description="by name, in the file alone")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        # read_settings lays the layers over one another itself, so that a file can stand under the environment
        return (init_settings,)


def read_settings(place: Path | None = None, overrides: Sequence[str] = ()) -> Settings:
    """Settings from defaults, then the toml file at `place` (a file, or a folder that may hold one), then the
    environment, then `overrides` ("name=value", dotted).

    Raises UsageError for a name nobody knows, a value of the wrong kind, or a file that is no TOML.
    """
    file = _file(place)
    layers: dict[str, Any] = {}
    try:
        if file is not None:
            _lay(layers, _from_file(file))
        _lay(layers, _from_environment())
        _lay(layers, _from_overrides(overrides))
        return Settings(**layers)
    except ValidationError as error:
        raise _usage_error(error) from None


def names() -> list[str]:
    """Every setting but those of the policy, dotted."""
    out: list[str] = []
    for name, field in Settings.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            out += [f"{name}.{part}" for part in inner.model_fields]
        elif name not in ("policy", "experiments"):
            out.append(name)
    return out


def _file(place: Path | None) -> Path | None:
    if place is None:
        return None
    path = place / FILE if place.is_dir() else place
    return path if path.is_file() and path.suffix == ".toml" else None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from None
    unknown = [name for name in document if name not in SECTIONS]
    if unknown:
        known = ", ".join(SECTIONS)
        raise UsageError(f"{path} has a section nobody reads: [{unknown[0]}]", next_step=f"Known are: {known}")
    for section in ("settings", "policy", "experiments"):
        if not isinstance(document.get(section, {}), dict):
            raise UsageError(f"{path}: [{section}] is a section")
    said = dict(document.get("settings", {}))
    twice = [name for name in ("policy", "experiments") if name in said]
    if twice:
        raise UsageError(f"{path}: [settings] holds no {twice[0]}", next_step=f"Write [{twice[0]}].")
    if "experiments" in document:
        said["experiments"] = {name: _experiment(path, name, trial) for name, trial in document["experiments"].items()}
    if "policy" in document:
        said["policy"] = flat(document["policy"])
    return said


def _experiment(path: Path, name: str, trial: Any) -> dict[str, Any]:
    arms = trial.get("arms", {}) if isinstance(trial, dict) else None
    if not isinstance(arms, dict) or not all(isinstance(changes, dict) for changes in arms.values()):
        raise UsageError(
            f"{path}: [experiments.{name}] holds shares, and [experiments.{name}.arms.ARM] what an arm changes"
        )
    return {**trial, "arms": {arm: flat(changes) for arm, changes in arms.items()}}


def _from_environment() -> dict[str, Any]:
    found = dict(EnvSettingsSource(Settings)())
    if "policy" in found:
        found["policy"] = flat(found["policy"])
    return found


def _from_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for text in overrides:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            example = "For example: --set policy.page.rows=10"
            raise UsageError(f"--set wants name=value, not {text!r}", next_step=example)
        if name.startswith("policy."):
            said.setdefault("policy", {})[name.removeprefix("policy.")] = value
        elif name not in names():
            raise unknown_setting(name)
        else:
            first, _, second = name.partition(".")
            given: Any = value.split(",") if name == "channels" else value
            if second:
                said.setdefault(first, {})[second] = given
            else:
                said[first] = given
    return said


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested sections as dotted names; lists become tuples, as the policy holds them."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            out.update(flat(value, f"{prefix}{name}."))
        else:
            out[prefix + name] = tuple(value) if isinstance(value, list) else value
    return out


def _lay(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, Mapping) and isinstance(under.get(name), dict):
            _lay(under[name], value)
        else:
            under[name] = dict(value) if isinstance(value, Mapping) else value


def _usage_error(error: ValidationError) -> UsageError:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return unknown_setting(name)
    if first["type"] == "string_pattern_mismatch":
        return UsageError(f"setting {name} is an amount of memory such as 1GB, not {first['input']!r}")
    reason = first["msg"].removeprefix("Input ").split(",")[0]
    return UsageError(f"setting {name} {reason}, not {first['input']!r}")


def unknown_setting(name: str) -> UsageError:
    """The error for a name nobody knows."""
    close = difflib.get_close_matches(name, names(), 1)
    hint = f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(names())}, and policy.*"
    return UsageError(f"there is no setting {name}", next_step=hint)
