"""A Network's status and its events, from what was observed on a host and what was planned there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from homeostat.driver.errors import DriverError
from homeostat.models.condition import (
    READY,
    RECONCILING,
    STALLED,
    Condition,
    find_condition,
    merge_conditions,
    sayer,
)
from homeostat.models.network import Network, NetworkOnHost, NetworkStatus
from homeostat.planner.changes.why import reason_of
from homeostat.planner.network import actions as act
from homeostat.planner.network.differences import entry_words
from homeostat.planner.network.identity import network_name
from homeostat.planner.network.observed import NetworkSeen
from homeostat.planner.network.plan import NAMED, NOT_SELECTED, TORN, NetworkPlan, named
from homeostat.planner.plan import Converged, Stalled

from ..engine.ports import Happening
from ..machine.rivals import OTHER_OPERATOR
from ..pending import pending_changes

RESTART_REQUIRED = "RestartRequired"
IN_USE = "InUse"
_STALLING = frozenset({"NameInUse", "AdoptChanged", "Refused", OTHER_OPERATOR})


def on_host(network: Network, seen: NetworkSeen, plan: NetworkPlan, error: DriverError | None) -> NetworkOnHost | None:
    """Returns what the network is on one host. None: nothing of it is there, and nothing is to be."""
    name, outcome = network_name(network), plan.outcome
    found = seen.networks.get(name)
    if outcome.reason == NOT_SELECTED:
        return None
    mine = not isinstance(outcome, Stalled)
    live = found.live if found is not None and mine else None
    reason, message = (error.reason, str(error)) if error is not None else (outcome.reason, outcome.message)
    return NetworkOnHost(
        name=seen.host.name,
        network=name,
        active=error is None and live is not None and isinstance(outcome, Converged),
        bridge=(live.bridge if live else None) or "",
        guests=len({*seen.guests, *(found.guests if found and mine else ())}),
        reason=reason,
        message=message or (_pending_words(plan) if plan.pending else ""),
        changes=pending_changes(plan.pending),
    )


def _pending_words(plan: NetworkPlan) -> str:
    fields = "; ".join(f"{change.field} ({change.old} -> {change.new}): {reason_of(change)}" for change in plan.pending)
    return (
        f"{fields}. It is restarted by itself once no guest is plugged in, since that cuts guests off; now {named(plan.holders)}"
    )


def network_status(network: Network, hosts: Sequence[NetworkOnHost], machines: int, now: str) -> NetworkStatus:
    """Returns the status. ``hosts``: what it is on each of them. ``now`` is RFC 3339."""
    before = network.status or NetworkStatus()
    return NetworkStatus(
        observed_generation=network.metadata.generation,
        conditions=merge_conditions(before.conditions, _conditions(network, hosts), now),
        machines=machines,
        hosts=tuple(sorted(hosts, key=lambda host: host.name)),
    )


def _conditions(network: Network, hosts: Sequence[NetworkOnHost]) -> Iterator[Condition]:
    say = sayer(network.metadata.generation)
    missing = [host for host in hosts if not host.active]
    stalled = [host for host in missing if host.reason in _STALLING]
    if not hosts:
        wanted = ", ".join(f"{key}={value}" for key, value in network.spec.host_selector.items())
        yield say(READY, False, NOT_SELECTED, f"no host has the labels that hostSelector asks for ({wanted}): label one so")
        yield say(RECONCILING, True, NOT_SELECTED, "waits for a host")
        return
    first = next(iter(stalled or missing), None)
    yield say(READY, first is None, first.reason if first else "Active", _told(missing, len(hosts)))
    if stalled:
        yield say(STALLED, True, stalled[0].reason, _told(stalled, len(hosts)))
    elif first is not None:
        yield say(RECONCILING, True, first.reason, _told(missing, len(hosts)))
    if pending := [host for host in hosts if host.changes]:
        yield say(RESTART_REQUIRED, True, IN_USE, _told(pending, len(hosts)))


def _told(hosts: Sequence[NetworkOnHost], count: int) -> str:
    """Says what is so on the hosts, which are named where there are several."""
    return "; ".join(host.message if count == 1 else f"host {host.name}: {host.message}" for host in hosts[:3])


def steps_taken(actions: Sequence[act.NetworkAction], existed: bool, host: str) -> Iterator[Happening]:
    """Yields the events of what was carried out."""
    down = next((action.reason for action in actions if isinstance(action, act.DestroyNetwork)), "")
    ends = not any(isinstance(action, act.StartNetwork) for action in actions)  # for good, or until its range is free
    updates = [action for action in actions if isinstance(action, act.UpdateNetwork)]
    for action in actions:
        match action:
            case act.DefineNetwork() if not existed:
                yield Happening("Normal", "Created", f"defined as {action.config.name} on host {host}")
            case act.DefineNetwork():
                yield Happening("Normal", "Changed", f"its definition on host {host} was changed: {action.reason}")
            case act.StartNetwork() if down:
                why = TORN if down == TORN else "no guest was plugged in"
                yield Happening("Normal", "Restarted", f"restarted on host {host}: {why}")
            case act.StartNetwork():
                yield Happening("Normal", "Started", f"up on host {host}")
            case act.DestroyNetwork() if ends:
                yield Happening("Normal", "Stopped", f"taken down on host {host}: {action.reason}")
    if updates:
        words = ", ".join(f"{'+' if one.command == 'add' else '-'} {_entry(one)}" for one in updates[:NAMED])
        more = f" and {len(updates) - NAMED} more" if len(updates) > NAMED else ""
        yield Happening("Normal", "Updated", f"changed while it is up on host {host}: {words}{more}")


def _entry(action: act.UpdateNetwork) -> str:
    ip = getattr(action.entry, "ip", "")
    return " ".join(filter(None, (ip, entry_words(action.entry))))


def transitions(before: NetworkStatus | None, after: NetworkStatus) -> Iterator[Happening]:
    """Yields the events of conditions that came, or say something else now."""
    for kind in (STALLED, RESTART_REQUIRED):
        new, old = find_condition(after.conditions, kind), find_condition(before.conditions if before else (), kind)
        if new is not None and (old is None or old.reason != new.reason):
            yield Happening("Warning", kind if kind == RESTART_REQUIRED else new.reason, new.message)
