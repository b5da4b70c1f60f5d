"""The machines, with what their plugins give to them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeostat.models.machine import Resources, VirtualMachine
from homeostat.runtime.engine.ports import SpecRevision
from homeostat.runtime.machine.effective import Effective, follows_plugin
from homeostat.store.desired import Workspace

from .changes import Changes
from .collection import Collection
from .plugins import Plugins


class Machines(Collection[VirtualMachine]):
    """The machines of one namespace."""

    def __init__(self, workspace: Workspace, changes: Changes, plugins: Plugins) -> None:
        super().__init__(workspace, changes, VirtualMachine)
        self._plugins = plugins
        self._effective = Effective(self.store)

    async def effective(self, machine: VirtualMachine) -> VirtualMachine:
        """Returns the machine with what its plugin adds to it. The spec of a replica has that already."""
        return (await self._effective.machine(machine))[0]

    async def given(self, machine: VirtualMachine) -> Resources:
        """Returns the resources that hold where the machine's spec says nothing."""
        key = follows_plugin(machine)
        plugin = await self._plugins.find(key.name) if key else None
        return plugin.spec.resources if plugin else Resources()

    async def revisions(self, machine: VirtualMachine) -> Sequence[SpecRevision]:
        """Returns the revisions of its spec, newest first."""
        return await asyncio.to_thread(self.store.revisions, machine.key)
