"""A host's networks as plain values: what they do with actions, and what others do to them. No I/O.

It goes through the XML that the driver writes and reads, and refuses what libvirt refuses.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from homeostat.driver.xml.network import build_network, parse_network
from homeostat.models.base import ObjectMeta
from homeostat.models.network import Network, NetworkSpec
from homeostat.planner.network import actions as act
from homeostat.planner.network import plan_network
from homeostat.planner.network.config import AddressConfig, DnsConfig, LeaseConfig, NetworkConfig
from homeostat.planner.network.identity import network_name
from homeostat.planner.network.observed import NetworkBeside, NetworkSeen, ObservedNetwork
from homeostat.planner.network.plan import NetworkPlan
from homeostat.planner.observed import HostFacts
from tests.unit.world import HOST

INSTANCE = "instance-1"
UID = "7c0a1c6e-6f0e-4d7e-9d4d-000000000001"
LAN = {"addresses": [{"cidr": "192.168.100.1/24"}]}


def network(name: str = "lan", *, uid: str = UID, namespace: str = "default", deleting: bool = False, **spec: Any) -> Network:
    since = "2026-01-01T00:00:00Z" if deleting else None
    meta = ObjectMeta(name=name, namespace=namespace, uid=uid, generation=1, deletion_timestamp=since)
    return Network(metadata=meta, spec=NetworkSpec.model_validate(spec or LAN))


class Refused(Exception):
    """What libvirt would not do."""


@dataclass
class NetworkWorld:
    host: HostFacts = HOST
    definitions: dict[str, str] = field(default_factory=dict)
    live: dict[str, NetworkConfig] = field(default_factory=dict)
    autostart: set[str] = field(default_factory=set)
    guests: dict[str, tuple[str, ...]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    unselected: str = ""
    rival: str = ""
    beside: tuple[Network, ...] = ()
    torn: set[str] = field(default_factory=set)  # of those that are up, whose bridge somebody deleted
    done: list[act.NetworkAction] = field(default_factory=list)

    def seen(self) -> NetworkSeen:
        found = {name: self._observed(name) for name in {*self.definitions, *self.live}}
        beside = tuple(NetworkBeside(one, self.guests.get(network_name(one), ())) for one in self.beside)
        return NetworkSeen(self.host, found, users=self.users, unselected=self.unselected, rival=self.rival, beside=beside)

    def _observed(self, name: str) -> ObservedNetwork:
        live, text = self.live.get(name), self.definitions.get(name)
        config = parse_network(text) if text is not None else live
        assert config is not None
        up, guests = live is not None, self.guests.get(name, ())
        autostart, torn = name in self.autostart, name in self.torn
        return ObservedNetwork(name, config.uuid, up, text is not None, autostart, config, live, guests, torn)

    def plan(self, wanted: Network) -> NetworkPlan:
        return plan_network(wanted, self.seen(), INSTANCE)

    def settle(self, wanted: Network) -> NetworkPlan:
        """Carries plans out until there is nothing more to do. Returns the last plan."""
        for _ in range(5):
            plan = self.plan(wanted)
            if not plan.actions:
                return plan
            for action in plan.actions:
                self.apply(action)
            if any(isinstance(action, act.ReleaseNetwork) for action in plan.actions):
                return plan
        raise AssertionError(f"never at rest: {plan}")

    def apply(self, action: act.NetworkAction) -> None:
        self.done.append(action)
        match action:
            case act.DefineNetwork(config):
                others = [parse_network(text) for name, text in self.definitions.items() if name != config.name]
                if config.mode != "bridge" and config.bridge in {other.bridge for other in others}:
                    raise Refused("bridge name already in use")
                self.definitions[config.name] = build_network(config, self.definitions.get(config.name))
            case act.SetNetworkAutostart(name):
                self.autostart.add(name)
            case act.StartNetwork(name):
                if name in self.live:
                    raise Refused("network is already active")
                self.live[name] = parse_network(self.definitions[name])
            case act.DestroyNetwork(name):
                if self.guests.get(name) and name not in self.torn:
                    raise Refused("guests are plugged in")
                del self.live[name]
                self.torn.discard(name)
            case act.UndefineNetwork(name):
                del self.definitions[name]
                self.autostart.discard(name)
            case act.UpdateNetwork():
                self.live[action.name] = _updated(self.live[action.name], action)

    def names_of(self, kind: type) -> list[str]:
        return [type(action).__name__ for action in self.done if isinstance(action, kind)]


def _updated(live: NetworkConfig, action: act.UpdateNetwork) -> NetworkConfig:
    entry = action.entry
    if isinstance(entry, DnsConfig):
        return replace(live, hosts=tuple(_changed(live.hosts or (), entry, action.command, {"ip"})))
    addresses = []
    for address in live.addresses or ():
        if address.cidr == action.address:
            address = _at(address, entry, action.command)
        addresses.append(address)
    return replace(live, addresses=tuple(addresses))


def _at(address: AddressConfig, entry: tuple[str, str] | LeaseConfig, command: str) -> AddressConfig:
    if isinstance(entry, LeaseConfig):
        return replace(address, leases=tuple(_changed(address.leases or (), entry, command, {"ip", "mac", "hostname"})))
    had = list(address.ranges or ())
    if (entry in had) == (command == "add"):
        raise Refused(f"{command} {entry}")
    return replace(address, ranges=tuple([*had, entry] if command == "add" else [one for one in had if one != entry]))


def _changed(had: Any, entry: Any, command: str, unique: set[str]) -> list[Any]:
    if command == "add":
        for other in had:
            if any(getattr(other, name) and getattr(other, name) == getattr(entry, name) for name in unique):
                raise Refused(f"there is an existing entry that matches {entry}")
        return [*had, entry]
    if entry not in had:
        raise Refused(f"could not find a matching entry for {entry}")
    return [one for one in had if one != entry]
