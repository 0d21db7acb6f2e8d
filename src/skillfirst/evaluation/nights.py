"""The product's own night in the invented world: the recommender that `simulate` asks for pages.

Tables go through the same check, gather, fit and recommend as a real night's. What arms may vary is the Policy
(`policy.` settings) and the night itself (`night.tagger`, `night.wrong_tags`, `night.discount`); arms that ask for the
same night share one Model.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.errors import UsageError
from skillfirst.evaluation.trials import SKILLFIRST, Trial
from skillfirst.feedback.discount import Discount
from skillfirst.feedback.exposed import log_of_events
from skillfirst.feedback.fit_discount import fit_discount
from skillfirst.ingest.checked import Checked
from skillfirst.ingest.checks import read
from skillfirst.ingest.documents import gather, read_part
from skillfirst.kernel.catalogue import Catalogue, build_catalogue
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.fold import fold
from skillfirst.kernel.infer import infer
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend
from skillfirst.kernel.tag import TagSettings, tag
from skillfirst.pipeline import EPOCH, industries, resolvers
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.member_document import DOCUMENT
from skillfirst.tables.outputs import COURSE_SKILLS, RECOMMENDATIONS
from skillfirst.tables.vocabulary import Vocabulary

# a network is trained for minutes; sixty nights of seven arms use the closed form instead
QUICK = Inference(net_skills=0, documents=5_000, calibration=2_000)
MAIL_LENGTH = 6  # courses of a digest
REFIT_DAYS = 7  # the fitted discount follows the log once a week, as a platform would
LEAST_IMPRESSIONS = 20_000  # under which fitting waits
RETAG_DAYS = 14  # so often new courses that nobody tagged are read; tags by people count the same night


_NO_TAGS = COURSE_SKILLS.schema.empty_table()


@dataclass(frozen=True, slots=True)
class Variant:
    """What an arm's night does differently. `tagger`: auto (as a real night), human, alias or trained."""

    tagger: str = "auto"
    wrong_tags: float = 0.0
    discount: str = "as set"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Variant:
        known = {f"night.{name}": name for name in ("tagger", "wrong_tags", "discount")}
        given = {k: v for k, v in settings.items() if k.startswith("night.")}
        if unknown := sorted(set(given) - set(known)):
            raise UsageError(f"an arm of a trial cannot set {unknown[0]}", next_step=f"Known: {', '.join(known)}.")
        return cls(**{known[k]: v for k, v in given.items()})


@dataclass
class KernelNights:
    """Callable as `simulate` wants its night. `work`: a folder for tables and documents, emptied every night.

    `fit_days`: so often there is a whole night; 1 is what the product does. In between, events are folded into the
    documents as the service does by day and the Model of the last night answers: new courses wait for the next one, and
    so do what is popular and what trends, and skills added to a profile.
    `tags`: what was read of the courses so far; worlds of one seed may share it, their courses are the same.
    """

    trial: Trial
    work: Path
    seed: int = 0
    policy: Policy = field(default_factory=lambda: Policy(inference=QUICK))
    taxonomy: Taxonomy = field(default_factory=Taxonomy.builtin)
    fit_days: int = 1
    tags: dict[tuple[str, float, int], tuple[pa.Array, pa.Table]] = field(default_factory=dict)
    _models: dict[Variant, Model] = field(default_factory=dict)
    _documents: pa.Table = field(default_factory=DOCUMENT.empty_table)
    _since: int = 0
    _fitted: dict[str, Discount] = field(default_factory=dict)
    _nights: int = 0

    def __call__(self, tables: Mapping[str, pa.Table], day: date, arms: pa.Table) -> pa.Table:
        """RECOMMENDATIONS rows of the pages asked for: member_id, channel, arm."""
        now = (day - EPOCH).days * 86_400  # the night before this day's visits
        if self._nights % REFIT_DAYS == 0:
            self._refit(tables["events"])
        members = pc.unique(arms["member_id"])
        if self._nights % self.fit_days == 0:
            self._fit(tables, day, now)
            documents = chosen(self._documents, members)
        else:
            documents = self._folded(tables, members, now)
        self._nights += 1
        out = []
        for name in sorted(pc.unique(arms["arm"]).to_pylist()):
            variant, policy = self._policy(name)
            out.append(_pages(arms.filter(pc.equal(arms["arm"], name)), documents, self._models[variant], policy))
        return pa.concat_tables(out) if out else pa.Table.from_batches([], RECOMMENDATIONS.schema)

    def _fit(self, tables: Mapping[str, pa.Table], day: date, now: int) -> None:
        """A whole night: tables checked and gathered, the Models of all variants fitted."""
        checked = self._checked(tables)
        variants = [self._policy(arm.name)[0] for arm in self.trial.arms if arm.policy == SKILLFIRST]
        catalogues = {v: self._catalogue(checked, v) for v in variants}
        batches = self._gathered(checked, catalogues[variants[0]].courses, now)
        self._models = {v: self._model(c, batches, day) for v, c in catalogues.items()}
        self._documents = pa.Table.from_batches(batches)
        self._since = now

    def _folded(self, tables: Mapping[str, pa.Table], members: pa.Array, now: int) -> pa.Table:
        """Documents of these members between fits: the last night's, with what happened since folded in."""
        model = next(iter(self._models.values()))
        new = members.filter(pc.invert(pc.is_in(members, self._documents["member_id"].combine_chunks())))
        if len(new):
            profiles = {name: tables[name].filter(pc.is_in(tables[name]["member_id"], new))
                        for name in ("members", "member_skills")}  # fmt: skip
            checked = self._checked({"courses": tables["courses"].slice(0, 1), **profiles})
            joined = self._gathered(checked, model.courses, now)
            self._documents = pa.concat_tables([self._documents, pa.Table.from_batches(joined)]).sort_by("member_id")
        events = tables["events"]
        moment = pa.scalar(self._since * 1_000_000).cast(pa.timestamp("us", "UTC"))
        today = pc.and_(pc.greater_equal(events["time"], moment), pc.is_in(events["member_id"], members))
        mine = chosen(self._documents, members).combine_chunks().to_batches()
        return pa.Table.from_batches([fold(mine[0], events.filter(today), now, model)] if mine else [], DOCUMENT)

    def _checked(self, tables: Mapping[str, pa.Table]) -> Checked:
        folder = self.work / "tables"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, table in tables.items():
            pq.write_table(table, folder / f"{name}.parquet", compression="none")
        return read(folder, self.work / "checked", max_bad_share=1.0, threads=1)

    def _gathered(self, checked: Checked, courses: Vocabulary, now: int) -> list[pa.RecordBatch]:
        found = gather(checked, resolvers(self.taxonomy), courses, now=now, out_dir=self.work / "documents", threads=1)
        # copied out of the mapped files, which the next night overwrites
        return [pa.RecordBatch.from_arrays(batch.take(np.arange(len(batch))).columns, schema=batch.schema)
                for batch in map(read_part, found.parts)]  # fmt: skip

    def _policy(self, name: str) -> tuple[Variant, Policy]:
        settings = self.trial.arm(name).settings
        variant = Variant.of(settings)
        policy = self.policy.with_settings(
            {k.removeprefix("policy."): v for k, v in settings.items() if k.startswith("policy.")}
        )
        if variant.discount == "fitted" and name in self._fitted:
            policy = replace(policy, discount=self._fitted[name])
        return replace(variant, discount="as set"), policy

    def _refit(self, events: pa.Table) -> None:
        """Fit the discount of every arm that wants it to the log of this trial's pages, when there is enough of it.

        The old front page is left out: what a recommender shows again fits better than what that page showed once, and
        the fit would take the difference for a gain by repetition.
        """
        events = events.filter(pc.is_valid(events["arms"]))
        arms = [a.name for a in self.trial.arms if Variant.of(a.settings).discount == "fitted"]
        shown = pc.sum(pc.equal(events["kind"], "impression")).as_py() or 0
        if arms and shown >= LEAST_IMPRESSIONS:
            fit = fit_discount(log_of_events(events), self.policy.discount)
            if fit.accepted:
                self._fitted = dict.fromkeys(arms, fit.settings)

    def _catalogue(self, checked: Checked, variant: Variant) -> Catalogue:
        courses = checked.tables["courses"]
        tags = self._course_skills(courses, variant)
        return build_catalogue(courses, self.taxonomy, tags, industries(checked), self.policy.language)

    def _model(self, catalogue: Catalogue, batches: list[pa.RecordBatch], day: date) -> Model:
        partials = [count(batch, catalogue, self.policy) for batch in batches]
        return finish(partials, catalogue, self.policy, (day - EPOCH).days - 1)

    def _course_skills(self, courses: pa.Table, variant: Variant) -> pa.Table:
        """The variant's tags of these courses; a course's tags stay as they were when it was first read.

        Reading texts takes longer than all the rest of a night: between the weekly readings a new course has the tags
        people gave it, where the variant believes them, or none.
        """
        reading = self._nights // RETAG_DAYS
        before, now = ((variant.tagger, variant.wrong_tags, n) for n in (reading - 1, reading))
        read, known = self.tags.get(now) or self.tags.get(before) or (pa.array([], pa.string()), _NO_TAGS)
        new = courses.filter(pc.invert(pc.is_in(courses["course_id"], read)))
        if now not in self.tags:
            known = pa.concat_tables([known, self._tag(new, courses, variant)]) if len(new) else known
            self.tags[now] = pa.concat_arrays([read, new["course_id"].combine_chunks()]), known
        elif len(tagged := _tagged(new)) and variant.tagger in ("auto", "human"):
            known = pa.concat_tables([known, self._tag(tagged, tagged, replace(variant, tagger="human"))])
        return known.filter(pc.is_in(known["course_id"], courses["course_id"].combine_chunks()))

    def _tag(self, wanted: pa.Table, courses: pa.Table, variant: Variant) -> pa.Table:
        if variant.tagger == "human":
            tags = tag(_tagged(wanted), self.taxonomy, settings=TagSettings()).course_skills
        elif variant.tagger == "alias":
            tags = tag(wanted, self.taxonomy, settings=TagSettings(own_tags=False)).course_skills
        elif variant.tagger in ("auto", "trained"):
            own = variant.tagger == "auto"
            tags = tag(wanted, self.taxonomy, labels=_tagged(courses), settings=TagSettings(own_tags=own)).course_skills
        else:
            raise UsageError(f"there is no tagger {variant.tagger!r} in a trial")
        return self._spoil(tags, variant.wrong_tags)

    def _spoil(self, tags: pa.Table, share: float) -> pa.Table:
        """Replace a share of the tags by skills drawn at random, the same ones every night."""
        if not share or not len(tags):
            return tags
        from skillfirst.skills.inference.sampling import hash_ids

        pair = pc.binary_join_element_wise(tags["course_id"], tags["skill_id"], str(self.seed), "|")
        hashes = hash_ids(pair.combine_chunks())
        wrong = (hashes % np.uint64(10_000)) < np.uint64(round(share * 10_000))
        other = (hashes >> np.uint64(20)) % np.uint64(len(self.taxonomy))
        right = self.taxonomy.skills.encode(tags["skill_id"])
        skills = self.taxonomy.skills.decode(np.where(wrong, other.astype(np.int64), right))
        return tags.set_column(tags.column_names.index("skill_id"), "skill_id", skills).cast(COURSE_SKILLS.schema)


def _tagged(courses: pa.Table) -> pa.Table:
    return courses.filter(pc.greater(pc.fill_null(pc.list_value_length(courses["skills"]), 0), 0))


def chosen(documents: pa.Table, members: pa.Array) -> pa.Table:
    """The documents of these members."""
    return documents.filter(pc.is_in(documents["member_id"], members))


def _pages(arms: pa.Table, documents: pa.Table, model: Model, policy: Policy) -> pa.Table:
    """Pages of one arm's members in the channels they come to; one who comes to two has both."""
    theirs = chosen(documents, pc.unique(arms["member_id"])).combine_chunks()
    if not len(theirs):
        return pa.Table.from_batches([], RECOMMENDATIONS.schema)
    batch = infer(theirs.to_batches()[0], model, policy)
    asked = pc.unique(arms["channel"]).to_pylist()
    out = []
    if visited := [channel for channel in asked if channel != "email"]:
        pages = recommend(batch, model, visited, policy)
        # who comes where
        keys = pc.binary_join_element_wise(arms["channel"], arms["member_id"], " ").combine_chunks()
        out.append(pages.filter(pc.is_in(pc.binary_join_element_wise(pages["channel"], pages["member_id"], " "), keys)))
    if "email" in asked:
        mailed = arms.filter(pc.equal(arms["channel"], "email"))["member_id"].combine_chunks()
        batch = batch.filter(pc.is_in(batch["member_id"], mailed))
        rows = recommend(batch, model, ["feed"], replace(policy, list_length=MAIL_LENGTH, fill=MAIL_LENGTH))
        at = rows.schema.get_field_index("channel")
        out.append(rows.set_column(at, "channel", pa.array(["email"] * rows.num_rows, pa.string())))
    return pa.Table.from_batches([row.cast(RECOMMENDATIONS.schema) for row in out], RECOMMENDATIONS.schema)
