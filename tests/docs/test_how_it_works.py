"""The member worked by hand in docs/how-it-works.md: every number again, from the code and by hand."""

from __future__ import annotations

import math
import re

import pytest

from skillfirst.cli.main import run
from skillfirst.cli.reading import find_document, open_run
from skillfirst.feedback.discount import Discount, discount
from skillfirst.kernel.explain import explain_course, explain_member
from skillfirst.kernel.model import load_model


@pytest.fixture(scope="module")
def night(tmp_path_factory, page):
    """The run that the page tells to make, by the commands of the page."""
    folder = tmp_path_factory.mktemp("worked")
    text = page("how-it-works.md")
    commands = re.search(r"```\n(skillfirst init.*?)```", text, re.S)[1].replace("\\\n", " ").splitlines()
    for command in commands[:2]:
        words = command.split()[1:]
        places = {"my-academy": str(folder / "my-academy"), "store": str(folder / "store")}
        assert run([places.get(word, word) for word in words]) == 0
    return open_run(folder / "store")


@pytest.fixture(scope="module")
def model(night):
    return load_model(night.path / "model")


def test_rarity_and_weights(page, night, model):
    text = page("how-it-works.md")
    m1 = {s["name"]: s for s in explain_member(find_document(night, "m1"), model)["skills"]}
    m2 = {s["name"]: s for s in explain_member(find_document(night, "m2"), model)["skills"]}
    assert set(m1) == {"Java", "SQL"}
    for name, skill in {**m1, "Spanish": m2["Spanish"]}.items():
        by_hand = math.log(1 + 5 / skill["members"])
        assert skill["idf"] == pytest.approx(by_hand)
        assert f"- {name}: ln(1 + 5 / {skill['members']}) = {by_hand:.4f}" in text
    for name in ("Java", "SQL"):
        assert f"- {name}: 1 x {m1[name]['idf']:.4f} + 0 = {m1[name]['weight']:.4f}" in text
    spanish = m2["Spanish"]
    assert f"Spanish weighs 0 x {spanish['idf']:.4f} + 1 = {spanish['weight']:.4f}" in text


def test_affinity_and_buckets(page, night, model):
    text = page("how-it-works.md")
    m1 = find_document(night, "m1")
    why = {course: explain_course(m1, model, course) for course in ("c1", "c2", "c3", "c7")}
    for course, values in why.items():
        sum_ = " + ".join(f"{m['member_weight']:.4f} x {m['course_weight']:g}" for m in values["matched"])
        by_hand = sum(m["member_weight"] * m["course_weight"] for m in values["matched"])
        assert values["affinity"] == pytest.approx(by_hand)
        assert f"- {course}: {sum_} = {values['affinity']:.4f}" in text
    assert [why[c]["bucket"]["number"] for c in ("c3", "c7", "c2")] == [1, 2, 2]
    assert [why[c]["turn"] for c in ("c3", "c7", "c2")] == [1, 1, 2]
    assert "| 1 | Java, SQL | c3 |" in text
    assert "| 2 | SQL | c7, c2 |" in text
    feed = night.member("m1", "feed")
    assert "So the feed begins c3, c7, c2." in text
    assert feed["course_id"][:3] == ["c3", "c7", "c2"]
    assert f"{', '.join(feed['course_id'][3:6])} and {feed['course_id'][6]} follow with affinity 0" in text
    assert feed["affinity"][3:] == [0.0] * 4
    assert feed["bucket"][3:] == [None] * 4


def test_the_rows_of_the_page(page, night, tmp_path):
    rows: dict[tuple[int, str], list[str]] = {}
    import pyarrow.parquet as pq

    out = tmp_path / "long.parquet"
    assert run(["export", "--store", str(night.path.parents[1]), "--out", str(out), "--channel", "home"]) == 0
    for row in pq.read_table(out).to_pylist():
        if row["member_id"] == "m1":
            rows.setdefault((row["carousel_rank"], row["text"]), []).append(row["course_id"])
    text = page("how-it-works.md")
    told = re.findall(r"^\| (\d) \| ([^|]*) \| ((?:c\d(?:, )?)+) \|$", text[text.index("## 6") :], re.M)
    assert {(int(rank), reason): courses.split(", ") for rank, reason, courses in told} == rows


def test_fading(page):
    text = page("how-it-works.md")
    settings = Discount()
    formula = f"d = {settings.floor:g} + {1 - settings.floor:g} x exp(-{settings.beta:g} x n)"
    assert formula in text
    assert f"{settings.half_life_days:g} days" in " ".join(text.split())
    for words, n in (("once", 1), ("three times", 3), ("ten times", 10)):
        d = float(discount(n, 0.0, 1.0, 0.0, settings))
        assert d == pytest.approx(settings.floor + (1 - settings.floor) * math.exp(-settings.beta * n))
        assert f"- seen {words}: d = {d:.4f}" in text
