"""Files of the host that drives begin as: each is looked at when it is named, and not only when a machine starts."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.service.changing.admission import Admission

from .words.devices import DriveDevice
from .words.machines import MachineEntry


async def with_formats(admission: Admission, entry: MachineEntry, known: Sequence[object] = ()) -> MachineEntry:
    """Returns an entry whose disks say that a file is raw, where nothing in that says what it is. ``known``: disks that it had
    before.

    Raises:
        Refusal: there is no such file, or no guest can use it.
    """
    devices = list(entry.qemu_devices)
    for place, device in enumerate(devices):
        file = _file_of(device)
        if not isinstance(device, DriveDevice) or not file or device in known or device.drive_format:
            continue
        if format := await admission.local_image(file):
            devices[place] = device.model_copy(update={"drive_format": format})
    return entry.model_copy(update={"qemu_devices": devices})


def _file_of(device: object) -> str:
    """Returns the file of the host that a disk begins as. Empty: it is something else."""
    if not isinstance(device, DriveDevice) or device.drive_type == "cdrom" or not device.drive_image:
        return ""
    return device.drive_image if device.drive_image.startswith("/") else ""
