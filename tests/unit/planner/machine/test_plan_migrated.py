"""A machine that was migrated keeps its domain: its identity, not its uid, is what the plan goes by."""

from __future__ import annotations

from homeostat.models.base import IDENTITY
from homeostat.models.machine import VirtualMachine
from homeostat.store.migrate.steps import identity_of
from tests.unit.driving import Operator
from tests.unit.machines import running


def moved(machine: VirtualMachine, name: str | None = None) -> VirtualMachine:
    """As another store has it."""
    update = {"uid": "another", "annotations": {IDENTITY: identity_of(machine)}} | ({"name": name} if name else {})
    return machine.model_copy(update={"metadata": machine.metadata.model_copy(update=update)})


def test_nothing_is_done_and_nothing_written() -> None:
    world, _, machine = running(disks=[{"name": "data", "size": "1Gi"}], nics=[{"name": "lan", "network": "default"}])

    assert Operator(world).plan(moved(machine)).actions == ()


def test_a_copy_of_the_document_is_another_machine() -> None:
    _, _, machine = running()

    copy = moved(machine, "copy")
    assert copy.identity == copy.metadata.uid


def test_its_identity_travels_on() -> None:
    _, _, machine = running()

    assert identity_of(moved(machine)) == identity_of(machine)
