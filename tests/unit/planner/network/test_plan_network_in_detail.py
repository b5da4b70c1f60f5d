"""What is done only where it is needed, and what stays as it is though something beside it changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.driver.xml.network import build_network, parse_network
from homeostat.planner.network import actions as act
from homeostat.planner.network import plan_network
from homeostat.planner.network.config import AddressConfig, NetworkConfig
from homeostat.planner.plan import Converged
from tests.unit.network_world import INSTANCE, LAN, NetworkWorld, network


def up(**spec: object) -> NetworkWorld:
    world = NetworkWorld()
    world.settle(network(**spec))
    world.done.clear()
    return world


def test_one_that_was_undefined_while_it_is_up_is_defined_again() -> None:
    world = up()
    del world.definitions["lan"]
    world.settle(network())
    assert [type(action) for action in world.done] == [act.DefineNetwork] and "lan" in world.definitions


def test_a_record_of_another_instance_is_written_again_and_nothing_else() -> None:
    world = up()
    plan = plan_network(network(), world.seen(), "instance-2")
    assert [type(action) for action in plan.actions] == [act.DefineNetwork] and not plan.changes
    assert plan_network(network(), world.seen(), INSTANCE).actions == ()


@pytest.mark.parametrize(
    ("gone", "steps"),
    [("live", [act.UndefineNetwork]), ("definitions", [act.DestroyNetwork]), ("", [act.DestroyNetwork, act.UndefineNetwork])],
)
def test_only_what_is_there_is_removed(gone: str, steps: list[type]) -> None:
    world = up()
    if gone:
        getattr(world, gone).clear()
    plan = world.plan(network(deleting=True))
    assert [type(action) for action in plan.actions] == [*steps, act.ReleaseNetwork]


def test_one_that_is_up_stays_up_beside_others_that_came_later() -> None:
    world = up()
    text = build_network(NetworkConfig("other", "u", "nat", "virbr7", addresses=(AddressConfig("192.168.100.1/24"),)))
    world.definitions["other"], world.live["other"] = text, parse_network(text)
    assert world.plan(network()).outcome == Converged("Active")
    lease = {"mac": "52:54:00:00:00:01", "ip": "192.168.100.10"}
    world.settle(network(addresses=[{"cidr": "192.168.100.1/24", "dhcp": {"leases": [lease]}}]))
    assert world.names_of(act.UpdateNetwork) == ["UpdateNetwork"]


def test_a_bridge_of_the_host_that_went_takes_nothing_down() -> None:
    world = up(mode="Bridge", bridge="br0")
    world.host = replace(world.host, bridges=frozenset())
    assert world.plan(network(mode="Bridge", bridge="br0")).outcome == Converged("Active")


def test_ipv6_beside_ipv4_is_told_once() -> None:
    world = up(**LAN)
    plan = world.plan(network(addresses=[*LAN["addresses"], {"cidr": "fd00::1/64"}]))
    assert [change.field for change in plan.changes] == ["addresses[fd00::1/64]"]


def test_others_switching_off_the_translation_of_ipv6_is_undone() -> None:
    spec = {"addresses": [{"cidr": "fd00::1/64"}]}
    world = up(**spec)
    world.definitions["lan"] = world.definitions["lan"].replace(' ipv6="yes"', "")
    assert [(change.field, change.new) for change in world.plan(network(**spec)).changes] == [("addresses", "IPv6 by NAT")]


def test_dns_is_on_and_local_unless_the_spec_says_otherwise() -> None:
    plain, off = (
        parse_network(up(**LAN, dns=dns).definitions["lan"]) for dns in ({"domain": "a"}, {"domain": "a", "enabled": False})
    )
    assert (plain.dns, plain.local_only, off.dns) == (True, True, False)
    wide = parse_network(up(**LAN, dns={"domain": "a", "localOnly": False}).definitions["lan"])
    assert not wide.local_only and not parse_network(up().definitions["lan"]).local_only
