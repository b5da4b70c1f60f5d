"""The machines of deployments as plans see them. Of a thousand machines a look reads those that changed since the last one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from homeostat.models.base import Key
from homeostat.models.condition import READY, find_condition
from homeostat.models.machine import MachineState, RunStrategy, VirtualMachine, VirtualMachineStatus
from homeostat.planner.deployment.observed import Replica
from homeostat.planner.template import FOLLOWS

from ..engine.clock import OwnClock
from ..engine.ports import ResourceStore
from ..machine.status import UNDER_WAY

_INDEX = re.compile("[1-9][0-9]{0,8}")


def epoch(text: str | None) -> float:
    """Returns the seconds since the epoch of an RFC 3339 time; 0 without one."""
    return datetime.fromisoformat(text).timestamp() if text else 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A machine as it was seen last."""

    version: int  # of the resource in the index
    owner: str  # uid of the deployment; empty: it has none
    told: bool  # whether it had a status
    looked_at: bool  # whether that says what was seen since its host could be reached
    replica: Replica  # its times are those of its status


class MachinesSeen:
    """The machines of the namespaces that deployments are in."""

    def __init__(self, store: ResourceStore, looked_at: Callable[[Key], bool], clock: OwnClock) -> None:
        """Takes the operator's clock: all times are put off by what it paused since then."""
        self._store, self._looked_at, self._clock = store, looked_at, clock
        self._seen: dict[str, dict[str, Seen]] = {}  # by namespace and name

    def forget(self, namespace: str) -> None:
        self._seen.pop(namespace, None)

    async def of(self, namespace: str) -> Collection[Seen]:
        """Returns the machines of a namespace, by name."""
        before = self._seen.get(namespace, {})
        known = {
            name: seen.version
            for name, seen in before.items()
            if seen.looked_at == self._looked_at(Key(VirtualMachine.KIND, namespace, name))
        }
        versions, changed = await self._store.newer(VirtualMachine, namespace, known)
        newer = {machine.metadata.name: self._see(machine, versions[machine.metadata.name]) for machine in changed}
        same = {name: before[name] for name, version in versions.items() if known.get(name) == version}
        seen = self._seen[namespace] = same | newer
        found = [seen[name] for name in versions if name in seen]
        if self._clock.even:
            return found
        return [replace(each, replica=_moved(each.replica, self._clock.put_off)) for each in found]

    def _see(self, machine: VirtualMachine, version: int) -> Seen:
        looked_at = self._looked_at(machine.key)
        owner = next((o for o in machine.metadata.owner_references if o.controller), None)
        found = replica(machine, owner.name if owner else "", looked_at)
        found = _moved(found, self._been)
        return Seen(version, owner.uid if owner else "", machine.status is not None, looked_at, found)

    def _been(self, then: float) -> float:
        """Returns a moment that has been. One that is yet to come was written by a clock that was ahead before we started, or is
        another host's: it counts from the first look on."""
        now = time.time()
        return then if then <= now or self._clock.put_off(then) <= now else now


def replica(machine: VirtualMachine, deployment: str, looked_at: bool = True) -> Replica:
    """Returns a machine as its deployment sees it. ``looked_at``: the machine's status says what was seen after its host could be
    reached again."""
    conditions = machine.status.conditions if machine.status else ()
    ready = find_condition(conditions, READY)
    runs = machine.status is not None and machine.status.state is MachineState.RUNNING
    is_ready = runs and ready is not None and ready.status == "True"
    unknown = not looked_at or _is_unknown(machine)
    waits, reason = (ready.message, ready.reason) if ready and ready.status != "True" else ("", "")
    return Replica(
        name=machine.metadata.name,
        index=index_of(machine.metadata.name, deployment),
        fingerprint=machine.metadata.annotations.get(FOLLOWS, ""),
        created=epoch(machine.metadata.creation_timestamp),
        ready_since=epoch(ready.last_transition_time) if is_ready and ready else None,
        lost=not unknown and (bool(find_condition(conditions, "CrashLoopBackOff")) or reason == "ReadinessLost"),
        failure=_stopped(machine) or (waits if reason not in UNDER_WAY else ""),
        deleting=machine.deleting,
        waits=waits,
        unknown=unknown,
        serving_since=_serving_since(machine.status),
        lacks=frozenset() if unknown else _lacks(machine),
    )


def _lacks(machine: VirtualMachine) -> frozenset[str]:
    """Returns the names of the disks that a running machine never got, as where their image cannot be fetched."""
    status = machine.status
    if status is None or status.state is not MachineState.RUNNING:
        return frozenset()
    own = {disk.name for disk in machine.spec.disks if disk.type == "disk" and disk.disk_ref is None}
    return frozenset(own - {disk.name for disk in status.disks})


def _stopped(machine: VirtualMachine) -> str:
    """Says that somebody stopped the machine by its own spec, which its deployment leaves so; empty: nobody did."""
    if machine.deleting or machine.spec.run_strategy is not RunStrategy.HALTED:
        return ""
    return f"somebody stopped it (runStrategy: Halted); `homeostat start {machine.metadata.name}` starts it"


def _is_unknown(machine: VirtualMachine) -> bool:
    """Tells whether the guest may serve although its status does not say so: nobody has looked since that may have changed, or
    nobody could."""
    status = machine.status
    if status is None or status.state is MachineState.UNKNOWN or status.observed_generation != machine.metadata.generation:
        return True
    running = find_condition(status.conditions, "Running")
    if running is None:
        return status.state is not MachineState.PENDING
    return running.status == "Unknown"


def _serving_since(status: VirtualMachineStatus | None) -> float | None:
    """Returns since when the guest serves. None: it does not run, or its probes say that it does not serve."""
    if status is None or status.state is not MachineState.RUNNING:
        return None
    told = [c for c in status.conditions if c.type in ("Running", "Healthy")]
    return max(epoch(c.last_transition_time) for c in told) if told and all(c.status == "True" for c in told) else None


def _moved(replica: Replica, to: Callable[[float], float]) -> Replica:
    created, ready, serving = moments = replica.created, replica.ready_since, replica.serving_since
    found = to(created), None if ready is None else to(ready), None if serving is None else to(serving)
    return replica if found == moments else replace(replica, created=found[0], ready_since=found[1], serving_since=found[2])


def index_of(machine: str, deployment: str) -> int:
    """Returns the index in a machine's name. 0: the name does not have the form of the deployment's machines."""
    index = machine.removeprefix(f"{deployment}-")
    return int(index) if index != machine and _INDEX.fullmatch(index) else 0
