"""The effective machine: what its spec sets, with what its plugin gives for the rest, or why that cannot be known.

Whoever shows, plans, places, commands or makes a machine asks here.
"""

from __future__ import annotations

from typing import Protocol

from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.host import Host
from homeostat.models.image import Image, image_names
from homeostat.models.machine import UpdatePolicy, VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.planner.deployment.repeat import usable_once
from homeostat.planner.images import missing_image, with_images
from homeostat.planner.network.plugged import networks_named, plugged
from homeostat.planner.placement import host_of
from homeostat.planner.plan import Stalled, Waiting
from homeostat.planner.template import (
    FOLLOWS,
    boots_from_nothing,
    ends_by_itself,
    plugin_fingerprint,
    template_with_plugin,
    with_plugin,
)

from ..engine.ports import R, Unreadable

USABLE_ONCE = "TemplateUsableOnce"  # the reason where a template holds what only one machine can have, and more may be made
ENDS = "RunsToCompletion"  # the reason where a deployment cannot keep its machines running


class Lookup(Protocol):
    """Any store."""

    async def get(self, kind: type[R], key: Key) -> R | None:
        """Returns the resource. None: there is none.

        Raises:
            Unreadable: it is not what its kind allows.
        """


def plugin_key(resource: Resource) -> Key | None:
    """Returns the plugin that a machine, or the machines of a deployment, are made from."""
    match resource:
        case VirtualMachine():
            ref = resource.spec.plugin_ref
        case VirtualMachineDeployment():
            ref = resource.spec.template.spec.plugin_ref
        case _:
            return None
    return Key(Plugin.KIND, resource.metadata.namespace, ref.name) if ref else None


def image_keys(machine: VirtualMachine) -> list[Key]:
    """Returns the Images that a machine names."""
    return [Key(Image.KIND, machine.metadata.namespace, name) for name in sorted(image_names(machine.spec))]


def window_host(machine: VirtualMachine) -> Key | None:
    """Returns the Host whose maintenance windows count for the machine. None: its own do, it asks for none, or there is no Host
    that it is placed on."""
    if machine.spec.update_policy is not UpdatePolicy.WINDOW or machine.spec.maintenance_windows:
        return None
    host = host_of(machine.metadata.finalizers)
    return Key(Host.KIND, "default", host) if host else None


def follows_plugin(machine: VirtualMachine) -> Key | None:
    """Returns the plugin that gives the machine what its spec leaves open. None for a machine of a deployment, whose spec holds
    all of that already."""
    return None if FOLLOWS in machine.metadata.annotations else plugin_key(machine)


class Effective:
    """Computes effective machines from a store. ``once``: reads each plugin only once, for a single look at the store."""

    def __init__(self, store: Lookup, *, once: bool = False) -> None:
        self._store = store
        self._once = once
        self._known: dict[Key, Plugin | str] = {}

    async def machine(self, machine: VirtualMachine, *, new: bool = False) -> tuple[VirtualMachine, Stalled | None]:
        """Returns the machine with what its plugin gives it, and plugged into the libvirt networks of the Networks that it names;
        or the machine as far as it is known, and why no more is. ``new``: it has no domain yet."""
        made, refusal = await self._with_plugin(machine, new)
        return (made, refusal) if refusal is not None else await self._plugged_in(made)

    async def _with_plugin(self, machine: VirtualMachine, new: bool = False) -> tuple[VirtualMachine, Stalled | None]:
        key = follows_plugin(machine)
        if key is None:
            return machine, None
        plugin = await self._plugin(key)
        if isinstance(plugin, str):
            return machine, Stalled("PluginInvalid" if plugin else "PluginNotFound", f"spec.pluginRef: {plugin or _unknown(key)}")
        if new and not plugin.spec.enabled and not machine.deleting:
            return machine, Stalled("PluginDisabled", _disabled(key))
        made = with_plugin(machine, plugin)
        if new and not machine.deleting and (why := boots_from_nothing(made.spec)):
            return made, Stalled("BootOrderUnknown", f"spec.{why}")
        return made, None

    async def whole(self, machine: VirtualMachine, *, new: bool = False) -> tuple[VirtualMachine, Waiting | Stalled | None]:
        """Returns the machine as ``machine`` does, with the files that its Images stand for and the maintenance windows of its
        host: what a plan is made from."""
        made, refusal = await self.machine(await self._in_windows(machine), new=new)
        if refusal is not None or not (keys := image_keys(made)):
            return made, refusal
        images = {key.name: await self._image(key) for key in keys}
        return with_images(made, images), missing_image(made, images, new)

    async def shown(self, resource: Resource) -> Resource:
        """Returns a machine with what its plugin gives it, for readers. Other resources stay as they are."""
        return (await self._with_plugin(resource))[0] if isinstance(resource, VirtualMachine) else resource

    async def _in_windows(self, machine: VirtualMachine) -> VirtualMachine:
        """Gives the machine its host's maintenance windows. A Host that cannot be read gives none: the machine waits."""
        key = window_host(machine)
        if key is None:
            return machine
        try:
            host = await self._store.get(Host, key)
        except Unreadable:
            return machine
        windows = host.spec.maintenance_windows if host is not None else ()
        return machine.model_copy(update={"spec": machine.spec.model_copy(update={"maintenance_windows": windows})})

    async def _plugged_in(self, machine: VirtualMachine) -> tuple[VirtualMachine, Stalled | None]:
        nics, found = machine.spec.nics, dict[str, Network]()
        for key in networks_named(nics, machine.metadata.namespace):
            try:
                network = await self._store.get(Network, key)
            except Unreadable as error:
                return machine, Stalled("NetworkInvalid", f"nics[].networkRef: {error}")
            if network is None:
                return machine, Stalled("NetworkNotFound", _no_network(machine, key))
            found[key.name] = network
        if not found:
            return machine, None
        return machine.model_copy(update={"spec": machine.spec.model_copy(update={"nics": plugged(nics, found)})}), None

    async def deployment(
        self, deployment: VirtualMachineDeployment
    ) -> tuple[VirtualMachineDeployment, str, Waiting | Stalled | None]:
        """Returns the deployment with its plugin's part in its template, the fingerprint of the plugin, and why no machine can be
        made of that (None: it can)."""
        key = plugin_key(deployment)
        if key is None:
            return deployment, "", _usable_once(deployment)
        plugin = await self._plugin(key)
        if isinstance(plugin, str):
            return deployment, "", Waiting("MachinesRefused", f"template.spec.pluginRef: {plugin or _unknown(key)}")
        template = template_with_plugin(deployment.spec.template, plugin)
        made = deployment.model_copy(update={"spec": deployment.spec.model_copy(update={"template": template})})
        refusal: Waiting | Stalled | None = None if plugin.spec.enabled else Waiting("MachinesRefused", _disabled(key))
        if ends := ends_by_itself(template, plugin):
            refusal = Stalled(ENDS, ends)
        return made, plugin_fingerprint(plugin), _usable_once(made) or refusal

    async def too_many(self, before: VirtualMachineDeployment | None, wanted: VirtualMachineDeployment) -> str:
        """Says why there cannot be as many machines of the template as a change asks for; empty: there can. What held before is
        no reason against a change, unless it asks for more machines."""
        _, _, refusal = await self.deployment(wanted)
        if refusal is None or refusal.reason != USABLE_ONCE:
            return ""
        if before is not None and wanted.spec.replicas <= before.spec.replicas:
            _, _, had = await self.deployment(before)
            if had is not None and had.reason == USABLE_ONCE:
                return ""
        return refusal.message

    async def _image(self, key: Key) -> Image | str:
        """Returns the Image, or what is wrong with it. Empty: there is none."""
        try:
            return await self._store.get(Image, key) or ""
        except Unreadable as error:
            return str(error)

    async def _plugin(self, key: Key) -> Plugin | str:
        """Returns the plugin, or what is wrong with it. Empty: there is none."""
        if key in self._known:
            return self._known[key]
        try:
            plugin: Plugin | str = await self._store.get(Plugin, key) or ""
        except Unreadable as error:
            plugin = str(error)
        if self._once:
            self._known[key] = plugin
        return plugin


def _usable_once(deployment: VirtualMachineDeployment) -> Stalled | None:
    why = usable_once(deployment)
    return Stalled(USABLE_ONCE, why) if why else None


def _unknown(key: Key) -> str:
    return f"there is no plugin {key.name!r} in namespace {key.namespace}: add it, or name another"


def _no_network(machine: VirtualMachine, key: Key) -> str:
    nic = next(nic.name for nic in machine.spec.nics if nic.network_ref and nic.network_ref.name == key.name)
    return (
        f"nics[{nic}].networkRef: there is no Network {key.name!r} in namespace {key.namespace}: add it, name another, or name "
        "a libvirt network of the host with network"
    )


def _disabled(key: Key) -> str:
    return f"plugin {key.name!r} is disabled and makes no new machines: enable it (spec.enabled: true)"
