"""No machine is on two hosts: over random histories of edits, kills, lost indexes, and hosts that go, come and are not served.

The hosts are values, the folder and its store are real, and so is all that places. Each step is one that may be the last before a
kill: a placement, a definition and a release are steps of their own.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.assembly.several import HERE, FolderController, HostDeletions
from homeostat.assembly.whereabouts import Whereabouts, take_hosts
from homeostat.models.base import Key
from homeostat.models.host import Host, HostMeta
from homeostat.models.machine import VirtualMachine
from homeostat.planner.domain import Record
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.observed import DomainState, HostFacts, ObservedDomain
from homeostat.planner.orphans import find_orphans
from homeostat.planner.placement import host_of
from homeostat.runtime.engine.clock import timestamp
from homeostat.runtime.host.reconcile import host_status
from homeostat.runtime.hypervisor import Domains
from homeostat.runtime.machine.placement import Placer, unadmitted
from homeostat.store.files.placing import PlacedFiles
from homeostat.store.files.state import StateFolder

HOSTS, NAMES = ("a", "b", "c"), ("one", "two", "three")
DOCUMENT = "apiVersion: homeostat.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"
STEPS = (
    *("write", "write", "remove", "take in", "take in", "take in", "place", "place", "act", "act", "ask"),
    *("kill", "lose", "serve", "away", "back", "orphans", "give up"),
)


class FakeHost:
    """What is needed of one here."""

    def __init__(self, name: str) -> None:
        self.facts = HostFacts(name=name, reachable=True, uri=f"test:///{name}", memory=2**33)
        self.has: dict[str, ObservedDomain] = {}

    def domain(self, uuid: str) -> ObservedDomain | None:
        return self.has.get(uuid)

    def domains(self) -> Sequence[ObservedDomain]:
        return list(self.has.values())


class Land:
    def __init__(self, root: Path, chance: random.Random) -> None:
        self.folder, self.state, self.chance = root / "vms", root / "state", chance
        self.folder.mkdir()
        self.write("Plugin", "stays", '{version: "1", rootfs: {path: /nowhere.qcow2}}')
        self.hosts = {name: FakeHost(name) for name in HOSTS}
        self.served: Sequence[str] = HOSTS
        self.store = self.open()
        self.begin()

    def open(self) -> PlacedFiles:
        return PlacedFiles.open(self.folder, StateFolder.open(self.state), owner=True, settle=0.0)

    def write(self, kind: str, name: str, spec: str) -> None:
        (self.folder / f"{name}.yaml").write_text(DOCUMENT.format(kind=kind, name=name, spec=spec))

    def begin(self) -> None:
        """A new operator, which knows nothing but what is in the store."""
        self.store.close()
        self.store = self.open()
        self.instance = str(self.store.state.instance_id)
        hosts = {name: cast(Domains, self.hosts[name]) for name in self.served}
        take_hosts(self.store, {name: host.facts.uri for name, host in hosts.items()})
        self.whereabouts = Whereabouts(self.store, hosts, self.instance)
        self.whereabouts.settled = True
        self.controller = FolderController(self.store, HERE, self.whereabouts)
        self.placer = Placer(
            self.controller,
            lambda: self.store.readable(Host),
            lambda machine: host_of(machine.metadata.finalizers),
            lambda host: host not in self.served,
            self.whereabouts.located,
            places_deleted=True,
        )

    def machine(self, name: str) -> VirtualMachine | None:
        row = self.store.index.row(Key(VirtualMachine.KIND, "default", name))
        return cast(VirtualMachine, self.store.resource(row)) if row is not None else None

    # The steps

    async def step(self, what: str) -> None:
        name, host = self.chance.choice(NAMES), self.chance.choice(HOSTS)
        match what:
            case "write":
                self.write("VirtualMachine", name, "{}")
            case "remove":
                (self.folder / f"{name}.yaml").unlink(missing_ok=True)
            case "take in":
                self.store.sync()
            case "kill":
                self.begin()
            case "lose":
                self.store.close()
                for path in self.state.glob("index.sqlite*"):
                    path.unlink()
                self.begin()
            case "serve":
                self.served = self.chance.sample(HOSTS, self.chance.randint(1, len(HOSTS)))
                self.begin()
            case "away" | "back":
                self.hosts[host].facts = replace(self.hosts[host].facts, reachable=what == "back")
            case "ask":
                if not self.whereabouts.unasked:
                    await self.whereabouts.ask()
            case "orphans":
                self.look_for_orphans(host)
            case "place":
                for one in self.chance.sample(NAMES, len(NAMES)):
                    await self.place(one)
            case "act":
                for one in self.chance.sample(NAMES, self.chance.randint(1, len(NAMES))):
                    await self.act(one)
            case "give up":
                machine = self.machine(name)
                placed = host_of(machine.metadata.finalizers) if machine is not None else None
                away = placed is not None and (placed not in self.served or not self.hosts[placed].facts.reachable)
                if machine is not None and machine.deleting and away:
                    await self.controller.release(machine.key, machine.metadata.uid)  # as its annotation may ask
        for known in NAMES:
            domain = domain_uuid(self.uid(known))
            having = [host.facts.name for host in self.hosts.values() if domain in host.has]
            assert len(having) <= 1, f"{known} is on {having} after {what}"

    def uid(self, name: str) -> str:
        """Of every machine that ever has this name."""
        return str(uuid.uuid5(uuid.UUID(self.instance), str(Key(VirtualMachine.KIND, "default", name))))

    async def place(self, name: str) -> None:
        """The controller's part."""
        for host in self.served:
            key = Key(Host.KIND, "default", host)
            if self.store.index.row(key) is None:
                await self.store.apply_owned(Host(metadata=HostMeta(name=host)))
            found = await self.store.get(Host, key)
            assert found is not None
            await self.store.write_status(key, found.metadata.uid, host_status(found, self.hosts[host].facts, 0, "", timestamp()))
        self.placer.woken_by(Key(Host.KIND, "default", HOSTS[0]))
        machine = self.machine(name)
        if machine is not None:
            await self.placer.reconcile(machine)

    async def act(self, name: str) -> None:
        """The part of the host that it is placed on: one step of it."""
        machine = self.machine(name)
        placed = host_of(machine.metadata.finalizers) if machine is not None else None
        if machine is None or placed not in self.served or not self.hosts[placed].facts.reachable:
            return
        host, domain = self.hosts[placed], domain_uuid(machine.identity)
        if machine.deleting:
            if host.has.pop(domain, None) is None:
                await self.store.release(machine.key, machine.metadata.uid)
            return
        hosts = {known.metadata.name: known for known in self.store.readable(Host)}
        if domain not in host.has and not self.refused(machine, hosts, placed):
            record = Record(machine.identity, "default", name, self.instance)
            host.has[domain] = ObservedDomain(name, domain, DomainState.RUNNING, "booted", True, False, False, record, None)

    def refused(self, machine: VirtualMachine, hosts: dict[str, Host], placed: str) -> Any:
        return unadmitted(machine, hosts[placed], hosts, False) or self.whereabouts.elsewhere(machine, placed)

    def look_for_orphans(self, name: str) -> None:
        if name in self.served and self.hosts[name].facts.reachable:
            domains = self.hosts[name].domains()
            found = find_orphans(self.instance, domains, (), self.store.identities(), self.store.deployments())
            self.store.note_orphans(name, found)
            HostDeletions(self.store, self.whereabouts, name).doubt()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(STEPS), min_size=20, max_size=80), st.integers(0, 2**32))
def test_whatever_happens(steps: list[str], seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="homeostat-law-") as root:
        asyncio.run(live(Path(root), steps, seed))


async def live(root: Path, steps: list[str], seed: int) -> None:
    land = Land(root, random.Random(seed))
    try:
        for what in steps:
            await land.step(what)
        # All hosts are back, and served: each machine that is declared is somewhere in the end.
        land.served = HOSTS
        for host in HOSTS:
            land.hosts[host].facts = replace(land.hosts[host].facts, reachable=True)
        land.begin()
        for what in ("take in", "ask"):
            await land.step(what)
        for _ in range(6):
            for name in NAMES:
                await land.place(name)
                await land.act(name)
            await land.step("take in")
        for name in NAMES:
            domain = domain_uuid(land.uid(name))
            if (land.folder / f"{name}.yaml").exists():
                assert sum(domain in host.has for host in land.hosts.values()) == 1, f"{name} is nowhere"
    finally:
        land.store.close()
