"""The resources of one kind: found or refused, changed, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from collections.abc import Collection as Collected
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Any, Generic, TypeVar

from homeostat.accounts.rights import Right
from homeostat.models.base import API_VERSION, OWNER, Key, Model, Resource
from homeostat.models.kinds import STORED, kind_of
from homeostat.models.plugin import Plugin
from homeostat.runtime.engine.ports import SpecRevision, Unreadable
from homeostat.store import errors as store_errors
from homeostat.store.files.reading.validate import resource_to_write
from homeostat.store.index.row import Row
from homeostat.store.merge import merge_difference
from homeostat.store.three_way import ABSENT, Applied

from ..asking import Asking
from ..changing.admission import Admission
from ..changing.foresight import Foreseen, foresee
from ..changing.json_patch import apply_json_patch
from ..changing.spec_change import SpecChange, of_resource
from ..charges.charging import AskedMore, asked_by_plugin, asked_of
from ..charges.costs import COSTLY
from ..journal import fields_of
from ..naming.marks import NO_MARKS, Marks
from ..naming.names import check_name
from ..naming.veil import veiled_refusal, veiled_status
from ..refusals import BeingDeleted, NoSuchResource, NotYours, RefusedByModels, Stale

R = TypeVar("R", bound=Resource)

DEFAULT = "default"  # the namespace that documents need not name
EDIT_ATTEMPTS = 8
NAME_LIMIT = 253  # longer names are not looked up
Patch = Mapping[str, Any]


def of_spec(patch: Patch) -> Patch:
    """Wraps a patch of a spec into a patch of its resource. An empty patch stays empty."""
    return {"spec": dict(patch)} if patch else {}


def to_spec(spec: Model, wanted: Mapping[str, Any]) -> Patch:
    """Returns the patch of a resource that turns its spec into ``wanted``, and touches only what differs."""
    return of_spec(merge_difference(spec.dump(), wanted))


async def patched_spec(spec: Model, operations: Sequence[Any]) -> Patch:
    """Returns the patch of a resource that does to its spec what a JSON Patch says.

    Raises:
        PatchRefused: an operation cannot be carried out.
    """
    return to_spec(spec, await asyncio.to_thread(apply_json_patch, spec.dump(), operations))


class Collection(Generic[R]):
    """The resources of one kind, as an actor sees them: to him there are no others. Reads are quick queries of the index. Writes
    change the desired state, in a folder or a cluster, once they are admitted."""

    def __init__(self, asking: Asking, kind: type[R]) -> None:
        self.asking = asking
        self.store = asking.workspace.store
        self.namespace = DEFAULT if kind_of(kind).scope == "Cluster" else asking.workspace.namespace
        self.kind = kind
        self._desired = asking.workspace.desired
        self._admission = Admission(asking)
        self._changes = asking.changes

    async def count(self) -> int:
        """Counts them."""
        if self.asking.actor.everywhere(Right.SEE):
            return self.store.count(self.kind, self.namespace)
        return len([one for one in await self.store.list(self.kind, self.namespace) if await self.asking.may_to(Right.SEE, one)])

    def versions(self) -> Sequence[tuple[str, str, int]]:
        """Returns name, uid and version of each, by name. They tell whether a resource is still what was read."""
        return self.store.versions(self.kind, self.namespace)

    def row(self, name: str) -> Row | None:
        """Returns one as the index has it."""
        return self.store.index.row(self.key(name))

    @property
    def author(self) -> str:
        """Returns who the revisions say it was."""
        return self.asking.actor.author

    def key(self, name: str) -> Key:
        return Key(self.kind.KIND, self.namespace, name)

    async def revisions(self, resource: R) -> Sequence[SpecRevision]:
        """Returns the revisions of a resource's spec, newest first."""
        return await asyncio.to_thread(self.store.revisions, resource.key)

    async def find(self, name: str) -> R | None:
        """Returns the resource of that name, where there is one that the actor sees, and the models take."""
        found, refused = await self._look(name)
        return None if refused else found

    async def shown(self, name: str) -> R | None:
        """Returns the resource of that name as ``find`` does, also where the models refuse it: then as far as it can be read."""
        return (await self._look(name))[0]

    async def _accepted(self, name: str) -> R | None:
        """Finds it as ``find`` does.

        Raises:
            RefusedByModels: it is there, and the models refuse it.
        """
        found, refused = await self._look(name)
        if found is not None and refused:
            raise RefusedByModels(self.kind, name, refused)
        return found

    async def _look(self, name: str) -> tuple[R | None, str]:
        """Returns the resource, where the actor sees it, and why the models refuse it; empty: they take it."""
        if len(name) > NAME_LIMIT or "/" in name:
            return None, ""
        found, refused = await self.asking.read(self.key(name))
        if not isinstance(found, self.kind) or not await self.asking.may_to(Right.SEE, found):
            return None, ""
        return await veiled_status(self.asking, found), refused

    async def get(self, name: str, right: Right = Right.SEE) -> R:
        """Returns the resource of that name, to which the actor has a right.

        Raises:
            NoSuchResource: there is none.
            NotYours: he sees it, and has not that right.
            RefusedByModels: the models refuse it.
        """
        found = await self._accepted(name)
        if found is None:
            raise NoSuchResource(self.kind, name)
        await self._check(right, found)
        return found

    async def condemned(self, name: str) -> R:
        """Returns the resource of that name, to be deleted: also one that the models refuse, as far as it can be read.

        Raises:
            NoSuchResource: there is none.
        """
        found = await self.shown(name)
        if found is None:
            raise NoSuchResource(self.kind, name)
        return found

    async def _check(self, right: Right, resource: R) -> None:
        if right is not Right.SEE and not await self.asking.may_to(right, resource):
            raise NotYours(self.kind, resource.metadata.name, right)

    async def standing(self, name: str) -> R:
        """Returns the resource of that name, which is not being deleted.

        Raises:
            NoSuchResource: there is none.
            BeingDeleted: it is being deleted.
        """
        found = await self.get(name)
        if found.deleting:
            raise BeingDeleted(self.kind, name)
        return found

    async def judge(self, before: R, after: R) -> SpecChange:
        """Returns what the change from ``before`` to ``after`` takes."""
        return of_resource(before, after)

    async def foresee(self, resource: R) -> Foreseen | None:
        """Returns what `up` would find on the host if the resource were like this. None: nothing is made on a host for it."""
        return await foresee(self.asking, resource)

    async def make(
        self,
        name: str,
        spec: Mapping[str, Any],
        dry: bool = False,
        marks: Marks = NO_MARKS,
        needed: Collected[Key] = (),
    ) -> R:
        """Creates the resource of that name and spec, and returns it. Raises what ``create`` does."""
        document = {"apiVersion": API_VERSION, "kind": self.kind.KIND, "metadata": {"name": name}, "spec": dict(spec)}
        return await self.create(document, dry, marks, needed)

    async def create(
        self, document: Mapping[str, Any], dry: bool = False, marks: Marks = NO_MARKS, needed: Collected[Key] = ()
    ) -> R:
        """Creates the resource of a document, and returns it. ``dry``: writes nothing, and returns it as it would be.
        ``marks``: what the document itself must not say. ``needed``: Disks and Images that it names, and that have to be there.

        Raises:
            Refusal: it must not be created.
            StoreError: AlreadyExists, Invalid.
        """
        async with self._noting("create", str(dict(document["metadata"]).get("name", "")), dry):
            return await self._create(document, dry, marks, needed)

    async def _create(self, document: Mapping[str, Any], dry: bool, marks: Marks, needed: Collected[Key]) -> R:
        wanted = await self._admission.new(document)
        meta = dict(document["metadata"])
        if labels := self.asking.labelled({**(meta.get("labels") or {}), **marks.labels}):
            meta["labels"] = labels
        if marks.annotations:
            meta["annotations"] = {**(meta.get("annotations") or {}), **marks.annotations}
        if self.namespace != DEFAULT:
            meta["namespace"] = self.namespace
        await check_name(self.asking, self.key(str(meta.get("name", ""))))
        try:
            async with self._charging(self.asking.actor.name, None, wanted, dry), self._naming(None, wanted, needed):
                made = await self._desired.create(self.kind.KIND, {**document, "metadata": meta}, self.author, dry)
        except store_errors.AlreadyExists as error:
            raise await veiled_refusal(self.asking, error.key, error) from error
        assert isinstance(made, self.kind)
        return made

    async def apply(self, document: Mapping[str, Any], dry: bool = False) -> tuple[R | None, Applied]:
        """Creates the resource of a document, or changes it by the three-way rule of ``homeostat apply``. Returns the resource
        before (None: there was none), and what was done. ``dry``: writes nothing, and returns what would be done.

        Raises:
            Refusal: it must not become that.
            StoreError: AlreadyExists, Invalid, NotEditable, Conflict (others changed it at each try).
        """
        given = fields_of({"spec": dict(document.get("spec") or {})})
        async with self._noting("apply", str(dict(document["metadata"]).get("name", "")), dry, given):
            for _ in range(EDIT_ATTEMPTS - 1):
                with suppress(store_errors.Conflict):
                    return await self._apply(document, dry)
            return await self._apply(document, dry)

    async def _apply(self, document: Mapping[str, Any], dry: bool) -> tuple[R | None, Applied]:
        meta = {**document["metadata"], **({} if self.namespace == DEFAULT else {"namespace": self.namespace})}
        key = self.key(str(meta.get("name", "")))
        before = await self._accepted(key.name)
        if before is None:
            if await self.asking.sees(key) is False:
                raise store_errors.AlreadyExists(key)
            await self._admission.new({**document, "metadata": meta})
            await check_name(self.asking, key)
            owned = self.asking.labelled({})
        else:
            await self._check(Right.CHANGE, before)
            owned = {OWNER: before.metadata.labels[OWNER]} if OWNER in before.metadata.labels else {}
        labels = {**owned, **(meta.get("labels") or {})}
        wanted = resource_to_write({**document, "metadata": {**meta, "labels": labels}}, None)
        version = before.metadata.resource_version if before is not None else ABSENT
        try:
            becomes, owner = wanted, self.asking.actor.name
            if before is not None:
                presumed = await self._desired.apply(wanted, self.author, False, True, version)
                assert presumed.resource is not None
                becomes, owner = presumed.resource, (await self.asking.subject(before)).owner
                await self._admission.become(before, becomes)
            async with self._charging(owner, before, becomes, dry), self._naming(before, becomes):
                applied = await self._desired.apply(wanted, self.author, False, dry, version)
            assert applied.resource is not None
            return before, replace(applied, resource=await veiled_status(self.asking, applied.resource))
        except (store_errors.AlreadyExists, store_errors.NotEditable) as error:
            raise await veiled_refusal(self.asking, key, error) from error

    async def patch(
        self,
        resource: R,
        merge_patch: Patch,
        expected_version: str | None = None,
        dry: bool = False,
        needed: Collected[Key] = (),
    ) -> R:
        """Applies a merge patch, and returns the resource after the change. ``dry``: writes nothing, and returns the
        resource as it would be. ``needed``: Disks and Images that it names then, and that have to be there.

        Raises:
            Stale: it does not have the expected version any more.
            BeingDeleted: it is being deleted.
            NotYours: it is not the actor's to change.
            Refusal: it must not be changed so.
            StoreError: NotFound, Conflict, Invalid.
        """
        if not merge_patch and expected_version is None:
            return resource
        async with self._noting("change", resource.metadata.name, dry, fields_of(merge_patch)):
            return await self._patch(resource, merge_patch, expected_version, dry, needed)

    async def _patch(self, resource: R, merge_patch: Patch, expected_version: str | None, dry: bool, needed: Collected[Key]) -> R:
        await self._check(Right.CHANGE, resource)
        wanted = await self._admission.change(resource, merge_patch) if merge_patch else None
        owner = (await self.asking.subject(resource)).owner
        try:
            async with self._charging(owner, resource, wanted, dry), self._naming(resource, wanted, needed):
                changed = await self._desired.patch(resource.key, merge_patch, self.author, expected_version, dry)
        except store_errors.AlreadyExists as error:  # it is there, and is being deleted
            raise BeingDeleted(self.kind, resource.metadata.name) from error
        except store_errors.NotEditable as error:
            raise await veiled_refusal(self.asking, resource.key, error) from error
        except store_errors.Conflict as error:
            if expected_version is None:
                raise
            raise Stale((await self.get(resource.metadata.name)).metadata.resource_version) from error
        assert isinstance(changed, self.kind)
        return await veiled_status(self.asking, changed)

    async def edit(
        self,
        name: str,
        version: str | None,
        change: Callable[[R], Awaitable[Patch]],
        dry: bool = False,
        needed: Collected[Key] = (),
    ) -> tuple[R, R]:
        """Applies the patch that ``change`` makes from the current resource. Where the resource changes meanwhile, ``change`` is
        called again, unless ``version`` names the version to change. Returns the resource before and after. ``needed``: see
        ``patch``.

        Raises:
            NoSuchResource: there is none of that name.
            Stale: it does not have that version.
            StoreError: Conflict (others changed it at each try), Invalid.
        """
        for _ in range(EDIT_ATTEMPTS):
            before = await self.get(name)
            try:
                patch = await change(before)
                return before, await self.patch(before, patch, version or before.metadata.resource_version, dry, needed)
            except Stale:
                if version is not None:
                    raise
        raise store_errors.Conflict(self.key(name), before.metadata.resource_version, "newer")

    async def delete(self, resource: R, force: bool = False) -> None:
        """Deletes a resource.

        Raises:
            NotYours: it is not the actor's to delete.
            StoreError: nothing was changed.
        """
        async with self._noting("delete", resource.metadata.name):
            await self._check(Right.CHANGE, resource)
            try:
                await self._desired.delete(resource.key, self.author, force)
            except store_errors.NotEditable as error:
                raise await veiled_refusal(self.asking, resource.key, error) from error
            if self.kind in COSTLY:
                await self.asking.ledger.settle(resource.key)

    @asynccontextmanager
    async def _charging(self, owner: str, before: R | None, wanted: Resource | None, dry: bool) -> AsyncIterator[None]:
        """Charges the owner for what is made or changed within it, and gives that back where it fails.

        Raises:
            OverQuota: he would have more than he may.
        """
        ledger = self.asking.ledger
        async with AsyncExitStack() as charged:
            for asked in await self._asked(owner, before, wanted) if owner and wanted is not None else ():
                if dry:
                    await ledger.check(owner, asked.key, asked.cost, asked.had)
                else:
                    await charged.enter_async_context(ledger.charging(owner, asked.key, asked.cost, asked.had))
            yield

    async def _asked(self, owner: str, before: R | None, wanted: Resource) -> list[AskedMore]:
        """Returns what the owner is to have more of. A plugin costs nothing, but what he has made from it."""
        if not isinstance(wanted, Plugin):
            return await asked_of(self.store, before, wanted)
        his = list[Resource]()
        for key in self.store.users_of_plugin(wanted.key):
            with suppress(Unreadable):  # one that the models refuse costs what it did
                user = await self.store.get(STORED[key.kind], key)
                if user is not None and (await self.asking.subject(user)).owner == owner:
                    his.append(user)
        return await asked_by_plugin(self.store, wanted, his)

    @asynccontextmanager
    async def _naming(self, before: R | None, wanted: Resource | None, needed: Collected[Key] = ()) -> AsyncIterator[None]:
        """Lets nothing be deleted meanwhile that the resource names from now on.

        Raises:
            BeingDeleted: something of that is being deleted.
            NoSuchResource: it is ``needed``, and has gone.
        """
        named = self._admission.newly_named(before, wanted) if wanted is not None else frozenset()
        if not named:
            yield
            return
        async with self.asking.turn:
            await self._admission.standing(named, needed)
            yield

    def _noting(self, verb: str, name: str, dry: bool = False, message: str = "") -> AbstractAsyncContextManager[None]:
        return nullcontext() if dry else self.asking.noting(verb, self.kind.KIND, name, message)

    async def wait(self, name: str, done: Callable[[R | None], bool], seconds: float) -> tuple[bool, R | None]:
        """Waits until ``done`` holds of the resource (None: it has gone), for ``seconds`` at the most. Returns whether it holds,
        and the last state of the resource."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        while True:
            version = self._changes.version()
            found = await self.shown(name)
            if done(found):
                return True, found
            left = deadline - clock()
            if left <= 0 or self._changes.stopping:
                return False, found
            await self._changes.wait(version, left)

    async def wait_gone(self, resource: R, seconds: float) -> tuple[bool, R | None]:
        """Waits as ``wait`` does, until the resource has gone or another one has its name: a replica comes back with the uid that
        it had."""
        uid = resource.metadata.uid
        return await self.wait(
            resource.metadata.name, lambda found: found is None or found.metadata.uid != uid or not found.deleting, seconds
        )
