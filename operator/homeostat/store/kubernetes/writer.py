"""Writes desired state to a cluster for the REST API: one more writer beside kubectl and Flux."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from homeostat.models.base import API_VERSION, Key, Resource
from homeostat.planner.files.trash import DELETED_BY
from homeostat.runtime.machine.commands import outlived
from homeostat.store.errors import AlreadyExists, Conflict, FolderProblem, NotFound

from ..files.reading.validate import desired_part, key_to_write, resource_to_write
from ..index.index import Index
from ..index.store import IndexedStore
from ..merge import merge_difference, merge_patch
from ..three_way import ABSENT, Applied, left_alone
from .access import Access
from .applied import applied_by
from .cluster import APPLY_PATCH, MERGE_PATCH, Cluster
from .dropped import written_whole
from .errors import Forbidden
from .mirror import Mirror
from .objects import GRACE, Object
from .paths import PATHS

MANAGER = "homeostat-api"
"""The field manager of what comes over REST."""
COMMANDS = "homeostat-cli"
"""The field manager of what commands change."""
APPLIER = "homeostat-apply"
"""The field manager of `homeostat apply`. It must not make single changes too: then nobody could tell what was applied."""
ATTEMPTS = 6


class ClusterWriter(IndexedStore):
    """The API's store in Kubernetes mode, for one event loop. It reads from the mirror, and writes to the cluster."""

    shared = False

    def __init__(self, index: Index, mirror: Mirror, access: Access, manager: str = MANAGER) -> None:
        super().__init__(index)
        self._manager = manager
        self.mirror = mirror
        self._access = access
        self._cluster: Cluster | None = None
        self._connecting = asyncio.Lock()

    def errors(self) -> Sequence[FolderProblem]:
        return self.refusals()

    async def create(self, kind: str, document: Mapping[str, Any], author: str, dry: bool = False) -> Resource:
        """Creates an object. ``dry``: the API server judges it, and stores nothing.

        Raises:
            Invalid, AlreadyExists, ClusterError: and nothing was changed.
        """
        wanted = desired_part({"apiVersion": API_VERSION, "kind": kind, **document})
        key = key_to_write(wanted, None)
        body = {**wanted, "metadata": {**wanted["metadata"], "namespace": key.namespace}}
        cluster = await self._connected()
        try:
            creating = partial(cluster.create, PATHS[kind], key, body, self._manager)
            made = await written_whole(kind, body, creating, dry=dry)
        except AlreadyExists:
            row = self.index.row(key)
            raise AlreadyExists(key, deleting=row is not None and row.deleted is not None) from None
        return resource_to_write(wanted, None) if dry else await self._accepted(key, made)

    async def apply(
        self, resource: Resource, author: str, whole: bool = False, dry: bool = False, expected_version: str | None = None
    ) -> Applied:
        """Creates or changes the object by server-side apply, under a field manager of its own. That follows the three-way rule
        by itself: fields and disks that no earlier apply set belong to others. ``dry``: only says what it would do.
        ``expected_version``: the resourceVersion that it must have, or ABSENT.

        Raises:
            AlreadyExists (it is being deleted, or was to be absent), Conflict, Invalid, ClusterError: and nothing was changed.
        """
        key, cluster = resource.key, await self._connected()
        place: dict[str, Any] = {"name": key.name, "namespace": key.namespace}
        wanted = desired_part({"apiVersion": API_VERSION, "kind": key.kind, **resource.dump()})
        found = await _found(cluster, key)
        if found is not None:
            if expected_version == ABSENT:
                raise AlreadyExists(key)
            self._check_standing(key, found, expected_version)
            if expected_version is not None:
                place["resourceVersion"] = found["metadata"]["resourceVersion"]  # nobody else may write in between
        body = {**wanted, "metadata": {**wanted["metadata"], **place}}
        applying = partial(cluster.patch, PATHS[key.kind], key, body, APPLIER, type=APPLY_PATCH)
        after = await written_whole(key.kind, body, applying, dry=dry)
        if dry:
            known = found is not None and self.index.row(key) is not None  # else the mirror has not heard of it yet
            changed = await self._presumed(key, desired_part(after)) if known else resource_to_write(desired_part(after), None)
        else:
            changed = await self._accepted(key, after)
        if found is None:
            return Applied("created", resource=changed)
        if not dry and (forget := outlived(found, after)):
            changed = await self.patch(key, forget, author)  # another manager owns the note, so no apply can remove it
        left = () if applied_by(found, APPLIER) else left_alone(found, wanted)
        return Applied("unchanged" if desired_part(found) == desired_part(after) else "configured", left, changed)

    async def patch(
        self,
        key: Key,
        merge_patch: Mapping[str, Any],
        author: str,
        expected_version: str | None = None,
        dry: bool = False,
    ) -> Resource:
        """Changes metadata and spec by a merge patch (RFC 7386). What is added or replaced is applied (server-side apply). What
        is taken away may belong to others: no apply can remove that, so a merge patch does. ``dry``: the API server judges it,
        and stores nothing.

        Raises:
            NotFound, Conflict, AlreadyExists (it is being deleted), Invalid, ClusterError: and nothing was changed.
        """
        cluster, wanted_part = await self._connected(), desired_part(merge_patch)
        for _ in range(ATTEMPTS):
            found = await cluster.get(PATHS[key.kind], key)
            self._check_standing(key, found, expected_version)
            before = desired_part(found)
            wanted = _merged(before, wanted_part)
            wanted = _merged(wanted, outlived(before, wanted))
            key_to_write(wanted, key)
            difference = merge_difference(before, wanted)
            if not difference:
                return await self._accepted(key, found)
            try:
                written = await self._write(cluster, key, found, difference, dry)
                return await self._presumed(key, wanted) if dry else await self._accepted(key, written)
            except Conflict:  # changed in between: check it and make the patch again
                continue
        raise Conflict(key, expected_version or "an older one", "newer at each try")

    async def _write(self, cluster: Cluster, key: Key, found: Object, difference: dict[str, Any], dry: bool = False) -> Object:
        version = {"resourceVersion": found["metadata"]["resourceVersion"]}
        if _takes_away(found, difference):
            body = {**difference, "metadata": {**difference.get("metadata", {}), **version}}
            type = MERGE_PATCH
        else:
            intent = _merged(desired_part(applied_by(found, self._manager)), difference)
            place = {"name": key.name, "namespace": key.namespace}
            meta = {**intent.get("metadata", {}), **place, **version}
            body = {**intent, "apiVersion": API_VERSION, "kind": key.kind, "metadata": meta}
            type = APPLY_PATCH
        writing = partial(cluster.patch, PATHS[key.kind], key, body, self._manager, type=type)
        return await written_whole(key.kind, body, writing, dry=dry)

    async def delete(self, key: Key, author: str, force: bool = False) -> None:
        """Starts the deletion. With ``force`` the guest gets no grace period.

        Raises:
            NotFound, Conflict, ClusterError.
        """
        cluster = await self._connected()
        found = await cluster.get(PATHS[key.kind], key)
        uid = found["metadata"]["uid"]
        if not found["metadata"].get("deletionTimestamp") or force:
            notes = {DELETED_BY: author, **({GRACE: "0"} if force else {})}
            mark = {"metadata": {"uid": uid, "annotations": notes}}
            try:
                await asyncio.to_thread(self.mirror.take, [await cluster.patch(PATHS[key.kind], key, mark, self._manager)])
            except Forbidden:  # who may delete need not be one who may change: then nobody knows whose deletion it is
                if force:
                    raise
        answer = await cluster.delete(PATHS[key.kind], key, uid)
        if answer.get("kind") == key.kind and answer["metadata"].get("finalizers"):
            await asyncio.to_thread(self.mirror.take, [answer])
        else:
            await asyncio.to_thread(self.mirror.forget, key, uid)

    async def close(self) -> None:
        if self._cluster is not None:
            await self._cluster.close()

    async def _connected(self) -> Cluster:
        async with self._connecting:
            if self._cluster is None:
                self._cluster = await Cluster.connect(self._access)
            return self._cluster

    def _check_standing(self, key: Key, found: Object, expected: str | None) -> None:
        if found["metadata"].get("deletionTimestamp"):
            raise AlreadyExists(key, deleting=True)
        version = found["metadata"]["resourceVersion"]
        if expected is not None and expected != version and not self.mirror.same_since(key, found, expected):
            raise Conflict(key, expected, version)

    async def _presumed(self, key: Key, wanted: Mapping[str, Any]) -> Resource:
        """Returns the resource as a change would leave it, which was not made."""
        row = self.index.row(key)
        if row is None:
            raise NotFound(key)
        before, after = self.resource(row), resource_to_write(wanted, key)
        told = {"labels": after.metadata.labels, "annotations": after.metadata.annotations}
        return before.model_copy(update={"spec": after.spec, "metadata": before.metadata.model_copy(update=told)})

    async def _accepted(self, key: Key, found: Object) -> Resource:
        await asyncio.to_thread(self.mirror.take, [found])
        row = self.index.row(key)
        if row is None:
            raise NotFound(key)
        return self.resource(row)


async def _found(cluster: Cluster, key: Key) -> Object | None:
    try:
        return await cluster.get(PATHS[key.kind], key)
    except NotFound:
        return None


def _merged(before: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    merged = merge_patch(copy.deepcopy(dict(before)), dict(patch))
    assert isinstance(merged, dict)
    return merged


def _takes_away(before: Any, difference: Mapping[str, Any]) -> bool:
    """Tells whether a merge patch removes something, an item of a list included."""
    for name, part in difference.items():
        old = before.get(name) if isinstance(before, Mapping) else None
        if part is None or (isinstance(old, list) and old):
            return True
        if isinstance(part, Mapping) and _takes_away(old, part):
            return True
    return False
