"""QEMU Manager's contract in this process, over a folder, and what its operator reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import falcon.asgi
from falcon.testing import ASGIConductor, Result

from homeostat.accounts.actor import HOUSE
from homeostat.models.base import Resource, Status
from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.image import Image, ImageStatus
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.service.changes import Changes
from homeostat.service.service import Service
from homeostat.store.desired import FolderState, Workspace
from homeostat_api.http.application import application
from homeostat_api.http.contract import Foundation
from homeostat_api.http.requests.origin import arrive
from homeostat_contracts.qemu_manager.routes import qemu_manager
from tests.unit.serving import Allowed
from tests.unit.store_fixtures import Room

T = TypeVar("T")
SOON = 5.0  # seconds that nothing here takes


class Managed:
    """``files``: a folder whose files a request may name."""

    def __init__(self, room: Room, files: Path) -> None:
        self.room, self.files, self.numbers, self.actor = room, files, self, HOUSE
        self._numbers: dict[str, int] = {}
        workspace = Workspace(room.store, FolderState(room.store), "default")
        changes = Changes(room.store.index.version, lambda: False, 0.002)
        service = Service(workspace, changes, Allowed(room.state.root, image_folders=(files,)))
        self.changes, self.service, self.desk = changes, service, service.asked_by(HOUSE)
        given: dict[str, Any] = {field.name: () for field in fields(Foundation)}  # what it has no use for here is nothing
        served = qemu_manager(Foundation(**{**given, "service": service, "accounts": self, "margin": 0.05}))
        self._asks = ASGIConductor(application(served.routes, served.answers, (self,)))

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.actor = self.actor
        arrive(req, ())

    async def opened(self) -> Managed:
        return self

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    def of(self, book: str, things: Collection[str]) -> Mapping[str, int]:
        return {thing: self._numbers.setdefault(thing, len(self._numbers) + 1) for thing in things}

    async def ask(self, method: str, path: str, **body: Any) -> Result:
        more: dict[str, Any] = {"json": body} if body else {}
        return await self._asks.simulate_request(method, f"/api/{path}", **more)

    async def send(self, path: str, file: str, content: bytes) -> Result:
        """Uploads a file by a form."""
        head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{file}"\r\n\r\n'
        return await self._asks.simulate_post(
            f"/api/{path}",
            body=head.encode() + content + b"\r\n--b--\r\n",
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )

    async def done(self, method: str, path: str, **body: Any) -> Any:
        answer = await self.ask(method, path, **body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    async def refused(self, status: int, method: str, path: str, **body: Any) -> str:
        """Returns what an error in the contract's shape says."""
        answer = await self.ask(method, path, **body)
        assert answer.status_code == status and set(answer.json) == {"error", "timestamp"}, answer.text
        return str(answer.json["error"])

    async def machine(self, name: str, **spec: Any) -> VirtualMachine:
        """Makes a machine as others do, without this contract."""
        return await self.desk.machines.make(name, {"runStrategy": "Halted", **spec})

    async def iso(self, name: str, format: str = "iso", size: int | None = 7) -> Image:
        made = await self.desk.images.make(name, {"source": {"upload": {}}})
        await self.note(made, ImageStatus.model_validate({"phase": "Ready", "format": format, "size": size}))
        return await self.desk.images.get(name)

    # What an operator does

    async def note(self, resource: Resource, status: Status) -> None:
        now = status.model_copy(update={"observed_generation": resource.metadata.generation})
        await self.room.store.write_status(resource.key, resource.metadata.uid, now)

    async def is_now(self, name: str, state: str, **more: Any) -> None:
        status = VirtualMachineStatus.model_validate({"state": state, **more})
        await self.note(await self.desk.machines.get(name), status)

    async def is_there(self, name: str, **status: Any) -> Disk:
        await self.note(await self.desk.disks.get(name), DiskStatus.model_validate(status))
        return await self.desk.disks.get(name)

    async def once(self, kind: type[Resource], name: str, so: Callable[[Any], bool]) -> Any:
        """Waits until a resource is there and so."""
        key = self.desk.of(kind).key(name)
        async with asyncio.timeout(SOON):
            while (found := await self.room.store.get(kind, key)) is None or not so(found):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        return found

    async def lets_go(self, kind: type[Resource], name: str) -> None:
        """Lets go of a resource, once it is being deleted."""
        found = await self.once(kind, name, lambda resource: resource.deleting)
        await self.room.store.release(found.key, found.metadata.uid)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
