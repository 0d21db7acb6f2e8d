"""What may be set about the service; every number with its unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from skillfirst.serve.keys import ServiceKey

LONGEST_ID = 1_000  # characters


@dataclass(frozen=True, slots=True)
class JsonWebTokens:
    """Tokens of an identity provider (OIDC): checked with its public keys, never fetched at run time."""

    keys: str  # JSON Web Key Set, or one key, as JSON text
    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    member_claim: str = "sub"


@dataclass(frozen=True, slots=True)
class Limits:
    """Against mistakes and abuse; 0 switches a rate off."""

    # a browser of one member: a page is about five requests, impressions come in batches
    member_rate: float = 20.0  # requests a second
    member_burst: int = 200
    service_rate: float = 0.0
    service_burst: int = 10_000
    failures_rate: float = 0.5  # wrong keys or tokens a second and address
    failures_burst: int = 20
    callers: int = 20_000  # callers remembered; the one unseen longest is forgotten first
    body_bytes: int = 1_000_000
    events_bytes: int = 5_000_000
    events: int = 2_000  # events a batch
    body_seconds: float = 10.0  # within which a body must have arrived
    concurrency: int = 2_000  # requests in flight before new ones are turned away


@dataclass(frozen=True, slots=True)
class Records:
    """How records of learning that are sent here are read: as `skillfirst import` reads them from a file."""

    prefixes: tuple[str, ...] = ()  # cut from ids of people and courses
    salt: bytes = field(default=b"", repr=False)  # key of the hash that stands for a mail address


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the service can be told. Without keys and without a way to check tokens it serves loopback only."""

    keys: tuple[ServiceKey, ...] = ()
    token_secrets: tuple[bytes, ...] = ()  # of the host platform; the first mints, all are accepted (rotation)
    jwt: JsonWebTokens | None = None
    frame_ancestors: tuple[str, ...] = ()  # origins that may put the page into an iframe, e.g. https://lms.example
    origins: tuple[str, ...] = ()  # origins whose pages may fetch fragments and send events (CORS)
    secure_cookies: bool = True  # only over https, or from loopback
    # whose lists are told to the log as served: pages this service renders, every answer as JSON too, or none
    log_served: Literal["pages", "all", "none"] = "pages"
    access_log: bool = False  # a line for every request; otherwise only for what failed or took long
    slow_seconds: float = 0.5
    watch_seconds: float = 1.0  # how often the store is asked for a new version and the log for others' events
    fresh_seconds: float = 60.0  # an answer with today's events is given again for so long, if nothing happened
    fresh_answers: int = 2_048  # such answers kept, about 30 kB each
    touched_members: int = 2_000_000  # kept in memory, about 120 bytes each; beyond, the log's index is asked
    threads: int = 2  # that compute answers; more only take the interpreter from one another
    limits: Limits = field(default_factory=Limits)
    records: Records = field(default_factory=Records)
    brand: str = "skillfirst"

    @property
    def guarded(self) -> bool:
        """Whether callers must say who they are."""
        return bool(self.keys or self.token_secrets or self.jwt)
