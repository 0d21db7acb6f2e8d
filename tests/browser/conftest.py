"""A real Chromium in front of a real service: started once, every test its own member and its own browser profile."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next((p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECRET = b"the platform's own secret, 32 by"
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed: apt-get install chromium"))


@pytest.fixture(scope="session")
def academy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The invented academy after one night: tables, store, day."""
    from skillfirst.engines.local import LocalEngine
    from skillfirst.evaluation.world import invent, write
    from skillfirst.kernel.tag import TagSettings
    from skillfirst.pipeline import Night, run_night

    place = tmp_path_factory.mktemp("browser")
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    write(invent(members=300, seed=7, day=day), place / "data")

    def night(of: dt.date) -> Any:
        return run_night(Night(place / "data", place / "store", of, tagging=TagSettings()), LocalEngine(2))

    return place, day, night, night(day)


@dataclass
class Server:
    """Uvicorn on a thread, on a port of its own."""

    app: Any
    port: int = 0
    url: str = ""
    visits: Any = None

    def __enter__(self) -> Server:
        import uvicorn

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(self.app, port=self.port, log_level="warning", proxy_headers=False, lifespan="on")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 60
        while not self._server.started:
            assert time.monotonic() < deadline, "the service did not start"
            threading.Event().wait(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)


@pytest.fixture
def stores(academy: Any) -> Iterator[Any]:
    """The first night published, and a log in which nothing has happened: no test sees what another did."""
    from skillfirst.publish import publish
    from skillfirst.stores.event_log import EventLog
    from skillfirst.stores.offline import OfflineStore
    from skillfirst.stores.online.memory import MemoryStore

    place, _, _, run = academy
    online = MemoryStore()
    publish(run, online)
    events = place / "store" / "events"
    with EventLog.open(events) as log:
        yield online, log, OfflineStore(place / "store")
    shutil.rmtree(events)


@pytest.fixture
def demo(academy: Any, stores: Any) -> Iterator[Server]:
    """The demo as a visitor on this machine finds it."""
    from skillfirst.evaluation.world.personas import read_personas, read_stories
    from skillfirst.publish import publish
    from skillfirst.serve import Demo, Person, create_app

    _, day, night, _ = academy
    online, log, offline = stores

    class Visits(Demo):
        """A calendar of which a test can turn hours ahead: visits of one day."""

        hours = 0

        def clock(self) -> dt.datetime:
            return super().clock() + dt.timedelta(hours=self.hours)

    told = read_stories()
    people = [
        Person(p.member_id, p.name, p.biography, p.network, p.title_id, p.languages, told[p.persona_id])
        for p in read_personas()
    ]
    turning = Visits(people, day, lambda of: publish(night(of), online, force=True))
    with Server(create_app(online, log, offline, demo=turning)) as server:
        import urllib.request

        urllib.request.urlopen(f"{server.url}/api/v1/members/warm-up/home").read()  # the compiler is loaded
        server.visits = turning
        yield server


@dataclass
class Watched:
    """A page and everything that went wrong on it."""

    page: Any
    own: str
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        page = self.page
        page.on("console", lambda m: m.type in ("error", "warning") and self.problems.append(f"console: {m.text}"))
        page.on("pageerror", lambda e: self.problems.append(f"error: {e}"))
        page.on("request", lambda r: self._check(r.url))
        page.on("response", lambda r: r.status >= 500 and self.problems.append(f"{r.status} {r.url}"))

    def _check(self, url: str) -> None:
        if not url.startswith((self.own, "data:", "blob:")):
            self.problems.append(f"request to another host: {url}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, demo: Server) -> Iterator[Any]:
    """`open_page(path, width=..., scheme=...)`: a page of the demo; whatever goes wrong fails the test at its end."""
    contexts, watched = [], []

    def opened(
        path: str, width: int = 1440, height: int = 900, scheme: str = "light", clock: bool = False
    ) -> Any:  # fmt: skip
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(60_000)
        page = context.new_page()
        if clock:
            page.clock.install()
        contexts.append(context)
        watched.append(Watched(page, demo.url))
        page.goto(demo.url + path)
        return page

    yield opened
    problems = [problem for w in watched for problem in w.problems]
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def serious() -> Any:
    """Findings of axe-core that are serious or worse, as lines."""

    def findings(page: Any) -> list[str]:
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:160]} {v['nodes'][0]['failureSummary'][:200]}"
            for v in found["violations"]
            if v["impact"] in ("serious", "critical")
        ]

    return findings


@pytest.fixture
def eventually() -> Any:
    """`eventually(condition)`: wait until it holds, at most a minute."""

    def wait(condition: Any) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            threading.Event().wait(0.02)

    return wait


@pytest.fixture
def server_class() -> type[Server]:
    return Server
