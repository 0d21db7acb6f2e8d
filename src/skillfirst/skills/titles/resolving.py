"""Title texts of profiles to titles: a known name is one title, what people write otherwise a distribution."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa

from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.skills.titles.matcher import TitleMatcher


@lru_cache(maxsize=4)
def title_matcher(taxonomy: Taxonomy) -> TitleMatcher:
    """The matcher of a taxonomy in use, fitted once."""
    return TitleMatcher.fit(taxonomy.title_names, taxonomy.title_aliases)


def match_titles(texts: pa.Array, taxonomy: Taxonomy) -> tuple[list[list[int]], list[list[float]]]:
    """(title codes by falling weight, weights) of each text; both empty where nothing is near."""
    codes = taxonomy.resolve_titles(texts)
    found = [[int(c)] if c >= 0 else [] for c in codes]
    weights = [[1.0] if c >= 0 else [] for c in codes]
    unknown = np.flatnonzero(codes < 0)
    if len(unknown) and len(taxonomy.titles):
        near = title_matcher(taxonomy).match([t or "" for t in texts.take(pa.array(unknown)).to_pylist()])
        for i, own, shares in zip(unknown.tolist(), *near, strict=True):
            found[i], weights[i] = list(own), list(shares)
    return found, weights
