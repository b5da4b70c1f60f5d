"""Differences between two definitions, field by field, each with the disruption that the change takes.

Only what the spec owns is compared. A wanted None is left to libvirt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from homeostat.models.machine import SEED_NAME
from homeostat.models.quantity import format_quantity

from ..domain import CpuConfig, DiskConfig, DomainConfig, LimitsConfig, NicConfig
from ..plan import Change, Disruption
from .devices import Compared, single_devices, text
from .scsi import fits_running

VNC_PASSWORD = "display.vnc.password"  # noqa: S105 - the name of a field
# Secrets, what is carried over, what others did, and how files are opened.
_NOT_ASKED_FOR = frozenset({"record", "password", "chain", "shared", "copies"})
RESTART = Disruption.NEEDS_RESTART
LIVE = Disruption.LIVE


def spec_hash(config: DomainConfig) -> str:
    """Returns a fingerprint of what was asked for, without our record. It tells a changed spec from a drifted domain."""
    return hashlib.sha256(_canonical(config).encode()).hexdigest()[:16]


_PLAIN = frozenset({str, int, bool, type(None)})  # most values are


def _canonical(value: Any) -> str:
    """Returns a stable text of nested values."""
    if isinstance(value, tuple):
        return "[" + ",".join(map(_canonical, value)) + "]"
    names = _fields_of(value.__class__)
    if names is None:
        return repr(value)
    told = [(name, getattr(value, name)) for name in names[0]]
    told += [(name, later) for name in names[1] if (later := getattr(value, name)) is not None]
    texts = [f"{name}={part!r}" if part.__class__ in _PLAIN else f"{name}={_canonical(part)}" for name, part in told]
    return f"({','.join(texts)})"


@cache  # one entry per class
def _fields_of(kind: type) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Returns the fields that a spec asks for, and apart from them those that came later; None where the class is not ours."""
    if not is_dataclass(kind):
        return None
    asked = [f for f in fields(kind) if f.name not in _NOT_ASKED_FOR]
    first = tuple(f.name for f in asked if not f.metadata.get("later"))
    return first, tuple(f.name for f in asked if f.metadata.get("later"))


def compare(have: DomainConfig, want: DomainConfig) -> tuple[Change, ...]:
    """Returns what differs, with the names that the spec uses."""
    return tuple(_compare(have, want))


def compare_running(live: DomainConfig, want: DomainConfig) -> tuple[Change, ...]:
    """Returns what the running guest lacks. The boot order is left out: only the next start reads it."""
    return tuple(_compare(live, want, running=True))


def _compare(have: DomainConfig, want: DomainConfig, *, running: bool = False) -> Iterator[Change]:
    yield from _compare_resources(have, want, running=running)
    for field, old, new, show in _scalars(have, want):
        if old != new and field == VNC_PASSWORD and old and new:  # QEMU takes another one, but has to start with one
            yield Change(field, "set", "changed", LIVE)
        elif old != new:
            yield Change(field, show(old), show(new), RESTART)
    order = () if running else ("boot_order",)
    yield from _compare_disks(have, want, (*_DISK_FIELDS, *order))
    yield from _compare_nics(have.nics, want.nics, (*_NIC_FIELDS, *order))


def _compare_resources(have: DomainConfig, want: DomainConfig, *, running: bool) -> Iterator[Change]:
    """Yields the changes of memory and CPUs: live within the most that both have. What a running guest has of its memory is
    compared apart, since it gives and takes that in its own time."""
    declared = have.balloon is not None or want.balloon is not None
    if have.memory != want.memory:
        field = "resources.maxMemory" if declared else "resources.memory"
        yield Change(field, format_quantity(have.memory), format_quantity(want.memory), RESTART)
    elif not running and have.left_memory != want.left_memory:
        yield Change("resources.memory", format_quantity(have.left_memory), format_quantity(want.left_memory), LIVE)
    if have.vcpus != want.vcpus:
        declared = bool(have.vcpus_hotplug or want.vcpus_hotplug)
        yield Change("resources.maxVcpu" if declared else "resources.vcpu", _vcpus_text(have), _vcpus_text(want), RESTART)
    elif want.vcpus_hotplug and not have.vcpus_hotplug:
        yield Change("resources.maxVcpu", "none", str(want.vcpus), RESTART)
    elif have.vcpus_left != want.vcpus_left:
        yield Change("resources.vcpu", _vcpus_text(have), _vcpus_text(want), LIVE)


def _vcpus_text(config: DomainConfig) -> str:
    return str(config.vcpus) if config.vcpus_left is None else f"{config.vcpus_left} of {config.vcpus}"


def yes_no(value: Any) -> str:
    return "yes" if value else "no"


def _scalars(have: DomainConfig, want: DomainConfig) -> Iterator[Compared]:
    yield "virtualization", have.type, want.type, text
    if want.machine and not _is_machine(have.machine, want.machine):
        yield "machine", have.machine, want.machine, text
    if want.cpu is not None:
        yield "resources.cpu", _as_asked(have.cpu, want.cpu), want.cpu, _cpu_text
    yield "firmware.type", have.uefi, want.uefi, lambda uefi: "UEFI" if uefi else "BIOS"
    yield "firmware.secureBoot", have.secure_boot, want.secure_boot, yes_no
    for name in ("kernel", "initramfs", "cmdline"):
        yield f"boot.{name}", getattr(have.kernel, name, None), getattr(want.kernel, name, None), text
    yield "display.video", have.video, want.video, text
    if want.video_memory is not None:
        yield "display.videoMemory", have.video_memory, want.video_memory, lambda size: format_quantity(size) if size else "none"
    yield from single_devices(have, want)
    yield "display.vnc.enabled", have.vnc is not None, want.vnc is not None, yes_no
    if have.vnc and want.vnc:
        yield "display.vnc.listen", have.vnc.listen, want.vnc.listen, text
        if have.vnc.listen and want.vnc.listen:
            yield "display.vnc.port", have.vnc.port, want.vnc.port, lambda port: text(port or "automatic")
        yield VNC_PASSWORD, have.vnc.password, want.vnc.password, lambda password: "set" if password else "none"
    yield "console log", have.console_log, want.console_log, text
    yield "guestAgent.enabled", have.guest_agent, want.guest_agent, yes_no


def _is_machine(have: str, want: str) -> bool:
    """Tells whether a machine type is the wanted one. Any version fits a type without version: libvirt pins one at the first
    definition."""
    family = {"q35": "pc-q35-", "pc": "pc-i440fx-"}.get(want)
    return have == want or (family is not None and have.startswith(family))


def _as_asked(have: CpuConfig | None, want: CpuConfig) -> CpuConfig | None:
    """Returns ``have`` without the topology that libvirt or somebody else gave it, where none is asked for."""
    return replace(have, topology=None) if have is not None and want.topology is None else have


def _cpu_text(cpu: CpuConfig | None) -> str:
    if cpu is None:
        return "none"
    layout = (" x ".join(map(str, cpu.topology)),) if cpu.topology else ()
    return " ".join((cpu.model or cpu.mode, *cpu.features, *layout))


_DISK_FIELDS = ("bus", "target", "format", "read_only", "cache", "io", "serial", "rotation_rate", "discard", "io_thread")
_NIC_FIELDS = ("kind", "source", "mac", "model", "forwards", "queues", "vhost", "mtu", "existing")


def _compare_disks(have: DomainConfig, want: DomainConfig, compared: Sequence[str]) -> Iterator[Change]:
    """Yields the changes of disks. One that QEMU can plug in and out is, while the guest runs. What others attached stays until
    the guest is started again."""
    old, new = {d.name: d for d in have.disks}, {d.name: d for d in want.disks}
    for name in sorted(old.keys() - new.keys()):
        gone = old[name]
        yield Change(_disk_field(name), text(gone.source), "removed", LIVE if _can_be_detached(gone) else RESTART)
    for name, disk in new.items():
        if name not in old:
            free = all(other.target != disk.target and other.source != disk.source for other in have.disks)
            hotplug = free and disk.device == "disk" and not disk.read_only and _is_hotpluggable(disk, have, want)
            yield Change(_disk_field(name), "none", "added", LIVE if hotplug else RESTART)
            continue
        yield from _compare_fields(f"disks[{name}]", old[name], disk, compared)
        if old[name].limits != disk.limits:
            yield Change(f"disks[{name}].limits", _limits_text(old[name].limits), _limits_text(disk.limits), LIVE)
        if old[name].source != disk.source:
            yield _of_source(old[name], disk)


def _can_be_detached(disk: DiskConfig) -> bool:
    """Tells whether a disk is taken out while the guest runs: not the one that it boots from, nor what others attached (named by
    its file)."""
    if disk.name in (SEED_NAME, disk.source) or disk.boot_order == 1:
        return False
    return disk.device == "disk" and disk.bus in ("virtio", "scsi", "usb") and not disk.read_only


def _is_hotpluggable(disk: DiskConfig, have: DomainConfig, want: DomainConfig) -> bool:
    """Tells whether QEMU can take the disk in while it runs. It starts with its I/O threads."""
    return (disk.bus in ("virtio", "usb") and not disk.io_thread) or (disk.bus == "scsi" and fits_running(disk, have, want))


def _limits_text(limits: LimitsConfig | None) -> str:
    if limits is None:
        return "none"
    told = []
    for rate, burst, show in ((limits.bytes, limits.bytes_burst, _bytes_text), (limits.iops, limits.iops_burst, _iops_text)):
        if rate is not None:
            told.append(show(rate) + (f", burst {show(burst)}" if burst is not None else ""))
    return "; ".join([*told, *filter(None, (limits.others,))])


def _bytes_text(rate: int) -> str:
    return f"{format_quantity(rate)}/s"


def _iops_text(rate: int) -> str:
    return f"{rate} IOPS"


def _of_source(old: DiskConfig, new: DiskConfig) -> Change:
    was, shall = text(old.source), text(new.source)
    if new.name != SEED_NAME:
        return Change(f"disks[{new.name}].image", was, shall, LIVE if new.device == "cdrom" else RESTART)
    files = was.rpartition("/")[2], shall.rpartition("/")[2]  # in the same folder, unless others moved them
    return Change("cloudInit", *(files if files[0] != files[1] else (was, shall)), RESTART)


def _disk_field(name: str) -> str:
    return "cloudInit" if name == SEED_NAME else f"disks[{name}]"


def _compare_nics(have: Sequence[NicConfig], want: Sequence[NicConfig], compared: Sequence[str]) -> Iterator[Change]:
    old, new = {n.name: n for n in have}, {n.name: n for n in want}
    for name in sorted(old.keys() - new.keys()):
        yield Change(f"nics[{name}]", old[name].mac, "removed", RESTART if old[name].kind == "user" else LIVE)
    for name, nic in new.items():
        if name not in old:
            yield Change(f"nics[{name}]", "none", "added", RESTART if nic.kind == "user" else LIVE)
        else:
            yield from _compare_fields(f"nics[{name}]", old[name], nic, compared)
            if nic.down != old[name].down:
                yield Change(f"nics[{name}].linkState", _link_text(old[name]), _link_text(nic), LIVE)


def _link_text(nic: NicConfig) -> str:
    return "Down" if nic.down else "Up"


def _compare_fields(prefix: str, old: Any, new: Any, names: Sequence[str]) -> Iterator[Change]:
    for name in names:
        was, shall = getattr(old, name), getattr(new, name)
        if was != shall:
            next_boot = name == "boot_order"  # the definition has it at once, and only a start reads it
            yield Change(f"{prefix}.{_camel(name)}", text(was), text(shall), LIVE if next_boot else RESTART)


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)
