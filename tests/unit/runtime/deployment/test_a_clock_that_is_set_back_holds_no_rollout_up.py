"""A machine that has been ready long enough stays available when the wall clock is set back, and one that was ready before the
operator started counts from its first look on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from homeostat.models.base import Key, ObjectMeta, OwnerReference
from homeostat.models.condition import Condition
from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineSpec, VirtualMachineStatus
from homeostat.planner.deployment.observed import Replica
from homeostat.runtime.deployment.replicas import MachinesSeen
from homeostat.runtime.engine.clock import TICK, OwnClock
from tests.unit.store_fixtures import Room, key

MIN_READY = 20.0


class Host:
    """A host whose wall clock is set by hand, and on it an operator that sees one machine of a deployment."""

    def __init__(self, room: Room) -> None:
        self.room, self.wall, self.clock = room, time.time(), OwnClock()
        self.machines = MachinesSeen(room.store, lambda machine: True, self.clock)

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds / TICK)):
            self.wall += TICK
            self.clock.now()

    def set_back(self) -> None:
        self.wall -= 3600

    async def ready(self) -> None:
        since = datetime.fromtimestamp(self.wall, UTC).isoformat()
        owner = OwnerReference(api_version="homeostat.dev/v1alpha1", kind="VirtualMachineDeployment", name="web", uid="u-1")
        await self.room.store.apply_owned(
            VirtualMachine(metadata=ObjectMeta(name="web-1", owner_references=(owner,)), spec=VirtualMachineSpec())
        )
        row = self.room.store.index.row(key("web-1"))
        assert row is not None
        true = [Condition(type=t, status="True", reason="Ok", last_transition_time=since) for t in ("Ready", "Running")]
        status = VirtualMachineStatus(state=MachineState.RUNNING, observed_generation=1, conditions=tuple(true), run="1")
        await self.room.store.write_status(Key("VirtualMachine", "default", "web-1"), row.uid, status)

    async def replica(self) -> Replica:
        (seen,) = await self.machines.of("default")
        return seen.replica

    async def available(self) -> bool:
        replica = await self.replica()
        return replica.available(MIN_READY, self.wall) and replica.serves(MIN_READY, self.wall)


@pytest.fixture
def host(room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    made = Host(room)
    monkeypatch.setattr(time, "time", lambda: made.wall)
    yield made


async def test_what_is_available_stays_so(host: Host) -> None:
    with host.clock.ticking():
        await host.ready()
        host.passes(MIN_READY - 1)
        assert not await host.available()
        host.set_back()
        assert not await host.available()
        host.passes(2)
        assert await host.available()
        host.set_back()
        assert await host.available()


async def test_what_was_ready_by_a_clock_that_was_ahead_counts_from_the_first_look_on(host: Host) -> None:
    await host.ready()
    host.set_back()
    with host.clock.ticking():
        assert not await host.available()
        host.passes(MIN_READY + 1)
        assert await host.available()
