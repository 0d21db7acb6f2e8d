"""An event log and the lists of a policy nobody has seen, as decisions that `off_policy` can judge.

A decision is a showing whose propensity was logged: somebody looked at a place of a page, and a course stood there with
a known probability. The new policy would have put one course in that place: its probability of what was shown is 1
where it is the same course, else 0. What it asks of readers (who looks where) is the same for both (position-based
replay: L. Li, W. Chu, J. Langford, X. Wang, WSDM 2011, slot by slot).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from skillfirst.errors import DataError
from skillfirst.experiments.exposure import Events, connect, register
from skillfirst.experiments.totals import WINDOW_US

PLACE = ("member_id", "channel", "carousel_rank", "position")


@dataclass(frozen=True)
class Decisions:
    """`rows`: reward (1.0 where the course was clicked within 24 hours), logged, target, member; one a showing with a
    propensity, in a place that the new policy fills. Counts of the showings left out, by reason."""

    rows: pa.Table
    without_propensity: int
    unfilled: int


def decisions(
    events: Events, recommended: pa.Table, memory: str = "1GB", threads: int = 2, spill: str | Path | None = None
) -> Decisions:
    """`events`: EVENTS rows. `recommended`: one row a shown course with member_id, channel, course_id, carousel_rank
    (0 or null: a list) and position, as `skillfirst export` writes them.

    Raises DataError when a column is missing, when a place is filled twice, or when no showing has a propensity.
    """
    for name in (*PLACE, "course_id"):
        if name not in recommended.column_names:
            raise DataError("column is missing", table="recommended", column=name)
    with connect(memory, threads, spill) as connection:
        columns = register(connection, "raw_events", events)
        for name in (*PLACE, "course_id", "kind", "time", "propensity"):
            if name not in columns:
                raise DataError("column is missing", table="events", column=name)
        connection.register("recommended", recommended.select([*PLACE, "course_id"]))
        twice = connection.execute(
            "SELECT count(*), min(member_id) FROM (SELECT member_id FROM recommended GROUP BY member_id, channel, "
            "coalesce(carousel_rank, 0), position HAVING count(*) > 1)"
        ).fetchall()[0]
        if twice[0]:
            raise DataError("a place is filled twice", table="recommended", count=twice[0], first=str(twice[1]))
        connection.execute(
            """
            CREATE TEMP TABLE shown AS
            SELECT member_id, course_id, channel, coalesce(carousel_rank, 0) AS carousel_rank, position, propensity,
                   epoch_us(time) AS t, row_number() OVER () AS n
            FROM raw_events WHERE kind = 'impression' AND course_id IS NOT NULL
            """
        )
        connection.execute(
            f"""
            CREATE TEMP TABLE clicked AS
            SELECT DISTINCT i.n FROM (SELECT member_id, course_id, epoch_us(time) AS t FROM raw_events
                                      WHERE kind IN ('click', 'email_click') AND course_id IS NOT NULL) a
            ASOF JOIN shown i ON a.member_id = i.member_id AND a.course_id = i.course_id AND a.t >= i.t
            WHERE a.t - i.t <= {WINDOW_US}
            """
        )
        every, known = connection.execute("SELECT count(*), count(propensity) FROM shown").fetchall()[0]
        if not known:
            raise DataError(
                "no impression has a propensity", table="events", column="propensity",
                next_step="Log the probability with which a course was shown, for instance from a random arm.",
            )  # fmt: skip
        rows: pa.Table = connection.sql(
            """
            SELECT (c.n IS NOT NULL)::DOUBLE AS reward, s.propensity AS logged,
                   (s.course_id = r.course_id)::DOUBLE AS target, s.member_id AS member
            FROM shown s JOIN recommended r ON s.member_id = r.member_id AND s.channel = r.channel
                 AND s.carousel_rank = coalesce(r.carousel_rank, 0) AND s.position = r.position
                 LEFT JOIN clicked c ON c.n = s.n
            WHERE s.propensity IS NOT NULL ORDER BY s.member_id, s.t, s.channel, s.carousel_rank, s.position
            """
        ).to_arrow_table()
    return Decisions(rows, every - known, known - rows.num_rows)
