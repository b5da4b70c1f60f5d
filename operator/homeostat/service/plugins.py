"""The plugins, and which resources use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeostat.models.base import Key
from homeostat.models.plugin import Plugin
from homeostat.store.desired import Workspace

from .changes import Changes
from .collection import Collection
from .refusals import BeingDeleted, Disabled


class Plugins(Collection[Plugin]):
    """The plugins of one namespace."""

    def __init__(self, workspace: Workspace, changes: Changes) -> None:
        super().__init__(workspace, changes, Plugin)

    async def usable(self, name: str) -> Plugin:
        """Returns a plugin that new machines may use.

        Raises:
            NoSuchResource: there is none of that name.
            BeingDeleted: it is being deleted.
            Disabled: it makes no new machines.
        """
        plugin = await self.get(name)
        if plugin.deleting:
            raise BeingDeleted(Plugin, name)
        if not plugin.spec.enabled:
            raise Disabled("Plugin is disabled: enable it, or use another one", {"name": name})
        return plugin

    def users(self, name: str) -> Sequence[Key]:
        """Returns the keys of the machines and deployments that use the plugin."""
        return self.store.users_of_plugin(self.key(name))

    def specs(self) -> Mapping[str, int]:
        """Returns, by name, a number that changes with each plugin's spec."""
        return self.store.changed(Plugin, self.namespace)
