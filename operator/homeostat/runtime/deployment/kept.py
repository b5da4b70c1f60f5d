"""The disks that a stateful deployment kept, on one host, of machines that were scaled away. When the deployment ends, they are
deleted or stay."""

from __future__ import annotations

from homeostat.models.base import ORPHANING, Key
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import DeleteDirectory, SetAside
from homeostat.planner.deployment.actions import ReclaimKept
from homeostat.planner.deployment.plan import discard_kept, plan_kept
from homeostat.planner.observed import KeptDisks

from ..engine.ports import ResourceStore
from ..engine.reconciler import GONE, Next
from ..hypervisor import Files
from .ownership import owned_by


class KeptDisksOf:
    """Finds these disks, and carries out what is planned for them."""

    def __init__(self, store: ResourceStore, host: Files) -> None:
        self._store = store
        self._host = host

    async def of(self, deployment: VirtualMachineDeployment) -> tuple[KeptDisks, ...]:
        """Returns the kept disks that no machine has used since.

        Raises:
            DriverError: they could not be looked for.
        """
        meta = deployment.metadata
        found = await self._host.kept_disks(meta.namespace, meta.name, meta.uid)
        machines = await self._machines(deployment)
        return tuple(kept for kept in found if kept.machine not in machines)

    async def reclaim(self, deployment: VirtualMachineDeployment, action: ReclaimKept) -> None:
        """Sets a kept disk aside or deletes it, as planned.

        Raises:
            DriverError: it could not be done.
        """
        if action.name in await self._machines(deployment):
            return  # another machine uses them by now
        for step in discard_kept(deployment, action, self._host.facts.trash_keep):
            await self._host.execute(step)
            reason = "SetAside" if isinstance(step, SetAside) else "FileDeleted"
            paths = ", ".join(path for _, path in step.disks) if isinstance(step, SetAside) else step.path
            await self._store.record_event(deployment.key, "Normal", reason, f"{paths}: {action.reason}")
        await self._host.execute(DeleteDirectory(action.directory, f"{action.reason}; disks that are retained stay"))

    async def _machines(self, deployment: VirtualMachineDeployment) -> set[str]:
        """Returns all machines of its namespace, on any host, because hosts may share a folder."""
        return {machine.metadata.name for machine in await self._store.list(VirtualMachine, deployment.metadata.namespace)}


class KeptDisksReconciler:
    """One host's part in a deployment that another operator reconciles. It ends when no machine of the deployment is left
    here."""

    def __init__(self, store: ResourceStore, host: Files) -> None:
        """Takes a ``store`` that holds the deployments that wait for this host, and only the machines of this host."""
        self._store = store
        self._disks = KeptDisksOf(store, host)

    async def reconcile(self, deployment: VirtualMachineDeployment) -> Next:
        if not deployment.deleting or ORPHANING in deployment.metadata.finalizers:
            return Next()
        if await self._has_machines(deployment):
            return Next()  # when one of them ends, we are called again
        for action in plan_kept(deployment, await self._disks.of(deployment)):
            await self._disks.reclaim(deployment, action)
        await self._store.release(deployment.key, deployment.metadata.uid)
        return GONE

    async def _has_machines(self, deployment: VirtualMachineDeployment) -> bool:
        """Tells whether the deployment has machines on this host."""
        machines = await self._store.list(VirtualMachine, deployment.metadata.namespace)
        owned = [m.key for m in machines if owned_by(m, deployment)]
        return any([await self._store.get(VirtualMachine, key) is not None for key in owned])

    looks_at_many = True

    def forget(self, key: Key) -> None:
        """Does nothing: it remembers nothing."""
