"""What `homeostat plan` shows: the plans that the operator would make now. Nothing is written.

A temporary store over a copy of the state's index takes in the folder. So known resources keep their uids, broken documents keep
their last good specs, and removed files are deletions, exactly as `up` would see it. The machines that deployments will make are
made in that copy, and planned like all others.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from types import MappingProxyType

from homeostat.assembly.whereabouts import Whereabouts, take_hosts
from homeostat.driver.host import LibvirtHost
from homeostat.driver.survey.scratch import scratch_folder
from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.planner.actions import FetchImage, ImageRef, ReleaseResource, StartDomain
from homeostat.planner.allowed import NOTHING, Allowed
from homeostat.planner.deployment.plan import too_long
from homeostat.planner.images import unobtainable
from homeostat.planner.machine.host.claims import Claim, claims_held, claims_of
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.machine.preview.foresee import joined
from homeostat.planner.machine.storage.storage import plan_images
from homeostat.planner.network import plan_network
from homeostat.planner.network.foresee import after, once_gone
from homeostat.planner.network.identity import network_name, network_uuid
from homeostat.planner.network.observed import ObservedNetwork
from homeostat.planner.network.plan import NetworkPlan
from homeostat.planner.observed import ImagePhase, Observed, ObservedImage, ObservedStorage, RememberedActs
from homeostat.planner.plan import Stalled, Waiting
from homeostat.runtime.deployment.reconcile import DeploymentReconciler, machine_of
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
from homeostat.runtime.machine.observe import observe
from homeostat.runtime.machine.restoring import with_restore
from homeostat.runtime.network.observe import observe_network
from homeostat.runtime.plugin.reconcile import images_of
from homeostat.store.errors import FolderProblem, Severity
from homeostat.store.files.passes.intake import PassReport
from homeostat.store.files.placing import PlacedFiles
from homeostat.store.files.state import StateFolder

from .preview_disks import DiskForesight
from .preview_host import PreviewHost, copy_state, opened_host, opened_hosts
from .preview_places import Place, foreseen_places, in_order
from .preview_snapshots import SnapshotForesight
from .render_deployment import DeploymentEntry
from .render_disk import DiskEntry
from .render_fetches import HostEntry, ImageEntry, PluginEntry
from .render_network import NetworkEntry
from .render_plan import PlanEntry, Planned


@dataclass(frozen=True, slots=True)
class Preview:
    """``errors`` are those of the YAML. ``held`` says which deletions wait for a confirmation, and why. ``notes`` are about all
    resources together. ``notices``: what of the folder is left alone."""

    entries: Sequence[Planned]
    errors: Sequence[FolderProblem]
    held: Sequence[FolderProblem]
    notes: Sequence[str] = ()
    notices: Sequence[FolderProblem] = ()


async def preview(
    folder: Path,
    state: Path,
    uri: str,
    labels: Mapping[str, str],
    image_folders: Sequence[Path] = (),
    several: Mapping[str, str] = MappingProxyType({}),
    allowed: Allowed = NOTHING,
) -> Preview:
    """Returns the plan of every resource in ``folder``. ``labels`` are those of the host. ``image_folders``: see
    ``driver.storage.Storage``. ``several``: the libvirts of the hosts by name, where there is not only the one of ``uri``.

    Raises:
        CliError: the host cannot be asked.
        StoreError: the state serves a cluster; or `up` would refuse the hosts.
    """
    with scratch_folder("plan") as scratch:
        notes = await copy_state(folder, state, scratch)
        if several:
            notes += hosts_taken(folder, state, scratch, several)
            async with opened_hosts(state, several, image_folders, allowed) as hosts:
                first = next(seen for seen in hosts.values() if seen.host.facts.reachable)
                return await preview_on(folder, scratch, first, notes, hosts, StateFolder(state))
        async with opened_host(state, uri, labels, scratch, notes, image_folders, allowed) as host:
            return await preview_on(folder, scratch, host, notes)


def hosts_taken(folder: Path, state: Path, scratch: Path, several: Mapping[str, str]) -> list[str]:
    """Takes the hosts into ``scratch``, the copy of the state, as `up` would, and returns what it would say of them.

    Raises:
        StoreError: it would refuse them.
    """
    with closing(PlacedFiles.open(folder, StateFolder.open(scratch))) as store:
        return take_hosts(store, several, StateFolder(state))


async def preview_on(
    folder: Path,
    scratch: Path,
    host: PreviewHost,
    notes: Sequence[str] = (),
    several: Mapping[str, PreviewHost] = MappingProxyType({}),
    room: StateFolder | None = None,
) -> Preview:
    """Returns the same as ``preview``, on a host that is open. ``scratch`` holds the copy of the state, and is written to.
    ``several``: the hosts by name, where there are more, and ``room``: the state folder."""
    with closing(PlacedFiles.open(folder, StateFolder.open(scratch))) as store:
        report = store.sync()
        whereabouts = Whereabouts(store, {name: seen.host for name, seen in several.items()}, str(store.state.instance_id), room)
        foresight = _Foresight(store, host, several, whereabouts)
        entries = await foresight.all()
        notes = [*notes, *await foresight.notes()]
        return Preview(entries, _of(report, "Error"), _of(report, "Held"), notes, _of(report, "Notice"))


def _of(report: PassReport, severity: Severity) -> list[FolderProblem]:
    return [error for error in report.errors if error.severity == severity]


@dataclass(slots=True)
class _Foresight:
    """Plans all resources once."""

    store: PlacedFiles
    first: PreviewHost  # for what is no machine's: all hosts have one folder
    several: Mapping[str, PreviewHost]
    whereabouts: Whereabouts
    places: Mapping[Key, Place] = field(default_factory=dict)
    claims: dict[str, Claims] = field(default_factory=lambda: defaultdict(Claims))  # by host
    left: dict[str, list[Claim]] = field(default_factory=lambda: defaultdict(list))  # by host: of machines that go
    images: ImageUse = field(default_factory=ImageUse)
    fetched: dict[str, ObservedImage] = field(default_factory=dict)  # by ImageRef.key
    machines: list[PlanEntry] = field(default_factory=list)
    disks: DiskForesight = field(init=False)
    networks: dict[str, Mapping[str, ObservedNetwork]] = field(default_factory=dict)  # by host: those that will be there
    snapshots: SnapshotForesight = field(init=False)
    coming: dict[str, dict[str, str]] = field(default_factory=dict)  # by host: uuids of networks that will be up, by name

    def __post_init__(self) -> None:
        self.snapshots = SnapshotForesight(self.store, lambda machine: self._at(machine) if machine else self.first)

    async def all(self) -> list[Planned]:
        places = {row.key: row.place for row in self.store.rows() if row.file}
        entries: list[Planned] = [
            HostEntry(host, self._changes(host), (), places[host.key])
            for host in await self.store.list(Host)
            if host.key in places  # the operator makes those that nobody declares
        ]
        for image in await self.store.list(Image):
            refs, noted = image_refs(image), await self.first.host.image_note(image.identity)
            fetches, failed = await self._fetches(refs)
            why = unobtainable(image, [ref.key for ref in refs], noted) or failed
            entries.append(ImageEntry(image, self._changes(image), fetches, places.get(image.key, ""), why))
        entries += await self._networks(places)
        for plugin in await self.store.list(Plugin):
            fetches, failed = await self._fetches(images_of(plugin))
            entries.append(PluginEntry(plugin, self._changes(plugin), fetches, places.get(plugin.key, ""), failed))
        deployments = []
        for deployment in await self.store.list(VirtualMachineDeployment):
            deployments.append(await self._deployment(deployment, places.get(deployment.key, "")))
        coming = {machine.key: entry for entry in deployments for machine in entry.coming}
        machines = await self.store.list(VirtualMachine)
        if self.several:
            hosts = {name: seen.host for name, seen in self.several.items()}
            self.places = await foreseen_places(self.store, hosts, self.whereabouts)
        disks = await self._disks(places)
        for machine in machines:  # first of all: which machines have what others ask for
            host = self._at(machine).host
            self.claims[host.facts.name].update((await self._made(machine))[0], host)
        for machine in sorted(machines, key=lambda one: not one.deleting):  # those that go make room
            entry = await self._machine(machine, places.get(machine.key, ""))
            self._leaves(entry)
            self.machines.append(entry)
            if machine.key in coming:
                coming[machine.key].machines.append(entry)
            else:
                entries.append(entry)
        for known in deployments:
            await self._successors(known)
        snapshots = await self.snapshots.snapshots(places)
        taken = {entry.resource.key: entry.plan for entry in snapshots}
        disks = self.disks.from_snapshots(disks, taken, filter(None, self.snapshots.ends.values()))
        return [*entries, *disks, *deployments, *snapshots, *await self.snapshots.schedules(places, self._changes)]

    async def _disks(self, places: Mapping[Key, str]) -> list[DiskEntry]:
        found, hosts = [], {name: seen.host for name, seen in self.several.items()}
        claims = Claims()  # for what holds files now: nothing does while a plan is shown

        async def foresee_images(refs: Sequence[ImageRef], observed: Observed) -> None:
            await self._foresee_images(refs, observed, self.first)

        self.disks = DiskForesight(self.store, self.first.host, hosts, self.places, self.fetched)
        for disk in in_order([*await self.store.list(Disk)]):
            found.append(await self.disks.plan(disk, places.get(disk.key, ""), claims, foresee_images))
        return found

    async def _networks(self, places: Mapping[Key, str]) -> list[NetworkEntry]:
        """Plans all networks, and those further that lack a range as long as others give theirs up."""
        networks = sorted(await self.store.list(Network), key=_turn)
        hosts = [seen.host for seen in self.several.values() or [self.first]]
        plans = {network.key: {host.facts.name: await self._network(network, host) for host in hosts} for network in networks}
        for _ in networks:
            for network, host in product(networks, hosts):
                before = plans[network.key][host.facts.name]
                if before.lacks_a_range and (then := await self._network(network, host)).actions:
                    whole = replace(then, actions=(*before.actions, *then.actions), changes=before.changes or then.changes)
                    plans[network.key][host.facts.name] = whole
        return [NetworkEntry(network, plans[network.key], places.get(network.key, "")) for network in networks]

    async def _network(self, network: Network, host: LibvirtHost) -> NetworkPlan:
        """Plans a network on a host, as if all plans before it had been carried out."""
        name, instance = host.facts.name, str(self.store.state.instance_id)
        found, _ = await observe_network(network, self.store, host)
        found = once_gone(found, self.networks.get(name, found.networks))
        plan = plan_network(network, found, instance)
        self.networks[name] = after(plan.actions, found.networks)
        if not network.deleting and (not isinstance(plan.outcome, Stalled | Waiting) or plan.actions):
            uuid = "" if network.spec.adopt else network_uuid(network.identity)
            self.coming.setdefault(name, {})[network_name(network)] = uuid
        return plan

    def _with_networks(self, observed: Observed) -> Observed:
        """Returns what will be observed once the networks are up that are planned."""
        host = observed.host
        coming = self.coming.get(host.name)
        if not coming:
            return observed
        uuids = {**host.network_uuids, **{name: uuid for name, uuid in coming.items() if uuid}}
        return replace(observed, host=replace(host, networks=host.networks | coming.keys(), network_uuids=uuids))

    async def _deployment(self, deployment: VirtualMachineDeployment, place: str) -> DeploymentEntry:
        """Plans a deployment. The machines that it would make are in the store from then on."""
        resolved, observed, plan = await DeploymentReconciler(self.store, self.first.host).preview(deployment)
        entry = DeploymentEntry(resolved, observed, plan, time.time(), place)
        if plan.target is None or observed.refusal is not None:
            return entry
        revision = plan.target.revision
        for name in entry.missing:
            if too_long(name):
                continue
            machine = machine_of(resolved, name, revision.fingerprint, revision.template)
            if await self.store.get(VirtualMachine, machine.key) is None:
                await self.store.apply_owned(machine)
                entry.coming.append(machine)
        return entry

    async def _successors(self, entry: DeploymentEntry) -> None:
        """Finds out what refuses the machines that will replace others, as if those had gone already."""
        target = entry.plan.target.revision if entry.plan.target else None
        for name in entry.replaced if target is not None and entry.observed.refusal is None else ():
            machine = await self.store.get(VirtualMachine, Key(VirtualMachine.KIND, entry.resource.metadata.namespace, name))
            assert machine is not None and target is not None
            machine = machine.model_copy(update={"spec": target.template.spec, "status": None})
            entry.machines.append(await self._machine(machine, "", gone=True))

    async def _machine(self, machine: VirtualMachine, place: str, gone: bool = False) -> PlanEntry:
        """Plans a machine. ``gone``: as if nothing of it existed."""
        seen, place_on = self._at(machine), self.places.get(machine.key)
        host = seen.host
        made, refusal = await self._made(machine, gone)
        claimed = self.claims[host.facts.name].update(made, host)
        observed = await observe(made, host, RememberedActs(), claimed, self.images)
        if isinstance(place_on, Waiting | Stalled):
            observed = replace(observed, domain=None, unadmitted=place_on)
        if observed.domain is not None:
            observed = replace(observed, twin=self.whereabouts.runs_elsewhere(made, host.facts.name))
        if gone:
            observed = replace(observed, domain=None, storage=ObservedStorage(images=observed.storage.images))
        observed = await with_restore(made, replace(seen.seen(made, observed), refusal=refusal), self.store, host)
        observed = self._without_left(made, self._with_networks(await self.disks.machine(made, observed)))
        plan, end, also = await foresee_machine(made, observed, self.fetched, seen.foresee)
        if (coming := await self.snapshots.to_go_back_to(made, plan, end)) is not None:
            then, end, also = await foresee_machine(made, replace(end, restore=coming), self.fetched, seen.foresee)
            plan = joined([plan, then])
        if not gone:
            self.snapshots.machine(machine, plan, end)
        since = observed.domain.record.generation if observed.domain and observed.domain.record else 0
        on = place_on if isinstance(place_on, str) else ""
        return PlanEntry(made, plan, place, observed, self._changes(machine, since), also, on)

    def _leaves(self, entry: PlanEntry) -> None:
        """Releases what a machine has, where its plan ends with its being gone."""
        if entry.observed is not None and any(isinstance(action, ReleaseResource) for action in entry.plan.actions):
            host, root = entry.observed.host.name, entry.observed.host.storage_root
            self.claims[host].release(entry.resource.key)
            self.left[host] += [*claims_of(entry.machine, root), *claims_held(entry.observed.domain)]

    def _without_left(self, machine: VirtualMachine, observed: Observed) -> Observed:
        """Returns what will be observed once no machine that goes listens on its ports any more."""
        left, root = self.left[observed.host.name], observed.host.storage_root
        freed = {str(claim) for claim in claims_of(machine, root) if any(claim.collides(other) for other in left)}
        return replace(observed, ports={key: port for key, port in observed.ports.items() if key not in freed})

    def _at(self, machine: VirtualMachine) -> PreviewHost:
        """Returns the host that a machine is on, or would be placed on; where none takes it, any."""
        place = self.places.get(machine.key)
        return self.several.get(place, self.first) if isinstance(place, str) else self.first

    async def _made(self, machine: VirtualMachine, gone: bool = False) -> tuple[VirtualMachine, Stalled | Waiting | None]:
        new = gone or self._at(machine).host.domain(domain_uuid(machine.identity)) is None
        return await Effective(self.store).whole(machine, new=new)

    async def _foresee_images(self, refs: Sequence[ImageRef], observed: Observed, seen: PreviewHost) -> None:
        await foresee_images(refs, observed, self.fetched, seen.foresee)

    async def _fetches(self, refs: Sequence[ImageRef]) -> tuple[Sequence[str], Waiting | Stalled | None]:
        """Returns the addresses of the images that the host's cache lacks, and what will be wrong with one of them."""
        host = self.first.host
        observed = Observed(host.facts, None, storage=await host.storage(refs, (), (), host.facts.storage_root))
        await self._foresee_images(refs, observed, self.first)
        actions, blocker = plan_images(refs, observed)
        fetches = [action.image for action in actions if isinstance(action, FetchImage)]
        failed = [found.error for ref in fetches if (found := self.fetched[ref.key]).phase is ImagePhase.FAILED]
        there = blocker if isinstance(blocker, Waiting | Stalled) and needs_somebody(blocker) else None
        return [ref.label for ref in fetches], Waiting("ImageFailed", failed[0]) if failed else there

    def _changes(self, resource: Resource, since: int | None = None) -> Mapping[str, tuple[object, object]]:
        """Returns what of its spec changed since a generation. None: since the one that the operator has seen."""
        if since is None:
            since = resource.status.observed_generation if resource.status else 0
        found: dict[str, tuple[object, object]] = {}
        for revision in self.store.revisions(resource.key):  # newest first
            if revision.generation > since > 0 and revision.changes:
                for name, (old, new) in revision.changes.items():
                    found[name] = (old, found[name][1] if name in found else new)
        return {name: (old, new) for name, (old, new) in found.items() if old != new}

    async def notes(self) -> list[str]:
        """Returns what all machines together ask of the host, where that is more than it has."""
        found = []
        for name, seen in self.several.items() or [("", self.first)]:
            memory = sum(e.machine.spec.resources.memory for e in self.machines if _runs(e) and e.host == name)
            found.append(too_much_memory(memory, seen.host.facts))
        if not self.first.unseen:
            found.append(too_much_space([entry.plan for entry in self.machines], self.first.host.facts))
        return [said for said in found if said]


def _turn(network: Network) -> tuple[bool, str, str, str]:
    """Returns what networks are sorted by: those that go make room, and of the others the one that was there first has it."""
    meta = network.metadata
    return not network.deleting, meta.creation_timestamp or "", meta.namespace, meta.name


def _runs(entry: PlanEntry) -> bool:
    """Tells whether the machine runs once the plan is carried out."""
    if entry.resource.deleting:
        return False
    domain = entry.observed.domain if entry.observed else None
    return any(isinstance(a, StartDomain) for a in entry.plan.actions) or bool(domain and domain.state.active)
