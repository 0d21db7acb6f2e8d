"""What is answered when something is wrong: one clear message, a code, a next step; never a traceback."""

from __future__ import annotations

from typing import Any

import msgspec

from skillfirst.errors import ExtraMissing, NotFound, RunError, SkillfirstError, StoreError

CODES = {
    400: "bad_request", 401: "who_are_you", 403: "not_allowed", 404: "not_found", 405: "wrong_method", 408: "too_slow",
    413: "too_large", 415: "wrong_type", 422: "not_understood", 429: "too_many", 500: "our_mistake", 503: "not_ready",
}  # fmt: skip


class Refused(Exception):
    """A request that is answered with a status and a message instead."""

    def __init__(
        self, status: int, message: str, *, next_step: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.next_step = status, message, next_step
        self.headers = headers or {}


def refusal_of(error: Exception) -> Refused | None:
    """The answer to an error of ours; None for one that nobody foresaw."""
    if isinstance(error, Refused):
        return error
    if not isinstance(error, SkillfirstError):
        return None
    if isinstance(error, NotFound):
        return Refused(404, error.message, next_step=error.next_step)
    if isinstance(error, (RunError, StoreError, ExtraMissing)):
        return Refused(503, error.message, next_step=error.next_step, headers={"retry-after": "2"})
    return Refused(422, error.message, next_step=error.next_step)


def our_mistake() -> Refused:
    """What is said when nobody foresaw the error: nothing about our insides."""
    return Refused(500, "something went wrong here; it has been noted", next_step="Tell us the request id.")


def problem_body(refused: Refused, request_id: str) -> bytes:
    """`{"error": {...}}` as JSON."""
    problem: dict[str, Any] = {
        "code": CODES.get(refused.status, "refused"), "message": refused.message, "next_step": refused.next_step,
        "request_id": request_id,
    }  # fmt: skip
    return msgspec.json.encode({"error": problem})
