"""The plan for one Network on one host, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_interface

from homeostat.models.base import IDENTITY
from homeostat.models.network import Network
from homeostat.models.suggest import nearest

from ..placement import host_finalizer
from ..plan import Change, Converged, Outcome, Stalled, Waiting
from .actions import (
    DefineNetwork,
    DestroyNetwork,
    NetworkAction,
    ReleaseNetwork,
    SetNetworkAutostart,
    StartNetwork,
    UndefineNetwork,
    UpdateNetwork,
)
from .config import NetworkConfig, NetworkRecord
from .desired import desired_network
from .differences import RESTART, LiveUpdate, compare, entry_words, live_updates
from .foresee import after, once_gone
from .identity import bridge_device, network_name, network_uuid
from .observed import NetworkSeen, ObservedNetwork

POLL_SECONDS = 10.0  # seconds between checks whether the last user has gone, or what was missing on the host is there
NOT_SELECTED = "NotSelected"  # the reason where a host is not to have it
TORN = "its bridge had gone from the host"  # why one is restarted under its guests: none of them reaches anything
NAMED = 5  # users that a message names


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """The next steps for one Network on one host.

    ``changes``: spec against the definition, being carried out. ``pending``: what waits for a restart of the network, which
    ``holders`` are plugged into.
    """

    actions: tuple[NetworkAction, ...] = ()
    outcome: Outcome = Converged("Active")
    changes: tuple[Change, ...] = ()
    pending: tuple[Change, ...] = ()
    holders: tuple[str, ...] = ()

    @property
    def lacks_a_range(self) -> bool:
        """Tells whether it starts only once another network has given up its range."""
        down = any(isinstance(action, DestroyNetwork) for action in self.actions)
        ends = any(isinstance(action, StartNetwork | UndefineNetwork) for action in self.actions)
        return self.outcome.reason == "AddressTaken" or (down and not ends)


def plan_network(network: Network, seen: NetworkSeen, instance: str) -> NetworkPlan:
    """Plans the next steps. Empty when desired equals observed. ``instance``: of the store, for the record."""
    host, name = seen.host, network_name(network)
    if not host.reachable:
        return NetworkPlan(outcome=Waiting("HostUnreachable", host.error or f"host {host.name} cannot be reached"))
    found, owner = seen.networks.get(name), "" if network.spec.adopt else network.identity
    foreign = found is not None and not _is_its_own(found.config.record, network)
    if network.deleting or seen.unselected:
        return _taken_down(network, seen, None if foreign else found)
    if blocker := _barred(network, seen, found if foreign else None):
        return NetworkPlan(outcome=blocker)
    if found is None and network.spec.adopt:
        mend = "define it there (`virsh net-define`), or remove spec.adopt, so that Homeostat makes one"
        message = f"host {host.name} has no network {name!r} to adopt: {mend}"
        return NetworkPlan(outcome=Waiting("NetworkUnknown", message, POLL_SECONDS))
    want = desired_network(network, instance)
    plan = _defined(want, owner, found, seen)
    if blocker := _lacking(want, plan, seen):
        return _given_up_first(network, plan, seen, instance) or NetworkPlan(outcome=blocker, changes=plan.changes)
    return plan


def _given_up_first(network: Network, plan: NetworkPlan, seen: NetworkSeen, instance: str) -> NetworkPlan | None:
    """Plans all but its start, where others move once its own range is free, and so make room for it: Networks that exchange
    their ranges would wait for each other. None: they move by themselves, or not even then."""
    first = tuple(action for action in plan.actions if not isinstance(action, StartNetwork))
    if not seen.beside or not any(isinstance(action, DestroyNetwork) for action in first):
        return None
    down = once_gone(seen, after(first, seen.networks))
    if _can_start(network, seen, instance) or not _can_start(network, down, instance):
        return None
    return NetworkPlan(first, Waiting("Reconciling", "another Network moves to its range first"), plan.changes)


def _can_start(network: Network, seen: NetworkSeen, instance: str) -> bool:
    """Tells whether it can start once all others have moved that can: each may make room for the next one."""
    networks = seen.networks
    for _ in seen.beside:
        before = networks
        for other in seen.beside:
            plan = plan_network(other.network, NetworkSeen(seen.host, networks, guests=other.guests), instance)
            networks = after(plan.actions, networks)
        if networks == before:
            break
    plan = plan_network(network, replace(once_gone(seen, networks), beside=()), instance)
    return any(isinstance(action, StartNetwork) for action in plan.actions)


def _is_its_own(record: NetworkRecord | None, network: Network) -> bool:
    """Tells whether a libvirt network is the one of this Network. An annotation can give identity, so the name counts, too."""
    if network.spec.adopt or record is None:
        return bool(network.spec.adopt) and record is None
    return (record.uid, record.namespace, record.name) == (network.identity, network.metadata.namespace, network.metadata.name)


def _barred(network: Network, seen: NetworkSeen, foreign: ObservedNetwork | None) -> Outcome | None:
    """Says why there can be no such network here; None: there is one, or can be."""
    name, host = network_name(network), seen.host.name
    if foreign is not None and foreign.config.record is not None:
        other = foreign.config.record
        if (other.namespace, other.name) == (network.metadata.namespace, network.metadata.name):
            whose = f"network {name!r} on host {host} is of another Homeostat, or of this one before its state folder was lost"
            mend = f"once no guest needs it, `virsh net-destroy {name}` and `virsh net-undefine {name}`, then it is made again"
            if not network.spec.adopt:
                earlier = f"`{IDENTITY}: {other.namespace}/{other.name}/{other.uid}`"
                mend += f". Only where no other operator has it: give this one the annotation {earlier} to go on with it"
            return Stalled("NameInUse", f"{whose}, and is left alone: {mend}")
        message = f"network {name!r} on host {host} belongs to another Network, {other.namespace}/{other.name}, and is left alone"
        return Stalled("NameInUse", f"{message}: give this one another name{', or adopt another' if network.spec.adopt else ''}")
    if foreign is not None:
        mend = f"give this one another name, or take that network over with spec.adopt: {name}"
        made = f"host {host} has a network {name!r} that Homeostat did not make, and it is left alone"
        return Stalled("NameInUse", f"{made}: {mend}")
    if seen.rival:
        return Stalled("NameInUse", f"network {name!r} is adopted by {seen.rival} already: only one Network can have it")
    own = next((known for known in seen.networks.values() if known.uuid == network_uuid(network.identity)), None)
    if own is not None and own.name != name:
        made = f"Homeostat made the network {own.name!r} for this Network"
        return Stalled("AdoptChanged", f"{made}, which cannot become another one: take spec.adopt back, or make another Network")
    return None


def _defined(want: NetworkConfig, owner: str, found: ObservedNetwork | None, seen: NetworkSeen) -> NetworkPlan:
    """Brings the definition, and what is up, to what is wanted."""
    name, coming = want.name, Waiting("Reconciling", "carrying out the plan")
    if found is None:
        steps = (
            DefineNetwork(want, owner, "there is no such network yet"),
            SetNetworkAutostart(name, owner, "it is there after a boot of the host"),
            StartNetwork(name, owner, "it is not up"),
        )
        return NetworkPlan(steps, coming)
    actions: list[NetworkAction] = []
    changes = compare(found.config, want)
    if changes or not found.persistent or found.config.record != want.record:
        why = f"{', '.join(change.field for change in changes)} differ{'s' if len(changes) == 1 else ''}" if changes else ""
        actions.append(DefineNetwork(want, owner, why or "its definition is not as it should be"))
    if owner and not found.autostart:
        actions.append(SetNetworkAutostart(name, owner, "it is there after a boot of the host"))
    if found.live is None:
        return NetworkPlan((*actions, StartNetwork(name, owner, "it is not up")), coming, changes)
    lacking = compare(found.live, want)
    if found.torn:
        again = (DestroyNetwork(name, owner, TORN), *actions, StartNetwork(name, owner, "which makes its bridge again"))
        return NetworkPlan(again, coming, changes or lacking)
    pending = tuple(change for change in lacking if change.disruption >= RESTART)
    holders = _holders(found, seen)
    if pending and not holders:
        why = f"{', '.join(change.field for change in pending)}: read by its start only, and no guest is plugged in"
        again = (DestroyNetwork(name, owner, why), *actions, StartNetwork(name, owner, "with its new definition"))
        return NetworkPlan(again, coming, changes or lacking)
    actions += [_updated(name, owner, update) for update in live_updates(found.live, want)]
    return NetworkPlan(tuple(actions), coming if actions else Converged("Active"), changes or lacking, pending, holders)


def _updated(name: str, owner: str, update: LiveUpdate) -> UpdateNetwork:
    why = "its spec has it" if update.command == "add" else "its spec does not have it"
    return UpdateNetwork(name, owner, update.command, update.entry, update.address, f"{why} ({entry_words(update.entry)})")


def _holders(found: ObservedNetwork, seen: NetworkSeen) -> tuple[str, ...]:
    """Returns the running machines with a nic on it: as libvirt counts them, and as their domains say. libvirt forgets them when
    a network is stopped."""
    return tuple(sorted({*found.guests, *seen.guests}))


def _lacking(want: NetworkConfig, plan: NetworkPlan, seen: NetworkSeen) -> Outcome | None:
    """Says what keeps the network from being defined or started on this host; None: nothing does."""
    others = [known for known in seen.networks.values() if known.name != want.name]
    bridges, links = seen.host.bridges, seen.host.links
    starts = any(isinstance(action, StartNetwork) for action in plan.actions)
    defines = any(isinstance(action, DefineNetwork) for action in plan.actions)
    if starts and want.mode == "bridge" and want.bridge and bridges is not None and want.bridge not in bridges:
        return Waiting("BridgeMissing", f"bridge: {_no_such_bridge(want.bridge, seen)}", POLL_SECONDS)
    if starts and want.forward_device and links is not None and want.forward_device not in links:
        message = f"forwardDevice: host {seen.host.name} has no network device {want.forward_device!r}"
        hint = nearest(want.forward_device, tuple(sorted(links))) or f": name one of {', '.join(sorted(links)) or 'none'}"
        return Waiting("DeviceMissing", message + hint, POLL_SECONDS)
    if (defines or starts) and want.bridge and want.mode not in (None, "bridge") and _is_no_bridge(want.bridge, seen):
        message = f"bridge: {want.bridge!r} is a device of host {seen.host.name} that is no bridge: name another"
        return Waiting("BridgeTaken", message, POLL_SECONDS)
    if defines and want.bridge and want.mode != "bridge":
        if _is_foreign(want, seen):
            mend = "name another, or plug guests into it with mode: Bridge"
            message = f"bridge: host {seen.host.name} has a bridge {want.bridge!r} that is no network's: {mend}"
            return Waiting("BridgeTaken", message, POLL_SECONDS)
        for other in others:
            if want.bridge in {config.bridge for config in (other.config, other.live) if config and config.mode != "bridge"}:
                return Waiting(
                    "BridgeTaken", f"bridge: {want.bridge!r} is the bridge of network {other.name!r}: name another", POLL_SECONDS
                )
    for other in others if starts else ():
        if both := _overlap(want, other):
            message = f"addresses[{both}] overlaps network {other.name!r}, which is up"
            return Waiting("AddressTaken", f"{message}: {_way_out_of(other)}", POLL_SECONDS)
    own = {want.bridge, *_made_bridges(seen)}
    for address in want.addresses or () if starts else ():
        device = seen.host.routes.get(str(ip_interface(address.cidr).network))
        if device and device not in own:
            message = f"addresses[{address.cidr}] is the subnet of {device}, a device of host {seen.host.name}: choose another"
            return Waiting("AddressTaken", message, POLL_SECONDS)
    return None


def _way_out_of(other: ObservedNetwork) -> str:
    """Says what to do about another network with the address. One that Homeostat made comes up again where it is stopped."""
    if (record := other.config.record) is not None:
        way = f"choose another; it is free once Network {record.namespace}/{record.name} has gone, or has another address"
        # A restart of such a guest waits for the network that it is to be plugged into, and that for the guest.
        moving = f". A guest of it that is to move here is stopped first, and then started: {named(other.guests)}"
        return way + moving if other.guests else way
    return f"choose another, or stop that network (`virsh net-destroy {other.name}`)"


def _is_foreign(want: NetworkConfig, seen: NetworkSeen) -> bool:
    """Tells whether the host has the bridge that the network would make, and no network has it."""
    derived = bridge_device(want.record.uid) if want.record else ""
    known = {config.bridge for one in seen.networks.values() for config in (one.config, one.live) if config is not None}
    return want.bridge in (seen.host.bridges or ()) and want.bridge != derived and want.bridge not in known


def _made_bridges(seen: NetworkSeen) -> set[str | None]:
    """Returns the bridges that networks of the host make: their subnets come and go with them."""
    configs = (config for one in seen.networks.values() for config in (one.config, one.live))
    return {config.bridge for config in configs if config is not None and config.mode != "bridge"}


def _is_no_bridge(device: str, seen: NetworkSeen) -> bool:
    """Tells whether the host has a device of that name, in the place of which libvirt could make no bridge."""
    bridges, links = seen.host.bridges, seen.host.links
    return bridges is not None and device in (links or frozenset()) - bridges


def _no_such_bridge(bridge: str, seen: NetworkSeen) -> str:
    """Says what to do about a bridge of the host that is none."""
    others = f"name one of: {', '.join(sorted(seen.host.bridges or ())) or 'none'}"
    if _is_no_bridge(bridge, seen):
        return f"{bridge!r} is a device of host {seen.host.name} that is no bridge: {others}"
    return f"host {seen.host.name} has no bridge {bridge!r}: add it (`ip link add {bridge} type bridge`), or {others}"


def _overlap(want: NetworkConfig, other: ObservedNetwork) -> str:
    theirs = [ip_interface(address.cidr).network for address in (other.live.addresses if other.live else None) or ()]
    for address in want.addresses or ():
        mine = ip_interface(address.cidr).network
        if any(mine.version == one.version and mine.overlaps(one) for one in theirs):
            return address.cidr
    return ""


def _taken_down(network: Network, seen: NetworkSeen, found: ObservedNetwork | None) -> NetworkPlan:
    """Takes the network away from a host, once nothing uses it there. An adopted one stays as it is."""
    why = "it is being deleted" if network.deleting else seen.unselected
    named_by = seen.users if network.deleting else {}
    holders = [guest for guest in (_holders(found, seen) if found else ()) if guest not in named_by.values()]
    users = (*named_by, *(f"guest {guest}" for guest in holders))
    if users:
        message = f"{why}: it goes with the last that uses it: {named(users)}"
        return NetworkPlan(outcome=Waiting("InUse", message, POLL_SECONDS), holders=users)
    held = host_finalizer(seen.host.name) in network.metadata.finalizers  # by this host among several
    released = (ReleaseNetwork(why),) if network.deleting or held else ()
    if found is None or network.spec.adopt:
        return NetworkPlan(released, Converged(NOT_SELECTED, seen.unselected))
    name, owner = found.name, network.identity
    actions: list[NetworkAction] = []
    if found.active:
        actions.append(DestroyNetwork(name, owner, why))
    if found.persistent:
        actions.append(UndefineNetwork(name, owner, why))
    return NetworkPlan((*actions, *released), Waiting("Terminating", why))


def named(users: Sequence[str]) -> str:
    """Returns the first few, and how many more there are."""
    return ", ".join(users[:NAMED]) + (f" and {len(users) - NAMED} more" if len(users) > NAMED else "")
