"""The invented people: what they are, what they can, what they secretly want, and how often they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.ground import Ground
from skillfirst.evaluation.world.samplers import RowSampler, categorical, pairs, spread, stack, stream, unit_rows
from skillfirst.tables.sparse import Csr

CHUNK = 50_000

# country, share of members, languages spoken there (the second and later ones by half of the members)
COUNTRIES: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("US", 0.27, ("en",)),
    ("IN", 0.10, ("en",)),
    ("GB", 0.09, ("en",)),
    ("DE", 0.13, ("de", "en")),
    ("FR", 0.10, ("fr", "en")),
    ("ES", 0.07, ("es", "en")),
    ("JP", 0.08, ("ja", "en")),
    ("MX", 0.05, ("es", "en")),
    ("CA", 0.05, ("en", "fr")),
    ("AT", 0.03, ("de", "en")),
    ("CH", 0.03, ("de", "fr", "en")),
)
# industry and the title families that are mostly found in it
AT_HOME: dict[str, tuple[str, ...]] = {
    "Software": ("software", "cloud", "infrastructure", "security", "data", "product", "project"),
    "Finance": ("finance", "administration"),
    "Health care": ("health",),
    "Education": ("education", "languages", "people"),
    "Manufacturing": ("engineering", "operations", "trades"),
    "Construction": ("construction",),
    "Retail": ("sales", "marketing"),
    "Media and design": ("design", "media"),
    "Consulting": ("management",),
    "Public administration": ("public", "legal"),
    "Logistics": ("logistics",),
    "Hospitality": ("hospitality",),
    "Research": ("science",),
    "Agriculture": ("agriculture",),
}
INDUSTRIES = tuple(AT_HOME)
TEMPOS = ("daily", "weekly", "monthly", "once")


@dataclass(frozen=True)
class Population:
    """Parallel to member codes 0 .. n - 1. What a recommender may not see: `interest`, `held`, `tempo`, `tires`.

    `title`, `target`: int16 codes, -1 none. `speaks`: bool, members x languages of the ground. `level`: int8, 1 to
    3. `joined`: int32, days since 1970. `held`, `interest`: members x skills; interest rows have length 1, held
    has mastery 0 to 1. `tells`: float32, share of the held skills the member lists. `tires`: float32 exponents,
    negative where repetition attracts. `tempo`: int8 into TEMPOS. `known_as`: names of the first members (personas).
    """

    title: npt.NDArray[np.int16]
    target: npt.NDArray[np.int16]
    industry: npt.NDArray[np.int8]
    country: npt.NDArray[np.int8]
    speaks: npt.NDArray[np.bool_]
    level: npt.NDArray[np.int8]
    joined: npt.NDArray[np.int32]
    tempo: npt.NDArray[np.int8]
    tells: npt.NDArray[np.float32]
    tires: npt.NDArray[np.float32]
    interest: Csr
    held: Csr
    known_as: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.title)

    def ids(self, members: npt.NDArray[np.integer] | None = None) -> pa.Array:
        """Member ids of the given codes (of all without)."""
        codes = np.arange(len(self)) if members is None else np.asarray(members)
        digits = max(6, len(str(max(len(self) - 1, 0))))
        numbers = pc.utf8_lpad(pa.array(codes).cast(pa.string()), digits, "0")
        ids = pc.binary_join_element_wise("m", numbers, "")
        if self.known_as and len(codes) and int(codes.min()) < len(self.known_as):
            named = pa.array(list(self.known_as)).take(pa.array(np.minimum(codes, len(self.known_as) - 1)))
            ids = pc.if_else(pa.array(codes < len(self.known_as)), named, ids)
        return ids

    def daily_chance(self, constants: Constants) -> npt.NDArray[np.float64]:
        """Chance of a visit on a day, for each member."""
        c = constants
        return np.array([c.daily_rate, c.weekly_rate, c.monthly_rate, c.once_rate])[self.tempo]


def invent_population(
    ground: Ground, members: int, seed: int, day: int, constants: Constants, *, history_days: int = 900
) -> Population:
    """`members` people who joined in the `history_days` days up to `day` (days since 1970), newest ones most."""
    parts = [
        invent_chunk(ground, min(CHUNK, members - start), stream(seed, 1, start // CHUNK), day, constants, history_days)
        for start in range(0, members, CHUNK)
    ]
    return join(parts)


def join(parts: Sequence[Population]) -> Population:
    """Several populations as one, in order; the names of the first are kept."""
    arrays = {
        name: np.concatenate([getattr(p, name) for p in parts])
        for name in ("title", "target", "industry", "country", "speaks", "level", "joined", "tempo", "tells", "tires")
    }
    return Population(
        **arrays,
        interest=stack([p.interest for p in parts]),
        held=stack([p.held for p in parts]),
        known_as=parts[0].known_as,
    )


def title_shares(ground: Ground) -> npt.NDArray[np.float64]:
    """How common titles are: 1 / (rank + 3), first the titles for whose skills the catalogue has most courses.

    An academy is made for the people it has. The order is the same for every seed.
    """
    place, skill, weight = pairs(ground.title_skills, np.arange(len(ground.titles)))
    served = np.bincount(place, weights=weight * ground.skill_taught[skill], minlength=len(ground.titles))
    rank = np.empty(len(served), np.int64)
    rank[np.lexsort((np.arange(len(served)), -served))] = np.arange(len(served))
    return np.asarray(1.0 / (rank + 3.0), np.float64)


def home_industry(ground: Ground) -> npt.NDArray[np.int64]:
    """For each title family the industry it is mostly found in."""
    known = {family: code for code, families in enumerate(AT_HOME.values()) for family in families}
    return np.array([known.get(name, place % len(INDUSTRIES)) for place, name in enumerate(ground.families)], np.int64)


def invent_chunk(
    ground: Ground, size: int, rng: np.random.Generator, day: int, c: Constants, history_days: int
) -> Population:
    """One chunk of members; every draw is vectorised."""
    title = categorical(title_shares(ground), size, rng)
    target = np.where(rng.random(size) < c.aims, near_titles(ground, title, rng), -1)
    target[target == title] = -1
    country = categorical([share for _, share, _ in COUNTRIES], size, rng)
    home = home_industry(ground)[ground.title_family[title]]
    industry = np.where(rng.random(size) < 0.5, home, rng.integers(0, len(INDUSTRIES), size))
    tires = c.tiring * np.exp(c.tiring_spread * rng.standard_normal(size) - c.tiring_spread**2 / 2)
    tires = np.where(rng.random(size) < c.warming_share, -c.warming, tires)
    tempo = categorical(
        [c.daily_share, c.weekly_share, max(0.0, 1 - c.daily_share - c.weekly_share - c.once_share), c.once_share],
        size, rng,
    )  # fmt: skip
    tells = rng.beta(4 * c.listed_share, 4 * (1 - c.listed_share), size)
    tells[rng.random(size) < c.no_skills] = 0.0
    interest = invent_interest(ground, title, target, rng, c)
    return Population(
        title=title.astype(np.int16),
        target=target.astype(np.int16),
        industry=industry.astype(np.int8),
        country=country.astype(np.int8),
        speaks=invent_speech(ground, country, rng),
        level=(1 + categorical([0.35, 0.45, 0.20], size, rng)).astype(np.int8),
        joined=(day - (history_days * rng.random(size) ** 1.5).astype(np.int64)).astype(np.int32),
        tempo=tempo.astype(np.int8),
        tells=tells.astype(np.float32),
        tires=tires.astype(np.float32),
        interest=interest,
        held=invent_held(ground, title, interest, rng, c.held_interest),
    )


def near_titles(ground: Ground, title: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """A title to aim at: of the same family in half of the cases, else any."""
    size = len(ground.titles)
    family = Csr.from_pairs(ground.title_family, np.arange(size), None, (len(ground.families), size))
    same = RowSampler(family).draw(ground.title_family[title], rng).astype(np.int64)
    return np.where(rng.random(len(title)) < 0.5, same, categorical(title_shares(ground), len(title), rng))


def invent_speech(ground: Ground, country: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Members x languages of the ground, by country; whoever speaks none of them learns in the first one."""
    speaks = np.zeros((len(country), len(ground.languages)), bool)
    for code, (_, _, spoken) in enumerate(COUNTRIES):
        here = country == code
        for place, language in enumerate(spoken):
            if language in ground.languages:
                also = here if place == 0 else here & (rng.random(len(country)) < 0.5)
                speaks[also, list(ground.languages).index(language)] = True
    speaks[~speaks.any(axis=1), 0] = True
    return speaks


def invent_interest(
    ground: Ground, title: npt.NDArray[np.int64], target: npt.NDArray[np.int64], rng: np.random.Generator, c: Constants
) -> Csr:
    """Hidden interests: members x skills, rows of length 1; from work, what is near it, the goal and curiosity."""
    size = len(title)
    count = 1 + rng.poisson(max(c.interests_mean - 1, 0.0), size)
    member, _ = spread(count)
    curiosity = max(0.0, 1 - c.interest_work - c.interest_related - c.interest_goal)
    reason = categorical([c.interest_work, c.interest_related, c.interest_goal, curiosity], len(member), rng)
    work = ground.skill_of_title.draw(title[member], rng)
    near = ground.skill_near.draw(work, rng)
    goal = ground.skill_of_title.draw(np.where(target[member] >= 0, target[member], title[member]), rng)
    idle = categorical(ground.skill_taught + 1e-9, len(member), rng)
    skill = np.choose(reason, [work, np.where(near < 0, work, near), goal, idle])
    weight = rng.exponential(1.0, len(member)) + 0.1
    fine = skill >= 0
    return unit_rows(Csr.from_pairs(member[fine], skill[fine], weight[fine], (size, len(ground.skills))))


def invent_held(
    ground: Ground, title: npt.NDArray[np.int64], interest: Csr, rng: np.random.Generator, share: float
) -> Csr:
    """Skills a member masters: those of the title by weight, and a `share` of the interests; mastery 0.3 to 1."""
    place, skill, weight = pairs(ground.title_skills, title)
    has = rng.random(len(place)) < 0.1 + 0.8 * weight
    wanted, wish, _ = pairs(interest, np.arange(len(title)))
    also = rng.random(len(wanted)) < share
    members = np.concatenate([place[has], wanted[also]])
    skills = np.concatenate([skill[has], wish[also]])
    mastery = 0.3 + 0.7 * rng.random(len(members))
    return Csr.from_pairs(members, skills, mastery, (len(title), interest.width))
