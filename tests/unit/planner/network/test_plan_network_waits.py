"""What keeps a network from coming up is told, with what to do; and it does not go while anything uses it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.driver.xml.network import build_network, parse_network
from homeostat.planner.network import actions as act
from homeostat.planner.network import plan_network
from homeostat.planner.network.config import AddressConfig, NetworkConfig
from homeostat.planner.placement import host_finalizer
from homeostat.planner.plan import Converged, Waiting
from tests.unit.network_world import INSTANCE, LAN, NetworkWorld, network

OTHER = NetworkConfig("other", "u", "nat", "virbr7", addresses=(AddressConfig("192.168.100.129/25"),))


def beside(other: NetworkConfig, up: bool = True) -> NetworkWorld:
    text = build_network(other)
    return NetworkWorld(definitions={other.name: text}, live={other.name: parse_network(text)} if up else {})


def waits(world: NetworkWorld, reason: str, **spec: object) -> str:
    plan = world.plan(network(**spec))
    assert isinstance(plan.outcome, Waiting) and plan.outcome.reason == reason and not plan.actions, plan
    return plan.outcome.message


def test_a_host_that_is_away() -> None:
    world = NetworkWorld(host=replace(NetworkWorld().host, reachable=False, error="no route"))
    assert waits(world, "HostUnreachable") == "no route"


def test_a_bridge_that_the_host_lacks() -> None:
    assert "ip link add br7" in waits(NetworkWorld(), "BridgeMissing", mode="Bridge", bridge="br7")
    assert NetworkWorld().settle(network(mode="Bridge", bridge="br0")).outcome == Converged("Active")
    adopted = network(adopt="other", mode="Bridge")  # whose bridge its spec leaves open
    down = beside(NetworkConfig("other", "u", "bridge", "br0"), up=False)
    assert down.settle(adopted).outcome == Converged("Active") and "other" in down.live
    unknown = NetworkWorld(host=replace(NetworkWorld().host, bridges=None))
    assert unknown.settle(network(mode="Bridge", bridge="br7")).outcome == Converged("Active")


def test_a_device_that_is_no_bridge() -> None:
    world = NetworkWorld(host=replace(NetworkWorld().host, links=frozenset({"eth0", "br0"})))
    told = waits(world, "BridgeMissing", mode="Bridge", bridge="eth0")
    assert told == "bridge: 'eth0' is a device of host local that is no bridge: name one of: br0"


@pytest.mark.parametrize("mode", ["NAT", "Routed"])
def test_a_device_that_the_host_lacks(mode: str) -> None:
    lan = {"mode": mode, "addresses": [{"cidr": "10.0.0.1/24"}]}
    world = NetworkWorld(host=replace(NetworkWorld().host, links=frozenset({"eth0", "lo"})))
    assert waits(world, "DeviceMissing", forwardDevice="eth1", **lan).endswith("no network device 'eth1'; did you mean eth0?")
    assert waits(world, "DeviceMissing", forwardDevice="wan", **lan).endswith("no network device 'wan': name one of eth0, lo")
    assert replace(world).settle(network(**lan)).outcome == Converged("Active"), "by any device"
    assert world.settle(network(forwardDevice="eth0", **lan)).outcome == Converged("Active")
    world.host = replace(world.host, links=frozenset())  # what is up stays up
    assert world.plan(network(forwardDevice="eth0", **lan)).outcome == Converged("Active")
    assert NetworkWorld().settle(network(forwardDevice="eth1", **lan)).outcome == Converged("Active")  # nobody knows


def test_a_bridge_that_another_network_has() -> None:
    lan = {"addresses": [{"cidr": "10.0.0.1/24"}]}
    assert "'other'" in waits(beside(OTHER, up=False), "BridgeTaken", bridge="virbr7", **lan)
    world = NetworkWorld()
    world.settle(network(bridge="virbr7", **lan))
    world.definitions["other"] = build_network(OTHER)  # which cannot come up
    assert world.plan(network(bridge="virbr7", **lan)).outcome == Converged("Active")


def test_networks_whose_bridges_nobody_knows_are_not_on_one() -> None:
    world = beside(OTHER, up=False)
    seen = world.seen()
    nameless = replace(seen.networks["other"].config, name="third", bridge=None)
    third = replace(seen.networks["other"], name="third", uuid="3", config=nameless)
    adopted = network(adopt="other", mode="NAT", mtu=1400)
    plan = plan_network(adopted, replace(seen, networks={**seen.networks, "third": third}), INSTANCE)
    assert any(isinstance(action, act.DefineNetwork) for action in plan.actions)


def test_a_bridge_of_the_host_that_is_no_networks() -> None:
    lan = {"addresses": [{"cidr": "10.0.0.1/24"}]}
    assert "mode: Bridge" in waits(NetworkWorld(), "BridgeTaken", bridge="br0", **lan)
    world = NetworkWorld()
    assert world.settle(network(bridge="br9", **lan)).outcome == Converged("Active")
    world.host = replace(world.host, bridges=frozenset({"br0", "br9"}))  # its own bridge is up
    assert not world.plan(network(bridge="br9", **lan)).actions
    assert world.settle(network(bridge="br9", mtu=1400, **lan)).outcome == Converged("Active")
    assert "br0" in waits(world, "BridgeTaken", bridge="br0", **lan)


@pytest.mark.parametrize("spec", [{"mode": "Isolated"}, {"mode": "Isolated", **LAN}, LAN, {"mode": "Routed", **LAN}])
def test_a_device_of_the_host_that_is_no_bridge(spec: dict[str, object]) -> None:
    links = frozenset({"lo", "eth0", "br0"})
    world = NetworkWorld(host=replace(NetworkWorld().host, bridges=frozenset({"br0"}), links=links))
    for device in ("lo", "eth0"):
        told = waits(world, "BridgeTaken", bridge=device, **spec)
        assert told == f"bridge: {device!r} is a device of host local that is no bridge: name another"
    assert "mode: Bridge" in waits(world, "BridgeTaken", bridge="br0", **spec)
    assert world.settle(network(bridge="br9", **spec)).outcome == Converged("Active")
    bridges = frozenset({"br0", "br9"})
    world.host = replace(world.host, bridges=bridges, links=links | bridges)  # its own bridge is up
    assert world.settle(network(bridge="br9", mtu=1400, **spec)).outcome == Converged("Active")
    assert waits(world, "BridgeTaken", bridge="lo", **spec) and "lan" in world.live, "what is up stays up"


def test_one_that_was_defined_so_already_is_no_longer_started_in_vain() -> None:
    world = NetworkWorld()
    world.settle(network(bridge="lo", **LAN))
    world.live.clear()
    world.host = replace(world.host, bridges=frozenset(), links=frozenset({"lo"}))
    assert "no bridge" in waits(world, "BridgeTaken", bridge="lo", **LAN)


def test_two_networks_may_be_on_one_bridge_of_the_host() -> None:
    world = beside(NetworkConfig("other", "u", "bridge", "br0"))
    assert world.settle(network(mode="Bridge", bridge="br0")).outcome == Converged("Active")


def test_addresses_of_a_device_of_the_host() -> None:
    world = NetworkWorld(host=replace(NetworkWorld().host, routes={"192.0.2.0/24": "eth0"}))
    assert "subnet of eth0" in waits(world, "AddressTaken", addresses=[{"cidr": "192.0.2.1/24"}])
    assert world.settle(network(addresses=[{"cidr": "192.0.2.1/25"}])).outcome == Converged("Active"), "libvirt takes that"


def test_addresses_of_a_bridge_of_the_host_are_taken_and_those_of_networks_come_and_go_with_them() -> None:
    world = NetworkWorld()
    world.settle(network(**LAN))
    own = world.live["lan"].bridge
    assert own is not None
    world.host = replace(world.host, routes={"192.168.100.0/24": own, "172.17.0.0/16": "docker0"})
    assert world.settle(network(**LAN, mtu=1400)).outcome == Converged("Active"), "its own"
    assert "subnet of docker0" in waits(world, "AddressTaken", addresses=[{"cidr": "172.17.0.1/16"}])


def test_addresses_that_another_network_has() -> None:
    assert "virsh net-destroy other" in waits(beside(OTHER), "AddressTaken", **LAN)
    assert beside(OTHER, up=False).settle(network(**LAN)).outcome == Converged("Active")
    apart = {"addresses": [{"cidr": "192.168.100.1/25"}]}
    assert beside(OTHER).settle(network(**apart)).outcome == Converged("Active")


def test_addresses_that_another_network_of_ours_has() -> None:
    world = NetworkWorld()
    world.settle(network("first", uid="uid-of-first", **LAN))
    told = waits(world, "AddressTaken", **LAN)
    assert "virsh" not in told and told.endswith(
        "choose another; it is free once Network default/first has gone, or has another address"
    )


def test_guests_of_the_network_that_has_the_addresses_are_named_with_the_way_to_move_them() -> None:
    world = NetworkWorld(guests={"first": ("web", "db")})
    world.settle(network("first", uid="uid-of-first", **LAN))
    assert waits(world, "AddressTaken", **LAN).endswith(
        "or has another address. A guest of it that is to move here is stopped first, and then started: web, db"
    )


@pytest.mark.parametrize(
    ("users", "guests", "told"),
    [
        ({"vm/web": "web"}, (), "vm/web"),
        ({"vm/web": "web", "plugin/page": ""}, ("web",), "vm/web, plugin/page"),
        ({}, ("theirs",), "guest theirs"),
    ],
)
def test_it_goes_with_the_last_that_uses_it(users: dict[str, str], guests: tuple[str, ...], told: str) -> None:
    world = NetworkWorld()
    world.settle(network())
    world.users, world.guests = users, {"lan": guests}
    plan = world.plan(network(deleting=True))
    assert isinstance(plan.outcome, Waiting) and plan.outcome.reason == "InUse" and not plan.actions
    assert plan.outcome.message.endswith(told) and plan.outcome.after
    world.users, world.guests = {}, {}
    world.settle(network(deleting=True))
    assert not world.live and not world.definitions


def test_a_host_that_is_not_to_have_it_any_more_takes_it_down_once_nobody_is_plugged_in() -> None:
    world = NetworkWorld()
    world.settle(network())
    world.unselected, world.users, world.guests = "host local lacks the label zone=a", {"vm/web": "web"}, {"lan": ("web",)}
    assert world.plan(network()).outcome.reason == "InUse"
    world.guests = {}
    assert world.settle(network()).outcome == Converged("NotSelected", world.unselected)
    assert not world.live and not world.definitions and not world.names_of(act.ReleaseNetwork)


def test_one_host_of_several_lets_go_of_what_it_held() -> None:
    held = network()
    held = held.model_copy(update={"metadata": held.metadata.model_copy(update={"finalizers": (host_finalizer("local"),)})})
    world = NetworkWorld(unselected="host local lacks the label zone=a")
    assert [type(action) for action in world.plan(held).actions] == [act.ReleaseNetwork]
    assert world.plan(network()).actions == ()
