"""Storage that nobody can read, as where a branch is reviewed on another computer. What a definition names is taken to be
there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from homeostat.models.machine import VirtualMachine

from ...observed import ImagePhase, Observed, ObservedChain, ObservedDisk, ObservedDomain, ObservedImage, ObservedStorage
from ..identity import DISK_SUFFIX, disk_path, machine_directory
from ..storage.reclaim import reclaimed
from ..storage.seed import seed_path
from ..storage.storage import SECTOR, image_ref, storage_needs


def storage_root(domains: Iterable[ObservedDomain]) -> str:
    """Returns the state folder that the domains of machines lie in, by the paths of their files; empty: they do not tell."""
    for domain in domains:
        for config in (domain.config, domain.live):
            if config is None or domain.record is None:
                continue
            part = f"/machines/{domain.record.namespace}/{domain.record.name}/"
            for path in (config.console_log, *(disk.source for disk in config.disks)):
                if path and part in path:
                    return path.partition(part)[0]
    return ""


def presumed(machine: VirtualMachine, observed: Observed, image_path: Callable[[str], str]) -> Observed:
    """Returns the observation with disks that have the size and the image that the spec asks for. A machine without a domain has
    nothing yet.

    ``image_path``: where the image of an ImageRef.key lies.
    """
    domain, root = observed.domain, observed.host.storage_root
    if domain is None or not root:
        return observed
    devices = [disk for config in (domain.config, domain.live) if config for disk in config.disks if disk.source]
    named = {disk.source for disk in devices}
    images = {
        ref.key: ObservedImage(ImagePhase.READY, image_path(ref.key), ref.format or "qcow2")
        for ref in storage_needs(machine, root).images
    }
    disks = {}
    for disk in machine.spec.disks:
        if disk.type == "disk" and any(device.name == disk.name for device in devices):
            base = images[image_ref(disk.image).key].path if disk.image and not disk.image.is_open else None
            path = disk_path(root, machine, disk.name)
            disks[path] = ObservedDisk(path, max(-(-(disk.size or 0) // SECTOR) * SECTOR, 1), base)
    folder = f"{machine_directory(root, machine)}/"
    left = {path for path in named if path and path.startswith(folder) and path.endswith(DISK_SUFFIX) and path not in disks}
    disks |= {path: ObservedDisk(path, 1, None) for path in left}
    gone = {path.removeprefix(folder).removesuffix(DISK_SUFFIX) for path in left}
    seed = seed_path(root, machine)
    storage = ObservedStorage(
        images=images,
        disks=disks,
        seeds=frozenset({seed} & named) if seed else frozenset(),
        created=True,
        chains={
            d.source: ObservedChain((ObservedDisk(d.source, 1, None),)) for d in devices if d.source and d.source not in disks
        },
        reclaimable=frozenset({disk.name for disk in reclaimed(machine)} | gone),
    )
    return replace(observed, storage=storage)
