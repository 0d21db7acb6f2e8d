"""Which skills a single file may be tagged with: a table of its own, or the built-in ones and what the labels name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from skillfirst.skills.taxonomy import Taxonomy


def taxonomy_for(skills: pa.Table | None, labels: pa.Table | None) -> Taxonomy:
    """A table of skills closes the vocabulary. Without one, tags of `labels` (a courses table) that the built-in
    taxonomy does not know become skills: the most frequent spelling is the name and the id."""
    from skillfirst.skills.taxonomy import Taxonomy

    if skills is not None:
        return Taxonomy.from_tables({"skills": skills})
    builtin = Taxonomy.builtin()
    if labels is None or "skills" not in labels.column_names:
        return builtin
    return _opened(builtin, labels["skills"])


def _opened(taxonomy: Taxonomy, tags: pa.ChunkedArray) -> Taxonomy:
    from collections import Counter

    import pyarrow as pa
    import pyarrow.compute as pc

    from skillfirst.skills.taxonomy import Taxonomy
    from skillfirst.skills.text import fold_name

    said = Counter(text.strip() for text in pc.list_flatten(tags).to_pylist() if text and text.strip())
    texts = list(said)
    codes = taxonomy.resolve(pa.array(texts, pa.string()))
    unknown = sorted((t for t, c in zip(texts, codes.tolist(), strict=True) if c < 0), key=lambda t: (-said[t], t))
    chosen: dict[str, str] = {}
    for text in unknown:
        chosen.setdefault(fold_name(text), text)
    names = sorted(text for key, text in chosen.items() if key)
    if not names:
        return taxonomy
    tables = taxonomy.to_tables()
    skills = tables["skills"]
    added = pa.table(
        {
            field.name: pa.array(names, field.type)
            if field.name in ("skill_id", "name")
            else pa.nulls(len(names), field.type)
            for field in skills.schema
        },
        schema=skills.schema,
    )
    return Taxonomy.from_tables({**tables, "skills": pa.concat_tables([skills, added])}, ambiguous=taxonomy.ambiguous)
