"""The numbers of the manager's view, read from manifests, from a run's tables and from the event log."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import numpy as np
import pyarrow.compute as pc

from skillfirst.contexts.texts import text
from skillfirst.errors import NotFound, StoreError
from skillfirst.serve.service import Service
from skillfirst.skills.text import fold_name
from skillfirst.stores.offline import Run
from skillfirst.tables.sparse import list_parts

COUNTS = (
    ("members", "members"), ("served", "with recommendations"), ("personal", "with reasons of their own"),
    ("distinct_courses", "courses shown"), ("catalogue_courses", "courses"), ("carousels", "carousels"),
    ("events", "events read"),
)  # fmt: skip
DAYS = 28
MOST_RUNS = 14
MOST_LISTED = 60
KEPT = "figures"
MOST_MEANT = 8


def runs(service: Service) -> list[dict[str, Any]]:
    """The newest runs, newest first: numbers, change against the run before, and which one serves."""
    if service.offline is None:
        return []
    ids = service.offline.runs()[-MOST_RUNS - 1 :]
    opened: list[Run] = []
    for run_id in ids:
        try:
            opened.append(service.offline.open(run_id))
        except (NotFound, StoreError):  # pruned meanwhile
            continue
    serving, previous = service.online.serving(), service.online.previous()
    out = []
    for at, run in enumerate(opened):
        before = opened[at - 1].manifest["counts"] if at else {}
        counts = run.manifest["counts"]
        numbers = []
        for name, label in COUNTS:
            now, then = counts.get(name), before.get(name)
            change = now / then - 1 if now is not None and then else None
            numbers.append({"name": name, "label": label, "value": now, "change": change})
        out.append(
            {
                "run_id": run.run_id, "day": run.manifest["day"], "numbers": numbers,
                "seconds": sum(run.manifest.get("seconds", {}).values()), "model": run.manifest.get("model_version"),
                "personal_share": counts.get("personal", 0) / max(counts.get("served") or 0, 1),
                "serving": run.run_id == serving, "previous": run.run_id == previous,
            }
        )  # fmt: skip
    return out[::-1][:MOST_RUNS]


def coverage(service: Service) -> dict[str, Any]:
    """Courses nobody is shown, members on a fallback list, skills that members have and no course teaches."""
    serving = service.house.now_serving()
    return serving.keep((KEPT, "coverage"), lambda: _coverage(service))


def _coverage(service: Service) -> dict[str, Any]:
    serving = service.house.now_serving()
    model, counts = serving.model, serving.meta["counts"]
    shown = _shown(service, serving.version)
    cards = model.catalogue.cards
    never = [
        {"course_id": course, "title": title, "language": language, "retired": bool(retired)}
        for course, title, language, retired in zip(
            *(cards.column(c).to_pylist() for c in ("course_id", "title", "language", "retired")), strict=True
        )
        if shown is not None and course not in shown
    ]
    taught = np.bincount(model.catalogue.course_skills.indices, minlength=len(model.taxonomy))
    bare = np.flatnonzero((model.idf.members >= model.policy.inference.anonymity) & (taught == 0))
    bare = bare[np.argsort(-model.idf.members[bare], kind="stable")]
    served = counts.get("served") or 0
    return {
        "known": shown is not None, "never": never[:MOST_LISTED], "never_count": len(never), "courses": len(cards),
        "members": served, "fallback": served - counts.get("personal", 0),
        "fallback_share": serving.fallback_share,
        "bare": [
            {"name": model.taxonomy.names[int(s)], "members": int(model.idf.members[s])} for s in bare[:MOST_LISTED]
        ],
        "bare_count": len(bare),
        "most": [
            (cards.column("title")[model.courses.code(c)].as_py(), n) for c, n in (shown or Counter()).most_common(12)
        ],
    }  # fmt: skip


def _shown(service: Service, version: str) -> Counter[str] | None:
    """How many lists each course stands in; None where the run is not at hand."""
    if service.offline is None:
        return None
    try:
        run = service.offline.open(version)
    except (NotFound, StoreError):
        return None
    found: Counter[str] = Counter()
    for batch in run.table("recommendations", ["course_id"]):
        flat = list_parts(batch.column("course_id"))[1]
        for row in pc.value_counts(
            flat.dictionary_decode() if hasattr(flat, "dictionary_decode") else flat
        ).to_pylist():
            found[row["values"]] += row["counts"]
    return found


def carousels(service: Service) -> dict[str, Any]:
    """Per context: carousels of the serving run; impressions, clicks and click-through of the last four weeks."""
    serving = service.house.now_serving()
    made = Counter(serving.meta.get("carousels_by_context", {}))
    seen: Counter[str] = Counter()
    clicked: Counter[str] = Counter()
    if service.log is not None:
        since = service.clock() - dt.timedelta(days=DAYS)
        for batch in service.log.read(since=since):
            for kind, counter in (("impression", seen), ("click", clicked)):
                own = batch.column("context").filter(pc.equal(batch.column("kind"), kind)).drop_null()
                counter.update({row["values"]: row["counts"] for row in pc.value_counts(own).to_pylist()})
    rows = [
        {
            "context": name, "carousels": made[name],
            "text": text(name, None if name == "popular" else "…", "en", serving.model.popular_basis(name, None)),
            "impressions": seen[name], "clicks": clicked[name],
            "rate": clicked[name] / seen[name] if seen[name] else None,
        }
        for name in sorted({*made, *seen, *clicked})
        if name in made or seen[name] + clicked[name]
        if _is_context(name)
    ]  # fmt: skip
    rows.sort(key=lambda row: (-int(row["carousels"] or 0), str(row["context"])))
    return {"rows": rows, "days": DAYS, "impressions": sum(seen.values()), "clicks": sum(clicked.values())}


def _is_context(name: str) -> bool:
    from skillfirst.contexts.kinds import Context

    return name.upper() in Context.__members__


def courses_called(service: Service, text: str) -> list[dict[str, Any]]:
    """Courses of this id or title, else those whose titles contain the words; newest first, at most eight."""
    catalogue = service.house.now_serving().model.catalogue
    ids, titles = (catalogue.cards.column(name).to_pylist() for name in ("course_id", "title"))
    words = fold_name(text)
    rows = [{"course_id": i, "title": t, "folded": fold_name(t)} for i, t in zip(ids, titles, strict=True)]
    exact = [row for row in rows if row["course_id"] == text] or [row for row in rows if row["folded"] == words]
    return exact[:1] or [row for row in rows if words in row["folded"]][:MOST_MEANT]


def inspected(service: Service, member_id: str, course_id: str) -> dict[str, Any]:
    """A member's skills with every number and, for one course, why or why not. Raises NotFound, Refused."""
    from skillfirst.kernel.explain import explain_course, explain_member

    today = service.answers.today(member_id)
    model, policy = today.serving.model, today.policy
    course = explain_course(today.document, model, course_id, policy) if course_id else None
    if course is not None:
        course["language"] = model.catalogue.cards["language"][model.courses.code(course["course_id"])].as_py()
    return {
        "member": explain_member(today.document, model, policy), "known": today.known, "events": today.events,
        "course": course,
    }  # fmt: skip
