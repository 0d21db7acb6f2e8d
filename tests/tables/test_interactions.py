"""Events into document columns: the obvious version as oracle, and the day's merge equal to the night's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.tables.interactions import COLUMNS, SEEN_DAYS, SEEN_MOST, EventRows, History, event_keys, merge_events
from skillfirst.tables.member_document import DOCUMENT, Interaction, documents
from skillfirst.tables.schemas import EVENT_KINDS

NOW = 1_700_000_000
DAY = 86_400
KINDS = {i.name.lower(): int(i) for i in Interaction} | {"email_click": int(Interaction.CLICK)}


def rows_of(events):
    """EventRows from dicts: row, kind, time (s, may be fractional), course, skill, channel, slot, seconds, event."""

    def column(name, default):
        return [e.get(name, default) for e in events]

    return EventRows.of(
        np.array(column("row", 0), np.int32),
        pa.array(column("kind", None), pa.string()),
        np.array([round(e["time"] * 1_000_000) for e in events], np.int64),
        course=np.array(column("course", -1), np.int32),
        skill=np.array(column("skill", -1), np.int32),
        channel=pa.array(column("channel", None), pa.string()),
        position=np.array(column("slot", np.nan), np.float64),
        seconds=np.array(column("seconds", np.nan), np.float64),
        event=np.array(column("event", 0), np.uint64),
    )


def plain(history):
    return {name: column.to_pylist() for name, column in history.columns().items()}


def of_one(*events, now=NOW, before=None):
    merged = plain(merge_events(before or History.empty(1), rows_of(events), now))
    return {name: lists[0] for name, lists in merged.items()}


def oracle(rows, events, now):
    """The columns by dictionaries and sorted lists."""
    content = ("time", "kind_code", "course", "skill", "channel_code", "slot", "seconds")
    codes = {"home": 1, "feed": 2, "email": 3}
    normal = []
    for e in events:
        e = {"course": -1, "skill": -1, "slot": 1, "seconds": 0, "event": 0, "channel": None, **e}
        e["kind_code"], e["channel_code"] = EVENT_KINDS.index(e["kind"]), codes.get(e["channel"], 0)
        e["s"] = int(e["time"] // 1)
        if e["s"] <= now:
            normal.append(e)
    normal.sort(key=lambda e: [e[c] for c in content])
    out = {name: [[] for _ in range(rows)] for name in COLUMNS}
    for row in range(rows):
        ids, courses, seen, served, says = set(), {}, [], {}, {}
        for e in (e for e in normal if e["row"] == row):
            if e["event"] and e["event"] in ids:
                continue
            ids.add(e["event"])
            kind = e["kind"]
            if kind in KINDS and e["course"] >= 0:
                newest, total = courses.get((e["course"], KINDS[kind]), (0, 0))
                courses[e["course"], KINDS[kind]] = (max(newest, e["time"]), total + e["seconds"])
            if kind == "impression" and e["s"] >= now - SEEN_DAYS * DAY:
                seen.append((e["s"], e["course"], e["channel_code"], e["slot"]))
            if kind in ("served", "email_sent"):
                where = 3 if kind == "email_sent" else e["channel_code"]
                served[where] = max(served.get(where, 0), e["s"])
            if e["skill"] >= 0 and kind in ("interest", "undo", "refuse_skill"):
                rank = (e["time"], ("interest", "undo", "refuse_skill").index(kind))
                says[e["skill"]] = max(says.get(e["skill"], (0, -1)), rank)
        seen = sorted(seen)[-SEEN_MOST:]
        out["wanted"][row] = sorted(s for s, (_, w) in says.items() if w == 0)
        out["refused"][row] = sorted(s for s, (_, w) in says.items() if w == 2)
        out["wish_skill"][row] = sorted(says)
        out["wish_says"][row] = [says[s][1] for s in sorted(says)]
        out["wish_time"][row] = [round(says[s][0] * 1_000_000) for s in sorted(says)]
        seconds = {key: int(newest // 1) for key, (newest, _) in courses.items()}
        for course, kind in courses:
            back = (course, Interaction.UNDO)
            rivals = [(course, k) for k in (Interaction.BOOKMARK, Interaction.DISMISS) if (course, k) in courses]
            rivals = [k for k in rivals if back in courses and courses[k][0] // 1 == courses[back][0] // 1]
            if kind == Interaction.UNDO and any(courses[k][0] > courses[back][0] for k in rivals):
                for k in [back, *(k for k in rivals if courses[k][0] <= courses[back][0])]:
                    seconds[k] -= 1
        keys = sorted(courses)
        out["course"][row] = [c for c, _ in keys]
        out["course_kind"][row] = [k for _, k in keys]
        out["course_time"][row] = [seconds[k] for k in keys]
        out["course_seconds"][row] = [courses[k][1] for k in keys]
        for place, name in enumerate(("seen_time", "seen_course", "seen_channel", "seen_slot")):
            out[name][row] = [s[place] for s in seen]
        out["served_channel"][row] = sorted(served)
        out["served_time"][row] = [served[c] for c in sorted(served)]
    return out


@st.composite
def event(draw):
    kind = draw(st.sampled_from(EVENT_KINDS))
    about_skill = kind in ("interest", "refuse_skill") or (kind == "undo" and draw(st.booleans()))
    named = {"skill": draw(st.integers(0, 3))} if about_skill else {"course": draw(st.integers(0, 4))}
    quarter = draw(st.integers(-8, 40)) / 4  # several events a second, some after now, some before the window
    day = draw(st.sampled_from([0, 1, 111, 112, 113, 400]))
    return {
        "row": draw(st.integers(0, 2)), "kind": kind, "time": NOW - day * DAY - quarter, **named,
        "channel": draw(st.sampled_from(["home", "feed", "email", None])), "slot": draw(st.integers(1, 4)),
        "seconds": draw(st.integers(0, 500)), "event": draw(st.integers(0, 12)),
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(event(), max_size=60))
def test_merge_equals_the_obvious_version(events):
    assert plain(merge_events(History.empty(3), rows_of(events), NOW)) == oracle(3, events, NOW)


@settings(max_examples=60, deadline=None)
@given(st.lists(event(), max_size=40), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(events, random):
    shuffled = list(events)
    random.shuffle(shuffled)
    one, other = (plain(merge_events(History.empty(3), rows_of(e), NOW)) for e in (events, shuffled))
    assert one == other


def near(one, other):
    """Of one course within a second: there a document cannot tell which came first."""
    return one.get("course") == other.get("course") and abs(one["time"] // 1 - other["time"] // 1) < 2


@settings(max_examples=80, deadline=None)
@given(st.lists(event(), max_size=40), st.integers(0, 115))
def test_the_days_merge_onto_a_document_equals_the_nights_merge_of_everything(events, days):
    for number, e in enumerate(events):
        e["event"] = number + 1
    cut = NOW - days * DAY
    # one event in three comes late: after the night that it belongs to
    late = [e for e in events if e["event"] % 3 == 0 and not any(near(e, o) for o in events if o is not e)]
    night = merge_events(History.empty(3), rows_of([e for e in events if e not in late]), cut)
    later = [e for e in events if e["time"] // 1 > cut or e in late]
    stored = History.from_documents(documents(3, **night.columns()))
    assert plain(merge_events(stored, rows_of(later), NOW)) == plain(
        merge_events(History.empty(3), rows_of(events), NOW)
    )


def test_columns_have_the_types_of_the_document():
    columns = History.empty(2).columns()
    assert {name: c.type for name, c in columns.items()} == {name: DOCUMENT.field(name).type for name in COLUMNS}


def test_a_slice_of_documents_gives_its_own_history():
    batch = documents(3, course=[[1], [2, 3], []], course_kind=[[1], [1, 2], []], course_time=[[5], [6, 7], []],
                      course_seconds=[[0], [0, 9], []])  # fmt: skip
    history = History.from_documents(batch.slice(1, 2))
    assert plain(history)["course"] == [[2, 3], []]
    assert plain(history)["course_seconds"] == [[0, 9], []]


def test_watching_twice_adds_the_seconds_and_keeps_the_newest_time():
    watched = of_one(
        {"kind": "watch", "course": 7, "time": 100, "seconds": 40.4},
        {"kind": "watch", "course": 7, "time": 90, "seconds": 20},
    )
    assert (watched["course"], watched["course_time"], watched["course_seconds"]) == ([7], [100], [60])


def test_an_event_id_counts_once_and_events_without_one_count_each():
    twice = {"kind": "watch", "course": 1, "time": 10, "seconds": 5}
    assert of_one({**twice, "event": 3}, {**twice, "event": 3})["course_seconds"] == [5]
    assert of_one(twice, twice)["course_seconds"] == [10]


def test_of_many_events_with_one_id_the_earliest_counts():
    same = [{"kind": "watch", "course": 1, "time": 1000 - i, "seconds": i, "event": 9} for i in range(100)]
    assert of_one(*same)["course_time"] == [901]


@pytest.mark.parametrize(
    ("story", "wanted", "refused"),
    [
        ([("interest", 1), ("refuse_skill", 2)], [], [5]),
        ([("refuse_skill", 1), ("interest", 2)], [5], []),
        ([("refuse_skill", 1), ("undo", 2)], [], []),
        ([("interest", 2), ("refuse_skill", 2), ("undo", 2)], [], [5]),
        ([("undo", 1), ("interest", 1)], [], []),
    ],
)
def test_the_newest_word_about_a_skill_counts(story, wanted, refused):
    said = of_one(*({"kind": k, "time": t, "skill": 5} for k, t in story))
    assert (said["wanted"], said["refused"]) == (wanted, refused)


@pytest.mark.parametrize(
    ("story", "hidden", "saved"),
    [
        ("dismiss undo", False, False),
        ("undo dismiss", True, False),
        ("dismiss undo dismiss", True, False),
        ("dismiss undo dismiss undo", False, False),
        ("bookmark undo dismiss", True, False),
        ("bookmark undo bookmark", False, True),
        ("bookmark dismiss", True, True),
    ],
)
@pytest.mark.parametrize("gap", [0.0001, 0.4, 2.0])
def test_within_a_second_the_last_word_about_a_course_counts(story, hidden, saved, gap):
    events = [{"kind": kind, "course": 3, "time": 100 + i * gap} for i, kind in enumerate(story.split())]
    said = of_one(*events)
    at = dict(zip(said["course_kind"], said["course_time"], strict=True))
    undone = at.get(Interaction.UNDO, -1)
    assert (at.get(Interaction.DISMISS, -1) > undone) is hidden
    assert (at.get(Interaction.BOOKMARK, -1) > undone) is saved


def test_a_wish_that_arrives_late_does_not_overrule_what_was_said_after_it():
    refused = of_one({"kind": "refuse_skill", "skill": 5, "time": 20})
    stored = History.from_documents(documents(1, **{name: [refused[name]] for name in COLUMNS}))
    late = plain(merge_events(stored, rows_of([{"kind": "interest", "skill": 5, "time": 10}]), NOW))
    assert (late["wanted"], late["refused"]) == ([[]], [[5]])
    news = plain(merge_events(stored, rows_of([{"kind": "interest", "skill": 5, "time": 30}]), NOW))
    assert (news["wanted"], news["refused"]) == ([[5]], [[]])


def test_an_event_overrules_the_profile():
    stated = History.stated((np.array([0, 2]), np.array([1, 2], np.int32)), (np.array([0, 1]), np.array([3], np.int32)))
    said = of_one(
        {"kind": "refuse_skill", "skill": 1, "time": 5}, {"kind": "undo", "skill": 3, "time": 5}, before=stated
    )
    assert (said["wanted"], said["refused"]) == ([2], [1])


def test_only_the_newest_512_impressions_stay():
    shown = [{"kind": "impression", "course": i, "time": NOW - 1000 + i, "channel": "home"} for i in range(600)]
    assert of_one(*shown)["seen_course"] == list(range(600 - SEEN_MOST, 600))


def test_undo_of_a_course_is_kept_with_its_time_and_the_future_is_not():
    undone = of_one(
        {"kind": "dismiss", "course": 2, "time": 10}, {"kind": "undo", "course": 2, "time": 20},
        {"kind": "dismiss", "course": 2, "time": NOW + 1},
    )  # fmt: skip
    assert undone["course_kind"] == [Interaction.DISMISS, Interaction.UNDO]
    assert undone["course_time"] == [10, 20]


def test_an_email_sent_counts_for_the_email_channel():
    sent = of_one({"kind": "email_sent", "time": 7}, {"kind": "served", "time": 5, "channel": "feed"})
    assert (sent["served_channel"], sent["served_time"]) == ([2, 3], [5, 7])


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="unknown kind"):
        of_one({"kind": "yawn", "time": 1})


def test_event_keys_tell_ids_apart_and_leave_null_at_zero():
    keys = event_keys(pa.chunked_array([["a", None], ["b", "a"]]))
    assert keys.dtype == np.uint64
    assert keys[1] == 0
    assert keys[0] == keys[3] != keys[2]
