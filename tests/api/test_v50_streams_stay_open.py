from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from homeostat.runtime.engine.ports import Event
from homeostat.service.changes import Changes
from homeostat_api.http.answers.stream import EventStream
from tests.api.harness import Api, Stream, serving


def test_v50_two_readers_both_get_every_event(api: Api, name: str) -> None:
    first, second = Stream(api.port), Stream(api.port)
    for i in range(50):
        api.operator.event(name, "Started", f"start {i}")
    a, b = first.events(50), second.events(50)
    assert [e.id for e in a] == [e.id for e in b]
    first.close()
    second.close()


def test_v50_a_reader_resumes_behind_the_last_event(api: Api, name: str) -> None:
    stream = Stream(api.port)
    for i in range(3):
        api.operator.event(name, "Stopped", f"stop {i}")
    seen = stream.events(3)
    stream.close()
    resumed = Stream(api.port, last=seen[0].id)
    assert [e.id for e in resumed.events(2)] == [e.id for e in seen[1:]]
    resumed.close()


def test_v50_a_slow_reader_holds_up_nobody(api: Api, name: str) -> None:
    slow = socket.create_connection(("127.0.0.1", api.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(b"GET /api/v1/events/vms HTTP/1.1\r\nHost: localhost\r\n\r\n")
    quick = Stream(api.port)
    padding = "x" * 20_000
    for i in range(100):
        api.operator.event(name, "Failed", f"{i} {padding}")
    assert len(quick.events(100)) == 100
    assert api.http.get("/healthz").elapsed.total_seconds() < 1
    slow.close()
    quick.close()


async def test_v50_a_silent_stream_is_kept_alive() -> None:
    def nothing(after_id: int, key: None, limit: int) -> list[Event]:
        return []

    everybody: Any = SimpleNamespace(sees_all=True)
    stream = EventStream(nothing, Changes(lambda: 1, lambda: False, 0.01), keep_alive=0.02, render=lambda event: b"")
    frames = stream.follow(None, everybody)
    assert (await anext(frames)).startswith(b"retry:")
    assert await anext(frames) == b": keep-alive\n\n"
    assert await anext(frames) == b": keep-alive\n\n"


def test_v50_the_end_of_the_server_ends_streams(tmp_path: Path) -> None:
    with serving(tmp_path) as api:
        stream = Stream(api.port)
        api.process.terminate()
        assert stream.block() == []
        assert api.process.wait(10) == 0
        stream.close()
