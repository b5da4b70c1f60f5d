"""Machines with what their plugins give them: a machine of a batch plugin runs once, though its spec does not say so."""

from __future__ import annotations

from homeostat.models.base import Key, Resource
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.template import FOLLOWS, with_plugin
from homeostat.runtime.plugins import plugin_key
from homeostat.runtime.ports import Unreadable

from .access import State


class Effective:
    """For one look at the store: each plugin is read once."""

    def __init__(self, store: State) -> None:
        self._store = store
        self._plugins: dict[Key, Plugin | None] = {}

    async def machine(self, machine: VirtualMachine) -> VirtualMachine:
        """As it is where its plugin is not there; a deployment's machine has its plugin's part in its spec already."""
        key = plugin_key(machine)
        if key is None or FOLLOWS in machine.metadata.annotations:
            return machine
        if key not in self._plugins:
            self._plugins[key] = await self._find(key)
        plugin = self._plugins[key]
        return machine if plugin is None else with_plugin(machine, plugin)

    async def resource(self, resource: Resource) -> Resource:
        return await self.machine(resource) if isinstance(resource, VirtualMachine) else resource

    async def _find(self, key: Key) -> Plugin | None:
        try:
            found = await self._store.get(key)
        except Unreadable:  # its machines say so
            return None
        return found if isinstance(found, Plugin) else None
