"""The API in this process instead of a server of its own: the same application, on the loop of a thread.

HOMEOSTAT_TEST_API=inside chooses it, for whoever changes the code in memory (`python -m benchmarks mutants`). What is about
connections, streams or the process needs a server, and fails.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import httpx

from homeostat_api import app as apps
from homeostat_api import server
from homeostat_api.config import ApiConfig

INSIDE = os.environ.get("HOMEOSTAT_TEST_API") == "inside"
CLIENT = ("127.0.0.1", 40000)


class Inside(httpx.BaseTransport):
    def __init__(self, app: Any, seconds: float) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=CLIENT)
        self._seconds = seconds
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()  # what comes in chunks, too
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result(self._seconds)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


class Borrowed(httpx.BaseTransport):
    """Another client's way to the application. It ends with that client."""

    def __init__(self, lender: httpx.BaseTransport) -> None:
        self.handle_request = lender.handle_request  # type: ignore[method-assign]


@contextmanager
def client(arguments: Sequence[str], seconds: float, **options: Any) -> Iterator[httpx.Client]:
    """``arguments`` are those of the server's command."""
    made = apps.create_app(_config(arguments))
    with httpx.Client(transport=Inside(made, seconds), timeout=seconds, **options) as http:
        yield http


def _config(arguments: Sequence[str]) -> ApiConfig:
    """As the command makes it, which then starts no server."""
    with mock.patch.object(server, "Server") as started, mock.patch.object(server.logs, "begin"):
        server.main.main([*arguments], standalone_mode=False)
    config = started.call_args.args[0]
    assert isinstance(config, ApiConfig)
    return config
