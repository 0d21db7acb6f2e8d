"""The product's own night in the invented world: the recommender that `simulate` asks for pages.

Tables go through the same check, gather, fit and recommend as a real night's. What arms may vary is the Policy
(`policy.` settings) and the night itself (`night.tagger`, `night.wrong_tags`, `night.discount`); arms that ask for the
same night share one Model.
"""

from __future__ import annotations

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
from skillfirst.evaluation.trials import Trial
from skillfirst.feedback.discount import Discount
from skillfirst.feedback.exposed import log_of_events
from skillfirst.feedback.fit_discount import fit_discount
from skillfirst.ingest.checks import read
from skillfirst.ingest.documents import gather, read_part
from skillfirst.kernel.catalogue import build_catalogue
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend
from skillfirst.kernel.tag import TagSettings, tag
from skillfirst.pipeline import EPOCH, resolvers
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.schemas import COURSE_SKILLS, RECOMMENDATIONS
from skillfirst.tables.vocabulary import Vocabulary

# a network is trained for minutes; sixty nights of seven arms use the closed form instead
QUICK = Inference(net_skills=0, documents=5_000, calibration=2_000)
MAIL_LENGTH = 6  # courses of a digest
REFIT_DAYS = 7  # the fitted discount follows the log once a week, as a platform would
LEAST_IMPRESSIONS = 20_000  # under which fitting waits


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
    """Callable as `simulate` wants its night. `work`: a folder for tables and documents, emptied every night."""

    trial: Trial
    work: Path
    seed: int = 0
    policy: Policy = field(default_factory=lambda: Policy(inference=QUICK))
    taxonomy: Taxonomy = field(default_factory=Taxonomy.builtin)
    _tags: dict[tuple[str, float], pa.Table] = field(default_factory=dict)
    _fitted: dict[str, Discount] = field(default_factory=dict)
    _nights: int = 0

    def __call__(self, tables: Mapping[str, pa.Table], day: date, arms: pa.Table) -> pa.Table:
        """RECOMMENDATIONS rows of the pages asked for: member_id, channel, arm."""
        folder = self.work / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            pq.write_table(table, folder / f"{name}.parquet", compression="none")
        checked = read(folder, self.work / "checked", max_bad_share=1.0)
        now = (day - EPOCH).days * 86_400  # the night before this day's visits
        if self._nights % REFIT_DAYS == 0:
            self._refit(tables["events"])
        self._nights += 1
        wanted = {name: self._policy(name) for name in pc.unique(arms["arm"]).to_pylist()}
        out = []
        for variant in sorted({v for v, _ in wanted.values()}, key=str):
            own = [name for name, (v, _) in wanted.items() if v == variant]
            model, documents = self._model(checked, variant, now, day)
            for name in own:
                out.append(_pages(arms.filter(pc.equal(arms["arm"], name)), documents, model, wanted[name][1]))
        return pa.concat_tables(out) if out else pa.Table.from_batches([], RECOMMENDATIONS.schema)

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
        """Fit the discount of every arm that wants it to the log of all of them, when there is enough of it."""
        arms = [a.name for a in self.trial.arms if Variant.of(a.settings).discount == "fitted"]
        if arms and pc.sum(pc.equal(events["kind"], "impression")).as_py() >= LEAST_IMPRESSIONS:
            fit = fit_discount(log_of_events(events), self.policy.discount)
            if fit.accepted:
                self._fitted = dict.fromkeys(arms, fit.settings)

    def _model(self, checked: Any, variant: Variant, now: int, day: date) -> tuple[Model, pa.Table]:
        courses = checked.tables["courses"]
        tags = self._course_skills(courses, variant)
        industries = pc.unique(pc.drop_null(checked_column(checked, "industry"))).to_pylist()
        catalogue = build_catalogue(courses, self.taxonomy, tags, Vocabulary.sorted(industries), self.policy.language)
        gathered = gather(
            checked, resolvers(self.taxonomy), catalogue.courses, now=now, out_dir=self.work / "documents"
        )
        batches = [read_part(path) for path in gathered.parts]
        partials = [count(batch, catalogue, self.policy) for batch in batches]
        model = finish(partials, catalogue, self.policy, (day - EPOCH).days - 1)
        return model, pa.Table.from_batches(batches)

    def _course_skills(self, courses: pa.Table, variant: Variant) -> pa.Table:
        """The variant's tags of these courses; courses are tagged when they first appear."""
        key = (variant.tagger, variant.wrong_tags)
        known = self._tags.get(key)
        have = [] if known is None else pc.unique(known["course_id"]).to_pylist()
        new = courses.filter(pc.invert(pc.is_in(courses["course_id"], pa.array(have, pa.string()))))
        if known is None or len(new):
            fresh = self._tag(courses if known is None else new, courses, variant)
            known = fresh if known is None else pa.concat_tables([known, fresh])
            self._tags[key] = known
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


def checked_column(checked: Any, name: str) -> pa.ChunkedArray:
    """One column of all members."""
    parts = [pq.read_table(p, columns=[name])[name] for n in range(checked.ranges) for p in checked.files("members", n)]
    return pa.chunked_array([c for part in parts for c in part.chunks], pa.string())


def _tagged(courses: pa.Table) -> pa.Table:
    return courses.filter(pc.greater(pc.fill_null(pc.list_value_length(courses["skills"]), 0), 0))


def _pages(arms: pa.Table, documents: pa.Table, model: Model, policy: Policy) -> pa.Table:
    """Pages of one arm's members in the channels they come to."""
    out = []
    for channel in pc.unique(arms["channel"]).to_pylist():
        mine = arms.filter(pc.equal(arms["channel"], channel))["member_id"].combine_chunks()
        theirs = documents.filter(pc.is_in(documents["member_id"], mine)).combine_chunks()
        if not len(theirs):
            continue
        batch = theirs.to_batches()[0]
        if channel == "email":
            rows = recommend(batch, model, ["feed"], replace(policy, list_length=MAIL_LENGTH, fill=MAIL_LENGTH))
            at = rows.schema.get_field_index("channel")
            rows = rows.set_column(at, "channel", pa.array(["email"] * rows.num_rows, pa.string()))
        else:
            rows = recommend(batch, model, [channel], policy)
        out.append(pa.Table.from_batches([rows]))
    return pa.concat_tables(out) if out else pa.Table.from_batches([], RECOMMENDATIONS.schema)
