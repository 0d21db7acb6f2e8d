"""Documents of members the night has never seen: from what the request says, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from skillfirst.experiments.assignment import Experiment, arm_of
from skillfirst.kernel.model import Model
from skillfirst.stores.event_log.checking import StoredEvent
from skillfirst.tables.documents import LIST_TYPES, Documents
from skillfirst.tables.member_document import DOCUMENT, Source
from skillfirst.tables.schemas import EVENT_KINDS, LEVELS

MOST_LANGUAGES = 8


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a request may say about a member: ids, names or aliases of skills; a title by id or name."""

    title: str | None = None
    skills: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    languages: tuple[str, ...] = field(default=())
    level: str | None = None

    def __bool__(self) -> bool:
        return bool(self.title or self.skills or self.wants)

    def reading(self, language: str | None) -> Newcomer:
        """The same, who speaks the interface's language (BCP 47) where nothing is said about languages."""
        return replace(self, languages=(language,)) if language and not self.languages else self


def codes(model: Model, names: tuple[str, ...]) -> list[int]:
    """Codes of the skills that are known, ascending."""
    found = np.unique(model.taxonomy.resolve(pa.array(list(names), pa.string()))) if names else np.empty(0, np.int32)
    return [int(c) for c in found if c >= 0]


def title_code(model: Model, title: str | None) -> int:
    """Code of a title by id, name or alias; -1 when there is none."""
    return int(model.taxonomy.resolve_titles(pa.array([title], pa.string()))[0]) if title else -1


def document_of(
    member_id: str, newcomer: Newcomer, model: Model, now: int, experiments: Sequence[Experiment] = ()
) -> Documents:
    """A document (one row) in which stands what the newcomer said, with the arms the night would give. `now`: s since
    1970 UTC. Without an id there is nobody to assign.
    """
    held = codes(model, newcomer.skills)
    title = title_code(model, newcomer.title)
    lists = {"skill": held, "skill_source": [int(Source.EXPLICIT)] * len(held), "wanted": codes(model, newcomer.wants)}
    if title >= 0:
        lists |= _stated(title)
    arms = [(e.name, arm_of(e, member_id)) for e in sorted(experiments, key=lambda e: e.name)] if member_id else []
    level = LEVELS.index(newcomer.level) + 1 if newcomer.level in LEVELS else 0
    return Documents.new(member_id, now, arms, list(newcomer.languages[:MOST_LANGUAGES]), level, lists)


def somebody(model: Model, now: int) -> tuple[Documents, list[StoredEvent]]:
    """A document in which something of everything stands, and events: what computing loads, it loads for these."""
    first = [0]
    lists = {name: first for name in LIST_TYPES if name in DOCUMENT.names}
    if not len(model.taxonomy.titles):
        lists |= {name: [] for name in lists if "title" in name}
    kinds = [k for k in EVENT_KINDS if k != "interest"] if len(model.courses) else []
    if not len(model.courses):
        lists |= {name: [] for name in lists if name.startswith(("course", "seen"))}
    if not len(model.taxonomy.skills):
        lists |= {name: [] for name in lists if "skill" in name or name in ("wanted", "refused")}
    events = [StoredEvent(now * 10**6, "", kind, course_id=model.courses[0], position=1) for kind in kinds]
    return Documents.new("", now, [], ["en"], 1, lists), events


def _stated(title: int) -> dict[str, list[Any]]:
    return {"title": [title], "title_weight": [1.0]}


def add_unsaid(document: Documents, newcomer: Newcomer, model: Model) -> Documents:
    """A stored document with the title and the languages just given, each where the profile states none; otherwise
    the very same document."""
    title = title_code(model, newcomer.title)
    if title >= 0 and not len(document.lists("title")[1]):
        document = document.with_lists(_stated(title))
    if newcomer.languages and not document.one["languages"]:
        kept = DOCUMENT.field("languages")
        spoken = pa.array([list(newcomer.languages[:MOST_LANGUAGES])], kept.type)
        document = Documents.of(document.batch.set_column(DOCUMENT.names.index("languages"), kept, spoken))
    return document
