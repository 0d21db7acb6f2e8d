"""kernel.recommend: member documents in, recommendations out. No clock, no file, no environment, no random draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.contexts.kinds import LABELS, Context
from skillfirst.errors import UsageError
from skillfirst.feedback.cool_off import rest_members
from skillfirst.feedback.impressions import exposures, seconds_now
from skillfirst.kernel.arms import by_policy
from skillfirst.kernel.catalogue import primary
from skillfirst.kernel.infer import infer
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.tables.schemas import RECOMMENDATIONS, Source
from skillfirst.tables.sparse import first_of_list, list_parts, to_lists

CHANNELS = ("feed", "home")
ROWS = 4_096  # members whose output stands in memory at once, a thread: about 150 bytes a shown course
DAY = 86_400

Array = npt.NDArray[Any]


def recommend(
    members: pa.RecordBatch, model: Model, channels: Sequence[str] = CHANNELS, policy: Policy | None = None
) -> pa.RecordBatch:
    """Recommendations (RECOMMENDATIONS schema), one row a member and channel, members in the order given.

    `members`: DOCUMENT columns, with the INFERRED ones or without (they are inferred then). `policy`: one for all,
    instead of the Model's with the overrides of the members' arms. Equal input gives equal bytes in any batch size and engine.
    Raises UsageError for an unknown channel.
    """
    unknown = [c for c in channels if c not in CHANNELS]
    if unknown:
        raise UsageError(f"unknown channel '{unknown[0]}'", next_step=f"Known: {', '.join(CHANNELS)}.")
    if "inferred_skill" not in members.schema.names:
        members = infer(members, model, policy)

    def work(batch: pa.RecordBatch, theirs: Policy) -> pa.RecordBatch:
        return _recommend(batch, model, channels, theirs)

    parts = [
        by_policy(members.slice(at, ROWS), policy or model.policy, {} if policy else model.arms, work)
        for at in range(0, max(members.num_rows, 1), ROWS)
    ]
    return pa.concat_batches(parts) if len(parts) > 1 else parts[0]


def _recommend(batch: pa.RecordBatch, model: Model, channels: Sequence[str], policy: Policy) -> pa.RecordBatch:
    from skillfirst.kernel.member_loop import recommend_members

    members, views, opens = member_arrays(batch, model, policy)
    most = int(np.diff(members.skill_offsets).max(initial=0))
    busiest = int(np.diff(members.course_offsets).max(initial=0))
    scratch, desk = _working_memory(model, policy, most, busiest)
    rows = batch.num_rows
    page = policy.page
    feed = _out(rows, policy.list_length if "feed" in channels else 0)
    home = _out(rows, page.rows * page.row_length if "home" in channels else 0)
    recommend_members(
        model.layout, _shelves(model), views, opens, members, _rules(policy), scratch, desk, feed, home
    )  # fmt: skip
    tables = {"feed": feed, "home": home}
    lists = [_lists(tables[channel], model) for channel in channels]
    return _interleave(batch, model, channels, lists)


def member_arrays(batch: pa.RecordBatch, model: Model, policy: Policy) -> tuple[Any, Array, Array]:
    """(Members, views, opens) of a batch: what the loop reads of the documents."""
    from skillfirst.kernel.member_loop import Members

    now = seconds_now(batch)
    level = batch.column("level").fill_null(0).to_numpy(zero_copy_only=False).astype(np.int8)
    view, views, opens, language_codes = _views(batch, model, policy, now, level)
    title, target = first_of_list(batch.column("title")), first_of_list(batch.column("target_title"))
    skills = weighted_skills(batch, model, policy)
    course_offsets, course = _flat(batch, "course", np.int32)
    seen = exposures(batch, None, policy.discount)
    shelf, trend = _chains(batch, model, title, language_codes)
    resting = np.stack([rest_members(batch, policy.cool_off, c) for c in CHANNELS], axis=1)
    fades = policy.fatigue == "discount"
    members = Members(
        now=now, outlook=view, level=level, title=title, target=target, **skills,
        course_offsets=course_offsets, course=course,
        course_kind=_flat(batch, "course_kind", np.int8)[1], course_time=_flat(batch, "course_time", np.int64)[1],
        course_seconds=_flat(batch, "course_seconds", np.int32)[1],
        exposed_offsets=seen.offsets if fades else np.zeros_like(seen.offsets),
        exposed=seen.courses, exposure=seen.n, last_seen=seen.last_seen, seen_position=seen.position,
        active=seen.activity,
        shelf=shelf[0], shelf_context=shelf[1], shelf_evidence=shelf[2],
        trend=trend[0], trend_context=trend[1], trend_evidence=trend[2],
        resting=np.ascontiguousarray(resting),
    )  # fmt: skip
    return members, views, opens


def weighted_skills(batch: pa.RecordBatch, model: Model, policy: Policy) -> dict[str, Array]:
    """Every scored skill of every member with the two parts of its weight, ascending."""
    from skillfirst.ranking.affinity import weigh_skills

    explicit = _flat(batch, "skill", np.int32)
    inferred = _flat(batch, "inferred_skill", np.int32)
    wanted = _flat(batch, "wanted", np.int32)
    predicted = _flat(batch, "predicted_skill", np.int32)
    refused = _flat(batch, "refused", np.int32)
    most = sum(len(part[1]) for part in (explicit, inferred, wanted, predicted))
    offsets = np.zeros(batch.num_rows + 1, np.int64)
    skill, flags = np.empty(most, np.int32), np.empty(most, np.int32)
    held, want = np.empty(most, np.float64), np.empty(most, np.float64)
    source, want_source = np.empty(most, np.int32), np.empty(most, np.int32)
    made = weigh_skills(
        *explicit, _flat(batch, "skill_source", np.int16)[1],
        *inferred, _flat(batch, "inferred_weight", np.float32)[1], _flat(batch, "inferred_source", np.int16)[1],
        *wanted, *predicted, _flat(batch, "predicted_weight", np.float32)[1],
        _flat(batch, "predicted_source", np.int16)[1], *refused,
        model.arrays["idf_considered"], model.arrays["idf_floored"] if policy.rare_inferred == "floor" else model.arrays["idf_considered"],
        model.arrays["idf_floored"], policy.held, policy.wanted, int(Source.INTEREST),
        offsets, skill, held, want, flags, source, want_source,
    )  # fmt: skip
    return {
        "skill_offsets": offsets, "skill": skill[:made], "held": held[:made], "wanted": want[:made],
        "flags": flags[:made], "source": source[:made], "want_source": want_source[:made],
    }  # fmt: skip


def _flat(batch: pa.RecordBatch, name: str, dtype: type[np.generic]) -> tuple[Array, Array]:
    offsets, values = list_parts(batch.column(name))
    # a copy where Arrow's buffer is read-only: the compiled loop knows one type
    flat = np.array(values.to_numpy(zero_copy_only=False), dtype)
    return offsets, flat


def _views(
    batch: pa.RecordBatch, model: Model, policy: Policy, now: Array, level: Array
) -> tuple[Array, Array, Array, list[tuple[str, ...]]]:
    """Which bitmaps of open courses hold for each member, by languages, level and day; languages by member."""
    offsets, tags = list_parts(batch.column("languages"))
    primaries = {tag: primary(tag) for tag in tags.unique().to_pylist()}
    if len(tags):
        spoken = [primaries[t] for t in tags.to_pylist()]
    else:
        spoken = []
    bounds = offsets.tolist()
    languages = [
        tuple(dict.fromkeys(t for t in spoken[a:b] if t)) for a, b in zip(bounds[:-1], bounds[1:], strict=True)
    ]
    # the last second of a day still belongs to it: the night stands at midnight after its day
    days = ((now - 1) // DAY).tolist()
    places: dict[tuple[Any, ...], int] = {}
    view = np.empty(batch.num_rows, np.int32)
    for i, key in enumerate(zip(languages, level.tolist(), days, strict=True)):
        view[i] = places.setdefault(key, len(places))
    words = (len(model.courses) + 63) // 64
    views, opens = np.zeros((max(len(places), 1), words), np.uint64), np.zeros((max(len(places), 1), words), np.uint64)
    for (spoken_, level_, day), at in places.items():
        views[at], opens[at] = model.view(tuple(sorted(spoken_)), level_, day, policy)
    return view, views, opens, languages


def _chains(
    batch: pa.RecordBatch, model: Model, title: Array, languages: list[tuple[str, ...]]
) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
    """Shelves a member falls back on, first to last, and those the trending row backs off through.

    Fallback: the title's cohort, the industry, what trends, what is popular in the member's languages.
    """
    taxonomy, a = model.taxonomy, model.arrays
    rows = batch.num_rows
    industry = model.catalogue.industries.encode(batch.column("industry"))
    family = np.where(title >= 0, taxonomy.title_family[title], -1) if len(taxonomy.titles) else title
    trend = [
        (a["trending_title"][title], Context.TRENDING_TITLE, title),
        (a["trending_family"][family], Context.TRENDING_FAMILY, family),
        (a["trending_industry"][industry], Context.TRENDING_INDUSTRY, industry),
        (np.full(rows, a["trending_all"][0]), Context.TRENDING, np.full(rows, -1)),
    ]
    shelf = [
        (a["popular_title"][title], Context.POPULAR_TITLE, title),
        (a["popular_industry"][industry], Context.POPULAR_INDUSTRY, industry),
        *trend,
    ]
    known = {x: i for i, x in enumerate(model.catalogue.languages.ids.to_pylist())}
    tongues = np.full((rows, 3), -1, np.int32)
    for i, spoken in enumerate(languages):
        for j, tongue in enumerate([t for t in (*spoken, model.policy.language) if t in known][:3]):
            tongues[i, j] = known[tongue]
    for j in range(3):
        shelf.append((a["popular_language"][tongues[:, j]], Context.POPULAR, np.full(rows, -1)))
    return _stack(shelf, rows), _stack(trend, rows)


def _stack(chain: list[tuple[Array, Context, Array]], rows: int) -> tuple[Array, Array, Array]:
    shelves = np.stack([c[0] for c in chain], axis=1).astype(np.int32)
    contexts = np.tile(np.array([int(c[1]) for c in chain], np.int8), (rows, 1))
    evidence = np.stack([c[2] for c in chain], axis=1).astype(np.int32)
    return np.ascontiguousarray(shelves), contexts, np.ascontiguousarray(evidence)


def _rules(policy: Policy) -> Any:
    from skillfirst.kernel.member_loop import Rules

    page, watching = policy.page, policy.watching
    return Rules(
        k=policy.list_length, fill=policy.fill, fallback=policy.fallback == "on", rows=page.rows,
        row_length=page.row_length, row_least=page.row_least, watched_rows=page.watched, wanted_rows=page.wanted,
        skill_rows=page.skill, inferred_rows=page.inferred, new_days=page.new_days,
        spill_over=policy.discount.spill_over,
        watching=np.array([watching.seconds, watching.share, watching.mostly, watching.mostly_seconds]),
        discount=policy.discount.parameters(),
    )  # fmt: skip


def _shelves(model: Model) -> Any:
    from skillfirst.kernel.member_loop import Shelves

    a, catalogue = model.arrays, model.catalogue
    return Shelves(
        offsets=a["shelf_offsets"], course=a["shelf_course"], similar_offsets=a["similar_offsets"], similar=a["similar"],
        group=a["group"], group_offsets=a["group_offsets"], group_course=a["group_course"],
        level=_constant(catalogue.level), category=_constant(catalogue.category), created=_constant(catalogue.created),
        minutes=_constant(catalogue.minutes),
    )  # fmt: skip


def _constant(array: Array) -> Array:
    array = np.ascontiguousarray(array).view()
    array.flags.writeable = False
    return array


def _out(rows: int, width: int) -> Any:
    from skillfirst.kernel.member_loop import Out

    def new(dtype: type[np.generic]) -> Array:
        return np.zeros((rows, width), dtype)

    return Out(
        np.zeros(rows, np.int32), new(np.int32), new(np.float64), new(np.float64), new(np.int32), new(np.int16),
        new(np.int16), new(np.int8), new(np.int32),
    )  # fmt: skip


def _working_memory(model: Model, policy: Policy, most: int, busiest: int) -> tuple[Any, Any]:
    """Scratch and desk for this batch. A thread keeps none between batches: allocation is small beside scoring."""
    from skillfirst.kernel.member_loop import Desk
    from skillfirst.ranking.scratch import new_scratch

    most = max(most, 64)
    row = max(policy.page.row_length + 1, 64)
    desk = Desk(
        state_course=np.empty(busiest, np.int32), state=np.empty(busiest, np.int32),
        state_time=np.empty(busiest, np.int64), slot_context=np.zeros(most, np.int8),
        slot_evidence=np.zeros(most, np.int32), slot_order=np.zeros(most, np.int32),
        exercised=np.zeros(most, bool), watched=np.zeros(most, np.int32), watched_time=np.zeros(most, np.int64),
        row=np.empty(row, np.int32), keys=np.empty(row, np.int64), bits=np.zeros((most + 63) // 64, np.uint64),
        category_count=np.zeros(max(len(model.catalogue.categories), 1), np.int32),
    )  # fmt: skip
    return new_scratch(model.layout, most), desk


def _lists(out: Any, model: Model) -> dict[str, pa.ListArray]:
    """The filled parts of the output rows as list columns."""
    width = out.course.shape[1]
    filled = np.arange(width)[None, :] < out.count[:, None]
    offsets = np.zeros(len(out.count) + 1, np.int64)
    np.cumsum(out.count, out=offsets[1:])
    bucket = out.bucket[filled]
    context = out.context[filled]
    return {
        "course_id": to_lists(offsets, model.courses.dictionary(out.course[filled])),
        "affinity": to_lists(offsets, out.affinity[filled]),
        "score": to_lists(offsets, out.score[filled]),
        "bucket": to_lists(offsets, pa.array(bucket, mask=bucket == 0)),
        "carousel_rank": to_lists(offsets, out.rank[filled]),
        "position": to_lists(offsets, out.position[filled]),
        "context": to_lists(offsets, pa.DictionaryArray.from_arrays(context.astype(np.int32), pa.array(LABELS))),
        "context_evidence": to_lists(offsets, _evidence(context, out.evidence[filled], model)),
    }


def _evidence(context: Array, code: Array, model: Model) -> pa.DictionaryArray:
    """Evidence codes of many kinds as one dictionary over all ids a context can name; null where there is none."""
    vocabularies, start = model.evidence
    base = start[context]
    codes = np.where((base >= 0) & (code >= 0), base + code, -1).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), vocabularies)


def _interleave(
    batch: pa.RecordBatch, model: Model, channels: Sequence[str], lists: list[dict[str, pa.ListArray]]
) -> pa.RecordBatch:
    """Rows of one member stand together, channels in the order asked for."""
    rows, many = batch.num_rows, len(channels)
    order = pa.array(np.arange(rows * many).reshape(many, rows).T.ravel())
    member = pa.array(np.repeat(np.arange(rows), many))
    day = ((seconds_now(batch) - 1) // DAY).astype(np.int32)
    columns: dict[str, pa.Array] = {
        "member_id": batch.column("member_id").take(member),
        "channel": pa.array(list(channels) * rows, pa.string()),
        "arms": batch.column("arms").take(member),
        "day": pa.array(np.repeat(day, many)).cast(pa.date32()),
        "model_version": pa.array([model.version] * (rows * many), pa.string()),
    }
    for name in lists[0]:
        stacked = pa.concat_arrays([part[name] for part in lists]) if many > 1 else lists[0][name]
        columns[name] = stacked.take(order)
    arrays = [columns[f.name].cast(f.type) for f in RECOMMENDATIONS.schema]
    return pa.RecordBatch.from_arrays(arrays, schema=RECOMMENDATIONS.schema)
