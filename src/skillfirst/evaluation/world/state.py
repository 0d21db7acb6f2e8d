"""What changes in the world from day to day: interests, skills, courses taken, weariness."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from skillfirst.evaluation.world import behaviour
from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.ground import Ground
from skillfirst.evaluation.world.luck import Purpose, luck
from skillfirst.evaluation.world.population import Population
from skillfirst.evaluation.world.samplers import pairs, unit_rows
from skillfirst.tables.member_document import Channel


class Standing(IntEnum):
    """How a member stands to a course."""

    NEW = 0
    GOING = 1
    LEFT = 2
    DONE = 3
    DISMISSED = 4


class State:
    """Dense arrays, members x something: `exposures` (float32, x courses: examined and ignored ones, fading),
    `standing` (int8, x courses), `watched` (float32, x courses: share of the course), `interest` (float32, x skills),
    `held` (bool, x skills), `ignored` (float32, x 4 by Channel: visits in which nothing was clicked, fading).
    With 655 courses and 1,066 skills 20,000 members take 225 MB.
    """

    def __init__(self, ground: Ground, people: Population) -> None:
        members, courses, skills = len(people), len(ground.course_skills), len(ground.skills)
        self.exposures = np.zeros((members, courses), np.float32)
        self.standing = np.zeros((members, courses), np.int8)
        self.watched = np.zeros((members, courses), np.float32)
        self.interest = np.zeros((members, skills), np.float32)
        self.held = np.zeros((members, skills), bool)
        self.ignored = np.zeros((members, len(Channel) + 1), np.float32)
        place, skill, weight = pairs(people.interest, np.arange(members))
        self.interest[place, skill] = weight
        place, skill, _ = pairs(people.held, np.arange(members))
        self.held[place, skill] = True
        self.alike = likeness(ground)

    def fade(self, c: Constants) -> None:
        """One day passes."""
        self.exposures *= np.float32(behaviour.faded(c.memory_days))
        self.ignored *= np.float32(behaviour.faded(c.blindness_days))

    def tired_exposures(self, members: npt.NDArray[np.integer], c: Constants) -> npt.NDArray[np.float32]:
        """Members x courses: ignored exposures of the course itself and, with less weight, of courses like it."""
        own = self.exposures[members]
        return np.asarray(own + np.float32(c.tiring_alike) * (own @ self.alike), np.float32)

    def learn(
        self, ground: Ground, members: npt.NDArray[np.integer], courses: npt.NDArray[np.integer], c: Constants,
        seed: int, day: int,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:  # fmt: skip
        """Completed courses: skills are held, interest in them is sated and moves on; (member, skill) newly held."""
        if not len(courses):
            return np.zeros(0, np.int64), np.zeros(0, np.int32)
        place, skill, _ = pairs(ground.course_skills, courses)
        member = np.asarray(members, np.int64)[place]
        key = np.unique(member * len(ground.skills) + skill)
        member, skill = key // len(ground.skills), (key % len(ground.skills)).astype(np.int32)
        self.interest[member, skill] *= np.float32(c.satiation)
        near = ground.skill_near.at(skill, luck(seed, Purpose.MOVES_ON, day, member, skill))
        share = np.float32(c.moves_on) / np.maximum(np.diff(ground.course_skills.offsets)[courses].mean(), 1.0)
        fine = near >= 0
        np.add.at(self.interest, (member[fine], near[fine]), share)
        self.interest[member] = np.minimum(self.interest[member], 1.0)
        new = ~self.held[member, skill]
        self.held[member, skill] = True
        return member[new], skill[new]


def likeness(ground: Ground) -> npt.NDArray[np.float32]:
    """Courses x courses: cosine of what they teach, 0 with itself."""
    rows = unit_rows(ground.course_skills)
    dense = np.zeros((len(rows), rows.width), np.float32)
    dense[np.repeat(np.arange(len(rows)), np.diff(rows.offsets)), rows.indices] = rows.weights
    alike = dense @ dense.T
    np.fill_diagonal(alike, 0.0)
    return np.asarray(alike, np.float32)
