"""A grace period begins with the first step that asks the guest, also where that one fails, and with none before it."""

from __future__ import annotations

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.planner import actions as act
from homeostat.runtime.machine.reconcile import MachineReconciler
from tests.unit.machines import changed, machine
from tests.unit.operating import Shelf, WorldHost, a_reconciler, kinds, settle

VM = machine(updatePolicy="Immediate", shutdown={"gracePeriodSeconds": 30})
LONG = 3600.0  # seconds


class Hands:
    """A clock that is moved by hand."""

    seconds = 0.0

    def now(self) -> float:
        return self.seconds


async def up() -> tuple[Shelf, WorldHost, MachineReconciler, Hands]:
    shelf, host, clock = Shelf(VM), WorldHost(), Hands()
    reconciler = a_reconciler(shelf, host)
    reconciler._clock = clock  # type: ignore[assignment]
    await settle(reconciler, shelf, host, VM.key)
    host.done.clear()
    return shelf, host, reconciler, clock


async def fails_for_long(shelf: Shelf, host: WorldHost, reconciler: MachineReconciler, clock: Hands) -> None:
    for _ in range(3):
        with pytest.raises(DriverError):
            await settle(reconciler, shelf, host, VM.key)
        clock.seconds += LONG


def state(shelf: Shelf) -> str:
    found = shelf.resources[VM.key]
    assert isinstance(found, VirtualMachine) and isinstance(found.status, VirtualMachineStatus)
    return found.status.state


async def test_a_step_before_the_asking_that_fails_for_long_cuts_no_power() -> None:
    shelf, host, reconciler, clock = await up()
    shelf.put(changed(VM, resources={"memory": "1Gi"}))
    host.failing[act.DefineDomain] = "no space left"
    await fails_for_long(shelf, host, reconciler, clock)
    assert state(shelf) == "Running"
    host.failing.clear()
    await settle(reconciler, shelf, host, VM.key)
    done = kinds(host.done)
    assert "ShutdownDomain" in done and "PowerOffDomain" not in done and state(shelf) == "Running"


@pytest.mark.parametrize("step", [act.ShutdownDomain, act.ResumeDomain])
async def test_the_asking_that_fails_ends_with_the_grace_period(step: type[act.Action]) -> None:
    shelf, host, reconciler, clock = await up()
    host.world.pause("user")
    shelf.put(changed(VM, runStrategy="Halted"))
    host.failing[step] = "it cannot go on"
    with pytest.raises(DriverError):
        await settle(reconciler, shelf, host, VM.key)
    assert state(shelf) == "Stopping"
    clock.seconds += LONG
    await settle(reconciler, shelf, host, VM.key)
    assert "PowerOffDomain" in kinds(host.done) and state(shelf) == "Stopped"
