"""Answers in shorthand say what the renderer says, number by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numba import njit

from skillfirst.kernel import shorthand
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend
from skillfirst.kernel.render import Renderer
from skillfirst.kernel.shorthand import Shorthand
from skillfirst.kernel.shorthand_loop import write_number, write_whole


@njit
def number(value, out):
    return write_number(out, 0, value)


@njit
def whole(value, out):
    return write_whole(out, 0, value)


def written(write, value):
    out = np.zeros(64, np.uint8)
    return out[: write(value, out)].tobytes()


@settings(deadline=None)  # the first number is compiled
@given(
    st.floats(1e-15, 1e15)
    | st.floats(-1e3, 1e3, width=32)
    | st.integers(0, 10**7).map(lambda n: n / 2**14)  # exact ties
    | st.decimals(0, 10, places=7).map(float)
)
@example(0.0)
@example(999999.5)
@example(0.0000999999499999)
@example(1e15)
@example(9.999995)
@example(123456.5)
def test_numbers_are_written_as_the_renderer_writes_them(value):
    assume(value == 0.0 or abs(value) >= 1e-15)
    assert written(number, value) == b"%.6g" % (value or 0.0)


@pytest.mark.parametrize("value", [0, 7, 10, 99, 100, 65_536])
def test_whole_numbers(value):
    assert written(whole, value) == b"%d" % value


@pytest.fixture(scope="module")
def fitted(busy_world):
    def fit(members, courses):
        catalogue, batch = busy_world(11, members, courses, 60, 20)
        policy = Policy(floor=2)
        today = int(batch.column("now")[0].as_py().timestamp()) // 86_400
        return finish([count(batch, catalogue, policy)], catalogue, policy, today), batch

    return fit


@pytest.mark.parametrize(("members", "courses"), [(120, 300), (5, 1), (1, 40)])
def test_expanded_answers_are_those_of_the_renderer(fitted, monkeypatch, members, courses):
    monkeypatch.setattr(shorthand, "ROWS", 50)  # several calls of the loop
    model, batch = fitted(members, courses)
    rows = recommend(batch, model, ["feed", "home"])
    languages = [[["de", "en"], ["ja"], []][i // 2 % 3] for i in range(rows.num_rows)]
    renderer = Renderer(model)
    writer = Shorthand(renderer)
    plain, short = list(renderer.answers(rows, languages)), list(writer.answers(rows, languages))
    assert [(*head, writer.phrases.expand(body)) for *head, body in short] == plain
    assert {b'"language":"%b","arms"' % x in body for *_, body in plain for x in (b"de", b"ja")} == {True, False}
    if members > 100:
        assert sum(len(body) for *_, body in short) * 5 < sum(len(body) for *_, body in plain)


def test_a_slice_of_rows_and_no_rows(fitted):
    model, batch = fitted(30, 100)
    rows = recommend(batch, model, ["feed", "home"])
    writer = Shorthand(Renderer(model))
    whole_part = list(writer.answers(rows, [["fr"]] * rows.num_rows))
    assert list(writer.answers(rows.slice(7, 12), [["fr"]] * 12)) == whole_part[7:19]
    assert list(writer.answers(rows.slice(0, 0), [])) == []


def test_the_same_catalogue_has_the_same_phrases(fitted):
    model, _ = fitted(30, 100)
    one, other = (Shorthand(Renderer(model)).phrases for _ in range(2))
    assert one.name == other.name
