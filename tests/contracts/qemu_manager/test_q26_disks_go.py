"""Q26: a disk goes with its file, unless a machine has it."""

from __future__ import annotations

from pathlib import Path

from tests.contracts.qemu_manager.manager import Manager, refused


def test_q26_it_is_gone(manager: Manager, name: str) -> None:
    disk = manager.disk(name)
    answer = manager.http.delete(f"/api/disks/{disk['id']}")
    assert (answer.status_code, answer.json()) == (200, {"message": "Disk deleted successfully"})
    assert not Path(disk["path"]).exists()
    refused(manager.http.delete(f"/api/disks/{disk['id']}"), 404)


def test_q26_one_that_a_machine_has_stays(manager: Manager, name: str) -> None:
    vm, disk = manager.make(name), manager.disk(name)
    manager.act(vm["id"], "disks/attach", diskPath=disk["path"])
    assert "detach" in refused(manager.http.delete(f"/api/disks/{disk['id']}"), 400)
    assert Path(disk["path"]).exists()
    manager.act(vm["id"], "disks/detach", diskPath=disk["path"])
    assert manager.http.delete(f"/api/disks/{disk['id']}").status_code == 200
