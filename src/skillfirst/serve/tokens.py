"""Tokens that a browser may hold: signed, short-lived, good for one member only.

    sft1.<base64url of {"m": member, "e": expiry in s since 1970, "k": kind}>.<base64url of HMAC-SHA256>

The host platform mints them with a secret of its own (32 bytes or more); docs/embedding.md shows how in a few lines
of any language. Sessions of this service's own pages are the same thing under a secret drawn at start.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from skillfirst.errors import ExtraMissing, UsageError
from skillfirst.serve.settings import JsonWebTokens

VERSION = "sft1"
LONGEST_SECONDS = 24 * 3600  # a token that lives longer is refused: "short-lived" is not left to the minter
LEAST_SECRET_BYTES = 16
LEEWAY_SECONDS = 60
LONGEST_TOKEN = 4_096


class Claim(NamedTuple):
    """What a valid token says: whose it is, what kind ("member", "admin", "csrf:..."), until when."""

    subject: str
    kind: str
    expires: int


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _mac(secret: bytes, signed: str) -> bytes:
    return hmac.new(secret, signed.encode(), hashlib.sha256).digest()


def mint_token(secret: bytes, member_id: str, now: int, seconds: int = 3600, kind: str = "member") -> str:
    """A token for one member. `now`: s since 1970. Raises UsageError for a weak secret or a long life."""
    if len(secret) < LEAST_SECRET_BYTES:
        raise UsageError(f"a secret for tokens has at least {LEAST_SECRET_BYTES} bytes")
    if not 0 < seconds <= LONGEST_SECONDS:
        raise UsageError(f"a token lives at most {LONGEST_SECONDS} seconds")
    body = json.dumps({"m": member_id, "e": now + seconds, "k": kind}, separators=(",", ":"), ensure_ascii=False)
    signed = f"{VERSION}.{_encode(body.encode('utf-8', 'surrogatepass'))}"
    return f"{signed}.{_encode(_mac(secret, signed))}"


def read_token(secrets: Sequence[bytes], token: str, now: int, kind: str = "member") -> Claim | None:
    """What a token says if one of the secrets signed it, it has not expired and is of this kind; else None."""
    signed, _, mac = token.rpartition(".")
    if len(token) > LONGEST_TOKEN or not signed.startswith(VERSION + "."):
        return None
    try:
        given = _decode(mac)
        body: Any = json.loads(_decode(signed.partition(".")[2]))
        claim = Claim(str(body["m"]), str(body["k"]), int(body["e"]))
    except (ValueError, KeyError, TypeError):
        return None
    valid = False
    for secret in secrets:
        valid |= hmac.compare_digest(_mac(secret, signed), given)
    if not valid or claim.kind != kind or not now < claim.expires <= now + LONGEST_SECONDS + LEEWAY_SECONDS:
        return None
    return claim if claim.subject else None


class JwtReader:
    """Checks the identity provider's tokens: signature by one of its keys, algorithm, issuer, audience, times."""

    def __init__(self, settings: JsonWebTokens) -> None:
        try:
            from joserfc import jwk, jwt
        except ImportError:
            raise ExtraMissing("checking tokens of an identity provider", "oidc") from None
        raw = json.loads(settings.keys)
        keys = raw if "keys" in raw else {"keys": [raw]}
        self._jwt, self._settings = jwt, settings
        self._keys = jwk.KeySet.import_key_set(keys)

    def read(self, token: str, now: int) -> Claim | None:
        """Like `read_token`; None for anything that does not hold."""
        from joserfc.errors import JoseError

        s = self._settings
        if len(token) > LONGEST_TOKEN:
            return None
        try:
            claims = self._jwt.decode(token, self._keys, algorithms=list(s.algorithms)).claims
            rules = self._jwt.JWTClaimsRegistry(
                now=now, leeway=LEEWAY_SECONDS, iss={"essential": True, "value": s.issuer},
                aud={"essential": True, "value": s.audience}, exp={"essential": True},
            )  # fmt: skip
            rules.validate(claims)
            subject = claims[s.member_claim]
        except (JoseError, ValueError, KeyError, TypeError):
            return None
        return Claim(str(subject), "member", int(claims["exp"])) if subject else None
