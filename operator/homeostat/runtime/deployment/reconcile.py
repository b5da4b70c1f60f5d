"""One reconcile of one deployment: observe its machines → plan → create, update, delete → write status once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from homeostat.driver import faults
from homeostat.models.base import API_GROUP, API_VERSION, ORPHANING, Key, ObjectMeta, OwnerReference, without_marks
from homeostat.models.condition import STALLED, find_condition
from homeostat.models.deployment import MachineRevision, MachineRevisionSpec, MachineTemplate, VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.outside import redacted
from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment import plan_deployment
from homeostat.planner.deployment.observed import ObservedDeployment, Revision
from homeostat.planner.deployment.plan import DeploymentPlan
from homeostat.planner.deployment.revision import unbootable
from homeostat.planner.files.trash import DELETED_BECAUSE
from homeostat.planner.machine.removal.teardown import KEEP_DISKS
from homeostat.planner.plan import Stalled, Waiting
from homeostat.planner.template import FOLLOWS

from ..engine.clock import OwnClock, timestamp
from ..engine.ports import EventType, Outpaced, ResourceStore, StoreFailure
from ..engine.reconciler import GONE, Next
from ..hypervisor import HostDriver
from ..machine.effective import Effective
from .kept import KeptDisksOf
from .ownership import owned_by, revision_name
from .replicas import MachinesSeen, epoch, index_of
from .status import deployment_status

MOVED = 1.0  # seconds until the next reconcile after machines were changed, if no event of them comes
DEPLOYMENT = f"{API_GROUP}/deployment"  # a label of machines: the name of their deployment
Keepers = Callable[[VirtualMachineDeployment], Sequence[str]]
"""Returns the other hosts that look for the kept disks of a deployment themselves, and have not reported that they did."""


class DeploymentReconciler:
    """Reconciles deployments. Everything it needs is in the store. It remembers since when everything about a deployment is
    known, and the machines that have not changed since it saw them."""

    def __init__(
        self,
        store: ResourceStore,
        host: HostDriver,
        keepers: Keepers = lambda deployment: (),
        halted: Callable[[], Stalled | None] = lambda: None,
        looked_at: Callable[[Key], bool] = lambda machine: True,
        clock: OwnClock | None = None,
    ) -> None:
        """Takes what it asks others. ``halted`` says why nothing may be done at all; None: it may. ``looked_at`` tells whether a
        machine's status says what was seen after its host could be reached."""
        self._store = store
        self._effective = Effective(store)
        self._halted = halted
        self._disks = KeptDisksOf(store, host)
        self._keepers = keepers
        self._clock = clock or OwnClock()
        self._machines = MachinesSeen(store, looked_at, self._clock)
        self._known_since: dict[Key, float] = {}  # seconds since the epoch; only of those that are fully known now
        self._looked: dict[Key, float] = {}  # when that was put off last
        self._refused: dict[Key, str] = {}  # why the last plan of each was not carried out, as its status says

    looks_at_many = True

    def forget(self, key: Key) -> None:
        """Forgets a deployment that has gone."""
        self._known_since.pop(key, None)
        self._looked.pop(key, None)
        self._refused.pop(key, None)
        if key.kind == VirtualMachineDeployment.KIND:
            self._machines.forget(key.namespace)

    async def reconcile(self, deployment: VirtualMachineDeployment) -> Next:
        """Takes the deployment one plan further, and returns when to reconcile it again.

        Raises:
            DriverError: disks that its machines had could not be looked for, or deleted.
            StoreFailure: what the plan asks for was refused. The status says so, where it can be written.
        """
        if deployment.deleting and ORPHANING in deployment.metadata.finalizers:
            return Next()  # its machines stay, and lose their owner just now: events will come
        deployment, plugin, refusal = await self._effective.deployment(deployment)
        observed = self._since_known(deployment.key, await self._observe(deployment, plugin, refusal))
        plan = plan_deployment(deployment, observed, time.time())
        if halted := self._halted():
            plan = replace(plan, actions=(), outcome=halted)
        releasing = any(isinstance(action, act.ReleaseDeployment) for action in plan.actions)
        if not releasing and not observed.first_look:
            refused = self._refused.get(deployment.key, "") if plan.actions else ""
            await self._report(deployment, observed if refused else _foreseen(observed, plan), plan, refused)
        try:
            for action in plan.actions:
                with faults.around(action):
                    await self._execute(deployment, action)
        except Outpaced:
            raise
        except StoreFailure as error:
            with contextlib.suppress(StoreFailure):  # the server is away, say: then there is nothing to tell it
                await self._tell_refused(deployment, observed, plan, redacted(str(error)))
            raise
        self._refused.pop(deployment.key, None)
        if releasing:
            return GONE
        if not plan.actions:
            return Next(plan.after)
        # Every machine that was created, changed or deleted causes an event. Revisions cause none.
        moved = any(isinstance(action, act.CreateMachine | act.UpdateMachine | act.DeleteMachine) for action in plan.actions)
        return Next(min(MOVED, plan.after or MOVED) if moved else 0.0)

    async def _tell_refused(
        self, deployment: VirtualMachineDeployment, observed: ObservedDeployment, plan: DeploymentPlan, why: str
    ) -> None:
        """Writes into the status why the plan was not carried out, such as a quota: it is nowhere else for who may not read logs.
        It is remembered, so that the next look does not take it back before it has tried again."""
        if not observed.first_look:
            await self._report(deployment, observed, plan, why)
            self._refused[deployment.key] = why

    def _when(self, text: str | None) -> float:
        """Returns a time for the plan: later by what we have paused since then, so that nothing comes due during a pause."""
        return self._clock.put_off(epoch(text))

    def _since_known(self, key: Key, observed: ObservedDeployment) -> ObservedDeployment:
        """Adds since when everything about the deployment is known."""
        now = time.time()
        # Each pause counts once. Else on a busy host, where there is always another one, this moment would stay as far away for
        # ever as it was at first, and no rollout would be proven or late.
        looked, self._looked[key] = self._looked.get(key, now), now
        since = min(now, self._known_since.get(key, now) + (self._clock.put_off(looked) - looked))
        if any(r.unknown for r in observed.replicas):
            self._known_since.pop(key, None)
        else:
            self._known_since[key] = since
        return replace(observed, known_since=since)

    async def preview(
        self, deployment: VirtualMachineDeployment
    ) -> tuple[VirtualMachineDeployment, ObservedDeployment, DeploymentPlan]:
        """Returns the deployment with its plugin's part, what is observed of it, and what the next reconcile would do. Writes
        nothing."""
        deployment, plugin, refusal = await self._effective.deployment(deployment)
        observed = await self._observe(deployment, plugin, refusal)
        return deployment, observed, plan_deployment(deployment, observed, time.time())

    async def _observe(
        self, deployment: VirtualMachineDeployment, plugin: str, refusal: Waiting | Stalled | None
    ) -> ObservedDeployment:
        namespace, name = deployment.metadata.namespace, deployment.metadata.name
        machines = await self._machines.of(namespace)
        recorded = await self._store.list(MachineRevision, namespace)
        ours = [r for r in recorded if owned_by(r, deployment)]
        revisions = (Revision(r.spec, self._when(r.metadata.creation_timestamp)) for r in ours)
        own = [seen for seen in machines if seen.owner == deployment.metadata.uid]
        others = [seen.replica for seen in machines if seen.owner != deployment.metadata.uid]
        replicas = tuple(seen.replica for seen in own)
        ending = deployment.deleting and not replicas
        return ObservedDeployment(
            replicas=replicas,
            revisions=tuple(revisions),
            plugin_fingerprint=plugin,
            refusal=refusal or unbootable(deployment, [r.spec.template for r in ours]),
            foreign=frozenset(index_of(other.name, name) for other in others if not other.deleting) - {0},
            foreign_revisions=frozenset(index_of(r.metadata.name, name) for r in recorded if not owned_by(r, deployment)) - {0},
            leaving=frozenset(index_of(other.name, name) for other in others if other.deleting) - {0},
            kept=await self._disks.of(deployment) if ending else (),
            keepers=tuple(self._keepers(deployment)) if ending else (),
            first_look=any(seen.told and not seen.looked_at for seen in own),
        )

    async def _execute(self, deployment: VirtualMachineDeployment, action: act.DeploymentAction) -> None:
        namespace = deployment.metadata.namespace
        match action:
            case act.CreateMachine(name, fingerprint, template):
                await self._store.apply_owned(machine_of(deployment, name, fingerprint, template))
                await self._record(deployment, "Normal", "MachineCreated", f"{name}: {action.reason}")
            case act.UpdateMachine(name, fingerprint, template):
                await self._store.apply_owned(machine_of(deployment, name, fingerprint, template))
                await self._record(deployment, "Normal", "MachineUpdated", f"{name}: {action.reason}")
            case act.DeleteMachine(name, keep_disks):
                marks = {DELETED_BECAUSE: action.reason, **({KEEP_DISKS: "true"} if keep_disks else {})}
                await self._store.delete_owned(Key(VirtualMachine.KIND, namespace, name), marks)
                await self._record(deployment, "Normal", "MachineDeleted", f"{name}: {action.reason}")
            case act.RecordRevision(revision):
                await self._store.apply_owned(_revision(deployment, revision))
                if revision.failed:
                    await self._record(deployment, "Warning", "RolledBack", revision.failed)
            case act.ReclaimKept():
                await self._disks.reclaim(deployment, action)
            case act.ForgetRevision(number):
                await self._store.delete_owned(Key(MachineRevision.KIND, namespace, revision_name(deployment, number)), {})
            case act.ReleaseDeployment(reason):
                await self._record(deployment, "Normal", "Deleted", reason)
                await self._store.release(deployment.key, deployment.metadata.uid)

    async def _report(
        self, deployment: VirtualMachineDeployment, observed: ObservedDeployment, plan: DeploymentPlan, refused: str
    ) -> None:
        status = deployment_status(deployment, observed, plan, time.time(), timestamp(), refused)
        if status == deployment.status:
            return
        stalled = find_condition(status.conditions, STALLED)
        before = find_condition(deployment.status.conditions, STALLED) if deployment.status else None
        if stalled and (before is None or before.message != stalled.message):
            await self._record(deployment, "Warning", "Failed", stalled.message)
        await self._store.write_status(deployment.key, deployment.metadata.uid, status)

    async def _record(self, deployment: VirtualMachineDeployment, type: EventType, reason: str, message: str) -> None:
        await self._store.record_event(deployment.key, type, reason, message)


def _foreseen(observed: ObservedDeployment, plan: DeploymentPlan) -> ObservedDeployment:
    """Returns the observation without what the plan will remove: the status must not claim that any more."""
    going = {action.name for action in plan.actions if isinstance(action, act.DeleteMachine)}
    changing = {action.name for action in plan.actions if isinstance(action, act.UpdateMachine)}
    if not going and not changing:
        return observed
    replicas = (
        replace(r, deleting=r.deleting or r.name in going, unknown=r.unknown or r.name in changing) for r in observed.replicas
    )
    return replace(observed, replicas=tuple(replicas))


def owner_reference(deployment: VirtualMachineDeployment) -> OwnerReference:
    return OwnerReference(
        api_version=API_VERSION, kind=deployment.kind, name=deployment.metadata.name, uid=deployment.metadata.uid
    )


def machine_of(deployment: VirtualMachineDeployment, name: str, fingerprint: str, template: MachineTemplate) -> VirtualMachine:
    """Returns a machine of a deployment. Whose it is follows from its owner reference; no template says it."""
    metadata = ObjectMeta(
        name=name,
        namespace=deployment.metadata.namespace,
        labels={**without_marks(template.metadata.labels), DEPLOYMENT: deployment.metadata.name},
        annotations={**without_marks(template.metadata.annotations), FOLLOWS: fingerprint},
        owner_references=(owner_reference(deployment),),
    )
    return VirtualMachine(metadata=metadata, spec=template.spec)


def _revision(deployment: VirtualMachineDeployment, revision: MachineRevisionSpec) -> MachineRevision:
    metadata = ObjectMeta(
        name=revision_name(deployment, revision.revision),
        namespace=deployment.metadata.namespace,
        labels={DEPLOYMENT: deployment.metadata.name},
        owner_references=(owner_reference(deployment),),
    )
    return MachineRevision(metadata=metadata, spec=revision)
