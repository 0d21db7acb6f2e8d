"""The kinds of context and what each names as its evidence."""

from __future__ import annotations

from enum import IntEnum


class Context(IntEnum):
    """Kinds of context, as the compiled loop numbers them; the table holds the lower-case names.

    The evidence of each: a course (continue, watched), a skill (wanted, predicted, stay_sharp, skill, activity,
    inferred), a title (goal, title, popular_title, trending_title), a family (trending_family), an industry
    (trending_industry, popular_industry), a category (new, popular_category), a language (popular, for members of
    several) or nothing (trending, popular).
    """

    CONTINUE = 1
    WATCHED = 2
    WANTED = 3
    GOAL = 4
    PREDICTED = 5
    STAY_SHARP = 6
    SKILL = 7
    TITLE = 8
    ACTIVITY = 9
    INFERRED = 10
    TRENDING_TITLE = 11
    TRENDING_FAMILY = 12
    TRENDING_INDUSTRY = 13
    TRENDING = 14
    NEW = 15
    POPULAR_TITLE = 16
    POPULAR_INDUSTRY = 17
    POPULAR = 18
    POPULAR_CATEGORY = 19

    @property
    def label(self) -> str:
        return self.name.lower()

    @property
    def evidence(self) -> str | None:
        """What kind of id the evidence is."""
        return _EVIDENCE.get(self)


_EVIDENCE = {
    Context.CONTINUE: "course", Context.WATCHED: "course", Context.WANTED: "skill", Context.GOAL: "title",
    Context.PREDICTED: "skill",
    Context.STAY_SHARP: "skill", Context.SKILL: "skill", Context.TITLE: "title", Context.ACTIVITY: "skill",
    Context.INFERRED: "skill", Context.TRENDING_TITLE: "title", Context.TRENDING_FAMILY: "family",
    Context.TRENDING_INDUSTRY: "industry", Context.NEW: "category", Context.POPULAR_TITLE: "title",
    Context.POPULAR_INDUSTRY: "industry", Context.POPULAR: "language", Context.POPULAR_CATEGORY: "category",
}  # fmt: skip


class Basis(IntEnum):
    """What the order of a shelf of popular courses stands on, as the Model keeps it by shelf."""

    LEARNERS = 0  # who took them
    SKILLS = 1  # nobody took any yet: what members can do
    NOTHING = 2  # nor is anything known of members


LABELS = ["", *(c.label for c in Context)]
