"""Only changed courses are tagged again: what a tagging remembers of itself, and what is still good of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.review import answers
from skillfirst.skills.taxonomy import Taxonomy

HASHES = pa.schema([("course_id", pa.string()), ("content_hash", pa.string())])


@dataclass(frozen=True, slots=True)
class Previous:
    """An earlier tagging: its candidates, the hash of each course's content, and the key of what it was made with."""

    candidates: pa.Table
    hashes: pa.Table
    key: str


def tagging_key(
    taxonomy: Taxonomy, labelled: CourseTexts, tags: list[list[str]], settings: str, decisions: pa.Table | None = None
) -> str:
    """Changes when the taxonomy, the labels, the settings or decisions that teach a model change: then every course is
    tagged again."""
    digest = hashlib.blake2b(settings.encode(), digest_size=16)
    tables = taxonomy.to_tables()
    for name in ("skills", "skill_labels"):
        for column in tables[name].columns:
            digest.update(repr(column.to_pylist()).encode())
    digest.update(repr(sorted(taxonomy.ambiguous)).encode())
    rows = zip(labelled.ids, labelled.content_hashes(), tags, strict=True)
    digest.update(repr(sorted((i, h, sorted(t)) for i, h, t in rows)).encode())
    if decisions is not None:
        digest.update(repr(sorted(answers(decisions).items())).encode())
    return digest.hexdigest()


def content_hashes(texts: CourseTexts, decisions: pa.Table | None = None) -> pa.Table:
    """HASHES of these courses; what people decided about a course is part of its hash."""
    hashes = texts.content_hashes()
    if decisions is not None and len(decisions):
        decided: dict[str, list[tuple[str, str]]] = {}
        for (course_id, skill_id), answer in sorted(answers(decisions).items()):
            decided.setdefault(course_id, []).append((skill_id, answer))
        hashes = [
            hashlib.blake2b(f"{old}{decided[i]!r}".encode(), digest_size=16).hexdigest() if i in decided else old
            for i, old in zip(texts.ids, hashes, strict=True)
        ]
    return pa.table([pa.array(texts.ids, pa.string()), pa.array(hashes, pa.string())], schema=HASHES)


def unchanged(previous: Previous | None, hashes: pa.Table, key: str) -> pa.Array:
    """Ids of the courses whose earlier candidates still hold."""
    if previous is None or previous.key != key:
        return pa.array([], pa.string())
    now = pc.binary_join_element_wise(hashes["course_id"], hashes["content_hash"], "\x1f")
    then = pc.binary_join_element_wise(previous.hashes["course_id"], previous.hashes["content_hash"], "\x1f")
    ids = hashes["course_id"].filter(pc.is_in(now, then))
    return ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
