"""Q17, Q18 and Q20: one ISO at a time."""

from __future__ import annotations

import pytest

from tests.api.modes import of_a_folder
from tests.contracts.qemu_manager.manager import Manager, refused


def iso(manager: Manager, name: str) -> str:
    path = manager.served.images / f"{name}.iso"
    path.write_bytes(b"\x00" * 0x8000 + b"\x01CD001\x01" + b"\x00" * 2**20)
    return str(path)


def test_q17_it_is_mounted_in_any_state(manager: Manager, name: str) -> None:
    vm, path = manager.make(name), iso(manager, name)
    answer = manager.act(vm["id"], "iso/mount", isoPath=path)
    assert answer.status_code == 200 and answer.json()["vm"]["iso"] == path, answer.text
    assert answer.json()["vm"] == manager.get(vm["id"])
    manager.act(vm["id"], "start")
    assert manager.act(vm["id"], "iso/unmount").json()["vm"]["iso"] is None
    assert manager.act(vm["id"], "iso/mount", isoPath=path).json()["vm"]["iso"] == path


def test_q18_another_one_takes_its_place(manager: Manager, name: str) -> None:
    vm, one, other = manager.make(name), iso(manager, f"{name}-a"), iso(manager, f"{name}-b")
    manager.act(vm["id"], "iso/mount", isoPath=one)
    assert manager.act(vm["id"], "iso/mount", isoPath=other).json()["vm"]["iso"] == other


@pytest.mark.parametrize("path", ["relative.iso", "/nowhere.iso", "/etc/passwd", "/isos/nobody.iso", "", None, 3])
def test_q17_a_file_that_is_none(manager: Manager, name: str, path: object) -> None:
    vm = manager.make(name)
    refused(manager.http.post(f"/api/vms/{vm['id']}/iso/mount", json={"isoPath": path}), 400)
    assert manager.get(vm["id"])["iso"] is None


@of_a_folder
def test_q17_a_file_that_is_no_iso(manager: Manager, name: str) -> None:
    vm, path = manager.make(name), manager.served.images / f"{name}.iso"
    path.write_bytes(bytes(2**20))
    assert "no iso" in refused(manager.act(vm["id"], "iso/mount", isoPath=str(path)), 400)
    assert manager.get(vm["id"])["iso"] is None


def test_q20_none_is_mounted(manager: Manager, name: str) -> None:
    vm = manager.make(name)
    for _ in range(2):
        assert manager.act(vm["id"], "iso/unmount").json()["vm"]["iso"] is None
    refused(manager.act("nobody", "iso/unmount"), 404)
