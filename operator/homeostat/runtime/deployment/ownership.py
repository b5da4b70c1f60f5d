"""Which deployment a machine or a revision belongs to."""

from __future__ import annotations

from collections.abc import Iterable

from homeostat.models.base import Key, OwnerReference
from homeostat.models.deployment import MachineRevision, VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine


def owned_by(resource: VirtualMachine | MachineRevision, deployment: VirtualMachineDeployment) -> bool:
    return any(o.uid == deployment.metadata.uid and o.controller for o in resource.metadata.owner_references)


def revision_name(deployment: VirtualMachineDeployment, number: int) -> str:
    return f"{deployment.metadata.name}-{number}"


def owner_key(machine: VirtualMachine) -> Key | None:
    """Returns the key of the deployment that a machine belongs to."""
    owners: Iterable[OwnerReference] = machine.metadata.owner_references
    name = next((o.name for o in owners if o.controller and o.kind == VirtualMachineDeployment.KIND), None)
    return Key(VirtualMachineDeployment.KIND, machine.metadata.namespace, name) if name else None
