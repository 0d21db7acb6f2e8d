"""Who looks at a page and how: member, language, appearance, and the addresses that keep all of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request

from skillfirst.contexts.texts import LANGUAGES
from skillfirst.serve.answers import Whole
from skillfirst.serve.callers import Caller
from skillfirst.serve.demo import Person
from skillfirst.serve.newcomers import Newcomer
from skillfirst.serve.page.words import Words, preferred, words
from skillfirst.serve.problems import Refused
from skillfirst.serve.service import Service
from skillfirst.serve.settings import LONGEST_ID

LANGUAGE_COOKIE, THEME_COOKIE, TITLE_COOKIE = "skillfirst_lang", "skillfirst_theme", "skillfirst_title"
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Viewer:
    """The person in front of a page. `member_id` is empty where nobody is known yet."""

    service: Service
    caller: Caller
    member_id: str
    asked_language: str | None
    theme: str
    title: str | None
    form_token: str
    embedded: bool = False
    path: str = "/"
    chose_language: bool = False
    browser_language: str | None = None

    @property
    def newcomer(self) -> Newcomer:
        """What the questionnaire learned and no event can keep, the title; and the language chosen here, else the
        browser's, for whoever states none."""
        return Newcomer(self.title).reading(self.asked_language or self.browser_language)

    @property
    def names_itself(self) -> bool:
        """Whether addresses must say which member is meant: the caller could be looking at anyone."""
        return self.caller.member is None

    def url(self, path: str, **values: Any) -> str:
        """An address of ours with what it needs to show the same person the same thing."""
        given = {name: value for name, value in values.items() if value is not None}
        if self.names_itself and self.member_id and "member" not in given:
            given["member"] = self.member_id
        if self.embedded:  # no cookie remembers anything there
            given["embedded"] = "1"
            if self.asked_language:
                given.setdefault("lang", self.asked_language)
        return f"{path}?{urlencode(given)}" if given else path

    @property
    def person(self) -> Person | None:
        return self.service.demo.person(self.member_id) if self.service.demo else None

    def words(self, answer_language: str | None = None) -> Words:
        """The interface's words: as asked for, else as the member's answer speaks, else as the browser does."""
        return words(self.asked_language or answer_language or self.browser_language or "en")

    @cached_property
    def headers(self) -> dict[str, str]:
        """What the page's own requests carry."""
        carried = {"X-Form-Token": self.form_token}
        if self.caller.token:
            carried["Authorization"] = f"Bearer {self.caller.token}"
        return carried


def viewer_of(request: Request, scope: str = "read", *, anybody: bool = False) -> Viewer:
    """The viewer of a request. Raises Refused when the caller may not see this member's page.

    `anybody`: the page makes sense without a member (the questionnaire of a passer-by).
    """
    service: Service = request.app.state.service
    caller: Caller = request.scope["caller"]
    named = request.query_params.get("member", "")[:LONGEST_ID]
    member_id = caller.member or named
    if not member_id and service.demo and service.demo.people and not anybody:
        member_id = service.demo.people[0].member_id
    caller.may(scope, member_id or caller.member)
    query, cookies = request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
    asked = next((tag for tag in (query, cookies) if tag in LANGUAGES), None)
    theme = request.cookies.get(THEME_COOKIE, "")
    title_member, _, title = request.cookies.get(TITLE_COOKIE, "").partition(".")
    now = request.app.state.gate.now()
    return Viewer(
        service, caller, member_id, asked, theme if theme in THEMES else "",
        title[:200] if title and title_member == short(member_id) else None,
        service.callers.form_token(caller, now), request.query_params.get("embedded") == "1",
        request.url.path, query in LANGUAGES, preferred(request.headers.get("accept-language")),
    )  # fmt: skip


def check_form(request: Request, viewer: Viewer) -> None:
    """Raises Refused unless a form or a request of the page brings the token the page was given."""
    token = request.headers.get("x-form-token")
    viewer.service.callers.check_form(viewer.caller, token, request.app.state.gate.now())


def short(member_id: str) -> str:
    """A member's id for a cookie, where it has no business to be read."""
    return hashlib.sha256(member_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def need_member(viewer: Viewer) -> str:
    """The member's id. Raises Refused 404 where nobody is known."""
    if not viewer.member_id:
        raise Refused(404, "this page belongs to a member, and none was named")
    return viewer.member_id


async def served_page(viewer: Viewer) -> Whole:
    """The member's home answer for a page that is shown now: told to the log."""
    service = viewer.service
    whole = await service.whole(viewer.member_id, "home", viewer.newcomer)
    if service.settings.log_served != "none":
        service.served.note(viewer.member_id, "home", whole.answer.version)
    return whole


def cover_url(course_id: str, category: str | None, skills: list[str]) -> str:
    """Where a course's drawn cover is: everything it depends on stands in the address."""
    return f"/covers/cover.svg?i={quote(course_id)}&c={quote(category or '')}&s={quote(skills[0] if skills else '')}"
