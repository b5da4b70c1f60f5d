"""What the things that a machine names ask of its host: its Disks lie on one, and its Networks, and images that were uploaded,
are not on all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from homeostat.models.base import Key, Resource
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.planner.images import missing_image
from homeostat.planner.network.plugged import networks_named
from homeostat.planner.placement import DISK_NOT_READY, Demand, demand_of_image, demand_of_network, host_of, selector_of
from homeostat.planner.plan import Stalled, Waiting

from ..engine.ports import Unreadable
from .effective import Lookup, image_keys

T = TypeVar("T", bound=Resource)


async def demands_of(machine: VirtualMachine, store: Lookup) -> list[Demand] | Waiting | Stalled:
    """Returns what a machine is placed by, besides its own selector; or what is not known yet of what it names. ``machine``
    includes its plugin's part."""
    found: list[Demand] = []
    for device, key in _disks_named(machine):
        disk = await _read(Disk, key, store)
        if not isinstance(disk, Disk):
            why = disk or f"there is no Disk {key.name!r} in namespace {key.namespace}: declare it, or name another"
            return Waiting(DISK_NOT_READY, f"disks[{device}].diskRef: {why}")
        host = host_of(disk.metadata.finalizers)
        if host is None:
            why = "is being deleted: name another one" if disk.deleting else "has no host yet: its status says why"
            return Waiting(DISK_NOT_READY, f"disks[{device}].diskRef: Disk {key.name} {why}")
        found.append(Demand(f"Disk {key.name}", host=host))
    for key in networks_named(machine.spec.nics, machine.metadata.namespace):
        network = await _read(Network, key, store)
        if not isinstance(network, Network):
            nic = next(nic.name for nic in machine.spec.nics if nic.network_ref and nic.network_ref.name == key.name)
            why = network or f"there is no Network {key.name!r} in namespace {key.namespace}: add it, or name another"
            return Waiting("NetworkNotFound", f"nics[{nic}].networkRef: {why}")
        found.append(demand_of_network(network))
    images = {key.name: await _read(Image, key, store) for key in image_keys(machine)}
    if (missing := missing_image(machine, images, new=True)) is not None:
        return missing
    return [*found, *map(demand_of_image, _known(images))]


async def demands_around(machine: VirtualMachine, disk: Key, store: Lookup) -> list[Demand]:
    """Returns what a Disk is placed by because of a machine that names it and has no host yet: what the machine asks for, and
    everything else that it names. What is not known is left out."""
    found = [Demand(f"machine {machine.metadata.name}, which names it,", machine.spec.host_selector)]
    for _, key in _disks_named(machine):
        other = await _read(Disk, key, store) if key != disk else None
        if isinstance(other, Disk):
            what, host = f"Disk {key.name}, which machine {machine.metadata.name} names too,", host_of(other.metadata.finalizers)
            found.append(Demand(what, host=host) if host else Demand(what, selector_of(other).labels))
    for key in networks_named(machine.spec.nics, machine.metadata.namespace):
        network = await _read(Network, key, store)
        if isinstance(network, Network):
            found.append(demand_of_network(network))
    images = {key.name: await _read(Image, key, store) for key in image_keys(machine)}
    return [*found, *map(demand_of_image, _known(images))]


def _known(images: Mapping[str, Image | str]) -> Iterator[Image]:
    return (image for image in images.values() if isinstance(image, Image))


def _disks_named(machine: VirtualMachine) -> Iterator[tuple[str, Key]]:
    for device in machine.spec.disks:
        if device.disk_ref is not None:
            yield device.name, Key(Disk.KIND, machine.metadata.namespace, device.disk_ref.name)


async def _read(kind: type[T], key: Key, store: Lookup) -> T | str:
    """Returns the resource, or what is wrong with it. Empty: there is none."""
    try:
        return await store.get(kind, key) or ""
    except Unreadable as error:
        return f"{key.kind} {key.name} cannot be read: {error}"
