"""A machine goes where its domain or its disks are known to be; only one that has none is placed by what hosts offer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from homeostat.models.base import API_VERSION, Key, OwnerReference
from homeostat.models.condition import Condition
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.host import SCHEDULABLE, Host, HostCapacity, HostMeta, HostSpec, HostStatus
from homeostat.models.machine import VirtualMachine
from homeostat.planner.placement import PLACEMENTS, Offer
from homeostat.planner.plan import Waiting
from homeostat.runtime.engine.reconciler import Next
from homeostat.runtime.machine.placement import RETRY_SECONDS, Placer
from tests.unit.machines import deleted, machine
from tests.unit.operating import Shelf

GIB = 2**30
OPEN = Condition(type=SCHEDULABLE, status="True", reason="Open")
OWNER = OwnerReference(api_version=API_VERSION, kind=VirtualMachineDeployment.KIND, name="db", uid="uid-db", controller=True)


def host(name: str, memory: int | None = 4, **status: Any) -> Host:
    """``memory`` in GiB."""
    capacity = HostCapacity(vcpus=4, memory=memory * GIB) if memory is not None else None
    return Host(metadata=HostMeta(name=name), spec=HostSpec(), status=HostStatus(conditions=(OPEN,), capacity=capacity, **status))


def stateful(placements: dict[str, str], *, keeps: bool = True) -> VirtualMachineDeployment:
    document = {
        "metadata": {"name": "db", "uid": "uid-db", "annotations": {PLACEMENTS: json.dumps(placements)}},
        "spec": {"replicas": 1, "stateful": keeps, "strategy": {"type": "Recreate"}, "template": {"spec": {}}},
    }
    return VirtualMachineDeployment.model_validate(document)


def of_db(**spec: Any) -> VirtualMachine:
    vm = machine(name="db-1", **spec)
    return vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"owner_references": (OWNER,)})})


class Cluster(Shelf):
    def __init__(self, *resources: Any, located: Callable[..., Any] = lambda vm: None, places_deleted: bool = False) -> None:
        super().__init__(*(resources or (host("a"), host("b"))))
        self.done: list[str] = []
        hosts = [thing for thing in self.resources.values() if isinstance(thing, Host)]
        self.placer = Placer(
            self, lambda: hosts, lambda vm: None, lambda name: False, located, places_deleted  # type: ignore[arg-type]
        )  # fmt: skip

    def exists(self, key: Key) -> bool:
        return key in self.resources

    async def place(self, key: Key, uid: str, host: str) -> bool:
        self.done.append(f"place on {host}")
        return True

    async def bind(self, deployment: Key, uid: str, machine: str, host: str) -> None:
        self.done.append(f"bind {machine} to {host}")

    async def reconcile(self, vm: VirtualMachine) -> Next:
        self.put(vm)
        return await self.placer.reconcile(vm)

    def offer(self) -> Offer:
        return self.placer.offers()[0]


@pytest.mark.parametrize("placements", [{}, {"db-1": "a"}])
async def test_to_its_domain_whatever_else_is_known(placements: dict[str, str]) -> None:
    """Also where it would not be taken now; and where its disks are, that host will say."""
    cluster = Cluster(host("a"), host("b"), stateful(placements), located=lambda vm: "b")
    await cluster.reconcile(of_db(hostSelector={"disk": "ssd"}))
    assert cluster.done == ["place on b"]


async def test_not_before_it_is_known_where_that_is() -> None:
    cluster = Cluster(located=lambda vm: Waiting("HostUnreachable", "a cannot be asked"))
    assert await cluster.reconcile(machine()) == Next(RETRY_SECONDS)
    assert cluster.done == [] and cluster.placer.waiting() == {machine().key}


async def test_its_disks_are_bound_once() -> None:
    for placements, done in (({}, ["bind db-1 to a", "place on a"]), ({"db-1": "b"}, ["place on b"])):
        cluster = Cluster(host("a"), host("b"), stateful(placements))
        await cluster.reconcile(of_db())
        assert cluster.done == done


async def test_a_deployment_that_keeps_no_disks_has_no_word() -> None:
    cluster = Cluster(host("a"), stateful({"db-1": "b"}, keeps=False))
    await cluster.reconcile(of_db())
    assert cluster.done == ["place on a"]
    waits = Cluster(host("a"), stateful({"db-1": "b"}, keeps=False))
    await waits.reconcile(of_db(hostSelector={"disk": "ssd"}))
    assert waits.placer.waiting() and list(waits.placer.woken_by(stateful({}).key)) == []


async def test_one_that_is_deleted_is_placed_only_so_that_a_host_clears_up() -> None:
    gone = deleted(machine(resources={"memory": "64Gi"}, hostSelector={"disk": "ssd"}))
    idle = Cluster()
    assert await idle.reconcile(gone) == Next() and idle.done == [] and not idle.placer.waiting()
    cluster = Cluster(host("a", 4), host("b", 8), places_deleted=True)
    await cluster.reconcile(gone)
    assert cluster.done == ["place on a"], "it asks for nothing, so that no host is less full with it"


async def test_what_a_host_offers_is_what_it_says() -> None:
    assert Cluster(host("a")).offer() == Offer(
        "a", {"kubernetes.io/hostname": "a"}, memory=4 * GIB, uploads=frozenset(), operator="a"
    )
    said = Cluster(host("a", uploads=("aa",), keeps=("default/data",), operator="node-1")).offer()
    assert (said.uploads, said.keeps, said.operator) == ({"aa"}, {"default/data"}, "node-1")
    unread = Cluster(Host(metadata=HostMeta(name="a"), spec=HostSpec())).offer()
    assert (unread.closed, unread.memory, unread.promised) == ("is not served by any operator yet", 0, 0)


async def test_a_host_whose_memory_nobody_knows_takes_any() -> None:
    cluster = Cluster(host("a", None))
    await cluster.reconcile(machine(resources={"memory": "64Gi"}))
    assert cluster.done == ["place on a"]
