"""`erase`: a member, from every store, and the proof that nothing is left."""

from __future__ import annotations

from typing import Annotated

import typer

from skillfirst.cli.console import answer
from skillfirst.cli.options import Json, OnlineStores, Store
from skillfirst.errors import StoreError


def add_to(app: typer.Typer) -> None:
    example = "Example: skillfirst erase 4711 --store stores/academy --online lmdb:stores/academy/online"
    app.command(epilog=example)(erase)


def erase(
    store: Store,
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="The member's id.")],
    online: OnlineStores = None,
    log: Annotated[
        str | None, typer.Option("--log", metavar="URL", help="The event log, where it is not STORE/events.")
    ] = None,
    json: Json = False,
) -> None:
    """Remove a member from every run, every online store, the event log and the records kept apart, then search them
    all for what is left.

    Your own tables are yours: remove the member there too, or the next night brings the member back.
    """
    from skillfirst.errors import NotFound
    from skillfirst.stores.event_log import EventLog
    from skillfirst.stores.kept_apart import KeptApart
    from skillfirst.stores.offline import OfflineStore
    from skillfirst.stores.online import open_online
    from skillfirst.stores.online.address import without_secrets

    if not (store / "runs").is_dir():
        raise NotFound(f"there is no store at {store}")
    removed: dict[str, int] = {}
    left: dict[str, int] = {}
    # events first: a night that begins now must not bring the member back
    if log is not None or (store / "events").exists():
        with EventLog.open(log or store / "events") as events:
            removed["events"] = events.erase(member)
            left["events"] = events.read_member(member).num_rows
    if (store / "kept_apart").exists():
        kept_apart = KeptApart(store / "kept_apart")
        removed["kept_apart"] = kept_apart.erase(member)
        left["kept_apart"] = kept_apart.holds(member)
    for url in online or ():
        with open_online(url) as answers:
            place = without_secrets(url)
            removed[place] = answers.erase(member)
            channels = ("home", "feed", "email")
            left[place] = sum(v is not None for v in answers.get_many(member, ("", *channels)).values())
    offline = OfflineStore(store)
    removed["runs"] = offline.erase(member)
    left["runs"] = len(offline.holds(member))
    remaining = {place: n for place, n in left.items() if n}
    if remaining:
        raise StoreError(f"something of the member is left: {remaining}", next_step="Run the command again.")
    known = sum(removed.values())
    text = "\n".join(f"{place}: {n:,} removed, nothing left" for place, n in removed.items())
    if not known:
        text += "\nno store knew the member"
    answer({"member_id": member, "removed": removed, "left": left, "verified": True}, text, json)
