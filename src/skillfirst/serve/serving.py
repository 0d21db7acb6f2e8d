"""One published version as the service sees it, and the change from one to the next while requests go on."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from skillfirst.errors import NotFound, RunError
from skillfirst.serve.touched import SILENT, Touched
from skillfirst.stores.course_texts import CourseTexts
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.online import OnlineStore

if TYPE_CHECKING:
    from skillfirst.experiments.assignment import Experiment
    from skillfirst.kernel.model import Model
    from skillfirst.kernel.render import Renderer
    from skillfirst.skills.taxonomy import Taxonomy

T = TypeVar("T")


class Serving:
    """A version, what its night said about it, and its Model, opened when somebody first needs it."""

    def __init__(self, version: str, meta: dict[str, Any], log: EventLog | None, most_touched: int) -> None:
        self.version = version
        self.meta = meta
        self.touched = Touched(log, self.log_position, self.end, most_touched, _silent(meta))
        self._lock = threading.RLock()
        self._kernel: tuple[Model, Renderer] | None = None
        self._kept: dict[Any, Any] = {}

    def keep(self, what: Any, make: Callable[[], T]) -> T:
        """Something derived from this version, made once and forgotten with it."""
        if what not in self._kept:
            self._kept[what] = make()
        return self._kept[what]  # type: ignore[no-any-return]

    @property
    def log_position(self) -> int:
        """Events of the log up to here are in the documents already."""
        return int(self.meta.get("log_position") or 0)

    @property
    def day(self) -> dt.date:
        return dt.date.fromisoformat(self.meta["day"])

    @property
    def end(self) -> dt.datetime:
        """The end of the night's day: what happened at it or later is in no document."""
        return dt.datetime.combine(self.day + dt.timedelta(days=1), dt.time(), dt.UTC)

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments the night ran, for members it has never seen."""
        from skillfirst.experiments.assignment import Experiment

        known = self.meta.get("experiments")
        if known is None:
            known = _read_json(Path(self.meta["model"]).parent / "manifest.json").get("experiments") or {}
        return tuple(Experiment(name, e["shares"], e["salt"], e["holdout"]) for name, e in sorted(known.items()))

    @property
    def fallback_share(self) -> float:
        """Share of members whose list has no reason of their own."""
        counts = self.meta.get("counts", {})
        served = counts.get("served") or 0
        return 1.0 - counts.get("personal", 0) / served if served else 0.0

    def _open(self) -> tuple[Model, Renderer]:
        with self._lock:
            if self._kernel is None:
                from skillfirst.kernel.model import load_model
                from skillfirst.kernel.render import Renderer

                model = load_model(self.meta["model"])
                self._kernel = (model, Renderer(model))
            return self._kernel

    @property
    def model(self) -> Model:
        """The version's Model. Raises StoreError when its run is gone."""
        return self._kernel[0] if self._kernel else self._open()[0]

    @property
    def renderer(self) -> Renderer:
        return self._kernel[1] if self._kernel else self._open()[1]

    @cached_property
    def texts(self) -> CourseTexts:
        """Descriptions and section titles of the version's courses."""
        return CourseTexts(Path(self.meta["model"]).parent)

    @property
    def warm(self) -> bool:
        return self._kernel is not None

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """Names of skills and titles; the Model's own once it is open, read alone (without the compiler) before."""
        with self._lock:
            if self._kernel is not None:
                return self._kernel[0].taxonomy
            from skillfirst.skills.taxonomy import Taxonomy

            return Taxonomy.load(Path(self.meta["model"]) / "taxonomy")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # the run is gone; what it stored is served all the same
        return {}
    return found if isinstance(found, dict) else {}


def _silent(meta: dict[str, Any]) -> frozenset[str]:
    """Kinds of event that change no answer; where members rest after a list, having been served counts."""
    head = _read_json(Path(meta["model"]) / "model.json")
    rests = ((head.get("policy") or {}).get("cool_off") or {}).get("days")
    named = [name for arms in (head.get("arms") or {}).values() for arm in arms.values() for name in arm]
    return frozenset() if rests or any(name.startswith("cool_off") for name in named) else SILENT


class House:
    """Holds the version that serves. `current` is replaced whole; who took it before keeps working with it."""

    def __init__(self, online: OnlineStore, log: EventLog | None, most_touched: int) -> None:
        self.online = online
        self.log = log
        self._most = most_touched
        self._lock = threading.Lock()
        #: whether nothing that an answer is computed from comes over a network
        self.near = not online.reached_from_elsewhere and (log is None or log.near)
        self.current: Serving | None = None
        self._before: Serving | None = None  # for answers that were read just before a switch

    def refresh(self) -> bool:
        """Take over what the store serves now; whether it is another version than before. Cheap when it is not."""
        version = self.online.serving()
        current = self.current
        if current is not None and version == current.version:
            return False
        with self._lock:
            version = self.online.serving()
            current = self.current
            if version is None or (current is not None and version == current.version):
                return False
            try:
                meta = self.online.meta(version)
            except NotFound:  # replaced between the two questions; the next refresh sees the new one
                return False
            following = Serving(version, meta, self.log, self._most)
            if current is not None and current.warm:
                _ = following.model  # opened before anybody waits for it
            self._before, self.current = current, following
            return True

    def follow(self) -> None:
        """Learn of events that other processes put into the log."""
        if self.current is not None:
            self.current.touched.follow()

    def at(self, version: str | None) -> Serving | None:
        """The version of this name; None when it is neither served nor the one before."""
        for _ in range(2):
            for serving in (self.current, self._before):
                if serving is not None and serving.version == version:
                    return serving
            self.refresh()
        return None

    def now_serving(self) -> Serving:
        """The version that serves. Raises RunError when nothing was ever published."""
        if self.current is None:
            self.refresh()
        if self.current is None:
            raise RunError("nothing has been published yet", next_step="Publish a run: skillfirst publish.")
        return self.current
