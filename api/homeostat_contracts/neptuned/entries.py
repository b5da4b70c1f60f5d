"""Machines as Neptuned configures them. What somebody said of devices stands as he said it, as long as the spec is what that
stands for; else the spec says it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pydantic import TypeAdapter

from homeostat.models.base import API_GROUP
from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineSpec
from homeostat.models.machine_disks import DiskDevice
from homeostat.models.machine_nics import Nic
from homeostat.service.kinds.power import state_of, wants_running
from homeostat.service.naming.marks import given_name

from .specs import MODELS, devices_spec, same_devices
from .words.devices import AnyDevice
from .words.machines import EntryDocument, EntryState, MachineEntry

GROUP = f"neptuned.{API_GROUP}"
TITLE = f"{GROUP}/name"
"""An annotation: a machine's name for people, where it is not its id."""
DEVICES = f"{GROUP}/devices"
"""An annotation: the devices as they were given."""
LISTED = f"{GROUP}/listed"
"""An annotation, "true": everybody sees in the list that it runs, and whoever has an account may enter."""
MIB = 2**20
_STATES: Mapping[MachineState, EntryState] = {
    MachineState.RUNNING: "running",
    MachineState.PAUSED: "running",
    MachineState.STOPPING: "running",
    MachineState.DELETING: "running",
    MachineState.STARTING: "starting",
    MachineState.PENDING: "starting",
    MachineState.CRASH_LOOP: "starting",
    MachineState.UNKNOWN: "starting",
    MachineState.STOPPED: "stopped",
    MachineState.SAVED: "stopped",
    MachineState.SUCCEEDED: "stopped",
    MachineState.FAILED: "stopped",
}
_DEVICES: TypeAdapter[list[AnyDevice]] = TypeAdapter(list[AnyDevice])
_LSI = {"virtio-scsi": "virtio-scsi", "lsilogic": "lsi"}


def state(machine: VirtualMachine) -> EntryState:
    """Returns what a machine does. One that is being deleted runs until it is gone."""
    return _STATES[state_of(machine)]


def title(machine: VirtualMachine) -> str:
    """Returns a machine's name for people."""
    return machine.metadata.annotations.get(TITLE) or given_name(machine)


def notes(entry: MachineEntry) -> dict[str, str | None]:
    """Returns the annotations that keep what the spec cannot say of an entry."""
    devices = json.dumps(_written(entry.qemu_devices), separators=(",", ":"))
    return {TITLE: entry.name if entry.name != entry.id else None, DEVICES: devices}


def _written(devices: list[AnyDevice]) -> list[EntryDocument]:
    """Returns devices as they were given."""
    written: list[EntryDocument] = _DEVICES.dump_python(devices, exclude_unset=True, exclude_none=True)
    return written


def shown(machine: VirtualMachine) -> EntryDocument:
    """Returns a machine, with what its plugin gives it."""
    return {**entry_of(machine), "state": state(machine)}


def entry_of(machine: VirtualMachine) -> EntryDocument:
    """Returns a machine as it is configured."""
    spec, given = machine.spec, _given(machine)
    return {
        "id": given_name(machine),
        "name": title(machine),
        "hypervisor": "qemu",
        "autostart": wants_running(spec),
        "private": spec.display.private,
        "qemu_use_uefi": spec.firmware.type == "UEFI",
        "qemu_enable_agent": bool(spec.shared_memory),
        "qemu_uuid": (spec.smbios.uuid if spec.smbios else None) or "",
        "qemu_machine_type": spec.machine.type,
        "qemu_machine_version": spec.machine.version or "",
        "qemu_memory_mb": spec.resources.memory // MIB,
        "qemu_devices": list(_devices(spec)) if given is None else given,
    }


def _given(machine: VirtualMachine) -> list[EntryDocument] | None:
    """Returns the devices as they were given, where the spec still has just these."""
    spec = machine.spec
    try:
        said = _DEVICES.validate_python(json.loads(machine.metadata.annotations.get(DEVICES, "")))
        part = devices_spec(said, spec.machine.type, spec.resources.memory // MIB, spec.display.private)
        same = same_devices(spec, part)
    except (ValueError, KeyError, RecursionError):  # whoever may change a machine may write anything there
        return None
    return _written(said) if same else None


def _devices(spec: VirtualMachineSpec) -> Iterator[EntryDocument]:
    cpu = spec.resources.cpu
    names = {libvirt: qemu for qemu, libvirt in MODELS.items()}
    model = names.get(cpu.model or "", cpu.model or "")
    yield {
        "id": "cpu",
        "type": "cpu",
        "cpu_model": model,
        "cpu_features": list(cpu.features),
        "cpu_cores": spec.resources.vcpu,
    }
    if spec.scsi is not None:
        more = {"hba_add_iothread": spec.scsi.io_thread, "hba_num_queues": spec.scsi.queues or 0}
        virtio = spec.scsi.model == "virtio-scsi"
        yield {"id": "hba", "type": "hba", "hba_type": _LSI[spec.scsi.model], **(more if virtio else {})}
    for disk in spec.disks:
        yield _drive(disk, spec.machine.type)
    if spec.sound is not None:
        yield {"id": "audio", "type": "audio", "audio_type": spec.sound.model}
    yield from _display(spec)
    for nic in spec.nics:
        yield from _network(nic)
    for number, line in enumerate(spec.qemu_arguments, 1):
        yield {"id": f"custom-{number}", "type": "custom_cmd", "command_line": line}


def _drive(disk: DiskDevice, chipset: str) -> EntryDocument:
    usual = "virtio" if disk.type == "disk" else "sata" if chipset == "q35" else "ide"
    found: EntryDocument = {
        "id": disk.name,
        "type": "drive",
        "drive_type": "cdrom" if disk.type == "cdrom" else "ssd" if disk.rotation_rate == 1 else "hdd",
        "drive_cache_type": disk.cache or "",
        "drive_use_io_uring": disk.io == "io_uring",
        "drive_bus": str(disk.bus or usual),
    }
    if disk.limits is not None:
        each = (
            ("drive_bps_limit", disk.limits.bytes_per_second, disk.limits.bytes_per_second_burst),
            ("drive_iops_limit", disk.limits.iops, disk.limits.iops_burst),
        )
        found |= {name: f"{most} {burst or most}" for name, most, burst in each if most is not None}
    if disk.disk_ref is not None:
        found["drive_image"] = disk.disk_ref.name
    elif disk.image is not None:
        image = disk.image
        found["drive_image"] = image.path or image.url or f"image:{image.image_ref.name if image.image_ref else ''}"
        found |= {"drive_format": str(image.format)} if image.format else {}
    elif disk.type == "disk":
        found["drive_image"] = "blank:"
    return found


def _display(spec: VirtualMachineSpec) -> Iterator[EntryDocument]:
    screen = next((device for device in spec.host_devices if device.mdev and device.mdev.display), None)
    if screen is not None and screen.mdev is not None:
        profile = screen.mdev.profile or screen.mdev.uuid
        yield {"id": screen.name, "type": "display", "display_type": "mdev", "display_mdev_profile": profile}
        return
    memory = (spec.display.video_memory or 0) // MIB
    yield {"id": "display", "type": "display", "display_type": spec.display.video, "display_vgamem_mb": memory}


def _network(nic: Nic) -> Iterator[EntryDocument]:
    """Yields a card, and before it what it is plugged into. What the words do not have is shown as a user network."""
    tap = {"tap_interface_name": nic.tap.name, "tap_use_vhost": bool(nic.vhost)} if nic.tap else {}
    yield {"id": f"{nic.name}-network", "type": "network", "network_type": "tap" if nic.tap else "user", **tap}
    card = {"nic_type": nic.model, "nic_mac": nic.mac or "", "nic_netdev": f"{nic.name}-network"}
    yield {"id": nic.name, "type": "nic", **card}
