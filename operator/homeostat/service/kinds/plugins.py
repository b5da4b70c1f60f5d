"""The plugins, and which resources use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeostat.models.base import Key
from homeostat.models.plugin import Plugin

from ..asking import Asking
from ..refusals import InUse
from .collection import Collection


class Plugins(Collection[Plugin]):
    """The plugins of one namespace."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(asking, Plugin)

    async def switch(self, plugin: Plugin, enabled: bool) -> Plugin:
        """Enables or disables a plugin, and returns it after the change. A disabled plugin makes no new machines.

        Raises:
            Refusal, StoreError: as ``patch``.
        """
        return plugin if plugin.spec.enabled is enabled else await self.patch(plugin, {"spec": {"enabled": enabled}})

    async def delete(self, resource: Plugin, force: bool = False) -> None:
        """Deletes a plugin.

        Raises:
            InUse: machines or deployments are made from it.
        """
        async with self.asking.turn:  # nobody names it meanwhile
            if users := self.users(resource.metadata.name):
                raise InUse(resource.metadata.name, users, Plugin, await self.asking.visible(users))
            await super().delete(resource, force)

    def users(self, name: str) -> Sequence[Key]:
        """Returns the keys of the machines and deployments that use the plugin."""
        return self.store.users_of_plugin(self.key(name))

    def specs(self) -> Mapping[str, int]:
        """Returns, by name, a number that changes with each plugin's spec."""
        return self.store.changed(Plugin, self.namespace)
