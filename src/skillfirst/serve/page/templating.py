"""Templates, static files and the headers of every page."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from skillfirst.serve.page.icons import icon
from skillfirst.serve.page.viewing import LANGUAGE_COOKIE, Viewer
from skillfirst.serve.page.words import NAMES, Words

A_YEAR = 31_536_000  # seconds
HERE = Path(__file__).parent
STATIC = HERE / "static"
#: nothing from elsewhere, nothing inline: what an attacker smuggles into a title cannot run
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)


@cache
def environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    env.globals.update(static=static_url, names=NAMES, json=json.dumps, icon=icon)
    return env


@cache
def static_url(path: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep the file for ever."""
    return f"/static/{path}?v={hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]}"


def render(template: str, **values: Any) -> str:
    return environment().get_template(template).render(**values)


def html(text: str, status: int = 200, ancestors: tuple[str, ...] = ()) -> HTMLResponse:
    """An answer with the strict policy; `ancestors`: origins that may frame it, nobody else may."""
    policy = POLICY.format(ancestors=" ".join(("'self'", *ancestors)) if ancestors else "'self'")
    return HTMLResponse(text, status, {"content-security-policy": policy, "permissions-policy": "interest-cohort=()"})


def shown(template: str, viewer: Viewer, words: Words, **values: Any) -> HTMLResponse:
    """A page or fragment for a viewer."""
    settings = viewer.service.settings
    text = render(
        template, viewer=viewer, w=words, url=viewer.url, brand=settings.brand, demo=viewer.service.demo, **values
    )  # fmt: skip
    response = html(text, ancestors=settings.frame_ancestors if viewer.embedded else ())
    if viewer.chose_language and viewer.asked_language and not viewer.embedded:
        response.set_cookie(LANGUAGE_COOKIE, viewer.asked_language, max_age=A_YEAR, samesite="lax")
    return response
