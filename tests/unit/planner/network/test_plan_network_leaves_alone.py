"""A network of others is never touched, unless it is adopted; then only what the spec says of it is changed, and it is never
removed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.driver.xml.network import build_network, parse_network
from homeostat.models.base import IDENTITY
from homeostat.planner.network import actions as act
from homeostat.planner.network.config import AddressConfig, LeaseConfig, NetworkConfig, NetworkRecord
from homeostat.planner.plan import Converged, Stalled, Waiting
from tests.unit.network_world import LAN, NetworkWorld, network

OTHERS = NetworkConfig(
    "lan", "0b7c8c33-43a7-4c0f-9b8e-000000000009", "nat", "virbr7", domain="others.test",
    addresses=(AddressConfig("10.1.0.1/24", (("10.1.0.2", "10.1.0.9"),), (LeaseConfig("10.1.0.3", "52:54:00:00:00:09"),)),),
)  # fmt: skip


def with_others(config: NetworkConfig = OTHERS, up: bool = True) -> NetworkWorld:
    text = build_network(config)
    return NetworkWorld(definitions={config.name: text}, live={config.name: parse_network(text)} if up else {})


@pytest.mark.parametrize("up", [True, False])
def test_one_of_its_name_is_left_alone(up: bool) -> None:
    world = with_others(up=up)
    plan = world.plan(network())
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "NameInUse" and "spec.adopt: lan" in plan.outcome.message
    assert plan.actions == () and world.plan(network(deleting=True)).actions == (act.ReleaseNetwork("it is being deleted"),)


def test_one_of_another_network_is_left_alone() -> None:
    record = NetworkRecord("another-uid", "a", "b--lan")
    world = with_others(replace(OTHERS, name="a--b--lan", record=record))
    plan = world.plan(network("lan", namespace="a--b"))
    assert isinstance(plan.outcome, Stalled) and "a/b--lan" in plan.outcome.message and plan.actions == ()
    adopting = world.plan(network(adopt="a--b--lan"))
    assert isinstance(adopting.outcome, Stalled) and "adopt another" in adopting.outcome.message


def test_an_adopted_one_stays_as_it_is_where_the_spec_says_nothing() -> None:
    world = with_others()
    before = dict(world.definitions)
    assert world.settle(network(adopt="lan")).outcome == Converged("Active") and world.done == []
    world.settle(network(adopt="lan", dns={"hosts": [{"ip": "10.0.0.1", "names": ["a"]}]}))
    assert world.names_of(act.UpdateNetwork) == ["UpdateNetwork"] and world.definitions != before
    seen = parse_network(world.definitions["lan"])
    assert replace(seen, hosts=OTHERS.hosts) == replace(parse_network(before["lan"]), hosts=OTHERS.hosts) and seen.record is None
    world.settle(network(adopt="lan", deleting=True))
    assert world.live and not world.names_of(act.DestroyNetwork | act.UndefineNetwork)  # type: ignore[arg-type]


def test_leases_of_an_adopted_address_are_those_of_the_spec_and_its_ranges_stay() -> None:
    world = with_others()
    lease = {"mac": "52:54:00:00:00:01", "ip": "10.1.0.5"}
    world.settle(network(adopt="lan", addresses=[{"cidr": "10.1.0.1/24", "dhcp": {"leases": [lease]}}]))
    (address,) = world.live["lan"].addresses or ()
    assert address.leases == (LeaseConfig("10.1.0.5", "52:54:00:00:00:01"),) and address.ranges == (("10.1.0.2", "10.1.0.9"),)


def test_other_addresses_of_an_adopted_one_stay() -> None:
    world = with_others()
    world.settle(network(adopt="lan", addresses=[{"cidr": "10.2.0.1/24"}]))
    assert [address.cidr for address in world.live["lan"].addresses or ()] == ["10.1.0.1/24", "10.2.0.1/24"]


def test_an_adopted_one_that_is_down_is_started_and_not_with_the_host() -> None:
    world = with_others(up=False)
    world.settle(network(adopt="lan"))
    assert [type(action) for action in world.done] == [act.StartNetwork] and not world.autostart


def test_what_is_to_be_adopted_is_waited_for() -> None:
    plan = NetworkWorld().plan(network(adopt="lan"))
    assert (
        isinstance(plan.outcome, Waiting) and plan.outcome.reason == "NetworkUnknown" and plan.outcome.after and not plan.actions
    )


def test_two_do_not_adopt_one() -> None:
    world = with_others()
    world.rival = "default/first"
    plan = world.plan(network(adopt="lan"))
    assert isinstance(plan.outcome, Stalled) and "default/first" in plan.outcome.message


def test_a_network_of_our_own_does_not_become_an_adopted_one() -> None:
    world = with_others(replace(OTHERS, name="others"))
    world.settle(network(**LAN))
    world.done.clear()
    plan = world.plan(network(adopt="others"))
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "AdoptChanged" and not plan.actions


def test_one_of_another_state_folder_is_left_alone_and_says_how_to_go_on() -> None:
    world = NetworkWorld()
    world.settle(network(uid="before"))
    plan = world.plan(network())
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "NameInUse" and not plan.actions
    assert "before its state folder was lost" in plan.outcome.message and "virsh net-undefine lan" in plan.outcome.message


def test_it_says_how_one_from_before_is_taken_up_and_it_is() -> None:
    world = NetworkWorld()
    world.settle(network(uid="before"))
    plan = world.plan(network())
    assert isinstance(plan.outcome, Stalled) and f"`{IDENTITY}: default/lan/before`" in plan.outcome.message
    again = network()
    named = again.metadata.model_copy(update={"annotations": {IDENTITY: "default/lan/before"}})
    assert world.plan(again.model_copy(update={"metadata": named})).outcome == Converged("Active")


def test_the_identity_of_another_name_gives_nobody_that_network() -> None:
    world = NetworkWorld()
    world.settle(network("b--lan", namespace="a"))
    plan = world.plan(network("lan", namespace="a--b"))
    assert isinstance(plan.outcome, Stalled) and "a/b--lan" in plan.outcome.message and not plan.actions
