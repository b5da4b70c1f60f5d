"""Which file an Image stands for, and what names it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from homeostat.models.base import Key
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image, image_names
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.models.plugin import Plugin, PluginSpec
from homeostat.planner.actions import ImageRef
from homeostat.planner.images import awaits_upload, source_of
from homeostat.planner.machine.storage.storage import image_ref

from ..engine.ports import R


class ImageUsers(Protocol):
    """Any store."""

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]: ...


def image_refs(image: Image) -> tuple[ImageRef, ...]:
    """Returns the file that an Image stands for; none while nothing was uploaded."""
    return () if awaits_upload(image.spec.source) else (image_ref(source_of(image)),)


async def users_of(store: ImageUsers, image: Key) -> list[Key]:
    """Returns the machines, deployments, plugins and Disks that name an Image."""
    space = image.namespace
    specs: list[tuple[Key, VirtualMachineSpec | PluginSpec]] = [
        *((vm.key, vm.spec) for vm in await store.list(VirtualMachine, space)),
        *((vmd.key, vmd.spec.template.spec) for vmd in await store.list(VirtualMachineDeployment, space)),
        *((plugin.key, plugin.spec) for plugin in await store.list(Plugin, space)),
    ]
    disks = [disk.key for disk in await store.list(Disk, space) if image.name in _of_disk(disk)]
    return [*(user for user, spec in specs if image.name in image_names(spec)), *disks]


def _of_disk(disk: Disk) -> set[str]:
    source = disk.spec.source
    named = source.image.image_ref if source is not None and source.image is not None else None
    return {named.name} if named is not None else set()
