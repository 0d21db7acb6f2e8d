"""Any member id becomes a key of its own, within LMDB's limit, in the order of the ids."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.errors import UsageError
from skillfirst.stores.online.keys import LONGEST_CHANNEL_BYTES, member_key, name_key

IDS = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF), max_size=500) | st.text("\x00\x01a", max_size=6)


@settings(deadline=None)
@given(IDS, IDS)
def test_keys_are_distinct_and_none_begins_another(one, other):
    first, second = member_key(one), member_key(other)
    assert (first == second) == (one == other)
    assert one == other or not first.startswith(second)
    assert len(first) + LONGEST_CHANNEL_BYTES <= 511 or len(one.encode("utf-8", "surrogatepass")) <= 440


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=10))
def test_keys_of_short_ids_sort_as_the_ids(ids):
    assert [member_key(i) for i in sorted(ids, key=lambda i: i.encode("utf-8", "surrogatepass"))] == sorted(
        member_key(i) for i in ids
    )


def test_the_longest_key_fits():
    for member in ("x" * 440, "\x00" * 220, "x" * 441, "日" * 1_000):
        assert len(member_key(member)) + LONGEST_CHANNEL_BYTES <= 511


def test_a_long_channel_is_refused():
    assert name_key("é" * 32) == "é".encode() * 32
    with pytest.raises(UsageError):
        name_key("é" * 33)
