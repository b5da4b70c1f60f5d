"""The Networks, what names them, and what a change of one takes."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.base import Key
from homeostat.models.network import Network
from homeostat.planner.network.desired import desired_network
from homeostat.planner.network.differences import RESTART, compare
from homeostat.runtime.network.users import users_of

from ..asking import Asking
from ..changing.spec_change import SpecChange, of_resource
from ..refusals import InUse
from .collection import Collection


class Networks(Collection[Network]):
    """The Networks of one namespace."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(asking, Network)

    async def users(self, network: Network) -> Sequence[Key]:
        """Returns the keys of the machines, deployments and plugins that name the Network."""
        return [user.key for user in await users_of(network, self.store)]

    async def delete(self, resource: Network, force: bool = False) -> None:
        """Deletes a Network.

        Raises:
            InUse: machines, deployments or plugins name it.
        """
        async with self.asking.turn:  # nobody names it meanwhile
            if users := await self.users(resource):
                raise InUse(resource.metadata.name, users, Network, await self.asking.visible(users))
            await super().delete(resource, force)

    async def judge(self, before: Network, after: Network) -> SpecChange:
        """Returns what the change takes. What only a start of the network reads waits while guests are plugged in."""
        had, wanted = desired_network(before, ""), desired_network(after, "")
        told = compare(had, wanted)
        beside = tuple(one for one in of_resource(before, after).changes if one.field in ("adopt", "hostSelector"))
        held = before.status is not None and any(host.guests for host in before.status.hosts)
        hosts = before.status.hosts if before.status is not None and held else ()
        waiting = {change.field for host in hosts for change in host.changes}
        waiting |= {change.field for change in told if change.disruption >= RESTART} if held else set()
        return SpecChange((*told, *beside), tuple(sorted(waiting)))
