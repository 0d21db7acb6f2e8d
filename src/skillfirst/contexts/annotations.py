"""Why a course is shown: the kinds of context and the rule that picks one for a skill of a member.

An explanation is true by construction: the skill it names contributed to this score, or the course, title or
list it names is the stored fact that put the course in this row.
"""

from __future__ import annotations

from numba import njit

from skillfirst.contexts.kinds import Context
from skillfirst.tables.member_document import Source

# plain integers: enum members are not constants to the compiler
WATCHED, WANTED, GOAL, PREDICTED = int(Context.WATCHED), int(Context.WANTED), int(Context.GOAL), int(Context.PREDICTED)
STAY_SHARP, SKILL, TITLE = int(Context.STAY_SHARP), int(Context.SKILL), int(Context.TITLE)
ACTIVITY, INFERRED = int(Context.ACTIVITY), int(Context.INFERRED)
FROM_TITLE, FROM_ACTIVITY, FROM_GOAL = int(Source.TITLE), int(Source.ACTIVITY), int(Source.GOAL)


@njit(cache=True, nogil=True)
def skill_context(skill, held, wanted, stated, want_source, explicit, source, exercised, watched, title, target):  # type: ignore[no-untyped-def]
    """Context and evidence of one skill of a member: (kind, code).

    `held`, `wanted`: the two parts of its weight; the larger one speaks, but a guess about wants only where no profile,
    activity or title speaks for the skill. `stated`: the want was said, not predicted. `exercised`: a course on it was
    completed or mostly watched. `watched`: newest watched course that teaches it, or -1. `title`, `target`: first
    title and target title, or -1.
    """
    if wanted > held:
        if stated:
            return WANTED, skill
        if want_source & FROM_GOAL and target >= 0:
            return GOAL, target
        if not (held > 0.0 and (explicit or source & FROM_ACTIVITY or (source & FROM_TITLE and title >= 0))):
            return PREDICTED, skill
    if explicit:
        return (STAY_SHARP if exercised else SKILL), skill
    if source & FROM_ACTIVITY:
        if watched >= 0:
            return WATCHED, watched
        return ACTIVITY, skill
    if source & FROM_TITLE and title >= 0:
        return TITLE, title
    return INFERRED, skill
