"""`serve` and `key`: the day, and who may ask it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast, get_args

import typer

from skillfirst.cli.console import answer, note
from skillfirst.cli.options import ONLINE, Json, Store
from skillfirst.errors import NotFound, UsageError

if TYPE_CHECKING:
    from skillfirst.serve.settings import JsonWebTokens, Records

LogServed = Literal["pages", "all", "none"]
KeysFile = Annotated[
    Path | None, typer.Option("--keys", metavar="FILE", help="Service keys; without any, only loopback is served.")
]


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst serve --store stores/academy --online lmdb:stores/academy/online")(serve)
    app.command(epilog="Example: skillfirst key lms --keys keys.json --scope read --scope events")(key)


def serve(
    store: Store,
    online: Annotated[str, typer.Option("--online", metavar="URL", help=f"The online store: {ONLINE}.")],
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    keys: KeysFile = None,
    secret: Annotated[
        list[Path] | None, typer.Option("--token-secret", metavar="FILE", help="A secret that signs member tokens.")
    ] = None,
    jwt: Annotated[
        Path | None, typer.Option("--jwt-keys", metavar="FILE", help="Public keys of an identity provider (JWKS).")
    ] = None,
    issuer: Annotated[str | None, typer.Option("--jwt-issuer", help="Who issued those tokens.")] = None,
    audience: Annotated[str | None, typer.Option("--jwt-audience", help="For whom they are meant.")] = None,
    frame: Annotated[
        list[str] | None, typer.Option("--embed-in", metavar="ORIGIN", help="A site that may embed the page.")
    ] = None,
    log: Annotated[
        str | None, typer.Option("--log", metavar="URL", help="The event log, where it is not STORE/events.")
    ] = None,
    served: Annotated[
        str, typer.Option("--log-served", help="Whose lists are logged as served: pages, all (JSON too) or none.")
    ] = "pages",
    prefix: Annotated[
        list[str] | None, typer.Option("--prefix", help="What is cut from ids in xAPI and Caliper, as import does.")
    ] = None,
    salt: Annotated[
        Path | None, typer.Option("--salt", metavar="FILE", help="Key of the hash of mail addresses, as import has it.")
    ] = None,
    brand: Annotated[str, typer.Option("--brand", help="The name shown on the page.")] = "skillfirst",
) -> None:
    """Answer for one member in milliseconds, as JSON and as a page, freshened by what happened today."""
    from skillfirst.serve import Settings, read_keys, run

    if not (store / "runs").is_dir():
        raise NotFound(f"there is no store at {store}", next_step="Make one: skillfirst run --data DATA --store STORE")
    if served not in get_args(LogServed):
        raise UsageError(f"--log-served is pages, all or none, not {served!r}")
    origins = tuple(frame or ())
    settings = Settings(
        keys=read_keys(keys) if keys is not None else (),
        token_secrets=tuple(_secret(path) for path in secret or ()),
        jwt=_jwt(jwt, issuer, audience), frame_ancestors=origins, origins=origins, brand=brand,
        log_served=cast(LogServed, served), records=_records(prefix, salt),
    )  # fmt: skip
    chosen = open_port(host, port)
    run(
        store=store, online=online, host=host, port=chosen, settings=settings, events=log,
        listening=lambda: note(f"serving on http://{host}:{chosen} (Ctrl-C ends it)"),
    )  # fmt: skip


def key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for the log: a-z, 0-9 and -.")],
    keys: Annotated[Path, typer.Option("--keys", metavar="FILE", help="The file of keys; it keeps hashes only.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="read, events, profile, admin; read by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a service key: it is shown once, its hash goes to the file. A key of the same name is replaced."""
    from skillfirst.serve.keys import new_key, read_keys, write_keys
    from skillfirst.stores.disk_errors import telling

    text, made = new_key(name, scope or ["read"])
    others = [k for k in read_keys(keys) if k.name != name] if keys.exists() else []
    with telling(f"{keys} cannot be written"):
        write_keys(keys, [*others, made])
    values = {"name": name, "key": text, "scopes": sorted(made.scopes), "file": str(keys)}
    answer(values, f"{text}\nscopes: {', '.join(sorted(made.scopes))}; keep it, {keys} holds only its hash", json)


def open_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises UsageError when somebody listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = f"{host}:{port} cannot be listened on: {error.strerror or error}"
            raise UsageError(taken, next_step="Choose another with --port, or 0 for a free one.") from None
        return int(probe.getsockname()[1])


def _secret(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"the secret in {path} cannot be read: {error.strerror}") from None


def _records(prefixes: list[str] | None, salt: Path | None) -> Records:
    from skillfirst.cli.importing import mail_salt
    from skillfirst.serve.settings import Records

    try:
        return Records(tuple(prefixes or ()), mail_salt(salt) if salt is not None else b"")
    except OSError as error:
        raise UsageError(f"the salt in {salt} cannot be read: {error.strerror}") from None


def _jwt(keys: Path | None, issuer: str | None, audience: str | None) -> JsonWebTokens | None:
    from skillfirst.serve.settings import JsonWebTokens

    if keys is None and issuer is None and audience is None:
        return None
    if keys is None or issuer is None or audience is None:
        raise UsageError("--jwt-keys, --jwt-issuer and --jwt-audience go together")
    return JsonWebTokens(_secret(keys).decode("utf-8", "replace"), issuer, audience)
