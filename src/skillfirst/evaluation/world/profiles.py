"""What members tell about themselves: noisy, incomplete, in their own words. Chunks of tables as we read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.ground import Ground
from skillfirst.evaluation.world.log import chosen
from skillfirst.evaluation.world.population import COUNTRIES, INDUSTRIES, Population
from skillfirst.evaluation.world.samplers import RowSampler, pairs, spread
from skillfirst.tables.schemas import ACTIVITY, LEVELS, MEMBER_SKILLS, MEMBERS
from skillfirst.tables.sparse import Csr
from skillfirst.tables.vocabulary import Vocabulary

BEFORE = ("Senior ", "Junior ", "Lead ", "Freelance ", "Deputy ", "Interim ")
AFTER = (" (m/f/d)", " II", " at Larkfield", " at Ostmark Group", ", part time", " - remote")
# Titles nobody can look up, and phrases that are no skill: every real export has them.
ODD_TITLES = ("Making things happen", "Between two jobs", "Enthusiast", "Self-employed", "Intern", "Head of everything")
ODD_SKILLS = ("hard worker", "punctual", "team spirit", "various", "see CV", "driving licence")
SEARCHES = ("{}", "{} course", "learn {}", "{} for beginners", "how to get better at {}")


def aliases_of(aliases: Sequence[Sequence[str]]) -> tuple[Vocabulary, RowSampler]:
    """All aliases and a sampler name -> alias code."""
    distinct = Vocabulary.sorted([a for also in aliases for a in also])
    entries = [(i, distinct.code(a)) for i, also in enumerate(aliases) for a in also]
    shape = (len(aliases), max(len(distinct), 1))
    matrix = Csr.from_pairs([e[0] for e in entries], [e[1] for e in entries], None, shape)
    return distinct, RowSampler(matrix)


def members_table(
    population: Population, ground: Ground, members: npt.NDArray[np.integer], rng: np.random.Generator, c: Constants
) -> pa.Table:
    """The MEMBERS rows of some members; titles by name, by alias, in free text or missing."""
    title = population.title[members].astype(np.int64)
    size = len(title)
    text = chosen(ground.title_names, title)
    aliases, sampler = aliases_of(ground.title_aliases)
    alias = sampler.draw(title, rng)
    style, free = rng.random(size), rng.random(size) < c.title_free
    text = pc.if_else(pa.array(free & (style < 0.5) & (alias >= 0)), chosen(aliases.ids, alias), text)
    before = pc.binary_join_element_wise(chosen(BEFORE, rng.integers(0, len(BEFORE), size)), text, "")
    after = pc.binary_join_element_wise(text, chosen(AFTER, rng.integers(0, len(AFTER), size)), "")
    text = pc.if_else(pa.array(free & (style >= 0.5) & (style < 0.7)), before, text)
    text = pc.if_else(pa.array(free & (style >= 0.7) & (style < 0.9)), after, text)
    odd = chosen(ODD_TITLES, rng.integers(0, len(ODD_TITLES), size))
    text = pc.if_else(pa.array(free & (style >= 0.9)), odd, text)
    missing = (rng.random(size) < c.title_missing) | (title < 0)
    text = pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), text)
    target = population.target[members].astype(np.int64)
    target[rng.random(size) < 0.4] = -1  # not everybody who aims at a title says so
    columns = {
        "member_id": population.ids(members),
        "title": text,
        "target_title": chosen(ground.title_names, target),
        "industry": chosen(INDUSTRIES, population.industry[members]),
        "country": chosen([name for name, _, _ in COUNTRIES], population.country[members]),
        "languages": language_lists(population.speaks[members], ground.languages),
        "level": chosen(LEVELS, np.where(rng.random(size) < 0.7, population.level[members] - 1, -1)),
        "joined_on": pa.array(population.joined[members]).cast(pa.date32()),
    }
    return pa.Table.from_arrays([columns[f.name].cast(f.type) for f in MEMBERS], schema=MEMBERS.schema)


def language_lists(speaks: npt.NDArray[np.bool_], languages: Sequence[str]) -> pa.Array:
    """One list of languages a member."""
    offsets = np.concatenate([[0], np.cumsum(speaks.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), chosen(languages, np.nonzero(speaks)[1]))


def skills_table(
    population: Population, ground: Ground, members: npt.NDArray[np.integer], rng: np.random.Generator, c: Constants
) -> pa.Table:
    """The MEMBER_SKILLS rows of some members: some held skills, some wrong ones, wishes, credentials, refusals."""
    members = np.asarray(members)
    place, skill, mastery = pairs(population.held, members)
    told = rng.random(len(place)) < population.tells[members][place]
    place, skill, mastery = place[told], skill[told], mastery[told]
    source = np.where(rng.random(len(place)) < 0.03, 2, 0)
    level = np.where(rng.random(len(place)) < 0.3, np.minimum((mastery * 3).astype(np.int64), 2), -1)
    wrong = rng.random(len(place)) < c.listed_wrong
    skill = np.where(wrong, rng.integers(0, len(ground.skills), len(place)), skill)
    odd = rng.random(len(place)) < 0.01

    says = np.flatnonzero(rng.random(len(members)) < c.tells_wants)
    wants, _ = spread(1 + rng.poisson(1.5, len(says)))
    wanted = RowSampler(population.interest).draw(members[says][wants], rng)
    refuses = np.flatnonzero(rng.random(len(members)) < 0.02)
    refused = ground.skill_of_title.draw(population.title[members[refuses]].astype(np.int64), rng)
    none = np.full(len(wants) + len(refuses), -1)
    rows = np.concatenate([place, says[wants], refuses])
    codes = np.concatenate([skill, wanted, refused])
    sources = np.concatenate([source, np.full(len(wants), 1), np.full(len(refuses), 3)])
    levels = np.concatenate([level, none])
    odds = np.concatenate([odd, none > 0])
    order = np.lexsort((sources, codes, rows))
    order = order[codes[order] >= 0]
    key = (rows[order] * len(ground.skills) + codes[order]) * 4 + sources[order]
    order = order[np.concatenate([[True], key[1:] != key[:-1]])] if len(order) else order
    columns = {
        "member_id": population.ids(members).take(pa.array(rows[order])),
        "skill": skill_texts(ground, codes[order], odds[order], rng),
        "source": chosen(("explicit", "interest", "credential", "refused"), sources[order]),
        "level": chosen(LEVELS, levels[order]),
    }
    return pa.Table.from_arrays([columns[f.name].cast(f.type) for f in MEMBER_SKILLS], schema=MEMBER_SKILLS.schema)


def skill_texts(
    ground: Ground, codes: npt.NDArray[np.integer], odd: npt.NDArray[np.bool_], rng: np.random.Generator
) -> pa.Array:
    """Skills as people write them: mostly the name, sometimes an alias or the id, rarely no skill at all."""
    size = len(codes)
    aliases, sampler = aliases_of(ground.skill_aliases)
    alias = sampler.draw(codes, rng)
    style = rng.random(size)
    text = chosen(ground.skill_names, codes)
    text = pc.if_else(pa.array((style < 0.15) & (alias >= 0)), chosen(aliases.ids, alias), text)
    text = pc.if_else(pa.array(style > 0.9), ground.skills.decode(codes), text)
    return pc.if_else(pa.array(odd), chosen(ODD_SKILLS, rng.integers(0, len(ODD_SKILLS), size)), text)


def activity_table(
    population: Population, ground: Ground, members: npt.NDArray[np.integer], rng: np.random.Generator, day: int
) -> pa.Table:
    """The ACTIVITY rows of some members in the 60 days before `day`: searches, follows and reading, from interests."""
    members = np.asarray(members)
    count = np.where(rng.random(len(members)) < 0.4, rng.poisson(3.0, len(members)), 0)
    place, _ = spread(count)
    skill = RowSampler(population.interest).draw(members[place], rng)
    fine = skill >= 0
    place, skill = place[fine], skill[fine]
    kind = rng.choice(3, len(place), p=[0.5, 0.2, 0.3])
    first = np.maximum(population.joined[members][place].astype(np.int64), day - 60)
    time = (first * 86_400 + rng.random(len(place)) * np.maximum(day - first, 0) * 86_400).astype(np.int64)
    fine = time < day * 86_400
    order = np.flatnonzero(fine)[np.lexsort((place[fine], time[fine]))]
    place, skill, kind, time = place[order], skill[order], kind[order], time[order]
    names = chosen(ground.skill_names, skill)
    told = rng.integers(0, len(SEARCHES), len(place))
    texts = pa.nulls(len(place), pa.string())
    for code, pattern in enumerate(SEARCHES):
        head, tail = pattern.split("{}")
        phrase = pc.binary_join_element_wise(head, names, tail, "")
        texts = pc.if_else(pa.array((kind != 1) & (told == code)), phrase, texts)
    columns = {
        "member_id": population.ids(members).take(pa.array(place)),
        "time": pa.array(time * 1_000_000).cast(pa.timestamp("us", "UTC")),
        "kind": chosen(("search", "follow", "read"), kind),
        "skill": pc.if_else(pa.array(kind == 1), ground.skills.decode(skill), pa.scalar(None, pa.string())),
        "text": texts,
    }
    return pa.Table.from_arrays([columns[f.name].cast(f.type) for f in ACTIVITY], schema=ACTIVITY.schema)
