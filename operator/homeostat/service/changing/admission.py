"""What a request may ask for beyond what the models allow: which files and networks it may name, how many machines, and so on.

The YAML of a folder is written by its owner. A request may come from anybody who reaches the API, and the operator reads files as
root.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import ip_interface, ip_network
from typing import Any, TypeVar

from pydantic import BaseModel

from homeostat.accounts.rights import Right
from homeostat.driver.errors import DriverError
from homeostat.driver.storage.images.examine import examine_local
from homeostat.driver.storage.images.source import check_source, is_remote
from homeostat.driver.storage.secret import check_secret
from homeostat.models.base import OWNER, Key, Resource, is_mark
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.image_source import FileSource
from homeostat.models.kinds import BY_KIND
from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_display import Vnc
from homeostat.models.machine_nics import Nic
from homeostat.models.network import Network, NetworkMode, NetworkSpec
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.planner.actions import ImageRef
from homeostat.planner.network.identity import bridge_device, network_name
from homeostat.runtime.machine.commands import REPLACED
from homeostat.runtime.machine.effective import ENDS, Effective, plugin_key
from homeostat.store.files.passes.compare import PRUNE_ANNOTATION
from homeostat.store.files.reading.validate import Rejected, validate
from homeostat.store.merge import merge_patch

from ..asking import Asking
from ..refusals import BeingDeleted, Disabled, NoSuchResource, NotAllowed, NotYours, SourceRefused
from .references import references

PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
"""Subnets that a request may make a network of."""
ASKED_FOR = frozenset({OWNER, REPLACED, PRUNE_ANNOTATION})
"""Labels and annotations of ours that requests may change, or that are judged by themselves."""

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=Resource)
JsonDocument = Mapping[str, Any]


class Admission:
    """Refuses what a request must not ask for."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._limits = asking.limits
        self._store = asking.workspace.store
        self._namespace = asking.workspace.namespace

    async def new(self, document: JsonDocument) -> Resource | None:
        """Checks a document that would be created, and returns what it would be. None: it is not valid, as the store will say.

        Raises:
            Refusal: it must not be created.
        """
        wanted = await asyncio.to_thread(_read, document)
        if wanted is None:
            return None
        await self._check(None, wanted)
        return self._here(wanted)

    async def change(self, before: Resource, patch: JsonDocument) -> Resource | None:
        """Checks what a patch would make of a resource, and returns that. What the resource says already is not judged. None: it
        would not be valid, as the store will say.

        Raises:
            Refusal: it must not be applied.
        """
        wanted = await asyncio.to_thread(_changed, before, patch)
        if wanted is None:
            return None
        await self._check(before, wanted)
        return self._here(wanted)

    async def become(self, before: Resource, after: Resource) -> None:
        """Checks what a resource would become. What it is already is not judged.

        Raises:
            Refusal: it must not become that.
        """
        await self._check(before, after)

    async def plugin(self, name: str) -> None:
        """Checks that new machines may use a plugin.

        Raises:
            NoSuchResource: there is none of that name.
            BeingDeleted: it is being deleted.
            Disabled: it makes no new machines.
        """
        plugin = await self._store.get(Plugin, Key(Plugin.KIND, self._namespace, name))
        if plugin is None or not await self._asking.may_to(Right.SEE, plugin):
            raise NoSuchResource(Plugin, name)
        if plugin.deleting:
            raise BeingDeleted(Plugin, name)
        if not plugin.spec.enabled:
            raise Disabled("Plugin is disabled: enable it, or use another one", {"name": name})

    def newly_named(self, before: Resource | None, wanted: Resource) -> frozenset[Key]:
        """Returns the Disks and Images that a resource names, and did not name before."""
        had = references(before) if before is not None else frozenset()
        return frozenset(key for key, _ in references(wanted) - had if key.kind in (Disk.KIND, Image.KIND))

    async def standing(self, named: Iterable[Key], needed: Collection[Key]) -> None:
        """Checks that what a resource names is not on its way out. ``needed``: what has to be there. Anything else may be made
        later.

        Raises:
            BeingDeleted: it is.
            NoSuchResource: it is needed, and has gone.
        """
        for key in sorted(named):
            kind = BY_KIND[key.kind]
            found = await self._store.get(kind, key)
            if found is None and key in needed:
                raise NoSuchResource(kind, key.name)
            if found is not None and found.deleting:
                raise BeingDeleted(kind, key.name)

    def replicas(self, wanted: int) -> None:
        """Checks a number of replicas.

        Raises:
            NotAllowed: it is more than the server's limit.
        """
        limit = self._limits.max_replicas
        if wanted > limit:
            said = f"replicas: {wanted} are more than this server allows ({limit}; --max-replicas)"
            raise NotAllowed(said, {"max_replicas": limit})

    async def local_file(self, path: str) -> None:
        """Checks that a request may name a file of this host, and that it is there. In a cluster the host that it is on finds
        out.

        Raises:
            SourceRefused: it may not, or is not.
        """
        self._check_image(None, path)
        if not self._limits.clustered and not await asyncio.to_thread(os.path.isfile, path):
            raise SourceRefused(f"{path}: there is no such file", path)

    async def local_image(self, path: str, cdrom: bool = False) -> str | None:
        """Checks that a request may name a file of this host, and that a guest can use it. Returns the format to give with it;
        None: its contents say it. In a cluster the host that it is on finds out.

        Raises:
            SourceRefused: it may not, or cannot.
        """
        await self.local_file(path)
        if self._limits.clustered:
            return "iso" if cdrom else None
        try:
            return await examine_local(path, cdrom)
        except DriverError as error:
            raise SourceRefused(str(error), path) from error

    async def _check(self, before: Resource | None, wanted: Resource) -> None:
        _check_owner(before, wanted)
        _check_ours(before, wanted)
        _check_templates(before, wanted)
        await self._check_references(before, wanted)
        await self._check_plugged(before, wanted)
        if isinstance(wanted, VirtualMachineDeployment):
            had = before.spec.replicas if isinstance(before, VirtualMachineDeployment) else 0
            if wanted.spec.replicas > had:  # a limit that was set later must not forbid to go down
                self.replicas(wanted.spec.replicas)
        plugin = _plugin_name(wanted)
        if plugin is not None and (before is None or plugin != _plugin_name(before)):
            await self.plugin(plugin)
        if isinstance(wanted, VirtualMachineDeployment):
            await self._keeps_running(before, wanted)
            await self._can_be_repeated(before, wanted)
        if isinstance(wanted, Network):
            self._check_network(before if isinstance(before, Network) else None, wanted)
        images, files = _images(before), _password_files(before)
        for image in _images(wanted) - images:
            self._check_image(*image)
        for file in _password_files(wanted) - files:
            self._check_file(file)

    async def _check_references(self, before: Resource | None, wanted: Resource) -> None:
        """Checks that the actor may use what the resource names from now on. What he does not see is answered like what is not
        there; and where others may have what he does not see, so is what is really not there.

        Raises:
            NoSuchResource: there is no such thing for him.
            NotYours: he sees it, and may not use it so.
        """
        actor = self._asking.actor
        had = references(self._here(before)) if before is not None else frozenset()
        for key, right in sorted(references(self._here(wanted)) - had):
            if not actor.everywhere(right) and not await self._asking.may_use(right, key):
                raise await self._refused(key, right)
            if key.kind == Snapshot.KIND and right is Right.COPY:
                await self._check_taken_of(key)

    async def _check_taken_of(self, key: Key) -> None:
        """Checks that the actor may have copies of the machine that a snapshot is of. Who may change a machine takes snapshots of
        it, which are his; what is on its disks is not.

        Raises:
            NoSuchResource, NotYours: he may not.
        """
        snapshot = await self._store.get(Snapshot, key)
        if snapshot is None or self._asking.actor.everywhere(Right.COPY):
            return
        machine = Key(VirtualMachine.KIND, key.namespace, snapshot.spec.machine_ref.name)
        if not await self._asking.may_use(Right.COPY, machine):
            raise await self._refused(machine, Right.COPY, instead=key)

    async def _refused(self, key: Key, right: Right, instead: Key | None = None) -> NoSuchResource | NotYours:
        """Returns why the actor may not use a resource: he sees it and has not that right, or knows nothing of it. Then
        ``instead`` is not there, where what he named is another one."""
        if await self._asking.sees(key):
            return NotYours(BY_KIND[key.kind], key.name, right)
        unknown = instead or key
        return NoSuchResource(BY_KIND[unknown.kind], unknown.name)

    async def _check_plugged(self, before: Resource | None, wanted: Resource) -> None:
        """Checks that no nic reaches a Network by the name that libvirt or the kernel has for it, where the actor may not use
        that Network.

        Raises:
            NoSuchResource: there is no such Network for him.
        """
        if self._asking.actor.everywhere(Right.SEE) or not (names := _plugged(wanted) - _plugged(before)):
            return
        for network in await self._store.list(Network):
            if names & _names_on_hosts(network) and not await self._asking.may_to(Right.SEE, network):
                raise NoSuchResource(Network, min(names & _names_on_hosts(network)))

    async def _keeps_running(self, before: Resource | None, wanted: VirtualMachineDeployment) -> None:
        """Checks that the deployment's machines do not end by themselves.

        Raises:
            NotAllowed: they do.
        """
        name = _plugin_name(wanted)
        same = before is not None and _plugin_name(before) == name
        was_so = isinstance(before, VirtualMachineDeployment) and same and await self._ends(before)
        if not was_so and (ends := await self._ends(wanted)):
            raise NotAllowed(f"template.spec.pluginRef: {ends}", {"plugin": name})

    async def _can_be_repeated(self, before: Resource | None, wanted: VirtualMachineDeployment) -> None:
        """Checks that there can be as many machines of the template as there may be replicas.

        Raises:
            NotAllowed: there can be only one.
        """
        known = self._here(before) if isinstance(before, VirtualMachineDeployment) else None
        if why := await Effective(self._store).too_many(known, self._here(wanted)):
            raise NotAllowed(why)

    async def _ends(self, deployment: VirtualMachineDeployment) -> str:
        """Says why a deployment cannot keep its machines running; empty: it can."""
        _, _, refusal = await Effective(self._store).deployment(self._here(deployment))
        return refusal.message if refusal is not None and refusal.reason == ENDS else ""

    def _here(self, resource: R) -> R:
        here = resource.metadata.model_copy(update={"namespace": self._namespace})
        return resource.model_copy(update={"metadata": here})

    def _check_network(self, before: Network | None, wanted: Network) -> None:
        """Checks what a network asks of the host: a subnet takes the host's own routes there, and an adopted network is somebody
        else's.

        Raises:
            NotAllowed: a request must not ask for it.
        """
        had = before.spec if before else NetworkSpec.model_construct()
        if (adopt := wanted.spec.adopt or had.adopt) and wanted.spec != had:
            said = f"adopt: network {adopt!r} is of others, too: what is said of it is changed in the folder, not over REST"
            raise NotAllowed(said, {"adopt": adopt})
        known = {address.cidr for address in had.addresses or ()}
        for address in wanted.spec.addresses or ():
            network = ip_interface(address.cidr).network
            if address.cidr not in known and not any(_within(network, private) for private in PRIVATE):
                said = (
                    f"addresses: {network} is not private, and the host would no longer reach it elsewhere: choose one within "
                    f"{', '.join(map(str, PRIVATE))}, or declare the network in the folder"
                )
                raise NotAllowed(said, {"cidr": address.cidr})

    def _check_image(self, url: str | None, path: str | None) -> None:
        place = url or path or ""
        if place in self._limits.named_sources:
            return
        if path is not None and not os.path.isabs(path):
            raise SourceRefused(f"image {place}: over REST give an http(s):// or file:/// address, or an absolute path", place)
        try:
            check_source(ImageRef(place), self._limits.image_folders, self._limits.state)
        except DriverError as error:
            hint = "" if is_remote(place) else "; the server's --image-folder allows folders"
            raise SourceRefused(f"{error}{hint}", place) from error

    def _check_file(self, name: str) -> None:
        try:
            check_secret(name, self._limits.image_folders, self._limits.state)
        except DriverError as error:
            raise SourceRefused(f"{error}; over REST name files by absolute paths, in folders of --image-folder", name) from error


def _check_owner(before: Resource | None, wanted: Resource) -> None:
    """Checks that a request does not say whose a resource is.

    Raises:
        NotAllowed: it does.
    """
    had = before.metadata.labels.get(OWNER) if before is not None else None
    if wanted.metadata.labels.get(OWNER) != had:
        raise NotAllowed(f"metadata.labels: {OWNER} is written by the server", {"label": OWNER})


def _check_ours(before: Resource | None, wanted: Resource) -> None:
    """Checks that a request leaves the labels and annotations alone that Homeostat itself goes by, such as whose domain on a host
    a machine is.

    Raises:
        NotAllowed: it does not.
    """
    for place in ("labels", "annotations"):
        had = getattr(before.metadata, place) if before is not None else {}
        asked = getattr(wanted.metadata, place)
        for name in sorted(name for name in {*had, *asked} if had.get(name) != asked.get(name)):
            if is_mark(name) and (name not in ASKED_FOR or (name, place) == (OWNER, "annotations")):
                raise NotAllowed(f"metadata.{place}: {name} is written by Homeostat alone: leave it out", {"name": name})


def _check_templates(before: Resource | None, wanted: Resource) -> None:
    """Checks that a request puts none of the labels and annotations into a template that Homeostat itself goes by. Those that
    are there may be taken out.

    Raises:
        NotAllowed: it does.
    """
    had = copied_notes(before) if before is not None else {}
    for place, asked in copied_notes(wanted).items():
        known = had.get(place, {})
        for name in sorted(name for name in asked if is_mark(name) and asked[name] != known.get(name)):
            raise NotAllowed(f"{place}: {name} is written by Homeostat alone: leave it out", {"name": name})


def copied_notes(resource: Resource) -> dict[str, Mapping[str, str]]:
    """Returns the labels and annotations that a resource gives to what is made of it, by the place where it says them."""
    match resource:
        case VirtualMachineDeployment():
            notes = resource.spec.template.metadata
            return {"spec.template.metadata.labels": notes.labels, "spec.template.metadata.annotations": notes.annotations}
        case SnapshotSchedule():
            return {"spec.template.labels": resource.spec.template.labels}
        case Plugin():
            return {"spec.labels": resource.spec.labels}
        case _:
            return {}


def _within(network: Any, private: Any) -> bool:
    return network.version == private.version and bool(network.subnet_of(private))


def _changed(before: Resource, patch: JsonDocument) -> Resource | None:
    document = {name: value for name, value in before.dump().items() if name != "status"}
    return _read(merge_patch(document, patch))


def _read(document: JsonDocument) -> Resource | None:
    """Reads a document as the store will read it. Returns None where it is not valid: then the store says what is wrong, and
    writes nothing."""
    try:
        return validate(document)
    except Rejected:
        return None


def _plugin_name(resource: Resource) -> str | None:
    key = plugin_key(resource)
    return key.name if key else None


def _images(resource: Resource | None) -> set[tuple[str | None, str | None]]:
    return {(image.url, image.path) for image in _models(resource, FileSource) if image.url or image.path}


def _plugged(resource: Resource | None) -> set[str]:
    """Returns the libvirt networks and bridges that its nics name."""
    return {name for nic in _models(resource, Nic) for name in (nic.network, nic.bridge) if name}


def _names_on_hosts(network: Network) -> set[str]:
    """Returns what a Network is called on hosts, and its bridge, unless that is the host's own."""
    own = network.mode is not NetworkMode.BRIDGE
    return {network_name(network), *([network.spec.bridge or bridge_device(network.identity)] if own else ())}


def _password_files(resource: Resource | None) -> set[str]:
    return {vnc.password_file for vnc in _models(resource, Vnc) if vnc.password_file is not None}


def _models(model: Any, wanted: type[M]) -> Iterator[M]:
    """Yields every part of that type, however deep."""
    if isinstance(model, wanted):
        yield model
    if isinstance(model, BaseModel):
        for name in type(model).model_fields:
            yield from _models(getattr(model, name), wanted)
    elif isinstance(model, tuple):
        for part in model:
            yield from _models(part, wanted)
