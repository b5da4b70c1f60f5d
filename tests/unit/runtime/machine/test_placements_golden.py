"""Where machines are placed, and what is told, woken and asked, step by step, in one cluster to which things happen.
After a wanted change: pytest --regenerate-golden, and read the diff.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.base import API_VERSION, Key, OwnerReference
from homeostat.models.condition import READY, Condition, find_condition
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.host import SCHEDULABLE, Host, HostCapacity, HostMeta, HostSpec, HostStatus
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.planner.machine.removal.teardown import ABANDON
from homeostat.planner.placement import PLACEMENTS
from homeostat.runtime.machine.placement import Placer, unadmitted
from tests.unit.machines import Spec, deleted, machine
from tests.unit.operating import Shelf

GOLDEN = Path(__file__).parents[2] / "golden" / "placements.txt"
GIB = 2**30
OPEN = Condition(type=SCHEDULABLE, status="True", reason="Open")
CLOSED = Condition(type=SCHEDULABLE, status="False", reason="Closed", message="has no libvirt")
OWNER = OwnerReference(api_version=API_VERSION, kind=VirtualMachineDeployment.KIND, name="db", uid="uid-db", controller=True)


def host(name: str, memory: int = 4, *, deleting: bool = False, said: Condition | None = OPEN, **spec: Any) -> Host:
    """``memory`` in GiB."""
    status = HostStatus(conditions=(said,) if said else (), capacity=HostCapacity(vcpus=4, memory=memory * GIB))
    meta = HostMeta(name=name, labels={"disk": "ssd"} if name == "b" else {})
    if deleting:
        meta = meta.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})
    return Host(metadata=meta, spec=HostSpec.model_validate(spec), status=status)


def stateful(placements: str = "{}", *, keeps: bool = True) -> VirtualMachineDeployment:
    document = {
        "metadata": {"name": "db", "uid": "uid-db", "annotations": {PLACEMENTS: placements}},
        "spec": {"replicas": 1, "stateful": keeps, "strategy": {"type": "Recreate"}, "template": {"spec": {}}},
    }
    return VirtualMachineDeployment.model_validate(document)


def of_db(name: str, **spec: Any) -> VirtualMachine:
    vm = machine(name=name, **spec)
    return vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"owner_references": (OWNER,)})})


def was_on(vm: VirtualMachine, name: str) -> VirtualMachine:
    return vm.model_copy(update={"status": VirtualMachineStatus(host=name)})


class Cluster(Shelf):
    def __init__(self) -> None:
        super().__init__(host("a"), host("b"))
        self.placed: dict[Key, str] = {}
        self.gone: set[str] = set()
        self.lines: list[str] = []
        self.unreadable: set[Key] = set()
        self.first = True  # with a placement: nobody was before us
        self.placer = Placer(self, self.hosts, lambda vm: self.placed.get(vm.key), self.gone.__contains__)  # type: ignore[arg-type]

    def hosts(self) -> Iterator[Host]:
        yield from (thing for thing in self.resources.values() if isinstance(thing, Host))

    def exists(self, key: Key) -> bool:
        return key in self.resources or key in self.unreadable

    async def place(self, key: Key, uid: str, host: str) -> bool:
        self.lines.append(f"    place {key.name} on {host}{'' if self.first else ', too late'}")
        if self.first:
            self.placed[key] = host
        return self.first

    async def bind(self, deployment: Key, uid: str, machine: str, host: str) -> None:
        self.lines.append(f"    bind {machine} of {deployment.name} to {host}")
        known = self.resources[deployment]
        note = json.loads(known.metadata.annotations[PLACEMENTS]) | {machine: host}
        self.put(stateful(json.dumps(note)))

    async def look(self, *machines: VirtualMachine) -> None:
        for vm in machines:
            self.put(vm)
            known = self.resources[vm.key]
            assert isinstance(known, VirtualMachine)
            self.told.clear(), self.statuses.clear(), self.released.clear()
            step = await self.placer.reconcile(known)
            told = [*(reason for _, reason in self.told), *(f"release {key.name}" for key in self.released)]
            self.lines.append(f"    {vm.metadata.name} → {step.after}; {' '.join(told)}{self.words(vm.key)}")
            owed = {name: round(memory / GIB, 1) for name, memory in self.placer._promised.items() if memory}
            waiting = sorted(key.name for key in self.placer._waiting)
            self.lines.append(f"      promised {owed}, waiting {waiting}, bound {[key.name for key in self.placer._bound]}")

    def words(self, key: Key) -> str:
        found = self.resources.get(key)
        if key not in self.statuses or not isinstance(found, VirtualMachine) or found.status is None:
            return ""
        ready = find_condition(found.status.conditions, READY)
        said = " ".join(f"{c.type}={c.status}" for c in found.status.conditions)
        return f"says {found.status.state} {said}: {ready.reason if ready else ''}, {ready.message if ready else ''}"

    def news(self, *resources: Any) -> None:
        for resource in resources:
            if isinstance(resource, Host):  # with the status that it has
                self.resources.pop(resource.key, None)
            self.put(resource)
            woken = sorted(key.name for key in self.placer.woken_by(resource.key))
            self.lines.append(f"    {resource.metadata.name} wakes {woken}")


def large(name: str, memory: str = "3Gi", **spec: Any) -> VirtualMachine:
    return machine(name=name, resources={"memory": memory}, **spec)


PICKY: Spec = {"hostSelector": {"disk": "ssd"}}


Scene = Callable[..., Awaitable[None]]


async def _disks_are_bound(c: Cluster, scene: Scene) -> None:
    await scene(
        "disks are bound",
        lambda: c.news(stateful()),
        lambda: c.look(of_db("db-1"), of_db("db-1")),
        lambda: c.news(stateful('{"db-2": "a"}')),
        lambda: c.look(of_db("db-2")),
        lambda: c.news(stateful('{"db-3": "z"}'), host("c")),
        lambda: c.look(of_db("db-3")),
        lambda: c.news(stateful("no JSON"), machine(name="vm")),
        lambda: c.look(of_db("db-4")),
        lambda: c.news(stateful(keeps=False)),
        lambda: c.look(of_db("db-4"), of_db("db-5")),
    )
    await scene(
        "its deployment cannot be read",
        lambda: c.drop(stateful().key),
        lambda: c.unreadable.add(stateful().key),
        lambda: c.look(of_db("db-6"), was_on(of_db("db-7"), "b")),
        c.unreadable.clear,
        lambda: c.look(of_db("db-6")),
    )


async def played() -> Iterator[str]:
    c = Cluster()

    async def scene(title: str, *steps: Callable[[], Any]) -> None:
        c.lines.append(f"  {title}")
        for step in steps:
            if (found := step()) is not None:
                await found

    vm, web = machine(name="vm"), large("web")
    await scene("the least promised", lambda: c.look(web, vm, machine(name="third"), large("huge", "64Gi")))
    await scene("a host grows", lambda: c.news(host("a"), host("a", 128)), lambda: c.look(large("huge", "64Gi")))
    await scene("another is first", lambda: setattr(c, "first", False), lambda: c.look(machine(name="late")))
    c.first = True
    await scene("again", lambda: c.look(machine(name="late"), machine(name="picky", **PICKY)))
    await scene(
        "hosts close",
        lambda: c.news(host("a", 128, maintenance=True), host("b", deleting=True)),
        lambda: c.look(machine(name="waits"), machine(name="chosen", **PICKY), deleted(machine(name="goes"))),
        lambda: c.news(host("b", said=CLOSED)),
        lambda: c.look(machine(name="waits")),
        lambda: c.news(host("b", said=None)),
        lambda: c.look(machine(name="waits")),
        lambda: c.news(host("b", said=CLOSED.model_copy(update={"message": ""}))),
        lambda: c.look(machine(name="waits"), machine(name="waits")),
    )
    await scene("where it was", lambda: c.look(was_on(machine(name="back"), "a"), was_on(machine(name="lost"), "z")))
    c.placed.pop(web.key)
    await scene("its finalizer was taken away", lambda: c.look(large("web")))
    c.placed.pop(web.key)
    again = web.model_copy(update={"metadata": web.metadata.model_copy(update={"uid": "another"})})
    await scene("it is another of that name", lambda: c.look(again))
    await scene("they open", lambda: c.news(host("b")), lambda: c.look(machine(name="waits"), machine(name="chosen", **PICKY)))
    await _disks_are_bound(c, scene)
    marked = deleted(machine(name="third"))
    marked = marked.model_copy(update={"metadata": marked.metadata.model_copy(update={"annotations": {ABANDON: "true"}})})
    await scene(
        "a host is served no more",
        lambda: c.gone.add("b"),
        lambda: c.news(host("b")),
        lambda: c.look(vm, deleted(machine(name="waits"))),
        lambda: c.drop(host("b").key),
        lambda: c.look(vm, vm, deleted(machine(name="waits")), marked),
        lambda: c.placer.doubt(vm.key, "nobody knows"),
        lambda: c.lines.append(f"    doubted: {c.words(vm.key)}"),
        lambda: c.placer.doubt(machine(name="no-such").key, "nobody knows"),
    )
    await scene("it went", lambda: c.placer.forget(vm.key), lambda: c.look(machine(name="after")))
    c.lines.append(f"    on a {sorted(key.name for key in c.placer.placed_on('a'))}")
    return iter(c.lines)


def admissions() -> Iterator[str]:
    """Of a machine that was placed by hand."""
    machines = {
        "new": machine(),
        "picky": machine(**PICKY),
        "large": large("web", "64Gi"),
        "of a": was_on(machine(), "a"),
        "of b": was_on(machine(), "b"),
        "of z": was_on(machine(), "z"),
    }
    for where in (host("a"), host("b", maintenance=True), host("b", deleting=True), host("b", said=CLOSED)):
        for name, vm in machines.items():
            for made_here in (False, True):
                why = unadmitted(vm, where, {"a", "b"}, made_here)
                told = f"{why.reason} in {why.after} s: {why.message}" if why else "is made"
                yield f"    {name}{', made here' if made_here else ''}, on {where.metadata.name}: {told}"


async def test_placements_are_as_before(request: pytest.FixtureRequest) -> None:
    text = "\n".join([*await played(), "  admissions", *admissions()]) + "\n"
    if request.config.getoption("--regenerate-golden"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")
