"""A server of consoles in this process, with real accounts in a file, and those who sit before a console there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import falcon
from falcon.testing import ASGIConductor, Result

from homeostat.accounts.database.database import sqlite_url
from homeostat.consoles.sitting import Sitting
from homeostat_api.accounts.lookup import AccountsLookup
from homeostat_api.accounts.routes import account_routes
from homeostat_api.config import ApiConfig, ConsoleBounds
from homeostat_api.consoles.room import ConsoleRoom
from homeostat_api.consoles.routes import console_routes
from homeostat_api.errors import ANSWERS
from homeostat_api.gate import Gate, own_entrance
from homeostat_api.http.application import application
from tests.unit.watching import Watched, machine, reported

WORDS, BYTES = "homeostat.console.v1", "binary"
PASSWORD = "correct horse"
HOST = "127.0.0.1:8080"
SOON = 5.0  # seconds that nothing here takes


class Line:
    """A machine's serial line, as one has it who types."""

    def __init__(self, force: bool) -> None:
        self.forced, self.typed, self.over = force, bytearray(), False

    def type(self, part: bytes) -> bool:
        self.typed += part
        return True

    def close(self) -> None:
        self.over = True


class Sitter:
    """Somebody before a console."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.words: list[dict[str, Any]] = []
        self.seen = bytearray()

    async def _next(self) -> None:
        async with asyncio.timeout(SOON):
            event = await self.socket._receive()
        if (text := event.get("text")) is not None:
            self.words.append(json.loads(text))
        else:
            self.seen += event["bytes"]

    async def word(self, kind: str) -> dict[str, Any]:
        """Waits for a word of that type."""
        while not (found := [word for word in self.words if word["type"] == kind]):
            await self._next()
        self.words.remove(found[0])
        return found[0]

    async def sees(self, text: bytes) -> None:
        while text not in self.seen:
            await self._next()

    async def end(self) -> tuple[int, str]:
        """Waits until the server closes it. Returns code and reason."""
        try:
            while True:
                await self._next()
        except falcon.WebSocketDisconnected:
            return self.socket.close_code, self.socket.close_reason

    async def id(self) -> str:
        return str((await self.word("opened"))["console"])


class ConsoleHouse:
    """``web`` is bob's, and eve may see it. ``log`` is what it wrote on its serial line."""

    def __init__(self, root: Path, database: Path, bounds: ConsoleBounds) -> None:
        self.root, self.log = root, root / "state" / "web.log"
        self.watched = Watched(root / "state", reported(machine(), console_log=str(self.log)))
        self.log.write_bytes(b"booted\r\n")
        self.stopping = False
        self.lines: list[Line] = []
        self.lookup = AccountsLookup(sqlite_url(database))
        gate = Gate(ApiConfig(root, root), own_entrance("X-API-Key"), self.lookup)
        self.room = ConsoleRoom(self.lookup, self.watched.service, gate.again, bounds, lambda: self.stopping)
        routes = [*console_routes(self.watched.service, self.room), *account_routes(self.lookup, None, lambda: False)]
        self._asks = ASGIConductor(application(routes, ANSWERS, (gate,)))
        self._tokens: dict[str, str] = {}

    def open_line(self, uri: str, uuid: str, force: bool) -> Line:
        self.lines.append(Line(force))
        return self.lines[-1]

    def sitting(self, id: str) -> Sitting:
        return self.room._served[id].sitting

    async def types(self, sitter: Sitter, id: str, text: bytes) -> None:
        """Types at a console, and waits until the server has read it."""
        before = self.sitting(id).typed
        await sitter.socket.send_data(text)
        await until(lambda: self.sitting(id).typed > before)

    async def looked(self) -> None:
        """Waits until the room has looked after its consoles once more, and told them what it had to."""
        await self.room._look()
        await asyncio.gather(*self.room._telling)

    async def ask(self, who: str, method: str, path: str, body: Any = None) -> Result:
        headers = {"Authorization": f"Bearer {await self._token(who)}"}
        more = {} if body is None else {"json": body}
        return await self._asks.simulate_request(
            method, f"/api/v1/{path}", headers=headers, host=HOST, remote_addr="192.0.2.9", **more
        )

    async def done(self, who: str, method: str, path: str, body: Any = None) -> Any:
        answer = await self.ask(who, method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json if answer.text else None

    async def consoles(self, who: str = "bob") -> list[dict[str, Any]]:
        return list((await self.done(who, "GET", "consoles"))["consoles"])

    @asynccontextmanager
    async def sits(self, who: str = "bob", protocols: str = WORDS, **asked: str) -> AsyncIterator[Sitter]:
        """Opens a console, of the serial line where nothing else is asked for."""
        given = await self.done(who, "POST", "vms/web/consoles", {"kind": "serial", **asked})
        async with self.comes(given["path"], f"{protocols}, {given['ticket']}") as sitter:
            yield sitter

    @asynccontextmanager
    async def comes(self, path: str, protocols: str) -> AsyncIterator[Sitter]:
        headers = {"Sec-WebSocket-Protocol": protocols}
        async with self._asks.simulate_ws(path, headers=headers, host=HOST, spec_version="2.3") as socket:
            yield Sitter(socket)

    async def _token(self, who: str) -> str:
        if who not in self._tokens:
            said = {"name": who, "password": PASSWORD}
            answer = await self._asks.simulate_post("/api/v1/session", json=said, host=HOST)
            self._tokens[who] = answer.json["access_token"]
        return self._tokens[who]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
