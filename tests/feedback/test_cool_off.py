import pytest

from skillfirst.errors import UsageError
from skillfirst.feedback.cool_off import CoolOff, rest_members
from skillfirst.tables.member_document import Channel, Interaction, documents

NOW, DAY = 1_700_000_000, 86_400


@pytest.fixture
def three():
    """Ana was served on home three days ago, Bo clicked two days ago, Cy was served by e-mail seven days ago."""
    return documents(
        3,
        member_id=["ana", "bo", "cy"],
        now=[NOW] * 3,
        served_channel=[[Channel.HOME], [], [Channel.EMAIL]],
        served_time=[[NOW - 3 * DAY], [], [NOW - 7 * DAY]],
        course=[[], [4, 4], []],
        course_kind=[[], [Interaction.CLICK, Interaction.DISMISS], []],
        course_time=[[], [NOW - 2 * DAY, NOW], []],
        course_seconds=[[], [0, 0], []],
    )


@pytest.mark.parametrize(
    ("cool_off", "channel", "resting"),
    [
        (CoolOff(on="served"), "home", [True, False, False]),
        (CoolOff(on="clicked"), "home", [False, True, False]),
        (CoolOff(), Channel.HOME, [True, True, False]),
        (CoolOff(days=3, on="served"), "home", [False, False, False]),  # three days later they are back
        (CoolOff(days=2), "home", [False, False, False]),
        (CoolOff(on="served"), "email", [False, False, False]),
        (CoolOff(days=8, on="served"), "email", [False, False, True]),
        (CoolOff(channels=("email",)), "home", [False, False, False]),
        (CoolOff(channels=("home", "feed")), "home", [True, True, False]),
        (CoolOff(days=0), "home", [False, False, False]),
        (None, "home", [False, False, False]),
    ],
)
def test_who_rests(three, cool_off, channel, resting):
    assert rest_members(three, cool_off, channel).tolist() == resting


def test_a_slice_rests_as_the_whole(three):
    assert rest_members(three.slice(1), CoolOff(), "home").tolist() == [True, False]
    assert rest_members(three.slice(3), CoolOff(), "home").tolist() == []


def test_another_moment_can_be_given(three):
    assert rest_members(three, CoolOff(on="served"), "home", now=NOW - 4 * DAY).tolist() == [False, False, False]
    assert rest_members(three, CoolOff(on="served"), "home", now=NOW + 4 * DAY).tolist() == [False, False, False]
    assert rest_members(three, CoolOff(on="served"), "home", now=NOW + 3 * DAY).tolist() == [True, False, False]


@pytest.mark.parametrize("wrong", [{"on": "seen"}, {"days": -1}, {"channels": ("radio",)}])
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(UsageError):
        CoolOff(**wrong)
