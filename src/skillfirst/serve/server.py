"""`run`: open the stores, serve until told to stop, lose nothing."""

from __future__ import annotations

import gc
import ipaddress
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from skillfirst.errors import UsageError
from skillfirst.serve.demo import Demo
from skillfirst.serve.settings import Settings

if TYPE_CHECKING:
    import uvicorn

GRACE_SECONDS = 15
#: threads that compute hold the interpreter for so long before others get their turn; the default is 5 ms
SWITCH_SECONDS = 0.0005
#: new objects before the collector looks, and looks further back; requests leave no cycles behind
COLLECT_AFTER = (50_000, 20, 50)


def run(
    store: str | Path,
    online: str,
    host: str = "127.0.0.1",
    port: int = 8000,
    settings: Settings | None = None,
    demo: Demo | None = None,
    events: str | Path | None = None,
    listening: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in flight are finished, events in flight are stored.

    Args:
        store: directory with `runs/` and `events/`; records that become no event are kept in its `kept_apart/`.
        online: address of the online store, e.g. `lmdb:academy/online`.
        host, port: where to listen. Other than loopback only with keys or tokens in `settings`.
        events: another event log than `STORE/events`, e.g. `postgresql://...`.
        listening: called once, when the stores are open and the address answers.

    Raises:
        UsageError: an open address without keys.
        StoreError: a store cannot be opened.
    """
    import uvicorn

    from skillfirst.serve.app import create_app
    from skillfirst.serve.protocol import Protocol
    from skillfirst.stores.event_log import EventLog
    from skillfirst.stores.kept_apart import KeptApart
    from skillfirst.stores.offline import OfflineStore
    from skillfirst.stores.online import open_online

    settings = settings or Settings()
    check_host(host, settings)
    configure_logs()
    sys.setswitchinterval(SWITCH_SECONDS)
    with open_online(online) as answers, EventLog.open(events or Path(store) / "events") as log:
        kept_apart = KeptApart(Path(store) / "kept_apart")
        app = create_app(answers, log, OfflineStore(store), settings=settings, demo=demo, kept_apart=kept_apart)
        app.service.when_warm = settle_memory
        config = uvicorn.Config(
            app, host=host, port=port, http=Protocol, log_config=None, access_log=False, proxy_headers=False,
            server_header=False, date_header=False, timeout_graceful_shutdown=GRACE_SECONDS, timeout_keep_alive=30,
            limit_concurrency=settings.limits.concurrency,
        )  # fmt: skip
        try:
            _server(config, listening).run()
        finally:
            # what stays frozen is not freed at exit either, and extension modules complain of it by the line
            gc.unfreeze()


def _server(config: uvicorn.Config, listening: Callable[[], None] | None) -> uvicorn.Server:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            if self.started and listening is not None:
                listening()

    return Server(config)


def settle_memory() -> None:
    """What is loaded by now stays: the collector need not walk through it again between two requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def check_host(host: str, settings: Settings) -> None:
    """Raises UsageError for an address others can reach while nobody has to say who they are."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback and not settings.guarded:
        raise UsageError(
            f"{host} can be reached from elsewhere, and there are no keys",
            next_step="Serve 127.0.0.1, or give keys: see docs/embedding.md.",
        )


def configure_logs(stream: Any = None) -> None:
    """JSON lines on standard error, ours and the server's; tracebacks inside the line."""
    out = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=True,
    )  # fmt: skip
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter('{"event": "server", "level": "%(levelname)s", "message": "%(message)s"}'))
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
