"""Which resources have a Disk in their spec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from homeostat.models.base import Key
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec

from ..engine.ports import R


class DiskUsers(Protocol):
    """Any store."""

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]: ...


async def users_of(store: DiskUsers, disk: Key) -> list[Key]:
    """Returns the machines and deployments that name a Disk."""
    machines = await store.list(VirtualMachine, disk.namespace)
    deployments = await store.list(VirtualMachineDeployment, disk.namespace)
    found = [vm.key for vm in machines if _names(vm.spec, disk.name)]
    return [*found, *(vmd.key for vmd in deployments if _names(vmd.spec.template.spec, disk.name))]


def _names(spec: VirtualMachineSpec, disk: str) -> bool:
    return any(device.disk_ref is not None and device.disk_ref.name == disk for device in spec.disks)
