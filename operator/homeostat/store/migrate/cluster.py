"""The cluster's side of a migration: what it holds, read once, and the writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from homeostat.driver.survey.scratch import scratch_folder
from homeostat.models.base import API_VERSION, Key, OwnerReference, Resource
from homeostat.models.deployment import HELD, VirtualMachineDeployment
from homeostat.models.kinds import CLUSTER_KINDS
from homeostat.models.schedule import SnapshotSchedule
from homeostat.store.errors import AlreadyExists, NotFound, StoreError

from ..files.state import StateFolder
from ..index.index import Index
from ..index.row import Row
from ..kubernetes import paths
from ..kubernetes.access import Access
from ..kubernetes.cluster import Cluster
from ..kubernetes.dropped import written_whole
from ..kubernetes.errors import KindMissing, LeadershipLost
from ..kubernetes.lease import DURATION, Lease, host_lease
from ..kubernetes.store import KubernetesStore
from ..merge import merge_difference
from .steps import HoldResource, LetGoResource, MakeNamespace, MigrationRefused, PutResource, ReleaseObject, carried_status

MANAGER = "homeostat-migrate"
"""The field manager of what a migration writes."""
POLL_SECONDS = 1.0  # seconds between checks whether a lease is renewed

Object = dict[str, Any]
ClusterStep = MakeNamespace | PutResource | HoldResource | LetGoResource | ReleaseObject


@dataclass(frozen=True, slots=True)
class HostLease:
    """The lease of a host. ``identity`` is that of this migration, and stays the same when it is run again."""

    namespace: str
    host: str
    identity: str


class ClusterSide:
    """The cluster, for one event loop."""

    def __init__(self, cluster: Cluster, index: Index) -> None:
        self.cluster = cluster
        self._store = KubernetesStore(index, cluster, MANAGER)
        self._uids: dict[str, str] = {}  # uids of owners: there -> here

    @classmethod
    @asynccontextmanager
    async def opened(cls, access: Access) -> AsyncIterator[ClusterSide]:
        """Opens a client. It sends nothing to the server yet.

        Raises:
            ClusterUnavailable: there is no usable kubeconfig.
        """
        async with AsyncExitStack() as stack:
            scratch = stack.enter_context(scratch_folder("migrate"))
            cluster = await Cluster.connect(access)
            stack.push_async_callback(cluster.close)
            index = Index.open(StateFolder(scratch).index)
            stack.callback(index.close)
            yield cls(cluster, index)

    # What the cluster holds ------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Reads all our resources.

        Raises:
            ClusterUnavailable, Forbidden.
            KindMissing: the CRDs are not installed.
        """
        try:
            for kind in CLUSTER_KINDS:
                before = self._store.mirror.known(kind.KIND)
                items = [item async for item in self.cluster.list(paths.PATHS[kind.KIND])]
                self._store.mirror.replace(kind.KIND, items, before)
        except KindMissing as error:
            raise KindMissing(f"the CRDs are not installed: `homeostat crds | kubectl apply -f -` does that ({error})") from error

    @property
    def rows(self) -> Mapping[Key, Row]:
        return {row.key: row for row in self._store.index.rows()}

    @property
    def resources(self) -> list[Resource]:
        """Returns all resources.

        Raises:
            Invalid: the models refuse one.
        """
        return [self._store.resource(row) for row in self._store.index.rows()]

    async def namespaces(self) -> set[str]:
        return {item["metadata"]["name"] async for item in self.cluster.list(paths.NAMESPACES)}

    async def alone(self, lease: HostLease, work: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        """Does ``work`` while no operator can serve the host. ``work`` calls its argument before each of its acts.

        Raises:
            LeadershipLost: the API server was away for too long. Another run must finish what was begun.
        """
        await self.execute(MakeNamespace(lease.namespace))
        mine, done = Lease(self.cluster, lease.namespace, host_lease(lease.host), lease.identity), False

        async def working() -> None:
            nonlocal done
            await work(mine.check)
            done = True

        await mine.lead(working, asyncio.Event())
        if not done:
            raise LeadershipLost("the API server was away for too long: run it again, and it goes on")

    async def refuse_if_served(self, lease: HostLease) -> None:
        """Waits until the lease has expired, where a dead operator may have held it.

        Raises:
            MigrationRefused: an operator serves the host.
        """
        key, seen, left = Key("Lease", lease.namespace, host_lease(lease.host)), "", 0.0
        while True:
            try:
                found = await self.cluster.get(paths.LEASES, key)
            except NotFound:
                return
            spec, version = found.get("spec") or {}, found["metadata"]["resourceVersion"]
            holder = spec.get("holderIdentity")
            if not holder or holder == lease.identity:
                return
            if seen and version != seen:
                raise MigrationRefused([f"an operator serves host {lease.host} ({holder}): stop it first"])
            left = left - POLL_SECONDS if seen else float(spec.get("leaseDurationSeconds") or DURATION)
            if left <= 0:
                return
            seen = version
            await asyncio.sleep(POLL_SECONDS)

    # Writes ---------------------------------------------------------------------------------------------------------------

    async def execute(self, step: ClusterStep) -> None:
        match step:
            case MakeNamespace(name):
                body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                with suppress(AlreadyExists):
                    await self.cluster.create(paths.NAMESPACES, Key("Namespace", "default", name), body, MANAGER)
            case PutResource(resource, finalizers):
                await self._put(resource, finalizers)
            case HoldResource(key):
                await self._annotate(key, HELD, MANAGER)
            case LetGoResource(key):
                await self._annotate(key, HELD, None)
            case ReleaseObject(key, uid):
                await self._store.remove(key, uid)  # first: without its finalizers it would be placed again
                await self._store.release(key, uid)

    async def _put(self, resource: Resource, finalizers: tuple[str, ...]) -> None:
        key, row = resource.key, self._store.index.row(resource.key)
        wanted = self._body(resource, finalizers)
        if row is None:
            writing = partial(self.cluster.create, paths.PATHS[key.kind], key, wanted, MANAGER)
        else:
            known = await self.cluster.get(paths.PATHS[key.kind], key)
            patch = _difference(known, wanted)
            patch["metadata"] |= {"uid": row.uid, "resourceVersion": known["metadata"]["resourceVersion"]}
            writing = partial(self.cluster.patch, paths.PATHS[key.kind], key, patch, MANAGER)
        found = await written_whole(key.kind, wanted, writing, dry=False)
        await self._store.accept(found)
        uid = found["metadata"]["uid"]
        if key.kind in (VirtualMachineDeployment.KIND, SnapshotSchedule.KIND):
            self._uids[resource.metadata.uid] = uid
        if status := carried_status(resource, found["metadata"]["generation"]):
            await self._store.write_status(key, uid, status)

    def _body(self, resource: Resource, finalizers: tuple[str, ...]) -> Object:
        meta = resource.metadata
        metadata: Object = {"name": meta.name, "namespace": meta.namespace, "annotations": dict(meta.annotations)}
        if meta.labels:
            metadata["labels"] = dict(meta.labels)
        if meta.owner_references:
            metadata["ownerReferences"] = [self._owner(o).dump(defaults=True) for o in meta.owner_references]
        if finalizers:
            metadata["finalizers"] = list(finalizers)
        return {"apiVersion": API_VERSION, "kind": resource.kind, "metadata": metadata, "spec": resource.dump()["spec"]}

    def _owner(self, owner: OwnerReference) -> OwnerReference:
        return owner.model_copy(update={"uid": self._uids[owner.uid]})

    async def _annotate(self, key: Key, name: str, text: str | None) -> None:
        row = self._store.index.row(key)
        if row is None:
            raise StoreError(f"{key} has gone from the cluster meanwhile")
        patch = {"metadata": {"uid": row.uid, "annotations": {name: text}}}
        await self._store.accept(await self.cluster.patch(paths.PATHS[key.kind], key, patch, MANAGER))


def _difference(known: Object, wanted: Object) -> Object:
    """Returns the merge patch to what is wanted. Labels and annotations of others stay."""
    meta = {name: value for name, value in wanted["metadata"].items() if name not in ("name", "namespace")}
    others = [f for f in known["metadata"].get("finalizers") or () if f not in meta.get("finalizers", ())]
    if others:
        meta["finalizers"] = [*others, *meta.get("finalizers", ())]
    return {"metadata": meta, "spec": merge_difference(known.get("spec") or {}, wanted["spec"])}
