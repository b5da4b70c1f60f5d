"""The deployments, with what their plugins give to their machines."""

from __future__ import annotations

import asyncio

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.planner.deployment.classify import classify_template
from homeostat.runtime.machine.effective import Effective

from ..asking import Asking
from ..changing.spec_change import SpecChange, of_resource
from .collection import Collection


class Deployments(Collection[VirtualMachineDeployment]):
    """The deployments of one namespace."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(asking, VirtualMachineDeployment)
        self._effective = Effective(self.store)

    async def effective(self, deployment: VirtualMachineDeployment) -> VirtualMachineDeployment:
        """Returns the deployment with what its plugin adds to its template."""
        return (await self._effective.deployment(deployment))[0]

    async def judge(self, before: VirtualMachineDeployment, after: VirtualMachineDeployment) -> SpecChange:
        old, new = await self.effective(before), await self.effective(after)
        own = tuple(change for change in of_resource(before, after).changes if change.field != "template")
        return SpecChange((*own, *await asyncio.to_thread(classify_template, old, new)))

    async def scale(
        self, deployment: VirtualMachineDeployment, replicas: int, expected_version: str | None = None
    ) -> VirtualMachineDeployment:
        """Changes how many machines there should be, and returns the deployment after the change.

        Raises:
            Refusal, StoreError: as ``patch``.
        """
        return await self.patch(deployment, {"spec": {"replicas": replicas}}, expected_version)
