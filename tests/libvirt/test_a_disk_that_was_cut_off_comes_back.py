"""A machine's disk, or a Disk, whose file was cut off is taken up again once the whole file is put back: no event tells of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeostat.models.condition import find_condition
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.disk import reconcile as disks
from homeostat.runtime.machine import reconcile as machines
from tests.libvirt.site import Site, key_of, living

LEFT = 100_000  # bytes: less than its tables need
OFF = {"runStrategy": "Halted", "disks": [{"name": "r", "size": "1Mi"}]}


def said(site: Site, kind: str, type: str) -> str:
    row = site.store.index.row(key_of("one", kind))
    found = site.store.resource(row) if row else None
    status = found.status if isinstance(found, Disk | VirtualMachine) else None
    condition = find_condition(status.conditions, type) if status else None
    return f"{condition.status} {condition.reason}" if condition else ""


@pytest.mark.parametrize(
    ("kind", "spec", "file", "well", "storage"),
    [
        ("VirtualMachine", OFF, "machines/default/one/r.qcow2", "True Halted", "False DiskUnusable"),
        ("Disk", {"size": "1Mi", "format": "qcow2"}, "disks/default/one/disk.img", "True DiskReady", ""),
    ],
    ids=["machine", "Disk"],
)
async def test_it_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, spec: dict[str, object], file: str, well: str, storage: str
) -> None:
    for module in (disks, machines):
        monkeypatch.setattr(module, "FILE_POLL_SECONDS", 0.2)
    async with living(tmp_path) as site:
        site.write(kind, "one", spec)
        site.start()
        await site.until(lambda: said(site, kind, "Ready") == well, "it is there")
        (path,) = tmp_path.glob(f"**/{file}")
        whole = path.read_bytes()
        os.truncate(path, LEFT)
        site.write(kind, "one", {**spec, "runStrategy": "Always"} if kind == "VirtualMachine" else {**spec, "size": "2Mi"})
        await site.until(lambda: said(site, kind, "Ready") == "False DiskUnusable", "it says so")
        assert said(site, kind, "StorageReady") == storage and path.stat().st_size == LEFT and site.running() == []
        path.write_bytes(whole)
        await site.until(lambda: said(site, kind, "Ready").startswith("True"), "it goes on")
