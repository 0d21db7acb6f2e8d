"""Settings by dotted names: read as their type, refused with a word on what would do."""

import json
import math
from dataclasses import asdict

import pytest

from skillfirst.errors import UsageError
from skillfirst.kernel.policy import Policy, policy_from_dict


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("list_length", "50", 50), ("floor", "auto", "auto"), ("floor", "100", 100), ("floor", 7, 7),
        ("fallback", "none", "none"), ("held", "0.5", 0.5), ("held", 2, 2.0), ("page.rows", "10", 10),
        ("inference.title", "no", False), ("inference.title", True, True), ("discount.half_life_days", "7", 7.0),
        ("cool_off.channels", "home,feed", ("home", "feed")), ("cool_off.channels", ["home"], ("home",)),
        ("inference.net_dropout", "0.2,0.4", (0.2, 0.4)), ("discount.impressions.sign", "1", 1),
    ],
)  # fmt: skip
def test_a_setting_is_read_as_its_type(name: str, given: object, wanted: object) -> None:
    part: object = Policy().with_settings({name: given})
    for step in name.split("."):
        part = getattr(part, step)
    assert part == wanted
    assert type(part) is type(wanted)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("fallback", "off", "'on' or 'none'"), ("floor", "low", "a whole number or 'auto'"),
        ("list_length", "many", "a whole number"), ("list_length", 2.5, "a whole number"),
        ("inference.title", "maybe", "true or false"), ("page", "3", "policy.page.rows"),
        ("page.length", "3", "row_length"), ("list_length.most", "3", "no parts"),
        ("inference.net_dropout", "0.2", "a list"), ("collapse", "on", "'auto' or 'series' or 'none'"),
        ("discount.colour", "1", "half_life_days"), ("discount.impressions.shape", "1", "weight"),
    ],
)  # fmt: skip
def test_a_wrong_setting_says_what_would_do(name: str, given: object, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Policy().with_settings({name: given})
    assert said in str(caught.value)
    assert f"policy.{name.split('.')[0]}" in str(caught.value)


def test_a_policy_survives_its_dictionary() -> None:
    policy = Policy().with_settings({"page.rows": 3, "discount.form": "linear", "cool_off.channels": "feed"})
    assert policy_from_dict(asdict(policy)) == policy
    fitted = (
        Policy()
        .with_settings(
            {"discount.form": "aggregate", "discount.position.form": "inverse", "discount.position.weight": 0.3}
        )
        .with_settings({"discount.half_life_days": math.inf, "discount.spill_over": 0.0})
    )
    assert policy_from_dict(json.loads(json.dumps(asdict(fitted)))) == fitted
