"""What is inferred of a member, and that it depends on that member alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillfirst.skills.inference import Inference, InferenceTables, explain_sources, infer
from skillfirst.tables.member_document import INFERRED, Interaction, Source

JAVA, SPANISH, SQL, WELDING = range(4)
ENGINEER, WELDER = range(2)
DAY = 86_400
PRIOR = [{JAVA: 1.0, SQL: 0.5}, {WELDING: 1.0}]


@pytest.fixture
def day_zero(make_people: Any, make_tables: Any) -> InferenceTables:
    """Nobody lists a skill yet: a prior and two courses (Java; SQL) are all there is."""
    return make_tables([make_people([{"title": [ENGINEER]}])], Inference(), PRIOR, [{JAVA: 1.0}, {SQL: 1.0}])


@pytest.fixture
def grown(make_town: Any, make_tables: Any) -> InferenceTables:
    return make_tables([make_town()], Inference(), PRIOR, [{JAVA: 1.0}, {SQL: 1.0}])


def skills_of(batch: Any, tables: InferenceTables, rules: Inference | None = None) -> dict[int, float]:
    out = infer(batch, tables, rules or Inference())
    return dict(zip(out["inferred_skill"][0].as_py(), out["inferred_weight"][0].as_py(), strict=True))


def test_on_day_zero_the_title_s_prior_speaks(make_people: Any, day_zero: InferenceTables) -> None:
    out = infer(make_people([{"title": [ENGINEER]}]), day_zero, Inference())
    assert out["inferred_skill"][0].as_py() == [JAVA, SQL]
    assert out["inferred_weight"][0].as_py() == pytest.approx([0.5, 0.25])
    assert out["inferred_source"][0].as_py() == [Source.TITLE, Source.TITLE]


def test_a_title_that_is_a_distribution_speaks_by_its_weights(make_people: Any, day_zero: InferenceTables) -> None:
    unsure = make_people([{"title": [ENGINEER, WELDER], "title_weight": [0.6, 0.4]}])
    assert skills_of(unsure, day_zero) == pytest.approx({JAVA: 0.3, SQL: 0.15, WELDING: 0.2})


def test_a_refused_skill_is_never_inferred(make_people: Any, day_zero: InferenceTables) -> None:
    assert JAVA not in skills_of(make_people([{"title": [ENGINEER], "refused": [JAVA]}]), day_zero)


def test_an_explicit_skill_is_not_repeated(make_people: Any, grown: InferenceTables) -> None:
    found = skills_of(make_people([{"title": [ENGINEER], "skills": [JAVA]}]), grown)
    assert JAVA not in found
    assert found[SQL] > 0.5


def test_of_a_stranger_nothing_is_inferred(make_people: Any, grown: InferenceTables) -> None:
    assert skills_of(make_people([{}]), grown) == {}


def test_skills_that_come_together_are_inferred_from_one_another(make_people: Any, grown: InferenceTables) -> None:
    out = infer(make_people([{"skills": [JAVA]}]), grown, Inference())
    found = out["inferred_skill"][0].as_py()
    assert found[0] != WELDING
    assert SQL in found
    assert out["inferred_source"][0].as_py()[found.index(SQL)] == Source.CO_OCCURRENCE


def test_a_completed_course_speaks_for_its_skill_and_fades(
    make_people: Any, day_zero: InferenceTables, now_s: int
) -> None:
    def after(days: int) -> float:
        done = [(1, int(Interaction.COMPLETE), now_s - days * DAY, 900)]
        return skills_of(make_people([{"courses": done}]), day_zero)[SQL]

    # p = trust x (1 - exp(-mass)), mass 1 today, half of it after 90 days
    assert after(0) == pytest.approx(0.6 * (1 - 2.718281828**-1.0))
    assert after(90) == pytest.approx(0.6 * (1 - 2.718281828**-0.5))


def test_a_look_of_under_a_minute_is_not_a_watch(make_people: Any, day_zero: InferenceTables, now_s: int) -> None:
    def watched(seconds: int) -> dict[int, float]:
        return skills_of(make_people([{"courses": [(0, int(Interaction.WATCH), now_s, seconds)]}]), day_zero)

    assert watched(59) == {}
    assert JAVA in watched(60)


def test_what_is_searched_elsewhere_speaks(make_people: Any, day_zero: InferenceTables, now_s: int) -> None:
    out = infer(make_people([{"activity": [(SPANISH, now_s)]}]), day_zero, Inference())
    assert out["inferred_skill"][0].as_py() == [SPANISH]
    assert out["inferred_source"][0].as_py() == [Source.ACTIVITY]


def test_four_neighbours_say_nothing_and_five_speak(make_people: Any, day_zero: InferenceTables) -> None:
    def near(n: int) -> dict[int, float]:
        return skills_of(make_people([{"neighbours": n, "near": {WELDING: n}}]), day_zero, Inference(threshold=0.05))

    assert near(4) == {}
    assert near(5) == pytest.approx({WELDING: 0.3 * 5 / 25})


def test_every_source_can_be_switched_off(make_people: Any, day_zero: InferenceTables, now_s: int) -> None:
    all_of_it = make_people(
        [{"title": [ENGINEER], "activity": [(SPANISH, now_s)], "neighbours": 50, "near": {WELDING: 50}}]
    )
    assert set(skills_of(all_of_it, day_zero)) == {JAVA, SPANISH, SQL, WELDING}
    assert set(skills_of(all_of_it, day_zero, Inference(title=False))) == {SPANISH, WELDING}
    assert set(skills_of(all_of_it, day_zero, Inference(activity=False))) == {JAVA, SQL, WELDING}
    assert set(skills_of(all_of_it, day_zero, Inference(connections=False))) == {JAVA, SPANISH, SQL}


def test_at_most_the_limit_is_kept_and_the_likeliest_win(make_people: Any, day_zero: InferenceTables) -> None:
    assert set(skills_of(make_people([{"title": [ENGINEER]}]), day_zero, Inference(limit=1))) == {JAVA}


def test_a_skill_everybody_has_is_not_inferred_from_a_title_unless_likely(make_people: Any, make_tables: Any) -> None:
    # Spanish: 40 % of both titles; without typical skills nothing follows from being a welder but Welding
    rows = [{"title": [i % 2], "skills": [(JAVA, WELDING)[i % 2]] + [SPANISH] * (i % 5 < 2)} for i in range(150)]
    tables = make_tables([make_people(rows)], Inference(calibration_minimum=1_000))
    assert SPANISH not in skills_of(make_people([{"title": [WELDER]}]), tables)
    assert SPANISH in skills_of(make_people([{"title": [WELDER]}]), tables, Inference(lift=0.5))


def test_a_target_title_turns_its_missing_skills_into_wants(make_people: Any, day_zero: InferenceTables) -> None:
    member = make_people([{"title": [WELDER], "skills": [SQL], "target": [ENGINEER]}])
    out = infer(member, day_zero, Inference())
    assert out["predicted_skill"][0].as_py() == [JAVA]
    assert out["predicted_weight"][0].as_py() == [1.0]
    assert out["predicted_source"][0].as_py() == [Source.GOAL]


def test_neither_refused_nor_stated_wants_become_goals(make_people: Any, day_zero: InferenceTables) -> None:
    out = infer(make_people([{"target": [ENGINEER], "refused": [JAVA], "wanted": [SQL]}]), day_zero, Inference())
    assert out["predicted_skill"][0].as_py() == []


def test_the_sources_of_a_skill_are_told_apart(make_people: Any, day_zero: InferenceTables, now_s: int) -> None:
    member = make_people([{"title": [ENGINEER], "activity": [(SPANISH, now_s)]}])
    told = explain_sources(member, day_zero, Inference())
    assert told[JAVA] == pytest.approx({Source.TITLE: 0.5})
    assert told[SPANISH] == pytest.approx({Source.ACTIVITY: 1 - 2.718281828**-0.3})


def test_tables_survive_being_saved(make_people: Any, grown: InferenceTables) -> None:
    again = InferenceTables.from_arrays(grown.arrays())
    batch = make_people([{"title": [ENGINEER], "skills": [JAVA]}])
    assert infer(batch, again, Inference()).equals(infer(batch, grown, Inference()))
    assert all(a.dtype != object for a in grown.arrays().values())


person = st.fixed_dictionaries(
    {},
    optional={
        "skills": st.lists(st.sampled_from(range(4)), unique=True),
        "title": st.sampled_from([[], [ENGINEER], [WELDER], [WELDER, ENGINEER]]),
        "refused": st.lists(st.sampled_from(range(4)), unique=True).map(sorted),
        "target": st.sampled_from([[], [ENGINEER]]),
        "neighbours": st.integers(0, 30),
        "near": st.dictionaries(st.sampled_from(range(4)), st.integers(1, 5)),
        "courses": st.sampled_from([[], [(0, 2, 1_790_000_000, 90)], [(0, 1, 5, 0), (1, 4, 1_790_000_000, 9)]]),
    },
)


@given(rows=st.lists(person, max_size=6), start=st.integers(0, 6), length=st.integers(0, 6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_slice_gives_the_same_bytes(
    make_people: Any, grown: InferenceTables, rows: list[dict[str, Any]], start: int, length: int
) -> None:
    rules = Inference(threshold=0.01)
    batch = make_people(rows)
    whole = infer(batch, grown, rules)
    assert whole.schema == INFERRED
    assert infer(batch.slice(start, length), grown, rules).equals(whole.slice(start, length))
