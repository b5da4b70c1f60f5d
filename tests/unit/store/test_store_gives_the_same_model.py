"""A model is built once for what is stored, and handed out again only while all of that is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineStatus
from homeostat.store.files.store import FilesStore
from tests.unit.store_fixtures import Room, document, key

A = key("a")


def report(store: FilesStore, state: MachineState) -> None:
    found = get(store)
    asyncio.run(store.report(A, found.metadata.uid, VirtualMachineStatus(state=state), ()))


def get(store: FilesStore) -> VirtualMachine:
    found = asyncio.run(store.get(VirtualMachine, A))
    assert found is not None
    return found


def test_of_a_machine_without_a_status_it_is_the_same_object(room: Room) -> None:
    room.write("a.yaml", document("a"))
    room.sync()
    assert get(room.store) is get(room.store)
    (listed,) = asyncio.run(room.store.list(VirtualMachine))
    assert listed is get(room.store)


def test_machines_of_the_same_spec_share_it_until_one_of_them_changes(room: Room) -> None:
    for name in ("a", "b"):
        room.write(f"{name}.yaml", document(name, "runStrategy: Manual"))
    room.sync()
    first, second = asyncio.run(room.store.list(VirtualMachine))
    assert first.spec is second.spec and first.metadata.name != second.metadata.name
    room.write("a.yaml", document("a", "runStrategy: Halted"))
    room.sync()
    first, second = asyncio.run(room.store.list(VirtualMachine))
    assert (first.spec.run_strategy, second.spec.run_strategy) == ("Halted", "Manual")


CHANGES: dict[str, tuple[Callable[[Room], Any], Callable[[VirtualMachine], Any]]] = {
    "spec": (
        lambda room: (room.write("a.yaml", document("a", "runStrategy: Halted")), room.sync()),
        lambda machine: (machine.spec.run_strategy, machine.metadata.generation),
    ),
    "annotation": (
        lambda room: (room.write("a.yaml", document("a", annotation="a: b")), room.sync()),
        lambda machine: machine.metadata.annotations,
    ),
    "status": (lambda room: report(room.store, MachineState.RUNNING), lambda machine: machine.status),
    "deletion": (lambda room: room.store.delete(A, "api"), lambda machine: machine.deleting),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_one_once_something_was_written(room: Room, change: str) -> None:
    write, shown = CHANGES[change]
    room.write("a.yaml", document("a"))
    room.sync()
    before = get(room.store)
    write(room)
    after = get(room.store)
    assert after.metadata.resource_version != before.metadata.resource_version
    assert shown(after) != shown(before)
    row = room.store.index.row(A)
    assert row is not None and after == row.resource()


def test_a_status_is_never_of_an_earlier_report(room: Room) -> None:
    room.write("a.yaml", document("a"))
    room.sync()
    for state in (MachineState.RUNNING, MachineState.STOPPED, MachineState.RUNNING):
        report(room.store, state)
        found = get(room.store)
        assert found.status is not None and found.status.state is state


def test_a_machine_made_again_under_its_name_is_another_one(room: Room) -> None:
    room.write("a.yaml", document("a"))
    room.sync()
    before = get(room.store)
    room.store.delete(A, "api")
    asyncio.run(room.store.release(A, before.metadata.uid))
    room.write("a.yaml", document("a", "runStrategy: Halted"))
    room.sync()
    assert get(room.store) != before and not get(room.store).deleting
