"""The deployments, with what their plugins give to their machines."""

from __future__ import annotations

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.runtime.machine.effective import Effective
from homeostat.store.desired import Workspace

from .admission import Admission
from .changes import Changes
from .collection import Collection


class Deployments(Collection[VirtualMachineDeployment]):
    """The deployments of one namespace."""

    def __init__(self, workspace: Workspace, changes: Changes, admission: Admission) -> None:
        super().__init__(workspace, changes, admission, VirtualMachineDeployment)
        self._effective = Effective(self.store)

    async def effective(self, deployment: VirtualMachineDeployment) -> VirtualMachineDeployment:
        """Returns the deployment with what its plugin adds to its template."""
        return (await self._effective.deployment(deployment))[0]

    async def scale(
        self, deployment: VirtualMachineDeployment, replicas: int, expected_version: str | None = None
    ) -> VirtualMachineDeployment:
        """Changes how many machines there should be, and returns the deployment after the change.

        Raises:
            Refusal, StoreError: as ``patch``.
        """
        return await self.patch(deployment, {"spec": {"replicas": replicas}}, expected_version)
