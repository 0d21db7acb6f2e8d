"""The metrics of an experiment: each a sum over members divided by a sum over members, the member being the unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """`numerator`, `denominator`: columns of `totals.member_totals`; without a denominator, per member.

    `better`: "up", "down", or "" where neither is. `scale` multiplies the ratio (milliseconds to minutes).
    `guardrail`: watched for harm, not for success.
    """

    name: str
    label: str
    numerator: str
    denominator: str = ""
    better: str = "up"
    scale: float = 1.0
    percent: bool = False
    guardrail: bool = False
    meaning: str = ""


ENGAGEMENT_RATE = Metric(
    "engagement_rate", "Engagement rate", "engaged_days", "shown_days", percent=True,
    meaning="of the days on which a member saw a course, those on which one was clicked or played within 24 hours",
)  # fmt: skip
CLICK_THROUGH = Metric(
    "click_through", "Click-through rate", "clicked_impressions", "impressions", percent=True,
    meaning="of the courses shown, those clicked within 24 hours (one showing a channel in 30 minutes)",
)  # fmt: skip
CLICKS = Metric("clicks_per_member", "Clicks per member", "clicks", meaning="clicks on courses, per member")
IMPRESSIONS = Metric(
    "impressions_per_member", "Impressions per member", "impressions", better="", guardrail=True,
    meaning="courses shown, per member: a treatment that shows less can look better than it is",
)  # fmt: skip
OPEN_TO_CLICK = Metric(
    "open_to_click", "Open-to-click rate", "email_clicked", "email_opened", percent=True,
    meaning="of the mails opened, those clicked; mail programs that open by themselves depress it",
)  # fmt: skip
CLICKS_PER_DELIVERED = Metric(
    "clicks_per_delivered", "Clicks per delivered mail", "email_clicked", "email_sent", percent=True,
    meaning="of the mails sent, those clicked",
)  # fmt: skip
WATCH_MINUTES = Metric(
    "watch_minutes", "Minutes watched per member", "watch_ms", scale=1 / 60_000, guardrail=True,
    meaning="minutes of courses watched: clicks that lead nowhere show here",
)  # fmt: skip
NEW_SHARE = Metric(
    "new_share", "Share of new courses", "new_impressions", "impressions", percent=True, guardrail=True,
    meaning="of the courses shown, those created in the 30 days before",
)  # fmt: skip

METRICS = (
    ENGAGEMENT_RATE, CLICK_THROUGH, CLICKS, IMPRESSIONS, OPEN_TO_CLICK, CLICKS_PER_DELIVERED, WATCH_MINUTES, NEW_SHARE,
)  # fmt: skip

COUNTED = (
    "impressions", "clicked_impressions", "new_impressions", "shown_days", "engaged_days", "clicks", "watch_ms",
    "email_sent", "email_opened", "email_clicked",
)  # fmt: skip
