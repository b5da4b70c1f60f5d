"""Networks that exchange their ranges do not wait for each other; and none is taken down for a range that it cannot get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.driver.xml.network import build_network, parse_network
from homeostat.models.network import Network
from homeostat.planner.network import actions as act
from homeostat.planner.network import plan_network
from homeostat.planner.network.config import AddressConfig, NetworkConfig
from homeostat.planner.network.observed import NetworkBeside
from homeostat.planner.plan import Converged, Outcome, Waiting
from tests.unit.network_world import INSTANCE, NetworkWorld, network

STEPS = 12  # more than any of these needs


def of(name: str, third: int) -> Network:
    return network(name, uid=f"uid-of-{name}", mode="Isolated", addresses=[{"cidr": f"10.231.{third}.1/24"}])


def up(*networks: Network) -> NetworkWorld:
    world = NetworkWorld()
    for one in networks:
        world.settle(one)
    world.done.clear()
    return world


def look(world: NetworkWorld, wanted: Network, *all_: Network) -> Outcome:
    """One reconcile of one of all."""
    world.beside = tuple(one for one in all_ if one.metadata.name != wanted.metadata.name)
    plan = world.plan(wanted)
    for action in plan.actions:
        world.apply(action)
    return plan.outcome


def rest(world: NetworkWorld, *networks: Network) -> list[Outcome]:
    """Looks at all in turn until nothing is done any more."""
    for _ in range(STEPS):
        before = len(world.done)
        found = [look(world, one, *networks) for one in networks]
        if len(world.done) == before:
            return found
    raise AssertionError("never at rest")


def waits(found: Outcome, whose: str) -> bool:
    return isinstance(found, Waiting) and found.reason == "AddressTaken" and f"overlaps network {whose!r}" in found.message


def downs(world: NetworkWorld) -> list[str]:
    return [action.name for action in world.done if isinstance(action, act.DestroyNetwork)]


def test_two_exchange_their_ranges() -> None:
    world, p, q = up(of("p", 7), of("q", 8)), of("p", 8), of("q", 7)
    first = look(world, p, p, q)
    assert first == Waiting("Reconciling", "another Network moves to its range first")
    assert [type(action) for action in world.done] == [act.DestroyNetwork, act.DefineNetwork]
    assert waits(look(world, p, p, q), "q"), "its start alone waits"
    assert rest(world, p, q) == [Converged("Active")] * 2
    assert sorted(downs(world)) == ["p", "q"], "each of them once"
    assert {name: live.addresses[0].cidr for name, live in world.live.items() if live.addresses} == {
        "p": "10.231.8.1/24", "q": "10.231.7.1/24",
    }  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_three_exchange_them_in_a_circle(order: tuple[int, ...]) -> None:
    world, ring = up(of("p", 7), of("q", 8), of("r", 9)), [of("p", 8), of("q", 9), of("r", 7)]
    assert rest(world, *(ring[index] for index in order)) == [Converged("Active")] * 3
    assert sorted(downs(world)) == ["p", "q", "r"]


def test_one_whose_range_comes_free_by_itself_stays_up_meanwhile() -> None:
    world, p, q = up(of("p", 7), of("q", 8)), of("p", 8), of("q", 9)
    assert waits(look(world, p, p, q), "q") and not world.done
    assert rest(world, p, q) == [Converged("Active")] * 2


@pytest.mark.parametrize("held", ["p", "q"])
def test_none_is_taken_down_while_one_of_them_has_guests(held: str) -> None:
    world, p, q = up(of("p", 7), of("q", 8)), of("p", 8), of("q", 7)
    world.guests = {held: ("web",)}
    found = dict(zip("pq", rest(world, p, q), strict=True))
    other = "q" if held == "p" else "p"
    assert not downs(world) and set(world.live) == {"p", "q"}
    assert waits(found[other], held) and found[held] == Converged("Active")
    world.guests = {}
    assert rest(world, p, q) == [Converged("Active")] * 2 and sorted(downs(world)) == ["p", "q"]


def test_guests_that_only_their_domains_know_of_count() -> None:
    world, p, q = up(of("p", 7), of("q", 8)), of("p", 8), of("q", 7)
    seen = replace(world.seen(), beside=(NetworkBeside(q, ("web",)),))
    assert waits(plan_network(p, seen, INSTANCE).outcome, "q")
    assert plan_network(p, replace(seen, beside=(NetworkBeside(q),)), INSTANCE).actions


def test_none_is_taken_down_for_a_range_that_the_other_still_wants() -> None:
    world, p, q = up(of("p", 7), of("q", 8)), of("p", 8), of("q", 8)
    found = rest(world, p, q)
    assert waits(found[0], "q") and found[1] == Converged("Active") and not world.done


def test_none_is_taken_down_for_one_who_cannot_move() -> None:
    text = build_network(NetworkConfig("theirs", "u", "isolated", "virbr7", addresses=(AddressConfig("10.231.9.1/24"),)))
    world = up(of("p", 7), of("q", 8))
    world.definitions["theirs"], world.live["theirs"] = text, parse_network(text)
    p = of("p", 8)
    both = network("q", uid="uid-of-q", mode="Isolated", addresses=[{"cidr": "10.231.7.1/24"}, {"cidr": "10.231.9.9/24"}])
    found = rest(world, p, both)
    assert waits(found[0], "q") and not world.done, "it would have to wait for theirs"
    nowhere = network("q", uid="uid-of-q", mode="Bridge", bridge="br7")
    assert waits(rest(world, p, nowhere)[0], "q") and not world.done, "its host has no such bridge"


def test_none_is_taken_down_for_what_others_have() -> None:
    text = build_network(NetworkConfig("q", "u", "isolated", "virbr7", addresses=(AddressConfig("10.231.8.1/24"),)))
    world, p, q = up(of("p", 7)), of("p", 8), of("q", 7)
    world.definitions["q"], world.live["q"] = text, parse_network(text)
    assert waits(look(world, p, p, q), "q") and not world.done, "a Network of the name of theirs"
    assert waits(look(world, p, p), "q") and not world.done, "no Network"
    world.host = replace(world.host, routes={"10.231.6.0/24": "eth0"})
    beside = up(of("p", 7), of("q", 8))
    beside.host = world.host
    routed = network("p", uid="uid-of-p", mode="Isolated", addresses=[{"cidr": "10.231.8.1/24"}, {"cidr": "10.231.6.1/24"}])
    assert look(beside, routed, routed, q).reason == "AddressTaken" and not beside.done, "one of its ranges is a device's"
