"""Over a cluster, nothing is answered from a mirror that is not filled; what ends with the server is ended."""

from __future__ import annotations

import asyncio
from typing import Any

import falcon.asgi
import pytest
from falcon.testing import TestClient

from homeostat.runtime.engine.supervise import Supervisor
from homeostat_api.http import errors
from homeostat_api.mode import Attending, Closing, WaitForMirror
from homeostat_contracts.volant.errors import ANSWERS


class Mirrored:
    """In the place of the informer and of the writer."""

    def __init__(self, why: str = "") -> None:
        self.why, self.ended = why, 0

    def unready(self) -> str:
        return self.why

    async def stop(self) -> None:
        self.ended += 1

    close = stop


class Page:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.text = "served"


def client(*middleware: Any) -> TestClient:
    app: Any = falcon.asgi.App(middleware=list(middleware))
    errors.install(app, ANSWERS)
    for path in ("/vms", "/healthz", "/readyz"):
        app.add_route(path, Page())
    return TestClient(app)


def test_until_then_it_is_not_ready() -> None:
    mirrored = Mirrored("the mirror is filled for the first time")
    asked = client(WaitForMirror(mirrored))  # type: ignore[arg-type]
    refused = asked.simulate_get("/vms")
    assert (refused.status_code, refused.json["code"]) == (503, "not_ready")
    assert refused.json["error"] == f"Not ready: {mirrored.why}" and refused.headers["retry-after"] == "2"
    assert [asked.simulate_get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200], "whoever watches is answered"
    mirrored.why = ""
    assert asked.simulate_get("/vms").text == "served"


def test_nor_is_a_websocket_taken() -> None:
    mirrored = Mirrored("not filled")
    waits = WaitForMirror(mirrored)  # type: ignore[arg-type]

    with pytest.raises(errors.Problem) as refused:
        asyncio.run(waits.process_request_ws(None, None))  # type: ignore[arg-type]
    assert refused.value.status_code == 503
    mirrored.why = ""
    asyncio.run(waits.process_request_ws(None, None))  # type: ignore[arg-type]


def test_the_server_ends_what_it_began() -> None:
    informer, writer = Mirrored(), Mirrored()
    asyncio.run(Closing(informer, writer).process_shutdown(None, None))  # type: ignore[arg-type]
    assert (informer.ended, writer.ended) == (1, 1)


def test_the_servers_loop_is_attended() -> None:
    async def begin() -> bool:
        loop = asyncio.get_running_loop()
        before = loop.get_exception_handler()
        await Attending(Supervisor()).process_startup(None, None)
        return loop.get_exception_handler() is not before

    assert asyncio.run(begin())
