"""The day: one member, now. The JSON API, the page, the manager's view and what embeds them in a platform.

    from skillfirst.serve import Settings, run
    run(store="academy", online="lmdb:academy/online", host="127.0.0.1", port=8000)

`store` is the directory with the runs and the event log, `online` the address of the online store. Everything else
has a default and stands in `Settings` (keys, tokens, limits, who may embed the page). A test or another server takes
the ASGI application itself: `create_app(online=..., log=...)`.

For the demo the caller says who can be picked and how the next day is made; this package runs no night itself:

    run(store=..., online=..., demo=Demo(people=(Person("persona-leyla", "Leyla", "..."),), day=day, tomorrow=next_day))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skillfirst.serve.app import create_app
    from skillfirst.serve.demo import Demo, Person
    from skillfirst.serve.keys import ServiceKey, new_key, read_keys
    from skillfirst.serve.server import run
    from skillfirst.serve.settings import Settings
    from skillfirst.serve.tokens import mint_token

__all__ = ["Demo", "Person", "ServiceKey", "Settings", "create_app", "mint_token", "new_key", "read_keys", "run"]

_HOME = {
    "create_app": "app", "run": "server", "Settings": "settings", "Demo": "demo", "Person": "demo",
    "ServiceKey": "keys", "new_key": "keys", "read_keys": "keys", "mint_token": "tokens",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for: the commands' help needs no web framework."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
