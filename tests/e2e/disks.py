"""Disks in the folder of a test's Homeostat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.disk import Disk, DiskSpec, DiskStatus
from tests.e2e.homeostat import Homeostat


def write_disk(home: Homeostat, name: str, **spec: Any) -> None:
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Disk", "metadata": {"name": name}, "spec": spec}
    aside = home.folder / f".disk-{name}.tmp"
    aside.write_text(yaml.safe_dump(document))
    aside.replace(home.folder / f"disk-{name}.yaml")


def remove_disk(home: Homeostat, name: str) -> None:
    (home.folder / f"disk-{name}.yaml").unlink()


def find_disk(home: Homeostat, name: str) -> Disk | None:
    row = home.store.index.row(Key(Disk.KIND, "default", name))
    resource = home.store.resource(row) if row else None
    assert resource is None or isinstance(resource, Disk)
    return resource


def disk_status(home: Homeostat, name: str) -> DiskStatus:
    disk = find_disk(home, name)
    return disk.status if disk and disk.status else DiskStatus()


def disk_file(home: Homeostat, name: str) -> Path:
    return home.state / "disks" / "default" / name / "disk.img"


def wait_disk(home: Homeostat, name: str, type: str = "Ready", status: str = "True", reason: str = "") -> str:
    """Waits until a condition of the spec that was written last holds, and returns its message."""

    def found() -> tuple[str] | None:
        disk = find_disk(home, name)
        condition = find_condition(disk.status.conditions, type) if disk and disk.status else None
        if disk is None or condition is None or condition.observed_generation < disk.metadata.generation:
            return None
        document = home.folder / f"disk-{name}.yaml"
        if document.exists() and disk.spec != DiskSpec.model_validate(yaml.safe_load(document.read_text())["spec"]):
            return None  # the operator has not read it yet
        return (condition.message,) if condition.status == status and reason in ("", condition.reason) else None

    (message,) = home.wait_for(found, f"Disk {name} has {type}={status} {reason}")
    return str(message)


def wait_disk_gone(home: Homeostat, name: str) -> None:
    home.wait_for(lambda: find_disk(home, name) is None, f"Disk {name} is gone")


def named(disk: str, **fields: Any) -> dict[str, Any]:
    """A device of a machine's spec that is a Disk."""
    return {"name": "data", "diskRef": {"name": disk}, **fields}
