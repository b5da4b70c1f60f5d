"""Q21, Q22 and Q25: disks are files that are there."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.contracts.qemu_manager.manager import Manager, refused

FIELDS = {"id", "name", "size", "format", "path", "status", "createdAt", "createdAtCompleted"}


def about(path: str) -> dict[str, Any]:
    told = subprocess.run(["qemu-img", "info", "--output=json", path], check=True, capture_output=True)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


@pytest.mark.parametrize("format", ["qcow2", "raw", "vmdk"])
def test_q22_the_file_has_that_size_and_format(manager: Manager, name: str, format: str) -> None:
    disk = manager.disk(name, 2, format)
    assert (disk["name"], disk["size"], disk["format"], disk["status"]) == (name, 2, format, "ready")
    assert about(disk["path"])["format"] == format and about(disk["path"])["virtual-size"] == 2 * 2**30


def test_q21_all_of_them(manager: Manager, name: str) -> None:
    older, newer = manager.disk(f"{name}-a"), manager.disk(f"{name}-b")
    disks = manager.http.get("/api/disks").json()["disks"]
    assert all(set(disk) == FIELDS for disk in disks)
    ids = [disk["id"] for disk in disks]
    assert ids.index(newer["id"]) < ids.index(older["id"])
    assert all(disk["createdAt"] <= disk["createdAtCompleted"] for disk in disks)


def test_q25_what_is_known_of_the_file(manager: Manager, name: str) -> None:
    made = manager.disk(name)
    info = manager.http.get(f"/api/disks/{made['id']}").json()["disk"]["info"]
    assert set(info) == {"virtual-size", "filename", "format", "actual-size"}
    assert info["virtual-size"] == 2**30 and info["filename"] == made["path"] and info["actual-size"] > 0
    refused(manager.http.get("/api/disks/nobody"), 404)


@pytest.mark.parametrize(
    "body",
    [
        {"size": 0}, {"size": -1}, {"size": "1"}, {"size": None}, {"size": 10**9}, {"format": "vhd"}, {"format": ""}, {"format":
        None}, {"format": 3},
    ],
)  # fmt: skip
def test_q22_what_cannot_be(manager: Manager, name: str, body: dict[str, Any]) -> None:
    refused(manager.http.post("/api/disks", json={"name": name, "size": 1, "format": "qcow2", **body}), 400)
    for left_out in ("name", "size", "format"):
        whole = {"name": name, "size": 1, "format": "qcow2"}
        refused(manager.http.post("/api/disks", json={key: whole[key] for key in whole if key != left_out}), 400)
