"""Whatever is asked for and whatever others do, a network comes to rest as its spec says, and never restarts under a guest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from homeostat.driver.xml.network import parse_network
from homeostat.planner.network import actions as act
from homeostat.planner.network.config import NetworkConfig
from homeostat.planner.network.desired import desired_network
from homeostat.planner.network.differences import compare
from homeostat.planner.plan import Converged, Disruption
from tests.unit.network_specs import specs
from tests.unit.network_world import INSTANCE, NetworkWorld, network

HAPPENINGS = st.sampled_from(["stopped", "undefined", "not started with the host", "a guest comes", "the guests leave"])


def happen(world: NetworkWorld, what: str) -> None:
    match what:
        case "stopped":
            world.live.pop("lan", None)
        case "undefined":
            if "lan" in world.live:
                world.definitions.pop("lan", None)
                world.autostart.discard("lan")
        case "not started with the host":
            world.autostart.discard("lan")
        case "a guest comes":
            world.guests["lan"] = ("web",)
        case "the guests leave":
            world.guests.pop("lan", None)


@given(specs(), st.lists(specs() | HAPPENINGS, max_size=6))
def test_it_comes_to_rest_after_anything(spec: dict[str, Any], steps: list[dict[str, Any] | str]) -> None:
    world = NetworkWorld()
    for step in [spec, *steps]:
        if isinstance(step, str):
            happen(world, step)
        else:
            spec = step
        wanted = network(**spec)
        plan = world.settle(wanted)  # the world refuses to take it down under a guest

        assert isinstance(plan.outcome, Converged), plan
        want, seen = desired_network(wanted, INSTANCE), world.seen().networks["lan"]
        assert compare(seen.config, want) == () and seen.config.record == want.record and seen.autostart
        assert seen.live is not None
        left = compare(seen.live, want)
        assert left == plan.pending and all(change.disruption is Disruption.NEEDS_RESTART for change in left)
        assert not left or seen.guests == plan.holders == ("web",)


@given(specs(), specs())
def test_a_deleted_one_leaves_nothing_behind(before: dict[str, Any], spec: dict[str, Any]) -> None:
    world = NetworkWorld()
    world.settle(network(**before))
    world.settle(network(**spec, deleting=True))
    assert not world.definitions and not world.live and isinstance(world.done[-1], act.ReleaseNetwork)


@given(specs(), specs(), st.booleans(), st.integers(0, 12), st.booleans())
def test_killed_at_any_step_it_ends_as_if_nothing_had_happened(
    before: dict[str, Any], spec: dict[str, Any], deleting: bool, steps: int, guest: bool
) -> None:
    ends = []
    for killed in (False, True):
        world = NetworkWorld(guests={"lan": ("web",)} if guest and not deleting else {})
        world.settle(network(**before))
        wanted = network(**spec, deleting=deleting)
        for action in world.plan(wanted).actions[:steps] if killed else ():
            world.apply(action)
        world.settle(wanted)
        ends.append((_sorted(world.definitions), {name: _entries(live) for name, live in world.live.items()}, world.autostart))
    assert ends[0] == ends[1]


def _sorted(definitions: dict[str, str]) -> dict[str, object]:
    return {name: _entries(parse_network(text)) for name, text in definitions.items()}


def _entries(config: NetworkConfig) -> object:
    """A definition without the order of its entries, which says nothing."""
    addresses = {(a.cidr, frozenset(a.ranges or ()), frozenset(a.leases or ())) for a in config.addresses or ()}
    return replace(config, hosts=None, addresses=None), frozenset(config.hosts or ()), addresses
