"""The plan from a folder to a cluster. Pure."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from homeostat.models.base import IDENTITY, Key, Resource
from homeostat.models.deployment import HELD, MachineRevision, VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.planner.placement import PLACEMENTS, host_finalizer, host_of

from ..index.index import FINALIZER
from ..index.row import Row
from .steps import HandOver, LetGoResource, MakeNamespace, Migration, PutResource, Step, identity_of, with_annotations

# Owners first: what they own names the uids of the owners.
ORDER = (
    *(Image.KIND, Network.KIND, Disk.KIND, Plugin.KIND, VirtualMachineDeployment.KIND, MachineRevision.KIND),
    *(VirtualMachine.KIND, SnapshotSchedule.KIND, Snapshot.KIND),
)
_ON_A_HOST = (VirtualMachine.KIND, Disk.KIND, Snapshot.KIND)
HELD_MEANWHILE = (VirtualMachineDeployment, SnapshotSchedule)
"""The kinds that the controller must leave alone as long as the folder has them."""
_STAYS = "a cluster has Hosts of its own: remove this document first, and give its labels to that of --host"


@dataclass(frozen=True, slots=True)
class Here:
    """What is moved. ``host`` is the name of its host in the cluster, and ``kept`` names the machines that have files on it."""

    host: str
    instance: uuid.UUID
    kept: Collection[Key] = ()


def plan_outward(folder: Sequence[Resource], cluster: Mapping[Key, Row], namespaces: Collection[str], here: Here) -> Migration:
    """Returns the plan. ``cluster``: everything that the cluster holds now."""
    host = here.host
    refusals, notes, puts = list[str](), list[str](), list[PutResource]()
    refusals += [f"{resource.key}: {_STAYS}" for resource in folder if resource.kind not in ORDER]
    for resource in sorted((r for r in folder if r.kind in ORDER), key=lambda r: (ORDER.index(r.kind), r.key)):
        found = cluster.get(resource.key)
        if resource.deleting:
            refusals.append(f"{resource.key} is being deleted: let `homeostat up` finish that first")
        elif found is not None and _is_the_same(resource, found):
            notes.append(f"{resource.key} is in the cluster already, with the same spec: it stays as it is")
        elif found is not None and (reason := _clash(resource, found, host)):
            refusals.append(reason)
        else:
            puts.append(PutResource(_outbound(resource, here), _finalizers(resource, here)))
    refusals += _strangers({r.key for r in folder}, cluster, host)
    missing = {put.resource.metadata.namespace for put in puts} - set(namespaces)
    held = [LetGoResource(put.resource.key) for put in puts if isinstance(put.resource, HELD_MEANWHILE)]
    steps: tuple[Step, ...] = (*(MakeNamespace(name) for name in sorted(missing)), *puts, HandOver(), *held)
    return Migration(steps, tuple(refusals), tuple(notes))


def plan_rest_outward(cluster: Mapping[Key, Row], instance: uuid.UUID) -> Migration:
    """Returns what is left to do after the state was handed over."""
    held = [key for key, row in cluster.items() if _annotations(row).get(HELD) == str(instance)]
    return Migration(tuple(LetGoResource(key) for key in sorted(held)))


def _outbound(resource: Resource, here: Here) -> Resource:
    marks = {IDENTITY: identity_of(resource)}
    if isinstance(resource, HELD_MEANWHILE):
        marks[HELD] = str(here.instance)
    if isinstance(resource, VirtualMachineDeployment) and resource.spec.stateful:
        marks[PLACEMENTS] = json.dumps(dict.fromkeys(_with_disks(resource, here.kept), here.host))
    return with_annotations(resource, marks)


def _with_disks(deployment: VirtualMachineDeployment, kept: Collection[Key]) -> list[str]:
    """Returns the deployment's machines that have disks here, also those that were scaled away: a later machine with that index
    finds them."""
    meta = deployment.metadata
    ours = re.compile(rf"{re.escape(meta.name)}-[1-9][0-9]*")
    return sorted(key.name for key in kept if key.namespace == meta.namespace and ours.fullmatch(key.name))


def _finalizers(resource: Resource, here: Here) -> tuple[str, ...]:
    """Returns the finalizers. That of a machine, a Disk or a Snapshot says where it is, so that nobody places it anywhere else.
    Those of a stateful deployment say where it has disks."""
    match resource:
        case VirtualMachine() | Disk() | Snapshot():
            return (host_finalizer(here.host),)
        case VirtualMachineDeployment():
            has_disks = resource.spec.stateful and _with_disks(resource, here.kept)
            return (FINALIZER, host_finalizer(here.host)) if has_disks else (FINALIZER,)
    return ()


def _is_the_same(resource: Resource, found: Row) -> bool:
    """Tells whether a plugin or an Image is in the cluster already."""
    return isinstance(resource, Plugin | Image) and found.deleted is None and found.resource().dump()["spec"] == _spec(resource)


def _spec(resource: Plugin | Image) -> object:
    """Returns the spec as the API server completes it."""
    defaults = {"enabled": True} if isinstance(resource, Plugin) else {}
    return {**defaults, **resource.dump()["spec"]}


def _clash(resource: Resource, found: Row, host: str) -> str:
    """Says why the resource of that name in the cluster is not what an earlier attempt left there; empty: it is."""
    if found.deleted is not None:
        return f"{resource.key} is being deleted in the cluster: wait until it has gone"
    if _annotations(found).get(IDENTITY) != identity_of(resource):
        return f"{resource.key} exists in the cluster already, and is another one: rename or remove one of both"
    placed = host_of(json.loads(found.finalizers))
    if placed not in (None, host):
        return f"{resource.key} was begun to be migrated to host {placed}: go on with --host {placed}"
    return ""


def _strangers(ours: Collection[Key], cluster: Mapping[Key, Row], host: str) -> Iterator[str]:
    """Yields a refusal for each machine, Disk and Snapshot on that host that the folder does not declare."""
    for key, row in sorted(cluster.items()):
        if key.kind in _ON_A_HOST and key not in ours and host_of(json.loads(row.finalizers)) == host:
            yield f"host {host} of the cluster has {key}, which the folder does not declare: name another --host, or delete it"


def _annotations(row: Row) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(row.metadata).get("annotations") or {}
    return found
