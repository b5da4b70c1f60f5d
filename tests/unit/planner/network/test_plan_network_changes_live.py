"""Leases, ranges and DNS records change while guests are plugged in; what else differs waits for them, and says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.planner.changes.why import reason_of
from homeostat.planner.network import actions as act
from homeostat.planner.network import plan_network
from homeostat.planner.network.config import DnsConfig, LeaseConfig
from homeostat.planner.plan import Converged, Disruption
from tests.unit.network_world import INSTANCE, NetworkWorld, network

LEASE = {"mac": "52:54:00:00:00:01", "ip": "192.168.100.10"}


def lan(dhcp: dict[str, Any] | None = None, cidr: str = "192.168.100.1/24", **spec: Any) -> dict[str, Any]:
    return {"addresses": [{"cidr": cidr, **({"dhcp": dhcp} if dhcp is not None else {})}], **spec}


def up(**spec: Any) -> NetworkWorld:
    world = NetworkWorld(guests={"lan": ("web",)})
    world.settle(network(**spec))
    world.done.clear()
    return world


@pytest.mark.parametrize(
    ("before", "after", "updates"),
    [
        (lan(), lan({"leases": [LEASE]}), [("add", LeaseConfig("192.168.100.10", "52:54:00:00:00:01"))]),
        (lan({"leases": [LEASE]}), lan(), [("delete", LeaseConfig("192.168.100.10", "52:54:00:00:00:01"))]),
        (
            lan({"leases": [LEASE]}),
            lan({"leases": [{**LEASE, "hostname": "db"}]}),
            [
                ("delete", LeaseConfig("192.168.100.10", "52:54:00:00:00:01")),
                ("add", LeaseConfig("192.168.100.10", "52:54:00:00:00:01", hostname="db")),
            ],
        ),
        (
            lan({"start": "192.168.100.100", "end": "192.168.100.200"}),
            lan({"start": "192.168.100.100", "end": "192.168.100.150"}),
            [("add", ("192.168.100.100", "192.168.100.150")), ("delete", ("192.168.100.100", "192.168.100.200"))],
        ),
        (
            lan(dns={"hosts": [{"ip": "10.0.0.1", "names": ["a"]}]}),
            lan(dns={"hosts": [{"ip": "10.0.0.1", "names": ["a", "b"]}]}),
            [("delete", DnsConfig("10.0.0.1", ("a",))), ("add", DnsConfig("10.0.0.1", ("a", "b")))],
        ),
    ],
)
def test_what_libvirt_changes_live_restarts_nothing(before: Any, after: Any, updates: Any) -> None:
    world = up(**before)
    plan = world.plan(network(**after))
    assert all(change.disruption is Disruption.LIVE for change in plan.changes) and plan.changes
    assert not plan.pending
    assert [(a.command, a.entry) for a in plan.actions if isinstance(a, act.UpdateNetwork)] == updates
    world.settle(network(**after))
    assert not world.names_of(act.DestroyNetwork) and world.names_of(act.DefineNetwork) == ["DefineNetwork"]


@pytest.mark.parametrize(
    ("after", "field"),
    [
        (lan(mode="Routed"), "mode"),
        ({"mode": "Bridge", "bridge": "br0"}, "mode"),
        (lan(bridge="lan0"), "bridge"),
        (lan(mtu=1400), "mtu"),
        (lan(forwardDevice="eth0"), "forwardDevice"),
        (lan(dns={"domain": "lan.test"}), "dns.domain"),
        (lan(dns={"enabled": False}), "dns.enabled"),
        (lan(dns={"forwarders": ["9.9.9.9"]}), "dns.forwarders"),
        (lan(cidr="192.168.101.1/24"), "addresses[192.168.101.1/24]"),
        ({"addresses": [{"cidr": "192.168.100.1/24"}, {"cidr": "fd00::1/64"}]}, "addresses[fd00::1/64]"),
    ],
)
def test_everything_else_waits_for_the_guests_and_is_done_without_them(after: Any, field: str) -> None:
    world = up(**lan())
    plan = world.settle(network(**after))
    assert field in [change.field for change in plan.pending] and plan.holders == ("web",)
    assert all("network" in reason_of(change) for change in plan.pending), "each says why of its own"
    assert isinstance(plan.outcome, Converged) and not world.names_of(act.DestroyNetwork)
    world.guests.clear()
    assert not world.settle(network(**after)).pending
    assert world.names_of(act.DestroyNetwork | act.StartNetwork) == ["DestroyNetwork", "StartNetwork"]  # type: ignore[arg-type]


def test_what_is_live_reaches_the_guests_beside_what_waits() -> None:
    world = up(**lan())
    plan = world.settle(network(**lan({"leases": [LEASE]}, mtu=1400)))
    assert [change.field for change in plan.pending] == ["mtu"] and len(world.names_of(act.UpdateNetwork)) == 1


def test_the_order_of_leases_and_records_says_nothing() -> None:
    other = {"mac": "52:54:00:00:00:02", "ip": "192.168.100.11"}
    world = up(**lan({"leases": [LEASE, other]}))
    assert world.plan(network(**lan({"leases": [other, LEASE]}))).actions == ()


def test_a_guest_that_only_its_domain_tells_of_counts_too() -> None:
    world = up(**lan())
    world.guests.clear()
    plan = plan_network(network(**lan(mtu=1400)), replace(world.seen(), guests=("db",)), INSTANCE)
    assert plan.holders == ("db",) and not any(isinstance(a, act.DestroyNetwork) for a in plan.actions)
