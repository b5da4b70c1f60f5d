"""The tables of `homeostat get`, one per kind: columns and rows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeostat.models.base import Resource
from homeostat.models.condition import find_condition
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.host import KVM_USABLE, Host, HostStatus
from homeostat.models.image import Image, ImageStatus
from homeostat.models.kinds import kind_of
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network, NetworkStatus
from homeostat.models.plugin import Plugin
from homeostat.models.quantity import format_quantity
from homeostat.models.schedule import SnapshotSchedule, SnapshotScheduleStatus
from homeostat.models.snapshot import Snapshot, SnapshotStatus

from ..terminal import columns
from ..times import age
from .status_words import address, ready_word, status_cell, status_of, waits_for

TableRow = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``wide`` follows the plain columns with ``-o wide``. The column AGE changes by itself, and is never a change."""

    plain: TableRow
    wide: TableRow
    cells: Callable[[Any, bool], TableRow]

    def header(self, wide: bool) -> TableRow:
        return (*self.plain, *self.wide) if wide else self.plain

    def told_apart(self, resource: Resource, wide: bool) -> TableRow:
        """Returns the row without its age: a watcher compares these rows."""
        cells = self.cells(resource, wide)
        return tuple(cell for name, cell in zip(self.header(wide), cells, strict=True) if name != "AGE")


def machine_row(machine: VirtualMachine, wide: bool) -> TableRow:
    status = machine.status
    row = (
        machine.metadata.name,
        status_cell(machine),
        ready_word(machine),
        address(machine),
        (status.host if status else None) or "",
        age(machine.metadata.creation_timestamp),
        str(status.restarts if status else 0),
    )
    if not wide:
        return row
    return (
        *row,
        str(machine.spec.resources.vcpu),
        format_quantity(machine.spec.resources.memory),
        (status.virtualization if status else None) or "",
        (status.vnc if status else None) or "",
        str(status.pid) if status and status.pid else "",
        waits_for(machine),
    )


def deployment_row(deployment: VirtualMachineDeployment, wide: bool) -> TableRow:
    status, spec = deployment.status or VirtualMachineDeploymentStatus(), deployment.spec
    row = (
        deployment.metadata.name,
        f"{status.ready_replicas}/{spec.replicas}",
        str(status.updated_replicas),
        str(status.available_replicas),
        age(deployment.metadata.creation_timestamp),
    )
    if not wide:
        return row
    plugin = spec.template.spec.plugin_ref
    return (
        *row,
        str(status.revision or ""),
        spec.strategy.type,
        plugin.name if plugin else "",
        status.selector,
        waits_for(deployment),
    )


def plugin_row(plugin: Plugin, wide: bool) -> TableRow:
    spec = plugin.spec
    row = (
        plugin.metadata.name,
        spec.version,
        "True" if spec.enabled else "False",
        images_word(plugin),
        str(plugin.status.machines if plugin.status else 0),
        age(plugin.metadata.creation_timestamp),
    )
    return (*row, spec.workload.type.value, str(spec.workload.port or ""), waits_for(plugin)) if wide else row


def schedule_row(schedule: SnapshotSchedule, wide: bool) -> TableRow:
    status, spec = schedule.status or SnapshotScheduleStatus(), schedule.spec
    row = (
        schedule.metadata.name,
        spec.template.spec.machine_ref.name,
        spec.schedule,
        "True" if spec.suspend else "False",
        ready_word(schedule),
        str(status.snapshots),
        age(status.last_time),
        age(schedule.metadata.creation_timestamp),
    )
    return (*row, spec.time_zone, status.next_time or "", waits_for(schedule)) if wide else row


def snapshot_row(snapshot: Snapshot, wide: bool) -> TableRow:
    status = snapshot.status or SnapshotStatus()
    row = (
        snapshot.metadata.name,
        snapshot.spec.machine_ref.name,
        ready_word(snapshot),
        status.consistency or "",
        age(status.taken_at),
        format_quantity(status.size) if status.size is not None else "",
    )
    return (*row, status.host or "", waits_for(snapshot)) if wide else row


def images_word(plugin: Plugin) -> str:
    """Returns ``Ready``, or why its images are not: ``ImageFetching``, ``ImageQueued``, ``ImageFailed`` ..."""
    condition = find_condition(status_of(plugin).conditions, "ImagesReady")
    if condition is None:
        return "Unknown"
    return "Ready" if condition.status == "True" else condition.reason


def disk_row(disk: Disk, wide: bool) -> TableRow:
    status = disk.status or DiskStatus()
    row = (
        disk.metadata.name,
        ready_word(disk),
        _quantity(status.virtual_size),
        disk.spec.format.value,
        status.attached_to or "",
        status.host or "",
        age(disk.metadata.creation_timestamp),
    )
    if not wide:
        return row
    return (*row, _quantity(status.allocated), disk.spec.reclaim_policy.value, status.path or "", waits_for(disk))


def _quantity(size: int | None) -> str:
    return "" if size is None else format_quantity(size)


def image_row(image: Image, wide: bool) -> TableRow:
    status = image.status or ImageStatus()
    row = (
        image.metadata.name,
        status.phase.value,
        ready_word(image),
        "" if status.progress is None else f"{status.progress} %",
        status.format.value if status.format else "",
        format_quantity(status.virtual_size) if status.virtual_size else "",
        str(status.users),
        age(image.metadata.creation_timestamp),
    )
    return (*row, status.digest, waits_for(image)) if wide else row


def host_row(host: Host, wide: bool) -> TableRow:
    status = host.status or HostStatus()
    kvm = find_condition(status.conditions, KVM_USABLE)
    row = (
        host.metadata.name,
        ready_word(host),
        str(status.machines),
        str(status.capacity.vcpus) if status.capacity else "",
        format_quantity(status.capacity.memory) if status.capacity else "",
        "true" if host.spec.maintenance else "false",
        age(host.metadata.creation_timestamp),
    )
    return (*row, kvm.status if kvm else "", status.version, waits_for(host)) if wide else row


def network_row(network: Network, wide: bool) -> TableRow:
    status, spec = network.status or NetworkStatus(), network.spec
    row = (
        network.metadata.name,
        network.mode.value if network.mode else "",
        ready_word(network),
        ", ".join(address.cidr for address in spec.addresses or ()),
        str(status.machines),
        age(network.metadata.creation_timestamp),
    )
    if not wide:
        return row
    bridges = ", ".join(dict.fromkeys(host.bridge for host in status.hosts if host.bridge))
    return (*row, bridges, spec.adopt or "", waits_for(network))


TABLES: Mapping[type[Resource], Table] = {
    VirtualMachine: Table(
        ("NAME", "STATUS", "READY", "IP", "HOST", "AGE", "RESTARTS"),
        ("VCPU", "MEMORY", "VIRT", "VNC", "PID", "MESSAGE"),
        machine_row,
    ),
    VirtualMachineDeployment: Table(
        ("NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"),
        ("REVISION", "STRATEGY", "PLUGIN", "SELECTOR", "MESSAGE"),
        deployment_row,
    ),
    SnapshotSchedule: Table(
        ("NAME", "MACHINE", "SCHEDULE", "SUSPEND", "READY", "SNAPSHOTS", "LAST", "AGE"), ("ZONE", "NEXT", "MESSAGE"), schedule_row
    ),
    Snapshot: Table(
        ("NAME", "MACHINE", "READY", "CONSISTENCY", "AGE", "SIZE"), ("HOST", "MESSAGE"), snapshot_row
    ),
    Plugin: Table(
        ("NAME", "VERSION", "ENABLED", "IMAGES", "MACHINES", "AGE"), ("TYPE", "PORT", "MESSAGE"), plugin_row
    ),
    Disk: Table(
        ("NAME", "READY", "SIZE", "FORMAT", "ATTACHED-TO", "HOST", "AGE"), ("ALLOCATED", "RECLAIM", "PATH", "MESSAGE"), disk_row
    ),
    Image: Table(
        ("NAME", "PHASE", "READY", "PROGRESS", "FORMAT", "SIZE", "USERS", "AGE"), ("DIGEST", "MESSAGE"), image_row
    ),
    Network: Table(
        ("NAME", "MODE", "READY", "ADDRESSES", "MACHINES", "AGE"), ("BRIDGE", "ADOPTS", "MESSAGE"), network_row
    ),
    Host: Table(
        ("NAME", "READY", "MACHINES", "VCPUS", "MEMORY", "MAINTENANCE", "AGE"), ("KVM", "VERSION", "MESSAGE"), host_row
    ),
}  # fmt: skip


def table_lines(
    resources: Sequence[Resource],
    *,
    wide: bool = False,
    all_namespaces: bool = False,
    headers: bool = True,
    prefixed: bool = False,
) -> list[str]:
    """Returns the resources as tables, one per kind with a blank line between them. ``prefixed``: each name has its kind, as in
    kubectl where several kinds are shown."""
    lines: list[str] = []
    for kind, table in TABLES.items():
        mine = [r for r in resources if type(r) is kind]
        if not mine:
            continue
        header = table.header(wide)
        rows = [table.cells(resource, wide) for resource in mine]
        if prefixed:
            rows = [(f"{kind_of(kind).noun}/{row[0]}", *row[1:]) for row in rows]
        if all_namespaces:
            header = ("NAMESPACE", *header)
            rows = [(r.metadata.namespace, *row) for r, row in zip(mine, rows, strict=True)]
        if lines and headers:
            lines.append("")
        lines += columns(header, rows, show_header=headers)
    return lines
