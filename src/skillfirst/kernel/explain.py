"""kernel.explain: why this course, or why not, with every number; nothing here decides, it reads what was decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from skillfirst.errors import NotFound
from skillfirst.feedback.impressions import exposures, seconds_now
from skillfirst.kernel.catalogue import UNDATED
from skillfirst.kernel.infer import infer
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import DAY, member_arrays, recommend, weighted_skills
from skillfirst.ranking.layout import Layout
from skillfirst.tables.languages import primary
from skillfirst.tables.member_document import Source
from skillfirst.tables.sparse import list_parts


def explain_member(member: pa.RecordBatch, model: Model, policy: Policy | None = None) -> dict[str, Any]:
    """What is known of a member (a batch of one) and what each skill weighs.

    `skills`: one a skill, heaviest first: id, name, held (1 explicit, else probability), idf, wanted, weight and the
    sources. `ignored`: explicit skills under the support floor, too rare here to compare members by, which the formula
    does not consider (`policy.rare_explicit`); what the member refused is neither.
    """
    policy = policy or model.policy
    member = with_inference(member, model)
    taxonomy, rarity = model.taxonomy, model.idf
    parts = weighted_skills(member, model, policy)
    explicit, refused = (set(list_parts(member.column(name))[1].to_pylist()) for name in ("skill", "refused"))
    skills = []
    for s, held, wanted, flags, source, want_source in zip(
        *(parts[name].tolist() for name in ("skill", "held", "wanted", "flags", "source", "want_source")), strict=True
    ):
        dropped = policy.rare_explicit == "drop" and flags & 1 and not flags & 2
        idf = float(rarity.considered[s] if dropped else rarity.floored[s])
        skills.append(
            {
                "skill_id": taxonomy.skills[s],
                "name": taxonomy.names[s],
                "held": held / (policy.held * idf) if held else 0.0,
                "idf": idf,
                "members": int(rarity.members[s]),
                "wanted": wanted / policy.wanted if wanted else 0.0,
                "weight": held + wanted,
                "sources": sources(source | want_source),
            }
        )
    skills.sort(key=lambda row: (-row["weight"], row["skill_id"]))
    scored = set(parts["skill"].tolist())
    ignored = [
        {"skill_id": taxonomy.skills[s], "name": taxonomy.names[s], "members": int(rarity.members[s])}
        for s in sorted(explicit - scored - refused)
    ]
    return {
        "member_id": member.column("member_id")[0].as_py(),
        "population": rarity.population,
        "floor": rarity.floor,
        "skills": skills,
        "ignored": ignored,
    }


def explain_course(
    member: pa.RecordBatch, model: Model, course_id: str, policy: Policy | None = None
) -> dict[str, Any]:
    """Why a course is (or is not) recommended to a member (a batch of one).

    Keys: response (see there), matched (skill, weights, contribution, and the tag's source and evidence; heaviest
    first; a course's weight is that of the tag times the response), affinity, exposure and factor, score, bucket
    (number, matched set, courses), turn, feed (position or null), home (row, position, context or null), filters
    (reasons that keep it out, in words; none where it stands in the list or on the page). Raises NotFound for a
    course not in the Model.
    """
    policy = policy or model.policy
    member = with_inference(member, model)
    code = model.courses.code(course_id)
    if code < 0:
        raise NotFound(f"there is no course '{course_id}' in this run", next_step="See: skillfirst export.")
    every = replace(policy, list_length=max(len(model.courses), 1), fallback="none")
    order = recommend(member, model, ["feed"], every).to_pylist()[0]
    shown = recommend(member, model, ["feed", "home"], policy).to_pylist()
    weights = {row["skill_id"]: row["weight"] for row in explain_member(member, model, policy)["skills"]}
    matched = _contributions(model, model.layout_for(policy), code, weights)
    at = order["course_id"].index(course_id) if course_id in order["course_id"] else None
    feed, home = _place(shown[0], course_id), _place(shown[1], course_id)
    stands = feed is not None or home is not None
    seen = exposures(member, None, policy.discount).row(0) if policy.fatigue == "discount" else {}
    out: dict[str, Any] = {
        "member_id": order["member_id"], "course_id": course_id, "title": model.catalogue.cards["title"][code].as_py(),
        "response": response(model, code, policy),
        "matched": matched, "affinity": sum(row["contribution"] for row in matched), "exposure": seen.get(code, 0.0),
        "score": None, "factor": None, "bucket": None, "turn": None, "rank": None,
        "filters": [] if stands else filters(member, model, code, policy), "feed": feed, "home": home,
    }  # fmt: skip
    if at is not None:
        number = order["bucket"][at]
        out.update(
            affinity=order["affinity"][at], score=order["score"][at],
            factor=order["score"][at] / order["affinity"][at] if order["affinity"][at] else None,
            bucket={
                "number": number, "skills": [row["skill_id"] for row in matched],
                "courses": order["bucket"].count(number),
            },
            turn=order["bucket"][: at + 1].count(number), rank=at + 1,
        )  # fmt: skip
        if not stands and not out["filters"]:
            out["filters"] = [f"stands at place {at + 1} of the list, which shows {policy.list_length}"]
    elif not stands and not matched and not out["filters"]:
        out["filters"] = ["teaches none of the member's skills"]
    return out


def _contributions(model: Model, layout: Layout, code: int, weights: dict[str, float]) -> list[dict[str, Any]]:
    catalogue = model.catalogue
    first, last = catalogue.course_skills.offsets[code : code + 2]
    tag = dict(zip(catalogue.course_skills.indices[first:last].tolist(), range(first, last), strict=True))
    rows = []
    for i in range(int(layout.record_offsets[code]), int(layout.record_offsets[code + 1])):
        if layout.record_weight[i] <= 0:
            continue
        skill = model.taxonomy.skills[int(layout.record_skill[i])]
        if skill in weights:
            taught = float(layout.record_weight[i])
            rows.append(
                {
                    "skill_id": skill, "name": model.taxonomy.names[int(layout.record_skill[i])],
                    "member_weight": weights[skill], "course_weight": taught, "contribution": weights[skill] * taught,
                    **catalogue.sources.slice(tag[int(layout.record_skill[i])], 1).to_pylist()[0],
                }
            )  # fmt: skip
    return sorted(rows, key=lambda row: (-row["contribution"], row["skill_id"]))


def filters(member: pa.RecordBatch, model: Model, code: int, policy: Policy) -> list[str]:
    """What keeps a course from this member, in words; empty when nothing does."""
    from skillfirst.feedback.interactions import COMPLETED, IN_PROGRESS, RESTING, course_states

    catalogue = model.catalogue
    members, views, opens = member_arrays(member, model, policy)
    out = []
    if catalogue.retired[code]:
        out.append("is retired")
    day = int((seconds_now(member)[0] - 1) // DAY)
    if catalogue.created[code] != UNDATED and catalogue.created[code] > day:
        out.append("is not yet open on this day")
    spoken = tuple(dict.fromkeys(primary(tag) for tag in member.column("languages")[0].as_py() or []))
    if catalogue.languages[int(catalogue.language[code])] not in model.tongues(spoken, day, policy):
        out.append("is in a language the member does not learn in")
    n = max(len(members.course), 1)
    course, state, time = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int64)
    found = course_states(
        members.course, members.course_kind, members.course_time, members.course_seconds, 0, len(members.course),
        catalogue.minutes, policy.watching.parameters(), int(seconds_now(member)[0]),
        policy.discount.dismiss_rest_seconds, course, state, time,
    )  # fmt: skip
    mine = dict(zip(course[:found].tolist(), state[:found].tolist(), strict=True))
    if mine.get(code, 0) & RESTING:
        if mine[code] & COMPLETED:
            out.append("was completed")
        elif mine[code] & IN_PROGRESS:
            out.append("is in progress: it stands under Continue")
        else:
            out.append("was dismissed, or the member is enrolled")
    group = model.arrays["group"][code]
    is_open = opens[0][code >> 6] >> np.uint64(code & 63) & np.uint64(1)
    stands = views[0][code >> 6] >> np.uint64(code & 63) & np.uint64(1)
    if group >= 0 and is_open and not stands and not out:
        out.append("another version or level of the same course stands for it")
    if model.arrays["twin"][code] >= 0 and not is_open and not out:
        out.append("its translation into a language the member named earlier stands for it")
    return out


def response(model: Model, code: int, policy: Policy) -> dict[str, float] | None:
    """`factor`: how people take up this course beside others shown in the same places, what its weights are multiplied
    by; `clicks`: from how many on all courses this was learned. None where nothing was learned, or the policy does
    not ask for it."""
    learned = model.response if policy.response == "learned" else None
    if learned is None:
        return None
    return {"factor": float(learned.of_courses()[code]), "clicks": float(learned.clicks)}


def _place(row: dict[str, Any], course_id: str) -> dict[str, Any] | None:
    if course_id not in row["course_id"]:
        return None
    at = row["course_id"].index(course_id)
    names = ("carousel_rank", "position", "context", "context_evidence")
    return {name: row[name][at] for name in names}


def sources(bits: int) -> list[str]:
    """Names of the sources of a skill, as in Source."""
    return [s.name.lower() for s in Source if bits & s]


def with_inference(member: pa.RecordBatch, model: Model) -> pa.RecordBatch:
    """The member with INFERRED columns, inferred now where they are missing."""
    return member if "inferred_skill" in member.schema.names else infer(member, model)
