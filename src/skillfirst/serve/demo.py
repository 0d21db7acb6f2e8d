"""The demo: people to pick from, and a calendar that can be turned to the next day."""

from __future__ import annotations

import datetime as dt
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody a visitor can be: what is told of them stands beside the page.

    `biography`, `network`: in English; `stories`: both by language, where they are told in others.
    """

    member_id: str
    name: str
    biography: str = ""
    network: str = ""
    title: str = ""  # id of the title
    languages: Sequence[str] = ()
    stories: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def story(self, language: str) -> tuple[str, str, str]:
        """(language, biography, network) in a language, else in English."""
        return (language, *self.stories[language]) if language in self.stories else ("en", self.biography, self.network)


class Demo:
    """`day`: the day of the run that is published. `tomorrow(day)`: run and publish the night of that day; it takes
    what happened since out of the event log. The visitor lives on the day after `day`.
    """

    def __init__(
        self, people: Sequence[Person], day: dt.date, tomorrow: Callable[[dt.date], object] | None = None
    ) -> None:
        self.people = tuple(people)
        self.day = day
        self._tomorrow = tomorrow
        self._lock = threading.Lock()

    @property
    def can_turn(self) -> bool:
        return self._tomorrow is not None

    @property
    def today(self) -> dt.date:
        """The day the visitor lives on."""
        return self.day + dt.timedelta(days=1)

    def clock(self) -> dt.datetime:
        """Now, on the visitor's day at the real time of day."""
        return dt.datetime.combine(self.today, dt.datetime.now(dt.UTC).timetz())

    def turn(self) -> dt.date:
        """Run the night after the visitor's day, and go to the next morning; returns the new day. One at a time."""
        with self._lock:
            if self._tomorrow is not None:
                self._tomorrow(self.today)
                self.day = self.today
        return self.today

    @staticmethod
    def visitor() -> str:
        """The id of somebody who has never been here."""
        return f"visitor-{secrets.token_hex(4)}"

    def person(self, member_id: str) -> Person | None:
        return next((p for p in self.people if p.member_id == member_id), None)
