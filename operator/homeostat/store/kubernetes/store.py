"""KubernetesStore: custom resources are the truth. Reads come from the mirrored index, and writes go to the API server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from homeostat.models.base import API_VERSION, IDENTITY, Key, Model, Resource
from homeostat.models.condition import READY, STALLED, Condition
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.host_uri import unallowed
from homeostat.models.image import Image
from homeostat.models.kinds import STORED, kind_of
from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.models.network import Network
from homeostat.models.snapshot import Snapshot
from homeostat.planner.placement import PLACEMENTS, host_finalizer
from homeostat.runtime.engine.ports import Happening
from homeostat.store.errors import AlreadyExists, Conflict, DocumentProblem, FolderProblem, Invalid, NotFound, StoreError

from ..hostpaths import relative_paths
from ..index import records
from ..index.index import Index, timestamp
from ..index.refused import LEAST, left_to_delete
from ..index.row import Row
from ..index.store import IndexedStore
from ..merge import merge_difference
from ..placed import is_ours
from .cluster import Cluster
from .dropped import DroppedFields
from .errors import ClusterUnavailable, Forbidden, NamespaceMissing
from .events import EventRecorder
from .mirror import Mirror
from .objects import Object
from .paths import PATHS

log = logging.getLogger(__name__)

_IDENTIFIED = (VirtualMachine, Disk, Image, Network, Snapshot)
"""The kinds of which hosts know something by their identity."""
MANAGER = "homeostat"
"""The field manager of what the operator writes."""
ATTEMPTS = 6
"""Tries of a write that conflicts with the writes of others."""


class KubernetesStore(IndexedStore):
    """What the operator needs of a cluster, for one event loop. For the API's writes see homeostat.store.kubernetes.writer."""

    shared = False

    def __init__(
        self,
        index: Index,
        cluster: Cluster,
        instance: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        host_files: Collection[str] = (),
        serves: Callable[[Host], bool] = lambda host: False,
    ) -> None:
        """Takes the index and the cluster. ``host_files``: files that the addresses of those Hosts may name that this
        operator ``serves``. What others may name is theirs to judge."""
        super().__init__(index)
        self._host_files, self._serves = host_files, serves
        self.cluster = cluster
        self.mirror = Mirror(index)
        self._events = EventRecorder(cluster, instance)
        self._clock = clock
        self._dropped = DroppedFields()
        self._refused: dict[Key, str] = {}  # what an event said of a resource whose status could not be written

    def resource(self, row: Row) -> Resource:
        """Returns the model of a row, as every store does. A resource that is being deleted can be torn down even where the
        models refuse its spec."""
        try:
            return super().resource(row)
        except Invalid:
            spec = left_to_delete(row) if row.deleted is not None else None
            if spec is None:
                raise
            return super().resource(replace(row, spec=json.dumps(spec), status=None))

    def errors(self) -> Sequence[FolderProblem]:
        return self.refusals()

    def check(self, resource: Resource) -> None:
        """Refuses what a cluster cannot have: a relative path, an identity that another resource has, an address of a Host that
        is not allowed."""
        wrong = "is relative to nothing in a cluster: write the absolute path that the file has on the hosts, or a url"
        if fields := list(relative_paths(resource.spec, "spec")):
            raise Invalid([DocumentProblem(field, wrong) for field in fields], str(resource.key))
        if isinstance(resource, _IDENTIFIED) and not resource.deleting and self._takes_anothers_identity(resource):
            taken = "is the uid of another resource: take the annotation away"
            raise Invalid([DocumentProblem(f"metadata.annotations[{IDENTITY}]", taken)], str(resource.key))
        uri = resource.spec.uri if isinstance(resource, Host) and self._serves(resource) else None
        if uri and (why := unallowed(uri, self._host_files)):
            raise Invalid([DocumentProblem("spec.uri", why)], str(resource.key))

    def _takes_anothers_identity(self, resource: Resource) -> bool:
        identity, own = resource.identity, resource.metadata.uid
        return identity != own and bool(self.index.read("SELECT 1 FROM resources WHERE uid=?", (identity,)))

    # The operator's writes ----------------------------------------------------------------------------------------------

    async def write_status(self, key: Key, uid: str, status: Model) -> None:
        """Sends one patch of what differs, and none where nothing does that the cluster would keep.

        Raises:
            ClusterError, Invalid.
        """
        row = self.index.row(key)
        if row is None or row.uid != uid:
            return
        before = json.loads(row.status) if row.status else {}
        wanted = self.status_form(status)
        if not merge_difference(before, self._dropped.kept(key.kind, "status", wanted)):
            return
        difference = merge_difference(before, wanted)
        body = {"metadata": {"uid": uid}, "status": difference}
        try:
            after = await self.cluster.patch(PATHS[key.kind], key, body, MANAGER, status=True)
            self._dropped.note(key.kind, {"status": difference}, after)
            await self.accept(after)
        except (NotFound, Conflict):  # it has gone, or another one has its name now
            log.debug("%s: has gone before its status was written", key)

    def status_form(self, status: Model) -> dict[str, Any]:
        """Returns the status in the form in which it is written and read again."""
        body: dict[str, Any] = _without_blanks(status.model_dump(mode="json", by_alias=True, exclude_none=True))
        return body

    async def refuse(self, key: Key, error: Invalid) -> None:
        """Says in a resource's status that the models refuse its spec. An older CRD may have accepted it.

        Raises:
            ClusterError, Invalid.
        """
        row = self.index.row(key)
        if row is None or "status" not in STORED[key.kind].model_fields:
            return
        message = f"{'; '.join(str(problem) for problem in error.problems)}. Nothing is changed until that is mended"
        before = json.loads(row.status) if row.status else {}
        conditions = _refusal(row, message, before.get("conditions") or (), timestamp(self._clock()))
        wanted = {**before, "observedGeneration": row.generation, "conditions": conditions}
        difference = merge_difference(before, wanted)
        if not difference or self._refused.get(key) == message:
            return
        body = {"metadata": {"uid": row.uid}, "status": difference}
        try:
            await self.accept(await self.cluster.patch(PATHS[key.kind], key, body, MANAGER, status=True))
        except Invalid:  # before 1.30 a server refuses the status of an object that today's schema refuses
            self._refused[key] = message
            log.warning("%s: %s", key, message)
            await self._tell(key, row.uid, Happening("Warning", "InvalidSpec", message))
        except (NotFound, Conflict):
            log.debug("%s: has gone before its status was written", key)

    async def report(self, key: Key, uid: str, status: Model | None, happenings: Sequence[Happening]) -> None:
        """Writes events first, so that who waits for a status finds them."""
        for happening in happenings:
            await self._tell(key, uid, happening)
        if status is not None:
            await self.write_status(key, uid, status)

    async def record_event(self, key: Key, type: str, reason: str, message: str, fields: Mapping[str, Any] | None = None) -> None:
        row = self.index.row(key)
        happening = Happening("Warning" if type == "Warning" else "Normal", reason, message, dict(fields or {}))
        await self._tell(key, row.uid if row else "", happening)

    async def release(self, key: Key, uid: str, *, only: str = "") -> None:
        """Removes our finalizers, or the one that is named."""

        def without(found: Object) -> Object | None:
            left = [f for f in found["metadata"].get("finalizers") or () if not (f == only if only else is_ours(f))]
            return None if left == found["metadata"].get("finalizers") else {"metadata": {"finalizers": left}}

        try:
            after = await self._change(key, uid, without)
        except Invalid:
            # Before 1.30 a server refuses any change of an object that today's schema refuses, even this one. Nothing is left
            # that the spec describes, and the object goes: with the least of a spec the change is accepted.
            row = self.index.row(key)
            if row is None or row.deleted is None:
                raise
            least = left_to_delete(row) or LEAST.get(key.kind)

            def lessened(found: Object) -> Object | None:
                before = found.get("spec")
                spec = None if least is None else merge_difference(before if isinstance(before, dict) else {}, least)
                return (patch := without(found)) and {**patch, "spec": spec}

            after = await self._change(key, uid, lessened)
        self.forget_model(key)
        self._refused.pop(key, None)
        if after is not None:
            await self._tell_held(key, after)

    async def _tell_held(self, key: Key, found: Object) -> None:
        """Says of what has gone that others hold its object. No reconcile will say so: it has no finalizer of ours."""
        meta, before = found["metadata"], found.get("status") or {}
        holding = meta.get("finalizers") or []
        if not meta.get("deletionTimestamp") or not holding or any(map(is_ours, holding)) or "conditions" not in before:
            return
        said = f"all of it is gone; the object waits for finalizers of others: {', '.join(holding)}"
        ready = Condition(type=READY, status="False", reason="Terminating", message=said, observed_generation=meta["generation"])
        conditions = [{**ready.dump(), "lastTransitionTime": timestamp(self._clock())}]
        status: dict[str, Any] = {"observedGeneration": meta["generation"], "conditions": conditions}
        if key.kind == VirtualMachine.KIND:
            status["state"] = MachineState.DELETING.value
        body = {"metadata": {"uid": meta["uid"]}, "status": merge_difference(before, status)}
        with contextlib.suppress(NotFound, Conflict, Invalid):
            await self.accept(await self.cluster.patch(PATHS[key.kind], key, body, MANAGER, status=True))

    async def hold(self, key: Key, uid: str, finalizers: Collection[str]) -> bool:
        """Adds finalizers, so that the object does not go before we have cleaned up. Returns whether it has them now."""

        def held(found: Object) -> Object | None:
            return None if found["metadata"].get("deletionTimestamp") else _with_finalizers(found, finalizers)

        found = await self._change(key, uid, held)
        return found is not None and set(finalizers) <= set(found["metadata"].get("finalizers") or ())

    async def place(self, key: Key, uid: str, host: str) -> bool:
        """Places a machine or a Disk on a host. Returns whether it is there now: only the first of several placements counts."""
        wanted = host_finalizer(host)

        def placed(found: Object) -> Object | None:
            taken = any(is_ours(f) for f in found["metadata"].get("finalizers") or ())
            return None if taken or found["metadata"].get("deletionTimestamp") else _with_finalizers(found, [wanted])

        found = await self._change(key, uid, placed)
        return found is not None and wanted in (found["metadata"].get("finalizers") or ())

    async def bind(self, deployment: Key, uid: str, machine: str, host: str) -> None:
        """Records in an annotation of a stateful deployment which host has the disks of one of its machines. The first record
        counts. The finalizers of the deployment name that host too: when the deployment ends, the host says that it has looked
        for kept disks."""

        def bound(found: Object) -> Object | None:
            known = json.loads((found["metadata"].get("annotations") or {}).get(PLACEMENTS) or "{}")
            if machine in known:
                return None
            patch = dict(_with_finalizers(found, [host_finalizer(host)]) or {"metadata": {}})
            patch["metadata"] |= {"annotations": {PLACEMENTS: json.dumps({**known, machine: host}, sort_keys=True)}}
            return patch

        await self._change(deployment, uid, bound)

    async def apply_owned(self, resource: Resource, finalizers: Sequence[str] = ()) -> None:
        """Writes a resource that the operator owns, see ResourceStore. ``finalizers`` are for a new one.

        Raises:
            AlreadyExists: there is one of that name that is not ours.
        """
        key, row = resource.key, self.index.row(resource.key)
        owner = resource.metadata.owner_references[0].uid if resource.metadata.owner_references else ""
        if row is None:
            body = _body(resource)
            if finalizers and kind_of(resource).torn_down:
                body["metadata"]["finalizers"] = list(finalizers)
            try:
                made = await self.cluster.create(PATHS[key.kind], key, body, MANAGER)
                self._dropped.note(key.kind, {"spec": body["spec"]}, made)
                await self.accept(made)
            except AlreadyExists:  # its event is still to come, or it is somebody else's
                await self.accept(await self.cluster.get(PATHS[key.kind], key))
                raise
            return
        if owner not in _owners(row):
            raise AlreadyExists(key)

        def changed(found: Object) -> Object | None:
            if found["metadata"].get("deletionTimestamp"):
                return None
            wanted, meta = _body(resource), found["metadata"]
            patch: dict[str, Any] = {"metadata": {}}
            for part in ("labels", "annotations"):  # what others wrote there stays
                now = meta.get(part) or {}
                if inner := {name: text for name, text in wanted["metadata"].get(part, {}).items() if now.get(name) != text}:
                    patch["metadata"][part] = inner
            spec = self._dropped.kept(key.kind, "spec", wanted.get("spec", {}))
            if inner := merge_difference(found.get("spec") or {}, spec):
                patch["spec"] = inner
            return patch if patch["metadata"] or "spec" in patch else None

        await self._change(key, row.uid, changed)

    async def delete_owned(self, key: Key, annotations: Mapping[str, str]) -> None:
        """Deletes a resource that the operator owns. It stays where it lost its owner meanwhile: who deletes the owner with
        --cascade=orphan wants it to stay."""
        row = self.index.row(key)
        if row is None or row.deleted is not None:
            return
        if annotations:
            await self._change(key, row.uid, lambda found: {"metadata": {"annotations": dict(annotations)}})
        for _ in range(ATTEMPTS):
            now = self.index.row(key)
            if now is None or now.uid != row.uid or _owners(now) != _owners(row):
                return
            try:
                return await self._remove(key, now.uid, now.hash)
            except NotFound:
                return await asyncio.to_thread(self.mirror.forget, key, now.uid)
            except Conflict:
                with contextlib.suppress(NotFound):
                    await self.accept(await self.cluster.get(PATHS[key.kind], key))
        raise Conflict(key, "an older one", "newer at each try")

    async def remove(self, key: Key, uid: str | None) -> None:
        """Starts the deletion of one object. Does nothing where it has gone."""
        try:
            await self._remove(key, uid)
        except (NotFound, Conflict):
            log.debug("%s: has gone before it was deleted", key)

    async def _remove(self, key: Key, uid: str | None, version: str | None = None) -> None:
        answer = await self.cluster.delete(PATHS[key.kind], key, uid, version)
        if answer.get("kind") == key.kind and (answer["metadata"].get("finalizers")):
            await self.accept(answer)
        else:
            await asyncio.to_thread(self.mirror.forget, key, uid)

    async def accept(self, found: Object) -> Object:
        """Takes an answer of the server into the index at once, so that the writer reads what it wrote."""
        await asyncio.to_thread(self.mirror.take, [found])
        return found

    async def _change(self, key: Key, uid: str, patch_of: Callable[[Object], Object | None]) -> Object | None:
        """Changes an object by a patch that is made from its current state, and again where that changed meanwhile. Returns None
        where it has gone.

        Raises:
            Conflict: others changed it at each try.
            NamespaceMissing: it is there, and cannot be changed.
        """
        known = self._as_known(key, uid)
        for _ in range(ATTEMPTS):
            try:
                found = known or await self.cluster.get(PATHS[key.kind], key)
                if found["metadata"]["uid"] != uid:
                    return None
                patch = patch_of(found)
                if patch is None:
                    return found
                condition = {"uid": uid, "resourceVersion": found["metadata"]["resourceVersion"]}
                body = {**patch, "metadata": {**patch.get("metadata", {}), **condition}}
                after = await self.cluster.patch(PATHS[key.kind], key, body, MANAGER)
            except NamespaceMissing:
                raise
            except NotFound:
                await asyncio.to_thread(self.mirror.forget, key, uid)
                return None
            except Conflict:
                known = None  # it is newer than what we know: ask the server
                continue
            if after["metadata"].get("deletionTimestamp") and not after["metadata"].get("finalizers"):
                await asyncio.to_thread(self.mirror.forget, key, uid)  # it was the last finalizer
            else:
                await self.accept(after)
            return after
        raise Conflict(key, "an older one", "newer at each try")

    def _as_known(self, key: Key, uid: str) -> Object | None:
        row = self.index.row(key)
        return row.document_form() if row is not None and row.uid == uid else None

    async def _tell(self, key: Key, uid: str, happening: Happening) -> None:
        """Records an event. Where that fails, it must not delay what the event is about."""
        records.report(self.index, self._clock(), key, uid, None, [happening])
        try:
            await self._events.record(key, uid, happening)
        except ClusterUnavailable:
            raise
        except StoreError as error:
            ending = isinstance(error, Forbidden) and "is being terminated" in str(error)  # that namespace takes no more
            log.log(logging.DEBUG if ending else logging.INFO, "%s: event %s was not recorded: %s", key, happening.reason, error)


def _with_finalizers(found: Object, finalizers: Collection[str]) -> dict[str, Any] | None:
    """Returns the patch that adds the finalizers. None: the object has them."""
    known = found["metadata"].get("finalizers") or []
    missing = [f for f in finalizers if f not in known]
    return {"metadata": {"finalizers": [*known, *missing]}} if missing else None


def _owners(row: Row) -> set[str]:
    return {str(owner.get("uid")) for owner in json.loads(row.metadata).get("ownerReferences", ())}


def _without_blanks(value: Any) -> Any:
    """Removes empty texts, which mean the same as none, such as messages of conditions."""
    if isinstance(value, dict):
        return {name: _without_blanks(part) for name, part in value.items() if part != ""}
    return [_without_blanks(part) for part in value] if isinstance(value, list) else value


def _refusal(row: Row, message: str, before: Sequence[Object], now: str) -> list[dict[str, Any]]:
    """Returns the conditions of an invalid resource, as JSON: the models may refuse those that it has."""
    known = {str(c.get("type")): c for c in before}
    made = [
        Condition(type=READY, status="False", reason="InvalidSpec", message=message, observed_generation=row.generation),
        Condition(type=STALLED, status="True", reason="InvalidSpec", message=message, observed_generation=row.generation),
    ]
    found = []
    for condition in made:
        old = known.get(condition.type, {})
        since = old.get("lastTransitionTime") if old.get("status") == condition.status else None
        found.append({**condition.dump(), "lastTransitionTime": since or now})
    return found


def _body(resource: Resource) -> dict[str, Any]:
    """Returns a new object of ours in the form that the server takes."""
    meta = resource.metadata
    metadata: dict[str, Any] = {"name": meta.name}
    if kind_of(resource).scope == "Namespaced":
        metadata["namespace"] = meta.namespace
    if meta.labels:
        metadata["labels"] = dict(meta.labels)
    if meta.annotations:
        metadata["annotations"] = dict(meta.annotations)
    if meta.owner_references:
        metadata["ownerReferences"] = [o.dump(defaults=True) for o in meta.owner_references]
    body: dict[str, Any] = {"apiVersion": API_VERSION, "kind": resource.kind, "metadata": metadata}
    body["spec"] = {name: part for name, part in resource.spec.dump().items() if part != ""}
    assert resource.kind in STORED
    return body
