"""A contract in this process, over a folder: for what a server with an operator is seldom found in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import falcon.asgi
from falcon.testing import ASGIConductor, Result

from homeostat.accounts.actor import HOUSE, Actor
from homeostat.accounts.errors import AccountsError
from homeostat.accounts.rights import Right, Role
from homeostat.models.base import Resource, Status
from homeostat.service.changes import Changes
from homeostat.service.desk import Desk
from homeostat.service.service import Service
from homeostat.store.desired import FolderState, Workspace
from homeostat_api.http.application import application
from homeostat_api.http.contract import Contract, Foundation
from homeostat_api.http.requests.origin import arrive
from tests.unit.serving import Allowed
from tests.unit.store_fixtures import Room

T = TypeVar("T")


class Inside:
    """``actor``: who asks. ``known``: the ids of accounts. ``trouble``: what the accounts' database raises. ``console``: what
    consoles raise."""

    def __init__(self, room: Room, made: Callable[[Foundation], Contract], settings: object = None) -> None:
        self.room, self.actor = room, HOUSE
        self.known: dict[str, int] = {}
        self.trouble: AccountsError | None = None
        self.console: Exception | None = None
        self._numbers: dict[str, int] = {}
        workspace = Workspace(room.store, FolderState(room.store), "default")
        changes = Changes(room.store.index.version, lambda: False, 0.002)
        self.service = Service(workspace, changes, Allowed(room.state.root))
        given: dict[str, Any] = {field.name: () for field in fields(Foundation)}  # what it has no use for here is nothing
        given |= {"service": self.service, "accounts": self, "consoles": self, "margin": 0.05, "settings": settings}
        served = made(Foundation(**given))
        self.asks = ASGIConductor(application(served.routes, served.answers, (self,)))

    @property
    def desk(self) -> Desk:
        return self.service.asked_by(self.actor)

    def sign_in(self, name: str, id: int) -> None:
        """Lets somebody ask from now on."""
        self.known[name] = id
        self.actor = Actor("session", Role.USER, name, frozenset(Right))

    async def ask(self, method: str, path: str, **body: Any) -> Result:
        more: dict[str, Any] = {"json": body} if body else {}
        return await self.asks.simulate_request(method, path, **more)

    async def note(self, resource: Resource, status: Status) -> None:
        """Writes a status, as the operator does."""
        now = status.model_copy(update={"observed_generation": resource.metadata.generation})
        await self.room.store.write_status(resource.key, resource.metadata.uid, now)

    # What the process gives to a contract

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.actor = self.actor
        arrive(req, ())

    async def process_request_ws(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        req.context.actor = self.actor

    async def opened(self) -> Inside:
        if self.trouble is not None:
            raise self.trouble
        return self

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    @property
    def numbers(self) -> Inside:
        return self

    @property
    def accounts(self) -> Inside:
        return self

    @property
    def settings(self) -> Inside:
        return self

    def drawn(self, name: str) -> str:
        return f"nobody guesses {name}"

    def ids(self, names: Collection[str]) -> Mapping[str, int]:
        return {name: self.known[name] for name in names if name in self.known}

    def of(self, book: str, things: Collection[str]) -> Mapping[str, int]:
        return {thing: self._numbers.setdefault(thing, len(self._numbers) + 1) for thing in things}

    def thing(self, book: str, number: int) -> str | None:
        return next((thing for thing, known in self._numbers.items() if known == number), None)

    async def screen(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, machine: str, *more: Any, **named: Any) -> None:
        if self.console is not None:
            raise self.console


@asynccontextmanager
async def inside(folder: Path, made: Callable[[Foundation], Contract], settings: object = None) -> AsyncIterator[Inside]:
    room = Room(folder)
    room.folder.mkdir()
    try:
        yield Inside(room, made, settings)
    finally:
        room.close()
