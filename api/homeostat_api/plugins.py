"""The plugins, and who is made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.kinds import BY_KIND
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.store.desired import Source

from .changes import Changes
from .collection import Collection
from .errors import NOUNS, Problem, deleting

_USERS = (
    "SELECT kind, name FROM resources WHERE namespace=?1 AND ("
    "kind=?3 AND json_extract(spec, '$.pluginRef.name')=?2 OR "
    "kind=?4 AND json_extract(spec, '$.template.spec.pluginRef.name')=?2) ORDER BY kind, name"
)
_SPECS = "SELECT name, changed FROM resources WHERE kind=? AND namespace=?"


class Plugins(Collection[Plugin]):
    def __init__(self, source: Source, changes: Changes) -> None:
        super().__init__(source, changes, Plugin)

    async def usable(self, name: str) -> Plugin:
        """The plugin, which new machines may be made from.

        Raises:
            Problem: 404, there is none; 409, it is disabled, or being deleted.
        """
        plugin = await self.get(name)
        if plugin.deleting:
            raise deleting(Plugin.KIND, name)
        if not plugin.spec.enabled:
            raise Problem(409, "plugin_disabled", "Plugin is disabled: enable it, or use another one", {"name": name})
        return plugin

    def users(self, name: str) -> Sequence[str]:
        """Machines and deployments that are made from it, such as vm/web-1."""
        found = self.store.index.read(_USERS, (self.namespace, name, VirtualMachine.KIND, VirtualMachineDeployment.KIND))
        return [f"{NOUNS[BY_KIND[kind]][0]}/{user}" for kind, user in found]

    def specs(self) -> Mapping[str, int]:
        """By name, what changes with each plugin's spec."""
        return dict(self.store.index.read(_SPECS, (Plugin.KIND, self.namespace)))
