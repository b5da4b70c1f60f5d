"""The plan from a cluster back to a folder. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence

from homeostat.models.base import IDENTITY, Key, OwnerReference, Resource
from homeostat.models.deployment import HELD, MachineRevision, VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot, SnapshotSpec
from homeostat.planner.placement import PLACEMENTS, host_of, placements_of
from homeostat.planner.schedule.plan import belongs_to
from homeostat.runtime.deployment.ownership import owned_by

from .steps import (
    IDENTIFIED,
    HandOver,
    HoldResource,
    Migration,
    ReleaseObject,
    Step,
    WriteDocument,
    uid_in_folder,
    with_annotations,
)


class Taken:
    """What goes from a cluster into the folder: the machines of one host, what they are made from, and their Disks and
    Snapshots."""

    def __init__(self, cluster: Sequence[Resource], host: str) -> None:
        alone = {r.metadata.name for r in cluster if isinstance(r, Host)} <= {host}
        self.host = host
        kinds = (Image, Network, Plugin)
        self.shared: list[Resource] = [r for kind in kinds for r in cluster if isinstance(r, kind)]
        placed = [r for r in cluster if isinstance(r, VirtualMachine)]
        self.machines = [m for m in placed if _host(m) == host or (alone and _host(m) is None)]
        self.disks = [d for d in cluster if isinstance(d, Disk) and (_host(d) == host or (alone and _host(d) is None))]
        deployments = [r for r in cluster if isinstance(r, VirtualMachineDeployment)]
        self._replicas = {d.key: [m for m in placed if owned_by(m, d)] for d in deployments}
        mine = {m.key for m in self.machines}
        self.deployments = [
            d for d in deployments if any(m.key in mine for m in self._replicas[d.key]) or (alone and not self._replicas[d.key])
        ]
        owned = {m.key for d in self.deployments for m in self._replicas[d.key]}
        self.owned_machines = [m for m in self.machines if m.key in owned]
        self.plain_machines = [m for m in self.machines if m.key not in owned]
        revisions = [r for r in cluster if isinstance(r, MachineRevision)]
        self.revisions = [r for r in revisions if any(owned_by(r, d) for d in self.deployments)]
        schedules = [r for r in cluster if isinstance(r, SnapshotSchedule)]
        self.schedules = [s for s in schedules if alone or _machine(s, s.spec.template.spec) in mine]
        found = [r for r in cluster if isinstance(r, Snapshot)]
        self.snapshots = [s for s in found if _host(s) == host or (_host(s) is None and (alone or _machine(s, s.spec) in mine))]
        self.made_by_schedules = [s for s in self.snapshots if any(belongs_to(s, schedule) for schedule in self.schedules)]
        self.plain_snapshots = [s for s in self.snapshots if s not in self.made_by_schedules]

    def scattered(self) -> Iterator[str]:
        for deployment in self.deployments:
            for machine in self._replicas[deployment.key]:
                if machine not in self.machines:
                    where = f"on host {_host(machine)}" if _host(machine) else "on no host yet"
                    yield f"{machine.key} of {deployment.key} is {where}: a folder has one host, {self.host}"
            try:
                placements = placements_of(deployment)
            except ValueError as error:
                yield f"annotation {PLACEMENTS} of {deployment.key} cannot be read: {error}"
                continue
            for name, host in placements.items():
                if host != self.host:
                    yield f"the disks of {name} of {deployment.key} are on host {host}: a folder has one host, {self.host}"

    @property
    def declared(self) -> list[Resource]:
        """Returns the resources that become documents."""
        kept = [*self.disks, *self.schedules, *self.plain_snapshots]
        return [*self.shared, *self.deployments, *self.plain_machines, *kept]

    @property
    def owned(self) -> list[Resource]:
        """Returns the resources that have no document, and only a row in the index."""
        return [*self.revisions, *self.owned_machines, *self.made_by_schedules]

    @property
    def on_host(self) -> list[Resource]:
        """Returns what has something on the host."""
        return [*self.machines, *self.disks, *self.snapshots]


def plan_inward(cluster: Sequence[Resource], declared: Mapping[Key, Resource], host: str, instance: uuid.UUID) -> Migration:
    """Returns the plan. ``declared``: what the folder says already."""
    taken = Taken(cluster, host)
    going = [*taken.declared, *taken.owned]
    refusals = [f"{r.key} is being deleted: let `homeostat operator` finish that first" for r in going if r.deleting]
    refusals += taken.scattered()
    wanted = {r.key for r in taken.declared}
    for key in sorted(declared.keys() - wanted):
        made_anew = f"the folder declares {key}, which is not on host {host} of the cluster: it would be made anew"
        refusals.append(f"{made_anew}. Remove it, or name another folder")
    documents = [WriteDocument(_inbound(resource, instance)) for resource in taken.declared]
    owners = {owner.metadata.uid: uid_in_folder(instance, owner.key) for owner in (*taken.deployments, *taken.schedules)}
    owned = [_owned_by_folder(_inbound(resource, instance), owners) for resource in taken.owned]
    index = (*owned, *(document.resource for document in documents))
    steps: list[Step] = [HoldResource(owner.key) for owner in (*taken.deployments, *taken.schedules)]
    steps += [*documents, HandOver(index), *_releases(taken)]
    notes = [f"{r.key} stays in the cluster too" for r in taken.shared]
    return Migration(tuple(steps), tuple(refusals), tuple(notes))


def plan_rest_inward(cluster: Sequence[Resource], known: Mapping[Key, Resource], host: str) -> Migration:
    """Returns what is left to do after the state was handed over: what the folder has now leaves the cluster."""
    taken = Taken(cluster, host)
    refusals = [
        f"{one.key} on host {host} of the cluster is not the folder's: it came there since"
        for one in taken.on_host
        if (there := known.get(one.key)) is None or there.identity != one.identity
    ]
    return Migration(tuple(_releases(taken)), tuple(refusals))


def _releases(taken: Taken) -> Iterable[Step]:
    """Yields the releases with owners last: otherwise a controller would collect what they own. Schedules go before the machines
    that show that they are this host's."""
    going: list[Resource] = [*taken.made_by_schedules, *taken.schedules, *taken.plain_snapshots]
    going += [*taken.owned_machines, *taken.revisions, *taken.deployments, *taken.plain_machines, *taken.disks]
    return [ReleaseObject(resource.key, resource.metadata.uid) for resource in going]


def _inbound(resource: Resource, instance: uuid.UUID) -> Resource:
    """Returns the resource for the folder. Its identity is written down only where the folder would give it another one."""
    own = uid_in_folder(instance, resource.key)
    identity = resource.identity if isinstance(resource, IDENTIFIED) else own
    left = f"{resource.metadata.namespace}/{resource.metadata.name}/{identity}" if identity != own else None
    return with_annotations(resource, {IDENTITY: left, HELD: None, PLACEMENTS: None})


def _owned_by_folder(resource: Resource, owners: Mapping[str, str]) -> Resource:
    def moved(owner: OwnerReference) -> OwnerReference:
        return owner.model_copy(update={"uid": owners[owner.uid]})

    left = tuple(moved(o) for o in resource.metadata.owner_references if o.uid in owners)
    return resource.model_copy(update={"metadata": resource.metadata.model_copy(update={"owner_references": left})})


def _host(resource: Resource) -> str | None:
    return host_of(resource.metadata.finalizers)


def _machine(resource: Resource, spec: SnapshotSpec) -> Key:
    return Key(VirtualMachine.KIND, resource.metadata.namespace, spec.machine_ref.name)
