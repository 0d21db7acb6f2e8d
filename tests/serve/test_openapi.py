"""Whatever the documentation allows, and much that it does not: never a 5xx, always what was documented."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

# before the service starts: it reads syntax trees, which Python 3.11 does not survive in two threads at once
schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 15  # an operation, generated from a fixed seed

bounded = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


class Started:
    """The application as a caller on this machine reaches it, started already by somebody else."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
            return
        headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
        await self.app(
            {**scope, "client": ("127.0.0.1", 5), "headers": [*headers, (b"host", b"127.0.0.1")]}, receive, send
        )


@pytest.fixture
def schema(world, client):
    return schemathesis.openapi.from_asgi("/api/openapi.json", Started(client.app))


def test_every_operation_keeps_its_word(schema):
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

    checks = [not_a_server_error, status_code_conformance, content_type_conformance]
    tried = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @bounded
        @given(case=operation.as_strategy())
        def holds(case):
            case.call_and_validate(checks=checks)

        holds()
        tried.append(operation.label)
    assert len(tried) >= 15
    assert "GET /api/v1/members/{member_id}/home" in tried
