"""Serving as a process does it: announced when it answers, and nothing of it left in the process afterwards."""

from __future__ import annotations

import gc

import uvicorn

from skillfirst.serve import server


def test_it_is_announced_while_it_answers_and_the_collector_is_free_again(academy, tmp_path, monkeypatch):
    servers, said = [], []
    begin = uvicorn.Server.__init__

    def remembered(self, *given, **named):
        servers.append(self)
        begin(self, *given, **named)

    def listening():
        port = servers[0].servers[0].sockets[0].getsockname()[1]
        said.append(port)
        gc.freeze()  # as it is done when everything is warm
        servers[0].should_exit = True

    monkeypatch.setattr(uvicorn.Server, "__init__", remembered)
    monkeypatch.setattr(server, "configure_logs", lambda: None)  # what is set for the whole process
    monkeypatch.setattr(server.sys, "setswitchinterval", lambda _: None)
    online, events = f"sqlite:{tmp_path / 'online.sqlite'}", tmp_path / "events"
    server.run(store=academy.store, online=online, port=0, events=events, listening=listening)
    assert len(said) == 1
    assert said[0] > 0
    assert gc.get_freeze_count() == 0
