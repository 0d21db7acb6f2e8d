"""Who calls: from headers and cookies to what the caller may do."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from skillfirst.serve.keys import SCOPES, find_key
from skillfirst.serve.problems import Refused
from skillfirst.serve.settings import Settings
from skillfirst.serve.tokens import JwtReader, mint_token, read_token

MEMBER_COOKIE, ADMIN_COOKIE = "skillfirst_member", "skillfirst_admin"
MEMBER_SCOPES = frozenset({"read", "events", "profile"})
ADMIN_SECONDS = 8 * 3600
SESSION_SECONDS = 12 * 3600
#: where Basic authentication is taken, as xAPI wants it. Browsers may send it unasked, but not the header of xAPI's
#: version, without which nothing is taken there
BASIC_PATHS = "/api/v1/xapi/"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Caller:
    """`member`: the only member this caller may touch, None for any. `by`: local, key, token, cookie or nobody."""

    name: str
    scopes: frozenset[str]
    by: str
    member: str | None = None
    token: str | None = None

    def may(self, scope: str, member_id: str | None = None) -> None:
        """Raises Refused unless the caller has this scope, and for this member."""
        if self.by == "nobody":
            raise Refused(
                401, "this needs a key or a token", next_step="Send it as 'Authorization: Bearer ...'.",
                headers={"www-authenticate": "Bearer"},
            )  # fmt: skip
        if scope not in self.scopes:
            raise Refused(403, f"this caller has no scope '{scope}'")
        if self.member is not None and member_id != self.member:
            raise Refused(403, "this token is good for another member only")

    @property
    def ambient(self) -> bool:
        """Whether a browser would speak for this caller without being asked: what cross-site requests abuse."""
        return self.by in ("cookie", "local")


NOBODY = Caller("nobody", frozenset(), "nobody")
LOCAL = Caller("local", frozenset(SCOPES), "local")


class Callers:
    """Decides who calls. Sessions of this process are signed with a secret drawn at start."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.session_secret = secrets.token_bytes(32)
        self._jwt = JwtReader(settings.jwt) if settings.jwt else None
        self._token_secrets = (self.session_secret, *settings.token_secrets)

    def who(
        self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], now: int, query_token: str | None
    ) -> Caller:
        """The caller of a request. Raises Refused for a wrong key or token, and for strangers where nothing guards."""
        presented = _presented(headers, basic=scope.get("path", "").startswith(BASIC_PATHS)) or query_token
        if presented:
            found = self._by_token(presented, now)
            if found is None:
                raise Refused(
                    401, "this key or token is not valid, or no longer", headers={"www-authenticate": "Bearer"}
                )
            return found
        cookies = headers.get(b"cookie")
        if cookies:
            found = self._by_cookie(cookies.decode("latin-1"), now)
            if found is not None:
                return found
        if self.settings.guarded:
            return NOBODY
        if not _from_this_machine(scope, headers):
            raise Refused(403, "without keys this service answers this machine only", next_step="Set keys to open it.")
        return LOCAL

    def _by_token(self, text: str, now: int) -> Caller | None:
        if text.startswith("sf_"):
            key = find_key(self.settings.keys, text)
            return Caller(key.name, key.scopes, "key") if key else None
        claim = read_token(self._token_secrets, text, now)
        if claim is None and self._jwt is not None:
            claim = self._jwt.read(text, now)
        return Caller("member", MEMBER_SCOPES, "token", claim.subject, text) if claim else None

    def _by_cookie(self, text: str, now: int) -> Caller | None:
        cookies = dict(part.strip().partition("=")[::2] for part in text.split(";"))
        admin = cookies.get(ADMIN_COOKIE)
        if admin and (claim := read_token((self.session_secret,), admin, now, "admin")):
            return Caller(claim.subject, frozenset(SCOPES), "cookie")
        member = cookies.get(MEMBER_COOKIE)
        if member and (claim := read_token(self._token_secrets, member, now)):
            return Caller("member", MEMBER_SCOPES, "cookie", claim.subject)
        return None

    # --- sessions and forms

    def admin_session(self, name: str, now: int) -> str:
        return mint_token(self.session_secret, name, now, ADMIN_SECONDS, "admin")

    def member_session(self, member_id: str, now: int) -> str:
        return mint_token(self.session_secret, member_id, now, SESSION_SECONDS)

    def form_token(self, caller: Caller, now: int) -> str:
        """What a form of ours carries so that no other site can send it for this caller."""
        return mint_token(self.session_secret, _owner(caller), now, SESSION_SECONDS, "form")

    def check_form(self, caller: Caller, token: str | None, now: int) -> None:
        """Raises Refused when a form comes without the token its page was given."""
        if caller.by in ("key", "token"):
            return  # no browser sends these by itself
        claim = read_token((self.session_secret,), token or "", now, "form")
        if claim is None or claim.subject != _owner(caller):
            raise Refused(403, "this form is too old or was not ours", next_step="Reload the page and try again.")


def _owner(caller: Caller) -> str:
    return f"{caller.by}:{caller.name}:{caller.member or ''}"


def _presented(headers: Mapping[bytes, bytes], basic: bool = False) -> str | None:
    raw = headers.get(b"authorization")
    if raw is not None:
        kind, _, value = raw.decode("latin-1").strip().partition(" ")
        if basic and kind.lower() == "basic":
            return _password(value) or kind
        return value.strip() if kind.lower() == "bearer" else kind or None
    key = headers.get(b"x-api-key")
    return key.decode("latin-1") if key is not None else None


def _password(credentials: str) -> str | None:
    """The password of Basic authentication, a key or a token; the name before it is not asked."""
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode("latin-1").partition(":")[2]
    except (binascii.Error, ValueError):
        return None


def _from_this_machine(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
    """From loopback, not through a proxy, and not by a name somebody else's DNS points here (rebinding)."""
    if b"x-forwarded-for" in headers or b"forwarded" in headers:
        return False
    client = scope.get("client")
    return client is not None and _is_here(client[0], headers.get(b"host", b""))


@lru_cache(maxsize=256)
def _is_here(address: str, host: bytes) -> bool:
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
    name = host.decode("latin-1").lower()
    return loopback and (name if name.endswith("]") else name.rpartition(":")[0] or name) in LOCAL_NAMES


def same_site(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says that a page of ours sends this; programs, which say nothing, count as ours."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is None or origin.partition(b"://")[2] == headers.get(b"host")
