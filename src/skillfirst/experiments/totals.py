"""From an event log to one row of integers a member: everything a reading of an experiment is computed from.

Aggregated by DuckDB, in passes over parts of the members, so that a log of any length is read in bounded memory.
All sums are of integers (watched time in milliseconds): no order of summation can change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import DataError, UsageError
from skillfirst.experiments.exposure import Events, connect, register
from skillfirst.experiments.metrics import COUNTED

GATE_US = 1_800_000_000  # one impression a member, course and channel in 30 minutes
WINDOW_US = 86_400_000_000  # engagement: within 24 hours of an impression
DAY_US = 86_400_000_000
NEW_DAYS = 30  # a course is new for so long
EVENTS_A_PASS = 4_000_000  # what one pass may hold; about 0.5 GB


@dataclass(frozen=True, slots=True)
class Period:
    """The experiment, [start, end), and how many days before it serve as history (0: no CUPED). Times with a zone."""

    start: datetime
    end: datetime
    history_days: float = 14.0

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or not self.start < self.end or self.history_days < 0:
            raise UsageError("a period needs a start before its end, both with a time zone, and no negative history")

    @property
    def days(self) -> float:
        return (self.end - self.start).total_seconds() / 86_400


@dataclass(frozen=True, slots=True)
class Totals:
    """`members`: one row a member, ascending by member_id: member_id, arm, `metrics.COUNTED` as int64, the same with
    the prefix pre_ for the history, has_history (bool: any event in it).

    `shown`: impressions by arm and course (arm, course_id, impressions), for the coverage.
    """

    members: pa.Table
    shown: pa.Table


def member_totals(
    events: Events, arms: pa.Table, period: Period, courses: pa.Table | None = None,
    memory: str = "1GB", threads: int = 2, spill: str | Path | None = None, passes: int | None = None,
) -> Totals:  # fmt: skip
    """Totals of the members in `arms` (member_id, arm), whether or not the log knows them.

    `events`: EVENTS rows in any order, an Arrow table or Parquet files; an event_id counts once. `courses`: course_id,
    created_on, for the share of new ones. `memory`, `threads`, `spill`: DuckDB's, see `exposure.connect`.

    Raises DataError on a member with two arms or missing columns.
    """
    for name in ("member_id", "arm"):
        if name not in arms.column_names:
            raise DataError("column is missing", table="arms", column=name)
    if pc.count_distinct(arms["member_id"]).as_py() != arms.num_rows:
        raise DataError("a member stands there more than once", table="arms", column="member_id")
    parts, shown = [], []
    with connect(memory, threads, spill) as connection:
        columns = register(connection, "raw_events", events)
        connection.register("arms", arms.select(["member_id", "arm"]))
        connection.execute(
            "CREATE TEMP TABLE roster AS SELECT member_id, arm, "
            "(row_number() OVER (ORDER BY member_id))::INTEGER AS member FROM arms"
        )
        if courses is None or "created_on" not in courses.column_names:
            courses = pa.table({"course_id": pa.array([], pa.string()), "created_on": pa.array([], pa.date32())})
        connection.register("courses", courses.select(["course_id", "created_on"]))
        named = "SELECT course_id FROM raw_events UNION SELECT course_id FROM courses"
        if "course_id" not in columns:
            named = "SELECT course_id FROM courses"
        connection.execute(
            "CREATE TEMP TABLE catalogue AS SELECT course_id, created_on, "
            f"(row_number() OVER (ORDER BY course_id))::INTEGER AS course FROM ({named}) "
            "LEFT JOIN courses USING (course_id) WHERE course_id IS NOT NULL"
        )
        if passes is None:
            rows = connection.execute("SELECT count(*) FROM raw_events").fetchone()[0]
            passes = max(1, -(-rows // EVENTS_A_PASS))
        for k in range(passes):
            _prepare(connection, columns, period, passes, k)
            parts.append(_members(connection, period, passes, k))
            shown.append(_shown(connection, period))
    members = pa.concat_tables(parts).sort_by("member_id").combine_chunks()
    counts = pa.concat_tables(shown).group_by(["arm", "course_id"]).aggregate([("impressions", "sum")])
    counts = counts.rename_columns(["arm", "course_id", "impressions"]).sort_by(
        [("arm", "ascending"), ("course_id", "ascending")]
    )
    return Totals(members, counts)


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _prepare(connection: Any, columns: list[str], period: Period, passes: int, k: int) -> None:
    """Temporary tables of pass k: events, impressions (gated), credited (impressions that led to something)."""

    def column(name: str, type_: str) -> str:
        return name if name in columns else f"NULL::{type_}"

    low = _us(period.start) - int(period.history_days * DAY_US)
    high = _us(period.end) + WINDOW_US
    known = "course_id" in columns
    once = ""
    if "event_id" in columns:
        once = (
            "QUALIFY event_id IS NULL OR row_number() OVER (PARTITION BY event_id ORDER BY time, member_id, kind) = 1"
        )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE happened AS
        SELECT m.member, c.course, kind, epoch_us(time) AS t, coalesce({column("channel", "VARCHAR")}, '') AS channel,
               {column("list_id", "VARCHAR")} AS list_id,
               CAST(round(coalesce({column("seconds", "DOUBLE")}, 0) * 1000) AS BIGINT) AS ms
        FROM raw_events e JOIN roster m USING (member_id)
             LEFT JOIN catalogue c ON c.course_id = {"e." * known + column("course_id", "VARCHAR")}
        WHERE epoch_us(time) >= {low} AND epoch_us(time) < {high} AND m.member % {passes} = {k}
        {once}
        """
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE lapses AS
        SELECT member, course, channel, t, t - lag(t) OVER (PARTITION BY member, course, channel ORDER BY t) AS gap
        FROM happened WHERE kind = 'impression' AND course IS NOT NULL
        """
    )
    # only where some lapse is shorter than the gate does its order matter: a reduction over those few lists
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE impressions AS
        WITH close AS (SELECT DISTINCT member, course, channel FROM lapses WHERE gap < {GATE_US})
        SELECT member, course, t FROM lapses ANTI JOIN close USING (member, course, channel)
        UNION ALL
        SELECT member, course, unnest(list_reduce(list_transform(ts, lambda x: [x]), lambda kept, x:
            CASE WHEN x[1] - kept[-1] >= {GATE_US} THEN list_concat(kept, x) ELSE kept END)) AS t
        FROM (SELECT member, course, list(t ORDER BY t) AS ts
              FROM lapses SEMI JOIN close USING (member, course, channel) GROUP BY member, course, channel)
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE credited AS
        SELECT a.member, a.course, i.t, bool_or(a.kind = 'click') AS clicked
        FROM (SELECT member, course, kind, t FROM happened WHERE kind IN ('click', 'watch') AND course IS NOT NULL) a
        ASOF JOIN impressions i ON a.member = i.member AND a.course = i.course AND a.t >= i.t
        WHERE a.t - i.t <= {WINDOW_US}
        GROUP BY ALL
        """
    )


def _members(connection: Any, period: Period, passes: int, k: int) -> pa.Table:
    """Totals of the members of this pass; members of other passes are not in it."""
    start, end = _us(period.start), _us(period.end)
    low = start - int(period.history_days * DAY_US)
    phases = {"": f"t >= {start} AND t < {end}", "pre_": f"t >= {low} AND t < {start}"}
    # what must be distinct is grouped first: far cheaper than count(DISTINCT) in every column
    phase = f"CASE WHEN t < {start} THEN 'pre_' WHEN t < {end} THEN '' END AS phase"

    def each(template: str) -> str:
        return ", ".join(template.format(p=prefix, when=when) for prefix, when in phases.items())

    def phased(template: str) -> str:
        return ", ".join(template.format(p=prefix, when=f"phase = '{prefix}'") for prefix in phases)

    seen = phased(
        "sum(shown) FILTER ({when}) AS {p}impressions, sum(new) FILTER ({when}) AS {p}new_impressions, "
        "count(*) FILTER ({when}) AS {p}shown_days"
    )
    won = phased("sum(clicked) FILTER ({when}) AS {p}clicked_impressions, count(*) FILTER ({when}) AS {p}engaged_days")
    did = each(
        "count(*) FILTER (kind = 'click' AND {when}) AS {p}clicks, "
        "sum(ms) FILTER (kind = 'watch' AND {when}) AS {p}watch_ms"
    )
    mailed = phased(
        "count(*) FILTER ({when} AND sent) AS {p}email_sent, "
        # a click shows that the mail was open, even where its image was not loaded
        "count(*) FILTER ({when} AND (opened OR clicked)) AS {p}email_opened, "
        "count(*) FILTER ({when} AND clicked) AS {p}email_clicked"
    )
    names = [prefix + name for prefix in phases for name in COUNTED]
    picked = ", ".join(f"coalesce({name}, 0)::BIGINT AS {name}" for name in names)
    table: pa.Table = connection.sql(
        f"""
        WITH days AS (
            SELECT member, t // {DAY_US} AS day, {phase}, count(*) AS shown,
                   count(*) FILTER (created_on > make_timestamp(t) - INTERVAL {NEW_DAYS} DAY) AS new
            FROM impressions JOIN catalogue USING (course) GROUP BY ALL),
        good_days AS (
            SELECT member, t // {DAY_US} AS day, {phase}, count(*) FILTER (clicked) AS clicked
            FROM credited GROUP BY ALL),
        mails AS (
            SELECT member, list_id, CASE WHEN list_id IS NULL THEN t // {DAY_US} END AS day,
                   {phase.replace("WHEN t", "WHEN min(t)")},  -- a mail belongs to the period it was sent in
                   bool_or(kind = 'email_sent') AS sent, bool_or(kind = 'email_open') AS opened,
                   bool_or(kind = 'email_click') AS clicked
            FROM happened WHERE kind IN ('email_sent', 'email_open', 'email_click') GROUP BY ALL),
        seen AS (SELECT member, {seen} FROM days GROUP BY member),
        won AS (SELECT member, {won} FROM good_days GROUP BY member),
        mailed AS (SELECT member, {mailed} FROM mails GROUP BY member),
        did AS (SELECT member, {did}, bool_or(t < {start}) AS has_history FROM happened GROUP BY member)
        SELECT member_id, arm, {picked}, coalesce(has_history, false) AS has_history
        FROM roster LEFT JOIN seen USING (member) LEFT JOIN won USING (member) LEFT JOIN mailed USING (member)
             LEFT JOIN did USING (member)
        WHERE member % {passes} = {k}
        """
    ).to_arrow_table()
    return table


def _shown(connection: Any, period: Period) -> pa.Table:
    table: pa.Table = connection.sql(
        f"""
        SELECT arm, course_id, count(*)::BIGINT AS impressions
        FROM impressions JOIN roster USING (member) JOIN catalogue USING (course)
        WHERE t >= {_us(period.start)} AND t < {_us(period.end)} GROUP BY ALL
        """
    ).to_arrow_table()
    return table
