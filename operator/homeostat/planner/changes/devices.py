"""Devices that only a start brings: what ``changes`` compares of them, and how it is put into words. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeAlias

from homeostat.models.quantity import format_quantity

from ..domain import DomainConfig, HostDeviceConfig, RngConfig, ScsiConfig, SmbiosConfig, TpmConfig, WatchdogConfig
from .scsi import scsi_of

Compared: TypeAlias = tuple[str, Any, Any, Callable[[Any], str]]
"""The field, what there is, what is wanted, and what puts either into words."""
_SMBIOS = tuple(field.name for field in fields(SmbiosConfig))
_seldom = attrgetter(
    "sound", "watchdog", "tpm", "rng", "smbios", "vsock", "shared_memory", "filesystems", "host_devices", "qemu_arguments"
)


def single_devices(have: DomainConfig, want: DomainConfig) -> Iterator[Compared]:
    """Yields what is to be compared. Most machines have none of the devices after the controller."""
    if want.scsi or (scsi_of(have) and scsi_of(want)):  # a controller that disks left behind is no difference
        yield "scsi", scsi_of(have), scsi_of(want), _scsi
    if _seldom(have) == _seldom(want):
        return
    yield "sound", have.sound, want.sound, text
    yield "watchdog", have.watchdog, want.watchdog, _watchdog
    yield "tpm", have.tpm, want.tpm, _tpm
    yield "rng", have.rng, want.rng, _rng
    for name in _SMBIOS:
        yield f"smbios.{name}", getattr(have.smbios, name, None), getattr(want.smbios, name, None), text
    yield "vsock", have.vsock, want.vsock, lambda vsock: f"cid {vsock.cid or 'automatic'}" if vsock else "none"
    yield from _each("sharedMemory", have.shared_memory, want.shared_memory, lambda memory: format_quantity(memory.size))
    yield from _each("filesystems", have.filesystems, want.filesystems, lambda folder: folder.path)
    yield from _each("hostDevices", have.host_devices, want.host_devices, _host_device)
    yield "qemuArguments", have.qemu_arguments, want.qemu_arguments, lambda words: shlex.join(words) if words else "none"


def _each(field: str, have: Sequence[Any] | None, want: Sequence[Any] | None, show: Callable[[Any], str]) -> Iterator[Compared]:
    """Yields devices by their names."""
    old, new = ({device.name: device for device in devices or ()} for devices in (have, want))
    for name in dict.fromkeys((*old, *new)):
        yield f"{field}[{name}]", old.get(name), new.get(name), lambda device: "none" if device is None else show(device)


def _host_device(device: HostDeviceConfig) -> str:
    return f"{device.kind} {device.address}" + (", display" if device.display else "")


def text(value: Any) -> str:
    """Returns a plain value as YAML has it; "none": it is not set."""
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def _watchdog(watchdog: WatchdogConfig | None) -> str:
    return "none" if watchdog is None else f"{watchdog.model} {watchdog.action}"


def _scsi(scsi: ScsiConfig | None) -> str:
    if scsi is None:
        return "none"
    queues = (f"{scsi.queues} queues",) if scsi.queues is not None else ()
    return ", ".join((scsi.model, *(("an I/O thread",) if scsi.io_thread else ()), *queues))


def _tpm(tpm: TpmConfig | None) -> str:
    return "none" if tpm is None else f"{tpm.version} {tpm.model}"


def _rng(rng: RngConfig | None) -> str:
    if rng is not None and not rng.enabled:
        return "none"
    return f"{format_quantity(rng.rate)}/s" if rng and rng.rate else "unlimited"
