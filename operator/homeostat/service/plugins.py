"""The plugins, and who is made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeostat.models.base import Key
from homeostat.models.plugin import Plugin
from homeostat.store.desired import Workspace

from .changes import Changes
from .collection import Collection
from .refusals import BeingDeleted, Disabled


class Plugins(Collection[Plugin]):
    def __init__(self, workspace: Workspace, changes: Changes) -> None:
        super().__init__(workspace, changes, Plugin)

    async def usable(self, name: str) -> Plugin:
        """The plugin, which new machines may be made from.

        Raises:
            NoSuchResource: there is none.
            BeingDeleted: it is on its way out.
            Disabled: it makes no new machines.
        """
        plugin = await self.get(name)
        if plugin.deleting:
            raise BeingDeleted(Plugin, name)
        if not plugin.spec.enabled:
            raise Disabled("Plugin is disabled: enable it, or use another one", {"name": name})
        return plugin

    def users(self, name: str) -> Sequence[Key]:
        """The machines and deployments that are made from it."""
        return self.store.users_of_plugin(self.key(name))

    def specs(self) -> Mapping[str, int]:
        """By name, what changes with each plugin's spec."""
        return self.store.changed(Plugin, self.namespace)
