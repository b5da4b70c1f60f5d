"""What a resource names of others, and the right that using it so takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from homeostat.accounts.rights import Right
from homeostat.models.base import Key, Resource
from homeostat.models.disk import Disk
from homeostat.models.kinds import kind_of
from homeostat.models.machine import VirtualMachine
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot

Use = tuple[Key, Right]


def references(resource: Resource) -> frozenset[Use]:
    """Returns what the resource names. A machine writes to its Disks, and a Disk shows what the one had that it is made from."""
    rested = ((key, Right.CHANGE if key.kind == Disk.KIND else Right.SEE) for key in kind_of(resource).rests_on(resource))
    return frozenset(BESIDE[type(resource)](resource) if type(resource) in BESIDE else rested)


def _of_disk(disk: Disk) -> Iterable[Use]:
    for key in kind_of(disk).rests_on(disk):
        yield key, Right.COPY if key.kind == Disk.KIND else Right.SEE
    source = disk.spec.source
    if source is not None and source.snapshot_ref is not None:
        yield Key(Snapshot.KIND, disk.metadata.namespace, source.snapshot_ref.name), Right.COPY


def _of_snapshot(snapshot: Snapshot) -> Iterable[Use]:
    return [(Key(VirtualMachine.KIND, snapshot.metadata.namespace, snapshot.spec.machine_ref.name), Right.CHANGE)]


def _of_schedule(schedule: SnapshotSchedule) -> Iterable[Use]:
    name = schedule.spec.template.spec.machine_ref.name
    return [(Key(VirtualMachine.KIND, schedule.metadata.namespace, name), Right.CHANGE)]


BESIDE: Mapping[type[Resource], Callable[[Any], Iterable[Use]]] = {
    Disk: _of_disk,
    Snapshot: _of_snapshot,
    SnapshotSchedule: _of_schedule,
}
"""The kinds that name others in ways of their own."""
