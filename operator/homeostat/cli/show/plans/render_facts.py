"""What a new machine will have, and what happens to the disks of one that goes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from homeostat.models.image_source import ImageSource
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.models.machine_disks import DiskDevice, ReclaimPolicy
from homeostat.models.machine_nics import Nic
from homeostat.models.quantity import format_quantity

from ..render_texts import Line


def fact_lines(facts: Sequence[tuple[str, str]]) -> list[Line]:
    """Returns the facts as ``+ field   value``, aligned."""
    width = max(len(name) for name, _ in facts)
    return [Line(f"    + {name:{width}}   {value}", "create") for name, value in facts]


def machine_facts(machine: VirtualMachine) -> Iterator[tuple[str, str]]:
    spec = machine.spec
    yield "runStrategy", spec.run_strategy.value
    yield "resources.vcpu", str(spec.resources.vcpu)
    yield "resources.memory", format_quantity(spec.resources.memory)
    if spec.firmware.type != "BIOS":
        yield "firmware.type", spec.firmware.type
    if spec.boot.kernel:
        yield "boot.kernel", _source_text(spec.boot.kernel)
    for disk in spec.disks:
        yield f"disks[{disk.name}]", _disk_text(disk)
    for nic in spec.nics:
        yield f"nics[{nic.name}]", _nic_text(nic)
    yield from _device_facts(spec)
    if spec.seed:
        yield "cloudInit", "NoCloud seed"


def _device_facts(spec: VirtualMachineSpec) -> Iterator[tuple[str, str]]:
    """Yields what few machines have: above all what reaches beyond them."""
    for name, device in (("scsi", spec.scsi), ("sound", spec.sound), ("watchdog", spec.watchdog)):
        if device is not None:
            yield name, device.model
    if spec.tpm:
        yield "tpm", spec.tpm.version
    if spec.vsock:
        yield "vsock", f"cid {spec.vsock.cid or 'automatic'}"
    for memory in spec.shared_memory:
        yield f"sharedMemory[{memory.name}]", format_quantity(memory.size)
    for folder in spec.filesystems:
        yield f"filesystems[{folder.name}]", folder.path
    for passed in spec.host_devices:
        yield f"hostDevices[{passed.name}]", " ".join(passed.asked)
    if spec.qemu_arguments:
        yield "qemuArguments", " ".join(spec.qemu_arguments)


def disk_fates(machine: VirtualMachine) -> tuple[list[str], list[str]]:
    """Returns the names of the disks that stay, and of those that are reclaimed."""
    kept: list[str] = []
    lost: list[str] = []
    for disk in machine.spec.disks:
        if disk.type == "disk" and disk.disk_ref is None:
            policy = disk.reclaim_policy or machine.spec.reclaim_policy
            (kept if policy is ReclaimPolicy.RETAIN else lost).append(disk.name)
    return kept, lost


def _source_text(source: ImageSource) -> str:
    if source.image_ref is not None:
        return f"image {source.image_ref.name}"
    return source.url or source.path or ""


def _disk_text(disk: DiskDevice) -> str:
    if disk.disk_ref is not None:
        return f"Disk {disk.disk_ref.name}"
    base = f"on {_source_text(disk.image)}" if disk.image else "empty" if disk.type == "cdrom" else "blank"
    size = format_quantity(disk.size) if disk.size else ""
    return ", ".join(filter(None, ("cdrom" if disk.type == "cdrom" else "", base, size)))


def _nic_text(nic: Nic) -> str:
    if nic.network_ref:
        return f"Network {nic.network_ref.name}"
    if nic.network:
        return f"network {nic.network}"
    if nic.bridge:
        return f"bridge {nic.bridge}"
    if nic.tap:
        return f"tap {nic.tap.name}"
    forwards = nic.user.forwards if nic.user else ()
    ports = ", ".join(f"{f.host_address}:{f.host_port} -> {f.guest_port}/{f.protocol.lower()}" for f in forwards)
    return f"user mode{': ' + ports if ports else ''}"
