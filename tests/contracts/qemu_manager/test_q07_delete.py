"""Q07: a machine goes, also one that runs; the files of its disks stay."""

from __future__ import annotations

from pathlib import Path

from tests.contracts.qemu_manager.manager import Manager, refused


def test_q07_it_is_gone(manager: Manager, name: str) -> None:
    vm = manager.make(name)
    answer = manager.http.delete(f"/api/vms/{vm['id']}", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {"message": "VM deleted successfully"})
    refused(manager.http.get(f"/api/vms/{vm['id']}"), 404)
    refused(manager.http.delete(f"/api/vms/{vm['id']}"), 404)


def test_q07_one_that_runs_is_stopped_and_its_disk_is_kept(manager: Manager, name: str) -> None:
    vm, disk = manager.make(name), manager.disk(f"{name}-disk")
    manager.act(vm["id"], "disks/attach", diskPath=disk["path"])
    assert manager.act(vm["id"], "start").status_code == 200
    assert manager.http.delete(f"/api/vms/{vm['id']}").status_code == 200
    assert manager.http.get(f"/api/disks/{disk['id']}").json()["disk"]["status"] == "ready"
    assert Path(disk["path"]).exists()


def test_q07_its_id_is_nobodys_afterwards(manager: Manager, name: str) -> None:
    vm = manager.make(name)
    manager.http.delete(f"/api/vms/{vm['id']}")
    assert manager.make(name)["id"] != vm["id"]
