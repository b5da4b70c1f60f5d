"""Q26: a disk goes with its file, unless a machine has it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("attempt", range(8))
def test_q26_of_an_attach_and_a_delete_at_once_one_is_refused(manager: Manager, name: str, attempt: int) -> None:
    vm, disk = manager.make(name), manager.disk(name)
    with ThreadPoolExecutor(2) as pool:
        attaching = pool.submit(manager.act, vm["id"], "disks/attach", diskPath=disk["path"])
        deleting = pool.submit(manager.http.delete, f"/api/disks/{disk['id']}")
    attached, deleted = attaching.result(), deleting.result()
    assert sorted((attached.status_code, deleted.status_code)) in ([200, 400], [200, 404]), (attached.text, deleted.text)
    named = [one["path"] for one in manager.get(vm["id"])["disks"]]
    assert named == ([disk["path"]] if attached.status_code == 200 else [])
    assert Path(disk["path"]).exists() is (attached.status_code == 200)
    assert manager.http.get(f"/api/disks/{disk['id']}").status_code == (200 if attached.status_code == 200 else 404)
