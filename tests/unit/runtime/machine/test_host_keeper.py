"""The controller says of the machines of a host that nobody serves that they are not known: of all, whoever began with it."""

from __future__ import annotations

import asyncio
from typing import Any

from homeostat.models.base import Key, Model, ObjectMeta, Resource
from homeostat.models.condition import READY, find_condition
from homeostat.models.host import Host, HostMeta, HostSpec, HostStatus
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec, VirtualMachineStatus
from homeostat.runtime.engine.ports import StoreFailure
from homeostat.runtime.engine.reconciler import GONE
from homeostat.runtime.host.deserted import OPERATOR_GONE
from homeostat.runtime.host.reconcile import POLL_SECONDS, HostKeeper
from homeostat.runtime.machine.placement import Placer


class Things:
    """A store of statuses; ``away`` writes are refused first."""

    def __init__(self, *things: Resource) -> None:
        self.things: dict[Key, Any] = {thing.key: thing for thing in things}
        self.written: list[Key] = []
        self.away = 0

    async def get(self, kind: type[Resource], key: Key) -> Resource | None:
        return self.things.get(key)

    async def write_status(self, key: Key, uid: str, status: Model) -> None:
        if self.away and key.kind == VirtualMachine.KIND:
            self.away -= 1
            raise StoreFailure("the API server does not answer")
        self.written.append(key)
        self.things[key] = self.things[key].model_copy(update={"status": status})

    def reason(self, key: Key) -> str:
        condition = find_condition(self.things[key].status.conditions, READY)
        return condition.reason if condition else ""


HOST = Host(metadata=HostMeta(name="far"), spec=HostSpec(), status=HostStatus(version="QEMU 7.2"))
MACHINES = [
    VirtualMachine(metadata=ObjectMeta(name=name), spec=VirtualMachineSpec(), status=VirtualMachineStatus())
    for name in ("a", "b")
]


async def controller(things: Things) -> HostKeeper:
    """One that has just begun, and knows where the machines are."""

    async def served(host: str) -> bool:
        return False

    gone: set[str] = set()
    placer = Placer(things, lambda: [HOST], lambda machine: "far", gone.__contains__)  # type: ignore[arg-type]
    for machine in MACHINES:
        await placer.reconcile(things.things[machine.key])
    return HostKeeper(things, (placer,), served, lambda host: [machine.key for machine in MACHINES], gone)  # type: ignore[arg-type]


def test_the_next_controller_goes_on_where_one_died() -> None:
    async def run() -> None:
        things = Things(HOST, *MACHINES)
        things.away = 1
        first = await controller(things)
        try:
            await first.reconcile(things.things[HOST.key])
        except StoreFailure:
            pass
        else:
            raise AssertionError("the write was to fail")

        second = await controller(things)
        await second.reconcile(things.things[HOST.key])

        assert [things.reason(machine.key) for machine in MACHINES] == [OPERATOR_GONE, OPERATOR_GONE]
        done = list(things.written)
        await second.reconcile(things.things[HOST.key])
        assert things.written == done

    asyncio.run(run())


class Kept(Things):
    def __init__(self, *things: Resource) -> None:
        super().__init__(*things)
        self.released: list[Key] = []

    async def release(self, key: Key, uid: str) -> None:
        self.released.append(key)


def keeper(things: Things, *, served: bool, machines: int, gone: set[str]) -> HostKeeper:
    async def is_served(host: str) -> bool:
        return served

    placer = Placer(things, lambda: [HOST], lambda machine: "far", gone.__contains__)  # type: ignore[arg-type]
    return HostKeeper(things, (placer,), is_served, lambda host: [machine.key for machine in MACHINES[:machines]], gone)  # type: ignore[arg-type]


DELETED = HOST.model_copy(update={"metadata": HOST.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})})


def test_a_host_that_is_deleted_goes_with_its_last_machine() -> None:
    async def run() -> None:
        for host, machines, goes in ((DELETED, 1, False), (DELETED, 0, True), (HOST, 0, False)):
            things = Kept(host)
            step = await keeper(things, served=True, machines=machines, gone=set()).reconcile(host)
            assert (step is GONE) is goes and (things.released == [host.key]) is goes

    asyncio.run(run())


def test_one_that_is_served_again_is_gone_no_more() -> None:
    async def run() -> None:
        gone: set[str] = set()
        things = Kept(HOST)
        assert (await keeper(things, served=False, machines=0, gone=gone).reconcile(HOST)).after == POLL_SECONDS
        assert gone == {"far"} and things.reason(HOST.key) == OPERATOR_GONE
        assert things.things[HOST.key].status.version == "QEMU 7.2", "what was known of it stays"
        written = len(things.written)
        await keeper(things, served=False, machines=0, gone=gone).reconcile(things.things[HOST.key])
        assert len(things.written) == written  # it says so already
        again = keeper(things, served=True, machines=0, gone=gone)
        assert (await again.reconcile(things.things[HOST.key])).after == POLL_SECONDS
        assert gone == set()
        gone.add("far")
        again.forget(MACHINES[0].key)
        assert gone == {"far"}
        again.forget(HOST.key)
        assert gone == set()

    asyncio.run(run())
