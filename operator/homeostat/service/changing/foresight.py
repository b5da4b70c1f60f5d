"""What `up` would find on the host if a change were written: the same facts, in the same sentences, as `homeostat plan` has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from homeostat.accounts.rights import Right
from homeostat.driver.errors import DriverError
from homeostat.driver.host import LibvirtHost
from homeostat.driver.storage.images.source import is_remote
from homeostat.driver.storage.storage import Storage
from homeostat.driver.survey.kvm import probe_kvm
from homeostat.driver.survey.qemu_group import qemu_group
from homeostat.driver.survey.survey import is_local
from homeostat.models.base import Key, Resource
from homeostat.models.deployment import MachineRevision, VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.planner.actions import ImageRef
from homeostat.planner.allowed import Allowed
from homeostat.planner.deployment.plan import too_long
from homeostat.planner.deployment.revision import unbootable
from homeostat.planner.disk.foresee import foresee_disk
from homeostat.planner.files.trash import KEEP
from homeostat.planner.images import unobtainable
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.machine.storage.storage import image_ref
from homeostat.planner.network import plan_network
from homeostat.planner.observed import ImagePhase, Observed, ObservedImage, ObservedStorage, RememberedActs
from homeostat.planner.plan import Outcome, Waiting
from homeostat.runtime.deployment.ownership import owned_by
from homeostat.runtime.deployment.reconcile import machine_of
from homeostat.runtime.disk.observe import observe_disk
from homeostat.runtime.engine.ports import ResourceStore
from homeostat.runtime.image.refs import image_refs
from homeostat.runtime.machine.claims import Claims
from homeostat.runtime.machine.effective import Effective
from homeostat.runtime.machine.foreseeing import (
    foresee_images,
    foresee_machine,
    needs_somebody,
    too_much_memory,
    too_much_space,
)
from homeostat.runtime.machine.images import ImageUse
from homeostat.runtime.machine.named import named_disks
from homeostat.runtime.machine.observe import observe
from homeostat.runtime.machine.restoring import with_restore
from homeostat.runtime.network.observe import observe_network
from homeostat.runtime.plugin.reconcile import images_of
from homeostat.store.errors import StateError
from homeostat.store.files.allowing import said_allowed
from homeostat.store.files.hosts import served_hosts
from homeostat.store.files.state import StateFolder

from ..asking import Asking
from ..files.host_reach import HostReach, OnAnotherApi
from ..kinds.power import wants_running
from ..naming.veil import veiled, veiled_outcomes
from ..refusals import ExportRefused

R = TypeVar("R", bound=Resource)

PATIENCE = 20.0  # seconds for a look at a host
AT_ONCE = 2  # looks, of one process
_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
LOCAL = "local"  # the one host of a folder
CONFINED = ("qemuArguments", "hostDevices", "filesystems")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """``host``: the one that was looked at; empty: none was. ``unseen`` says what was not looked at, and why."""

    host: str = ""
    findings: Sequence[Outcome] = ()
    notes: Sequence[str] = ()  # about all machines together
    unseen: Sequence[str] = ()


@dataclass(slots=True)
class _AsIf:
    """The store as it would be with one more resource, or one that is changed. It is only read."""

    store: Any
    resource: Resource

    async def get(self, kind: type[R], key: Key) -> R | None:
        return cast(R, self.resource) if key == self.resource.key else await self.store.get(kind, key)

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]:
        found = [one for one in await self.store.list(kind, namespace) if one.key != self.resource.key]
        mine = isinstance(self.resource, kind) and namespace in (None, self.resource.metadata.namespace)
        return [*found, cast(R, self.resource)] if mine else found


async def foresee(asking: Asking, resource: Resource) -> Foreseen | None:
    """Looks at the host for a resource that would be there. None: of its kind nothing is made on a host by itself. What the actor
    does not see is not named."""
    found = await _foresee(asking, resource)
    if found is None:
        return None
    findings = tuple(dict.fromkeys(await veiled_outcomes(asking, resource, found.findings)))
    return replace(found, findings=findings, unseen=tuple(await veiled(asking, resource, found.unseen)))


async def _foresee(asking: Asking, resource: Resource) -> Foreseen | None:
    if not isinstance(resource, VirtualMachine | VirtualMachineDeployment | Disk | Network | Image | Plugin):
        return None
    state, limits = StateFolder.named(asking.limits.state), asking.limits
    status: Any = resource.status
    name = getattr(status, "host", None) or None
    try:
        several = limits.clustered or bool(served_hosts(state))
        if not several and not state.libvirt:
            return Foreseen(unseen=("nothing is known of the host: no `homeostat up` has run over this folder",))
        if name is None and several:
            return Foreseen(unseen=(f"{_told(resource)} is on no host yet: what the host has that it goes to is not known",))
        uri = await HostReach(state, asking.workspace.store, limits.clustered).libvirt_of(name, resource.metadata.name)
    except (ExportRefused, OnAnotherApi, StateError) as error:
        return Foreseen(unseen=(f"the host cannot be looked at from here: {error}",))
    try:
        allowed = None if limits.clustered else said_allowed(state)
        opening = _opened(asking, state, uri, name or LOCAL, allowed or _all_of(resource))
        async with asyncio.timeout(PATIENCE), _turn(), opening as (host, storage):
            if not host.facts.reachable:
                return Foreseen(unseen=(f"the host cannot be looked at: {host.facts.error}",))
            look = _Look(cast(ResourceStore, _AsIf(asking.workspace.store, resource)), host, storage, state)
            await look.at(resource)
            unseen = (*look.unseen, *(() if allowed else _confined(resource)), *_far(uri))
            return Foreseen(
                host.facts.name,
                tuple(dict.fromkeys(look.findings)),
                tuple(look.notes) if asking.actor.everywhere(Right.SEE) else (),
                unseen,
            )
    except TimeoutError:
        return Foreseen(unseen=(f"the host did not answer in {PATIENCE:.0f} s: nothing of it is known",))
    except DriverError as error:
        return Foreseen(unseen=(f"the host cannot be looked at: {error}",))


def _as_one(machine: VirtualMachine, there: VirtualMachine | None) -> VirtualMachine:
    """Returns a machine with the identity of the one that is there: what the host has of that is its own."""
    if there is None:
        return machine
    uid, annotations = there.metadata.uid, {**machine.metadata.annotations, **there.metadata.annotations}
    return machine.model_copy(update={"metadata": machine.metadata.model_copy(update={"uid": uid, "annotations": annotations})})


def _turn() -> asyncio.Semaphore:
    """Lets few look at once: each look is a connection of its own."""
    return _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))


def _told(resource: Resource) -> str:
    return f"{resource.kind} {resource.metadata.name}"


def _all_of(resource: Resource) -> Allowed:
    """Returns what allows all that the resource asks for."""
    spec: Any = resource.spec.template.spec if isinstance(resource, VirtualMachineDeployment) else resource.spec
    return Allowed(True, True, tuple(folder.path for folder in getattr(spec, "filesystems", ())))


def _confined(resource: Resource) -> Sequence[str]:
    """Says what is not known of the options that the operator was started with."""
    spec = resource.spec.template.spec if isinstance(resource, VirtualMachineDeployment) else resource.spec
    given = [name for name in CONFINED if spec.dump().get(name)] if isinstance(spec, VirtualMachineSpec) else []
    return (f"whether the operator's options allow {', '.join(given)} is not known here",) if given else ()


def _far(uri: str) -> Sequence[str]:
    return (
        () if is_local(uri) else (f"bridges, taps and devices of a host that is reached by {uri.partition('?')[0]} are not seen",)
    )


@asynccontextmanager
async def _opened(
    asking: Asking, state: StateFolder, uri: str, name: str, allowed: Allowed
) -> AsyncIterator[tuple[LibvirtHost, Storage]]:
    """Opens the host as the operator does, but records nothing."""
    known = await asking.workspace.store.get(Host, Key(Host.KIND, "default", name))
    storage = Storage(state.root, await qemu_group(uri), image_folders=asking.limits.image_folders)
    host = LibvirtHost(
        uri, name=name, storage=storage, storage_root=str(state.root), labels=known.metadata.labels if known else None,
        kvm_usable=partial(_kvm_usable, uri), trash_keep=KEEP, marks_runs=False, allowed=allowed,
    )  # fmt: skip
    async with host:
        yield host, storage


async def _kvm_usable(uri: str) -> bool:
    """Tells whether guests can have KVM. On a host that is reached from afar nobody can try it."""
    return not is_local(uri) or (await probe_kvm(None)).usable


@dataclass(slots=True)
class _Look:
    """Looks at a host once, for one resource."""

    store: ResourceStore
    host: LibvirtHost
    storage: Storage
    state: StateFolder
    findings: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fetched: dict[str, ObservedImage] = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims)
    asked: dict[str, ObservedImage] = field(default_factory=dict)  # what images will be, by their addresses
    unseen: list[str] = field(default_factory=list)

    async def at(self, resource: Resource) -> None:
        match resource:
            case VirtualMachine():
                await self._machine(resource)
            case VirtualMachineDeployment():
                await self._deployment(resource)
            case Disk():
                await self._disk(resource)
            case Network():
                seen, _ = await observe_network(resource, self.store, self.host)
                self._find(plan_network(resource, seen, self._instance).outcome)
            case Image():
                noted, refs = await self.host.image_note(resource.identity), image_refs(resource)
                if (why := unobtainable(resource, [ref.key for ref in refs], noted)) is not None:
                    self._find(why)
                await self._images(refs)
            case Plugin():
                await self._images(images_of(resource))

    @property
    def _instance(self) -> str:
        """Returns the identity of the store; empty: it has none yet."""
        return self.state.identity.read_text().strip() if self.state.identity.exists() else ""

    async def _foresee(self, ref: ImageRef) -> ObservedImage:
        found = self.asked[ref.url] = await self.storage.foresee(ref)
        return found

    def _find(self, *outcomes: Outcome) -> None:
        self.findings += [outcome for outcome in outcomes if needs_somebody(outcome)]

    async def _machine(self, machine: VirtualMachine, gone: bool = False) -> None:
        """Plans a machine. ``gone``: as if nothing of it existed."""
        effective, memory = Effective(self.store), 0
        for other in await self.store.list(VirtualMachine):
            if other.key != machine.key:
                whole, _ = await effective.machine(other)
                self.claims.update(whole, self.host)
                memory += whole.spec.resources.memory if wants_running(whole.spec) and not whole.deleting else 0
        new = gone or self.host.domain(domain_uuid(machine.identity)) is None
        made, refusal = await effective.whole(machine, new=new)
        observed = await observe(made, self.host, RememberedActs(), self.claims.update(made, self.host), ImageUse())
        if gone:
            observed = replace(observed, domain=None, storage=ObservedStorage(images=observed.storage.images))
        named = await named_disks(made, self.store)
        observed = await with_restore(made, replace(observed, refusal=refusal, named=named), self.store, self.host)
        plan, _, also = await foresee_machine(made, observed, self.fetched, self._foresee)
        self._find(plan.outcome, *also)
        self._not_fetched()
        if wants_running(made.spec):
            self._note(too_much_memory(memory + made.spec.resources.memory, self.host.facts))
        self._note(too_much_space([plan], self.host.facts))

    def _note(self, said: str) -> None:
        self.notes += [said] if said else []

    async def _deployment(self, deployment: VirtualMachineDeployment) -> None:
        """Plans a machine of the template, as a new one: the first that is not there yet. Where all are, it is one of them."""
        resolved, _, refusal = await Effective(self.store).deployment(deployment)
        recorded = await self.store.list(MachineRevision, deployment.metadata.namespace)
        made_of = [one.spec.template for one in recorded if owned_by(one, deployment)]
        machines = await self.store.list(VirtualMachine, deployment.metadata.namespace)
        there = {one.metadata.name: one for one in machines if owned_by(one, deployment)}
        names = [f"{deployment.metadata.name}-{number}" for number in range(1, resolved.spec.replicas + 1)]
        name = next((one for one in names if one not in there), f"{deployment.metadata.name}-1")
        if refused := refusal or unbootable(resolved, made_of) or too_long(name):
            self._find(refused)
        elif resolved.spec.replicas:
            await self._machine(_as_one(machine_of(resolved, name, "", resolved.spec.template), there.get(name)), gone=True)

    async def _disk(self, disk: Disk) -> None:
        seen = await observe_disk(disk, self.host, self.store, ImageUse(), self.claims)
        if seen.image is not None and not seen.image.is_open:
            observed = Observed(seen.host, None, storage=seen.storage)
            await foresee_images((image_ref(seen.image),), observed, self.fetched, self._foresee)
        plan, _ = foresee_disk(disk, seen, self.fetched)
        self._find(plan.outcome)
        self._not_fetched()
        self._note(too_much_space([plan], self.host.facts))

    async def _images(self, refs: Sequence[ImageRef]) -> None:
        storage = await self.host.storage(refs, (), (), self.host.facts.storage_root)
        await foresee_images(refs, Observed(self.host.facts, None, storage=storage), self.fetched, self._foresee)
        failed = [image for ref in refs if (image := self.fetched.get(ref.key)) and image.phase is ImagePhase.FAILED]
        self._find(*(Waiting("ImageFailed", image.error) for image in failed))
        self._not_fetched()

    def _not_fetched(self) -> None:
        """Notes the images that nobody can know before they are fetched."""
        far = [url for url, image in self.asked.items() if is_remote(url) and image.phase is not ImagePhase.FAILED]
        self.unseen += [f"{url} is fetched, and looked at, when it is needed" for url in far]
