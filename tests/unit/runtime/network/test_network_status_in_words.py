"""What a Network's status says of each host and of all of them, and which events are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from homeostat.driver.errors import NoSpace, Refused
from homeostat.models.condition import find_condition
from homeostat.models.network import Network, NetworkOnHost, NetworkStatus
from homeostat.runtime.network.status import network_status, on_host, steps_taken, transitions
from tests.unit.network_world import NetworkWorld, network

NOW = "2026-01-01T00:00:00Z"


def seen(world: NetworkWorld, wanted: Network, error: Any = None) -> NetworkOnHost | None:
    return on_host(wanted, world.seen(), world.plan(wanted), error)


def up(**spec: Any) -> tuple[NetworkWorld, Network]:
    world, wanted = NetworkWorld(), network(**spec)
    world.settle(wanted)
    return world, wanted


def says(status: NetworkStatus, kind: str) -> tuple[str, str] | None:
    found = find_condition(status.conditions, kind)
    return (found.status, found.reason) if found else None


def test_one_that_is_up() -> None:
    world, wanted = up()
    world.guests["lan"] = ("web", "db")
    here = seen(world, wanted)
    assert here is not None and (here.name, here.network, here.active, here.guests, here.reason) == (
        "local",
        "lan",
        True,
        2,
        "Active",
    )
    assert here.bridge.startswith("hs-") and len(here.bridge) <= 15
    status = network_status(wanted, [here], 2, NOW)
    assert says(status, "Ready") == ("True", "Active") and says(status, "Reconciling") is says(status, "RestartRequired") is None
    assert (status.machines, status.observed_generation) == (2, 1)


def test_one_that_waits_for_a_restart_is_ready_and_says_what_for() -> None:
    world, _ = up()
    world.guests["lan"] = ("web",)
    wanted = network(addresses=[{"cidr": "192.168.100.1/24"}], mtu=1400)
    world.settle(wanted)
    here = seen(world, wanted)
    assert here is not None and here.active
    assert [(one.field, one.old, one.new, one.disruption) for one in here.changes] == [("mtu", "none", "1400", "NeedsRestart")]
    assert here.changes[0].reason == "the bridge gets it when it is made, at a start of the network"
    status = network_status(wanted, [here], 1, NOW)
    assert says(status, "Ready") == ("True", "Active") and says(status, "RestartRequired") == ("True", "InUse")
    waits = find_condition(status.conditions, "RestartRequired")
    assert (
        waits is not None
        and f"mtu (none -> 1400): {here.changes[0].reason}" in waits.message
        and waits.message.endswith("now web")
    )
    assert [one.reason for one in transitions(None, status)] == ["RestartRequired"]
    assert list(transitions(status, status)) == []


def test_a_step_that_fails_is_tried_again_or_refused_for_good() -> None:
    wanted = network()
    for error, kind in ((NoSpace("full"), "Reconciling"), (Refused("no such thing"), "Stalled")):
        here = seen(NetworkWorld(), wanted, error)
        assert here is not None and not here.active and here.message == str(error)
        status = network_status(wanted, [here], 0, NOW)
        assert says(status, kind) == ("True", error.reason) and says(status, "Ready") == ("False", error.reason)


def test_a_network_of_others_is_not_told_as_ours() -> None:
    world, _ = up()
    wanted = network("lan", uid="another")
    here = seen(world, wanted)
    assert here is not None and (here.active, here.bridge, here.guests, here.reason) == (False, "", 0, "NameInUse")
    assert says(network_status(wanted, [here], 0, NOW), "Stalled") == ("True", "NameInUse")


def test_several_hosts_are_told_by_name() -> None:
    wanted = network()
    ready = NetworkOnHost(name="a", active=True, reason="Active")
    away = NetworkOnHost(name="b", reason="HostUnreachable", message="no route")
    taken = NetworkOnHost(name="c", reason="NameInUse", message="taken")
    status = network_status(wanted, [away, ready], 0, NOW)
    assert [host.name for host in status.hosts] == ["a", "b"]
    assert says(status, "Ready") == ("False", "HostUnreachable") and says(status, "Reconciling") == ("True", "HostUnreachable")
    condition = find_condition(status.conditions, "Ready")
    assert condition is not None and condition.message == "host b: no route"
    stalled = network_status(wanted, [ready, away, taken], 0, NOW)
    assert says(stalled, "Stalled") == ("True", "NameInUse") and says(stalled, "Reconciling") is None
    assert says(stalled, "Ready") == ("False", "NameInUse")


def test_no_host_that_is_to_have_it() -> None:
    wanted = network(addresses=[{"cidr": "10.0.0.1/24"}], hostSelector={"zone": "a"})
    world = NetworkWorld(unselected="host local lacks the label zone=a")
    assert seen(world, wanted) is None
    status = network_status(wanted, [], 0, NOW)
    assert says(status, "Ready") == ("False", "NotSelected")
    condition = find_condition(status.conditions, "Ready")
    assert condition is not None and "zone=a" in condition.message


def events(world: NetworkWorld, wanted: Network) -> list[str]:
    plan, existed = world.plan(wanted), wanted.metadata.name in world.definitions
    world.settle(wanted)
    return [f"{one.reason}: {one.message}" for one in steps_taken(plan.actions, existed, "local")]


def test_events_say_what_was_done() -> None:
    world = NetworkWorld()
    assert events(world, network()) == ["Created: defined as lan on host local", "Started: up on host local"]
    lease = {"mac": "52:54:00:00:00:01", "ip": "192.168.100.10", "hostname": "db"}
    dhcp = {"addresses": [{"cidr": "192.168.100.1/24", "dhcp": {"leases": [lease]}}]}
    told = events(world, network(**dhcp))
    assert told[1] == "Updated: changed while it is up on host local: + 192.168.100.10 52:54:00:00:00:01 db"
    assert told[0].startswith("Changed: its definition on host local was changed: addresses[192.168.100.1/24].dhcp.leases")
    restarted = events(world, network(**dhcp, mtu=1400))
    assert restarted[-1] == "Restarted: restarted on host local: no guest was plugged in"
    assert events(world, network(deleting=True)) == ["Stopped: taken down on host local: it is being deleted"]


def test_updates_beyond_five_are_counted() -> None:
    world = NetworkWorld()
    world.settle(network())
    hosts = [{"ip": f"10.0.0.{n}", "names": ["a"]} for n in range(1, 8)]
    (_, told) = events(world, network(addresses=[{"cidr": "192.168.100.1/24"}], dns={"hosts": hosts}))
    assert told.endswith("and 2 more") and replace(world).done
