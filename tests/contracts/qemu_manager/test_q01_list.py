"""Q01: every machine, with the fields that pages read, the newest first."""

from __future__ import annotations

from tests.contracts.qemu_manager.manager import Manager

FIELDS = {"id", "name", "cpus", "memory", "status", "vnc_port", "disks", "iso", "createdAt", "startedAt"}


def test_q01_the_newest_is_first(manager: Manager, name: str) -> None:
    older, newer = manager.make(f"{name}-a"), manager.make(f"{name}-b")
    found = manager.http.get("/api/vms").json()
    assert set(found) == {"vms"}
    ids = [vm["id"] for vm in found["vms"]]
    assert ids.index(newer["id"]) < ids.index(older["id"])
    assert all(set(vm) == FIELDS for vm in found["vms"])


def test_q01_a_machine_that_no_contract_made_is_listed(manager: Manager, name: str) -> None:
    answer = manager.served.real.http.post("/api/v1/vms", json={"name": name, "spec": {"runStrategy": "Halted"}})
    assert answer.status_code == 201, answer.text
    (found,) = [vm for vm in manager.http.get("/api/vms").json()["vms"] if vm["name"] == name]
    assert manager.get(found["id"]) == found
