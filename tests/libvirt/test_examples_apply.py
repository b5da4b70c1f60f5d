"""Every example folder is carried out on libvirt's test driver. No guest boots there, so nothing that only a guest can do is
asked of it: see tests/e2e for that."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import libvirt
import pytest

from homeostat.assembly.several import Several, several_hosts
from homeostat.assembly.standalone import Standalone, standalone
from homeostat.cli.access import changing
from homeostat.models.condition import find_condition
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image, ImageState
from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from tests.libvirt.hosts import isolated_uri

EXAMPLES = Path(__file__).parents[2] / "examples"
URI = "test:///default"  # shared by all connections of this process, so that a test can play the guest


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """The examples beside files that stand for the guest's."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("image"))
    image = tmp_path / "examples" / "guest" / "image"
    image.mkdir()
    for name in ("vmlinuz", "initramfs.img"):
        (image / name).write_bytes(name.encode() * 100)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image / "base.qcow2", "16M"], check=True)
    return tmp_path / "examples"


class Applied:
    """An operator at work on one folder."""

    def __init__(self, parts: Standalone | Several) -> None:
        self.store = parts.store

    async def machines(self) -> dict[str, VirtualMachine]:
        found = await self.store.list(VirtualMachine)
        return {m.metadata.name: m for m in found}

    async def told(self) -> dict[str, list[str]]:
        """Returns what each machine says of why it is not Ready, for whoever reads that a test failed."""
        found = await self.machines()
        return {name: [c.message for c in m.status.conditions if c.message] for name, m in found.items() if m.status}

    async def states(self) -> dict[str, MachineState | None]:
        return {name: m.status.state if m.status else None for name, m in (await self.machines()).items()}

    async def deployment(self, name: str) -> VirtualMachineDeployment:
        found = await self.store.list(VirtualMachineDeployment)
        return next(d for d in found if d.metadata.name == name)

    async def image(self, name: str) -> Image:
        found = await self.store.list(Image)
        return next(image for image in found if image.metadata.name == name)

    async def until_states(self, **wanted: MachineState) -> None:
        await self._until(self.states, lambda found: found == {k.replace("_", "-"): v for k, v in wanted.items()})

    async def until_running(self, names: Sequence[str]) -> None:
        await self._until(self.states, lambda found: found == dict.fromkeys(names, MachineState.RUNNING))

    async def until_images(self) -> None:
        async def conditions() -> list[str]:
            found = await self.store.list(Plugin)
            seen = [c for p in found for c in (p.status.conditions if p.status else ()) if c.type == "ImagesReady"]
            return [c.status for c in seen]

        await self._until(conditions, lambda found: bool(found) and set(found) == {"True"})

    async def until_disks_ready(self, *names: str) -> None:
        async def ready() -> dict[str, str]:
            found = await self.store.list(Disk)
            said = {disk.metadata.name: find_condition(disk.status.conditions, "Ready") for disk in found if disk.status}
            return {name: condition.status for name, condition in said.items() if condition}

        await self._until(ready, lambda found: found == dict.fromkeys(names, "True"))

    async def _until(self, read: Callable[[], Awaitable[object]], met: Callable[..., bool]) -> None:
        found: object = None
        try:
            async with asyncio.timeout(60):
                async for found in changing(read):
                    if met(found):
                        return
        except TimeoutError:
            pytest.fail(f"not in time; the last that was seen: {found}; {await self.told()}")


@asynccontextmanager
async def applied(folder: Path, state: Path) -> AsyncIterator[Applied]:
    """The folder kept by an operator; afterwards everything is taken away again."""
    stop = asyncio.Event()
    async with standalone(folder, state, URI) as parts:
        work = asyncio.create_task(parts.operator.run(stop))
        yield Applied(parts)
        stop.set()
        await work
    async with standalone(folder, state, URI, teardown=True) as parts:
        async with asyncio.timeout(60):
            await parts.operator.run(asyncio.Event())


async def test_demo(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "demo", tmp_path / "state") as demo:
        await demo.until_running(["hello", "notes", "tunnel"])


async def test_web(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "web", tmp_path / "state") as web:
        await web.until_images()
        await web.until_running(["web-1", "web-2", "web-3"])
        machine = (await web.machines())["web-1"]
        assert machine.metadata.labels == {"app": "web", "plugin": "page", "homeostat.dev/deployment": "web"}
        assert machine.spec.probes and machine.spec.probes.startup  # of the plugin
        assert (await web.deployment("web")).spec.auto_rollback


async def test_images_are_named_by_machines(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "images", tmp_path / "state") as images:
        await images.until_running(["left", "right"])
        base = await images.image("page")
        assert base.status and base.status.phase is ImageState.READY and base.status.format == "qcow2"
        assert set(base.status.used_by) == {"vm/left", "vm/right"}


async def test_a_disk_and_its_copy_are_made(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "disk", tmp_path / "state") as mail:
        await mail.until_states(mail=MachineState.STOPPED)
        await mail.until_disks_ready("letters", "letters-before")
        files = {path.parent.name: path.stat().st_size for path in (tmp_path / "state" / "disks").rglob("disk.img")}
        assert set(files) == {"letters", "letters-before"} and files["letters-before"] == 64 * 2**20
        (disk,) = [disk for disk in await mail.store.list(Disk) if disk.metadata.name == "letters"]
        assert disk.status is not None and disk.status.attached_to == "mail"


async def test_a_machine_with_snapshots_runs(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "snapshot", tmp_path / "state") as notes:
        await notes.until_running(["notes"])


async def test_batch_ends_and_stays_ended(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "batch", tmp_path / "state") as batch:
        await batch.until_running(["report"])
        with_libvirt = libvirt.open(URI)
        with_libvirt.lookupByName("report").shutdown()  # as its script does in the end
        with_libvirt.close()
        await batch.until_states(report=MachineState.SUCCEEDED)


async def test_stateful_keeps_the_disk_of_each_index(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "stateful", tmp_path / "state") as store:
        await store.until_running(["store-1", "store-2"])
        disk = tmp_path / "state" / "machines" / "default" / "store-2" / "data.qcow2"
        before = disk.stat().st_ino
        deployment = await store.deployment("store")
        store.store.patch(deployment.key, {"spec": {"replicas": 1}}, "test")
        await store.until_running(["store-1"])
        store.store.patch(deployment.key, {"spec": {"replicas": 2}}, "test")
        await store.until_running(["store-1", "store-2"])
        assert disk.stat().st_ino == before


async def test_hosts(examples: Path, tmp_path: Path) -> None:
    for name in ("cellar", "attic"):
        (tmp_path / name).mkdir()
    hosts, stop = {name: isolated_uri(tmp_path / name) for name in ("cellar", "attic")}, asyncio.Event()
    async with several_hosts(examples / "hosts", tmp_path / "state", hosts) as parts:
        work = asyncio.create_task(parts.operator.run(stop))
        spread = Applied(parts)
        await spread.until_running(["database", *(f"worker-{i}" for i in range(1, 5))])
        on = {name: machine.status.host if machine.status else None for name, machine in (await spread.machines()).items()}
        assert on["database"] == "attic" and set(on.values()) == {"attic", "cellar"}
        stop.set()
        await work
    async with several_hosts(examples / "hosts", tmp_path / "state", hosts, teardown=True) as parts:
        async with asyncio.timeout(60):
            await parts.operator.run(asyncio.Event())


async def test_devices(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "devices", tmp_path / "state") as devices:
        await devices.until_running(["workshop"])
        machine = (await devices.machines())["workshop"]
        assert machine.status and machine.status.changes == ()  # all of it is read back as it was asked for


async def test_machines_with_screens(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "console", tmp_path / "state") as screens:
        await screens.until_running(["kiosk", "office"])
        machines = await screens.machines()
        assert machines["office"].spec.display.private and not machines["kiosk"].spec.display.private
        assert all(m.status and m.status.changes == () for m in machines.values())


async def test_canary(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "canary", tmp_path / "state") as canary:
        await canary.until_running([*(f"shop-{i}" for i in range(1, 5)), "shop-canary-1"])
        tracks = sorted(m.metadata.labels["track"] for m in (await canary.machines()).values())
        assert tracks == ["canary", *["stable"] * 4]


async def test_network(examples: Path, tmp_path: Path) -> None:
    async with applied(examples / "network", tmp_path / "state") as lab:
        await lab.until_running(["app", "db"])
        (network,) = await lab.store.list(Network)
        assert network.status is not None and network.status.machines == 2
        (here,) = network.status.hosts
        assert here.active and here.network == "lab" and here.bridge.startswith("hs-")
    connection = libvirt.open(URI)
    left = connection.networkLookupByName("lab")  # `down` leaves it; the test driver is shared by the whole program
    left.destroy()
    left.undefine()
    connection.close()


def test_every_folder_of_examples_is_tried_here() -> None:
    folders = {path.parent.name for path in EXAMPLES.rglob("*.yaml")}
    tried = {"demo", "web", "batch", "stateful", "canary", "hosts", "images", "network", "devices", "disk", "snapshot", "console"}
    assert folders == tried
