"""Q02: what is made is off, has no disk, and no ISO."""

from __future__ import annotations

from tests.api.modes import of_a_folder
from tests.contracts.qemu_manager.manager import Manager


def test_q02_a_machine_is_made_and_is_off(manager: Manager, name: str) -> None:
    vm = manager.make(name, 2, 128)
    assert (vm["name"], vm["cpus"], vm["memory"], vm["status"]) == (name, 2, 128, "stopped")
    assert vm["disks"] == [] and vm["iso"] is None and vm["createdAt"].endswith("Z")
    assert manager.get(vm["id"]) == vm


def test_q02_fields_that_are_not_known_are_left_out(manager: Manager, name: str) -> None:
    body = {"name": name, "cpus": 1, "memory": 64, "arch": "x86_64", "description": "", "iso": None}
    assert manager.http.post("/api/vms", json=body).status_code == 201


def test_q02_a_name_for_people_is_kept(manager: Manager, name: str) -> None:
    vm = manager.make(f"Größe {name} (test)")
    assert manager.get(vm["id"])["name"] == f"Größe {name} (test)"


@of_a_folder
def test_q02_it_is_desired_state_as_any(manager: Manager, name: str) -> None:
    vm = manager.make(name, 2, 128)
    written = manager.served.real.api.written("virtualmachines", name)
    assert f"homeostat.dev/id: {vm['id']}" in written and "vcpu: 2" in written
