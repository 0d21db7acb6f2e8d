"""Which skills to offer a newcomer so that few answers tell most.

The value of asking for skill s is ln(1 + N(s)) x H(s | answers so far, title), H the binary entropy of holding it: pure
entropy asks for obscure things, pure popularity for what is known anyway (Elahi, Ricci, Rubens 2016: log popularity x
entropy is among the best of thirty strategies). At most two screens of twelve; one skill a parent on a screen, so that
a screen shows a breadth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skillfirst.tables.sparse import Csr

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """How many skills are offered, and to whom."""

    screens: int = 2
    chips: int = 12  # skills a screen; more are not read
    picks: int = 3  # answers that are enough to begin with
    anonymity: int = 5  # members who must hold a skill before it is offered


def entropy(p: Probabilities) -> Probabilities:
    """Binary entropy in nats."""
    q = np.clip(p, 1e-9, 1 - 1e-9)
    return np.asarray(-q * np.log(q) - (1 - q) * np.log(1 - q))


def worth(members: npt.NDArray[np.int64], p: Probabilities) -> Probabilities:
    """ln(1 + N(s)) x H(p): nats, per skill. `members`: N(s); `p`: P(s | what is known of the member)."""
    return np.asarray(np.log1p(members) * entropy(p))


def value_of_asking(
    members: npt.NDArray[np.int64], p: Probabilities, picked: Sequence[int], settings: Questionnaire,
    bonus: Probabilities | None = None,
) -> Probabilities:  # fmt: skip
    """What asking for each skill is worth, the best 1 before the bonus; 0 for what was picked and for what fewer than
    `settings.anonymity` members hold.

    `members`, `p`: see worth. `bonus`: what is known beside, in the same measure (what the title brings, what courses
    teach together with the picks), added to every skill.
    """
    value = worth(np.where(members >= settings.anonymity, members, 0), p)
    value = value / max(float(value.max(initial=0.0)), 1e-9)
    if bonus is not None:
        value = value + bonus
    value[list(picked)] = 0.0
    return np.asarray(value)


def choose(value: Probabilities, parents: Csr, offered: Sequence[int], chips: int) -> list[int]:
    """The `chips` most worthy skills, best first: none offered before, none worth nothing, one a parent where possible.

    A skill whose parent, child or sibling already stands on the screen waits; it comes back only when the screen would
    stay emptier without it. Ties by code.
    """
    order = np.lexsort((np.arange(len(value)), -value))
    gone = set(offered)
    screen: list[int] = []
    waiting: list[int] = []
    families: set[int] = set()
    for s in order:
        if len(screen) == chips or value[s] <= 0:
            break
        skill = int(s)
        if skill in gone:
            continue
        family = {skill, *parents.row(skill).tolist()}
        if family & families:
            waiting.append(skill)
            continue
        screen.append(skill)
        families |= family
    return screen + waiting[: chips - len(screen)]


def next_screen(
    members: npt.NDArray[np.int64],
    infer: Callable[[Sequence[int]], Probabilities],
    parents: Csr,
    picked: Sequence[int],
    offered: Sequence[int],
    settings: Questionnaire,
) -> list[int]:
    """The skills of the next screen, empty when all screens were shown.

    `members`: int64, S, N(s). `infer`: from the skills picked so far to P(s | picks, title), S; the caller closes over
    the title and asks the same inference as the night. `parents`: skills x skills, the broader skills of each.
    `offered`: all skills shown on earlier screens, picked or not.
    """
    if len(offered) >= settings.screens * settings.chips:
        return []
    return choose(value_of_asking(members, infer(picked), picked, settings), parents, offered, settings.chips)
