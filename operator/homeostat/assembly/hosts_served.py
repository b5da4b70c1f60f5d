"""What the controller of a cluster knows of its hosts: who serves them, by their leases, and which of them has a machine that was
made before. A Host's status may be of an operator that has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from homeostat.models.base import IDENTITY
from homeostat.models.condition import READY, find_condition
from homeostat.models.host import ORPHANED_SHOWN, Host
from homeostat.models.machine import VirtualMachine
from homeostat.planner.observed import DomainState
from homeostat.planner.placement import SEVERAL_HOSTS
from homeostat.planner.plan import Waiting
from homeostat.runtime.host.deserted import NOT_SERVED
from homeostat.runtime.machine.placement import runs_twice
from homeostat.store.kubernetes.lease import LeaseWatch, host_lease

RETRY_SECONDS = 2.0  # seconds until such a machine is reconciled again
READ_SECONDS = 1.0  # seconds for which what Hosts report of domains is not read again
_RUNNING = frozenset(state.value for state in DomainState if state.active)


class HostsServed:
    """Remembers who held each host's lease when it was looked at last. ``changed`` is called with the name of a host that another
    one serves now."""

    def __init__(self, watch: LeaseWatch) -> None:
        self._watch = watch
        self._holders: dict[str, str] = {}
        self.changed: Callable[[str], None] = lambda host: None

    async def look(self, host: str) -> bool:
        """Looks at a lease, and tells whether it is held. Raises ClusterError."""
        holder = await self._watch.holder(host_lease(host))
        if self._holders.get(host) != holder:
            self._holders[host] = holder
            self.changed(host)
        return bool(holder)

    def is_current(self, host: Host) -> bool:
        """Tells whether a host's status is of whoever serves it now."""
        holder = self._holders.get(host.metadata.name)
        return bool(holder) and host.status is not None and host.status.operator == holder

    def unserved(self, host: Host) -> str:
        """Says why a host may not be served, whatever its status says; empty: it is. See Placer."""
        return "" if self.is_current(host) else NOT_SERVED


class Twins:
    """Knows which machines run on a host that they are not placed on, as Hosts report. These are read once a second at the most,
    however many machines ask."""

    def __init__(self, hosts: Callable[[], Iterable[Host]], now: Callable[[], float] = time.monotonic) -> None:
        self._hosts, self._now = hosts, now
        self._read = float("-inf")
        self._found: Mapping[tuple[str, str], Mapping[str, str]] = {}  # names of domains by machine and host

    def runs_elsewhere(self, machine: VirtualMachine, host: str) -> Waiting | None:
        """Returns why a machine must not be started on ``host``, where it has a domain; see MachineReconciler."""
        if self._now() - self._read >= READ_SECONDS:
            self._read, self._found = self._now(), _twins(self._hosts())
        there = self._found.get((machine.metadata.namespace, machine.metadata.name), {})
        other = next((name for name in there if name != host), None)
        return None if other is None else runs_twice(there[other], other, host, RETRY_SECONDS)


def _twins(hosts: Iterable[Host]) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Returns what hosts report that can be asked: what one said that is away may be so no longer."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for host in hosts:
        ready = find_condition(host.status.conditions, READY) if host.status else None
        if host.status is None or not host.status.orphans_known or ready is None or ready.status != "True":
            continue
        for orphan in host.status.orphans:
            if orphan.twin and orphan.state in _RUNNING:
                found.setdefault((orphan.namespace, orphan.name), {})[host.metadata.name] = orphan.domain
    return found


def located(machine: VirtualMachine, hosts: Iterable[Host], is_current: Callable[[Host], bool]) -> str | Waiting | None:
    """Returns the host that has the domain of a machine that is not placed, see runtime.machine.placement.Located. Where its
    annotation says that it was made before, all hosts are waited for. Any other machine may have lost its placement, as in a
    cluster that was restored from a backup."""
    known = list(hosts)
    having = sorted(host.metadata.name for host in known if host.status and machine.identity in host.status.orphaned)
    if len(having) > 1:
        why = f"its domain is on hosts {' and '.join(having)}: undefine the one that shall not be, with its guest shut down"
        return Waiting(SEVERAL_HOSTS, why, RETRY_SECONDS)
    if having:
        return having[0]
    if IDENTITY not in machine.metadata.annotations:
        return None
    unknown = sorted(host.metadata.name for host in known if not _has_told(host, is_current))
    if not unknown:
        return None
    why = (
        f"its annotation {IDENTITY} says that it was made before, and its domain may be on host {' or on host '.join(unknown)}, "
        "which has not said yet what it has: nothing is made before that is known. If a host is no more, delete its Host"
    )
    return Waiting("HostsNotAsked", why, RETRY_SECONDS)


def _has_told(host: Host, is_current: Callable[[Host], bool]) -> bool:
    """Tells whether it is known of all domains there that no object has."""
    return (
        host.status is not None and is_current(host) and host.status.orphans_known and len(host.status.orphaned) < ORPHANED_SHOWN
    )
