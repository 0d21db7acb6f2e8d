"""What may be set about inference, each number with its unit and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inference:
    """How a member's skills are inferred from what is known of the member.

    The same settings go into `count`, `finish` and `infer`; switching a source off in `infer` alone is fine.
    """

    # which sources may speak
    title: bool = True
    co_occurrence: bool = True
    activity: bool = True
    connections: bool = True
    goals: bool = True  # the target title's missing skills become wants
    interest: bool = True  # wants are predicted, once `interest_minimum` members said or showed what they want

    # what is kept of a member's inferred skills
    threshold: float = 0.10  # probability; under it a skill is noise in an affinity (measured on held-out skills)
    limit: int = 32  # skills a member; a profile section holds at most 50
    lift: float = 2.0  # P(s|title) / P(s): a skill known from the title alone must be typical of it ...
    certain: float = 0.5  # ... or more likely than not, whatever its lift
    unsupported: bool = False  # keep skills that nothing but their popularity speaks for (rankings, evaluation)

    # privacy: no statistic from fewer people than this
    anonymity: int = 5  # members; neighbours for the connections source

    # title: p = (n_ts + k p_prior) / (n_t + k), hierarchical shrinkage
    title_backoff: float = 20.0  # members; k of the notes
    prior_strength: float = 0.5  # probability that a skill of prior weight 1 is held, before any member says so
    prior_members: float = 50.0  # members' worth of belief in prior_strength when counts correct it
    title_entries: int = 5_000_000  # pairs stored over all titles (at least 64 a title), memory bound: 40 MB
    title_minimum: float = 0.001  # probability under which a skill of a title is not stored

    # co-occurrence
    net_skills: int = 300  # up to so many active skills a small network with skill dropout is trained
    ease_skills: int = 5_000  # up to so many EASE in closed form (a dense matrix: 100 MB), sparse neighbours beyond
    ease_lambda: float = 300.0  # members; L2 on the diagonal, measured on two data sets
    neighbours: int = 50  # skills kept a skill beyond ease_skills
    sample: int = 1_000_000  # members whose skill lists are kept for co-occurrence
    documents: int = 60_000  # members whose documents are kept for training and calibration
    hidden: float = 0.25  # share of a held-out member's skills that is hidden when the fusion is calibrated
    calibration: int = 20_000  # members, at most, held out to calibrate; at most a tenth of those with skills
    calibration_minimum: int = 200  # members with two skills or more under which the day-0 formula stays

    # network with one hidden layer, see net.py
    net_width: int = 128  # hidden units
    net_epochs: int = 20
    net_work: int = 5_000_000_000  # multiplications a training epoch may take, time bound (about a second and a half)
    net_l2: float = 3e-4
    net_empty: float = 0.2  # share of visits at which a member shows no skill (empty profiles: +.01 nDCG)
    net_dropout: tuple[float, float] = (0.1, 0.6)  # share of a member's skills hidden, drawn evenly from here
    seed: int = 17

    # activity
    half_life: float = 90.0  # days until what was watched counts half
    watch_seconds: int = 60  # a look of under a minute is not a watch
    complete_weight: float = 1.0  # mass of a completed course, p = 1 - exp(-mass)
    watch_weight: float = 0.6  # noisy-OR weight of behaviour in the literature
    event_weight: float = 0.3  # a search, a follow, an article read

    # connections: (n_s + k P(s|title)) / (n + k)
    connection_backoff: float = 20.0  # neighbours

    # day 0: noisy-OR weights where nothing was calibrated
    trust_title: float = 1.0  # prior_strength is inside P(s|title)
    trust_co_occurrence: float = 0.5
    trust_activity: float = 0.6
    trust_connections: float = 0.3

    # goals
    goal_threshold: float = 0.10
    goal_limit: int = 24

    # interest: wants predicted from skills and profile, once enough members said or showed what they want
    interest_minimum: int = 300  # members with a want under which there is no model
    interest_documents: int = 30_000  # members whose documents are kept to learn from
    interest_skills: int = 2_000  # the most held and most wanted skills the model knows, memory bound: 20 MB
    interest_lambda: float = 100.0  # members; L2 of the ridge regression beyond net_skills
    interest_l2: float = 1e-3  # L2 of the network
    interest_dropout: tuple[float, float] = (0.0, 0.3)  # share of a member's skills hidden at a visit
    interest_threshold: float = 0.10
    interest_lift: float = 1.2  # P(want | member) / P(want | nobody in particular), under it only popularity speaks
    interest_limit: int = 24
