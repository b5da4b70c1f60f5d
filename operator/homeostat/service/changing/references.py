"""What a resource names of others, and the right that using it so takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from homeostat.accounts.rights import Right
from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.kinds import kind_of
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot

Use = tuple[Key, Right]


def references(resource: Resource) -> frozenset[Use]:
    """Returns what the resource names."""
    return frozenset(USES[type(resource)](resource))


def _rested(resource: Resource) -> Iterator[Use]:
    """Yields what it rests on. A machine writes to its Disks."""
    for key in kind_of(resource).rests_on(resource):
        yield key, Right.CHANGE if key.kind == Disk.KIND else Right.SEE


def _of_disk(disk: Disk) -> Iterator[Use]:
    """Yields what it is made from: whoever has it reads what is in that."""
    for key in kind_of(disk).rests_on(disk):
        yield key, Right.COPY if key.kind == Disk.KIND else Right.SEE
    source = disk.spec.source
    if source is not None and source.snapshot_ref is not None:
        yield Key(Snapshot.KIND, disk.metadata.namespace, source.snapshot_ref.name), Right.COPY


def _of_snapshot(snapshot: Snapshot) -> Iterator[Use]:
    yield Key(VirtualMachine.KIND, snapshot.metadata.namespace, snapshot.spec.machine_ref.name), Right.CHANGE


def _of_schedule(schedule: SnapshotSchedule) -> Iterator[Use]:
    yield Key(VirtualMachine.KIND, schedule.metadata.namespace, schedule.spec.template.spec.machine_ref.name), Right.CHANGE


USES: Mapping[type[Resource], Callable[[Any], Iterable[Use]]] = {
    VirtualMachine: _rested,
    VirtualMachineDeployment: _rested,
    SnapshotSchedule: _of_schedule,
    Snapshot: _of_snapshot,
    Plugin: _rested,
    Disk: _of_disk,
    Image: _rested,
    Network: _rested,
    Host: _rested,
}
"""By kind: what one of it names."""
