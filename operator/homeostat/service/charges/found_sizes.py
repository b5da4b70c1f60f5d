"""What a resource costs with what others say: its plugin, and of disks without a size the Images and machines that know it."""

from __future__ import annotations

from dataclasses import dataclass

from homeostat.accounts.charges.measures import Amounts
from homeostat.models.base import Key, Resource
from homeostat.models.deployment import MachineRevision, VirtualMachineDeployment
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.deployment.ownership import owned_by, revision_name
from homeostat.runtime.engine.ports import R, Unreadable
from homeostat.runtime.machine.effective import Effective, Lookup

from .costs import NONE_FOUND, DiskSizes, cost_of, sizes_in_status, unsized


@dataclass(frozen=True, slots=True)
class Cost:
    """What a resource costs. ``rests_on_others``: the size of some disk stands in no spec or status of its own."""

    amounts: Amounts
    rests_on_others: bool


async def cost_in(store: Lookup, effective: Effective, resource: Resource) -> Cost | None:
    """Returns what a resource costs. None: nothing."""
    match resource:
        case VirtualMachine():
            resource = (await effective.machine(resource))[0]
        case VirtualMachineDeployment():
            resource = await _followed(store, (await effective.deployment(resource))[0])
    amounts = cost_of(resource, await _found_sizes(store, resource))
    return None if amounts is None else Cost(amounts, bool(unsized(resource)))


async def _followed(store: Lookup, deployment: VirtualMachineDeployment) -> VirtualMachineDeployment:
    """Returns the deployment with the template that its machines follow: that of the revision which rollbackTo names."""
    if deployment.spec.rollback_to is None:
        return deployment
    name = revision_name(deployment, deployment.spec.rollback_to)
    revision = await _read(store, MachineRevision, deployment, name)
    if revision is None or not owned_by(revision, deployment):
        return deployment
    spec = deployment.spec.model_copy(update={"template": revision.spec.template})
    return deployment.model_copy(update={"spec": spec})


async def _found_sizes(store: Lookup, resource: Resource) -> DiskSizes:
    """Returns the sizes of disks that the resource says nothing of: as the Images that they begin as have them, or those of the
    first machine of a deployment that has any."""
    if not (disks := unsized(resource)):
        return NONE_FOUND
    found = dict(await _sizes_of_first(store, resource)) if isinstance(resource, VirtualMachineDeployment) else {}
    for disk in disks:
        if disk.image is not None and disk.image.image_ref is not None:
            image = await _read(store, Image, resource, disk.image.image_ref.name)
            if image is not None and image.status is not None and image.status.virtual_size is not None:
                found[disk.name] = image.status.virtual_size
    return found


async def _sizes_of_first(store: Lookup, deployment: VirtualMachineDeployment) -> DiskSizes:
    for name in deployment.status.machines if deployment.status is not None else ():
        machine = await _read(store, VirtualMachine, deployment, name)
        if machine is not None and (sizes := sizes_in_status(machine)):
            return sizes
    return NONE_FOUND


async def _read(store: Lookup, kind: type[R], of: Resource, name: str) -> R | None:
    try:
        return await store.get(kind, Key(kind.KIND, of.metadata.namespace, name))
    except Unreadable:  # its own reconcile tells
        return None
