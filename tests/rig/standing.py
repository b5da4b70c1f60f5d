"""An application that is started once and asked in one event loop, as a server does it.

Falcon's TestClient starts and stops the application for each request. A WebSocket that is opened in an event loop of its
own meets locks that belong to another one.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import falcon
from falcon.testing import ASGIConductor, Result


class Standing:
    """Stands from the beginning of the block to its end."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    def __enter__(self) -> Self:
        self._conductor: ASGIConductor = falcon.async_to_sync(self._begin)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        falcon.async_to_sync(self._conductor.__aexit__, kind, error, trace)

    def ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> Result:
        answer = falcon.async_to_sync(self._conductor.simulate_request, method, path, headers=headers, body=body)
        assert isinstance(answer, Result)
        return answer

    def open(self, path: str, headers: dict[str, str]) -> int:
        """Opens a WebSocket and closes it. Returns 101, or the status that its close code stands for."""
        others = {name: value for name, value in headers.items() if name != "Host"}

        async def connect() -> int:
            async with self._conductor.simulate_ws(path, headers=others, host=headers.get("Host", "localhost")) as socket:
                await socket.wait_ready()
            return 101

        try:
            return falcon.async_to_sync(connect)
        except falcon.WebSocketDisconnected as refused:
            return refused.code - 3000

    async def _begin(self) -> ASGIConductor:
        return await ASGIConductor(self._app).__aenter__()
