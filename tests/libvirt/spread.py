"""Several hosts of libvirt's test driver over one folder: the hosts stay while operators come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import libvirt
import yaml

from homeostat.assembly.several import SeveralHosts
from homeostat.assembly.standalone import open_host
from homeostat.assembly.whereabouts import take_hosts
from homeostat.driver.errors import DriverError
from homeostat.driver.host import LibvirtHost
from homeostat.driver.imagehost import FilesHost
from homeostat.driver.storage.storage import Storage
from homeostat.models.base import Key
from homeostat.models.condition import Condition, find_condition
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import Action, NoteDeletion
from homeostat.planner.placement import host_of
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.runtime.metrics import OperatorMetrics
from homeostat.store.files.placing import PlacedFiles
from homeostat.store.files.state import StateFolder
from tests.libvirt.hosts import isolated_uri, until

Execute: TypeAlias = Callable[[Action], Awaitable[None]]
SETTLE = 0.3  # seconds
SOON = 20.0  # seconds; all of it takes a second or two
SMALL = {"resources": {"memory": "64Mi"}}


class Spread:
    """``served``: names of the hosts that the next operator serves."""

    def __init__(self, root: Path, hosts: Mapping[str, LibvirtHost]) -> None:
        self.all = dict(hosts)
        self.served = list(hosts)
        self.folder, self.state = root / "vms", root / "state"
        self.folder.mkdir(exist_ok=True)
        self._running: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self.store = self._open()

    def _open(self) -> PlacedFiles:
        return PlacedFiles.open(self.folder, StateFolder.open(self.state), owner=True, settle=SETTLE)

    # The operator

    def start(self, *, teardown: bool = False, faults: str = "") -> list[str]:
        """What is said of the hosts. ``faults``: see runtime.engine.supervise."""
        self.store.close()
        self.store = self._open()
        hosts = {name: self.all[name] for name in self.served}
        notes = take_hosts(self.store, {name: host.facts.uri for name, host in hosts.items()})
        images = FilesHost(Storage(self.state, None), str(self.state), 3600.0)
        supervisor = Supervisor(faults=faults)
        self.operator = SeveralHosts(self.store, hosts, images, OperatorMetrics(supervisor), supervisor, teardown=teardown)
        self._stop = asyncio.Event()
        self._running = asyncio.create_task(self.operator.run(self._stop))
        return notes

    async def stop(self) -> None:
        self._stop.set()
        await self.ended()

    async def ended(self) -> None:
        if self._running is not None:
            running, self._running = self._running, None
            await asyncio.wait_for(running, SOON)

    async def cut(self) -> None:
        """Ends it in the middle of whatever it does."""
        if self._running is not None:
            running, self._running = self._running, None
            running.cancel()
            await asyncio.wait({running}, timeout=SOON)

    async def lose_index(self) -> None:
        await self.cut()
        self.store.close()
        for path in self.state.glob("index.sqlite*"):
            path.unlink()
        self.store = self._open()

    # The folder

    def write(self, kind: str, name: str, spec: Mapping[str, Any] | None = None, **metadata: Any) -> None:
        document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name, **metadata}}
        aside = self.folder / f".{name}.tmp"
        aside.write_text(yaml.safe_dump({**document, "spec": dict(SMALL if spec is None else spec)}, sort_keys=False))
        aside.replace(self.folder / f"{name}.yaml")

    def vm(self, name: str, host: str | None = None, **spec: Any) -> None:
        """``host``: the one that it must go to."""
        selector = {"hostSelector": {"kubernetes.io/hostname": host}} if host else {}
        self.write("VirtualMachine", name, {**SMALL, **selector, **spec})

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.yaml").unlink()

    # What there is

    def machine(self, name: str) -> VirtualMachine | None:
        found = self._get(VirtualMachine.KIND, name)
        assert found is None or isinstance(found, VirtualMachine)
        return found

    def host(self, name: str) -> Host | None:
        found = self._get(Host.KIND, name)
        assert found is None or isinstance(found, Host)
        return found

    def _get(self, kind: str, name: str) -> object:
        row = self.store.index.row(Key(kind, "default", name))
        return None if row is None else self.store.resource(row)

    def placed(self, name: str) -> str | None:
        machine = self.machine(name)
        return host_of(machine.metadata.finalizers) if machine else None

    def condition(self, name: str, type: str = "Ready", kind: str = "VirtualMachine") -> Condition | None:
        found = self.machine(name) if kind == "VirtualMachine" else self.host(name)
        return find_condition(found.status.conditions, type) if found and found.status else None

    def message(self, name: str, kind: str = "VirtualMachine") -> str:
        condition = self.condition(name, kind=kind)
        return condition.message if condition else ""

    def ready(self, *names: str, kind: str = "VirtualMachine") -> bool:
        found = [self.condition(name, kind=kind) for name in names]
        return all(condition is not None and condition.status == "True" for condition in found)

    def counted(self, host: str) -> int:
        """How many machines the host's status tells of."""
        found = self.host(host)
        return found.status.machines if found and found.status else 0

    def domains(self) -> dict[str, list[str]]:
        """Names by host, as libvirt has them."""
        return {name: sorted(domain.name for domain in host.domains()) for name, host in self.all.items()}

    def runs(self) -> dict[str, str]:
        """Which run each domain is in, by name."""
        return {domain.name: domain.run for host in self.all.values() for domain in host.domains()}

    async def until(self, condition: Any, what: str) -> None:
        try:
            await until(condition, what, SOON)
        except AssertionError as error:
            for fact in (self.domains(), *self.store.errors(), *self.store.held().items(), *self._statuses()):
                error.add_note(str(fact))
            raise

    def _statuses(self) -> list[str]:
        return [f"{row.key}: {row.finalizers} deleted={row.deleted} {row.status}" for row in self.store.rows()]


@asynccontextmanager
async def spread(root: Path, *names: str) -> AsyncIterator[Spread]:
    """Hosts ``a`` and ``b``, or those that are named."""
    async with AsyncExitStack() as stack:
        hosts = {}
        for name in names or ("a", "b"):
            (place := root / name).mkdir()
            hosts[name] = await stack.enter_async_context(open_host(root / "state", isolated_uri(place), name=name))
        site = Spread(root, hosts)
        try:
            yield site
        finally:
            await site.cut()
            site.store.close()


def handle(site: Spread, host: str) -> libvirt.virConnect:
    """libvirt's test driver keeps its domains for one connection."""
    found: libvirt.virConnect = site.all[host]._connection.handle
    return found


def refusing(act: Execute) -> Execute:
    """A host that does nothing to domains."""

    async def execute(action: Action) -> None:
        if not isinstance(action, NoteDeletion):
            raise DriverError("not now")
        await act(action)

    return execute
