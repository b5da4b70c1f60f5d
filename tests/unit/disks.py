"""Disks for tests: one by its spec, and what is observed of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from homeostat.models.disk import Disk
from homeostat.planner.disk.make import label_of
from homeostat.planner.disk.observed import DiskSeen, NamedDisk
from homeostat.planner.files.disk_file import named_disk_path
from homeostat.planner.observed import HostFacts, ObservedDisk

GIB = 2**30
ROOT = "/state"
HOST = HostFacts("local", True, "qemu:///system", storage_root=ROOT, trash_keep=3600.0)
PATH = named_disk_path(ROOT, "default", "data")


def disk(*, name: str = "data", deleting: bool = False, **spec: Any) -> Disk:
    """``spec`` in the words of the YAML; blank, of 1 GiB, where it says nothing."""
    metadata: dict[str, Any] = {"name": name, "uid": f"uid-{name}", "generation": 1}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return Disk.model_validate({"metadata": metadata, "spec": spec or {"size": "1Gi"}})


def nothing(**seen: Any) -> DiskSeen:
    return DiskSeen(HOST, PATH, **seen)


def there(of: Disk, size: int = GIB, **seen: Any) -> DiskSeen:
    """What is observed of a Disk that was made as ``of`` says."""
    label = label_of(of, None, made=True)
    file = ObservedDisk(PATH, size, None, label=label)
    return replace(nothing(**seen), named=NamedDisk(file, label, allocated=4096, there=True))
