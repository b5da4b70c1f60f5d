"""The deployments, with what their plugins give to their machines."""

from __future__ import annotations

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.runtime.machine.effective import Effective
from homeostat.store.desired import Workspace

from .changes import Changes
from .collection import Collection


class Deployments(Collection[VirtualMachineDeployment]):
    """The deployments of one namespace."""

    def __init__(self, workspace: Workspace, changes: Changes) -> None:
        super().__init__(workspace, changes, VirtualMachineDeployment)
        self._effective = Effective(self.store)

    async def effective(self, deployment: VirtualMachineDeployment) -> VirtualMachineDeployment:
        """Returns the deployment with what its plugin adds to its template."""
        return (await self._effective.deployment(deployment))[0]
