"""What is shortened comes back byte for byte, also in a process that has not met its phrases."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillfirst.tables import shorthand
from skillfirst.tables.shorthand import HEAD, MAGIC, MOST_KNOWN, Phrases, expanded, packed, phrases_of, unpacked

PHRASES = Phrases([b'"course_id":"a"}', b'"course_id":"b"}'])


def short(phrases, codes, own, mine, pieces):
    """An answer in shorthand, as the module says it is made."""
    numbers = struct.pack(f"<{len(codes)}I", *codes) + struct.pack(f"<{len(mine)}H", *mine)
    return HEAD.pack(MAGIC, phrases.name, len(codes), len(own)) + numbers + b"\0".join([*own, *pieces])


def never(name):
    raise AssertionError("asked for phrases")


def test_cards_stand_between_the_pieces():
    stored = short(PHRASES, [1, 0], [], [], [b"[\x023\x03.5,", b",\x024\x03.1,", b"]"])
    assert PHRASES.expand(stored) == (
        b'[{"position":3,"affinity":.5,"course_id":"b"},{"position":4,"affinity":.1,"course_id":"a"}]'
    )


def test_own_texts_stand_before_the_cards():
    stored = short(PHRASES, [1, 1, 0], [b"because,", "日本,".encode()], [1, 0, 1], [b"<", b"|", b"|", b">"])
    card = PHRASES.texts
    because = "日本,".encode()
    assert PHRASES.expand(stored) == b"<" + because + card[1] + b"|because," + card[1] + b"|" + because + card[0] + b">"


def test_an_answer_without_cards_is_its_one_piece():
    assert PHRASES.expand(short(PHRASES, [], [], [], [b'{"carousels":[]}'])) == b'{"carousels":[]}'


def test_phrases_are_asked_for_once_and_those_of_old_versions_are_forgotten(stranger):
    asked = []

    def find(name):
        asked.append(name)
        return content[name]

    versions = [Phrases([b"card of version %d" % n]) for n in range(MOST_KNOWN + 2)]
    content = {phrases.name: phrases.content for phrases in versions}
    for phrases in (*versions, versions[-1]):
        assert expanded(short(phrases, [0], [], [], [b"<", b">"]), find) == b"<" + phrases.texts[0] + b">"
    assert asked == [phrases.name for phrases in versions]
    assert shorthand.known.get(versions[0].name) is None


def test_phrases_keep_the_marks_they_were_written_with():
    read = Phrases.read(Phrases([b"x"], [(b"\x02", b"another mark")]).content)
    assert read.expand(short(read, [0], [], [], [b"\x02", b""])) == b"another markx"
    assert read.name != Phrases([b"x"]).name


@given(st.binary(max_size=3_000) | st.binary(max_size=40).map(lambda part: part * 60))
def test_a_packed_value_is_never_longer_and_comes_back(value):
    if not value.startswith(MAGIC[:3]):
        assert len(packed(value)) <= len(value)
        assert unpacked(packed(value)) == expanded(packed(value), never) == value


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff\xff\xff\xff", b"\x01", b"\x01sf"])
def test_what_was_stored_as_it_is_stays_as_it_is(value):
    assert expanded(value, never) == value
    assert phrases_of(value) is None
