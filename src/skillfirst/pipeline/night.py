"""The night: sources in, carousels out. Stages hand over to one another here and nowhere else.

check -> taxonomy -> tag -> catalogue -> gather -> count -> Model -> recommend -> a whole run, or none
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst import __version__
from skillfirst.engines.base import Engine
from skillfirst.experiments.assignment import Experiment, arms_column
from skillfirst.ingest.checked import Checked
from skillfirst.ingest.checks import check
from skillfirst.ingest.decisions import kept_decisions
from skillfirst.ingest.documents import GatherResult, gather
from skillfirst.ingest.resolving import Resolvers
from skillfirst.kernel.arms import Arms, check_arms
from skillfirst.kernel.catalogue import Catalogue, build_catalogue
from skillfirst.kernel.fit import finish
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.tag import TagResult, TagSettings, mentioned_skills
from skillfirst.pipeline.parts import Outcome, PartWriter
from skillfirst.pipeline.tagging import keep_tagging, tag_with_people
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.skills.titles.resolving import match_titles
from skillfirst.stores.course_texts import write_course_texts
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.offline import OfflineStore, Run, RunWriter
from skillfirst.tables.schemas import COURSE_SKILLS, MEMBER_SKILLS_OUT, RECOMMENDATIONS, SKILL_IDF
from skillfirst.tables.vocabulary import Vocabulary

EPOCH = dt.date(1970, 1, 1)
CHANNELS = ("feed", "home")
# called as progress(stage, done, total); total 0 while it is not known
Progress = Callable[[str, int, int], None]


def _silent(_stage: str, _done: int, _total: int) -> None:
    return


@dataclass(frozen=True, slots=True)
class Night:
    """What one night is asked to do. `day`: the day it stands at; events after its end do not exist yet."""

    data: Path
    store: Path
    day: dt.date
    policy: Policy = field(default_factory=Policy)
    tagging: TagSettings = field(default_factory=TagSettings)
    channels: Sequence[str] = CHANNELS
    variables: Mapping[str, str] = field(default_factory=dict)
    max_bad_share: float | None = None
    memory: str = "1GB"
    keep_runs: int = 7
    # experiments that run, and what their arms change in the Policy
    experiments: Sequence[Experiment] = ()
    arms: Arms = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The end of the day, s since 1970 UTC."""
        return ((self.day - EPOCH).days + 1) * 86_400


class Clock:
    """Seconds of each stage, for the manifest."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 3)


def run_night(night: Night, engine: Engine, progress: Progress = _silent) -> Run:
    """Do the whole night; returns the committed run. Nothing of a night that fails is left behind.

    Raises DataError for unusable tables, RunError and StoreError for what hinders the run.
    """
    clock = Clock()
    check_arms(night.arms, night.policy)
    night = replace(night, store=night.store.absolute())  # workers elsewhere start in other directories
    store = OfflineStore(night.store)
    with store.begin(night.day) as writer, _workshop(night.store) as work:
        progress("check", 0, 0)
        with clock.stage("check"):
            log, position = _log_parts(night, work)
            checked = check(
                night.data, work, variables=night.variables, memory=night.memory, max_bad_share=night.max_bad_share,
                log=log,
            )  # fmt: skip
            _refuse_fatal(checked, store)
            decisions = kept_decisions(night.data, night.store)
        with clock.stage("tag"):
            taxonomy = read_taxonomy(checked.tables)
            tags = tag_with_people(checked.tables["courses"], taxonomy, night.tagging, decisions, store)
            catalogue = build_catalogue(
                checked.tables["courses"], taxonomy, tags.course_skills, _industries(checked), night.policy.language
            )
        progress("gather", 0, checked.members)
        with clock.stage("gather"):
            gathered = gather(
                checked,
                resolvers(taxonomy, night.experiments),
                catalogue.courses,
                now=night.now,
                out_dir=writer.folder / "documents",
                spread=engine.map,
            )
        with clock.stage("fit"):
            partials = engine.count(gathered.parts, catalogue, night.policy)
            day = (night.day - EPOCH).days
            model = finish(partials, catalogue, night.policy, day, night.arms).save(writer.folder / "model")
        with clock.stage("recommend"):
            outcome = _recommend(night, engine, gathered, model, writer, progress)
        with clock.stage("write"):
            _write_tables(writer, model, tags)
            keep_tagging(writer.folder / "tagging", tags, decisions)
            write_course_texts(writer.folder, checked.tables["courses"], catalogue.courses)
            _keep_rejects(checked, writer.folder / "rejects")
        manifest = _manifest(night, checked, gathered, tags, model, outcome, clock, engine)
        run = writer.commit({**manifest, "log_position": position})
    store.keep_rejects(())
    store.prune(night.keep_runs)
    return run


def _refuse_fatal(checked: Checked, store: OfflineStore) -> None:
    """Raise the fatal findings, the bad rows kept in the store and named there; the workshop is about to go."""
    if checked.fatal and checked.rejects:
        passing = next(iter(checked.rejects.values())).parent
        kept = store.keep_rejects(checked.rejects.values())
        checked.findings = [
            replace(f, next_step=f.next_step.replace(str(passing), str(kept)) if f.next_step else None)
            for f in checked.findings
        ]
    checked.raise_fatal()


@contextmanager
def _workshop(store: Path) -> Iterator[Path]:
    """A folder for what lies between the tables and the run; beside the store, so that moves are renames."""
    store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".work-", dir=store) as path:
        yield Path(path)


def _log_parts(night: Night, work: Path) -> tuple[Path | None, int]:
    """The event log's events up to the end of the day as a Parquet file (None when there are none), and how far it
    was read."""
    place = night.store / "events"
    if not place.exists():
        return None, 0
    path = work / "log.parquet"
    until = dt.datetime.fromtimestamp(night.now, dt.UTC)
    rows = 0
    with EventLog.open(place) as log:
        position = log.position()
        writer = None
        for batch in log.read(until=until, upto=position):
            writer = writer or pq.ParquetWriter(path, batch.schema, compression="zstd")
            writer.write_batch(batch)
            rows += batch.num_rows
        if writer is not None:
            writer.close()
    return (path if rows else None), position


def read_taxonomy(tables: Mapping[str, pa.Table]) -> Taxonomy:
    """The tables' own taxonomy; the built-in skills, and the built-in titles, where they bring none."""
    if "skills" in tables:
        return Taxonomy.from_tables(tables, builtin_titles=True)
    builtin = Taxonomy.builtin()
    if "titles" not in tables:
        return builtin
    return builtin.with_titles_of(Taxonomy.from_tables({**tables, "skills": builtin.to_tables()["skills"]}))


def resolvers(taxonomy: Taxonomy, experiments: Sequence[Experiment] = ()) -> Resolvers:
    """What gather needs to turn profile texts into codes and members into arms; it may travel to other processes."""
    return Resolvers(
        skills=taxonomy.resolve,
        skill_count=len(taxonomy),
        titles=partial(match_titles, taxonomy=taxonomy),
        find_skills=partial(mentioned_skills, taxonomy=taxonomy),
        arms=partial(arms_column, tuple(experiments)) if experiments else None,
    )


def _industries(checked: Checked) -> Vocabulary:
    found: set[str] = set()
    for number in range(checked.ranges):
        for path in checked.files("members", number):
            column = pq.read_table(path, columns=["industry"]).column("industry")
            found.update(x for x in pc.unique(column).to_pylist() if x)
    return Vocabulary.sorted(sorted(found))


def _recommend(
    night: Night, engine: Engine, gathered: GatherResult, model: Model, writer: RunWriter, progress: Progress
) -> Outcome:
    sink = PartWriter(
        writer.table_writer("recommendations", RECOMMENDATIONS.schema).folder,
        writer.table_writer("member_skills", MEMBER_SKILLS_OUT.schema).folder,
        model,
    )
    outcome = Outcome()
    total = gathered.counts["members"]
    progress("recommend", 0, total)
    for part, (_, (found, written)) in enumerate(engine.recommend(gathered.parts, model, night.channels, sink)):
        for name, rows in written.items():
            writer.adopt_part(name, part, rows)
        outcome.add(found)
        progress("recommend", outcome.members, total)
    return outcome


def _write_tables(writer: RunWriter, model: Model, tags: TagResult) -> None:
    writer.table_writer("course_skills", COURSE_SKILLS.schema)
    writer.write_part("course_skills", 0, tags.course_skills)
    writer.table_writer("skill_idf", SKILL_IDF.schema)
    rarity = model.idf
    idf = pa.array(rarity.considered, mask=rarity.considered <= 0)
    rows = pa.table([model.taxonomy.skills.ids, pa.array(rarity.members), idf], schema=SKILL_IDF.schema)
    writer.write_part("skill_idf", 0, rows)


def _keep_rejects(checked: Checked, folder: Path) -> None:
    for path in checked.rejects.values():
        if path.exists():
            folder.mkdir(exist_ok=True)
            shutil.copy(path, folder / path.name)


def _manifest(
    night: Night, checked: Checked, gathered: GatherResult, tags: TagResult, model: Model, outcome: Outcome,
    clock: Clock, engine: Engine,
) -> dict[str, Any]:  # fmt: skip
    catalogue: Catalogue = model.catalogue
    return {
        "format": 1,
        "version": __version__,
        "day": night.day.isoformat(),
        "model_version": model.version,
        "engine": type(engine).__name__,
        "inputs": checked.hashes,
        "policy": asdict(model.policy),
        "experiments": {
            e.name: {"shares": dict(e.arms), "salt": e.salt, "holdout": e.holdout} for e in night.experiments
        },
        "arms": model.arms,
        "counts": {
            **checked.counts,
            **{f"documents_{name}": n for name, n in gathered.counts.items()},
            "rejected": sum(checked.rejected.values()),
            "served": outcome.served,
            "personal": outcome.personal,
            "distinct_courses": len(outcome.courses),
            "catalogue_courses": len(catalogue.cards),
            "skills_with_idf": int((model.idf.considered > 0).sum()),
            "carousels": sum(outcome.contexts.values()),
        },
        "carousels_by_context": dict(sorted(outcome.contexts.items())),
        "rejected": checked.rejected,
        "findings": [str(finding) for finding in checked.findings],
        "unknown_skills": gathered.unknown_skills[:20],
        "tagging": tags.report,
        "seconds": clock.seconds,
    }
