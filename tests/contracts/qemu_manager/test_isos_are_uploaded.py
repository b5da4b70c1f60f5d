"""What pages ask for beside the document: ISOs and disks are uploaded."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.contracts.qemu_manager.manager import Manager, refused
from tests.rig.forms import CLOSED, ENDS, unclosed


def medium() -> bytes:
    return b"\x00" * 0x8000 + b"\x01CD001\x01" + b"\x00" * 2**20


def test_an_iso_is_uploaded_mounted_and_deleted(manager: Manager, name: str) -> None:
    content = medium()
    answer = manager.http.post("/api/isos/upload", files={"file": (f"{name} 22.04.iso", content)})
    assert answer.status_code == 201, answer.text
    iso = answer.json()["iso"]
    assert set(iso) == {"id", "name", "path", "size", "uploadedAt"}
    assert (iso["name"], iso["size"]) == (f"{name} 22.04.iso", len(content))
    assert iso in manager.http.get("/api/isos").json()["isos"]
    assert manager.http.get(f"/api/isos/{iso['id']}").json()["iso"] == iso
    vm = manager.make(name)
    assert manager.act(vm["id"], "iso/mount", isoPath=iso["path"]).json()["vm"]["iso"] == iso["path"]
    assert manager.act(vm["id"], "start").status_code == 200
    refused(manager.http.delete(f"/api/isos/{iso['id']}"), 400)
    manager.http.delete(f"/api/vms/{vm['id']}")
    assert manager.http.delete(f"/api/isos/{iso['id']}").status_code == 200
    refused(manager.http.get(f"/api/isos/{iso['id']}"), 404)


def test_one_name_twice_is_two_isos(manager: Manager, name: str) -> None:
    made = [manager.http.post("/api/isos/upload", files={"file": (f"{name}.iso", medium() + bytes([n]))}) for n in (1, 2)]
    first, second = (answer.json()["iso"] for answer in made)
    assert first["name"] == second["name"] and first["id"] != second["id"] and first["path"] != second["path"]


def test_a_disk_is_uploaded(manager: Manager, name: str, tmp_path: Path) -> None:
    file = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", file, "8M"], check=True)
    answer = manager.http.post("/api/disks/upload", files={"file": (f"{name}.qcow2", file.read_bytes())})
    assert answer.status_code == 201, answer.text
    disk = answer.json()["disk"]
    assert (disk["name"], disk["format"], disk["status"]) == (f"{name}.qcow2", "qcow2", "ready")
    vm = manager.make(name)
    assert manager.act(vm["id"], "disks/attach", diskPath=disk["path"]).status_code == 200
    assert manager.act(vm["id"], "start").status_code == 200


def test_what_is_no_image_is_not_kept(manager: Manager, name: str) -> None:
    before = (manager.http.get("/api/disks").json(), manager.http.get("/api/isos").json())
    refused(manager.http.post("/api/isos/upload", files={"file": ("a.iso", b"")}), 400)
    refused(manager.http.post("/api/disks/upload", files={"file": (f"{name}.iso", medium())}), 400)
    refused(manager.http.post("/api/isos/upload", content=b"x", headers={"Content-Type": "multipart/form-data"}), 400)
    refused(manager.http.post("/api/isos/upload", content=b"x"), 415)
    refused(manager.http.post("/api/disks/upload", json={"file": "x"}), 415)
    refused(manager.http.post("/api/isos/upload", files={"other": ("a.iso", medium())}), 400)
    assert (manager.http.get("/api/disks").json(), manager.http.get("/api/isos").json()) == before


def test_of_a_form_without_its_end_nothing_is_kept(manager: Manager) -> None:
    before = (manager.http.get("/api/disks").json(), manager.http.get("/api/isos").json())
    for door in ("isos", "disks"):
        for end in ENDS:
            said = refused(manager.http.post(f"/api/{door}/upload", **unclosed(medium(), end)), 400)
            assert said.startswith("The body is no whole form")
    assert (manager.http.get("/api/disks").json(), manager.http.get("/api/isos").json()) == before
    assert manager.http.post("/api/isos/upload", **unclosed(medium(), CLOSED)).status_code == 201
