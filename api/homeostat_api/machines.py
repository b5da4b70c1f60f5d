"""The machines, together with what their plugins give them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeostat.models.machine import Resources, VirtualMachine
from homeostat.planner.template import FOLLOWS, with_plugin
from homeostat.runtime.ports import Revision
from homeostat.store.desired import Source

from .changes import Changes
from .collection import Collection
from .plugins import Plugins
from .views import plugin_of


class Machines(Collection[VirtualMachine]):
    def __init__(self, source: Source, changes: Changes, plugins: Plugins) -> None:
        super().__init__(source, changes, VirtualMachine)
        self._plugins = plugins

    async def effective(self, machine: VirtualMachine) -> VirtualMachine:
        """The machine with what its plugin gives it; a replica has that in its spec already."""
        name = plugin_of(machine)
        if name is None or FOLLOWS in machine.metadata.annotations:
            return machine
        plugin = await self._plugins.find(name)
        return machine if plugin is None else with_plugin(machine, plugin)

    async def given(self, machine: VirtualMachine) -> Resources:
        """The resources that hold where the machine's spec is silent."""
        name = plugin_of(machine)
        plugin = await self._plugins.find(name) if name and FOLLOWS not in machine.metadata.annotations else None
        return plugin.spec.resources if plugin else Resources()

    async def revisions(self, machine: VirtualMachine) -> Sequence[Revision]:
        """Newest first."""
        return await asyncio.to_thread(self.store.revisions, machine.key)
