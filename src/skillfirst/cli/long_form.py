"""Recommendations as people read them: a row a shown course, with texts, matched skills and contributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.kernel.arms import group_by_policy
from skillfirst.kernel.infer import infer
from skillfirst.kernel.model import Model
from skillfirst.kernel.recommend import recommend, weighted_skills
from skillfirst.kernel.render import Renderer
from skillfirst.tables.sparse import list_parts, to_lists

LONG_FORM = pa.schema(
    [
        ("member_id", pa.string()),
        ("channel", pa.string()),
        ("carousel_rank", pa.int16()),  # row of the page, 0 in the feed
        ("position", pa.int16()),
        ("course_id", pa.string()),
        ("course_title", pa.string()),
        ("context", pa.string()),
        ("context_evidence", pa.string()),
        ("language", pa.string()),
        ("text", pa.string()),
        ("affinity", pa.float64()),
        ("score", pa.float64()),
        ("bucket", pa.int32()),
        ("skill_id", pa.list_(pa.string())),  # matched skills, ascending
        ("skill", pa.list_(pa.string())),  # their names in that language
        ("contribution", pa.list_(pa.float64())),  # member weight x course weight, together the affinity
    ]
)

Array = npt.NDArray[Any]


class LongForm:
    """The long form of one Model's recommendations. Memory: about 40 kB a member of a batch."""

    members_at_once = 512

    def __init__(self, model: Model) -> None:
        self.model = model
        self.renderer = Renderer(model)
        self.titles = model.catalogue.cards.column("title").combine_chunks().cast(pa.string())

    def rows(self, documents: pa.RecordBatch, channel: str | None = None) -> pa.RecordBatch:
        """LONG_FORM of these members, in their order. Recommends anew, which gives what the run holds."""
        model = self.model
        members = infer(documents, model)
        shown = recommend(members, model, [channel] if channel else ["feed", "home"])
        many = shown.num_rows // max(documents.num_rows, 1)
        offsets, flat = list_parts(shown.column("course_id"))
        lengths = np.diff(offsets)
        row = np.repeat(np.arange(shown.num_rows), lengths)
        course = model.courses.encode(flat.cast(pa.string())).astype(np.int64)
        languages = [self.renderer.language(spoken or []) for spoken in documents.column("languages").to_pylist()]
        language = [languages[i // many] for i in range(shown.num_rows)]
        each = [language[r] for r in row.tolist()]
        context, evidence = (
            list_parts(shown.column(name))[1].cast(pa.string()) for name in ("context", "context_evidence")
        )
        counted = np.asarray(list_parts(shown.column("affinity"))[1].to_numpy(zero_copy_only=False)) > 0
        skill_columns = self._contributions(members, row // many, course, counted, each)
        columns = {
            "member_id": shown.column("member_id").take(pa.array(row)),
            "channel": shown.column("channel").take(pa.array(row)),
            "course_id": flat.cast(pa.string()),
            "course_title": self.titles.take(pa.array(course)),
            "context": context,
            "context_evidence": evidence,
            "language": pa.array(each, pa.string()),
            "text": pa.array(self._texts(context.to_pylist(), evidence.to_pylist(), each), pa.string()),
            **{
                name: list_parts(shown.column(name))[1]
                for name in ("carousel_rank", "position", "affinity", "score", "bucket")
            },
            **skill_columns,
        }
        return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in LONG_FORM], schema=LONG_FORM)

    def _texts(self, context: Sequence[str], evidence: Sequence[str | None], language: Sequence[str]) -> list[str]:
        known: dict[tuple[str, str | None, str], str] = {}
        out = []
        for key in zip(context, evidence, language, strict=True):
            if key not in known:
                # "continue" names the course itself, which the card already shows
                known[key] = self.renderer.sentence(key[0], None if key[0] == "continue" else key[1], key[2])
            out.append(known[key])
        return out

    def _weights(self, members: pa.RecordBatch, width: int, owner: Array, record: Array) -> tuple[Array, Array, Array]:
        """By the Policy of each member's arms: (member x width + skill ascending, weight) of every scored skill, and
        the weights of course records as they count for the members in `owner`."""
        keys, weights = [], []
        taught = np.empty(len(record))
        for policy, rows in group_by_policy(members.column("arms"), self.model.policy, self.model.arms):
            weighed = weighted_skills(members.take(pa.array(rows)), self.model, policy)
            keys.append(np.repeat(rows, np.diff(weighed["offsets"])) * width + weighed["skill"])
            weights.append(weighed["held"] + weighed["wanted"])
            theirs = np.isin(owner, rows)
            taught[theirs] = np.asarray(self.model.layout_for(policy).record_weight)[record[theirs]]
        key, weight = np.concatenate([np.empty(0, np.int64), *keys]), np.concatenate([np.empty(0), *weights])
        order = np.argsort(key, kind="stable")
        return key[order], weight[order], taught

    def _contributions(
        self, members: pa.RecordBatch, owner: Array, course: Array, counted: Array, language: Sequence[str]
    ) -> dict[str, Any]:
        """The three skill columns: records of each shown course that meet a weighted skill of its member.

        `counted`: whether affinity brought the course here; a course to continue, or a popular one, matched nothing.
        """
        model = self.model
        layout, taxonomy = model.layout, model.taxonomy
        width = max(len(taxonomy), 1)
        start = np.asarray(layout.record_offsets)[course]
        many = np.asarray(layout.record_offsets)[course + 1] - start
        item = np.repeat(np.arange(len(course)), many)
        record = np.arange(len(item)) + np.repeat(start - (np.cumsum(many) - many), many)
        skill = np.asarray(layout.record_skill)[record].astype(np.int64)
        keys, weight, taught = self._weights(members, width, owner[item], record)
        wanted = owner[item] * width + skill
        at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        met = (keys[at] == wanted) & (taught > 0) & counted[item] if len(keys) else np.zeros(len(wanted), bool)
        item, skill, value = item[met], skill[met], weight[at[met]] * taught[met] if len(keys) else taught[met]
        order = np.lexsort((skill, item))
        item, skill, value = item[order], skill[order], value[order]
        offsets = np.searchsorted(item, np.arange(len(course) + 1))
        names = [taxonomy.name(s, language[i]) for s, i in zip(skill.tolist(), item.tolist(), strict=True)]
        return {
            "skill_id": to_lists(offsets, taxonomy.skills.decode(skill.astype(np.int32))),
            "skill": to_lists(offsets, pa.array(names, pa.string())),
            "contribution": to_lists(offsets, pa.array(value)),
        }
