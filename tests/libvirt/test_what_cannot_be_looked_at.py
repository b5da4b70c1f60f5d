"""A Disk or a Snapshot whose files cannot be read is Unknown, and does not go on showing what held before."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.condition import find_condition
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from tests.libvirt.site import Site, key_of, living

WHY = "could not read the folder: Input/output error"
OFF = {"runStrategy": "Halted", "disks": [{"name": "r", "size": "1Mi"}]}


def said(site: Site, name: str, kind: str) -> tuple[str, str]:
    row = site.store.index.row(key_of(name, kind))
    found = site.store.resource(row) if row else None
    status = found.status if isinstance(found, Disk | Snapshot | VirtualMachine) else None
    ready = find_condition(status.conditions, "Ready") if status else None
    return (ready.status, ready.message) if ready else ("", "")


@pytest.mark.parametrize(
    ("kind", "asked", "spec"),
    [("Disk", "named_disk", {"size": "1Mi"}), ("Snapshot", "snapshot_tags", {"machineRef": {"name": "m"}})],
    ids=["Disk", "Snapshot"],
)
async def test_it_is_unknown_until_it_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, asked: str, spec: dict[str, object]
) -> None:
    async with living(tmp_path) as site:
        site.write("VirtualMachine", "m", OFF)
        site.start()
        await site.until(lambda: said(site, "m", "VirtualMachine")[0] == "True", "the machine is there")
        site.write(kind, "one", spec)
        await site.until(lambda: said(site, "one", kind)[0] == "True", "it is there")
        well = said(site, "one", kind)

        async def fails(*args: object) -> None:
            raise DriverError(WHY)

        with monkeypatch.context() as broken:
            broken.setattr(site.host, asked, fails)
            site.write("VirtualMachine", "m", {**OFF, "resources": {"vcpu": 2}})  # which a snapshot rests on
            if kind == "Disk":
                site.write("Disk", "one", {"size": "2Mi"})
            await site.until(lambda: said(site, "one", kind) == ("Unknown", WHY), "it says so")
        await site.until(lambda: said(site, "one", kind) == well, "it goes on")
