"""A document that was copied with its id: nobody knows which is meant, so nothing is done to either."""

from __future__ import annotations

from tests.api.modes import of_a_folder
from tests.contracts.qemu_manager.manager import Manager, refused


@of_a_folder
def test_two_machines_with_one_id(manager: Manager, name: str) -> None:
    vm = manager.make(name)
    folder = manager.served.real.api.folder
    (written,) = [file for file in folder.rglob("*.yaml") if f"name: {name}\n" in file.read_text()]
    copy = folder / f"{name}-copy.yaml"
    copy.write_text(written.read_text().replace(f"name: {name}\n", f"name: {name}-copy\n"))
    listed = manager.served.real.http
    manager.served.until(lambda: listed.get(f"/api/v1/vms/{name}-copy").status_code == 200, "the copy is there")
    said = refused(manager.http.delete(f"/api/vms/{vm['id']}"), 400)
    assert name in said and f"{name}-copy" in said and "homeostat.dev/id" in said
    assert listed.get(f"/api/v1/vms/{name}").status_code == 200
    copy.unlink()
    manager.served.until(lambda: listed.get(f"/api/v1/vms/{name}-copy").status_code == 404, "the copy is gone")
    assert manager.http.delete(f"/api/vms/{vm['id']}").status_code == 200


def test_a_machines_own_disk_is_not_detached(manager: Manager, name: str) -> None:
    spec = {"runStrategy": "Halted", "disks": [{"name": "root", "size": "16Mi"}]}
    assert manager.served.real.http.post("/api/v1/vms", json={"name": name, "spec": spec}).status_code == 201
    (vm,) = [vm for vm in manager.http.get("/api/vms").json()["vms"] if vm["name"] == name]
    assert "own disk" in refused(manager.act(vm["id"], "disks/detach", diskPath=vm["disks"][0]["path"]), 400)
    assert len(manager.get(vm["id"])["disks"]) == 1
