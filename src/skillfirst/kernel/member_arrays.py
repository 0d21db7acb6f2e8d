"""From member documents to the arrays the compiled loop reads; nothing here walks over members in Python."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.contexts.kinds import Context
from skillfirst.feedback.cool_off import rest_members
from skillfirst.feedback.impressions import exposures, seconds_now
from skillfirst.kernel.groups import Members
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.tables.documents import Documents
from skillfirst.tables.languages import primary
from skillfirst.tables.member_document import Source
from skillfirst.tables.sparse import list_parts
from skillfirst.tables.vocabulary import Vocabulary

CHANNELS = ("feed", "home")
DAY = 86_400
SURE = 0.5  # a guess among titles is never named
MOST_TONGUES = 4_096  # lists of languages of which chains are kept, 200 bytes each
TONGUES = 3  # languages of a member whose popular courses the fallback knows

TREND = (Context.TRENDING_TITLE, Context.TRENDING_FAMILY, Context.TRENDING_INDUSTRY, Context.TRENDING)
FIELDS = 6  # categories whose popular courses a page falls back on
SHELF = (
    Context.POPULAR_TITLE, Context.POPULAR_INDUSTRY, *TREND, *[Context.POPULAR] * TONGUES,
    *[Context.POPULAR_CATEGORY] * FIELDS,
)  # fmt: skip
TREND_CONTEXTS, SHELF_CONTEXTS = (np.array([int(c) for c in chain], np.int8) for chain in (TREND, SHELF))

Array = npt.NDArray[Any]
_NONE, _FIRST = np.int32(-1), np.zeros(1, np.int32)
_STATED = int(Source.INTEREST)


def member_arrays(batch: pa.RecordBatch | Documents, model: Model, policy: Policy) -> tuple[Members, Array, Array]:
    """(Members, views, opens) of a batch: what the loop reads of the documents."""
    documents = Documents.of(batch)
    rows, lists = documents.num_rows, documents.lists
    now, level = seconds_now(documents), documents.numbers("level")
    languages, spoken = _languages(documents, model.catalogue.languages)
    outlook, views, opens = _views(model, policy, languages, spoken, now, level)
    title, target = named_title(documents, "title"), named_title(documents, "target_title")
    skills = weighted_skills(documents, model, policy)
    course_offsets, course = lists("course")
    seen = exposures(documents, None, policy.discount)
    shelf, trend = _chains(documents, model, title, languages, spoken)
    resting = np.empty((rows, len(CHANNELS)), bool)
    for place, channel in enumerate(CHANNELS):
        resting[:, place] = rest_members(documents, policy.cool_off, channel)
    fades = policy.fatigue == "discount"
    members = Members(
        rows=rows, now=now, outlook=outlook, views=views, opens=opens, level=level, title=title, target=target,
        skill_offsets=skills.pop("offsets"), **skills,
        course_offsets=course_offsets, course=course,
        course_kind=lists("course_kind")[1], course_time=lists("course_time")[1],
        course_seconds=lists("course_seconds")[1],
        exposed_offsets=seen.offsets if fades else np.zeros_like(seen.offsets),
        exposed=seen.courses, exposure=seen.n, last_seen=seen.last_seen, seen_position=seen.position,
        active=seen.activity,
        shelves=len(SHELF), shelf=shelf[0], shelf_context=SHELF_CONTEXTS, shelf_evidence=shelf[1],
        trends=len(TREND), trend=trend[0], trend_context=TREND_CONTEXTS, trend_evidence=trend[1],
        resting=resting.view(np.uint8),
    )  # fmt: skip
    return members, views, opens


def named_title(documents: Documents, name: str) -> Array:
    """The title a reason may name: the likeliest one if it is likelier than not, else -1; int32 by row."""
    title, weight = documents.first(name), documents.first(f"{name}_weight")
    return np.where(weight >= SURE, title, _NONE)


def weighted_skills(batch: pa.RecordBatch | Documents, model: Model, policy: Policy) -> dict[str, Array]:
    """Every scored skill of every member with the two parts of its weight, ascending (fields of Weighed)."""
    Profiles, weigh_skills = _weighing()
    lists = Documents.of(batch).lists
    floored = model.arrays["idf_floored"]
    explicit, inferred = (
        floored if rare == "floor" else model.arrays["idf_considered"]
        for rare in (policy.rare_explicit, policy.rare_inferred)
    )
    weighed = weigh_skills(
        Profiles(
            batch.num_rows, *lists("skill"), lists("skill_source")[1],
            *lists("inferred_skill"), lists("inferred_weight")[1], lists("inferred_source")[1],
            *lists("wanted"), *lists("predicted_skill"), lists("predicted_weight")[1], lists("predicted_source")[1],
            *lists("refused"), explicit, inferred, floored,
            policy.held, policy.wanted, _STATED,
        )
    )  # fmt: skip
    return weighed._asdict()  # type: ignore[no-any-return]


@cache
def _weighing() -> tuple[Any, Any]:
    """What loads the compiler, when somebody scores."""
    from skillfirst.ranking.affinity import Profiles, weigh_skills

    return Profiles, weigh_skills


def _distinct(keys: Array) -> tuple[Array, Array]:
    """(row of the first of each distinct key, int32 number of each row's key) of int64 keys."""
    if len(keys) and (keys[0] == keys).all():
        return np.zeros(1, np.int64), np.zeros(len(keys), np.int32)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first, inverse.astype(np.int32)


def _languages(documents: Documents, taught: Vocabulary) -> tuple[Array, list[tuple[str, ...]]]:
    """(number by row, the languages under each number): primary subtags, each once, in the member's order; only those
    in which something is `taught`."""
    rows = documents.num_rows
    if rows == 1:
        return _FIRST, [_subtags(map(primary, documents.one["languages"]), taught)]
    offsets, tags = list_parts(documents.batch.column("languages"))
    if not len(tags):
        return np.zeros(rows, np.int32), [()]
    encoded = tags.dictionary_encode()
    subtags = [primary(tag) for tag in encoded.dictionary.to_pylist()]
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64) + 1
    lengths = np.diff(offsets)
    number = np.zeros(rows, np.int64)
    for place in range(int(lengths.max(initial=0))):  # one more tag a round; lists so far keep their own number
        longer = lengths > place
        number *= len(subtags) + 1
        number[longer] += codes[offsets[:-1][longer] + place]
        first, dense = _distinct(number)
        number = dense.astype(np.int64)
    bounds = offsets.tolist()
    spoken = [
        _subtags((subtags[c] for c in (codes[bounds[row] : bounds[row + 1]] - 1).tolist()), taught)
        for row in first.tolist()
    ]
    return dense, spoken


def _subtags(tags: Iterable[str | None], taught: Vocabulary) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for tag in tags if tag and taught.code(tag) >= 0))


def _views(
    model: Model, policy: Policy, languages: Array, spoken: list[tuple[str, ...]], now: Array, level: Array
) -> tuple[Array, Array, Array]:
    """Which bitmaps of open courses hold for each member, by languages, level and day."""
    # the last second of a day still belongs to it: the night stands at midnight after its day
    if len(now) == 1:
        one, every = model.view(spoken[0], int(level[0]), (int(now[0]) - 1) // DAY, policy)
        return _FIRST, one[None, :], every[None, :]
    days = (now - 1) // DAY
    low = int(days.min(initial=2**40))
    span = int(days.max(initial=low)) - low + 1 if len(days) else 1
    first, outlook = _distinct((languages.astype(np.int64) * 128 + level) * span + (days - low))
    found = [
        model.view(spoken[languages[row]], int(level[row]), int(days[row]), policy)
        for row in first.tolist()
        if len(days)
    ]
    if not found:
        empty = np.zeros((1, (len(model.courses) + 63) // 64), np.uint64)
        return outlook, empty, empty
    if len(found) == 1:
        return outlook, found[0][0][None, :], found[0][1][None, :]
    return outlook, np.stack([view[0] for view in found]), np.stack([view[1] for view in found])


def _chains(
    documents: Documents, model: Model, title: Array, languages: Array, spoken: list[tuple[str, ...]]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """(shelves, evidence) a member falls back on, first to last, and those the trending row backs off through.

    Fallback: the title's cohort, the industry, what trends, what is popular in the member's languages, and in the
    fields most courses of the popular list are of.
    """
    taxonomy, a = model.taxonomy, model.arrays
    industry = documents.codes("industry", model.catalogue.industries)
    family = np.where(title >= 0, taxonomy.title_family[title], -1) if len(taxonomy.titles) else title
    common = [_common_chain(model, own) for own in spoken]
    shelf, evidence = (np.stack(chains)[languages] for chains in zip(*common, strict=True))
    shelf[:, 0], evidence[:, 0] = a["popular_title"][title], title
    shelf[:, 1], evidence[:, 1] = a["popular_industry"][industry], industry
    shelf[:, 2], evidence[:, 2] = a["trending_title"][title], title
    shelf[:, 3], evidence[:, 3] = a["trending_family"][family], family
    shelf[:, 4], evidence[:, 4] = a["trending_industry"][industry], industry
    return (shelf, evidence), (np.ascontiguousarray(shelf[:, 2:6]), np.ascontiguousarray(evidence[:, 2:6]))


_common: WeakKeyDictionary[Model, dict[tuple[str, ...], tuple[Array, Array]]] = WeakKeyDictionary()


def _common_chain(model: Model, own: tuple[str, ...]) -> tuple[Array, Array]:
    """(shelves, evidence) of a chain as far as they are the same for all who speak these languages, else -1."""
    made_before = _common.setdefault(model, {})
    if (kept := made_before.get(own)) is not None:  # another thread may clear them at any moment
        return kept
    a, shelf, evidence = model.arrays, np.full(len(SHELF), -1, np.int32), np.full(len(SHELF), -1, np.int32)
    shelf[5] = a["trending_all"][0]
    known = dict.fromkeys((*own, *model.platform(model.policy)))
    codes = [c for c in map(model.catalogue.languages.code, known) if c >= 0]
    tongues = np.full(TONGUES, -1, np.int32)
    tongues[: len(codes[:TONGUES])] = codes[:TONGUES]
    shelf[6 : 6 + TONGUES] = a["popular_language"][tongues]
    if (tongues >= 0).sum() > 1:  # one language goes without saying
        evidence[6 : 6 + TONGUES] = tongues
    fields = np.resize(np.append(a["top_categories"], np.full(FIELDS, -1)), FIELDS).astype(np.int32)
    shelf[6 + TONGUES :], evidence[6 + TONGUES :] = a["popular_category"][fields], fields
    if len(made_before) >= MOST_TONGUES:
        made_before.clear()
    made = made_before[own] = (shelf, evidence)
    return made
