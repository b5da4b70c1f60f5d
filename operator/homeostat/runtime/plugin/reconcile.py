"""One reconcile of one plugin: fetches its images into the host's cache, and removes it once nothing uses it."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.base import Key, Resource
from homeostat.models.condition import READY, RECONCILING, STALLED, merge_conditions, sayer
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image, boot_sources, disk_sources
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin, PluginStatus
from homeostat.planner.actions import FetchImage, ImageRef
from homeostat.planner.machine.storage.storage import boot_ref, image_ref, plan_images, storage_needs
from homeostat.planner.observed import Observed
from homeostat.planner.plan import Converged, Outcome, Stalled, Waiting

from ..engine.clock import timestamp
from ..engine.ports import ResourceStore
from ..engine.reconciler import GONE, Next
from ..hypervisor import Files
from ..image.refs import image_refs
from ..machine.effective import plugin_key
from ..machine.images import ImageUse

IN_USE_POLL_SECONDS = 10.0  # seconds between checks whether the last user of a plugin has gone


class PluginReconciler:
    def __init__(self, store: ResourceStore, host: Files, images: ImageUse) -> None:
        self._store = store
        self._host = host
        self._images = images

    async def reconcile(self, plugin: Plugin) -> Next:
        """Fetches the images of a plugin and writes its status, or removes it.

        Raises:
            DriverError: an image could not be asked for.
        """
        users = await self.users(plugin.key)
        if plugin.deleting and not users:
            await self._store.record_event(plugin.key, "Normal", "Deleted", "nothing uses it any more")
            await self._store.release(plugin.key, plugin.metadata.uid)
            return GONE
        outcome = await self._fetch(plugin)
        if plugin.deleting:
            outcome = Waiting(
                "InUse",
                f"used by {', '.join(users[:3])}{' …' if len(users) > 3 else ''}: it goes with the last",
                IN_USE_POLL_SECONDS,
            )
        status = _status(plugin, outcome, sum(user.startswith("vm/") for user in users))
        if status != plugin.status:
            await self._store.write_status(plugin.key, plugin.metadata.uid, status)
        return Next(outcome.after if isinstance(outcome, Waiting) else None)

    looks_at_many = True

    def forget(self, key: Key) -> None:
        """Forgets what it named, so that those images may be removed."""
        self._images.forget(key)

    async def users(self, key: Key) -> list[str]:
        """Returns the names of the machines and deployments that use it."""
        machines = [r for r in await self._store.list(VirtualMachine, key.namespace) if plugin_key(r) == key]
        deployments = [r for r in await self._store.list(VirtualMachineDeployment, key.namespace) if plugin_key(r) == key]
        return [*(f"vm/{r.metadata.name}" for r in machines), *(f"vmd/{r.metadata.name}" for r in deployments)]

    async def _fetch(self, plugin: Plugin) -> Outcome:
        facts, refs = self._host.facts, images_of(plugin)
        self._images.note(plugin.key, refs)
        if not facts.reachable:
            return Waiting("HostUnreachable", facts.error)
        storage = await self._host.storage(refs, (), (), facts.storage_root)
        actions, blocker = plan_images(refs, Observed(facts, None, storage=storage))
        for action in actions:
            if isinstance(action, FetchImage):
                await self._host.execute(action)
        return blocker or Converged("ImagesReady", "")


def images_named(resource: Resource) -> Sequence[ImageRef]:
    """Returns the images that a machine, a plugin, a Disk or an Image names itself."""
    match resource:
        case Disk():
            source = resource.spec.source.image if resource.spec.source is not None else None
            return () if source is None or source.is_open else (image_ref(source),)
        case Image():
            return image_refs(resource)
        case Plugin():
            return images_of(resource)
        case VirtualMachine():
            return storage_needs(resource, "").images
    return ()


def images_of(plugin: Plugin) -> Sequence[ImageRef]:
    """Returns the images that a plugin names itself. Those of Images are the Images' own."""
    booted = [boot_ref(source) for source in boot_sources(plugin.spec) if not source.is_open]
    disks = [image_ref(source) for source in disk_sources(plugin.spec) if not source.is_open]
    return tuple(dict.fromkeys([*booted, *disks]))


def _status(plugin: Plugin, outcome: Outcome, machines: int) -> PluginStatus:
    say = sayer(plugin.metadata.generation)
    ready = isinstance(outcome, Converged)
    images = ready or outcome.reason == "InUse"
    conditions = [
        say(READY, ready, outcome.reason, outcome.message),
        say("ImagesReady", images, "ImagesReady" if images else outcome.reason, "" if images else outcome.message),
        say("Enabled", plugin.spec.enabled, "Enabled" if plugin.spec.enabled else "Disabled"),
    ]
    if isinstance(outcome, Stalled):
        conditions.append(say(STALLED, True, outcome.reason, outcome.message))
    elif not ready:
        conditions.append(say(RECONCILING, True, outcome.reason, outcome.message))
    before = plugin.status or PluginStatus()
    return PluginStatus(
        observed_generation=plugin.metadata.generation,
        conditions=merge_conditions(before.conditions, conditions, timestamp()),
        machines=machines,
    )
