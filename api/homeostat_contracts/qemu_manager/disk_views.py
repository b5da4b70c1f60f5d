"""Disks as QEMU Manager shows them."""

from __future__ import annotations

import math
from typing import Any

from homeostat.models.condition import READY, STALLED, find_condition, holds
from homeostat.models.disk import Disk
from homeostat.service.naming.marks import given_name, id_of

from .moments import moment
from .words import GIB


def shown(disk: Disk, whole: bool = False) -> dict[str, Any]:
    """Returns a disk. ``whole``: with what is known of its file."""
    status = disk.status
    ready = find_condition(status.conditions, READY) if status is not None else None
    size = (status.virtual_size if status else None) or disk.spec.size or 0
    path = status.path if status else None
    made = {
        "id": id_of(disk),
        "name": given_name(disk),
        "size": math.ceil(size / GIB),
        "format": str(disk.spec.format),
        "path": path,
        "status": word(disk),
        "createdAt": moment(disk.metadata.creation_timestamp),
        "createdAtCompleted": moment(ready.last_transition_time) if ready and ready.status == "True" else None,
    }
    if whole and status is not None and path is not None:
        made["info"] = {
            "virtual-size": status.virtual_size,
            "filename": path,
            "format": str(status.format or disk.spec.format),
            "actual-size": status.allocated,
        }
    return made


def word(disk: Disk) -> str:
    """Returns the contract's word for how far it is."""
    if holds(disk.status, READY):
        return "ready"
    return "error" if holds(disk.status, STALLED) else "creating"
