"""`serve`: the day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from skillfirst.cli.options import ONLINE, Store


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst serve --store stores/academy --online lmdb:stores/academy/online")(serve)


def serve(
    store: Store,
    online: Annotated[str, typer.Option("--online", metavar="URL", help=f"The online store: {ONLINE}.")],
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="FILE", help="Service keys; without any, only loopback is served.")
    ] = None,
    frame: Annotated[
        list[str] | None, typer.Option("--embed-in", metavar="ORIGIN", help="A site that may embed the page.")
    ] = None,
    brand: Annotated[str, typer.Option("--brand", help="The name shown on the page.")] = "skillfirst",
) -> None:
    """Answer for one member in milliseconds, as JSON and as a page, freshened by what happened today."""
    from skillfirst.serve import Settings, read_keys, run

    origins = tuple(frame or ())
    settings: Any = Settings(
        keys=read_keys(keys) if keys is not None else (), frame_ancestors=origins, origins=origins, brand=brand
    )
    run(store=store, online=online, host=host, port=port, settings=settings)
