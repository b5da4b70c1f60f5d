"""What a host has promised to a machine is given back when that goes, moves, or asks for less."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from homeostat.models.base import Key, ObjectMeta, Resource
from homeostat.models.condition import Condition
from homeostat.models.host import SCHEDULABLE, Host, HostCapacity, HostMeta, HostSpec, HostStatus
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec, VirtualMachineStatus
from homeostat.models.machine_hardware import Resources
from homeostat.runtime.machine.placement import Placer

GIB = 2**30
OPEN = Condition(type=SCHEDULABLE, status="True", reason="Open", message="", observed_generation=1)


def host(name: str) -> Host:
    status = HostStatus(conditions=(OPEN,), capacity=HostCapacity(vcpus=4, memory=64 * GIB))
    return Host(metadata=HostMeta(name=name), spec=HostSpec(), status=status)


def machine(name: str, memory: int = 1, uid: str = "") -> VirtualMachine:
    """``memory`` in GiB."""
    spec = VirtualMachineSpec(resources=Resources(memory=memory * GIB))
    return VirtualMachine(metadata=ObjectMeta(name=name, uid=uid or f"uid-{name}"), spec=spec)


class Cluster:
    """Two equal hosts, of which a comes first where as much is promised."""

    def __init__(self) -> None:
        self.placed: dict[Key, str] = {}
        self.refuses: Exception | None = None
        self.other: str | None = None  # where somebody else places what we would
        self.placer = Placer(self, self.hosts, lambda vm: self.placed.get(vm.key), lambda name: False)  # type: ignore[arg-type]

    def hosts(self) -> Iterator[Host]:
        yield from (host("a"), host("b"))

    async def get(self, kind: type[Resource], key: Key) -> Resource | None:
        return None

    def exists(self, key: Key) -> bool:
        return False

    async def place(self, key: Key, uid: str, host: str) -> bool:
        if self.refuses is not None:
            raise self.refuses
        self.placed[key] = self.other or host
        return self.other is None

    async def write_status(self, key: Key, uid: str, status: VirtualMachineStatus) -> None:
        pass

    def where(self, vm: VirtualMachine) -> str:
        """Places it, and says where."""
        asyncio.run(self.placer.reconcile(vm))
        return self.placed[vm.key]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_machines_take_turns_by_what_is_promised(cluster: Cluster) -> None:
    assert [cluster.where(machine(f"m{i}")) for i in range(4)] == ["a", "b", "a", "b"]


def test_a_machine_that_went_leaves_its_memory(cluster: Cluster) -> None:
    large = machine("large", 8)
    assert cluster.where(large) == "a"
    assert [cluster.where(machine(f"m{i}")) for i in range(3)] == ["b", "b", "b"]
    cluster.placer.forget(large.key)
    assert cluster.placer.placed_on("a") == []
    assert [cluster.where(machine(f"n{i}")) for i in range(4)] == ["a", "a", "a", "a"]  # a has as much as b only then


def test_it_is_given_back_once(cluster: Cluster) -> None:
    large = machine("large", 8)
    cluster.where(large)
    for _ in range(3):
        cluster.placer.forget(large.key)
    assert [cluster.where(machine(f"m{i}")) for i in range(4)] == ["a", "b", "a", "b"]


def test_one_that_asks_for_less_or_more_counts_as_what_it_asks_for_now(cluster: Cluster) -> None:
    assert cluster.where(machine("web", 8)) == "a"
    cluster.where(machine("web", 1))
    assert cluster.where(machine("one", 2)) == "b"
    assert cluster.where(machine("two", 2)) == "a"
    cluster.where(machine("web", 16))
    assert [cluster.where(machine(f"m{i}", 4)) for i in range(3)] == ["b", "b", "b"]


def test_one_that_was_made_anew_under_its_name_counts_once(cluster: Cluster) -> None:
    assert cluster.where(machine("web", 4)) == "a"
    assert cluster.where(machine("web", 4, uid="another")) == "a"
    assert [cluster.where(machine(f"m{i}", 4)) for i in range(2)] == ["b", "a"]


def test_one_that_moved_burdens_its_new_host_alone(cluster: Cluster) -> None:
    web = machine("web", 8)
    assert cluster.where(web) == "a"
    cluster.placed[web.key] = "b"
    cluster.where(web)
    assert cluster.placer.placed_on("a") == [] and cluster.placer.placed_on("b") == [web.key]
    assert [cluster.where(machine(f"m{i}", 4)) for i in range(2)] == ["a", "a"]


def test_a_placement_that_failed_promises_nothing(cluster: Cluster) -> None:
    cluster.refuses = OSError("the API server is away")
    with pytest.raises(OSError, match="away"):
        cluster.where(machine("web", 8))
    assert cluster.placer.placed_on("a") == []
    cluster.refuses, cluster.other = None, "b"
    cluster.where(machine("web", 8))  # another was first, and its place is learned from its news
    assert cluster.placer.placed_on("a") == []
    cluster.other = None
    assert cluster.where(machine("next")) == "a"
