"""Machines as QEMU Manager shows them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from homeostat.models.base import API_GROUP
from homeostat.models.image_source import ImageSource
from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.models.machine_disks import DiskDevice
from homeostat.models.outside import redacted
from homeostat.service.kinds.power import state_of
from homeostat.service.naming.marks import given_name, id_of

from .moments import is_moment, moment
from .words import MIB

ATTACHED = f"qemu-manager.{API_GROUP}/attached"
"""An annotation: of each disk the path that was given, and since when it is attached."""
ISOS = "/isos/"
"""Where the paths of uploaded ISOs begin. Nothing is there: an Image is meant."""
_WORDS: Mapping[MachineState, str] = {
    MachineState.PENDING: "starting",
    MachineState.STOPPED: "stopped",
    MachineState.STARTING: "starting",
    MachineState.RUNNING: "running",
    MachineState.PAUSED: "running",
    MachineState.SAVED: "stopped",
    MachineState.STOPPING: "stopping",
    MachineState.CRASH_LOOP: "starting",
    MachineState.SUCCEEDED: "stopped",
    MachineState.FAILED: "stopped",
    MachineState.DELETING: "stopping",
    MachineState.UNKNOWN: "unknown",
}


def shown(machine: VirtualMachine, port: int) -> dict[str, Any]:
    """Returns a machine, with what its plugin gives it. ``port``: the number of its screen."""
    meta, wanted, status = machine.metadata, machine.spec.resources, machine.status
    return {
        "id": id_of(machine),
        "name": given_name(machine),
        "cpus": wanted.vcpu,
        "memory": wanted.memory // MIB,
        "status": _WORDS[state_of(machine)],
        "vnc_port": port,
        "disks": disks(machine),
        "iso": next((path_of(disk.image) for disk in machine.spec.disks if disk.type == "cdrom" and disk.image), None),
        "createdAt": moment(meta.creation_timestamp),
        "startedAt": moment(status.started_at) if status and state_of(machine) is MachineState.RUNNING else None,
    }


def disks(machine: VirtualMachine) -> list[dict[str, Any]]:
    """Returns its disks, cdroms aside."""
    notes, made = noted(machine), machine.metadata.creation_timestamp
    return [
        {"path": _path(disk, notes.get(disk.name, {})), "attachedAt": moment(notes.get(disk.name, {}).get("at") or made)}
        for disk in machine.spec.disks
        if disk.type == "disk"
    ]


def noted(machine: VirtualMachine) -> dict[str, dict[str, str]]:
    """Returns what is noted of its disks, by their names. Whoever may change a machine may write anything there: what is no
    note counts for nothing."""
    try:
        found = json.loads(machine.metadata.annotations.get(ATTACHED, "{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: note for name, note in found.items() if _is_note(note)}


def _is_note(note: Any) -> bool:
    if not isinstance(note, dict) or not isinstance(note.get("path"), str):
        return False
    return "at" not in note or is_moment(note["at"])


def noting(notes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the patch of a machine that notes it."""
    return {"metadata": {"annotations": {ATTACHED: json.dumps(dict(notes)) if notes else None}}}


def _path(disk: DiskDevice, note: Mapping[str, str]) -> str:
    if note:
        return note["path"]
    if disk.disk_ref is not None:
        return f"/disks/{disk.disk_ref.name}"
    return path_of(disk.image) if disk.image is not None else f"/disks/{disk.name}"


def path_of(image: ImageSource) -> str:
    """Returns the path, or address without its secrets, by which an image is named."""
    if image.image_ref is not None:
        return f"{ISOS}{image.image_ref.name}.iso"
    return image.path or redacted(image.url or "").removeprefix("file://")


def command(machine: VirtualMachine, disks: Sequence[Mapping[str, Any]], port: int) -> str:
    """Returns how a machine would be started by hand. libvirt starts it, and says more."""
    wanted = machine.spec.resources
    words = ["qemu-system-x86_64", "-m", str(wanted.memory // MIB), "-smp", str(wanted.vcpu), "-name", given_name(machine)]
    for disk in disks:
        words += ["-drive", f"file={disk['path']}"]
    iso = next((path_of(disk.image) for disk in machine.spec.disks if disk.type == "cdrom" and disk.image), None)
    return shlex.join([*words, *(("-cdrom", iso) if iso else ()), "-vnc", f":{port - 5900}"])
