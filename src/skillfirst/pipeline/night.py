"""The night: sources in, carousels out. Stages hand over to one another here and nowhere else.

check -> taxonomy -> tag -> catalogue -> gather -> count -> Model -> recommend -> a whole run, or none
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.engines.base import Engine
from skillfirst.experiments.assignment import Experiment, arms_column
from skillfirst.ingest.checked import Checked
from skillfirst.ingest.decisions import kept_decisions
from skillfirst.ingest.documents import gather
from skillfirst.ingest.resolving import Resolvers
from skillfirst.kernel.arms import check_arms
from skillfirst.kernel.catalogue import build_catalogue
from skillfirst.kernel.fit import finish
from skillfirst.kernel.model import Model
from skillfirst.kernel.tag import TagResult, mentioned_skills
from skillfirst.pipeline.manifest import what_was_made, what_was_read
from skillfirst.pipeline.parts import part_writer, take_in
from skillfirst.pipeline.plan import EPOCH, Clock, Night, Progress, silent
from skillfirst.pipeline.sources import checked_tables, keep_rejects, workshop
from skillfirst.pipeline.tagging import keep_tagging, tag_with_people
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.skills.titles.resolving import match_titles
from skillfirst.stores.course_texts import write_course_texts
from skillfirst.stores.document_parts import DOCUMENTS
from skillfirst.stores.offline import REJECTS, OfflineStore, Run, RunWriter
from skillfirst.tables.outputs import COURSE_SKILLS, SKILL_IDF
from skillfirst.tables.vocabulary import Vocabulary


def run_night(night: Night, engine: Engine, progress: Progress = silent) -> Run:
    """Do the whole night; returns the committed run. Nothing of a night that fails is left behind.

    Raises DataError for unusable tables, RunError and StoreError for what hinders the run.
    """
    clock = Clock()
    check_arms(night.arms, night.policy)
    night = replace(night, store=night.store.absolute())  # workers elsewhere start in other directories
    store = OfflineStore(night.store)
    with store.begin(night.day) as writer, workshop(night.store) as work:
        progress("check", 0, 0)
        with clock.stage("check"):
            checked, log = checked_tables(night, store, work)
            decisions = kept_decisions(night.data, night.store)
        with clock.stage("tag"):
            taxonomy = read_taxonomy(checked.tables)
            tags = tag_with_people(checked.tables["courses"], taxonomy, night.tagging, decisions, store, engine.workers)
            catalogue = build_catalogue(
                checked.tables["courses"], taxonomy, tags.course_skills, industries(checked), night.policy.language
            )
        progress("gather", 0, checked.members)
        with clock.stage("gather"):
            gathered = gather(
                checked,
                resolvers(taxonomy, night.experiments),
                catalogue.courses,
                now=night.now,
                out_dir=writer.folder / DOCUMENTS,
                spread=engine.map,
            )
        with clock.stage("fit"):
            day = (night.day - EPOCH).days
            # what was counted is gone when the Model is there: samples of a million members
            model = finish(
                engine.count(gathered.parts, catalogue, night.policy), catalogue, night.policy, day, night.arms
            ).save(writer.folder / "model")
        with clock.stage("recommend"):
            sink = part_writer(writer, model, night.store_form)
            results = engine.recommend(gathered.parts, model, night.channels, sink, compact=sink.compact)
            outcome = take_in(results, writer, gathered.counts["members"], progress)
        with clock.stage("write"):
            _write_tables(writer, model, tags)
            keep_tagging(writer.folder / "tagging", tags)
            write_course_texts(writer.folder, checked.tables["courses"], catalogue.courses)
            keep_rejects(checked, writer.folder / REJECTS)
        said = {**what_was_read(night, checked, gathered, log), "tagging": tags.report}
        run = writer.commit({**said, **what_was_made(night, model, outcome, clock, engine, said)})
    store.keep_rejects(())
    store.prune(night.keep_runs)
    return run


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


def industries(checked: Checked) -> Vocabulary:
    """What members name as their industry."""
    found: set[str] = set()
    for number in range(checked.ranges):
        for path in checked.files("members", number):
            column = pq.read_table(path, columns=["industry"]).column("industry")
            found.update(x for x in pc.unique(column).to_pylist() if x)
    return Vocabulary.sorted(found)


def _write_tables(writer: RunWriter, model: Model, tags: TagResult) -> None:
    writer.table_writer("course_skills", COURSE_SKILLS.schema)
    writer.write_part("course_skills", 0, tags.course_skills)
    writer.table_writer("skill_idf", SKILL_IDF.schema)
    rarity = model.idf
    idf = pa.array(rarity.considered, mask=rarity.considered <= 0)
    rows = pa.table([model.taxonomy.skills.ids, pa.array(rarity.members), idf], schema=SKILL_IDF.schema)
    writer.write_part("skill_idf", 0, rows)
