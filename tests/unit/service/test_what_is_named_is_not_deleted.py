"""Of two who at once name a thing and delete it one is refused: nothing is left that names what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.base import API_VERSION, Resource
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.kinds.collection import Patch, R
from homeostat.service.refusals import BeingDeleted, InUse, NoSuchResource, Refusal
from tests.unit.serving import Written


def written(kind: type[R], name: str, spec: Mapping[str, Any]) -> R:
    """A resource as a document declares it."""
    document = {"apiVersion": API_VERSION, "kind": kind.KIND, "metadata": {"name": name, "uid": f"uid-{name}"}, "spec": spec}
    return kind.model_validate(document)


WEB = written(VirtualMachine, "web", {"runStrategy": "Halted"})
DATA = written(Disk, "data", {"size": "1Gi"})
ISO = written(Image, "cd", {"source": {"url": "https://x.example/a.iso"}})
DISKS: Mapping[type[Resource], dict[str, Any]] = {
    Disk: {"name": "data", "diskRef": {"name": "data"}},
    Image: {"name": "cd", "type": "cdrom", "image": {"imageRef": {"name": "cd"}}},
}


class Slow(Written):
    """Writes take as long as ``gate`` is closed. ``begun``: one was asked for."""

    def __init__(self, *resources: Resource) -> None:
        super().__init__(*resources)
        self.gate, self.begun = asyncio.Event(), asyncio.Event()

    async def patch(self, *given: Any, **more: Any) -> Resource:
        await self._slowly()
        return await super().patch(*given, **more)

    async def create(self, *given: Any, **more: Any) -> Resource:
        await self._slowly()
        return await super().create(*given, **more)

    async def delete(self, *given: Any, **more: Any) -> None:
        await self._slowly()
        await super().delete(*given, **more)

    async def _slowly(self) -> None:
        self.begun.set()
        await self.gate.wait()


async def attach(desk: Desk, what: Resource) -> None:
    async def change(machine: VirtualMachine) -> Patch:
        return {"spec": {"disks": [DISKS[type(what)]]}}

    await desk.machines.edit("web", None, change, needed=[what.key])


async def make(desk: Desk, what: Resource) -> None:
    await desk.machines.make("other", {"disks": [DISKS[type(what)]]}, needed=[what.key])


async def delete(desk: Desk, what: Resource) -> None:
    await desk.of(type(what)).delete(what)


async def outcomes(shelf: Slow, first: Awaitable[None], second: Awaitable[None]) -> list[object]:
    """Returns what came of two, of which the second is asked for once the first has begun to write."""
    beginning = asyncio.ensure_future(first)
    await shelf.begun.wait()
    following = asyncio.ensure_future(second)
    for _ in range(20):
        await asyncio.sleep(0)  # it goes as far as it can
    shelf.gate.set()
    return list(await asyncio.gather(beginning, following, return_exceptions=True))


@pytest.mark.parametrize("what", [DATA, ISO], ids=["a disk", "an image"])
@pytest.mark.parametrize("name_it", [attach, make])
async def test_whoever_is_second_is_refused(
    tmp_path: Path, what: Resource, name_it: Callable[[Desk, Resource], Awaitable[None]]
) -> None:
    for naming_first in (True, False):
        shelf = Slow(WEB, what)
        service = shelf.service(tmp_path)
        naming, deleting = name_it(service.house, what), delete(service.house, what)
        first, second = (naming, deleting) if naming_first else (deleting, naming)
        done, refused = await outcomes(shelf, first, second)
        assert done is None
        assert isinstance(refused, InUse if naming_first else BeingDeleted), refused
        machines = await service.house.machines.store.list(VirtualMachine)
        assert any(machine.spec.disks for machine in machines) is naming_first
        assert shelf.resources[what.key].deleting is not naming_first


@pytest.mark.parametrize("what", [DATA, ISO], ids=["a disk", "an image"])
async def test_what_is_needed_has_to_be_there(tmp_path: Path, what: Resource) -> None:
    for name_it in (attach, make):
        with pytest.raises(NoSuchResource):
            await name_it(Written(WEB).desk(tmp_path), what)


async def test_what_was_named_before_is_not_asked_for(tmp_path: Path) -> None:
    named = written(VirtualMachine, "web", {"disks": [DISKS[Disk]]})
    meta = DATA.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})
    desk = Written(named, DATA.model_copy(update={"metadata": meta})).desk(tmp_path)
    changed = await desk.machines.patch(named, {"spec": {"resources": {"vcpu": 2}}})
    assert changed.spec.resources.vcpu == 2
    with pytest.raises(Refusal, match="data is being deleted"):
        await desk.machines.make("other", {"disks": [DISKS[Disk]]})
