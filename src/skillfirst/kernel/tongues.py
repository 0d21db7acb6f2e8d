"""Which languages somebody is taken to understand who names none in which anything is taught."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from skillfirst.tables.vocabulary import Vocabulary

COMMON = 0.5  # of the courses of the most common language: as many make another one a main language, too


def platform_tongues(
    languages: Vocabulary, courses: npt.NDArray[np.int64], platform: str, enough: float
) -> tuple[str, ...]:
    """The platform's language where it has `enough` courses or more than any other; else the catalogue's main ones,
    behind the platform's if that has any. Most courses first, ties by language.

    `courses`: how many are open, by code of `languages`.
    """
    code = languages.code(platform)
    own = int(courses[code]) if code >= 0 else 0
    most = int(courses.max(initial=0))
    if own >= min(enough, most):
        return (platform,)
    main = np.flatnonzero(courses >= COMMON * most)
    ranked = main[np.lexsort((main, -courses[main]))]
    return tuple(dict.fromkeys([*([platform] if own else []), *(languages[int(c)] for c in ranked)]))
