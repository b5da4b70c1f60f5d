"""Q13, Q14 and Q16: disks come and go while the machine is off; their files stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.modes import of_a_folder
from tests.contracts.qemu_manager.manager import Manager, refused


def test_q13_a_disk_is_attached(manager: Manager, name: str) -> None:
    vm, disk = manager.make(name), manager.disk(name)
    answer = manager.act(vm["id"], "disks/attach", diskPath=disk["path"])
    assert answer.status_code == 200, answer.text
    (attached,) = answer.json()["vm"]["disks"]
    assert attached["path"] == disk["path"] and attached["attachedAt"].endswith("Z")
    assert answer.json()["vm"] == manager.get(vm["id"])


def test_q13_not_while_it_runs(manager: Manager, name: str) -> None:
    vm, disk = manager.make(name), manager.disk(name)
    manager.act(vm["id"], "start")
    assert "stopped" in refused(manager.act(vm["id"], "disks/attach", diskPath=disk["path"]), 400)
    assert manager.get(vm["id"])["disks"] == []


def test_q14_several_and_none_twice(manager: Manager, name: str) -> None:
    vm, one, other = manager.make(name), manager.disk(f"{name}-a"), manager.disk(f"{name}-b")
    for path in (one["path"], other["path"], one["path"]):
        assert manager.act(vm["id"], "disks/attach", diskPath=path).status_code == 200
    assert [disk["path"] for disk in manager.get(vm["id"])["disks"]] == [one["path"], other["path"]]


@pytest.mark.parametrize(
    "path", ["relative.qcow2", "", "/", "/nowhere/at/all.qcow2", "/etc/passwd", "/images/../etc/passwd", 3, None]
)
def test_q14_a_file_that_is_none_or_not_to_be_named(manager: Manager, name: str, path: object) -> None:
    vm = manager.make(name)
    refused(manager.http.post(f"/api/vms/{vm['id']}/disks/attach", json={"diskPath": path}), 400)
    refused(manager.http.post(f"/api/vms/{vm['id']}/disks/attach", json={}), 400)
    assert manager.get(vm["id"])["disks"] == []


@of_a_folder
def test_q15_a_file_that_nobody_has_written_to_works(manager: Manager, name: str) -> None:
    vm, file = manager.make(name), manager.served.images / f"{name}.raw"
    file.write_bytes(bytes(2**20))
    assert manager.act(vm["id"], "disks/attach", diskPath=str(file)).status_code == 200
    started = manager.act(vm["id"], "start")
    assert started.status_code == 200, started.text
    assert started.json()["vm"]["disks"][0]["path"] == str(file)


@of_a_folder
def test_q15_a_file_that_no_guest_can_use_is_refused_at_once(manager: Manager, name: str) -> None:
    vm, file = manager.make(name), manager.served.images / f"{name}.vhd"
    file.write_bytes(b"conectix" + bytes(2**20))
    assert "qemu-img convert" in refused(manager.act(vm["id"], "disks/attach", diskPath=str(file)), 400)
    assert manager.get(vm["id"])["disks"] == []


def test_q14_one_that_another_machine_has(manager: Manager, name: str) -> None:
    one, other, disk = manager.make(f"{name}-a"), manager.make(f"{name}-b"), manager.disk(name)
    manager.act(one["id"], "disks/attach", diskPath=disk["path"])
    assert manager.act(one["id"], "start").status_code == 200  # of two that are off, either may have it first
    manager.act(other["id"], "disks/attach", diskPath=disk["path"])
    assert f"{name}-a" in refused(manager.act(other["id"], "start"), 500)


def test_q16_it_is_detached_and_its_file_is_kept(manager: Manager, name: str) -> None:
    vm, disk = manager.make(name), manager.disk(name)
    manager.act(vm["id"], "disks/attach", diskPath=disk["path"])
    answer = manager.act(vm["id"], "disks/detach", diskPath=disk["path"])
    assert answer.status_code == 200 and answer.json()["vm"]["disks"] == [] and Path(disk["path"]).exists()
    refused(manager.act(vm["id"], "disks/detach", diskPath=disk["path"]), 400)


def test_q16_not_while_it_runs(manager: Manager, name: str) -> None:
    vm, disk = manager.make(name), manager.disk(name)
    manager.act(vm["id"], "disks/attach", diskPath=disk["path"])
    manager.act(vm["id"], "start")
    assert "stopped" in refused(manager.act(vm["id"], "disks/detach", diskPath=disk["path"]), 400)
    assert len(manager.get(vm["id"])["disks"]) == 1
