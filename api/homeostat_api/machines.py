"""The machines of the store, as the resources need them: found or 404, changed, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import falcon

from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.ports import Revision
from homeostat.store import errors as store_errors
from homeostat.store.files.store import FilesStore

from .changes import Changes
from .errors import deleting, machine_not_found
from .preconditions import stale

NAMESPACE = "default"
AUTHOR = "api"
EDIT_ATTEMPTS = 8
NAME_LIMIT = 253  # longer names are not looked up


def key_of(name: str) -> Key:
    return Key(VirtualMachine.KIND, NAMESPACE, name)


class Machines:
    """Reads are quick looks into the index; writes edit YAML and so run in a thread."""

    def __init__(self, store: FilesStore, changes: Changes) -> None:
        self._store = store
        self._changes = changes

    async def find(self, name: str) -> VirtualMachine | None:
        if len(name) > NAME_LIMIT or "/" in name:
            return None
        found = await self._store.get(key_of(name))
        return found if isinstance(found, VirtualMachine) else None

    async def get(self, name: str) -> VirtualMachine:
        """
        Raises:
            Problem: 404, there is none of that name.
        """
        machine = await self.find(name)
        if machine is None:
            raise machine_not_found(name)
        return machine

    async def create(self, document: Mapping[str, Any]) -> VirtualMachine:
        """
        Raises:
            StoreError: AlreadyExists, Invalid.
        """
        made = await asyncio.to_thread(self._store.create, VirtualMachine.KIND, document, AUTHOR)
        assert isinstance(made, VirtualMachine)
        return made

    async def patch(
        self, machine: VirtualMachine, merge_patch: Mapping[str, Any], expected_version: str | None = None
    ) -> VirtualMachine:
        """The machine after the change.

        Raises:
            Problem: 412, it has not the expected version any more; 409, it is being deleted.
            StoreError: NotFound, Conflict, Invalid.
        """
        if not merge_patch and expected_version is None:
            return machine
        try:
            changed = await asyncio.to_thread(
                self._store.patch, machine.key, merge_patch, AUTHOR, expected_version=expected_version
            )
        except store_errors.AlreadyExists as error:  # it stands and is on its way out
            raise deleting(machine.metadata.name) from error
        except store_errors.Conflict as error:
            if expected_version is None:
                raise
            raise stale((await self.get(machine.metadata.name)).metadata.resource_version) from error
        assert isinstance(changed, VirtualMachine)
        return changed

    async def edit(
        self, name: str, version: str | None, change: Callable[[VirtualMachine], Mapping[str, Any]]
    ) -> tuple[VirtualMachine, VirtualMachine]:
        """Applies a patch that was made from the machine as it stands; made anew where it changed meanwhile, unless the
        request named a version. Gives the machine before and after.

        Raises:
            Problem: 404; 412, it has not the version.
            StoreError: Conflict (it never stood still), Invalid.
        """
        for _ in range(EDIT_ATTEMPTS):
            before = await self.get(name)
            try:
                return before, await self.patch(before, change(before), version or before.metadata.resource_version)
            except falcon.HTTPError as error:
                if version is not None or error.status_code != 412:
                    raise
        raise store_errors.Conflict(key_of(name), before.metadata.resource_version, "newer")

    async def delete(self, machine: VirtualMachine, force: bool) -> None:
        await asyncio.to_thread(self._store.delete, machine.key, AUTHOR, force=force)

    async def revisions(self, machine: VirtualMachine) -> Sequence[Revision]:
        """Newest first."""
        return await asyncio.to_thread(self._store.revisions, machine.key)

    async def wait(
        self, name: str, done: Callable[[VirtualMachine | None], bool], seconds: float
    ) -> tuple[bool, VirtualMachine | None]:
        """Whether ``done`` held of the machine (None: it is gone) within the time, and the machine as last seen."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        while True:
            version = self._changes.version()
            machine = await self.find(name)
            if done(machine):
                return True, machine
            left = deadline - clock()
            if left <= 0 or self._changes.stopping:
                return False, machine
            await self._changes.wait(version, left)
