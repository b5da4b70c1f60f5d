"""The Disks that a machine's spec names. The machine waits for each of them, and never makes, grows or removes one."""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_disks import DiskDevice, DiskRef

from ...domain import DiskConfig
from ...observed import Observed, ObservedDisk
from ...placement import DISK_NOT_READY as NOT_READY
from ...plan import Outcome, Stalled, Waiting
from ..identity import path_of_ref
from .disk_source import MISSING, DiskSource
from .header import altered


def plan_named(
    machine: VirtualMachine, disk: DiskDevice, ref: DiskRef, source: DiskSource, defined: DiskConfig | None, observed: Observed
) -> Outcome | None:
    """Says why the machine cannot have a Disk now; None: it can. ``defined``: as its domain has it."""
    root = observed.host.storage_root
    path = path_of_ref(root, machine, ref)
    found = observed.storage.disks.get(path)
    has_it = defined is not None and defined.source in (path, source.path)
    if found is None and source.on_ours:
        if has_it:
            words = f"disks[{disk.name}]: the file {path} of Disk {ref.name} has vanished: put it back, or name another Disk"
            return Stalled(MISSING, words)
        return _not_there(disk, ref, observed)
    if not has_it and (waits := _not_usable(disk, ref, found, observed)):
        return waits
    if found is None or not source.on_ours:
        return None
    if found.problem and (observed.domain is None or not observed.domain.state.active):  # a guest that has it open goes on
        return Waiting(NOT_READY, f"disks[{disk.name}].diskRef: {found.problem}")
    base = found.label.base if found.label else None
    return altered(disk.name, found, base.path if base else None, defined, root)


def _not_there(disk: DiskDevice, ref: DiskRef, observed: Observed) -> Waiting | Stalled:
    resource, where = observed.named.get(ref.name) or Waiting(NOT_READY, "it is not known"), f"disks[{disk.name}].diskRef"
    if not isinstance(resource, Disk):
        return replace(resource, message=f"{where}: {resource.message}")
    return Waiting(NOT_READY, f"{where}: Disk {ref.name} is not there yet{_said(resource)}")


def _not_usable(disk: DiskDevice, ref: DiskRef, found: ObservedDisk | None, observed: Observed) -> Outcome | None:
    resource, where = observed.named.get(ref.name), f"disks[{disk.name}].diskRef"
    if not isinstance(resource, Disk):
        return _not_there(disk, ref, observed)
    if resource.deleting:
        return Waiting(NOT_READY, f"{where}: Disk {ref.name} is being deleted: name another one")
    if found is not None and (found.label is None or found.problem):
        return Waiting(NOT_READY, f"{where}: {found.problem or f'what {found.path} is, nobody knows'}")
    if found is not None and found.label is not None and found.label.format != resource.spec.format:
        return Waiting(NOT_READY, f"{where}: Disk {ref.name} is not as its spec says{_said(resource)}")
    return None


def _said(disk: Disk) -> str:
    """Returns what its status says of it."""
    found = next((c for c in disk.status.conditions if c.type == "Ready" and c.status != "True"), None) if disk.status else None
    return f" ({found.message or found.reason})" if found else ""
