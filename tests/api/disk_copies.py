"""Disks to download copies of, and what is in such a copy."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from homeostat.models.disk import Disk, DiskStatus
from tests.api.harness import Api

DISKS = "/api/v1/disks"
MIB = 2**20


def made(api: Api, name: str, size: int = 4 * MIB) -> Path:
    """A Disk that is there, with some contents, as the operator makes one and says so."""
    assert api.http.post(DISKS, json={"name": name, "spec": {"size": str(size), "format": "raw"}}).status_code == 201
    path = api.state / "disks/default" / name / "disk.img"
    path.parent.mkdir(parents=True)
    path.write_bytes(os.urandom(size))
    (found,) = (one for one in api.operator.all(Disk) if one.metadata.name == name)
    status = DiskStatus(host="local", path=str(path), format="raw", virtual_size=size)
    api.operator._where.run(lambda store: store.write_status(found.key, found.metadata.uid, status))
    return path


def kept(api: Api) -> list[str]:
    """What of copies is on the disk."""
    room = api.state / "exports"
    return sorted(path.name for path in room.iterdir()) if room.exists() else []


def contents(copy: Path) -> bytes:
    raw = copy.with_suffix(".raw")
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", copy, raw], check=True)
    return raw.read_bytes()


def described(copy: Path) -> dict[str, Any]:
    asked = ["qemu-img", "info", "--output=json", copy]
    found: dict[str, Any] = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    return found
