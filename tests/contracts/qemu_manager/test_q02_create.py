"""Q02: what is made is off, has no disk, and no ISO."""

from __future__ import annotations

from tests.contracts.qemu_manager.manager import Manager


def test_q02_a_machine_is_made_and_is_off(manager: Manager, name: str) -> None:
    vm = manager.make(name, 2, 128)
    assert (vm["name"], vm["cpus"], vm["memory"], vm["status"]) == (name, 2, 128, "stopped")
    assert vm["disks"] == [] and vm["iso"] is None and vm["createdAt"].endswith("Z")
    assert manager.get(vm["id"]) == vm
