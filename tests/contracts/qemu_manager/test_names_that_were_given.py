"""What is answered names what the client named: resources have names of their own, which he does not know."""

from __future__ import annotations

from homeostat.service.naming.marks import resource_name
from tests.contracts.qemu_manager.manager import Manager, refused
from tests.contracts.qemu_manager.test_isos_are_uploaded import medium


def test_a_disk_that_is_attached(manager: Manager, name: str) -> None:
    vm, disk = manager.make(f"My {name}"), manager.disk(f"My_{name}.disk")
    assert manager.act(vm["id"], "disks/attach", diskPath=disk["path"]).status_code == 200
    said = refused(manager.http.delete(f"/api/disks/{disk['id']}"), 400)
    assert said == f"My_{name}.disk is attached to My {name}: detach it first"


def test_a_name_that_is_taken(manager: Manager, name: str) -> None:
    manager.make(f"My {name}")
    manager.disk(f"My_{name}")
    machine = {"name": f"My {name}", "cpus": 1, "memory": 64}
    assert refused(manager.http.post("/api/vms", json=machine), 400) == f"The name My {name} is taken: give another one"
    disk = {"name": f"My_{name}", "size": 1, "format": "qcow2"}
    assert refused(manager.http.post("/api/disks", json=disk), 400) == f"The name My_{name} is taken: give another one"


def test_an_iso_that_is_mounted(manager: Manager, name: str) -> None:
    vm = manager.make(f"My {name}")
    iso = manager.http.post("/api/isos/upload", files={"file": (f"{name} 12.iso", medium())}).json()["iso"]
    assert manager.act(vm["id"], "iso/mount", isoPath=iso["path"]).status_code == 200
    said = refused(manager.http.delete(f"/api/isos/{iso['id']}"), 400)
    assert said == f"{name} 12.iso is attached to My {name}: detach it first"


def test_a_machine_that_runs(manager: Manager, name: str) -> None:
    vm = manager.make(f"My {name}")
    assert manager.act(vm["id"], "start").status_code == 200
    assert refused(manager.act(vm["id"], "start"), 400) == f"My {name} is already running"


def test_one_that_does_not_start(manager: Manager, name: str) -> None:
    one, other, disk = manager.make(f"One {name}"), manager.make(f"Other {name}"), manager.disk(f"My_{name}")
    manager.act(one["id"], "disks/attach", diskPath=disk["path"])
    assert manager.act(one["id"], "start").status_code == 200
    manager.act(other["id"], "disks/attach", diskPath=disk["path"])
    said = refused(manager.act(other["id"], "start"), 500)
    assert f"{disk['path']}: Disk My_{name} is taken by machine One {name}" in said
    for unknown in (f"One {name}", f"Other {name}", f"My_{name}"):
        assert resource_name(unknown) not in said.replace(disk["path"], "")


def test_what_is_uploaded_and_is_nothing(manager: Manager, name: str) -> None:
    said = refused(manager.http.post("/api/disks/upload", files={"file": (f"{name} a.img", b"a text\n" * 1000)}), 400)
    assert said.startswith(f"image {name} a.img") and "-" not in said.partition(" is a text")[0].removeprefix(
        f"image {name} a.img"
    )
